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
from minifit.kernels.jit import instruction, jit_inner

_F = np.float32
_ZERO, _ONE = _F(0), _F(1)
_EPSILON, _HIGH = _F(1e-7), _F(1 - 1e-7)


@instruction
def binary_crossentropy(row: Int, frame: Int) -> int:
    """``-mean(t log(q + 1e-7) + (1 - t) log(1 - q + 1e-7))`` row by row: fields losses, t, p, rows, m.

    q is p held in [1e-7, 1 - 1e-7].
    """
    out, t, p, n, m = field(row, 1), field(row, 2), field(row, 3), size(row, 4, frame), field(row, 5)
    one, low = splat(_ONE), splat(_EPSILON)
    for i in range(n):
        sums, begin = splat(_ZERO), i * m * SIZE
        for j in range(begin, begin + m * SIZE, LANES * SIZE):
            some = first(m - (j - begin) // SIZE)
            target, held = load(t + j, some), within(load(p + j, some), _EPSILON, _HIGH)
            told = target * log(held + low) + (one - target) * log(one - held + low)
            sums = sums + choose(some, told, splat(_ZERO))
        put_float(-total(sums) / _F(m), out + i * SIZE)
    return at.GO_ON


@instruction
def binary_crossentropy_slope(row: Int, frame: Int) -> int:
    """``dp = ((1 - t) / (1 - p + 1e-7) - t / (p + 1e-7)) / m * dloss``: fields dp, t, p, dlosses, rows, m.

    0 where p was held.
    """
    dp, t, p, dloss = field(row, 1), field(row, 2), field(row, 3), field(row, 4)
    n, m = size(row, 5, frame), field(row, 6)
    one, low = splat(_ONE), splat(_EPSILON)
    for i in range(n):
        scale, begin = splat(float_at(dloss + i * SIZE) / _F(m)), i * m * SIZE
        for j in range(begin, begin + m * SIZE, LANES * SIZE):
            some = first(m - (j - begin) // SIZE)
            target, y = load(t + j, some), load(p + j, some)
            change = (one - target) / (one - y + low) - target / (y + low)
            store(choose(inside(y), change * scale, y - y), dp + j, some)
    return at.GO_ON


@instruction
def categorical_crossentropy(row: Int, frame: Int) -> int:
    """``-sum(t log(q))``, q is p / sum(p) held in [1e-7, 1 - 1e-7], row by row: fields losses, t, p, rows, m."""
    out, t, p, n, m = field(row, 1), field(row, 2), field(row, 3), size(row, 4, frame), field(row, 5)
    for i in range(n):
        begin, sums = i * m * SIZE, splat(_ZERO)
        whole = splat(sum_of_row(p + begin, m))
        for j in range(begin, begin + m * SIZE, LANES * SIZE):
            some = first(m - (j - begin) // SIZE)
            told = load(t + j, some) * log(within(load(p + j, some) / whole, _EPSILON, _HIGH))
            sums = sums + choose(some, told, splat(_ZERO))
        put_float(-total(sums), out + i * SIZE)
    return at.GO_ON


@instruction
def categorical_crossentropy_slope(row: Int, frame: Int) -> int:
    """``dp = (dq - sum(dq q)) / sum(p) * dloss``, dq is -t / q, 0 where q was held: fields as of the other slopes."""
    dp, t, p, dloss = field(row, 1), field(row, 2), field(row, 3), field(row, 4)
    n, m = size(row, 5, frame), field(row, 6)
    for i in range(n):
        begin, sums = i * m * SIZE, splat(_ZERO)
        whole = sum_of_row(p + begin, m)
        for j in range(begin, begin + m * SIZE, LANES * SIZE):
            some = first(m - (j - begin) // SIZE)
            share = load(p + j, some) / splat(whole)
            change = choose(inside(share), splat(_ZERO) - load(t + j, some) / share, share - share)
            store(change, dp + j, some)
            sums = sums + choose(some, change * share, splat(_ZERO))
        mean, scale = splat(total(sums)), splat(float_at(dloss + i * SIZE) / whole)
        for j in range(begin, begin + m * SIZE, LANES * SIZE):
            some = first(m - (j - begin) // SIZE)
            store((load(dp + j, some) - mean) * scale, dp + j, some)
    return at.GO_ON


@instruction
def sparse_crossentropy(row: Int, frame: Int) -> int:
    """``log(sum(h)) - log(h[id])``, h is p held in [1e-7, 1 - 1e-7]: fields losses, ids (int64), p, rows, m."""
    out, ids, p, n, m = field(row, 1), field(row, 2), field(row, 3), size(row, 4, frame), field(row, 5)
    for i in range(n):
        begin = p + i * m * SIZE
        told = _held_at(begin + integer(ids + i * 8) * SIZE)
        put_float(_F(np.log(_held_sum(begin, m))) - _F(np.log(told)), out + i * SIZE)
    return at.GO_ON


@instruction
def sparse_crossentropy_slope(row: Int, frame: Int) -> int:
    """``dp = (1 / sum(h) - 1 / h[id] at id) * dloss``, 0 where p was held: fields dp, ids, p, dlosses, rows, m."""
    dp, ids, p, dloss = field(row, 1), field(row, 2), field(row, 3), field(row, 4)
    n, m = size(row, 5, frame), field(row, 6)
    for i in range(n):
        begin, scale = i * m * SIZE, float_at(dloss + i * SIZE)
        share = splat(scale / _held_sum(p + begin, m))
        for j in range(begin, begin + m * SIZE, LANES * SIZE):
            some = first(m - (j - begin) // SIZE)
            y = load(p + j, some)
            store(choose(inside(y), share, y - y), dp + j, some)
        here = begin + integer(ids + i * 8) * SIZE
        held, y = _held_at(p + here), float_at(p + here)
        if held == y:
            put_float(float_at(dp + here) - scale / held, dp + here)
    return at.GO_ON


@jit_inner
def inside(x: Any) -> Any:
    """The lanes where x is from 1e-7 to 1 - 1e-7; none where it is NaN."""
    return less_equal(splat(_EPSILON), choose(less_equal(x, splat(_HIGH)), x, splat(_ZERO)))


@jit_inner
def sum_of_row(row: Int, m: Int) -> Float:
    """The sum of m numbers."""
    sums = splat(_ZERO)
    for j in range(0, m, LANES):
        sums = sums + load(row + j * SIZE, first(m - j))
    return total(sums)


@jit_inner
def _held_sum(row: Int, m: Int) -> Float:
    sums = splat(_ZERO)
    for j in range(0, m, LANES):
        some = first(m - j)
        sums = sums + choose(some, within(load(row + j * SIZE, some), _EPSILON, _HIGH), splat(_ZERO))
    return total(sums)


@jit_inner
def _held_at(place: Int) -> Float:
    x = float_at(place)
    return _EPSILON if x < _EPSILON else _HIGH if x > _HIGH else x


@instruction
def divergence(row: Int, frame: Int) -> int:
    """``sum(t log(t / p))``, both held in [1e-7, 1], row by row: fields losses, t, p, rows, m."""
    out, t, p, n, m = field(row, 1), field(row, 2), field(row, 3), size(row, 4, frame), field(row, 5)
    for i in range(n):
        sums, begin = splat(_ZERO), i * m * SIZE
        for j in range(begin, begin + m * SIZE, LANES * SIZE):
            some = first(m - (j - begin) // SIZE)
            x, y = within(load(t + j, some), _EPSILON, _ONE), within(load(p + j, some), _EPSILON, _ONE)
            sums = sums + choose(some, x * log(x / y), splat(_ZERO))
        put_float(total(sums), out + i * SIZE)
    return at.GO_ON


@instruction
def divergence_slope(row: Int, frame: Int) -> int:
    """``dp = -t / p * dloss``, 0 where p was held: fields dp, t, p, dlosses, rows, m."""
    dp, t, p, dloss = field(row, 1), field(row, 2), field(row, 3), field(row, 4)
    n, m = size(row, 5, frame), field(row, 6)
    for i in range(n):
        scale, begin = splat(-float_at(dloss + i * SIZE)), i * m * SIZE
        for j in range(begin, begin + m * SIZE, LANES * SIZE):
            some = first(m - (j - begin) // SIZE)
            x, y = within(load(t + j, some), _EPSILON, _ONE), load(p + j, some)
            held = within(y, _EPSILON, _ONE)
            store(
                choose(
                    less_equal(y, held),
                    choose(less_equal(held, y), x / held * scale, splat(_ZERO)),
                    splat(_ZERO),
                ),
                dp + j,
                some,
            )
    return at.GO_ON


@instruction
def poisson(row: Int, frame: Int) -> int:
    """``mean(p - t log(p + 1e-7))`` row by row: fields losses, t, p, rows, m."""
    out, t, p, n, m = field(row, 1), field(row, 2), field(row, 3), size(row, 4, frame), field(row, 5)
    for i in range(n):
        sums, begin = splat(_ZERO), i * m * SIZE
        for j in range(begin, begin + m * SIZE, LANES * SIZE):
            some = first(m - (j - begin) // SIZE)
            y = load(p + j, some)
            sums = sums + choose(some, y - load(t + j, some) * log(y + splat(_EPSILON)), splat(_ZERO))
        put_float(total(sums) / _F(m), out + i * SIZE)
    return at.GO_ON


@instruction
def poisson_slope(row: Int, frame: Int) -> int:
    """``dp = (1 - t / (p + 1e-7)) / m * dloss``: fields dp, t, p, dlosses, rows, m."""
    dp, t, p, dloss = field(row, 1), field(row, 2), field(row, 3), field(row, 4)
    n, m = size(row, 5, frame), field(row, 6)
    for i in range(n):
        scale, begin = splat(float_at(dloss + i * SIZE) / _F(m)), i * m * SIZE
        for j in range(begin, begin + m * SIZE, LANES * SIZE):
            some = first(m - (j - begin) // SIZE)
            store(
                (splat(_ONE) - load(t + j, some) / (load(p + j, some) + splat(_EPSILON))) * scale,
                dp + j,
                some,
            )
    return at.GO_ON
