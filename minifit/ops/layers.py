"""The ops of layers: coarse ones, so that the tape has few entries and each does its work in one kernel."""

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
    here, weights, offset = current(), w.value, None if b is None else b.value
    if type(x) is not Tensor or x.value.dtype != weights.dtype:
        x = convert(floating(x), weights.dtype)
    given = x.value
    rows = given if given.ndim == 2 else given.reshape(-1, given.shape[-1])
    bias = weights.shape[1:] if offset is None else offset.shape
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
        dy = dy if rows is given else dy.reshape(y.shape)
        here.kernels.dense_backward(rows, weights, y, dy, activation, dz, dx, dw, db)
        if dx is not None and rows is not given:
            dx = dx.reshape(given.shape)
        return (dx, dw) if b is None else (dx, dw, db)

    shaped = y if rows is given else y.reshape(*given.shape[:-1], weights.shape[1])
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
    rows = rows_of(x.value)
    y = here.take(rows.shape, x.dtype)
    here.kernels.softmax_forward(rows, y)

    def rule(dy: Array) -> tuple[Array]:
        dx = here.take(rows.shape, x.dtype)
        here.kernels.softmax_backward(y, rows_of(dy), dx)
        return (dx.reshape(x.shape),)

    made = here.result(y.reshape(x.shape), rule, x)
    made.logits, made.of_softmax = x, True
    return made


@on_symbols
def dropout(x: Tensor, rate: float, rng: np.random.Generator, noise_shape: Shape | None = None) -> Tensor:
    """Each value set to 0 with probability `rate`, the others divided by ``1 - rate``."""
    return thin_out(x, rate, rng, noise_shape, dropout_scale(rate))


def dropout_scale(rate: float) -> float:
    """``1 / (1 - rate)`` in float32."""
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
    """``x * scale + kept``, and `dropped` in its place with probability `rate`: what dropouts have in common."""
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
        too; None when they are constants. Along the first axis they are those of the whole batch, of which the step
        may have a share.
    """
    here = current()
    x = floating(x)
    inverse = np.asarray(1 / np.sqrt(variance + x.dtype.type(epsilon)), x.dtype)
    normal = (x.value - mean) * inverse
    y = normal if gamma is None else normal * gamma.value
    parents = [x, *(p for p in (gamma, beta) if p is not None)]

    def rule(dy: Array) -> list[Array | None]:
        dx = None
        if x.requires_grad:
            if axes is not None and 0 in axes and here.share is not None:
                dx = _along_moments(here, dy, normal, axes)
                dx = dx if gamma is None else dx * gamma.value
            else:
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

    return here.result(y if beta is None else y + beta.value, rule, *parents)


def _along_moments(here: Context, dy: Array, normal: Array, axes: tuple[int, ...]) -> Array:
    """Return a gradient less what it moves the mean and the variance of a batch by that several workers share."""
    plain, along = here.add_up(dy.sum(axes, keepdims=True), (dy * normal).sum(axes, keepdims=True))
    if here.share is not None and not here.share.rows:
        return np.zeros_like(dy)  # what it holds does not count
    count = here.whole(dy.size // max(plain.size, 1))
    return dy - plain / count - normal * (along / count)


def rows_of(x: Array) -> Array:
    """The array as a matrix with its own last axis."""
    if x.ndim == 2:
        return x
    if x.ndim == 0:
        raise ShapeError(
            "A loss needs a last axis to average over. Received: a single number. "
            "Give targets and predictions of shape (n,) or (n, m)."
        )
    return x.reshape(-1, x.shape[-1]) if x.size else x.reshape(int(np.prod(x.shape[:-1])), x.shape[-1])
