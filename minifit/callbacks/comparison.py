"""`Comparison`: the test for improvement, which all callbacks that monitor a value share."""

from collections.abc import Callable
from math import inf
from typing import Any

import numpy as np

from minifit import console


class Comparison:
    """A test of whether one monitored value is better than another.

    Parameters
    ----------
    monitor : str
        The monitored key of the logs.
    mode : {"auto", "min", "max"}
        Which direction is better. Any other value gives a warning and is treated as "auto".
    guess : callable
        For "auto": returns True if larger is better for a key of this name. Every callback documents its own rule.
    min_delta : float, default 0
        The least improvement that counts.
    moves_reference : bool, default False
        Whether `min_delta` is applied to the reference instead of the value. The results differ only by rounding:
        tf.keras applies it to the value in EarlyStopping and to the reference in ReduceLROnPlateau.

    Attributes
    ----------
    operation : ufunc
        ``np.greater`` or ``np.less``.
    worst : float
        Infinity, with the sign that makes every number better than it.

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
        """Return True if `value` is better than `reference` by more than `min_delta`."""
        return bool(self.operation(value - self._from_value, reference + self._to_reference))

    def check_direction(self, metrics: list[Any]) -> None:
        """Warn when the guess contradicts the direction of a metric of that name."""
        bare = self.monitor.removeprefix("val_")
        known = {m.name: getattr(m, "direction", None) for m in metrics}.get(bare)
        if self.guessed and known is not None and (known == "max") != self.larger:
            modes, words = ["min", "max"], ["smaller", "larger"]
            guess, other = int(self.larger), 1 - int(self.larger)
            console.warn(
                f"mode='auto' guesses from the name {self.monitor!r} that {words[guess]} values are better "
                f"(mode={modes[guess]!r}), but for that metric {words[other]} values are. Pass mode={modes[other]!r}."
            )


def known_mode(name: str, value: Any) -> str:
    """Return a mode; for an unknown one, warn and return "auto"."""
    if value not in ("auto", "min", "max"):
        console.warn(f"{name} must be 'auto', 'min' or 'max'. Received: {name}={value!r}. 'auto' is used.")
        return "auto"
    return str(value)
