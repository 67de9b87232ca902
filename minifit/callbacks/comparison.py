"""Is it better? Asked by every callback that monitors a value, and answered here only."""

from collections.abc import Callable, Mapping
from math import inf
from typing import Any

import numpy as np

from minifit import console
from minifit.errors import ArgumentError, suggestion


class Comparison:
    """Whether a monitored value is better than another.

    Parameters
    ----------
    monitor : str
        The key of the logs that is watched.
    mode : {"auto", "min", "max"}
        Which direction is better. Anything else warns and counts as "auto".
    guess : callable
        For "auto": whether larger is better for a key of this name. Every callback documents its own rule.
    min_delta : float, default 0
        By how much a value must be better.
    moves_reference : bool, default False
        Whether `min_delta` is added to the reference rather than taken from the value. The two differ by rounding
        alone, and tf.keras does the one in EarlyStopping and the other in ReduceLROnPlateau.

    Attributes
    ----------
    operation : ufunc
        ``np.greater`` or ``np.less``: what larger or smaller is tested with.
    worst : float
        What every number is better than.

    Notes
    -----
    NaN is never better than anything (rule MON-1).
    """

    def __init__(
        self,
        monitor: str,
        mode: str,
        guess: Callable[[str], bool],
        min_delta: float = 0.0,
        moves_reference: bool = False,
    ) -> None:
        if mode not in ("auto", "min", "max"):
            console.warn(f"mode is 'auto', 'min' or 'max'. Received: mode={mode!r}. 'auto' is used.")
            mode = "auto"
        self.monitor = monitor
        self.guessed = mode == "auto"
        self.larger = guess(monitor) if self.guessed else mode == "max"
        self.operation: np.ufunc = np.greater if self.larger else np.less
        self.worst = -inf if self.larger else inf
        by = min_delta if self.larger else -min_delta
        self._from_value, self._to_reference = (0.0, by) if moves_reference else (by, 0.0)
        self._missed = False

    def better(self, value: float, reference: float) -> bool:
        """Whether `value` is better than `reference` by more than `min_delta`."""
        return bool(self.operation(value - self._from_value, reference + self._to_reference))

    def begin(self, metrics: list[Any]) -> None:
        """A fit begins: warn if the guess contradicts what a metric of that name knows about itself."""
        self._missed = False
        bare = self.monitor.removeprefix("val_")
        known = {m.name: getattr(m, "direction", None) for m in metrics}.get(bare)
        if self.guessed and known is not None and (known == "max") != self.larger:
            taken, other = ("max", "min") if self.larger else ("min", "max")
            console.warn(
                f"mode='auto' takes {self.monitor!r} as better when it is "
                f"{'larger' if self.larger else 'smaller'} (mode={taken!r}), going by its name, but that metric is "
                f"better the other way. Pass mode={other!r}."
            )

    def value(self, logs: Mapping[str, Any], who: str) -> Any:
        """The monitored value, or None with a warning, once a fit, when it is not in the logs."""
        found = logs.get(self.monitor)
        if found is not None:
            return self._single(found, who)
        if not self._missed:
            self._missed = True
            console.warn(
                f"{who} monitors {self.monitor!r}, which is not in the logs. {suggestion(self.monitor, logs)}"
            )
        return None

    def _single(self, value: Any, who: str) -> Any:
        """The value, if it is one number: some metrics have several."""
        if np.ndim(value):
            raise ArgumentError(
                f"A monitored value must be one number. Received: {who} monitoring {self.monitor!r} of shape "
                f"{np.shape(value)}. Monitor another key, or let a callback ahead of it write one number into the logs."
            )
        return value
