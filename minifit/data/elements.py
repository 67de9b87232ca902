"""The elements in a pipeline: one array, or several in tuples and dicts.

Inside a pipeline numbers are arrays; a user's function receives them as tensors. Text stays a NumPy array. Tuples and
dicts may be nested; a list holds the rows of one array, as in TensorFlow.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from minifit import nest
from minifit.arrays import FLOAT, Array, numpy_ready
from minifit.checks import sizes
from minifit.data.refusals import refuse
from minifit.errors import ArgumentTypeError, DataError, ShapeError
from minifit.functions.convert import narrowed
from minifit.tensor import Tensor, constant, to_array


class Piped:
    """A data set; elements may contain data sets, such as those of `window`.

    Attributes
    ----------
    stage : Stage
        The last stage of the pipeline.
    """

    stage: Any


@dataclass(frozen=True)
class TensorSpec:
    """The shape and dtype of a part of an element.

    Parameters
    ----------
    shape : tuple of int or None
        None for a free size; None in place of the tuple for a free number of axes.
    dtype : numpy.dtype or any dtype_like, default float32
    name : str, optional
        A name for the reader.

    References
    ----------
    ``tf.TensorSpec`` (TensorFlow 2.7).
    """

    shape: Sequence[int | None] | None
    dtype: Any = np.float32
    name: str | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", None if self.shape is None else sizes("shape", self.shape))
        object.__setattr__(self, "dtype", dtype_of(self.dtype))

    def __repr__(self) -> str:
        return f"TensorSpec(shape={self.shape}, dtype={self.dtype}, name={self.name!r})"


@dataclass(frozen=True)
class DatasetSpec:
    """The spec of a data set within an element.

    Parameters
    ----------
    element_spec : TensorSpec, or nested ones
    """

    element_spec: Any


def dtype_of(value: Any) -> np.dtype[Any]:
    """Return a NumPy dtype; "string" is text.

    Raises
    ------
    ArgumentTypeError
        For a value that is not a dtype.
    """
    if getattr(value, "name", value) == "string":
        return np.dtype(np.str_)
    try:
        dtype: np.dtype[Any] = np.dtype(getattr(value, "as_numpy_dtype", value))
    except TypeError:
        raise ArgumentTypeError(
            f"dtype must be a NumPy dtype. Received: {value!r}. Pass for example np.float32."
        ) from None
    return dtype


# -- from the user and to the user ----------------------------------------------------------------------------


def map_parts(function: Callable[..., Any], *values: Any) -> Any:
    """Apply a function to the corresponding parts of values that are nested alike; return the results nested alike."""
    parts = zip(*map(nest.flatten, values), strict=True)
    return nest.pack(values[0], [function(*corresponding) for corresponding in parts])


def each_part(function: Callable[[Any], Any], element: Any) -> Any:
    """Apply a function to each part of an element: a fast `map_parts` of one value."""
    kind = type(element)
    if kind is tuple:
        return tuple([each_part(function, entry) for entry in element])
    if kind is dict:
        return {key: each_part(function, entry) for key, entry in element.items()}
    if isinstance(element, tuple):
        return kind(*[each_part(function, entry) for entry in element])
    return function(element)


def form_of(value: Any) -> Any:
    """Return the nesting of an element, with a star for each part."""
    return nest.map_leaves(lambda _: "*", value)


def element_of(value: Any) -> Any:
    """Convert a user's value to an element: arrays in tuples and dicts.

    Raises
    ------
    ArgumentTypeError, ShapeError, DataError
        For a part that holds neither numbers nor text, or is ragged or masked.
    """
    return each_part(_part, dict(value) if isinstance(value, Mapping) else value)


def _part(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.value
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "fiubUS":
        if isinstance(value, np.ma.MaskedArray):
            refuse("element", value)
            return np.asarray(value)
        return value
    if isinstance(value, Piped):
        return value
    if isinstance(value, Mapping):
        # a mapping other than a dict
        return element_of(value)
    array = _array(value)
    if array is None or array.dtype.kind not in "fiubUS":
        # raises, and says what is wrong with the value
        return to_array(value)
    if array.dtype == np.float64 and isinstance(value, float | list):
        # Python's floats become float32, as in tensors
        return array.astype(FLOAT)
    return narrowed(value, array)


def _array(value: Any) -> Array | None:
    """Convert a value with NumPy, an array of str objects to text; return None if NumPy cannot read the value."""
    try:
        array = np.asarray(numpy_ready(value))
    except (ValueError, TypeError):
        return None
    if array.dtype.kind == "O" and array.size and all(isinstance(each, str) for each in array.flat):
        return array.astype(np.str_)
    return array


def shown(element: Any) -> Any:
    """Return an element with tensors, as users see it."""
    return each_part(_shown, element)


def _shown(part: Any) -> Any:
    if isinstance(part, Piped) or part.dtype.kind in "US":
        return part
    return constant(np.asarray(part))


def as_numpy(element: Any) -> Any:
    """Return an element as copied arrays, which belong to the user."""
    return each_part(_as_numpy, element)


def _as_numpy(part: Any) -> Any:
    if isinstance(part, Piped):
        return part
    return part.copy() if part.ndim else part[()]


# -- several elements -----------------------------------------------------------------------------------------


def stack(elements: Sequence[Any]) -> Any:
    """Stack elements into one with a new first axis.

    Raises
    ------
    DataError, ShapeError
        When the elements differ in nesting or shape.
    """
    first = elements[0]
    if isinstance(first, tuple):
        if any(not isinstance(e, tuple) or len(e) != len(first) for e in elements):
            raise _unlike(elements)
        columns = [stack(column) for column in zip(*elements, strict=True)]
        return type(first)(*columns) if hasattr(first, "_fields") else tuple(columns)
    if isinstance(first, dict):
        if any(not isinstance(e, dict) or e.keys() != first.keys() for e in elements):
            raise _unlike(elements)
        return {key: stack([e[key] for e in elements]) for key in first}
    if any(isinstance(e, tuple | dict) for e in elements):
        raise _unlike(elements)
    return _stacked(elements)


def _unlike(elements: Sequence[Any]) -> DataError:
    forms = [form_of(element) for element in elements]
    odd = next(form for form in forms if form != forms[0])
    return DataError(
        "The elements of a data set must be nested alike. "
        f"Received: {forms[0]}, then {odd}. Return them in the same tuples and dicts."
    )


def _stacked(parts: Sequence[Any]) -> Array:
    need_arrays("batch", parts)
    shape = parts[0].shape
    odd = next((part.shape for part in parts if part.shape != shape), None)
    if odd is not None:
        raise ShapeError(
            "The elements of a batch must have the same shape. "
            f"Received: {shape}, then {odd}. Pad them with padded_batch, or make them alike with map."
        )
    return np.array(parts)


def need_arrays(method: str, parts: Sequence[Any]) -> None:
    """Refuse parts of elements, or specs of parts, that are data sets.

    Raises
    ------
    DataError
    """
    if any(isinstance(part, Piped | DatasetSpec) for part in parts):
        raise DataError(
            f"{method} needs elements that are arrays. Received: elements that are data sets, such as those of window. "
            "Call flat_map(lambda window: window.batch(size)) first."
        )


def padded(elements: Sequence[Any], shapes: Sequence[Any], values: Sequence[Any]) -> Any:
    """Stack elements into one with a new first axis, each part padded at its end.

    Parameters
    ----------
    elements : list
    shapes : list of tuple of int or None
        For each part in order; a size of None, or None in place of the tuple, means that of the longest element.
    values : list
        For each part, the value to pad with; None means 0 or an empty text.

    Raises
    ------
    DataError, ShapeError
    """
    if any(form_of(element) != form_of(elements[0]) for element in elements):
        raise _unlike(elements)
    need_arrays("padded_batch", nest.flatten(elements[0]))
    columns = zip(*map(nest.flatten, elements), strict=True)
    arrays = [_pad(parts, shape, value) for parts, shape, value in zip(columns, shapes, values, strict=True)]
    return nest.pack(elements[0], arrays)


def _pad(parts: Sequence[Any], shape: Any, value: Any) -> Array:
    """Stack arrays of the same rank, each padded to a shape."""
    ranks = {part.ndim for part in parts}
    rank = len(parts[0].shape if shape is None else shape)
    if ranks != {rank}:
        raise ShapeError(
            f"Padded elements must have as many axes as their padded shape, {rank}. "
            f"Received: {sorted(ranks)}. Reshape them with map."
        )
    longest = [max(sizes) for sizes in zip(*(part.shape for part in parts), strict=True)]
    target = [n if s is None else s for n, s in zip(longest, shape or [None] * rank, strict=True)]
    if any(n > m for n, m in zip(longest, target, strict=True)):
        raise ShapeError(
            f"An element must fit into its padded shape, {tuple(target)}. "
            f"Received: elements of up to {tuple(longest)}. Pass None for the longest of each batch."
        )
    dtype = np.result_type(*(part.dtype for part in parts))
    filling = _filling(value, dtype)
    if filling.dtype.kind in "US":
        # the filling may be longer than the texts
        dtype = np.result_type(dtype, filling)
    out = np.full((len(parts), *target), filling, dtype)
    for row, part in enumerate(parts):
        place: Any = (row, *map(slice, part.shape))
        out[place] = part
    return out


def _filling(value: Any, dtype: np.dtype[Any]) -> Array:
    """Return the value to pad arrays of a dtype with."""
    is_text = dtype.kind in "US"
    if value is None:
        return np.asarray("" if is_text else 0)
    array = np.asarray(value)
    if is_text:
        fits = array.dtype.kind in "US"
    else:
        with np.errstate(invalid="ignore"):
            fits = array.dtype.kind in "fiub" and (
                dtype.kind == "f" or bool((array.astype(dtype) == array).all())
            )
    if array.ndim or not fits:
        raise DataError(
            f"padding_values must fit the dtype of the parts that they pad, here {dtype}. Received: {value!r}. "
            "Pass a value that the dtype can hold, or change the dtype with map."
        )
    return array


# -- specs ----------------------------------------------------------------------------------------------------


def spec_of(element: Any) -> Any:
    """Return the spec of an element: a `TensorSpec` for each part."""
    return nest.map_leaves(_spec, element)


def _spec(part: Any) -> Any:
    if isinstance(part, Piped):
        return DatasetSpec(part.stage.spec())
    return TensorSpec(part.shape, np.str_ if part.dtype.kind in "US" else part.dtype)


def with_axis(spec: Any, size: int | None) -> Any:
    """Return the spec of elements with a new first axis.

    Raises
    ------
    DataError
        When the elements contain data sets.
    """
    need_arrays("batch", nest.flatten(spec))
    return nest.map_leaves(lambda s: TensorSpec(None if s.shape is None else (size, *s.shape), s.dtype), spec)


def without_axis(spec: Any) -> Any:
    """Return the spec of elements without their first axis.

    Raises
    ------
    DataError
        When the elements contain data sets.
    """
    need_arrays("unbatch", nest.flatten(spec))
    return nest.map_leaves(lambda s: TensorSpec(s.shape and s.shape[1:], s.dtype), spec)


def freed(spec: Any, before: Any) -> Any:
    """Return the spec of a function's result; its first axis is free if it has the length of a free axis of the input.

    Parameters
    ----------
    spec : TensorSpec, or nested ones
    before : tuple of shape (n, ...)
        The shapes of those parts of the input that have a free first axis.
    """
    sizes = {shape[0] for shape in before}

    def free(part: Any) -> Any:
        if isinstance(part, TensorSpec) and part.shape and part.shape[0] in sizes:
            return TensorSpec((None, *part.shape[1:]), part.dtype)
        return part

    return nest.map_leaves(free, spec)
