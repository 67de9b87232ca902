"""`Monitoring`: the base class of the callbacks that monitor a value.

It holds the key, the direction that is better and the best value so far, and warns if the key is not in the logs.
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
    """The base of callbacks that compare a value of the logs with the best one so far.

    Attributes
    ----------
    monitor : str
        The key of the logs.
    mode : {"auto", "min", "max"}
        Which direction is better.
    min_delta : float
        The least improvement that counts.
    best : float
        The best value so far.
    monitor_op : ufunc
        ``np.less`` or ``np.greater``, by the direction that is better; setting it sets `mode`.
    """

    monitor: str
    mode = Setting(known_mode)
    min_delta: Any = 0.0
    _moves_reference = False
    _best: Any = None
    # the keys that the logs of this fit will have, if not at every epoch
    _expected: tuple[str, ...] = ()
    # the missing key that a warning has named
    _missed: str | None = None

    @staticmethod
    def _larger_is_better(monitor: str) -> bool:
        """Guess the direction from the name, for ``mode="auto"``; every callback has its own rule."""
        raise NotImplementedError

    @property
    def _comparison(self) -> Comparison:
        return Comparison(
            self.monitor, self.mode, self._larger_is_better, self.min_delta, self._moves_reference
        )

    @property
    def monitor_op(self) -> Any:
        """The ufunc of the direction that is better."""
        return self._comparison.operation

    @monitor_op.setter
    def monitor_op(self, value: Any) -> None:
        if value not in (np.less, np.greater):
            raise ArgumentError(
                f"monitor_op must be np.less or np.greater. Received: monitor_op={value!r}. Set one, or set mode."
            )
        self.mode = "max" if value is np.greater else "min"

    @property
    def best(self) -> Any:
        """The best value so far; before the first one, an infinity that every number is better than."""
        return self._comparison.worst if self._best is None else self._best

    @best.setter
    def best(self, value: Any) -> None:
        self._best = value

    def check_run(self, run: Run) -> None:
        """Record which keys the logs of this fit will have, if not at every epoch."""
        super().check_run(run)
        self._expected = run.coming_keys

    def begin_monitoring(self) -> None:
        """Begin a fit; warn if the guessed direction seems wrong."""
        self._missed = None
        self._comparison.check_direction(self.model.metrics)

    def monitored(self, logs: Mapping[str, Any], of_batches: bool = False) -> Any:
        """Return the monitored value; None if it is missing, with a warning if no other epoch will have it."""
        value = logs.get(self.monitor)
        if value is not None:
            return self._single(value)
        expected = () if of_batches else self._expected
        if self.monitor not in expected and self._missed != self.monitor:
            self._missed = self.monitor
            present = self.monitor in logs
            missing = f"not in the logs. {hint(self.monitor, logs, of_batches)}"
            problem = "None in the logs." if present else missing
            console.warn(f"{type(self).__name__} monitors {self.monitor!r}, which is {problem}")
        return None

    def _single(self, value: Any) -> int | float:
        """Return the value, after checking that it is one number or an array of one: some metrics have several."""
        number = int(value) if isinstance(value, bool | np.bool_) else single(value)
        if number is None:
            received = f"of shape {np.shape(value)}" if np.ndim(value) else f"which is {quoted(value)}"
            raise ArgumentError(
                f"A monitored value must be one number. Received: {type(self).__name__} monitoring {self.monitor!r} "
                f"{received}. Monitor another key, or let an earlier callback write one number into the logs."
            )
        return number


def hint(key: str, known: Collection[str], of_batches: bool = False) -> str:
    """Return advice about a key that is not in the logs."""
    nearest, bare = suggestion(key, known), key.removeprefix("val_")
    if bare == key or bare not in known:
        return nearest
    if of_batches:
        return f"{nearest} The logs of batches have no validation values; those of epochs do."
    return f"{nearest} Validation values need validation_data, and appear at the epochs of validation_freq."
