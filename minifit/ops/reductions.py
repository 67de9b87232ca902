"""Reductions along an axis or over all axes."""

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
    """Return the sum over `axis`, or over all axes."""
    return as_tensor(x).sum(axis, keepdims)


@on_symbols
def mean(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Return the mean over `axis`, or over all axes."""
    return as_tensor(x).mean(axis, keepdims)


@on_symbols
def max(x: TensorLike, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Return the largest value along `axis`, or of all; equal ones share the gradient."""
    return _extreme(np.max, as_tensor(x), axis, keepdims)


@on_symbols
def min(x: TensorLike, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Return the smallest value along `axis`, or of all; equal ones share the gradient."""
    return _extreme(np.min, as_tensor(x), axis, keepdims)


def _extreme(reduce: Callable[..., Array], x: Tensor, axis: int | None, keepdims: bool) -> Tensor:
    extreme = reduce(x.value, axis=axis, keepdims=True)
    hit = x.value == extreme
    share = hit / hit.sum(axis=axis, keepdims=True).astype(x.dtype)
    value = extreme if keepdims else extreme.reshape(np.sum(hit, axis=axis).shape)
    return current().result(value, lambda g: (share * g.reshape(extreme.shape),), x)


@on_symbols
def argmax(x: TensorLike, axis: int = -1) -> Tensor:
    """Return the index of the largest value along an axis: constants of dtype int64."""
    return Tensor(to_array(x).argmax(axis))
