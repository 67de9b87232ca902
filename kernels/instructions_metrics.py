"""Instructions of metrics: one value a sample."""

import numpy as np

from minifit.kernels import program as at
from minifit.kernels.compiled_vectors import (
    LANES,
    SIZE,
    Int,
    choose,
    first,
    float_at,
    integer,
    less,
    load,
    put_float,
    size_of,
    splat,
    total,
)
from minifit.kernels.driver import field, real, size
from minifit.kernels.jit import instruction, jit_inner

_F = np.float32
_ZERO, _ONE = _F(0), _F(1)


@instruction
def categorical_accuracy(row: Int, frame: Int) -> int:
    """1 where the largest prediction stands at the largest target: fields values, t, p, rows, m."""
    out, t, p, n, m = field(row, 1), field(row, 2), field(row, 3), size(row, 4, frame), field(row, 5)
    for i in range(n):
        begin = i * m * SIZE
        put_float(_F(place_of_largest(t + begin, m) == place_of_largest(p + begin, m)), out + i * SIZE)
    return at.GO_ON


@instruction
def sparse_accuracy(row: Int, frame: Int) -> int:
    """1 where the largest prediction stands at the class number: fields values, ids (int64), p, rows, m."""
    out, ids, p, n, m = field(row, 1), field(row, 2), field(row, 3), size(row, 4, frame), field(row, 5)
    for i in range(n):
        put_float(_F(integer(ids + i * 8) == place_of_largest(p + i * m * SIZE, m)), out + i * SIZE)
    return at.GO_ON


@instruction
def binary_accuracy(row: Int, frame: Int) -> int:
    """How often ``p > threshold`` equals the target, row by row: fields values, t, p, rows, m, threshold."""
    out, t, p, n, m = field(row, 1), field(row, 2), field(row, 3), size(row, 4, frame), field(row, 5)
    threshold, nothing, one = splat(_F(real(row, 6))), splat(_ZERO), splat(_ONE)
    for i in range(n):
        sums, begin = nothing, i * m * SIZE
        for j in range(begin, begin + m * SIZE, LANES * SIZE):
            some = first(m - (j - begin) // SIZE)
            told = choose(less(threshold, load(p + j, some)), one, nothing)
            off = size_of(told - load(t + j, some))
            hit = choose(less(nothing, off), nothing, choose(less(off, one), one, nothing))  # NaN is no hit
            sums = sums + choose(some, hit, nothing)
        put_float(total(sums) / _F(m), out + i * SIZE)
    return at.GO_ON


@jit_inner
def place_of_largest(row: Int, m: Int) -> int:
    """The first place of the largest number, or of the first NaN, as NumPy's argmax."""
    place, top = 0, float_at(row)
    for j in range(m):
        found = float_at(row + j * SIZE)
        if top == top and not found <= top:
            place, top = j, found
    return place
