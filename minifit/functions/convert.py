"""Conversions: tensors from numbers, text and nested lists, other dtypes, zeros and ranges.

`without_gradient` wraps the functions that have no gradient here; asking for one raises.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minifit import nest, ops
from minifit.arrays import Array
from minifit.errors import ArgumentTypeError, GradientError, ShapeError
from minifit.symbolic import Symbolic
from minifit.tensor import Tensor, as_tensor, constant, current, to_array

WORDS = {"float": "float32", "double": "float64", "half": "float16", "int": "int32"}


def as_dtype(type_value: Any) -> np.dtype[Any]:
    """Return a dtype by its name in TensorFlow or NumPy, or from anything else that NumPy accepts."""
    if isinstance(type_value, str):
        type_value = WORDS.get(type_value, type_value)
    dtype: np.dtype[Any] = np.dtype(type_value)
    return dtype


def holds_tensors(value: Any) -> bool:
    """Return whether a nested list contains a tensor or symbol."""
    return isinstance(value, list | tuple) and any(
        isinstance(v, Tensor | Symbolic) or holds_tensors(v) for v in value
    )


def tensor(value: Any) -> Any:
    """Return a tensor from anything that TensorFlow converts to one; gradients flow through tensors in a list."""
    if isinstance(value, Tensor | Symbolic):
        return value
    if holds_tensors(value):
        return ops.stack([tensor(v) for v in value])
    converted = as_tensor(value)
    array = narrowed(value, converted.value)
    return converted if array is converted.value else constant(array)


def narrowed(value: Any, array: Array) -> Array:
    """Return the array of a value, where Python's integers become int32 if they fit, as in TensorFlow."""
    # arrays of NumPy and other libraries keep their dtype
    if array.dtype != np.int64 or hasattr(value, "__array__"):
        return array
    low, high = np.iinfo(np.int32).min, np.iinfo(np.int32).max
    fits = not array.size or (array.min() >= low and array.max() <= high)
    return array.astype(np.int32) if fits else array


def text_of(value: Any) -> Array | None:
    """Return text as a NumPy array, the form in which data sets yield it; None for anything but text."""
    if isinstance(value, Tensor | Symbolic):
        return None
    if isinstance(value, np.ndarray):
        is_objects = value.dtype.kind == "O" and value.size and all(isinstance(v, str) for v in value.flat)
        return value.astype(np.str_) if is_objects else value if value.dtype.kind in "US" else None
    leaves = nest.flatten(value) if isinstance(value, list | tuple) else [value]
    if not leaves or not all(isinstance(v, str | bytes) for v in leaves):
        return None
    try:
        return np.asarray(value)
    except ValueError:
        raise ShapeError(
            "All rows of text must have the same length. Received: a ragged list. Pad the short rows."
        ) from None


def convert_to_tensor(value: Any, dtype: Any = None, dtype_hint: Any = None, name: str | None = None) -> Any:
    """Return a tensor from numbers, an array or a list, which may contain tensors; text becomes a NumPy array.

    References
    ----------
    ``tf.convert_to_tensor`` (TensorFlow 2.7).
    """
    text = text_of(value)
    if text is not None and dtype in (None, "string"):
        return text
    converted = tensor(value)
    return converted if dtype is None else ops.cast(converted, as_dtype(dtype))


def make_constant(value: Any, dtype: Any = None, shape: Any = None, name: str = "Const") -> Any:
    """Return a constant tensor, or a NumPy array for text; one number or one text fills the shape.

    References
    ----------
    ``tf.constant`` (TensorFlow 2.7).
    """
    converted = convert_to_tensor(value, dtype)
    if shape is None:
        return converted
    if isinstance(converted, np.ndarray):
        return np.full(sizes(shape), converted) if converted.size == 1 else converted.reshape(sizes(shape))
    return fill(shape, converted) if converted.value.size == 1 else ops.reshape(converted, sizes(shape))


def cast(x: Any, dtype: Any, name: str | None = None) -> Any:
    """Return a tensor in another dtype.

    References
    ----------
    ``tf.cast`` (TensorFlow 2.7).
    """
    return ops.cast(tensor(x), as_dtype(dtype))


def sizes(shape: Any) -> tuple[int, ...]:
    """Return a shape as a tuple of int, from an integer, a list or a tensor."""
    if isinstance(shape, Tensor):
        shape = shape.value
    try:
        return tuple(int(n) for n in (np.atleast_1d(shape) if isinstance(shape, np.ndarray | int) else shape))
    except TypeError:
        raise ArgumentTypeError(
            f"A shape is a sequence of integers. Received: {shape!r}. In a graph, make the numbers in a layer's call."
        ) from None


def zeros(shape: Any, dtype: Any = "float32", name: str | None = None) -> Tensor:
    """Return zeros."""
    return constant(np.zeros(sizes(shape), as_dtype(dtype)))


def ones(shape: Any, dtype: Any = "float32", name: str | None = None) -> Tensor:
    """Return ones."""
    return constant(np.ones(sizes(shape), as_dtype(dtype)))


def fill(dims: Any, value: Any, name: str | None = None) -> Tensor:
    """Return a tensor filled with one number."""
    number = to_array(tensor(value)).reshape(())
    return constant(np.full(sizes(dims), number, number.dtype))


def zeros_like(input: Any, dtype: Any = None, name: str | None = None) -> Any:
    """Return zeros of the shape of a tensor."""
    result = ops.zeros_like(tensor(input))
    return result if dtype is None else ops.cast(result, as_dtype(dtype))


def ones_like(input: Any, dtype: Any = None, name: str | None = None) -> Any:
    """Return ones of the shape of a tensor."""
    result = ops.ones_like(tensor(input))
    return result if dtype is None else ops.cast(result, as_dtype(dtype))


def eye(
    num_rows: Any,
    num_columns: Any = None,
    batch_shape: Any = None,
    dtype: Any = "float32",
    name: str | None = None,
) -> Tensor:
    """Return ones on the diagonal and zeros elsewhere."""
    matrix = np.eye(int(num_rows), None if num_columns is None else int(num_columns), dtype=as_dtype(dtype))
    return constant(
        matrix
        if batch_shape is None
        else np.broadcast_to(matrix, (*sizes(batch_shape), *matrix.shape)).copy()
    )


def arange(start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str = "range") -> Tensor:
    """Return numbers from `start`, or from 0, up to but not including a limit.

    References
    ----------
    ``tf.range`` (TensorFlow 2.7).
    """
    ends = (0, start) if limit is None else (start, limit)
    numbers = [to_array(tensor(n)).reshape(()) for n in (*ends, delta)]
    as_type = np.result_type(*numbers) if dtype is None else as_dtype(dtype)
    if dtype is None and as_type.kind == "f" and not any(n.dtype == np.float64 for n in numbers):
        as_type = np.dtype(np.float32)
    return constant(np.arange(*(n.item() for n in numbers)).astype(as_type))


def linspace(start: Any, stop: Any, num: Any, name: str | None = None, axis: int = 0) -> Tensor:
    """Return `num` evenly spaced numbers from `start` to `stop`."""
    ends = to_array(tensor(start)), to_array(tensor(stop))
    as_type = np.float64 if any(e.dtype == np.float64 for e in ends) else np.float32
    return constant(np.linspace(*ends, int(num), axis=axis).astype(as_type))


def rank(input: Any, name: str | None = None) -> Tensor:
    """Return the number of axes."""
    return constant(np.asarray(len(tensor(input).shape), np.int32))


def size(input: Any, out_type: Any = "int32", name: str | None = None) -> Tensor:
    """Return the number of elements of a tensor."""
    return constant(np.asarray(to_array(tensor(input)).size, as_dtype(out_type)))


def whole(*tensors: Any) -> bool:
    """Return True for tensors of integers or booleans, which have no gradient and keep their dtype."""
    return all(isinstance(t, Tensor) and t.dtype.kind in "iub" for t in tensors)


def is_tensor(x: Any) -> bool:
    """Return whether a value is a tensor, a variable or a symbol."""
    return isinstance(x, Tensor | Symbolic)


def without_gradient(name: str, function: Callable[..., Any], *tensors: Any) -> Any:
    """Apply a function of arrays to tensors; asking for its gradient raises an error with `name`.

    Returns
    -------
    Tensor, or tuple of Tensor
    """
    operands = [tensor(t) for t in tensors]
    results = function(*(to_array(t) for t in operands))

    def refuse(_: Array) -> Sequence[Array | None]:
        raise GradientError(
            f"{name} has no gradient here. Received: a gradient that flows through it. Pass its argument through "
            "tf.stop_gradient, or use functions that have a gradient."
        )

    if isinstance(results, tuple):
        return tuple(current().result(np.asarray(r), refuse, *operands) for r in results)
    return current().result(np.asarray(results), refuse, *operands)
