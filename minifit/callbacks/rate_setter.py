"""`RateSetter`: what the two callbacks that set the learning rate share."""

from typing import Any

from minifit.callbacks.base import Callback, Run
from minifit.errors import ArgumentError


class RateSetter(Callback):
    """A callback that sets the optimizer's learning rate, and writes it into the logs of epochs as ``lr``.

    Raises
    ------
    ArgumentError
        From `fit`, before training, when a schedule or a function in the optimizer gives the rate (rule LR-3).
    """

    adds_keys = ("lr",)

    def check_run(self, run: Run) -> None:
        """Refuse an optimizer whose rate is not there to be set."""
        super().check_run(run)
        if self.model.optimizer.scheduled:
            who = type(self).__name__
            raise ArgumentError(
                f"{who} sets the learning rate, so the optimizer must have a plain number for it. "
                f"Received: an optimizer that asks {_described(self.model.optimizer.learning_rate)} before every step. "
                f"Give the optimizer a number, or leave {who} out."
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
    """A rate with the digits that a float32 number can vouch for: 0.05, not 0.05000000074505806."""
    return f"{rate:.6g}"


def _described(rate: Any) -> str:
    """What gives the rate: a schedule by its class, or else a function."""
    return type(rate).__name__ if callable(rate) else "a function"
