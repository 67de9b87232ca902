"""Ops that reshape, split and join tensors, and the matrix product."""

from collections.abc import Sequence
from itertools import pairwise
from operator import index
from typing import SupportsIndex

import numpy as np

from minifit.arrays import Array, Shape
from minifit.checks import entries, whole
from minifit.errors import ArgumentTypeError, ShapeError
from minifit.symbolic import on_symbols
from minifit.tensor import (
    Tensor,
    TensorLike,
    alike,
    as_tensor,
    current,
    to_array,
    unbroadcast,
)


@on_symbols
def matmul(a: TensorLike, b: TensorLike) -> Tensor:
    """Return the matrix product over the last two axes."""
    return as_tensor(a) @ b


@on_symbols
def reshape(x: TensorLike, shape: Sequence[SupportsIndex]) -> Tensor:
    """Return the same numbers in another shape; one dimension may be -1."""
    return as_tensor(x).reshape(*shape)


@on_symbols
def transpose(x: TensorLike, axes: Shape | None = None) -> Tensor:
    """Permute the axes; reverse them when `axes` is None."""
    x = as_tensor(x)
    inverse = None if axes is None else np.argsort([axis % x.ndim for axis in axes])
    return current().result(x.value.transpose(axes), lambda g: (g.transpose(inverse),), x)


@on_symbols
def expand_dims(x: TensorLike, axis: int) -> Tensor:
    """Insert an axis of length 1."""
    x = as_tensor(x)
    return x.reshape(*np.expand_dims(x.value, axis).shape)


@on_symbols
def squeeze(x: TensorLike, axis: int | None = None) -> Tensor:
    """Remove the axes of length 1, or one of them."""
    x = as_tensor(x)
    return x.reshape(*np.squeeze(x.value, axis).shape)


@on_symbols
def broadcast_to(x: TensorLike, shape: Shape) -> Tensor:
    """Repeat `x` to a larger shape."""
    x = as_tensor(x)
    if x.shape == shape:
        return x
    return current().result(np.broadcast_to(x.value, shape), lambda g: (unbroadcast(g, x.shape),), x)


@on_symbols
def concatenate(xs: Sequence[TensorLike], axis: int = -1) -> Tensor:
    """Join tensors along an existing axis."""
    if not xs:
        raise ArgumentTypeError(
            f"concatenate needs at least one tensor. Received: {xs!r}. Pass a list of tensors."
        )
    parts = _of_one_dtype(xs)
    cuts = np.cumsum([p.shape[axis] for p in parts])[:-1]
    value = np.concatenate([p.value for p in parts], axis)
    return current().result(value, lambda g: np.split(g, cuts, axis), *parts)


def _of_one_dtype(xs: Sequence[TensorLike]) -> list[Tensor]:
    dtypes = [x.dtype for x in xs if isinstance(x, Tensor) and x.dtype.kind == "f"]
    widest = Tensor(np.zeros((), np.result_type(*dtypes) if dtypes else np.float32))
    return [alike(x, widest)[0] for x in xs]


@on_symbols
def stack(xs: Sequence[TensorLike], axis: int = 0) -> Tensor:
    """Join tensors of one shape along a new axis."""
    if not xs:
        raise ArgumentTypeError(f"stack needs at least one tensor. Received: {xs!r}. Pass a list of tensors.")
    parts = _of_one_dtype(xs)
    if len({p.shape for p in parts}) > 1:
        raise ShapeError(
            f"stack needs tensors of one shape. Received: shapes {[p.shape for p in parts]}. Use concatenate, or "
            "reshape them."
        )
    value = np.stack([p.value for p in parts], axis)
    return current().result(value, lambda g: list(np.moveaxis(g, axis, 0)), *parts)


@on_symbols
def unstack(x: TensorLike, axis: int = 0) -> list[Tensor]:
    """Return the entries along an axis, each a tensor without that axis."""
    x = as_tensor(x)
    return [_part(x, axis, i) for i in range(x.shape[axis])]


@on_symbols
def split(x: TensorLike, num_or_size_splits: int | Sequence[int], axis: int = 0) -> list[Tensor]:
    """Split a tensor along an axis into a number of equal parts, or into parts of the lengths in a list.

    Raises
    ------
    ShapeError
        When the lengths do not add up to the length of the axis.
    """
    x = as_tensor(x)
    length = x.shape[axis]
    count = whole(num_or_size_splits)
    if count is not None:
        sizes = [length // count] * count if count > 0 else []
    else:
        sizes = [index(n) for n in entries(num_or_size_splits) or ()]
    if sum(sizes) != length:
        raise ShapeError(
            f"split needs parts that add up to the axis, of length {length}. Received: {num_or_size_splits!r}. "
            "Pass a number that divides the length, or lengths that add up to it."
        )
    cuts = np.cumsum([0, *sizes]).tolist()
    return [_part(x, axis, slice(a, b)) for a, b in pairwise(cuts)]


def _part(x: Tensor, axis: int, entry: int | slice) -> Tensor:
    """Return one entry, or a slice of them, along an axis."""
    key = (slice(None),) * (axis % x.ndim) + (entry,)

    def rule(g: Array) -> tuple[Array]:
        dx = np.zeros(x.shape, x.dtype)
        dx[key] = g
        return (dx,)

    return current().result(np.asarray(x.value[key]), rule, x)


@on_symbols
def tile(x: TensorLike, multiples: Sequence[SupportsIndex]) -> Tensor:
    """Repeat `x` along each axis the number of times in `multiples`."""
    x, times = as_tensor(x), tuple(index(n) for n in multiples)
    if len(times) != x.ndim:
        raise ShapeError(
            f"tile needs one multiple for each axis of the tensor, of shape {x.shape}. Received: {times}. "
            "Pass 1 for an axis that is not repeated."
        )

    def rule(g: Array) -> tuple[Array]:
        copies = g.reshape([n for pair in zip(times, x.shape, strict=True) for n in pair])
        return (copies.sum(axis=tuple(range(0, 2 * x.ndim, 2))),)

    return current().result(np.tile(x.value, times), rule, x)


@on_symbols
def shape(x: TensorLike) -> Tensor:
    """Return the length of every axis: constants of dtype int64, each usable as an int."""
    return Tensor(np.array(to_array(x).shape, np.int64))
