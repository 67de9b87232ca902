"""One step of each optimizer, in place, over flat buffers: weights `w`, gradients `g` and slots.

All arrays have shape (n_weights,); all other arguments are Python floats. The arithmetic is that of tf.keras 2.7.
Ctrl-C may arrive between any two calls into NumPy. Each step therefore computes the new values first, then sets the
slots, and last changes `w` in one call over the whole array, so that weights are never half updated.
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
    one = w.dtype.type(1)
    mean = beta_1 * m
    mean += (one - w.dtype.type(beta_1)) * g
    square = g * g
    square *= one - w.dtype.type(beta_2)
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
    """See `adam_step`, with the largest v so far in place of v:  vhat = max(vhat, v)

    References
    ----------
    Reddi, Kale and Kumar, "On the convergence of Adam and beyond", 2018.
    """
    one = w.dtype.type(1)
    mean = beta_1 * m
    mean += (one - w.dtype.type(beta_1)) * g
    square = g * g
    square *= one - w.dtype.type(beta_2)
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
    root = np.sqrt(square if mean is None else _variance(square, mean))
    root += epsilon
    change = lr * g
    change /= root
    _set_means(ms, square, mg, mean)
    w -= change


def _variance(square: NDArray[Any], mean: NDArray[Any]) -> NDArray[Any]:
    """Return a mean square minus the square of the mean; at least 0, since rounding may make it negative."""
    return np.maximum(square - mean * mean, 0)  # type: ignore[no-any-return]


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
    """See `rmsprop_step`, but velocity = momentum velocity + lr g / sqrt(ms + epsilon);  w -= velocity"""
    square, mean = _running_means(g, ms, mg, rho)
    root = (square if mean is None else _variance(square, mean)) + epsilon
    np.sqrt(root, out=root)
    change = momentum * velocity
    change += lr * g / root
    _set_means(ms, square, mg, mean)
    np.copyto(velocity, change)
    w -= change


def _running_means(
    g: NDArray[Any], ms: NDArray[Any], mg: NDArray[Any] | None, rho: float
) -> tuple[NDArray[Any], NDArray[Any] | None]:
    square = g * g
    square *= 1 - rho
    square += rho * ms
    return square, None if mg is None else rho * mg + (1 - rho) * g


def _set_means(
    ms: NDArray[Any], square: NDArray[Any], mg: NDArray[Any] | None, mean: NDArray[Any] | None
) -> None:
    np.copyto(ms, square)
    if mg is not None and mean is not None:
        np.copyto(mg, mean)


def adagrad_step(
    w: NDArray[Any], g: NDArray[Any], accumulator: NDArray[Any], lr: float, epsilon: float
) -> None:
    """accumulator += g²;  w -= lr g / (sqrt(accumulator) + epsilon)

    References
    ----------
    Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning and stochastic optimization", 2011.
    """
    total = g * g
    total += accumulator
    root = np.sqrt(total)
    root += epsilon
    change = lr * g
    change /= root
    np.copyto(accumulator, total)
    w -= change


def adadelta_step(
    w: NDArray[Any],
    g: NDArray[Any],
    accum_grad: NDArray[Any],
    accum_var: NDArray[Any],
    lr: float,
    rho: float,
    epsilon: float,
) -> None:
    """s = sqrt(accum_var + epsilon) / sqrt(accum_grad + epsilon) g;  w -= lr s

    with accum_grad = rho accum_grad + (1 - rho) g² before, and accum_var = rho accum_var + (1 - rho) s² after.

    References
    ----------
    Zeiler, "ADADELTA: an adaptive learning rate method", 2012.
    """
    take = 1 - w.dtype.type(rho)
    square = g * g
    square *= take
    square += rho * accum_grad
    step = np.sqrt(accum_var + epsilon)
    step *= 1 / np.sqrt(square + epsilon)
    step *= g
    moved = step * step
    moved *= take
    moved += rho * accum_var
    step *= lr
    np.copyto(accum_grad, square)
    np.copyto(accum_var, moved)
    w -= step


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
    """m += (1 - beta_1) (g - m);  v = max(beta_2 v, |g|);  w -= lr m / (v + epsilon)

    `lr` is the rate of this step with the bias correction in it: lr / (1 - beta_1^t).

    References
    ----------
    Kingma and Ba, "Adam: a method for stochastic optimization", 2015, section 7.1.
    """
    mean = g - m
    mean *= 1 - w.dtype.type(beta_1)
    mean += m
    largest = np.maximum(beta_2 * v, np.abs(g))
    change = mean / (largest + epsilon)
    change *= lr
    np.copyto(m, mean)
    np.copyto(v, largest)
    w -= change


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
    """m = beta_1 m + (1 - beta_1) g;  v = beta_2 v + (1 - beta_2) g²;  w -= lr b / (sqrt(v / (1 - power)) + epsilon)

    with b = (1 - mu) g / (1 - product) + next_mu m / (1 - next_product). `mu` and `next_mu` are the momenta of
    this step and the next, the products are those of all momenta up to each, `power` is beta_2^t.

    References
    ----------
    Dozat, "Incorporating Nesterov momentum into Adam", 2016.
    """
    one = w.dtype.type(1)
    mean = beta_1 * m
    mean += (one - w.dtype.type(beta_1)) * g
    square = g * g
    square *= one - w.dtype.type(beta_2)
    square += beta_2 * v
    root = np.sqrt(square / (one - w.dtype.type(power)))
    root += epsilon
    change = g / (one - w.dtype.type(product))
    change *= one - w.dtype.type(mu)
    change += next_mu * (mean / (one - w.dtype.type(next_product)))
    change *= lr
    change /= root
    np.copyto(m, mean)
    np.copyto(v, square)
    w -= change


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
    """w = (clip(linear, -l1, l1) - linear) / (r / lr + 2 l2)

    with r = (accumulator + g²)^(-lr_power), r' the same before g² is added to the accumulator, and
    linear += g + 2 l2_shrinkage w - (r - r') / lr w  before.

    References
    ----------
    McMahan et al., "Ad click prediction: a view from the trenches", 2013, algorithm 1.
    """
    total = g * g
    total += accumulator
    root, before = _ftrl_root(total, lr_power), _ftrl_root(accumulator, lr_power)
    pull = g + 2 * w.dtype.type(l2_shrinkage) * w if l2_shrinkage else g
    sums = root - before
    sums /= lr
    sums *= w
    np.subtract(pull, sums, out=sums)
    sums += linear
    target = np.clip(sums, -l1, l1)
    target -= sums
    root /= lr
    root += 2 * w.dtype.type(l2)
    target /= root
    np.copyto(accumulator, total)
    np.copyto(linear, sums)
    np.copyto(w, target)


def _ftrl_root(total: NDArray[Any], lr_power: float) -> NDArray[Any]:
    root: NDArray[Any] = np.sqrt(total) if lr_power == -0.5 else np.power(total, total.dtype.type(-lr_power))
    return root


def weight_decay_step(w: NDArray[Any], rate: float) -> None:
    """w -= rate * w"""
    w -= rate * w
