"""Instructions of optimizers: Adam and its variants. The fields are as in `instructions_updates`."""

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
    integer,
    load,
    magnitude,
    put_float,
    root,
    splat,
    store,
)
from minifit.kernels.driver import field, real, size
from minifit.kernels.instructions_updates import rate_of, running
from minifit.kernels.jit import instruction, jit_inner

_F = np.float32
_HALF, _ONE = _F(0.5), _F(1)


@jit_inner
def _rate_by_means(rates: Int, iterations: Int, beta_1: Float, beta_2: Float, frame: Int) -> Float:
    """Return the rate of this step with Adam's bias correction, in float32 as in TensorFlow."""
    t = _F(integer(iterations) + 1)
    return _F(_F(rate_of(rates, frame)) * np.sqrt(_ONE - beta_2**t) / (_ONE - beta_1**t))


@instruction
def adam(row: Int, frame: Int) -> int:
    """``m = beta_1 m + (1 - beta_1) g``, v likewise of g²; ``w -= rate m / (sqrt(v) + epsilon)``.

    Fields: w, m, v, g, count, rates, iterations (int64), beta_1, beta_2, epsilon.
    """
    w, m, v, g, n = field(row, 1), field(row, 2), field(row, 3), field(row, 4), size(row, 5, frame)
    beta_1, beta_2 = _F(real(row, 8)), _F(real(row, 9))
    rates = splat(_rate_by_means(field(row, 6), field(row, 7), beta_1, beta_2, frame))
    keep_m, keep_v, small = splat(beta_1), splat(beta_2), splat(_F(real(row, 10)))
    take_m, take_v = splat(_ONE) - keep_m, splat(_ONE) - keep_v
    for i in range(0, n * SIZE, LANES * SIZE):
        some = first(n - i // SIZE)
        slope = load(g + i, some)
        mean = running(m + i, slope, keep_m, take_m, some)
        square = running(v + i, slope * slope, keep_v, take_v, some)
        store(load(w + i, some) - rates * mean / (root(square) + small), w + i, some)
    return at.GO_ON


@instruction
def amsgrad(row: Int, frame: Int) -> int:
    """`adam` with the largest v so far in place of v.

    Fields: w, m, v, vhat, g, count, rates, iterations (int64), beta_1, beta_2, epsilon.
    """
    w, m, v, vhat, g = field(row, 1), field(row, 2), field(row, 3), field(row, 4), field(row, 5)
    n, beta_1, beta_2 = size(row, 6, frame), _F(real(row, 9)), _F(real(row, 10))
    rates = splat(_rate_by_means(field(row, 7), field(row, 8), beta_1, beta_2, frame))
    keep_m, keep_v, small = splat(beta_1), splat(beta_2), splat(_F(real(row, 11)))
    take_m, take_v = splat(_ONE) - keep_m, splat(_ONE) - keep_v
    for i in range(0, n * SIZE, LANES * SIZE):
        some = first(n - i // SIZE)
        slope = load(g + i, some)
        mean = running(m + i, slope, keep_m, take_m, some)
        square = running(v + i, slope * slope, keep_v, take_v, some)
        largest = larger(load(vhat + i, some), square)
        store(largest, vhat + i, some)
        store(load(w + i, some) - rates * mean / (root(largest) + small), w + i, some)
    return at.GO_ON


@instruction
def adamax(row: Int, frame: Int) -> int:
    """``m += (1 - beta_1) (g - m);  v = max(beta_2 v, |g|);  w -= rate m / (v + epsilon)``.

    Fields: w, m, v, g, count, rates, iterations (int64), beta_1, beta_2, epsilon.
    """
    w, m, v, g, n = field(row, 1), field(row, 2), field(row, 3), field(row, 4), size(row, 5, frame)
    beta_1 = _F(real(row, 8))
    t = _F(integer(field(row, 7)) + 1)
    rates = splat(_F(_F(rate_of(field(row, 6), frame)) / (_ONE - beta_1**t)))
    take, keep, small = splat(_ONE - beta_1), splat(_F(real(row, 9))), splat(_F(real(row, 10)))
    for i in range(0, n * SIZE, LANES * SIZE):
        some = first(n - i // SIZE)
        slope, old = load(g + i, some), load(m + i, some)
        mean = old + take * (slope - old)
        largest = larger(keep * load(v + i, some), magnitude(slope))
        store(mean, m + i, some)
        store(largest, v + i, some)
        store(load(w + i, some) - rates * (mean / (largest + small)), w + i, some)
    return at.GO_ON


@instruction
def nadam_momenta(row: Int, frame: Int) -> int:
    """Compute five numbers for a step of `nadam`.

    They are the momentum of this step and of the next, the products of all momenta up to each, and ``beta_2 ** t``.
    Fields: the five numbers, the product of all momenta so far (all float32), the same product as an input, iterations
    (int64), beta_1, beta_2, schedule_decay.
    """
    t = _F(integer(field(row, 4)) + 1)
    now, following = _momentum(row, t), _momentum(row, t + _ONE)
    product = float_at(field(row, 3)) * now
    put_float(product, field(row, 2))
    out = field(row, 1)
    put_float(now, out)
    put_float(following, out + SIZE)
    put_float(product, out + 2 * SIZE)
    put_float(product * following, out + 3 * SIZE)
    put_float(_F(real(row, 6)) ** t, out + 4 * SIZE)
    return at.GO_ON


@jit_inner
def _momentum(row: Int, t: Float) -> Float:
    return _F(real(row, 5)) * (_ONE - _HALF * _F(0.96) ** (_F(real(row, 7)) * t))


@instruction
def nadam(row: Int, frame: Int) -> int:
    """Adam with the momentum of the next step: see `reference.nadam_step`.

    Fields: w, m, v, g, count, rates, the five numbers of `nadam_momenta`, beta_1, beta_2, epsilon.
    """
    w, m, v, g, n = field(row, 1), field(row, 2), field(row, 3), field(row, 4), size(row, 5, frame)
    rates, momenta = splat(_F(rate_of(field(row, 6), frame))), field(row, 7)
    keep_m, keep_v, small = splat(_F(real(row, 8))), splat(_F(real(row, 9))), splat(_F(real(row, 10)))
    take_m, take_v = splat(_ONE) - keep_m, splat(_ONE) - keep_v
    share_g, share_m = splat(_ONE - float_at(momenta)), splat(float_at(momenta + SIZE))
    known_g, known_m = splat(_ONE - float_at(momenta + 2 * SIZE)), splat(_ONE - float_at(momenta + 3 * SIZE))
    known_v = splat(_ONE - float_at(momenta + 4 * SIZE))
    for i in range(0, n * SIZE, LANES * SIZE):
        some = first(n - i // SIZE)
        slope = load(g + i, some)
        mean = running(m + i, slope, keep_m, take_m, some)
        square = running(v + i, slope * slope, keep_v, take_v, some)
        ahead = share_g * (slope / known_g) + share_m * (mean / known_m)
        store(load(w + i, some) - rates * ahead / (root(square / known_v) + small), w + i, some)
    return at.GO_ON
