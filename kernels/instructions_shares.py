"""Instructions of a step that several workers compute together, each with its share of the batch.

The change of a sum is its value after the batch minus its value before. The changes are sent in one message with the
gradients, and the answer holds the changes of all workers together.
"""

import numpy as np

from minifit.kernels import program as at
from minifit.kernels.compiled_vectors import SIZE, Int, float_at, integer, put_float
from minifit.kernels.driver import double_at, field, put_double
from minifit.kernels.jit import instruction, jit_inner

_F = np.float32
_WIDE = 8  # bytes of a float64


@instruction
def share_part(row: Int, frame: Int) -> int:
    """This worker's part of the whole batch, the initial gradient of the backward pass: field y."""
    put_float(_F(double_at(frame + at.PART * 8)), field(row, 1))
    return at.GO_ON


@instruction
def set_aside(row: Int, frame: Int) -> int:
    """A copy of sums, float64: fields copy, sums, count, bytes of a sum."""
    copy, sums, wide = field(row, 1), field(row, 2), field(row, 4)
    for i in range(-field(row, 3)):
        put_double(_sum_at(sums, i, wide), copy + i * _WIDE)
    return at.GO_ON


@instruction
def share_of_sums(row: Int, frame: Int) -> int:
    """The changes of sums by this worker's rows, 0 if it has none: fields y, sums, before, count, bytes of a sum."""
    y, sums, before, wide = field(row, 1), field(row, 2), field(row, 3), field(row, 5)
    counts = integer(frame + at.PART * 8) != 0
    for i in range(-field(row, 4)):
        added = _sum_at(sums, i, wide) - double_at(before + i * _WIDE)
        put_float(_F(added) if counts else _F(0), y + i * SIZE)
    return at.GO_ON


@instruction
def add_shares(row: Int, frame: Int) -> int:
    """Sums with the changes of all workers: fields sums, before, changes, count, bytes of a sum."""
    sums, before, added, wide = field(row, 1), field(row, 2), field(row, 3), field(row, 5)
    for i in range(-field(row, 4)):
        x = double_at(before + i * _WIDE) + np.float64(float_at(added + i * SIZE))
        if wide == _WIDE:
            put_double(x, sums + i * _WIDE)
        else:
            put_float(_F(x), sums + i * SIZE)
    return at.GO_ON


@jit_inner
def _sum_at(sums: Int, i: Int, wide: Int) -> float:
    return double_at(sums + i * wide) if wide == _WIDE else np.float64(float_at(sums + i * wide))
