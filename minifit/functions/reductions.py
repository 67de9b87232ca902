"""Functions that make one number of many, as TensorFlow calls them."""

from typing import Any

import numpy as np

from minifit import ops
from minifit.arrays import Array
from minifit.functions.convert import as_dtype, tensor, whole, without_gradient
from minifit.tensor import Tensor, to_array

LARGEST = float(np.finfo(np.float32).max)


def axes(axis: Any) -> Any:
    """Return the axes to reduce as one number, a tuple or None."""
    if isinstance(axis, Tensor | np.ndarray):
        axis = np.asarray(axis).tolist()
    return tuple(int(a) for a in axis) if isinstance(axis, list | tuple) else axis


def reduce_sum(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """Return the sum over some axes, or over everything; of whole numbers in their own dtype."""
    x = tensor(input_tensor)
    found = ops.sum(x, axes(axis), keepdims)
    return ops.cast(found, x.dtype) if isinstance(x, Tensor) and x.dtype.kind in "iu" else found


def reduce_mean(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """Return the mean over some axes, or over everything; of whole numbers without what follows the point."""
    x = tensor(input_tensor)
    if whole(x) and x.dtype.kind in "iu":
        return Tensor(np.trunc(x.value.mean(axes(axis), keepdims=keepdims)).astype(x.dtype))
    return ops.mean(x, axes(axis), keepdims)


def reduce_max(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """Return the largest value."""
    return ops.max(tensor(input_tensor), axes(axis), keepdims)


def reduce_min(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """Return the smallest value."""
    return ops.min(tensor(input_tensor), axes(axis), keepdims)


def reduce_variance(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Any:
    """Return the mean of the squared distances from the mean."""
    x = tensor(input_tensor)
    return ops.mean(ops.square(x - ops.mean(x, axes(axis), True)), axes(axis), keepdims)


def reduce_std(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """Return the square root of `reduce_variance`."""
    return ops.sqrt(reduce_variance(input_tensor, axis, keepdims))


def reduce_logsumexp(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Any:
    """Return ``log(sum(exp(x)))``, without an overflow on the way."""
    x, along = tensor(input_tensor), axes(axis)
    most = ops.clip(ops.stop_gradient(ops.max(x, along, True)), -LARGEST, LARGEST)
    with np.errstate(divide="ignore"):  # the logarithm of 0 is that of nothing but -infinity
        total = ops.log(ops.sum(ops.exp(x - most), along, True)) + most
    return total if keepdims else ops.sum(total, along)


def reduce_prod(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """Return the product; it has no gradient here."""
    return without_gradient(
        "tf.reduce_prod", lambda x: x.prod(axes(axis), x.dtype, keepdims=keepdims), input_tensor
    )


def reduce_any(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """Return whether one of them is True."""
    return Tensor(np.asarray(to_array(tensor(input_tensor)).any(axes(axis), keepdims=keepdims)))


def reduce_all(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """Return whether all of them are True."""
    return Tensor(np.asarray(to_array(tensor(input_tensor)).all(axes(axis), keepdims=keepdims)))


def count_nonzero(
    input: Any, axis: Any = None, keepdims: bool = False, dtype: Any = "int64", name: str | None = None
) -> Tensor:
    """Return how many of them are not 0."""
    found = np.count_nonzero(to_array(tensor(input)), axis=axes(axis), keepdims=keepdims)
    return Tensor(np.asarray(found, as_dtype(dtype)))


def argmax(input: Any, axis: Any = None, output_type: Any = "int64", name: str | None = None) -> Any:
    """Return the place of the largest value along an axis, the first one when it is None."""
    x = tensor(input)
    found = ops.argmax(x, 0 if axis is None else int(axis))
    return ops.cast(found, as_dtype(output_type)) if isinstance(x, Tensor) else found


def argmin(input: Any, axis: Any = None, output_type: Any = "int64", name: str | None = None) -> Any:
    """Return the place of the smallest value along an axis, the first one when it is None."""
    x = tensor(input)
    return argmax(Tensor(~x.value) if whole(x) else -x, axis, output_type)


def cumsum(
    x: Any, axis: int = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None
) -> Any:
    """Return the sums of all up to each place along an axis.

    Parameters
    ----------
    exclusive : bool, default False
        Whether the place itself does not count.
    reverse : bool, default False
        Whether to count from the end.
    """
    x, along = tensor(x), int(axis)
    if whole(x):
        return Tensor(_sums(x.value, along, exclusive, reverse))
    n = x.shape[along]
    # A product with ones in a triangle: its gradient is that of matmul.
    taken = np.tri(n, k=-1 if exclusive else 0, dtype=x.dtype)
    weights = Tensor(taken if reverse else taken.T)
    last = x.ndim - 1
    order = [a for a in range(x.ndim) if a != along % x.ndim] + [along % x.ndim]
    moved = ops.reshape(ops.transpose(x, tuple(order)), (-1, n))
    made = ops.reshape(ops.matmul(moved, weights), tuple(x.shape[a] for a in order))
    return ops.transpose(made, tuple(int(a) for a in np.argsort(order))) if last else made


def _sums(x: Array, along: int, exclusive: bool, reverse: bool) -> Array:
    counted = np.flip(x, along) if reverse else x
    made = np.cumsum(counted, along, dtype=x.dtype)
    made = made - counted if exclusive else made
    return np.flip(made, along).copy() if reverse else made
