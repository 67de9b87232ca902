"""Ops of losses: one value per sample, the mean over the last axis or the sum over the classes."""

from collections.abc import Callable
from typing import Any

import numpy as np

from minifit.arrays import Array, Shape, common_shape, whole_numbers
from minifit.errors import DataError, ShapeError
from minifit.kernels.reference_losses import log_odds, log_shares, log_softmax
from minifit.ops.layers import rows_of
from minifit.ops.shaping import broadcast_to
from minifit.symbolic import on_symbols
from minifit.tensor import (
    Tensor,
    TensorLike,
    current,
    floating,
    to_array,
)


@on_symbols
def mean_squared_error(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return ``mean((y_pred - y_true) ** 2)`` over the last axis."""
    k = current().kernels
    return _loss(k.squared_error_forward, k.squared_error_backward, y_true, floating(y_pred), None)


@on_symbols
def mean_absolute_error(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return ``mean(abs(y_pred - y_true))`` over the last axis."""
    k = current().kernels
    return _loss(k.absolute_error_forward, k.absolute_error_backward, y_true, floating(y_pred), None)


@on_symbols
def binary_crossentropy(y_true: TensorLike, y_pred: TensorLike, from_logits: bool = False) -> Tensor:
    """Return ``-mean(t log p + (1 - t) log(1 - p))`` over the last axis, computed from the logits if `p` has them."""
    k, p = current().kernels, floating(y_pred)
    logits = p if from_logits else p.logits
    if logits is None:
        return _loss(k.binary_crossentropy_forward, k.binary_crossentropy_backward, y_true, p, log_odds)
    return _loss(
        k.binary_crossentropy_logits_forward,
        k.binary_crossentropy_logits_backward,
        y_true,
        logits,
        lambda z: z / z.shape[1],
    )


@on_symbols
def categorical_crossentropy(y_true: TensorLike, y_pred: TensorLike, from_logits: bool = False) -> Tensor:
    """Return ``-sum(t log p)`` over the last axis, computed from the logits if `p` has them."""
    k, p = current().kernels, floating(y_pred)
    logits = p if from_logits else p.logits
    if logits is None:
        return _loss(
            k.categorical_crossentropy_forward, k.categorical_crossentropy_backward, y_true, p, log_shares
        )
    probabilities = _probabilities(p, logits)

    def backward(t: Array, _: Array, dloss: Array, dz: Array) -> None:
        k.categorical_crossentropy_logits_backward(t, probabilities, dloss, dz)

    return _loss(k.categorical_crossentropy_logits_forward, backward, y_true, logits, log_softmax)


@on_symbols
def sparse_categorical_crossentropy(
    y_true: TensorLike, y_pred: TensorLike, from_logits: bool = False
) -> Tensor:
    """Return ``-log p[y_true]`` for targets that are class numbers of shape (...) or (..., 1).

    Raises
    ------
    DataError
        When a class number is negative or not below the number of classes.
    """
    context, p = current(), floating(y_pred)
    logits = p if from_logits else p.logits
    source = p if logits is None else logits
    rows = rows_of(source.value)
    ids = _class_ids(y_true, source.shape)
    loss = context.take(ids.shape, source.dtype)
    k = context.kernels
    if logits is None:
        bad = k.sparse_categorical_crossentropy_forward(ids, rows, loss)
    else:
        bad = k.sparse_categorical_crossentropy_logits_forward(ids, rows, loss)
    if bad >= 0:
        raise DataError.no_class(ids[bad], bad * source.shape[0] // len(rows), "the batch", rows.shape[1])

    def rule(dloss: Array) -> tuple[Array]:
        dx = context.take(rows.shape, source.dtype)
        if logits is None:
            k.sparse_categorical_crossentropy_backward(ids, rows, dloss.reshape(-1), dx)
        else:
            probabilities = _probabilities(p, logits)
            k.sparse_categorical_crossentropy_logits_backward(ids, probabilities, dloss.reshape(-1), dx)
        return (dx.reshape(source.shape),)

    return context.result(loss.reshape(source.shape[:-1]), rule, source)


def _loss(
    forward: Callable[[Array, Array, Array], Any],
    backward: Callable[[Array, Array, Array, Array], Any],
    y_true: TensorLike,
    y_pred: Tensor,
    target_slope: Callable[[Array], Array] | None,
) -> Tensor:
    """Compute a loss with one value per sample from its two kernels.

    Targets may have a gradient too, which is minus `target_slope` of the predictions in rows. None means that the loss
    depends only on the difference of targets and predictions.
    """
    context = current()
    source = y_true if isinstance(y_true, Tensor) and context.follows(y_true) else None
    if source is not None and target_slope is None:
        y_pred, y_true, source = y_pred - source, 0.0, None
    target = to_array(y_true)
    if target.shape != y_pred.value.shape:
        target, y_pred = _broadcast_pair(target, y_pred)
        source = None if source is None else broadcast_to(source, target.shape)
    shape = y_pred.value.shape
    p = rows_of(y_pred.value)
    t = rows_of(target if target.dtype == p.dtype else target.astype(p.dtype))
    loss = context.take((p.shape[0],), p.dtype)
    forward(t, p, loss)

    def rule(dloss: Array) -> tuple[Array, ...]:
        dp = context.take(p.shape, p.dtype)
        backward(t, p, dloss.reshape(-1), dp)
        if source is None or target_slope is None:
            return (dp.reshape(shape),)
        dt = target_slope(p) * -dloss.reshape(-1, 1)
        return dp.reshape(shape), dt.reshape(source.shape)

    parents = (y_pred,) if source is None else (y_pred, source)
    return context.result(loss.reshape(shape[:-1]), rule, *parents)


def _broadcast_pair(target: Array, y_pred: Tensor) -> tuple[Array, Tensor]:
    shape = common_shape(target.shape, y_pred.shape)
    return np.broadcast_to(target, shape), broadcast_to(y_pred, shape)


def _class_ids(y_true: TensorLike, shape: Shape) -> Array:
    """Return class numbers as a flat int64 array, one for each row of predictions of this shape."""
    ids = to_array(y_true)
    if ids.ndim == len(shape) and ids.shape[-1:] == (1,):
        ids = ids[..., 0]
    if ids.shape != shape[:-1]:
        raise ShapeError(
            "Sparse targets are one class number a sample, of shape (n,) or (n, 1). "
            f"Received: targets of shape {ids.shape} for predictions of shape {shape}. "
            "For one-hot targets use categorical_crossentropy."
        )
    whole, odd = whole_numbers(ids.reshape(-1))
    if odd >= 0:
        raise DataError.no_class(ids.reshape(-1)[odd], odd * len(ids) // ids.size, "the batch", shape[-1])
    return whole


def _probabilities(p: Tensor, logits: Tensor) -> Array:
    """Return softmax(logits) in rows; `p` already holds it when a softmax made `p`."""
    if getattr(p, "of_softmax", False):
        return rows_of(p.value)
    context, rows = current(), rows_of(logits.value)
    probabilities = context.take(rows.shape, rows.dtype)
    context.kernels.softmax_forward(rows, probabilities)
    return probabilities


@on_symbols
def weighted_mean(values: Tensor, weights: Array | None, count: float) -> Tensor:
    """Return ``sum(values * weights) / count``, which reduces the losses of a batch to one number."""
    context, v = current(), values.value
    weights = None if weights is None else weights.astype(v.dtype, copy=False)
    weighted = v if weights is None else v * weights
    total = np.add.reduce(weighted, axis=None) / v.dtype.type(count)

    def rule(dtotal: Array) -> tuple[Array]:
        dv = context.take(v.shape, v.dtype)
        if weights is None:
            dv.fill(dtotal / count)
        else:
            np.multiply(weights, dtotal / v.dtype.type(count), out=dv)
        return (dv,)

    return context.result(total, rule, values)


@on_symbols
def penalty(w: Tensor, l1: float, l2: float) -> Tensor:
    """Return ``l1 * sum(abs(w)) + l2 * sum(w ** 2)``, the penalty of a regularizer."""
    w = floating(w)
    v = w.value
    total = 0.0
    if l1:
        total += l1 * float(np.abs(v).sum())
    if l2:
        total += l2 * float(np.square(v).sum())

    def rule(dtotal: Array) -> tuple[Array]:
        dw = np.sign(v) * v.dtype.type(l1) if l1 else np.zeros_like(v)
        if l2:
            dw += v * v.dtype.type(2 * l2)
        return (dw * dtotal,)

    return current().result(np.asarray(total, v.dtype), rule, w)
