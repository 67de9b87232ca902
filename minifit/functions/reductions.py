"""Reductions under their TensorFlow names."""

from typing import Any

import numpy as np

from minifit import ops
from minifit.arrays import Array
from minifit.functions.convert import as_dtype, tensor, whole, without_gradient
from minifit.tensor import Tensor, to_array

LARGEST = float(np.finfo(np.float32).max)


def axes(axis: Any) -> Any:
    """Return the axes to reduce as an int, a tuple or None."""
    if isinstance(axis, Tensor | np.ndarray):
        axis = np.asarray(axis).tolist()
    return tuple(int(a) for a in axis) if isinstance(axis, list | tuple) else axis


def reduce_sum(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """Return the sum over some axes, or over all; integers keep their dtype."""
    x = tensor(input_tensor)
    total = ops.sum(x, axes(axis), keepdims)
    return ops.cast(total, x.dtype) if isinstance(x, Tensor) and x.dtype.kind in "iu" else total


def reduce_mean(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """Return the mean over some axes, or over all; the mean of integers is truncated to their dtype."""
    x = tensor(input_tensor)
    if whole(x) and x.dtype.kind in "iu":
        return Tensor(np.trunc(x.value.mean(axes(axis), keepdims=keepdims)).astype(x.dtype))
    return ops.mean(x, axes(axis), keepdims)


def reduce_max(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """Return the largest value over some axes, or over all."""
    return ops.max(tensor(input_tensor), axes(axis), keepdims)


def reduce_min(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """Return the smallest value over some axes, or over all."""
    return ops.min(tensor(input_tensor), axes(axis), keepdims)


def reduce_variance(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Any:
    """Return the variance over some axes, or over all."""
    x = tensor(input_tensor)
    return ops.mean(ops.square(x - ops.mean(x, axes(axis), True)), axes(axis), keepdims)


def reduce_std(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """Return the square root of `reduce_variance`."""
    return ops.sqrt(reduce_variance(input_tensor, axis, keepdims))


def reduce_logsumexp(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Any:
    """Return ``log(sum(exp(x)))``, computed without overflow."""
    x, over = tensor(input_tensor), axes(axis)
    largest = ops.clip(ops.stop_gradient(ops.max(x, over, True)), -LARGEST, LARGEST)
    # the sum is 0 only when every number is -infinity
    with np.errstate(divide="ignore"):
        total = ops.log(ops.sum(ops.exp(x - largest), over, True)) + largest
    return total if keepdims else ops.sum(total, over)


def reduce_prod(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """Return the product over some axes, or over all; it has no gradient here."""
    return without_gradient(
        "tf.reduce_prod", lambda x: x.prod(axes(axis), x.dtype, keepdims=keepdims), input_tensor
    )


def reduce_any(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """Return whether any value is True, over some axes or over all."""
    return Tensor(np.asarray(to_array(tensor(input_tensor)).any(axes(axis), keepdims=keepdims)))


def reduce_all(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """Return whether all values are True, over some axes or over all."""
    return Tensor(np.asarray(to_array(tensor(input_tensor)).all(axes(axis), keepdims=keepdims)))


def count_nonzero(
    input: Any, axis: Any = None, keepdims: bool = False, dtype: Any = "int64", name: str | None = None
) -> Tensor:
    """Return the number of values other than 0, over some axes or over all."""
    count = np.count_nonzero(to_array(tensor(input)), axis=axes(axis), keepdims=keepdims)
    return Tensor(np.asarray(count, as_dtype(dtype)))


def argmax(input: Any, axis: Any = None, output_type: Any = "int64", name: str | None = None) -> Any:
    """Return the index of the largest value along an axis, the first one when `axis` is None."""
    x = tensor(input)
    indices = ops.argmax(x, 0 if axis is None else int(axis))
    return ops.cast(indices, as_dtype(output_type)) if isinstance(x, Tensor) else indices


def argmin(input: Any, axis: Any = None, output_type: Any = "int64", name: str | None = None) -> Any:
    """Return the index of the smallest value along an axis, the first one when `axis` is None."""
    x = tensor(input)
    return argmax(Tensor(~x.value) if whole(x) else -x, axis, output_type)


def cumsum(
    x: Any, axis: int = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None
) -> Any:
    """Return the cumulative sums along an axis.

    Parameters
    ----------
    exclusive : bool, default False
        Whether to leave each element out of its own sum.
    reverse : bool, default False
        Whether to sum from the end.
    """
    x, along = tensor(x), int(axis)
    if whole(x):
        return Tensor(_sums(x.value, along, exclusive, reverse))
    n = x.shape[along]
    # A product with a triangle of ones, so that the gradient is that of matmul.
    triangle = np.tri(n, k=-1 if exclusive else 0, dtype=x.dtype)
    weights = Tensor(triangle if reverse else triangle.T)
    last = x.ndim - 1
    order = [a for a in range(x.ndim) if a != along % x.ndim] + [along % x.ndim]
    moved = ops.reshape(ops.transpose(x, tuple(order)), (-1, n))
    sums = ops.reshape(ops.matmul(moved, weights), tuple(x.shape[a] for a in order))
    return ops.transpose(sums, tuple(int(a) for a in np.argsort(order))) if last else sums


def _sums(x: Array, along: int, exclusive: bool, reverse: bool) -> Array:
    terms = np.flip(x, along) if reverse else x
    sums = np.cumsum(terms, along, dtype=x.dtype)
    sums = sums - terms if exclusive else sums
    return np.flip(sums, along).copy() if reverse else sums
