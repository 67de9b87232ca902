"""Instructions that clip gradients and apply the constraints of weights."""

import numpy as np

from minifit.kernels import program as at
from minifit.kernels.compiled_vectors import (
    LANES,
    SIZE,
    Float,
    Int,
    choose,
    first,
    less,
    load,
    root,
    splat,
    store,
    total,
)
from minifit.kernels.driver import double_at, field, put_double, real, size
from minifit.kernels.jit import instruction, jit_inner

_F = np.float32
_ZERO, _ONE, _SMALL = _F(0), _F(1), _F(1e-7)
_BLOCK = 1 << 14  # bytes that are summed in float32


@instruction
def add_squares(row: Int, frame: Int) -> int:
    """The sum of squares, added to a previous sum: fields the sum (float64), the previous sum or 0, g, count."""
    g, n = field(row, 3), size(row, 4, frame) * SIZE
    result = 0.0
    if field(row, 2) != 0:
        result = double_at(field(row, 2))
    for begin in range(0, n, _BLOCK):
        end, sums = min(begin + _BLOCK, n), splat(_ZERO)
        for i in range(begin, end, LANES * SIZE):
            part = load(g + i, first((end - i) // SIZE))
            sums = sums + part * part
        result += np.float64(total(sums))
    put_double(result, field(row, 1))
    return at.GO_ON


@instruction
def clip_norm(row: Int, frame: Int) -> int:
    """Scale numbers so that their norm is at most a limit: fields g, g, count, the sum of squares, limit."""
    g, n = field(row, 1), size(row, 3, frame)
    norm, limit = np.sqrt(double_at(field(row, 4))), real(row, 5)
    if norm <= limit:
        return at.GO_ON
    factor = splat(_F(limit / norm))
    for i in range(0, n * SIZE, LANES * SIZE):
        some = first(n - i // SIZE)
        store(load(g + i, some) * factor, g + i, some)
    return at.GO_ON


# -- constraints ---------------------------------------------------------------------------------------------


@instruction
def not_negative(row: Int, frame: Int) -> int:
    """``w = w * (w >= 0)``: fields w, w, count; NaN stays NaN."""
    w, n = field(row, 1), size(row, 3, frame)
    for i in range(0, n * SIZE, LANES * SIZE):
        some = first(n - i // SIZE)
        x = load(w + i, some)
        store(x * choose(less(x, splat(_ZERO)), splat(_ZERO), splat(_ONE)), w + i, some)
    return at.GO_ON


@instruction
def bound_norms(row: Int, frame: Int) -> int:
    """Scale weights to bring the Euclidean norms over the middle of three axes within bounds, as `MinMaxNorm` does.

    Fields: w, w, the lengths of the axes, the smallest norm, the largest norm, rate.
    """
    w, outer, length, inner = field(row, 1), field(row, 3), field(row, 4), field(row, 5)
    for i in range(w, w + outer * length * inner * SIZE, length * inner * SIZE):
        for j in range(i, i + inner * SIZE, LANES * SIZE):
            some = first(inner - (j - i) // SIZE)
            sums = splat(_ZERO)
            for k in range(j, j + length * inner * SIZE, inner * SIZE):
                part = load(k, some)
                sums = sums + part * part
            scale = _scale(root(sums), real(row, 6), real(row, 7), real(row, 8))
            for k in range(j, j + length * inner * SIZE, inner * SIZE):
                store(load(k, some) * scale, k, some)
    return at.GO_ON


@instruction
def bound_norms_of_rows(row: Int, frame: Int) -> int:
    """`bound_norms` over the last axis: the third length is 1."""
    w, outer, length = field(row, 1), field(row, 3), field(row, 4)
    for i in range(w, w + outer * length * SIZE, length * SIZE):
        sums = splat(_ZERO)
        for j in range(0, length, LANES):
            part = load(i + j * SIZE, first(length - j))
            sums = sums + part * part
        scale = _scale(root(splat(total(sums))), real(row, 6), real(row, 7), real(row, 8))
        for j in range(0, length, LANES):
            some = first(length - j)
            store(load(i + j * SIZE, some) * scale, i + j * SIZE, some)
    return at.GO_ON


@jit_inner
def _scale(norms: Float, low: Float, high: Float, rate: Float) -> Float:
    """Return the factors for weights of these norms."""
    target = _within(norms, splat(_F(low)), splat(_F(high)))
    if rate != 1:
        target = splat(_F(rate)) * target + splat(_F(1 - rate)) * norms
    return target / (splat(_SMALL) + norms)


@jit_inner
def _within(x: Float, low: Float, high: Float) -> Float:
    """Return numbers clipped to bounds; NaN stays NaN."""
    x = choose(less(x, low), low, x)
    return choose(less(high, x), high, x)
