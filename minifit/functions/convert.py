"""Tensors of what a program has: numbers, nested lists with tensors in them, other dtypes.

A function that has no gradient here says so when one is asked for.
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
    """Return a dtype by its name in TensorFlow or NumPy, or as it is."""
    if isinstance(type_value, str):
        type_value = WORDS.get(type_value, type_value)
    found: np.dtype[Any] = np.dtype(type_value)
    return found


def holds_tensors(value: Any) -> bool:
    """Return whether a nested list has a tensor or symbol in it."""
    return isinstance(value, list | tuple) and any(
        isinstance(v, Tensor | Symbolic) or holds_tensors(v) for v in value
    )


def tensor(value: Any) -> Any:
    """Return a tensor of anything that TensorFlow takes for one; gradients go through tensors in a list."""
    if isinstance(value, Tensor | Symbolic):
        return value
    if holds_tensors(value):
        return ops.stack([tensor(v) for v in value])
    found = as_tensor(value)
    array = narrowed(value, found.value)
    return found if array is found.value else constant(array)


def narrowed(value: Any, array: Array) -> Array:
    """Return the array of a value: Python's whole numbers are int32 in TensorFlow, as long as they fit."""
    if array.dtype != np.int64 or hasattr(value, "__array__"):  # arrays of NumPy and others keep their dtype
        return array
    low, high = np.iinfo(np.int32).min, np.iinfo(np.int32).max
    fits = not array.size or (array.min() >= low and array.max() <= high)
    return array.astype(np.int32) if fits else array


def text_of(value: Any) -> Array | None:
    """Return text as an array of NumPy, which is how data sets hand it out; None for anything that is no text."""
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
            "Rows of text have equal lengths. Received: a ragged list. Pad the short rows."
        ) from None


def convert_to_tensor(value: Any, dtype: Any = None, dtype_hint: Any = None, name: str | None = None) -> Any:
    """Return a tensor of numbers, of arrays, or of a list that has tensors in it; of text an array of NumPy.

    References
    ----------
    ``tf.convert_to_tensor`` (TensorFlow 2.7).
    """
    text = text_of(value)
    if text is not None and dtype in (None, "string"):
        return text
    found = tensor(value)
    return found if dtype is None else ops.cast(found, as_dtype(dtype))


def make_constant(value: Any, dtype: Any = None, shape: Any = None, name: str = "Const") -> Any:
    """Return a constant tensor, of text an array of NumPy; one number or word fills the shape.

    References
    ----------
    ``tf.constant`` (TensorFlow 2.7).
    """
    found = convert_to_tensor(value, dtype)
    if shape is None:
        return found
    if isinstance(found, np.ndarray):
        return np.full(sizes(shape), found) if found.size == 1 else found.reshape(sizes(shape))
    return fill(shape, found) if found.value.size == 1 else ops.reshape(found, sizes(shape))


def cast(x: Any, dtype: Any, name: str | None = None) -> Any:
    """Return a tensor in another dtype.

    References
    ----------
    ``tf.cast`` (TensorFlow 2.7).
    """
    return ops.cast(tensor(x), as_dtype(dtype))


def sizes(shape: Any) -> tuple[int, ...]:
    """Return a shape as Python's numbers, given as one number, a list or a tensor."""
    if isinstance(shape, Tensor):
        shape = shape.value
    try:
        return tuple(int(n) for n in (np.atleast_1d(shape) if isinstance(shape, np.ndarray | int) else shape))
    except TypeError:
        raise ArgumentTypeError(
            f"A shape is whole numbers. Received: {shape!r}. In a graph, make the numbers in the call of a layer."
        ) from None


def zeros(shape: Any, dtype: Any = "float32", name: str | None = None) -> Tensor:
    """Return zeros."""
    return constant(np.zeros(sizes(shape), as_dtype(dtype)))


def ones(shape: Any, dtype: Any = "float32", name: str | None = None) -> Tensor:
    """Return ones."""
    return constant(np.ones(sizes(shape), as_dtype(dtype)))


def fill(dims: Any, value: Any, name: str | None = None) -> Tensor:
    """Return one number everywhere."""
    one = to_array(tensor(value)).reshape(())
    return constant(np.full(sizes(dims), one, one.dtype))


def zeros_like(input: Any, dtype: Any = None, name: str | None = None) -> Any:
    """Return zeros of the shape of a tensor."""
    made = ops.zeros_like(tensor(input))
    return made if dtype is None else ops.cast(made, as_dtype(dtype))


def ones_like(input: Any, dtype: Any = None, name: str | None = None) -> Any:
    """Return ones of the shape of a tensor."""
    made = ops.ones_like(tensor(input))
    return made if dtype is None else ops.cast(made, as_dtype(dtype))


def eye(
    num_rows: Any,
    num_columns: Any = None,
    batch_shape: Any = None,
    dtype: Any = "float32",
    name: str | None = None,
) -> Tensor:
    """Return ones on the diagonal and zeros elsewhere."""
    made = np.eye(int(num_rows), None if num_columns is None else int(num_columns), dtype=as_dtype(dtype))
    return constant(
        made if batch_shape is None else np.broadcast_to(made, (*sizes(batch_shape), *made.shape)).copy()
    )


def arange(start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str = "range") -> Tensor:
    """Return numbers from `start`, or from 0, up to a limit that is not among them.

    References
    ----------
    ``tf.range`` (TensorFlow 2.7).
    """
    ends = (0, start) if limit is None else (start, limit)
    numbers = [to_array(tensor(n)).reshape(()) for n in (*ends, delta)]
    kind = np.result_type(*numbers) if dtype is None else as_dtype(dtype)
    if dtype is None and kind.kind == "f" and not any(n.dtype == np.float64 for n in numbers):
        kind = np.dtype(np.float32)
    return constant(np.arange(*(n.item() for n in numbers)).astype(kind))


def linspace(start: Any, stop: Any, num: Any, name: str | None = None, axis: int = 0) -> Tensor:
    """Return so many numbers from one to another, at equal distances."""
    ends = to_array(tensor(start)), to_array(tensor(stop))
    kind = np.float64 if any(e.dtype == np.float64 for e in ends) else np.float32
    return constant(np.linspace(*ends, int(num), axis=axis).astype(kind))


def rank(input: Any, name: str | None = None) -> Tensor:
    """Return the number of axes."""
    return constant(np.asarray(len(tensor(input).shape), np.int32))


def size(input: Any, out_type: Any = "int32", name: str | None = None) -> Tensor:
    """Return how many numbers a tensor has."""
    return constant(np.asarray(to_array(tensor(input)).size, as_dtype(out_type)))


def whole(*tensors: Any) -> bool:
    """Return True for tensors of whole numbers or truth values, which have no gradient and keep their dtype."""
    return all(isinstance(t, Tensor) and t.dtype.kind in "iub" for t in tensors)


def is_tensor(x: Any) -> bool:
    """Return whether something is a tensor, a variable or a symbol."""
    return isinstance(x, Tensor | Symbolic)


def without_gradient(name: str, function: Callable[..., Any], *tensors: Any) -> Any:
    """Return what a function makes of arrays; a gradient that is asked for is refused by name.

    Returns
    -------
    Tensor, or tuple of Tensor
    """
    own = [tensor(t) for t in tensors]
    made = function(*(to_array(t) for t in own))

    def refused(_: Array) -> Sequence[Array | None]:
        raise GradientError(
            f"Not every function has a gradient here. Received: one that goes through {name}. "
            "Pass its argument through tf.stop_gradient, or write it with functions that have one."
        )

    if isinstance(made, tuple):
        return tuple(current().result(np.asarray(m), refused, *own) for m in made)
    return current().result(np.asarray(made), refused, *own)
