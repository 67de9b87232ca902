"""`Sharing`: the part of a step in which several workers add up the results of their shares of a batch."""

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
    """A runner with running sums, which are equal on all workers after each batch.

    Attributes
    ----------
    objective : Objective
    learned : list of Parameter
        The weights whose gradients are added up with the sums; empty in an evaluation.
    """

    objective: Objective

    def __init__(self, kernels: ModuleType, streams: Streams, recording: bool = False) -> None:
        super().__init__(kernels, streams, recording)
        self.learned: list[Parameter] = []
        self._message: Message | None = None
        self._paused = False

    def message(self, sums: int | None = None) -> Message:
        """Return the message that workers add up after a batch, with room for `sums` sums; None keeps the number."""
        if sums is None:
            sums = len(self.sums_now()) if self._message is None else self._message.sums.size
        if self._message is None or not self._message.holds(sums):
            self._message = Message(self.workers, self.learned, sums)
        return self._message

    def pause_together(self, due: bool | None) -> bool:
        """Return whether any worker has requested a pause since the beginning, and request one if `due`."""
        message = self.message()
        self._paused = due is not None and (self._paused or message.paused)
        message.pause, message.paused = bool(due), False
        return self._paused

    def share(self, before: list[float]) -> None:
        """Add up the gradients and the batch's part of the sums over all workers.

        Parameters
        ----------
        before : list of float
            The sums before the batch.
        """
        after, share = self.sums_now(), self.context.share
        if len(after) != len(before):
            # a metric learned from this first batch how many sums it needs
            before = [0.0] * len(after)
            self._make_room(len(after))
        message = self.message(len(after))
        counts = share is not None and share.rows > 0
        message.sums[:] = np.subtract(after, before) if counts else 0
        message.send()
        self._put_sums(np.add(before, message.sums, dtype=np.float64))

    def _make_room(self, sums: int) -> None:
        """Make room for `sums` sums behind the gradients, and copy the gradients to their new memory."""
        grads = [(w, w.grad_view.copy()) for w in self.learned if w.grad_view is not None]
        self.message(sums)
        for weight, grad in grads:
            weight.grad_view[...] = grad  # type: ignore[index]

    def sums_now(self) -> list[float]:
        """Return the running sums of all losses and metrics."""
        return [number for metric in self._summing() for number in metric.get_sums()]

    def _put_sums(self, numbers: Array) -> None:
        begin = 0
        for metric in self._summing():
            end = begin + len(metric.get_sums())
            metric.set_sums(numbers[begin:end].tolist())
            begin = end

    def _summing(self) -> list[Any]:
        return [*self.objective.of_layers, *self.objective.trackers, *self.objective.compiled_metrics]
