"""`HookEvent`: one event of a run as a `HookTrace` stores it, in plain numbers and strings."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from minifit.errors import legible

MOST_KEYS = 100
"""The largest number of keys that are kept of the logs of one event."""


class HookChange(NamedTuple):
    """A value that a callback changed; None means that the key is not in the logs.

    Attributes
    ----------
    name : str
        ``"stop_training"``, ``"learning_rate"``, or a key of the logs, such as ``"logs['lr']"``.
    before, after : float, int, bool, str or None
    """

    name: str
    before: Any
    after: Any

    def __str__(self) -> str:
        return f"{self.name}: {shown(self.before)} -> {shown(self.after)}"


@dataclass(slots=True)
class HookCall:
    """The call of one callback at an event.

    Attributes
    ----------
    callback : str
        Its class name, with a number if another callback of its class comes before it in the list.
    begin, end : float
        Seconds since the trace began.
    changes : list of HookChange
    error : str or None
        The exception that the callback raised.
    """

    callback: str
    begin: float
    end: float = 0.0
    changes: list[HookChange] = field(default_factory=list)
    error: str | None = None


@dataclass(slots=True)
class HookEvent:
    """One event of a run.

    Attributes
    ----------
    hook : str
        For example ``"on_epoch_end"``, or ``"exception"`` when an exception ends the run.
    index : int or None
        The epoch or batch.
    begin, end : float
        Seconds since the trace began, around all callbacks.
    logs : dict
        The logs before any callback was called: numbers, and strings for all other values.
    calls : list of HookCall
        In the order of the calls.
    run : int
        The number of its fit, evaluation or prediction, from 0.
    title : str
        The run, for example ``"fit of sequential"``.
    within : (HookEvent, HookCall) or None
        The call in which the run takes place, if a hook began it.
    error : str or None
        The exception that ended the run.
    """

    hook: str
    index: int | None
    begin: float
    end: float
    logs: dict[str, Any]
    calls: list[HookCall]
    run: int
    title: str
    within: "tuple[HookEvent, HookCall] | None" = field(default=None, repr=False)
    error: str | None = None


def kept(logs: Any) -> dict[str, Any]:
    """Return a copy of logs to store: numbers, and strings for all other values."""
    logs = logs if isinstance(logs, dict) else {}
    copy = {legible(key): plain(value) for key, value in list(logs.items())[:MOST_KEYS]}
    if len(logs) > MOST_KEYS:
        copy["..."] = f"{len(logs) - MOST_KEYS} more keys"
    return copy


def plain(value: Any) -> Any:
    """Return a value as a Python number, None or a short string; the contents of arrays are left out."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value) if value.bit_length() <= 64 else f"int of {value.bit_length()} bits"
    if isinstance(value, float):
        return float(value)
    if isinstance(value, str):
        return legible(value)
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple):
        return legible(f"{type(value).__name__} of shape {tuple(shape)}, {getattr(value, 'dtype', None)}")
    return legible(type(value).__name__)


def differs(before: Any, after: Any) -> bool:
    """Return True if a value has changed; arrays and other objects are compared by identity."""
    if before is after:
        return False
    numbers = isinstance(before, int | float | np.number | str) and isinstance(
        after, int | float | np.number | str
    )
    return not numbers or bool(before != after and not (before != before and after != after))


def shown(value: Any) -> str:
    """Return a value as a string for tables."""
    if value is None:
        return "none"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
