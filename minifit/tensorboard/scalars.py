"""Scalars, encoded many at a time: nearly all values are scalars, so each must cost almost nothing.

The messages of one tag differ only in the time, the step and the value, and have equal lengths if the varints of their
steps have. So they are encoded as rows of one array, and their checksums are computed together.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from minifit.arrays import Array
from minifit.tensorboard import events, records, wire
from minifit.tensorboard.events import Event, Value


class Scalar(NamedTuple):
    """One value of a tag, not yet encoded."""

    wall_time: float
    step: int
    tag: str
    value: float


def numbers(logs: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Yield the values of logs that can be drawn: single numbers."""
    for name, value in logs.items():
        if isinstance(value, _PLAIN):
            yield name, value
        elif isinstance(value, np.generic | np.ndarray) and value.size == 1 and value.dtype.kind in "biuf":
            yield name, float(value.item())


_PLAIN = (float, int)


def scalar_value(tag: str, value: float, description: str = "") -> Value:
    """Return a scalar as a value of an event."""
    return Value(tag, "scalars", np.asarray(_as_float32([value])[0]), description=description)


def encode(scalars: Sequence[Scalar], kernels: ModuleType) -> list[bytes]:
    """Return the record of each scalar, in order."""
    groups: dict[tuple[str, int], list[int]] = {}
    for place, scalar in enumerate(scalars):
        groups.setdefault((scalar.tag, _varint_length(scalar.step)), []).append(place)
    encoded: list[bytes] = [b""] * len(scalars)
    for (tag, length), places in groups.items():
        rows = records.framed_rows(_messages(tag, length, [scalars[p] for p in places]), kernels)
        width, blob = rows.shape[1], rows.tobytes()
        for i, place in enumerate(places):
            encoded[place] = blob[i * width : (i + 1) * width]
    return encoded


def _varint_length(step: int) -> int:
    """Return the number of bytes of the step's varint: none for 0, which is omitted."""
    return 10 if step < 0 else (step.bit_length() + 6) // 7


def _messages(tag: str, step_length: int, scalars: Sequence[Scalar]) -> records.Bytes:
    template = _template(tag)
    start = 9 + (1 + step_length if step_length else 0)
    rows = np.empty((len(scalars), start + len(template) + 4), np.uint8)
    rows[:, 0] = 1 << 3 | wire.EIGHT
    rows[:, 1:9] = _bytes_of(np.array([s.wall_time for s in scalars], "<f8"))
    if step_length:
        rows[:, 9] = 2 << 3 | wire.VARINT
        rest = np.array([s.step for s in scalars], np.int64).view(np.uint64)
        for i in range(10, 10 + step_length):
            rows[:, i] = rest & np.uint64(0x7F) | np.uint64(0x80)
            rest = rest >> np.uint64(7)
        # a varint ends with a byte whose highest bit is clear
        rows[:, 9 + step_length] &= 0x7F
    rows[:, start:-4] = template
    rows[:, -4:] = _bytes_of(_as_float32([s.value for s in scalars]))
    return rows


@lru_cache(maxsize=1024)
def _template(tag: str) -> records.Bytes:
    """Return the bytes between the step and the value, which ends the message."""
    message = events.encode(Event(0.0, 0, (scalar_value(tag, 0.0),)))
    return np.frombuffer(message[9:-4], np.uint8)


def _as_float32(values: Sequence[float]) -> Array:
    # values beyond float32 become infinite, as in TensorFlow
    with np.errstate(over="ignore"):
        return np.array(values, np.float64).astype("<f4")


def _bytes_of(column: Array) -> records.Bytes:
    return column.view(np.uint8).reshape(len(column), -1)
