"""`RateSetter`: the base of the two callbacks that set the learning rate."""

from typing import Any

from minifit.callbacks.base import Callback, Run
from minifit.errors import ArgumentError


class RateSetter(Callback):
    """The base of callbacks that set the optimizer's learning rate and write it into the logs of epochs as ``lr``.

    Raises
    ------
    ArgumentError
        From `fit`, before training, if the optimizer takes its rate from a schedule or a function (rule LR-3).
    """

    adds_keys = ("lr",)

    def check_run(self, run: Run) -> None:
        """Raise for an optimizer whose rate cannot be set."""
        super().check_run(run)
        if self.model.optimizer.scheduled:
            name = type(self).__name__
            raise ArgumentError(
                f"{name} sets the learning rate, so the optimizer's learning rate must be a number. "
                f"Received: an optimizer that calls {_described(self.model.optimizer.learning_rate)} before every "
                f"step. Give the optimizer a number, or remove {name}."
            )

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write the learning rate that the epoch was trained with into the logs."""
        if logs is not None:
            logs["lr"] = self._rate

    @property
    def _rate(self) -> float:
        """The optimizer's learning rate, a float32 number as it is stored."""
        return float(self.model.optimizer.learning_rate)

    @_rate.setter
    def _rate(self, value: float) -> None:
        self.model.optimizer.learning_rate = value


def in_short(rate: float) -> str:
    """Return a rate with the digits that a float32 number determines: 0.05, not 0.05000000074505806."""
    return f"{rate:.6g}"


def _described(rate: Any) -> str:
    """Return the class name of a schedule, or "a function"."""
    return type(rate).__name__ if callable(rate) else "a function"
