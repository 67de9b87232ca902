"""Instructions of optimizers: an update of all weights in one contiguous buffer.

The first fields are the memory that changes: the weights, then the slots. The gradients, their count and the learning
rates of all steps of the call come next, then settings. The formulas are those of `reference_optimizers`.
"""

import numpy as np

from minifit.kernels import program as at
from minifit.kernels.compiled_vectors import LANES, SIZE, Float, Int, first, load, splat, store
from minifit.kernels.driver import double_at, field, real, size, step
from minifit.kernels.jit import instruction, jit_inner

_F = np.float32


@jit_inner
def rate_of(place: Int, frame: Int) -> Float:
    """Return the learning rate of this step from the place of all rates (float64)."""
    return double_at(place + step(frame) * 8)


@jit_inner
def running(place: Int, x: Float, keep: Float, take: Float, some: Int) -> Float:
    """Update a running mean to ``keep * mean + take * x``, and return it."""
    mean = keep * load(place, some) + take * x
    store(mean, place, some)
    return mean


@instruction
def sgd(row: Int, frame: Int) -> int:
    """``w -= rate * g``: fields w, g, count, rates."""
    w, g, n = field(row, 1), field(row, 2), size(row, 3, frame)
    rates = splat(_F(rate_of(field(row, 4), frame)))
    for i in range(0, n * SIZE, LANES * SIZE):
        some = first(n - i // SIZE)
        store(load(w + i, some) - rates * load(g + i, some), w + i, some)
    return at.GO_ON


@instruction
def momentum(row: Int, frame: Int) -> int:
    """``v = momentum * v - rate * g; w += v``, with nesterov ``w += momentum * v - rate * g``.

    Fields: w, v, g, count, rates, momentum, 1 for nesterov.
    """
    w, v, g, n = field(row, 1), field(row, 2), field(row, 3), size(row, 4, frame)
    rates, keep = splat(_F(rate_of(field(row, 5), frame))), splat(_F(real(row, 6)))
    nesterov = field(row, 7) != 0
    for i in range(0, n * SIZE, LANES * SIZE):
        some = first(n - i // SIZE)
        move = rates * load(g + i, some)
        velocity = keep * load(v + i, some) - move
        store(velocity, v + i, some)
        store(load(w + i, some) + (keep * velocity - move if nesterov else velocity), w + i, some)
    return at.GO_ON


@instruction
def shrink_weights(row: Int, frame: Int) -> int:
    """``w -= rate * decay * w``, weight decay: fields w, w, count, rates, decay."""
    w, n = field(row, 1), size(row, 3, frame)
    shares = splat(_F(rate_of(field(row, 4), frame) * real(row, 5)))
    for i in range(0, n * SIZE, LANES * SIZE):
        some = first(n - i // SIZE)
        old = load(w + i, some)
        store(old - shares * old, w + i, some)
    return at.GO_ON
