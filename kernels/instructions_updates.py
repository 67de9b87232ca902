"""Instructions of optimizers: an update of all weights that lie side by side."""

import numpy as np

from minifit.kernels import program as at
from minifit.kernels.compiled_vectors import LANES, SIZE, Float, Int, first, integer, load, root, splat, store
from minifit.kernels.driver import double_at, field, real, size, step
from minifit.kernels.jit import instruction, jit_inner

_F = np.float32
_ONE = _F(1)


@jit_inner
def rate_of(place: Int, frame: Int) -> Float:
    """The learning rate of this step, of those (float64) that lie in a place."""
    return _F(double_at(place + step(frame) * 8))


@instruction
def sgd(row: Int, frame: Int) -> int:
    """``w -= rate * g``: fields w, g, count, rates."""
    w, g, n = field(row, 1), field(row, 2), size(row, 3, frame)
    rates = splat(rate_of(field(row, 4), frame))
    for i in range(0, n * SIZE, LANES * SIZE):
        some = first(n - i // SIZE)
        store(load(w + i, some) - rates * load(g + i, some), w + i, some)
    return at.GO_ON


@instruction
def momentum(row: Int, frame: Int) -> int:
    """``v = momentum * v - rate * g; w += v``, with nesterov ``w += momentum * v - rate * g``.

    Fields: w, v, g, count, rates, momentum, nesterov or not.
    """
    w, v, g, n = field(row, 1), field(row, 2), field(row, 3), size(row, 4, frame)
    rates, keep = splat(rate_of(field(row, 5), frame)), splat(_F(real(row, 6)))
    nesterov = field(row, 7) != 0
    for i in range(0, n * SIZE, LANES * SIZE):
        some = first(n - i // SIZE)
        move = rates * load(g + i, some)
        velocity = keep * load(v + i, some) - move
        store(velocity, v + i, some)
        store(load(w + i, some) + (keep * velocity - move if nesterov else velocity), w + i, some)
    return at.GO_ON


@instruction
def adam(row: Int, frame: Int) -> int:
    """``m = beta_1 m + (1 - beta_1) g``, v likewise of g²; ``w -= rate m / (sqrt(v) + epsilon)``.

    Fields: w, m, v, g, count, rates, iterations (int64), beta_1, beta_2, epsilon.
    """
    w, m, v, g, n = field(row, 1), field(row, 2), field(row, 3), field(row, 4), size(row, 5, frame)
    beta_1, beta_2 = _F(real(row, 8)), _F(real(row, 9))
    # the means begin at zero; dividing by 1 - beta ** t makes up for it, in float32 as in TensorFlow
    t = _F(integer(field(row, 7)) + 1)
    rate = rate_of(field(row, 6), frame) * np.sqrt(_ONE - beta_2**t) / (_ONE - beta_1**t)
    rates, keep_m, keep_v, small = splat(_F(rate)), splat(beta_1), splat(beta_2), splat(_F(real(row, 10)))
    take_m, take_v = splat(_ONE) - keep_m, splat(_ONE) - keep_v
    for i in range(0, n * SIZE, LANES * SIZE):
        some = first(n - i // SIZE)
        slope = load(g + i, some)
        mean = keep_m * load(m + i, some) + take_m * slope
        square = keep_v * load(v + i, some) + take_v * (slope * slope)
        store(mean, m + i, some)
        store(square, v + i, some)
        store(load(w + i, some) - rates * mean / (root(square) + small), w + i, some)
    return at.GO_ON
