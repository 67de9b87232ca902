"""The steps of the optimizers over flat buffers, compiled: one pass over memory, where NumPy makes a dozen.

Every operation rounds as in the reference, so the results have the same bits. Ctrl-C cannot interrupt a compiled call,
so a step is never half done.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from minifit.kernels import reference_optimizers as reference
from minifit.kernels.jit_arrays import jit


@jit
def sgd_step(w: NDArray[Any], g: NDArray[Any], lr: float) -> None:
    """See `reference.sgd_step`."""
    rate = w.dtype.type(lr)
    for i in range(w.size):
        w[i] -= rate * g[i]


@jit
def momentum_step(
    w: NDArray[Any], g: NDArray[Any], v: NDArray[Any], lr: float, momentum: float, nesterov: bool
) -> None:
    """See `reference.momentum_step`."""
    rate, keep = w.dtype.type(lr), w.dtype.type(momentum)
    if nesterov:
        for i in range(w.size):
            step = rate * g[i]
            velocity = keep * v[i] - step
            v[i] = velocity
            w[i] += keep * velocity - step
    else:
        for i in range(w.size):
            velocity = keep * v[i] - rate * g[i]
            v[i] = velocity
            w[i] += velocity


@jit
def adam_step(
    w: NDArray[Any],
    g: NDArray[Any],
    m: NDArray[Any],
    v: NDArray[Any],
    lr: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
) -> None:
    """See `reference.adam_step`."""
    one, rate, small = w.dtype.type(1), w.dtype.type(lr), w.dtype.type(epsilon)
    keep_m, keep_v = w.dtype.type(beta_1), w.dtype.type(beta_2)
    take_m, take_v = one - keep_m, one - keep_v
    for i in range(w.size):
        mean = keep_m * m[i] + take_m * g[i]
        square = keep_v * v[i] + take_v * (g[i] * g[i])
        m[i] = mean
        v[i] = square
        w[i] -= rate * mean / (np.sqrt(square) + small)


@jit
def amsgrad_step(
    w: NDArray[Any],
    g: NDArray[Any],
    m: NDArray[Any],
    v: NDArray[Any],
    vhat: NDArray[Any],
    lr: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
) -> None:
    """See `reference.amsgrad_step`."""
    one, rate, small = w.dtype.type(1), w.dtype.type(lr), w.dtype.type(epsilon)
    keep_m, keep_v = w.dtype.type(beta_1), w.dtype.type(beta_2)
    take_m, take_v = one - keep_m, one - keep_v
    for i in range(w.size):
        mean = keep_m * m[i] + take_m * g[i]
        square = keep_v * v[i] + take_v * (g[i] * g[i])
        largest = vhat[i] if vhat[i] > square or np.isnan(vhat[i]) else square
        m[i] = mean
        v[i] = square
        vhat[i] = largest
        w[i] -= rate * mean / (np.sqrt(largest) + small)


@jit
def rmsprop_step(
    w: NDArray[Any],
    g: NDArray[Any],
    ms: NDArray[Any],
    mg: NDArray[Any] | None,
    lr: float,
    rho: float,
    epsilon: float,
) -> None:
    """See `reference.rmsprop_step`."""
    rate, small = w.dtype.type(lr), w.dtype.type(epsilon)
    keep, take = w.dtype.type(rho), w.dtype.type(1 - rho)
    for i in range(w.size):
        square = keep * ms[i] + take * (g[i] * g[i])
        ms[i] = square
        if mg is not None:
            mean = keep * mg[i] + take * g[i]
            mg[i] = mean
            square -= mean * mean
            square = w.dtype.type(0) if square < 0 else square
        w[i] -= rate * g[i] / (np.sqrt(square) + small)


@jit
def rmsprop_momentum_step(
    w: NDArray[Any],
    g: NDArray[Any],
    ms: NDArray[Any],
    mg: NDArray[Any] | None,
    velocity: NDArray[Any],
    lr: float,
    rho: float,
    momentum: float,
    epsilon: float,
) -> None:
    """See `reference.rmsprop_momentum_step`."""
    rate, small, drive = w.dtype.type(lr), w.dtype.type(epsilon), w.dtype.type(momentum)
    keep, take = w.dtype.type(rho), w.dtype.type(1 - rho)
    for i in range(w.size):
        square = keep * ms[i] + take * (g[i] * g[i])
        ms[i] = square
        if mg is not None:
            mean = keep * mg[i] + take * g[i]
            mg[i] = mean
            square -= mean * mean
            square = w.dtype.type(0) if square < 0 else square
        change = drive * velocity[i] + rate * g[i] / np.sqrt(square + small)
        velocity[i] = change
        w[i] -= change


@jit
def adagrad_step(
    w: NDArray[Any], g: NDArray[Any], accumulator: NDArray[Any], lr: float, epsilon: float
) -> None:
    """See `reference.adagrad_step`."""
    rate, small = w.dtype.type(lr), w.dtype.type(epsilon)
    for i in range(w.size):
        total = accumulator[i] + g[i] * g[i]
        accumulator[i] = total
        w[i] -= rate * g[i] / (np.sqrt(total) + small)


@jit
def adadelta_step(
    w: NDArray[Any],
    g: NDArray[Any],
    accum_grad: NDArray[Any],
    accum_var: NDArray[Any],
    lr: float,
    rho: float,
    epsilon: float,
) -> None:
    """See `reference.adadelta_step`."""
    one, rate, small, keep = w.dtype.type(1), w.dtype.type(lr), w.dtype.type(epsilon), w.dtype.type(rho)
    take = one - keep
    for i in range(w.size):
        square = keep * accum_grad[i] + take * (g[i] * g[i])
        step = np.sqrt(accum_var[i] + small) * (one / np.sqrt(square + small)) * g[i]
        accum_grad[i] = square
        accum_var[i] = keep * accum_var[i] + take * (step * step)
        w[i] -= rate * step


@jit
def adamax_step(
    w: NDArray[Any],
    g: NDArray[Any],
    m: NDArray[Any],
    v: NDArray[Any],
    lr: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
) -> None:
    """See `reference.adamax_step`."""
    rate, small, keep = w.dtype.type(lr), w.dtype.type(epsilon), w.dtype.type(beta_2)
    take = w.dtype.type(1) - w.dtype.type(beta_1)
    for i in range(w.size):
        mean = m[i] + take * (g[i] - m[i])
        old, size = keep * v[i], abs(g[i])
        largest = old if old > size or np.isnan(old) else size
        m[i] = mean
        v[i] = largest
        w[i] -= rate * (mean / (largest + small))


@jit
def nadam_step(
    w: NDArray[Any],
    g: NDArray[Any],
    m: NDArray[Any],
    v: NDArray[Any],
    lr: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
    mu: float,
    next_mu: float,
    product: float,
    next_product: float,
    power: float,
) -> None:
    """See `reference.nadam_step`."""
    one, rate, small = w.dtype.type(1), w.dtype.type(lr), w.dtype.type(epsilon)
    keep_m, keep_v = w.dtype.type(beta_1), w.dtype.type(beta_2)
    take_m, take_v = one - keep_m, one - keep_v
    share_g, share_m = one - w.dtype.type(mu), w.dtype.type(next_mu)
    known_g, known_m = one - w.dtype.type(product), one - w.dtype.type(next_product)
    known_v = one - w.dtype.type(power)
    for i in range(w.size):
        mean = keep_m * m[i] + take_m * g[i]
        square = keep_v * v[i] + take_v * (g[i] * g[i])
        ahead = share_g * (g[i] / known_g) + share_m * (mean / known_m)
        m[i] = mean
        v[i] = square
        w[i] -= rate * ahead / (np.sqrt(square / known_v) + small)


def ftrl_step(
    w: NDArray[Any],
    g: NDArray[Any],
    accumulator: NDArray[Any],
    linear: NDArray[Any],
    lr: float,
    lr_power: float,
    l1: float,
    l2: float,
    l2_shrinkage: float,
) -> None:
    """See `reference.ftrl_step`."""
    if lr_power == -0.5:
        _ftrl_of_roots(w, g, accumulator, linear, lr, l1, l2, l2_shrinkage)
    # Numba rounds other powers differently
    else:
        reference.ftrl_step(w, g, accumulator, linear, lr, lr_power, l1, l2, l2_shrinkage)


@jit
def _ftrl_of_roots(
    w: NDArray[Any],
    g: NDArray[Any],
    accumulator: NDArray[Any],
    linear: NDArray[Any],
    lr: float,
    l1: float,
    l2: float,
    l2_shrinkage: float,
) -> None:
    two, rate, bound = w.dtype.type(2), w.dtype.type(lr), w.dtype.type(l1)
    ridge, shrink = two * w.dtype.type(l2), two * w.dtype.type(l2_shrinkage)
    for i in range(w.size):
        total = accumulator[i] + g[i] * g[i]
        old, root = np.sqrt(accumulator[i]), np.sqrt(total)
        pull = g[i] + shrink * w[i] if l2_shrinkage else g[i]
        sums = linear[i] + (pull - (root - old) / rate * w[i])
        accumulator[i] = total
        linear[i] = sums
        w[i] = (min(max(sums, -bound), bound) - sums) / (root / rate + ridge)


@jit
def weight_decay_step(w: NDArray[Any], rate: float) -> None:
    """See `reference.weight_decay_step`."""
    share = w.dtype.type(rate)
    for i in range(w.size):
        w[i] -= share * w[i]
