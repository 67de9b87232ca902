"""Is it better? Asked by every callback that monitors a value, and answered here only."""

from collections.abc import Callable, Mapping
from math import inf
from typing import Any

from minifit import console
from minifit.errors import suggestion


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
        By how much a value must be better; the sign does not matter.

    Attributes
    ----------
    worst : float
        What every number is better than.

    Notes
    -----
    NaN is never better than anything (rule MON-1).
    """

    def __init__(self, monitor: str, mode: str, guess: Callable[[str], bool], min_delta: float = 0.0) -> None:
        if mode not in ("auto", "min", "max"):
            console.warn(f"mode is 'auto', 'min' or 'max'. Received: mode={mode!r}. 'auto' is used.")
            mode = "auto"
        self.monitor = monitor
        self.guessed = mode == "auto"
        self.larger = guess(monitor) if self.guessed else mode == "max"
        self.min_delta = abs(min_delta)
        self.worst = -inf if self.larger else inf
        self._missed = False

    def better(self, value: float, reference: float) -> bool:
        """Whether `value` is better than `reference` by more than `min_delta`."""
        if self.larger:
            return bool(value - self.min_delta > reference)
        return bool(value + self.min_delta < reference)

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
        if self.monitor in logs:
            return logs[self.monitor]
        if not self._missed:
            self._missed = True
            console.warn(
                f"{who} monitors {self.monitor!r}, which is not in the logs. {suggestion(self.monitor, logs)}"
            )
        return None
