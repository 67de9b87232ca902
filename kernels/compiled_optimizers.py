"""The steps of the optimizers over flat buffers, compiled: one pass over memory, where NumPy makes a dozen.

The roundings are those of the reference, one by one, so that the results are the same bits. No Ctrl-C can
arrive inside a compiled call: a step is done or not done.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from minifit.kernels.jit import jit


@jit
def sgd_step(w: NDArray[Any], g: NDArray[Any], lr: float) -> None:
    """As `reference.sgd_step`."""
    rate = w.dtype.type(lr)
    for i in range(w.size):
        w[i] -= rate * g[i]


@jit
def momentum_step(
    w: NDArray[Any], g: NDArray[Any], v: NDArray[Any], lr: float, momentum: float, nesterov: bool
) -> None:
    """As `reference.momentum_step`."""
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
    """As `reference.adam_step`."""
    rate, small = w.dtype.type(lr), w.dtype.type(epsilon)
    keep_m, take_m = w.dtype.type(beta_1), w.dtype.type(1 - beta_1)
    keep_v, take_v = w.dtype.type(beta_2), w.dtype.type(1 - beta_2)
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
    """As `reference.amsgrad_step`."""
    rate, small = w.dtype.type(lr), w.dtype.type(epsilon)
    keep_m, take_m = w.dtype.type(beta_1), w.dtype.type(1 - beta_1)
    keep_v, take_v = w.dtype.type(beta_2), w.dtype.type(1 - beta_2)
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
    """As `reference.rmsprop_step`."""
    rate, small = w.dtype.type(lr), w.dtype.type(epsilon)
    keep, take = w.dtype.type(rho), w.dtype.type(1 - rho)
    for i in range(w.size):
        square = keep * ms[i] + take * (g[i] * g[i])
        ms[i] = square
        if mg is not None:
            mean = keep * mg[i] + take * g[i]
            mg[i] = mean
            square -= mean * mean
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
    """As `reference.rmsprop_momentum_step`."""
    rate, small, drive = w.dtype.type(lr), w.dtype.type(epsilon), w.dtype.type(momentum)
    keep, take = w.dtype.type(rho), w.dtype.type(1 - rho)
    for i in range(w.size):
        square = keep * ms[i] + take * (g[i] * g[i])
        ms[i] = square
        if mg is not None:
            mean = keep * mg[i] + take * g[i]
            mg[i] = mean
            square -= mean * mean
        change = drive * velocity[i] + rate * g[i] / np.sqrt(square + small)
        velocity[i] = change
        w[i] -= change


@jit
def weight_decay_step(w: NDArray[Any], rate: float) -> None:
    """As `reference.weight_decay_step`."""
    share = w.dtype.type(rate)
    for i in range(w.size):
        w[i] -= share * w[i]
