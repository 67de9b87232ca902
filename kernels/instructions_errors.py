"""Instructions of losses that are means of bent errors, value by value: see `instructions_losses` for their form."""

import numpy as np

from minifit.kernels import program as at
from minifit.kernels.compiled_functions import at_least, log, log1p_exp, sign_of, tanh, within
from minifit.kernels.compiled_vectors import (
    LANES,
    SIZE,
    Int,
    choose,
    first,
    float_at,
    less,
    less_equal,
    load,
    put_float,
    size_of,
    splat,
    store,
    total,
)
from minifit.kernels.driver import field, real, size
from minifit.kernels.jit import instruction

_F = np.float32
_ZERO, _ONE, _LOG_2 = _F(0), _F(1), _F(np.log(2))
_EPSILON = _F(1e-7)


@instruction
def percentage_error(row: Int, frame: Int) -> int:
    """``100 * mean(|(t - p) / max(|t|, 1e-7)|)`` row by row: fields losses, t, p, rows, m."""
    out, t, p, n, m = field(row, 1), field(row, 2), field(row, 3), size(row, 4, frame), field(row, 5)
    for i in range(n):
        sums, begin = splat(_ZERO), i * m * SIZE
        for j in range(begin, begin + m * SIZE, LANES * SIZE):
            some = first(m - (j - begin) // SIZE)
            target = load(t + j, some)
            sums = sums + size_of((target - load(p + j, some)) / at_least(size_of(target), _EPSILON))
        put_float(total(sums) / _F(m) * _F(100), out + i * SIZE)
    return at.GO_ON


@instruction
def percentage_error_slope(row: Int, frame: Int) -> int:
    """``dp = 100 sign(p - t) / max(|t|, 1e-7) / m * dloss``: fields dp, t, p, dlosses, rows, m."""
    dp, t, p, dloss = field(row, 1), field(row, 2), field(row, 3), field(row, 4)
    n, m = size(row, 5, frame), field(row, 6)
    for i in range(n):
        scale, begin = splat(float_at(dloss + i * SIZE) * _F(100) / _F(m)), i * m * SIZE
        for j in range(begin, begin + m * SIZE, LANES * SIZE):
            some = first(m - (j - begin) // SIZE)
            target = load(t + j, some)
            held = at_least(size_of(target), _EPSILON)
            store(sign_of((load(p + j, some) - target) / held) / held * scale, dp + j, some)
    return at.GO_ON


@instruction
def logarithmic_error(row: Int, frame: Int) -> int:
    """``mean((log(p + 1) - log(t + 1)) ** 2)``, each at least 1e-7, row by row: fields losses, t, p, rows, m."""
    out, t, p, n, m = field(row, 1), field(row, 2), field(row, 3), size(row, 4, frame), field(row, 5)
    one = splat(_ONE)
    for i in range(n):
        sums, begin = splat(_ZERO), i * m * SIZE
        for j in range(begin, begin + m * SIZE, LANES * SIZE):
            some = first(m - (j - begin) // SIZE)
            x, y = at_least(load(t + j, some), _EPSILON), at_least(load(p + j, some), _EPSILON)
            error = log(y + one) - log(x + one)
            sums = sums + error * error
        put_float(total(sums) / _F(m), out + i * SIZE)
    return at.GO_ON


@instruction
def logarithmic_error_slope(row: Int, frame: Int) -> int:
    """``dp = 2 (log(p + 1) - log(t + 1)) / (p + 1) / m * dloss``: fields dp, t, p, dlosses, rows, m.

    0 where p was held.
    """
    dp, t, p, dloss = field(row, 1), field(row, 2), field(row, 3), field(row, 4)
    n, m = size(row, 5, frame), field(row, 6)
    one = splat(_ONE)
    for i in range(n):
        scale, begin = splat(float_at(dloss + i * SIZE) * _F(2) / _F(m)), i * m * SIZE
        for j in range(begin, begin + m * SIZE, LANES * SIZE):
            some = first(m - (j - begin) // SIZE)
            x, y = at_least(load(t + j, some), _EPSILON), load(p + j, some)
            held = at_least(y, _EPSILON) + one
            change = (log(held) - log(x + one)) / held * scale
            store(choose(less_equal(splat(_EPSILON), y), change, splat(_ZERO)), dp + j, some)
    return at.GO_ON


@instruction
def huber(row: Int, frame: Int) -> int:
    """``mean(b * (|p - t| - b / 2))`` with b = min(|p - t|, delta), row by row: fields losses, t, p, rows, m, delta."""
    out, t, p, n, m = field(row, 1), field(row, 2), field(row, 3), size(row, 4, frame), field(row, 5)
    delta, half = splat(_F(real(row, 6))), splat(_F(0.5))
    for i in range(n):
        sums, begin = splat(_ZERO), i * m * SIZE
        for j in range(begin, begin + m * SIZE, LANES * SIZE):
            some = first(m - (j - begin) // SIZE)
            error = size_of(load(p + j, some) - load(t + j, some))
            bent = choose(less(delta, error), delta, error)
            sums = sums + bent * (error - bent * half)
        put_float(total(sums) / _F(m), out + i * SIZE)
    return at.GO_ON


@instruction
def huber_slope(row: Int, frame: Int) -> int:
    """``dp = (p - t held in [-delta, delta]) / m * dloss``: fields dp, t, p, dlosses, rows, m, delta."""
    dp, t, p, dloss = field(row, 1), field(row, 2), field(row, 3), field(row, 4)
    n, m = size(row, 5, frame), field(row, 6)
    delta = _F(real(row, 7))
    for i in range(n):
        scale, begin = splat(float_at(dloss + i * SIZE) / _F(m)), i * m * SIZE
        for j in range(begin, begin + m * SIZE, LANES * SIZE):
            some = first(m - (j - begin) // SIZE)
            error = load(p + j, some) - load(t + j, some)
            store(within(error, -delta, delta) * scale, dp + j, some)
    return at.GO_ON


@instruction
def log_cosh(row: Int, frame: Int) -> int:
    """``mean(e + log(1 + exp(-2 e)) - log(2))`` with e = p - t, row by row: fields losses, t, p, rows, m."""
    out, t, p, n, m = field(row, 1), field(row, 2), field(row, 3), size(row, 4, frame), field(row, 5)
    nothing = splat(_ZERO)
    for i in range(n):
        sums, begin = splat(_ZERO), i * m * SIZE
        for j in range(begin, begin + m * SIZE, LANES * SIZE):
            some = first(m - (j - begin) // SIZE)
            error = load(p + j, some) - load(t + j, some)
            twice = nothing - error - error
            bent = choose(less(nothing, twice), twice, nothing) + log1p_exp(nothing - size_of(twice))
            sums = sums + choose(some, error + bent - splat(_LOG_2), nothing)
        put_float(total(sums) / _F(m), out + i * SIZE)
    return at.GO_ON


@instruction
def log_cosh_slope(row: Int, frame: Int) -> int:
    """``dp = tanh(p - t) / m * dloss``: fields dp, t, p, dlosses, rows, m."""
    dp, t, p, dloss = field(row, 1), field(row, 2), field(row, 3), field(row, 4)
    n, m = size(row, 5, frame), field(row, 6)
    for i in range(n):
        scale, begin = splat(float_at(dloss + i * SIZE) / _F(m)), i * m * SIZE
        for j in range(begin, begin + m * SIZE, LANES * SIZE):
            some = first(m - (j - begin) // SIZE)
            store(tanh(load(p + j, some) - load(t + j, some)) * scale, dp + j, some)
    return at.GO_ON
