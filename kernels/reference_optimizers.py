"""One step of each optimizer, in place, over flat buffers: weights `w`, gradients `g` and slots.

All arrays have shape (n_weights,), all other arguments are Python floats. The arithmetic is that of
tf.keras 2.7. Here a Ctrl-C may arrive between any two calls into NumPy. So the new values are computed
first, then the slots are set, and last `w` is changed by one call over the whole array: weights are never
half updated.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def sgd_step(w: NDArray[Any], g: NDArray[Any], lr: float) -> None:
    """w -= lr * g"""
    w -= lr * g


def momentum_step(
    w: NDArray[Any], g: NDArray[Any], v: NDArray[Any], lr: float, momentum: float, nesterov: bool
) -> None:
    """v = momentum * v - lr * g;  w += v, or with `nesterov` w += momentum * v - lr * g

    References
    ----------
    Sutskever et al., "On the importance of initialization and momentum in deep learning", 2013.
    """
    step = lr * g
    velocity = momentum * v
    velocity -= step
    change = momentum * velocity - step if nesterov else velocity
    np.copyto(v, velocity)
    w += change


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
    """m = beta_1 m + (1 - beta_1) g;  v = beta_2 v + (1 - beta_2) g²;  w -= lr m / (sqrt(v) + epsilon)

    `lr` is the rate of this step with the bias correction in it: lr sqrt(1 - beta_2^t) / (1 - beta_1^t).

    References
    ----------
    Kingma and Ba, "Adam: a method for stochastic optimization", 2015, the formula just before section 2.1.
    """
    mean = beta_1 * m
    mean += (1 - beta_1) * g
    square = g * g
    square *= 1 - beta_2
    square += beta_2 * v
    root = np.sqrt(square)
    root += epsilon
    change = lr * mean
    change /= root
    np.copyto(m, mean)
    np.copyto(v, square)
    w -= change


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
    """As `adam_step`, with the largest v so far in the place of v:  vhat = max(vhat, v)

    References
    ----------
    Reddi, Kale and Kumar, "On the convergence of Adam and beyond", 2018.
    """
    mean = beta_1 * m
    mean += (1 - beta_1) * g
    square = g * g
    square *= 1 - beta_2
    square += beta_2 * v
    largest = np.maximum(vhat, square)
    root = np.sqrt(largest)
    root += epsilon
    change = lr * mean
    change /= root
    np.copyto(m, mean)
    np.copyto(v, square)
    np.copyto(vhat, largest)
    w -= change


def rmsprop_step(
    w: NDArray[Any],
    g: NDArray[Any],
    ms: NDArray[Any],
    mg: NDArray[Any] | None,
    lr: float,
    rho: float,
    epsilon: float,
) -> None:
    """ms = rho ms + (1 - rho) g²;  w -= lr g / (sqrt(ms) + epsilon)

    With `mg`, the running mean of the gradient: mg = rho mg + (1 - rho) g, and sqrt(ms - mg²) divides.

    References
    ----------
    Tieleman and Hinton, "Neural networks for machine learning", lecture 6.5, 2012.
    """
    square, mean = _running_means(g, ms, mg, rho)
    root = np.sqrt(square if mean is None else square - mean * mean)
    root += epsilon
    change = lr * g
    change /= root
    _keep(ms, square, mg, mean)
    w -= change


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
    """As `rmsprop_step`, but velocity = momentum velocity + lr g / sqrt(ms + epsilon);  w -= velocity"""
    square, mean = _running_means(g, ms, mg, rho)
    root = square + epsilon if mean is None else square - mean * mean + epsilon
    np.sqrt(root, out=root)
    change = momentum * velocity
    change += lr * g / root
    _keep(ms, square, mg, mean)
    np.copyto(velocity, change)
    w -= change


def _running_means(
    g: NDArray[Any], ms: NDArray[Any], mg: NDArray[Any] | None, rho: float
) -> tuple[NDArray[Any], NDArray[Any] | None]:
    square = g * g
    square *= 1 - rho
    square += rho * ms
    return square, None if mg is None else rho * mg + (1 - rho) * g


def _keep(ms: NDArray[Any], square: NDArray[Any], mg: NDArray[Any] | None, mean: NDArray[Any] | None) -> None:
    np.copyto(ms, square)
    if mg is not None and mean is not None:
        np.copyto(mg, mean)


def weight_decay_step(w: NDArray[Any], rate: float) -> None:
    """w -= rate * w"""
    w -= rate * w
