"""`ReduceLROnPlateau`: reduces the learning rate when a value no longer improves."""

from functools import partial
from typing import Any

import numpy as np

from minifit import console
from minifit.callbacks.base import say
from minifit.callbacks.monitoring import Monitoring
from minifit.callbacks.rate_setter import RateSetter, in_short
from minifit.checks import epochs, fraction, not_negative, number
from minifit.errors import ArgumentTypeError
from minifit.settings import Setting


class ReduceLROnPlateau(Monitoring, RateSetter):
    """A callback that reduces the learning rate when a monitored value has not improved for a number of epochs.

    Parameters
    ----------
    monitor : str, default "val_loss"
        A key of the logs.
    factor : float, default 0.1
        The factor by which the rate is multiplied; below 1.
    patience : int, default 10
        Epochs without improvement after which the rate is reduced.
    verbose : int, default 0
        Whether to print a line for every reduction.
    mode : {"auto", "min", "max"}, default "auto"
        "auto" is "max" for names that contain acc, else "min".
    min_delta : float, default 1e-4
        The least improvement that counts.
    cooldown : int, default 0
        Epochs after a reduction during which bad epochs are not counted.
    min_lr : float, default 0
        The lower bound of the rate.
    **kwargs
        ``epsilon``, the older name of `min_delta`.

    Attributes
    ----------
    wait : int
        Epochs since the last improvement or reduction.
    best : float
    cooldown_counter : int
        Remaining epochs of the cooldown.
    monitor_op : callable
        Returns True if its first argument is better than its second by `min_delta`.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        For a `factor` of 1 or more and other arguments out of range; from `fit`, before training, if the optimizer
        takes its rate from a schedule.

    Notes
    -----
    The rate that each epoch was trained with is in its logs, and therefore in the History, as ``lr``. NaN is never
    an improvement.

    Examples
    --------
    >>> callback = ReduceLROnPlateau(monitor="val_loss", factor=0.2, patience=5, min_lr=0.001)

    References
    ----------
    ``tf.keras.callbacks.ReduceLROnPlateau`` (TensorFlow 2.7). Rules RP-1 to RP-3 and LR-3 of the
    semantics.
    """

    adds_keys = ("lr",)
    factor = Setting(fraction)
    patience, cooldown = Setting(epochs), Setting(epochs)
    min_delta = Setting(partial(number, example=0.001))
    min_lr = Setting(not_negative)
    _moves_reference = True

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0,
        **kwargs: Any,
    ) -> None:
        if "epsilon" in kwargs:
            min_delta = kwargs.pop("epsilon")
            console.warn("epsilon is the older name of min_delta. Pass min_delta instead.")
        if kwargs:
            raise ArgumentTypeError(
                "ReduceLROnPlateau accepts only its own arguments and epsilon. "
                f"Received: {', '.join(kwargs)}. Remove it."
            )
        self.monitor, self.mode, self.min_delta = monitor, mode, min_delta
        self.factor, self.min_lr = factor, min_lr
        self.patience, self.cooldown = patience, cooldown
        self.verbose = verbose
        self._begin()

    @staticmethod
    def _larger_is_better(monitor: str) -> bool:
        return "acc" in monitor

    @property
    def monitor_op(self) -> Any:
        """The comparison of two values: True if the first is better than the second by `min_delta`."""
        return self._comparison.better

    @monitor_op.setter
    def monitor_op(self, value: Any) -> None:
        Monitoring.monitor_op.fset(self, value)  # type: ignore[attr-defined]

    def _begin(self) -> None:
        self.wait = 0
        self._best = None
        self.cooldown_counter = 0

    def on_train_begin(self, logs: Any = None) -> None:
        """Reset the state of an earlier fit."""
        self._begin()
        self.begin_monitoring()

    def in_cooldown(self) -> bool:
        """Return True while a recent reduction keeps bad epochs from counting."""
        return self.cooldown_counter > 0

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Compare this epoch with the best one."""
        super().on_epoch_end(epoch, logs)
        current = self.monitored(logs or {})
        if current is None:
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self._comparison.better(current, self.best):
            self.best = current
            self.wait = 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience:
                self._reduce(epoch)

    def _reduce(self, epoch: int) -> None:
        """Reduce the rate, unless it is at its lower bound, compared in float32 as rates are stored."""
        rate = self._rate
        if rate <= np.float32(self.min_lr):
            return
        self._rate = reduced = max(rate * self.factor, self.min_lr)
        self.cooldown_counter = self.cooldown
        self.wait = 0
        if self.verbose:
            say(self, f"Epoch {epoch + 1}: ReduceLROnPlateau reducing learning rate to {in_short(reduced)}.")

    def get_state(self) -> dict[str, Any]:
        """Return the counts and the best value so far."""
        return {"wait": self.wait, "best": self.best, "cooldown_counter": self.cooldown_counter}

    def set_state(self, state: dict[str, Any]) -> None:
        """Restore the state of a captured run."""
        self.wait, self.best, self.cooldown_counter = state["wait"], state["best"], state["cooldown_counter"]
