"""The losses: one value per sample, and the gradient with respect to the predictions.

`t` are the targets and `p` the predictions, of shape (n, m); `z` are logits, the predictions before softmax or sigmoid.
A forward kernel writes `loss`, of shape (n,). Its backward kernel receives `dloss`, of shape (n,), the gradient with
respect to `loss`, and writes `dp` or `dz`, of shape (n, m). The definitions are those of tf.keras 2.7.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from minifit.kernels.reference_dense import activation_forward

# probabilities are clipped to [EPSILON, 1 - EPSILON] before their logarithm is taken
EPSILON = 1e-7


def squared_error_forward(t: NDArray[Any], p: NDArray[Any], loss: NDArray[Any]) -> None:
    """loss = mean((p - t)²)"""
    error = p - t
    error *= error
    _mean(error, loss)


def squared_error_backward(t: NDArray[Any], p: NDArray[Any], dloss: NDArray[Any], dp: NDArray[Any]) -> None:
    """dp = dloss * 2 (p - t) / m"""
    np.subtract(p, t, out=dp)
    dp *= (dloss * (2 / p.shape[1]))[:, None]


def absolute_error_forward(t: NDArray[Any], p: NDArray[Any], loss: NDArray[Any]) -> None:
    """loss = mean(|p - t|)"""
    error = p - t
    np.abs(error, out=error)
    _mean(error, loss)


def absolute_error_backward(t: NDArray[Any], p: NDArray[Any], dloss: NDArray[Any], dp: NDArray[Any]) -> None:
    """dp = dloss * sign(p - t) / m, where sign(0) = 0"""
    np.subtract(p, t, out=dp)
    np.sign(dp, out=dp)
    dp *= (dloss / p.shape[1])[:, None]


def categorical_crossentropy_forward(t: NDArray[Any], p: NDArray[Any], loss: NDArray[Any]) -> None:
    """q = p / sum(p), clipped to [epsilon, 1 - epsilon];  loss = -sum(t log q)"""
    q = p / np.add.reduce(p, axis=1, keepdims=True)
    log = np.log(_clip(q))
    log *= t
    np.negative(np.add.reduce(log, axis=1), out=loss)


def categorical_crossentropy_backward(
    t: NDArray[Any], p: NDArray[Any], dloss: NDArray[Any], dp: NDArray[Any]
) -> None:
    """dq = -t / q, 0 where q was clipped;  dp = dloss * (dq - sum(dq q)) / sum(p)"""
    total = np.add.reduce(p, axis=1, keepdims=True)
    q = p / total
    clipped = _clip(q)
    dq = -t / clipped
    dq *= clipped == q
    np.subtract(dq, np.add.reduce(dq * q, axis=1, keepdims=True), out=dp)
    dp *= dloss[:, None] / total


def categorical_crossentropy_logits_forward(t: NDArray[Any], z: NDArray[Any], loss: NDArray[Any]) -> None:
    """loss = -sum(t log(softmax(z)))"""
    log = log_softmax(z)
    log *= t
    np.negative(np.add.reduce(log, axis=1), out=loss)


def categorical_crossentropy_logits_backward(
    t: NDArray[Any], p: NDArray[Any], dloss: NDArray[Any], dz: NDArray[Any]
) -> None:
    """dz = dloss * (p sum(t) - t), where p = softmax(z)"""
    np.multiply(p, np.add.reduce(t, axis=1, keepdims=True), out=dz)
    dz -= t
    dz *= dloss[:, None]


def sparse_categorical_crossentropy_forward(
    ids: NDArray[np.int64], p: NDArray[Any], loss: NDArray[Any]
) -> int:
    """loss = log(sum(h)) - log h[id], where h is p clipped to [epsilon, 1 - epsilon]

    Parameters
    ----------
    ids : array of int64, shape (n,), the class of each sample
    p : array of shape (n, m)
    loss : array of shape (n,), written

    Returns
    -------
    int
        The first row whose id is outside [0, m), or -1. The loss of such a row is NaN.
    """
    clipped = _clip(p)
    picked, first = _pick(clipped, ids)
    np.subtract(np.log(np.add.reduce(clipped, axis=1)), np.log(picked), out=loss)
    return first


def sparse_categorical_crossentropy_backward(
    ids: NDArray[np.int64], p: NDArray[Any], dloss: NDArray[Any], dp: NDArray[Any]
) -> None:
    """dp = dloss * (1 / sum(h) - 1 / h[id] at id), 0 where p was clipped

    A row whose id is outside [0, m) becomes NaN.
    """
    clipped = _clip(p)
    dp[...] = (1 / np.add.reduce(clipped, axis=1))[:, None]
    _add_at(dp, ids, -1 / _pick(clipped, ids)[0])
    dp *= dloss[:, None]
    dp *= clipped == p


def sparse_categorical_crossentropy_logits_forward(
    ids: NDArray[np.int64], z: NDArray[Any], loss: NDArray[Any]
) -> int:
    """loss = -log(softmax(z))[id]

    Returns
    -------
    int
        The first row whose id is outside [0, m), or -1. The loss of such a row is NaN.
    """
    log, first = _pick(log_softmax(z), ids)
    np.negative(log, out=loss)
    return first


def sparse_categorical_crossentropy_logits_backward(
    ids: NDArray[np.int64], p: NDArray[Any], dloss: NDArray[Any], dz: NDArray[Any]
) -> None:
    """dz = dloss * (p - 1 at id), where p = softmax(z)

    A row whose id is outside [0, m) becomes NaN.
    """
    np.copyto(dz, p)
    _add_at(dz, ids, np.full_like(dloss, -1))
    dz *= dloss[:, None]


def binary_crossentropy_forward(t: NDArray[Any], p: NDArray[Any], loss: NDArray[Any]) -> None:
    """p clipped to [epsilon, 1 - epsilon];  loss = -mean(t log(p + epsilon) + (1 - t) log(1 - p + epsilon))"""
    p = _clip(p)
    entropy = t * np.log(p + EPSILON)
    entropy += (1 - t) * np.log(1 - p + EPSILON)
    _mean(entropy, loss)
    np.negative(loss, out=loss)


def binary_crossentropy_backward(
    t: NDArray[Any], p: NDArray[Any], dloss: NDArray[Any], dp: NDArray[Any]
) -> None:
    """dp = dloss * ((1 - t) / (1 - p + epsilon) - t / (p + epsilon)) / m, 0 where p was clipped"""
    clipped = _clip(p)
    np.divide(1 - t, 1 - clipped + EPSILON, out=dp)
    dp -= t / (clipped + EPSILON)
    dp *= clipped == p
    dp *= (dloss / p.shape[1])[:, None]


def binary_crossentropy_logits_forward(t: NDArray[Any], z: NDArray[Any], loss: NDArray[Any]) -> None:
    """loss = mean(max(z, 0) - z t + log(1 + exp(-|z|)))"""
    # -t log(sigmoid(z)) - (1 - t) log(1 - sigmoid(z)), rearranged so that exp never overflows
    entropy = np.abs(z)
    np.negative(entropy, out=entropy)
    np.exp(entropy, out=entropy)
    np.log1p(entropy, out=entropy)
    entropy += np.maximum(z, 0)
    entropy -= z * t
    _mean(entropy, loss)


def binary_crossentropy_logits_backward(
    t: NDArray[Any], z: NDArray[Any], dloss: NDArray[Any], dz: NDArray[Any]
) -> None:
    """dz = dloss * (sigmoid(z) - t) / m"""
    activation_forward(z, "sigmoid", dz)
    dz -= t
    dz *= (dloss / z.shape[1])[:, None]


def _mean(values: NDArray[Any], out: NDArray[Any]) -> None:
    """Compute the mean of each row, as np.mean does, without its four microseconds of preparation."""
    np.add.reduce(values, axis=1, out=out)
    out /= values.shape[1]


def _clip(p: NDArray[Any]) -> NDArray[Any]:
    """Return `p` clipped to [epsilon, 1 - epsilon]; NaN stays NaN."""
    clipped: NDArray[Any] = np.maximum(p, EPSILON)
    np.minimum(clipped, 1 - EPSILON, out=clipped)
    return clipped


def log_softmax(z: NDArray[Any]) -> NDArray[Any]:
    """Return log(exp(z) / sum(exp(z))) of each row, with the largest z at 0 so that exp does not overflow."""
    log: NDArray[Any] = z - np.maximum.reduce(z, axis=1, keepdims=True)
    log -= np.log(np.add.reduce(np.exp(log), axis=1, keepdims=True))
    return log


def _pick(values: NDArray[Any], ids: NDArray[np.int64]) -> tuple[NDArray[Any], int]:
    """Return values[i, ids[i]] of each row i, NaN for an id out of range; and the first such row, or -1."""
    n, m = values.shape
    inside = (ids >= 0) & (ids < m)
    if inside.all():
        return values[np.arange(n), ids], -1
    picked = np.full(n, np.nan, values.dtype)
    rows = np.flatnonzero(inside)
    picked[rows] = values[rows, ids[rows]]
    return picked, int(inside.argmin())


def _add_at(values: NDArray[Any], ids: NDArray[np.int64], change: NDArray[Any]) -> None:
    """Add change[i] to values[i, ids[i]] in each row i; a row whose id is out of range becomes NaN."""
    inside = (ids >= 0) & (ids < values.shape[1])
    if inside.all():
        values[np.arange(len(ids)), ids] += change
        return
    rows = np.flatnonzero(inside)
    values[rows, ids[rows]] += change[rows]
    values[~inside] = np.nan


def log_odds(p: NDArray[Any]) -> NDArray[Any]:
    """Return log(p / (1 - p)) / m, minus the gradient of the binary cross-entropy with respect to its targets."""
    clipped = _clip(p)
    odds: NDArray[Any] = np.log(clipped + EPSILON) - np.log(1 - clipped + EPSILON)
    odds /= p.shape[1]
    return odds


def log_shares(p: NDArray[Any]) -> NDArray[Any]:
    """Return log(p / sum(p)), minus the gradient of the categorical cross-entropy with respect to its targets."""
    logs: NDArray[Any] = np.log(_clip(p / np.add.reduce(p, axis=1, keepdims=True)))
    return logs
