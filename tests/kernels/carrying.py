"""A program of one or a few instructions, for tests of these."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from minifit.kernels import compiled
from minifit.kernels import program as at


def carry(
    *rows: tuple[Any, ...],
    n: int = 4,
    first: int = 0,
    batches: int = 1,
    order: NDArray[np.int64] | None = None,
) -> int:
    """Carry out instructions, each a name with fields, for batches of `n` rows; returns how many were taken."""
    table = np.zeros((len(rows), at.FIELDS), np.int64)
    for row, (name, *fields) in zip(table, rows, strict=True):
        (row[0],) = compiled.addresses([name])
        for i, value in enumerate(fields, 1):
            row[i] = number(value)
    frame = np.zeros(at.FRAME, np.int64)
    frame[at.SIZE], frame[at.SAMPLES], frame[at.SOUND] = n, 10**9 if order is None else len(order), 1
    frame[at.ORDER] = 0 if order is None else order.ctypes.data
    call = np.array([table.ctypes.data, len(table), frame.ctypes.data, first, batches])
    return compiled.carry_out(call.ctypes.data)


def number(value: Any) -> int:
    """A field as it stands in a row."""
    if isinstance(value, np.ndarray):
        return int(value.ctypes.data)
    return int(np.float64(value).view(np.int64)) if isinstance(value, float) else int(value)


def randoms(*shape: int, seed: int = 0) -> NDArray[np.float32]:
    """Normal numbers."""
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
