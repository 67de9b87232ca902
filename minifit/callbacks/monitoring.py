"""`Monitoring`: what the callbacks that monitor a value share.

Which value, which direction is better, the best one so far, and what is said when it is not in the logs.
"""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from minifit import console
from minifit.callbacks.base import Callback, Run
from minifit.callbacks.comparison import Comparison, known_mode
from minifit.checks import single
from minifit.errors import ArgumentError, quoted, suggestion
from minifit.settings import Setting


class Monitoring(Callback):
    """A callback that compares a value of the logs with the best one so far.

    Attributes
    ----------
    monitor : str
        The key of the logs.
    mode : {"auto", "min", "max"}
        Which direction is better.
    min_delta : float
        By how much a value must be better.
    best : float
        The best value so far.
    monitor_op : ufunc
        ``np.less`` or ``np.greater``: which direction is better; setting it sets `mode`.
    """

    monitor: str
    mode = Setting(known_mode)
    min_delta: Any = 0.0
    _moves_reference = False
    _best: Any = None
    _expected: tuple[str, ...] = ()  # the keys that come in this fit, if not at every epoch
    _missed: str | None = None  # the key whose absence was told

    @staticmethod
    def _larger_is_better(monitor: str) -> bool:
        """Guess by the name, for ``mode="auto"``; every callback has its own rule."""
        raise NotImplementedError

    @property
    def _comparison(self) -> Comparison:
        return Comparison(
            self.monitor, self.mode, self._larger_is_better, self.min_delta, self._moves_reference
        )

    @property
    def monitor_op(self) -> Any:
        """Which direction is better."""
        return self._comparison.operation

    @monitor_op.setter
    def monitor_op(self, value: Any) -> None:
        if value not in (np.less, np.greater):
            raise ArgumentError(
                f"monitor_op is np.less or np.greater. Received: monitor_op={value!r}. Choose one, or set mode."
            )
        self.mode = "max" if value is np.greater else "min"

    @property
    def best(self) -> Any:
        """The best value so far; before the first one, what every number is better than."""
        return self._comparison.worst if self._best is None else self._best

    @best.setter
    def best(self, value: Any) -> None:
        self._best = value

    def check_run(self, run: Run) -> None:
        """Learn which keys the logs of this fit will have, if not at every epoch."""
        super().check_run(run)
        self._expected = run.coming_keys

    def begin_monitoring(self) -> None:
        """Begin a fit: warn of a doubtful direction."""
        self._missed = None
        self._comparison.check_direction(self.model.metrics)

    def monitored(self, logs: Mapping[str, Any], of_batches: bool = False) -> Any:
        """Return the monitored value; None when it is not in the logs, with a warning where it is not to come."""
        value = logs.get(self.monitor)
        if value is not None:
            return self._single(value)
        to_come = () if of_batches else self._expected
        if self.monitor not in to_come and self._missed != self.monitor:
            self._missed = self.monitor
            there = self.monitor in logs
            trouble = f"not in the logs. {hint(self.monitor, logs, of_batches)}"
            console.warn(
                f"{type(self).__name__} monitors {self.monitor!r}, which is {'None in the logs.' if there else trouble}"
            )
        return None

    def _single(self, value: Any) -> int | float:
        """Return the value, if it is one number, if only in an array: some metrics have several."""
        found = int(value) if isinstance(value, bool | np.bool_) else single(value)
        if found is None:
            received = f"of shape {np.shape(value)}" if np.ndim(value) else f"which is {quoted(value)}"
            raise ArgumentError(
                f"A monitored value must be one number. Received: {type(self).__name__} monitoring {self.monitor!r} "
                f"{received}. Monitor another key, or let a callback ahead of it write one number into the logs."
            )
        return found


def hint(key: str, known: Collection[str], of_batches: bool = False) -> str:
    """Return what to do about a key that is not in the logs."""
    nearest, bare = suggestion(key, known), key.removeprefix("val_")
    if bare == key or bare not in known:
        return nearest
    if of_batches:
        return f"{nearest} The logs of batches have no values of a validation; those of epochs do."
    return f"{nearest} Values of a validation come with validation_data, at the epochs of validation_freq."
