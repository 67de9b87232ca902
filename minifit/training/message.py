"""`Message`: the numbers that workers add up after each batch."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from minifit.arrays import FLOAT, Array
from minifit.parameters import Parameter
from minifit.workers import Workers

WORDS = 2
"""Numbers behind the sums: how many workers request a pause, and the status word of `Workers.add_up`."""


class Message:
    """The gradients of weights in the order of memory, then a batch's part of the sums, then two words.

    Parameters
    ----------
    workers : Workers
    weights : list of Parameter
        All learned weights; empty in an evaluation.
    sums : int
        The number of sums.

    Attributes
    ----------
    numbers : ndarray of float32
        The whole message, with the gradients of the first buffer of weights. Each further buffer is a separate message.
    sums : ndarray of float32
        The part for the sums.
    pause : bool
        Whether this worker requests a pause after the batch; all workers then pause.
    paused : bool
        Whether any worker requested a pause after the latest batch.
    """

    def __init__(self, workers: Workers, weights: Sequence[Parameter], sums: int) -> None:
        self._buffers = list(dict.fromkeys(w.buffer for w in weights if w.buffer is not None))
        for i, buffer in enumerate(self._buffers):
            buffer.make_room((0 if i else sums) + WORDS)
        self._memory = [buffer.message for buffer in self._buffers]
        learned = self._buffers[0].learned if self._buffers else 0
        whole = self._memory[0] if self._buffers else np.zeros(sums + WORDS, FLOAT)
        self.numbers: Array = whole[: learned + sums + WORDS]
        self.sums: Array = self.numbers[learned : learned + sums]
        self._add_up = workers.prepare(self.numbers)
        others = [buffer.message[: buffer.learned + 1] for buffer in self._buffers[1:]]
        self._others = [(numbers, workers.prepare(numbers)) for numbers in others]
        self.pause = self.paused = False
        self._words: Any = memoryview(self.numbers[-WORDS:])  # type: ignore[arg-type]

    def holds(self, sums: int) -> bool:
        """Return whether the message still matches the memory of the weights and has room for `sums` sums."""
        return self.sums.size == sums and all(
            buffer.message is known for buffer, known in zip(self._buffers, self._memory, strict=True)
        )

    def send(self) -> bool:
        """Add up the message over all workers; return whether to pause."""
        words = self._words
        words[0], words[1] = self.pause, 0.0
        self._add_up()
        self.paused = words[0] > 0
        for numbers, add_up in self._others:
            numbers[-1] = 0
            add_up()
        return self.paused
