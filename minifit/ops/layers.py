"""Ops of layers. They are coarse: the tape has few entries, and each runs in one kernel."""

import numpy as np

from minifit.arrays import Array, Shape
from minifit.errors import ShapeError
from minifit.symbolic import on_symbols
from minifit.tensor import (
    Context,
    Tensor,
    TensorLike,
    as_tensor,
    convert,
    current,
    floating,
    unbroadcast,
)


@on_symbols
def dense(x: Tensor, w: Tensor, b: Tensor | None, activation: str = "linear") -> Tensor:
    """Compute ``activation(x @ w + b)`` as one op.

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
    context, weights, offset = current(), w.value, None if b is None else b.value
    if type(x) is not Tensor or x.value.dtype != weights.dtype:
        x = convert(floating(x), weights.dtype)
    inputs = x.value
    rows = inputs if inputs.ndim == 2 else inputs.reshape(-1, inputs.shape[-1])
    bias = weights.shape[1:] if offset is None else offset.shape
    if weights.ndim != 2 or rows.shape[1] != weights.shape[0] or bias != weights.shape[1:]:
        raise ShapeError(
            "dense needs inputs of shape (..., n_in), weights of shape (n_in, n_out) and a bias of shape (n_out,). "
            f"Received: shapes {x.shape}, {weights.shape} and {None if b is None else bias}. Change one of them."
        )
    y = context.take((rows.shape[0], weights.shape[1]), weights.dtype)
    context.kernels.dense_forward(rows, weights, offset, activation, y)

    def rule(dy: Array) -> tuple[Array | None, ...]:
        # dx = dz @ w.T and dw = x.T @ dz; the kernel computes dz from y and dy, depending on the activation
        dz = None if activation == "linear" else context.take(y.shape, y.dtype)
        dx = context.take(rows.shape, y.dtype) if x.requires_grad else None
        dw = w.grad_memory() if w.requires_grad else None
        db = b.grad_memory() if b is not None and b.requires_grad else None
        dy = dy if rows is inputs else dy.reshape(y.shape)
        context.kernels.dense_backward(rows, weights, y, dy, activation, dz, dx, dw, db)
        if dx is not None and rows is not inputs:
            dx = dx.reshape(inputs.shape)
        return (dx, dw) if b is None else (dx, dw, db)

    shaped = y if rows is inputs else y.reshape(*inputs.shape[:-1], weights.shape[1])
    return context.result(shaped, rule, x, w) if b is None else context.result(shaped, rule, x, w, b)


@on_symbols
def activation(x: Tensor, name: str) -> Tensor:
    """Apply an activation whose gradient follows from its output: "relu", "sigmoid" or "tanh"."""
    context, x = current(), floating(x)
    y = context.take(x.shape, x.dtype)
    context.kernels.activation_forward(x.value, name, y)

    def rule(dy: Array) -> tuple[Array]:
        dx = context.take(y.shape, y.dtype)
        context.kernels.activation_backward(y, dy, name, dx)
        return (dx,)

    return context.result(y, rule, x)


@on_symbols
def relu(x: TensorLike) -> Tensor:
    """Return ``max(x, 0)``; its gradient at 0 is 0."""
    return activation(as_tensor(x), "relu")


@on_symbols
def tanh(x: TensorLike) -> Tensor:
    """Return the hyperbolic tangent."""
    return activation(as_tensor(x), "tanh")


@on_symbols
def sigmoid(x: TensorLike) -> Tensor:
    """Return ``1 / (1 + exp(-x))``. The result keeps `x` as logits, for the cross-entropies."""
    x = floating(x)
    y = activation(x, "sigmoid")
    y.logits = x
    return y


@on_symbols
def softmax(x: TensorLike) -> Tensor:
    """Return ``exp(x) / sum(exp(x))`` over the last axis. The result keeps `x` as logits, for the cross-entropies."""
    x = floating(x)
    context = current()
    rows = rows_of(x.value)
    y = context.take(rows.shape, x.dtype)
    context.kernels.softmax_forward(rows, y)

    def rule(dy: Array) -> tuple[Array]:
        dx = context.take(rows.shape, x.dtype)
        context.kernels.softmax_backward(y, rows_of(dy), dx)
        return (dx.reshape(x.shape),)

    result = context.result(y.reshape(x.shape), rule, x)
    result.logits, result.of_softmax = x, True
    return result


@on_symbols
def dropout(x: Tensor, rate: float, rng: np.random.Generator, noise_shape: Shape | None = None) -> Tensor:
    """Set each value to 0 with probability `rate` and divide the others by ``1 - rate``."""
    return thin_out(x, rate, rng, noise_shape, dropout_scale(rate))


def dropout_scale(rate: float) -> float:
    """Return ``1 / (1 - rate)`` in float32, or 1 for a rate of 1."""
    return float(np.float32(1) / np.float32(1 - rate)) if rate < 1 else 1.0


def thin_out(
    x: Tensor,
    rate: float,
    rng: np.random.Generator,
    noise_shape: Shape | None,
    scale: float,
    kept: float = 0.0,
    dropped: float = 0.0,
) -> Tensor:
    """Replace values by `dropped` with probability `rate`, and the others by ``x * scale + kept``.

    All dropout layers share this op.
    """
    x = floating(x)
    mask = rng.random(noise_shape or x.shape, dtype=np.float32) >= np.float32(rate)
    kind = x.dtype.type
    scales = mask * kind(scale)
    y = x.value * scales
    if kept or dropped:
        y += np.where(mask, kind(kept), kind(dropped))
    return current().result(y, lambda dy: (dy * scales,), x)


@on_symbols
def gather(table: Tensor, ids: Array) -> Tensor:
    """Look up rows of a table by index: shapes (rows, size) and (n, ...) give (n, ..., size)."""
    rows = table.value

    def rule(dy: Array) -> tuple[Array]:
        dtable = table.grad_memory()
        dtable.fill(0)
        flat = ids.reshape(-1)
        # sorting makes the gradients of one row contiguous, so that reduceat sums them
        if flat.size:
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
    """Compute ``gamma * (x - mean) / sqrt(variance + epsilon) + beta`` as one op.

    Parameters
    ----------
    x : Tensor
    mean, variance : array that broadcasts to `x`
    gamma, beta : Tensor that broadcasts to `x`, or None for 1 and 0
    epsilon : float
    axes : tuple of int, optional
        The axes of `x` over which `mean` and `variance` were computed, so that the gradient flows through them too;
        None when they are constants. Along the first axis they are the moments of the whole batch, which several
        workers may share.
    """
    context = current()
    x = floating(x)
    inverse = np.asarray(1 / np.sqrt(variance + x.dtype.type(epsilon)), x.dtype)
    normal = (x.value - mean) * inverse
    y = normal if gamma is None else normal * gamma.value
    parents = [x, *(p for p in (gamma, beta) if p is not None)]

    def rule(dy: Array) -> list[Array | None]:
        dx = None
        if x.requires_grad:
            if axes is not None and 0 in axes and context.share is not None:
                dx = _along_moments(context, dy, normal, axes)
                dx = dx if gamma is None else dx * gamma.value
            else:
                dx = dy if gamma is None else dy * gamma.value
                # every value also changes the mean and the variance
                if axes is not None:
                    correlation = (dx * normal).mean(axes, keepdims=True)
                    dx = dx - dx.mean(axes, keepdims=True) - normal * correlation
            dx = dx * inverse
        grads: list[Array | None] = [dx]
        if gamma is not None:
            grads.append(unbroadcast(dy * normal, gamma.shape) if gamma.requires_grad else None)
        if beta is not None:
            grads.append(unbroadcast(dy, beta.shape) if beta.requires_grad else None)
        return grads

    return context.result(y if beta is None else y + beta.value, rule, *parents)


def _along_moments(context: Context, dy: Array, normal: Array, axes: tuple[int, ...]) -> Array:
    """Return a gradient minus its part through the mean and the variance of a batch that several workers share."""
    total, correlation = context.add_up(dy.sum(axes, keepdims=True), (dy * normal).sum(axes, keepdims=True))
    # the values of a worker without rows are never used
    if context.share is not None and not context.share.rows:
        return np.zeros_like(dy)
    count = context.whole(dy.size // max(total.size, 1))
    return dy - total / count - normal * (correlation / count)


def rows_of(x: Array) -> Array:
    """Return an array as a matrix with the same last axis."""
    if x.ndim == 2:
        return x
    if x.ndim == 0:
        raise ShapeError(
            "A loss needs a last axis to average over. Received: a single number. "
            "Pass targets and predictions of shape (n,) or (n, m)."
        )
    return x.reshape(-1, x.shape[-1]) if x.size else x.reshape(int(np.prod(x.shape[:-1])), x.shape[-1])
