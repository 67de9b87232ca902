"""Is it better? Asked by every callback that monitors a value, and answered here only."""

from collections.abc import Callable
from math import inf
from typing import Any

import numpy as np

from minifit import console


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
        mode = known_mode("mode", mode)
        self.monitor = monitor
        self.guessed = mode == "auto"
        self.larger = guess(monitor) if self.guessed else mode == "max"
        self.operation: np.ufunc = np.greater if self.larger else np.less
        self.worst = -inf if self.larger else inf
        by = min_delta if self.larger else -min_delta
        self._from_value, self._to_reference = (0.0, by) if moves_reference else (by, 0.0)

    def better(self, value: float, reference: float) -> bool:
        """Whether `value` is better than `reference` by more than `min_delta`."""
        return bool(self.operation(value - self._from_value, reference + self._to_reference))

    def check_direction(self, metrics: list[Any]) -> None:
        """Warn when the guess contradicts what a metric of that name knows about itself."""
        bare = self.monitor.removeprefix("val_")
        known = {m.name: getattr(m, "direction", None) for m in metrics}.get(bare)
        if self.guessed and known is not None and (known == "max") != self.larger:
            taken, other = ("max", "min") if self.larger else ("min", "max")
            console.warn(
                f"mode='auto' takes {self.monitor!r} as better when it is "
                f"{'larger' if self.larger else 'smaller'} (mode={taken!r}), going by its name, but that metric is "
                f"better the other way. Pass mode={other!r}."
            )


def known_mode(name: str, value: Any) -> str:
    """Return a mode, or "auto" with a warning in the place of what is none."""
    if value not in ("auto", "min", "max"):
        console.warn(f"{name} is 'auto', 'min' or 'max'. Received: {name}={value!r}. 'auto' is used.")
        return "auto"
    return str(value)
