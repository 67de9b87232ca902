"""Instructions of losses of probabilities: see `instructions_losses` for their form."""

from typing import Any

import numpy as np

from minifit.kernels import program as at
from minifit.kernels.compiled_functions import log, within
from minifit.kernels.compiled_vectors import (
    LANES,
    SIZE,
    Float,
    Int,
    choose,
    equal,
    first,
    float_at,
    integer,
    less_equal,
    load,
    put_float,
    splat,
    store,
    total,
)
from minifit.kernels.driver import field, size
from minifit.kernels.instructions_losses import row_slopes, row_values
from minifit.kernels.jit import instruction, jit_inner

_F = np.float32
_ZERO, _ONE = _F(0), _F(1)
_EPSILON, _HIGH = _F(1e-7), _F(1 - 1e-7)


@row_values(-1)
def binary_crossentropy(t: Any, p: Any, q: Any) -> Any:
    """``-mean(t log(q + 1e-7) + (1 - t) log(1 - q + 1e-7))`` row by row: fields losses, t, p, rows, m.

    q is p clipped to [1e-7, 1 - 1e-7].
    """
    one, low, clipped = splat(_ONE), splat(_EPSILON), within(p, _EPSILON, _HIGH)
    return t * log(clipped + low) + (one - t) * log(one - clipped + low)


@row_slopes
def binary_crossentropy_slope(t: Any, p: Any, dloss: Any, m: Any, q: Any) -> Any:
    """``dp = ((1 - t) / (1 - p + 1e-7) - t / (p + 1e-7)) / m * dloss``: fields dp, t, p, dlosses, rows, m.

    0 where p was clipped.
    """
    one, low = splat(_ONE), splat(_EPSILON)
    change = (one - t) / (one - p + low) - t / (p + low)
    return choose(inside(p), change * splat(dloss / m), p - p)


@instruction
def categorical_crossentropy(row: Int, frame: Int) -> int:
    """``-sum(t log(q))``, q is p / sum(p) clipped to [1e-7, 1 - 1e-7], row by row: fields losses, t, p, rows, m."""
    out, t, p, n, m = field(row, 1), field(row, 2), field(row, 3), size(row, 4, frame), field(row, 5)
    for i in range(n):
        begin, sums = i * m * SIZE, splat(_ZERO)
        row_sum = splat(sum_of_row(p + begin, m))
        for j in range(begin, begin + m * SIZE, LANES * SIZE):
            some = first(m - (j - begin) // SIZE)
            term = load(t + j, some) * log(within(load(p + j, some) / row_sum, _EPSILON, _HIGH))
            sums = sums + choose(some, term, splat(_ZERO))
        put_float(-total(sums), out + i * SIZE)
    return at.GO_ON


@instruction
def categorical_crossentropy_slope(row: Int, frame: Int) -> int:
    """``dp = (dq - sum(dq q)) / sum(p) * dloss``, dq is -t / q, 0 where q was clipped: fields as other slopes."""
    dp, t, p, dloss = field(row, 1), field(row, 2), field(row, 3), field(row, 4)
    n, m = size(row, 5, frame), field(row, 6)
    for i in range(n):
        begin, sums = i * m * SIZE, splat(_ZERO)
        row_sum = sum_of_row(p + begin, m)
        for j in range(begin, begin + m * SIZE, LANES * SIZE):
            some = first(m - (j - begin) // SIZE)
            share = load(p + j, some) / splat(row_sum)
            change = choose(inside(share), splat(_ZERO) - load(t + j, some) / share, share - share)
            store(change, dp + j, some)
            sums = sums + choose(some, change * share, splat(_ZERO))
        mean, scale = splat(total(sums)), splat(float_at(dloss + i * SIZE) / row_sum)
        for j in range(begin, begin + m * SIZE, LANES * SIZE):
            some = first(m - (j - begin) // SIZE)
            store((load(dp + j, some) - mean) * scale, dp + j, some)
    return at.GO_ON


@instruction
def sparse_crossentropy(row: Int, frame: Int) -> int:
    """``log(sum(h)) - log(h[id])``, h is p clipped to [1e-7, 1 - 1e-7]: fields losses, ids (int64), p, rows, m."""
    out, ids, p, n, m = field(row, 1), field(row, 2), field(row, 3), size(row, 4, frame), field(row, 5)
    for i in range(n):
        begin = p + i * m * SIZE
        target = _clipped_at(begin + integer(ids + i * 8) * SIZE)
        put_float(_F(np.log(_clipped_sum(begin, m))) - _F(np.log(target)), out + i * SIZE)
    return at.GO_ON


@instruction
def sparse_crossentropy_slope(row: Int, frame: Int) -> int:
    """``dp = (1 / sum(h) - 1 / h[id] at id) * dloss``, 0 where p was clipped: fields dp, ids, p, dlosses, rows, m."""
    dp, ids, p, dloss = field(row, 1), field(row, 2), field(row, 3), field(row, 4)
    n, m = size(row, 5, frame), field(row, 6)
    for i in range(n):
        begin, scale = i * m * SIZE, float_at(dloss + i * SIZE)
        share = splat(scale / _clipped_sum(p + begin, m))
        for j in range(begin, begin + m * SIZE, LANES * SIZE):
            some = first(m - (j - begin) // SIZE)
            y = load(p + j, some)
            store(choose(inside(y), share, y - y), dp + j, some)
        here = begin + integer(ids + i * 8) * SIZE
        clipped, y = _clipped_at(p + here), float_at(p + here)
        if clipped == y:
            put_float(float_at(dp + here) - scale / clipped, dp + here)
    return at.GO_ON


@jit_inner
def inside(x: Any) -> Any:
    """Return the mask of the lanes where x is from 1e-7 to 1 - 1e-7, which is False for NaN."""
    return less_equal(splat(_EPSILON), choose(less_equal(x, splat(_HIGH)), x, splat(_ZERO)))


@jit_inner
def sum_of_row(row: Int, m: Int) -> Float:
    """Return the sum of m numbers."""
    sums = splat(_ZERO)
    for j in range(0, m, LANES):
        sums = sums + load(row + j * SIZE, first(m - j))
    return total(sums)


@jit_inner
def _clipped_sum(row: Int, m: Int) -> Float:
    sums = splat(_ZERO)
    for j in range(0, m, LANES):
        some = first(m - j)
        sums = sums + choose(some, within(load(row + j * SIZE, some), _EPSILON, _HIGH), splat(_ZERO))
    return total(sums)


@jit_inner
def _clipped_at(place: Int) -> Float:
    x = float_at(place)
    return _EPSILON if x < _EPSILON else _HIGH if x > _HIGH else x


@row_values(mean=False)
def divergence(t: Any, p: Any, q: Any) -> Any:
    """``sum(t log(t / p))``, both clipped to [1e-7, 1], row by row: fields losses, t, p, rows, m."""
    clipped = within(t, _EPSILON, _ONE)
    return clipped * log(clipped / within(p, _EPSILON, _ONE))


@row_slopes
def divergence_slope(t: Any, p: Any, dloss: Any, m: Any, q: Any) -> Any:
    """``dp = -t / p * dloss``, 0 where p was clipped: fields dp, t, p, dlosses, rows, m."""
    clipped = within(p, _EPSILON, _ONE)
    return choose(equal(p, clipped), within(t, _EPSILON, _ONE) / clipped * splat(-dloss), splat(_ZERO))


@row_values()
def poisson(t: Any, p: Any, q: Any) -> Any:
    """``mean(p - t log(p + 1e-7))`` row by row: fields losses, t, p, rows, m."""
    return p - t * log(p + splat(_EPSILON))


@row_slopes
def poisson_slope(t: Any, p: Any, dloss: Any, m: Any, q: Any) -> Any:
    """``dp = (1 - t / (p + 1e-7)) / m * dloss``: fields dp, t, p, dlosses, rows, m."""
    return (splat(_ONE) - t / (p + splat(_EPSILON))) * splat(dloss / m)
