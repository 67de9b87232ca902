"""Ops that make one number of many, along an axis or of everything."""

from collections.abc import Callable

import numpy as np

from minifit.arrays import Array
from minifit.symbolic import on_symbols
from minifit.tensor import (
    Axis,
    Tensor,
    TensorLike,
    as_tensor,
    current,
    to_array,
)


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
    """Return the place of the largest value along an axis: constants of dtype int64."""
    return Tensor(to_array(x).argmax(axis))
