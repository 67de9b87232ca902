"""`Sharing`: the part of a step in which several workers add up what their shares of a batch yield."""

from types import ModuleType
from typing import Any

import numpy as np

from minifit.arrays import Array
from minifit.parameters import Parameter
from minifit.randomness import Streams
from minifit.training.message import Message
from minifit.training.objective import Objective
from minifit.training.runner import Runner


class Sharing(Runner):
    """A runner whose batches add to sums, which all workers hold alike after each of them.

    Attributes
    ----------
    objective : Objective
    learned : list of Parameter
        The weights whose gradients are added up with the sums; none where batches are only judged.
    """

    objective: Objective

    def __init__(self, kernels: ModuleType, streams: Streams, recording: bool = False) -> None:
        super().__init__(kernels, streams, recording)
        self.learned: list[Parameter] = []
        self._message: Message | None = None
        self._paused = False

    def message(self, sums: int | None = None) -> Message:
        """Return what the workers add up after a batch, with room for so many sums; as many as before when None."""
        if sums is None:
            sums = len(self.sums_now()) if self._message is None else self._message.sums.size
        if self._message is None or not self._message.holds(sums):
            self._message = Message(self.workers, self.learned, sums)
        return self._message

    def pause_together(self, due: bool | None) -> bool:
        """Return whether any worker has wanted a pause since the beginning, and note whether this one does now."""
        message = self.message()
        self._paused = due is not None and (self._paused or message.paused)
        message.pause, message.paused = bool(due), False
        return self._paused

    def share(self, before: list[float]) -> None:
        """Add up gradients, and what the batch adds to sums, over all workers.

        Parameters
        ----------
        before : list of float
            The sums before the batch.
        """
        after, share = self.sums_now(), self.context.share
        if len(after) != len(before):  # the first batch has shown a metric how many it needs
            before = [0.0] * len(after)
            self._make_room(len(after))
        message = self.message(len(after))
        counts = share is not None and share.rows > 0
        message.sums[:] = np.subtract(after, before) if counts else 0
        message.send()
        self._put_sums(np.add(before, message.sums, dtype=np.float64))

    def _make_room(self, sums: int) -> None:
        """Have room for so many sums behind the gradients, which move with their memory."""
        grads = [(w, w.slot.copy()) for w in self.learned if w.slot is not None]
        self.message(sums)
        for weight, grad in grads:
            weight.slot[...] = grad  # type: ignore[index]

    def sums_now(self) -> list[float]:
        """Return all numbers that losses and metrics have summed up."""
        return [number for metric in self._summing() for number in metric.get_sums()]

    def _put_sums(self, numbers: Array) -> None:
        begin = 0
        for metric in self._summing():
            end = begin + len(metric.get_sums())
            metric.set_sums(numbers[begin:end].tolist())
            begin = end

    def _summing(self) -> list[Any]:
        return [*self.objective.of_layers, *self.objective.trackers, *self.objective.compiled_metrics]
