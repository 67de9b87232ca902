"""`LearningRateScheduler`: a learning rate for every epoch, from a function."""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from minifit.callbacks.base import say
from minifit.callbacks.rate_setter import RateSetter, in_short
from minifit.errors import ArgumentTypeError
from minifit.settings import Setting, as_given
from minifit.tensor import Tensor


class LearningRateScheduler(RateSetter):
    """Sets the learning rate at the beginning of every epoch.

    Parameters
    ----------
    schedule : callable
        Called with ``(epoch, lr)``, the epoch from 0 and the present rate, or with ``(epoch,)`` if it takes one
        argument only. Returns the new rate as a float, a NumPy float or a tensor.
    verbose : int, default 0
        Whether to say so.

    Raises
    ------
    ArgumentTypeError
        When `schedule` cannot be called in either way.
    ArgumentError
        From `fit`, before training, when the optimizer's own rate is a schedule.
    ValueError
        From `fit`, when it returns anything but a floating-point number of at least 0.

    Notes
    -----
    The rate of each epoch is in its logs, and so in the History, as ``lr``.

    Examples
    --------
    >>> callback = LearningRateScheduler(lambda epoch, lr: lr if epoch < 10 else lr * 0.9)

    References
    ----------
    ``tf.keras.callbacks.LearningRateScheduler`` (TensorFlow 2.7). Rules LR-1 to LR-3 of the semantics.
    """

    schedule = Setting(as_given(lambda _, value: _takes_rate(value)))

    def __init__(self, schedule: Callable[..., Any], verbose: int = 0) -> None:
        self.schedule = schedule
        self.verbose = verbose
        self._epoch: int | None = None  # the last one whose rate was set
        self._resumed: int | None = None  # the same, of the run that this one goes on from

    def on_train_begin(self, logs: Any = None) -> None:
        """Forget an earlier fit."""
        self._epoch = self._resumed = None

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Ask the schedule and set what it says; not again in the middle of an epoch that is resumed."""
        if epoch != self._resumed:
            self._set(epoch)
        self._epoch = epoch

    def _set(self, epoch: int) -> None:
        args = (epoch, self._rate) if _takes_rate(self.schedule) else (epoch,)
        self._rate = rate = _checked(self.schedule(*args))
        if self.verbose:
            say(self, f"Epoch {epoch + 1}: LearningRateScheduler setting learning rate to {in_short(rate)}.")

    def get_state(self) -> dict[str, Any]:
        """For which epoch the rate was set."""
        return {"epoch": self._epoch}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self._epoch = self._resumed = state["epoch"]


def _takes_rate(schedule: Any) -> bool:
    """Whether a schedule takes the rate beside the epoch: its signature says so, never a failed call."""
    try:
        signature = inspect.signature(schedule)
    except ValueError:  # some functions written in C have none, such as the __getitem__ of a list of rates
        return False
    except TypeError:
        raise ArgumentTypeError(
            f"schedule must be a function of (epoch, lr) or of (epoch). Received: {schedule!r}. "
            "Pass for example lambda epoch, lr: lr * 0.9."
        ) from None
    for count in (2, 1):
        try:
            signature.bind(*range(count))
        except TypeError:
            continue
        return count == 2
    raise ArgumentTypeError(
        f"schedule must be a function of (epoch, lr) or of (epoch). Received: one that takes {signature}. "
        "Give its other arguments defaults, or wrap it in a lambda."
    )


def _checked(rate: Any) -> float:
    """The rate, if it is a floating-point number that an optimizer can use."""
    value = rate.value if isinstance(rate, Tensor) else rate
    number = isinstance(value, float | np.floating) or (
        isinstance(value, np.ndarray) and value.ndim == 0 and value.dtype.kind == "f"
    )
    if not number or not value >= 0:
        raise ValueError(  # the standard class itself, as in tf.keras
            f"schedule must return the learning rate as a float of at least 0. Received: {rate!r}. "
            "Write for example 1.0 instead of 1, and see that it returns in every case."
        )
    return float(value)
