"""Instructions of optimizers that scale each weight's step by its gradients: fields as in `instructions_updates`."""

import numpy as np

from minifit.kernels import program as at
from minifit.kernels.compiled_functions import larger
from minifit.kernels.compiled_vectors import (
    LANES,
    SIZE,
    Float,
    Int,
    first,
    float_at,
    load,
    put_float,
    root,
    splat,
    store,
)
from minifit.kernels.driver import field, real, size
from minifit.kernels.instructions_updates import rate_of, running
from minifit.kernels.jit import instruction, jit_inner

_F = np.float32
_ZERO, _ONE, _TWO = _F(0), _F(1), _F(2)


@instruction
def rmsprop(row: Int, frame: Int) -> int:
    """``ms = rho ms + (1 - rho) g²;  w -= rate g / (sqrt(ms) + epsilon)``.

    Fields: w, ms, g, count, rates, rho, epsilon.
    """
    w, ms, g, n = field(row, 1), field(row, 2), field(row, 3), size(row, 4, frame)
    rates, small = splat(_F(rate_of(field(row, 5), frame))), splat(_F(real(row, 7)))
    keep, take = splat(_F(real(row, 6))), splat(_F(1 - real(row, 6)))
    for i in range(0, n * SIZE, LANES * SIZE):
        some = first(n - i // SIZE)
        slope = load(g + i, some)
        square = running(ms + i, slope * slope, keep, take, some)
        store(load(w + i, some) - rates * slope / (root(square) + small), w + i, some)
    return at.GO_ON


@instruction
def rmsprop_centered(row: Int, frame: Int) -> int:
    """`rmsprop` with ``ms - mg²`` in place of ms, and ``mg = rho mg + (1 - rho) g``.

    Fields: w, ms, mg, g, count, rates, rho, epsilon.
    """
    w, ms, mg, g, n = field(row, 1), field(row, 2), field(row, 3), field(row, 4), size(row, 5, frame)
    rates, small = splat(_F(rate_of(field(row, 6), frame))), splat(_F(real(row, 8)))
    keep, take = splat(_F(real(row, 7))), splat(_F(1 - real(row, 7)))
    for i in range(0, n * SIZE, LANES * SIZE):
        some = first(n - i // SIZE)
        slope = load(g + i, some)
        square = running(ms + i, slope * slope, keep, take, some)
        mean = running(mg + i, slope, keep, take, some)
        store(
            load(w + i, some) - rates * slope / (root(larger(square - mean * mean, splat(_ZERO))) + small),
            w + i,
            some,
        )
    return at.GO_ON


@instruction
def rmsprop_momentum(row: Int, frame: Int) -> int:
    """`rmsprop` with momentum: ``v = momentum v + rate g / sqrt(ms + epsilon);  w -= v``.

    Fields: w, ms, v, g, count, rates, rho, epsilon, momentum.
    """
    w, ms, v, g, n = field(row, 1), field(row, 2), field(row, 3), field(row, 4), size(row, 5, frame)
    rates, small = splat(_F(rate_of(field(row, 6), frame))), splat(_F(real(row, 8)))
    keep, take, drive = splat(_F(real(row, 7))), splat(_F(1 - real(row, 7))), splat(_F(real(row, 9)))
    for i in range(0, n * SIZE, LANES * SIZE):
        some = first(n - i // SIZE)
        slope = load(g + i, some)
        square = running(ms + i, slope * slope, keep, take, some)
        velocity = drive * load(v + i, some) + rates * slope / root(square + small)
        store(velocity, v + i, some)
        store(load(w + i, some) - velocity, w + i, some)
    return at.GO_ON


@instruction
def rmsprop_momentum_centered(row: Int, frame: Int) -> int:
    """`rmsprop_momentum` with ``ms - mg²`` in place of ms.

    Fields: w, ms, v, mg, g, count, rates, rho, epsilon, momentum.
    """
    w, ms, v, mg, g = field(row, 1), field(row, 2), field(row, 3), field(row, 4), field(row, 5)
    n, rates, small = size(row, 6, frame), splat(_F(rate_of(field(row, 7), frame))), splat(_F(real(row, 9)))
    keep, take, drive = splat(_F(real(row, 8))), splat(_F(1 - real(row, 8))), splat(_F(real(row, 10)))
    for i in range(0, n * SIZE, LANES * SIZE):
        some = first(n - i // SIZE)
        slope = load(g + i, some)
        square = running(ms + i, slope * slope, keep, take, some)
        mean = running(mg + i, slope, keep, take, some)
        velocity = drive * load(v + i, some) + rates * slope / root(
            larger(square - mean * mean, splat(_ZERO)) + small
        )
        store(velocity, v + i, some)
        store(load(w + i, some) - velocity, w + i, some)
    return at.GO_ON


@instruction
def adagrad(row: Int, frame: Int) -> int:
    """``sums += g²;  w -= rate g / (sqrt(sums) + epsilon)``: fields w, sums, g, count, rates, epsilon."""
    w, sums, g, n = field(row, 1), field(row, 2), field(row, 3), size(row, 4, frame)
    rates, small = splat(_F(rate_of(field(row, 5), frame))), splat(_F(real(row, 6)))
    for i in range(0, n * SIZE, LANES * SIZE):
        some = first(n - i // SIZE)
        slope = load(g + i, some)
        accumulated = load(sums + i, some) + slope * slope
        store(accumulated, sums + i, some)
        store(load(w + i, some) - rates * slope / (root(accumulated) + small), w + i, some)
    return at.GO_ON


@instruction
def adadelta(row: Int, frame: Int) -> int:
    """``s = sqrt(moved + epsilon) / sqrt(square + epsilon) g;  w -= rate s``, with running means of s² and g².

    Fields: w, the mean of g², the mean of s², g, count, rates, rho, epsilon.
    """
    w, squares, moves, g, n = field(row, 1), field(row, 2), field(row, 3), field(row, 4), size(row, 5, frame)
    rates, keep = splat(_F(rate_of(field(row, 6), frame))), splat(_F(real(row, 7)))
    take, small, one = splat(_ONE) - keep, splat(_F(real(row, 8))), splat(_ONE)
    for i in range(0, n * SIZE, LANES * SIZE):
        some = first(n - i // SIZE)
        slope = load(g + i, some)
        square = running(squares + i, slope * slope, keep, take, some)
        move = root(load(moves + i, some) + small) * (one / root(square + small)) * slope
        running(moves + i, move * move, keep, take, some)
        store(load(w + i, some) - rates * move, w + i, some)
    return at.GO_ON


@instruction
def ftrl(row: Int, frame: Int) -> int:
    """Follow the regularized leader, one number at a time: see `reference.ftrl_step`.

    Fields: w, accumulator, linear, g, count, rates, power, l1, l2, l2_shrinkage, beta.
    """
    w, sums, linear, g, n = field(row, 1), field(row, 2), field(row, 3), field(row, 4), size(row, 5, frame)
    step = rate_of(field(row, 6), frame)
    rate, power, bound = _F(step), _F(-real(row, 7)), _F(real(row, 8))
    ridge, shrink = _TWO * _F(real(row, 9) + real(row, 11) / (2 * step)), _TWO * _F(real(row, 10))
    for i in range(0, n * SIZE, SIZE):
        slope, weight, old = float_at(g + i), float_at(w + i), float_at(sums + i)
        total = old + slope * slope
        after, before = _power(total, power), _power(old, power)
        pull = slope + shrink * weight if shrink != 0 else slope
        pulled = float_at(linear + i) + (pull - (after - before) / rate * weight)
        put_float(total, sums + i)
        put_float(pulled, linear + i)
        put_float((min(max(pulled, -bound), bound) - pulled) / (after / rate + ridge), w + i)
    return at.GO_ON


@jit_inner
def _power(x: Float, power: Float) -> Float:
    return np.sqrt(x) if power == _F(0.5) else x**power
