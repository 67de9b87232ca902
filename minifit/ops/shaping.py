"""Ops that move numbers: other shapes, parts and wholes, and the product of matrices."""

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
    if sum(sizes) != length:
        raise ShapeError(
            f"The parts of a tensor make up its axis, of length {length}. Received: {num_or_size_splits!r}. "
            "Give a number that divides the length, or lengths that add up to it."
        )
    cuts = np.cumsum([0, *sizes]).tolist()
    return [_part(x, axis, slice(a, b)) for a, b in pairwise(cuts)]


def _part(x: Tensor, axis: int, place: int | slice) -> Tensor:
    """Return the part of a tensor at a place along an axis."""
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
def shape(x: TensorLike) -> Tensor:
    """The length of every axis: constants of dtype int64, which may be used where a number is."""
    return Tensor(np.array(to_array(x).shape, np.int64))
