"""`HookEvent`: one event of a run as a `HookTrace` keeps it, in plain numbers and texts."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from minifit.errors import legible

MOST_KEYS = 100
"""Keys of the logs of one event that are kept."""


class HookChange(NamedTuple):
    """A value that a callback changed; None stands for a key that the logs do not have.

    Attributes
    ----------
    name : str
        ``"stop_training"``, ``"learning_rate"``, or a key of the logs as ``"logs['lr']"``.
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
        Its class, with a number from the second of its class in a list on.
    begin, end : float
        Seconds since the trace began.
    changes : list of HookChange
    error : str or None
        The exception that it raised.
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
        Such as ``"on_epoch_end"``, or ``"exception"`` for the end of a run by an exception.
    index : int or None
        The epoch or batch.
    begin, end : float
        Seconds since the trace began, around all callbacks.
    logs : dict
        The logs before any callback was called: numbers, and texts for anything else.
    calls : list of HookCall
        In the order of the calls.
    run : int
        The number of its fit, evaluation or prediction, from 0.
    title : str
        The run, as ``"fit of sequential"``.
    within : (HookEvent, HookCall) or None
        The call in which the run takes place, for one that a hook began.
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
    """Return logs as they can be kept: numbers, and texts for anything else."""
    logs = logs if isinstance(logs, dict) else {}
    found = {legible(key): plain(value) for key, value in list(logs.items())[:MOST_KEYS]}
    if len(logs) > MOST_KEYS:
        found["..."] = f"{len(logs) - MOST_KEYS} more keys"
    return found


def plain(value: Any) -> Any:
    """Return a value as a number of Python, None or a short text; what arrays hold is left out."""
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
    """Return whether a value is another than before; of arrays and other objects, whether it is another object."""
    if before is after:
        return False
    numbers = isinstance(before, int | float | np.number | str) and isinstance(
        after, int | float | np.number | str
    )
    return not numbers or bool(before != after and not (before != before and after != after))


def shown(value: Any) -> str:
    """Return a value as tables show it."""
    if value is None:
        return "none"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
