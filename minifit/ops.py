"""The functions of tensors, each beside its gradient rule.

Layers, losses and metrics are written in these, and so are a user's own; nobody who uses them has to write a
gradient by hand. The hot ones are coarse: a dense layer with its activation is one op, softmax with
cross-entropy is one op, so that the tape has few entries and each does its work in one kernel.
"""

import builtins
from collections.abc import Callable, Sequence
from itertools import pairwise
from operator import index
from typing import Any, SupportsIndex

import numpy as np

from minifit.arrays import Array, Shape, common_shape, whole_numbers
from minifit.checks import entries, whole
from minifit.errors import ArgumentTypeError, DataError, ShapeError
from minifit.kernels.reference_losses import log_odds, log_shares, log_softmax
from minifit.tensor import (
    Axis,
    Tensor,
    TensorLike,
    alike,
    as_tensor,
    convert,
    current,
    floating,
    on_symbols,
    to_array,
    unbroadcast,
)

__all__ = [
    "abs",
    "absolute",
    "activation",
    "argmax",
    "binary_crossentropy",
    "broadcast_to",
    "cast",
    "categorical_crossentropy",
    "clip",
    "concatenate",
    "dense",
    "dropout",
    "equal",
    "exp",
    "expand_dims",
    "gather",
    "log",
    "matmul",
    "max",
    "maximum",
    "mean",
    "mean_absolute_error",
    "mean_squared_error",
    "min",
    "minimum",
    "normalize",
    "one_hot",
    "ones_like",
    "penalty",
    "power",
    "random_normal",
    "random_uniform",
    "relu",
    "reshape",
    "shape",
    "sigmoid",
    "softmax",
    "sparse_categorical_crossentropy",
    "split",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "stop_gradient",
    "sum",
    "tanh",
    "tile",
    "transpose",
    "unstack",
    "weighted_mean",
    "where",
    "zeros_like",
]


# -- layers --------------------------------------------------------------------------------------------------


@on_symbols
def dense(x: Tensor, w: Tensor, b: Tensor | None, activation: str = "linear") -> Tensor:
    """``activation(x @ w + b)`` as one op.

    Parameters
    ----------
    x : Tensor of shape (..., n_in)
    w : Tensor of shape (n_in, n_out)
    b : Tensor of shape (n_out,), or None for no bias
    activation : {"linear", "relu", "sigmoid", "tanh"}

    Returns
    -------
    Tensor of shape (..., n_out)
    """
    here, x = current(), convert(floating(x), w.dtype)
    rows, weights, offset = x.value, w.value, None if b is None else b.value
    if rows.ndim != 2:
        rows = rows.reshape(-1, rows.shape[-1])
    bias = (weights.shape[-1],) if offset is None else offset.shape
    if weights.ndim != 2 or rows.shape[1] != weights.shape[0] or bias != weights.shape[1:]:
        raise ShapeError(
            "A dense op needs inputs of shape (..., n_in), weights of shape (n_in, n_out) and a bias of (n_out,). "
            f"Received: shapes {x.shape}, {weights.shape} and {None if b is None else bias}. Change one of them."
        )
    y = here.take((rows.shape[0], weights.shape[1]), weights.dtype)
    here.kernels.dense_forward(rows, weights, offset, activation, y)

    def rule(dy: Array) -> tuple[Array | None, ...]:
        # d(x @ w) = dz @ w.T for x and x.T @ dz for w; the kernel finds dz from y, activation by activation
        dz = None if activation == "linear" else here.take(y.shape, y.dtype)
        dx = here.take(rows.shape, y.dtype) if x.requires_grad else None
        dw = w.target() if w.requires_grad else None
        db = b.target() if b is not None and b.requires_grad else None
        here.kernels.dense_backward(rows, weights, y, dy.reshape(y.shape), activation, dz, dx, dw, db)
        return (None if dx is None else dx.reshape(x.shape), dw, db)[: 2 if b is None else 3]

    shaped = y if x.value.ndim == 2 else y.reshape(*x.shape[:-1], weights.shape[1])
    return here.result(shaped, rule, x, w) if b is None else here.result(shaped, rule, x, w, b)


@on_symbols
def activation(x: Tensor, name: str) -> Tensor:
    """One of the activations whose gradient is known from their output: "relu", "sigmoid", "tanh"."""
    here, x = current(), floating(x)
    y = here.take(x.shape, x.dtype)
    here.kernels.activation_forward(x.value, name, y)

    def rule(dy: Array) -> tuple[Array]:
        dx = here.take(y.shape, y.dtype)
        here.kernels.activation_backward(y, dy, name, dx)
        return (dx,)

    return here.result(y, rule, x)


@on_symbols
def relu(x: TensorLike) -> Tensor:
    """``max(x, 0)``; its gradient at 0 is 0."""
    return activation(as_tensor(x), "relu")


@on_symbols
def tanh(x: TensorLike) -> Tensor:
    """The hyperbolic tangent."""
    return activation(as_tensor(x), "tanh")


@on_symbols
def sigmoid(x: TensorLike) -> Tensor:
    """``1 / (1 + exp(-x))``. Remembers x, so that cross-entropy can be computed from it."""
    x = floating(x)
    y = activation(x, "sigmoid")
    y.logits = x
    return y


@on_symbols
def softmax(x: TensorLike) -> Tensor:
    """``exp(x) / sum(exp(x))`` over the last axis. Remembers x, so that cross-entropy can be computed from it."""
    x = floating(x)
    here = current()
    rows = _rows(x.value)
    y = here.take(rows.shape, x.dtype)
    here.kernels.softmax_forward(rows, y)

    def rule(dy: Array) -> tuple[Array]:
        dx = here.take(rows.shape, x.dtype)
        here.kernels.softmax_backward(y, _rows(dy), dx)
        return (dx.reshape(x.shape),)

    made = here.result(y.reshape(x.shape), rule, x)
    made.logits = x
    return made


@on_symbols
def dropout(x: Tensor, rate: float, rng: np.random.Generator, noise_shape: Shape | None = None) -> Tensor:
    """Each value set to 0 with probability `rate`, the others divided by ``1 - rate``."""
    x = floating(x)
    mask = rng.random(noise_shape or x.shape, dtype=np.float32) >= np.float32(rate)
    scale = (mask / np.float32(1 - rate)).astype(x.dtype) if rate < 1 else mask.astype(x.dtype)
    return current().result(x.value * scale, lambda dy: (dy * scale,), x)


@on_symbols
def gather(table: Tensor, ids: Array) -> Tensor:
    """The rows of a table by their numbers: shapes (rows, size) and (n, ...) give (n, ..., size)."""
    rows = table.value

    def rule(dy: Array) -> tuple[Array]:
        dtable = table.target()
        dtable.fill(0)
        flat = ids.reshape(-1)
        if flat.size:  # sum what belongs to one row, sorted so that each row is a stretch
            order = np.argsort(flat, kind="stable")
            ordered = flat[order]
            starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
            dtable[ordered[starts]] = np.add.reduceat(dy.reshape(flat.size, -1)[order], starts)
        return (dtable,)

    return current().result(rows[ids], rule, table)


@on_symbols
def normalize(
    x: Tensor,
    mean: Array,
    variance: Array,
    gamma: Tensor | None,
    beta: Tensor | None,
    epsilon: float,
    axes: tuple[int, ...] | None = None,
) -> Tensor:
    """``gamma * (x - mean) / sqrt(variance + epsilon) + beta`` as one op.

    Parameters
    ----------
    x : Tensor
    mean, variance : array that broadcasts to `x`
    gamma, beta : Tensor that broadcasts to `x`, or None for 1 and 0
    epsilon : float
    axes : tuple of int, optional
        The axes of `x` over which `mean` and `variance` were taken, so that the gradient goes through them
        too; None when they are constants.
    """
    x = floating(x)
    inverse = np.asarray(1 / np.sqrt(variance + x.dtype.type(epsilon)), x.dtype)
    normal = (x.value - mean) * inverse
    y = normal if gamma is None else normal * gamma.value
    parents = [x, *(p for p in (gamma, beta) if p is not None)]

    def rule(dy: Array) -> list[Array | None]:
        dx = None
        if x.requires_grad:
            dx = dy if gamma is None else dy * gamma.value
            if axes is not None:  # every value moves the mean and the variance of all
                along = (dx * normal).mean(axes, keepdims=True)
                dx = dx - dx.mean(axes, keepdims=True) - normal * along
            dx = dx * inverse
        grads: list[Array | None] = [dx]
        if gamma is not None:
            grads.append(unbroadcast(dy * normal, gamma.shape) if gamma.requires_grad else None)
        if beta is not None:
            grads.append(unbroadcast(dy, beta.shape) if beta.requires_grad else None)
        return grads

    return current().result(y if beta is None else y + beta.value, rule, *parents)


# -- losses: one value a sample, the mean (or the sum over classes) of the last axis -------------------------


@on_symbols
def mean_squared_error(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """``mean((y_pred - y_true) ** 2)`` over the last axis."""
    k = current().kernels
    return _loss(k.squared_error_forward, k.squared_error_backward, y_true, floating(y_pred), None)


@on_symbols
def mean_absolute_error(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """``mean(abs(y_pred - y_true))`` over the last axis."""
    k = current().kernels
    return _loss(k.absolute_error_forward, k.absolute_error_backward, y_true, floating(y_pred), None)


@on_symbols
def binary_crossentropy(y_true: TensorLike, y_pred: TensorLike, from_logits: bool = False) -> Tensor:
    """``-mean(t log p + (1 - t) log(1 - p))`` over the last axis; computed from the logits where p has them."""
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
    """``-sum(t log p)`` over the last axis; computed from the logits where p has them."""
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
    """``-log p[y_true]``, with class numbers of shape (...) or (..., 1) as targets.

    Raises
    ------
    DataError
        When a class number is negative or not below the number of classes.
    """
    here, p = current(), floating(y_pred)
    logits = p if from_logits else p.logits
    source = p if logits is None else logits
    rows = _rows(source.value)
    ids = _class_ids(y_true, source.shape)
    loss = here.take(ids.shape, source.dtype)
    k = here.kernels
    if logits is None:
        bad = k.sparse_categorical_crossentropy_forward(ids, rows, loss)
    else:
        bad = k.sparse_categorical_crossentropy_logits_forward(ids, rows, loss)
    if bad >= 0:
        raise DataError.no_class(ids[bad], bad * source.shape[0] // len(rows), "the batch", rows.shape[1])

    def rule(dloss: Array) -> tuple[Array]:
        dx = here.take(rows.shape, source.dtype)
        if logits is None:
            k.sparse_categorical_crossentropy_backward(ids, rows, dloss.reshape(-1), dx)
        else:
            probabilities = _probabilities(p, logits)
            k.sparse_categorical_crossentropy_logits_backward(ids, probabilities, dloss.reshape(-1), dx)
        return (dx.reshape(source.shape),)

    return here.result(loss.reshape(source.shape[:-1]), rule, source)


def _loss(
    forward: Callable[[Array, Array, Array], Any],
    backward: Callable[[Array, Array, Array, Array], Any],
    y_true: TensorLike,
    y_pred: Tensor,
    of_target: Callable[[Array], Array] | None,
) -> Tensor:
    """A loss with one value a sample, from its two kernels.

    Targets may have a gradient too: minus `of_target` of the predictions in rows. None means that the loss depends on
    the difference of both alone.
    """
    here = current()
    source = y_true if isinstance(y_true, Tensor) and here.follows(y_true) else None
    if source is not None and of_target is None:
        y_pred, y_true, source = y_pred - source, 0.0, None
    target = to_array(y_true)
    if target.shape != y_pred.shape:
        target, y_pred = _broadcast_pair(target, y_pred)
        source = None if source is None else broadcast_to(source, target.shape)
    p = _rows(y_pred.value)
    t = _rows(target if target.dtype == p.dtype else target.astype(p.dtype))
    loss = here.take((p.shape[0],), p.dtype)
    forward(t, p, loss)

    def rule(dloss: Array) -> tuple[Array, ...]:
        dp = here.take(p.shape, p.dtype)
        backward(t, p, dloss.reshape(-1), dp)
        if source is None or of_target is None:
            return (dp.reshape(y_pred.shape),)
        dt = of_target(p) * -dloss.reshape(-1, 1)
        return dp.reshape(y_pred.shape), dt.reshape(source.shape)

    parents = (y_pred,) if source is None else (y_pred, source)
    return here.result(loss.reshape(y_pred.shape[:-1]), rule, *parents)


def _broadcast_pair(target: Array, y_pred: Tensor) -> tuple[Array, Tensor]:
    shape = common_shape(target.shape, y_pred.shape)
    return np.broadcast_to(target, shape), broadcast_to(y_pred, shape)


def _class_ids(y_true: TensorLike, shape: Shape) -> Array:
    """Class numbers as a flat int64 array, one for each row of predictions of this shape."""
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
    """softmax(logits) in rows, which is known already unless p is the logits themselves."""
    if p is not logits:
        return _rows(p.value)
    here, rows = current(), _rows(logits.value)
    made = here.take(rows.shape, rows.dtype)
    here.kernels.softmax_forward(rows, made)
    return made


def _rows(x: Array) -> Array:
    """The array as a matrix with its own last axis."""
    if x.ndim == 2:
        return x
    if x.ndim == 0:
        raise ShapeError(
            "A loss needs a last axis to average over. Received: a single number. "
            "Give targets and predictions of shape (n,) or (n, m)."
        )
    return x.reshape(-1, x.shape[-1]) if x.size else x.reshape(int(np.prod(x.shape[:-1])), x.shape[-1])


@on_symbols
def weighted_mean(values: Tensor, weights: Array | None, count: float) -> Tensor:
    """``sum(values * weights) / count``: how the losses of a batch become one number."""
    here, v = current(), values.value
    weights = None if weights is None else weights.astype(v.dtype, copy=False)
    weighted = v if weights is None else v * weights
    total = np.add.reduce(weighted, axis=None) / v.dtype.type(count)

    def rule(dtotal: Array) -> tuple[Array]:
        dv = here.take(v.shape, v.dtype)
        if weights is None:
            dv.fill(dtotal / count)
        else:
            np.multiply(weights, dtotal / v.dtype.type(count), out=dv)
        return (dv,)

    return here.result(total, rule, values)


@on_symbols
def penalty(w: Tensor, l1: float, l2: float) -> Tensor:
    """``l1 * sum(abs(w)) + l2 * sum(w ** 2)``, what a regularizer adds to the loss."""
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


# -- elementwise ---------------------------------------------------------------------------------------------


@on_symbols
def exp(x: TensorLike) -> Tensor:
    """The exponential."""
    x = floating(x)
    y = np.exp(x.value)
    return current().result(y, lambda g: (g * y,), x)


@on_symbols
def log(x: TensorLike) -> Tensor:
    """The natural logarithm."""
    x = floating(x)
    return current().result(np.log(x.value), lambda g: (g / x.value,), x)


@on_symbols
def sqrt(x: TensorLike) -> Tensor:
    """The square root."""
    x = floating(x)
    y = np.sqrt(x.value)
    return current().result(y, lambda g: (g / (2 * y),), x)


@on_symbols
def square(x: TensorLike) -> Tensor:
    """``x * x``."""
    x = floating(x)
    return current().result(np.square(x.value), lambda g: (2 * g * x.value,), x)


@on_symbols
def absolute(x: TensorLike) -> Tensor:
    """The absolute value; its gradient at 0 is 0."""
    return as_tensor(x).__abs__()


@on_symbols
def power(x: TensorLike, exponent: TensorLike) -> Tensor:
    """``x ** exponent``."""
    return as_tensor(x) ** exponent


@on_symbols
def maximum(a: TensorLike, b: TensorLike) -> Tensor:
    """The larger of each pair; where they are equal, the gradient goes to `a`."""
    a, b = alike(a, b)
    return where(a.value >= b.value, a, b)


@on_symbols
def minimum(a: TensorLike, b: TensorLike) -> Tensor:
    """The smaller of each pair; where they are equal, the gradient goes to `a`."""
    a, b = alike(a, b)
    return where(a.value <= b.value, a, b)


@on_symbols
def clip(x: TensorLike, low: float, high: float) -> Tensor:
    """`x` moved into [low, high]; the gradient is 0 where it had to be moved."""
    x = floating(x)
    inside = (x.value >= low) & (x.value <= high)
    return current().result(np.clip(x.value, low, high).astype(x.dtype), lambda g: (g * inside,), x)


@on_symbols
def where(condition: TensorLike, a: TensorLike, b: TensorLike) -> Tensor:
    """`a` where the condition holds, else `b`."""
    chosen = to_array(condition).astype(bool)
    a, b = alike(a, b)

    def rule(g: Array) -> tuple[Array, Array]:
        return unbroadcast(np.where(chosen, g, 0), a.shape), unbroadcast(np.where(chosen, 0, g), b.shape)

    return current().result(np.where(chosen, a.value, b.value), rule, a, b)


@on_symbols
def cast(x: TensorLike, dtype: Any) -> Tensor:
    """`x` in another dtype."""
    return convert(as_tensor(x), np.dtype(dtype))


@on_symbols
def stop_gradient(x: TensorLike) -> Tensor:
    """The same numbers, taken as a constant."""
    return Tensor(to_array(x))


# -- shapes and reductions -----------------------------------------------------------------------------------


@on_symbols
def matmul(a: TensorLike, b: TensorLike) -> Tensor:
    """The matrix product of the last two axes."""
    return as_tensor(a) @ b


@on_symbols
def reshape(x: TensorLike, shape: Sequence[SupportsIndex]) -> Tensor:
    """The same numbers in another shape; one dimension may be -1."""
    return as_tensor(x).reshape(*shape)


@on_symbols
def transpose(x: TensorLike, axes: Shape | None = None) -> Tensor:
    """The axes in another order; reversed when `axes` is None."""
    x = as_tensor(x)
    back = None if axes is None else np.argsort([axis % x.ndim for axis in axes])
    return current().result(x.value.transpose(axes), lambda g: (g.transpose(back),), x)


@on_symbols
def expand_dims(x: TensorLike, axis: int) -> Tensor:
    """One more axis of length 1."""
    x = as_tensor(x)
    return x.reshape(*np.expand_dims(x.value, axis).shape)


@on_symbols
def squeeze(x: TensorLike, axis: int | None = None) -> Tensor:
    """Without its axes of length 1, or without one of them."""
    x = as_tensor(x)
    return x.reshape(*np.squeeze(x.value, axis).shape)


@on_symbols
def broadcast_to(x: TensorLike, shape: Shape) -> Tensor:
    """`x` repeated to a larger shape."""
    x = as_tensor(x)
    if x.shape == shape:
        return x
    return current().result(np.broadcast_to(x.value, shape), lambda g: (unbroadcast(g, x.shape),), x)


@on_symbols
def concatenate(xs: Sequence[TensorLike], axis: int = -1) -> Tensor:
    """Several tensors put after each other along an axis."""
    if not xs:
        raise ArgumentTypeError(
            "concatenate needs at least one tensor. Received: none. Pass a list of tensors."
        )
    parts = _of_one_dtype(xs)
    cuts = np.cumsum([p.shape[axis] for p in parts])[:-1]
    value = np.concatenate([p.value for p in parts], axis)
    return current().result(value, lambda g: np.split(g, cuts, axis), *parts)


def _of_one_dtype(xs: Sequence[TensorLike]) -> list[Tensor]:
    kinds = [x.dtype for x in xs if isinstance(x, Tensor) and x.dtype.kind == "f"]
    likest = Tensor(np.zeros((), np.result_type(*kinds) if kinds else np.float32))
    return [alike(x, likest)[0] for x in xs]


@on_symbols
def stack(xs: Sequence[TensorLike], axis: int = 0) -> Tensor:
    """Several tensors of one shape put beside each other along a new axis."""
    if not xs:
        raise ArgumentTypeError("stack needs at least one tensor. Received: none. Pass a list of tensors.")
    parts = _of_one_dtype(xs)
    if len({p.shape for p in parts}) > 1:
        raise ShapeError(
            f"stack takes tensors of one shape. Received: {[p.shape for p in parts]}. Use concatenate, or reshape them."
        )
    value = np.stack([p.value for p in parts], axis)
    return current().result(value, lambda g: list(np.moveaxis(g, axis, 0)), *parts)


@on_symbols
def unstack(x: TensorLike, axis: int = 0) -> list[Tensor]:
    """The entries along an axis, each a tensor without it."""
    x = as_tensor(x)
    return [_part(x, axis, i) for i in range(x.shape[axis])]


@on_symbols
def split(x: TensorLike, num_or_size_splits: int | Sequence[int], axis: int = 0) -> list[Tensor]:
    """Cut a tensor along an axis: into so many equal parts, or into parts of these lengths.

    Raises
    ------
    ShapeError
        When the parts do not make up the whole.
    """
    x = as_tensor(x)
    length = x.shape[axis]
    number = whole(num_or_size_splits)
    if number is not None:
        sizes = [length // number] * number if number > 0 else []
    else:
        sizes = [index(n) for n in entries(num_or_size_splits) or ()]
    if builtins.sum(sizes) != length:
        raise ShapeError(
            f"The parts of a tensor make up its axis, of length {length}. Received: {num_or_size_splits!r}. "
            "Give a number that divides the length, or lengths that add up to it."
        )
    cuts = np.cumsum([0, *sizes]).tolist()
    return [_part(x, axis, slice(a, b)) for a, b in pairwise(cuts)]


def _part(x: Tensor, axis: int, place: int | slice) -> Tensor:
    """What stands at a place along an axis."""
    at = (slice(None),) * (axis % x.ndim) + (place,)

    def rule(g: Array) -> tuple[Array]:
        dx = np.zeros(x.shape, x.dtype)
        dx[at] = g
        return (dx,)

    return current().result(np.asarray(x.value[at]), rule, x)


@on_symbols
def tile(x: TensorLike, multiples: Sequence[SupportsIndex]) -> Tensor:
    """`x` repeated so many times along each of its axes."""
    x, times = as_tensor(x), tuple(index(n) for n in multiples)
    if len(times) != x.ndim:
        raise ShapeError(
            f"tile takes a number for each axis of the tensor, of shape {x.shape}. Received: {times}. "
            "Use 1 to leave one as it is."
        )

    def rule(g: Array) -> tuple[Array]:
        copies = g.reshape([n for pair in zip(times, x.shape, strict=True) for n in pair])
        return (copies.sum(axis=tuple(range(0, 2 * x.ndim, 2))),)

    return current().result(np.tile(x.value, times), rule, x)


@on_symbols
def sum(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The sum over `axis`, or over everything."""
    return as_tensor(x).sum(axis, keepdims)


@on_symbols
def mean(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The mean over `axis`, or over everything."""
    return as_tensor(x).mean(axis, keepdims)


@on_symbols
def max(x: TensorLike, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The largest value along `axis`, or of everything; equal ones share the gradient."""
    return _extreme(np.max, as_tensor(x), axis, keepdims)


@on_symbols
def min(x: TensorLike, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The smallest value along `axis`, or of everything; equal ones share the gradient."""
    return _extreme(np.min, as_tensor(x), axis, keepdims)


def _extreme(find: Callable[..., Array], x: Tensor, axis: int | None, keepdims: bool) -> Tensor:
    found = find(x.value, axis=axis, keepdims=True)
    hit = x.value == found
    share = hit / hit.sum(axis=axis, keepdims=True).astype(x.dtype)
    value = found if keepdims else found.reshape(np.sum(hit, axis=axis).shape)
    return current().result(value, lambda g: (share * g.reshape(found.shape),), x)


@on_symbols
def argmax(x: TensorLike, axis: int = -1) -> Tensor:
    """Where the largest value stands along an axis: constants of dtype int64."""
    return Tensor(to_array(x).argmax(axis))


@on_symbols
def equal(a: TensorLike, b: TensorLike) -> Tensor:
    """Where two tensors agree: constants of dtype bool."""
    return Tensor(np.equal(to_array(a), to_array(b)))


@on_symbols
def shape(x: TensorLike) -> Tensor:
    """The length of every axis: constants of dtype int64, which may be used where a number is."""
    return Tensor(np.array(to_array(x).shape, np.int64))


@on_symbols
def one_hot(ids: TensorLike, depth: int) -> Tensor:
    """A 1 at the place that each number names, along a new last axis, and 0 elsewhere: constants of float32."""
    return Tensor((to_array(ids)[..., None] == np.arange(depth)).astype(np.float32))


@on_symbols
def zeros_like(x: TensorLike) -> Tensor:
    """Zeros of the shape and dtype of `x`."""
    return Tensor(np.zeros_like(to_array(x)))


@on_symbols
def ones_like(x: TensorLike) -> Tensor:
    """Ones of the shape and dtype of `x`."""
    return Tensor(np.ones_like(to_array(x)))


@on_symbols
def random_normal(
    shape: Sequence[SupportsIndex], mean: float = 0.0, stddev: float = 1.0, seed: int | None = None
) -> Tensor:
    """Numbers from a normal distribution, as constants.

    They come from a stream of the model, so that a resumed run draws the same ones; with a seed from one of its own.
    """
    drawn = current().generator("random_normal", seed).standard_normal(_sizes(shape), np.float32)
    return Tensor(drawn * np.float32(stddev) + np.float32(mean))


@on_symbols
def random_uniform(
    shape: Sequence[SupportsIndex], minval: float = 0.0, maxval: float = 1.0, seed: int | None = None
) -> Tensor:
    """Numbers from ``[minval, maxval)``, each as likely as the others, as constants; drawn as `random_normal` draws."""
    drawn = current().generator("random_uniform", seed).random(_sizes(shape), np.float32)
    return Tensor(drawn * np.float32(maxval - minval) + np.float32(minval))


def _sizes(shape: Any) -> Shape:
    """A shape as Python's numbers, given as numbers, as tensors, or as one tensor."""
    try:
        return tuple(index(n) for n in shape)
    except TypeError:
        raise ArgumentTypeError(
            f"A shape is whole numbers. Received: {shape!r}. In a graph, draw the numbers in the call of a layer."
        ) from None


abs = absolute
