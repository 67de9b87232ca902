"""Instructions of a step that several workers take together, each with its share of the batch.

What a batch adds to sums is the difference between what they are and what they were before. It goes into a message
with the gradients; what comes back is what all shares together add.
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
    """The part of the whole batch that this worker has, with which the way back begins: field y."""
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
    """The part of sums that this worker's rows have added; 0 if it has none: y, sums, before, count, bytes."""
    y, sums, before, wide = field(row, 1), field(row, 2), field(row, 3), field(row, 5)
    counts = integer(frame + at.PART * 8) != 0
    for i in range(-field(row, 4)):
        added = _sum_at(sums, i, wide) - double_at(before + i * _WIDE)
        put_float(_F(added) if counts else _F(0), y + i * SIZE)
    return at.GO_ON


@instruction
def add_shares(row: Int, frame: Int) -> int:
    """Sums with what all shares have added: fields sums, before, added, count, bytes of a sum."""
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
