"""`LearningRateScheduler`: a learning rate for every epoch, computed by a function."""

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
    """A callback that sets the learning rate at the beginning of every epoch.

    Parameters
    ----------
    schedule : callable
        Called with ``(epoch, lr)``, the epoch counted from 0 and the current rate, or with ``(epoch,)`` if it accepts
        only one argument. Returns the new rate as a float, a NumPy float or a tensor.
    verbose : int, default 0
        Whether to print the rate.

    Raises
    ------
    ArgumentTypeError
        If `schedule` cannot be called in either way.
    ArgumentError
        From `fit`, before training, if the optimizer takes its rate from a schedule.
    ValueError
        From `fit`, if `schedule` returns anything but a floating-point number of at least 0.

    Notes
    -----
    The rate of each epoch is in its logs, and therefore in the History, as ``lr``.

    Examples
    --------
    >>> callback = LearningRateScheduler(lambda epoch, lr: lr if epoch < 10 else lr * 0.9)

    References
    ----------
    ``tf.keras.callbacks.LearningRateScheduler`` (TensorFlow 2.7). Rules LR-1 to LR-5 of the semantics.
    """

    schedule = Setting(as_given(lambda _, value: _takes_rate(value)))

    def __init__(self, schedule: Callable[..., Any], verbose: int = 0) -> None:
        self.schedule = schedule
        self.verbose = verbose
        # the last epoch whose rate was set, in this run and in the run that it resumes
        self._epoch: int | None = None
        self._resumed: int | None = None

    def on_train_begin(self, logs: Any = None) -> None:
        """Reset the state of an earlier fit."""
        self._epoch = self._resumed = None

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Call the schedule and set its rate; not for an epoch that is resumed in its middle."""
        if epoch != self._resumed:
            self._set(epoch)
        self._epoch = epoch

    def _set(self, epoch: int) -> None:
        args = (epoch, self._rate) if _takes_rate(self.schedule) else (epoch,)
        self._rate = rate = _checked(self.schedule(*args))
        if self.verbose:
            say(self, f"Epoch {epoch + 1}: LearningRateScheduler setting learning rate to {in_short(rate)}.")

    def get_state(self) -> dict[str, Any]:
        """Return the epoch whose rate was set."""
        return {"epoch": self._epoch}

    def set_state(self, state: dict[str, Any]) -> None:
        """Restore the state of a captured run."""
        self._epoch = self._resumed = state["epoch"]


def _takes_rate(schedule: Any) -> bool:
    """Return True if a schedule accepts the rate as well as the epoch, by its signature and without calling it."""
    try:
        signature = inspect.signature(schedule)
    except ValueError:
        # some functions written in C have no signature, such as the __getitem__ of a list of rates
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
        f"schedule must be a function of (epoch, lr) or of (epoch). Received: a function of {signature}. "
        "Give its other arguments defaults, or wrap it in a lambda."
    )


def _checked(rate: Any) -> float:
    """Return the rate, after checking that it is a floating-point number that an optimizer can use."""
    value = rate.value if isinstance(rate, Tensor) else rate
    number = isinstance(value, float | np.floating) or (
        isinstance(value, np.ndarray) and value.ndim == 0 and value.dtype.kind == "f"
    )
    if not number or not value >= 0:
        # the standard class itself, as in tf.keras
        raise ValueError(
            f"schedule must return the learning rate as a float of at least 0. Received: {rate!r}. "
            "Write for example 1.0 instead of 1, and check that every path returns a value."
        )
    return float(value)
