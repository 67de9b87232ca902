"""Elements of a data set: one array, or several in tuples and dicts, as they pass through a pipeline.

Inside a pipeline numbers are arrays; a user's function gets them as tensors. Text stays an array of NumPy's. Tuples and
dicts may be nested; a list is rows of one array, as in TensorFlow.
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
    """A data set; an element may hold some, as `window` makes them.

    Attributes
    ----------
    stage : Stage
        The last stage of its pipeline.
    """

    stage: Any


@dataclass(frozen=True)
class TensorSpec:
    """The shape and dtype of a part of an element.

    Parameters
    ----------
    shape : tuple of int or None
        None where a size is free; None in place of the tuple where even the number of axes is.
    dtype : numpy.dtype or whatever NumPy makes one of, default float32
    name : str, optional
        A name for whoever reads it.

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
    """The kind of a data set within an element.

    Parameters
    ----------
    element_spec : TensorSpec, or nested ones
    """

    element_spec: Any


def dtype_of(given: Any) -> np.dtype[Any]:
    """Return a dtype of NumPy's; "string" is text.

    Raises
    ------
    ArgumentTypeError
        For what is no dtype.
    """
    if getattr(given, "name", given) == "string":
        return np.dtype(np.str_)
    try:
        made: np.dtype[Any] = np.dtype(getattr(given, "as_numpy_dtype", given))
    except TypeError:
        raise ArgumentTypeError(
            f"dtype is one of NumPy's. Received: {given!r}. Pass for example np.float32."
        ) from None
    return made


# -- from the user and to the user ----------------------------------------------------------------------------


def map_parts(function: Callable[..., Any], *values: Any) -> Any:
    """Return what a function makes of the parts of values that are nested alike, nested as they are."""
    parts = zip(*map(nest.flatten, values), strict=True)
    return nest.pack(values[0], [function(*of) for of in parts])


def each_part(function: Callable[[Any], Any], element: Any) -> Any:
    """Return what a function makes of each part of an element: `map_parts` of one, for every element of a pipeline."""
    kind = type(element)
    if kind is tuple:
        return tuple([each_part(function, entry) for entry in element])
    if kind is dict:
        return {key: each_part(function, entry) for key, entry in element.items()}
    if isinstance(element, tuple):
        return kind(*[each_part(function, entry) for entry in element])
    return function(element)


def form_of(value: Any) -> Any:
    """Return how an element is nested, with a star for each part."""
    return nest.map_leaves(lambda _: "*", value)


def element_of(value: Any) -> Any:
    """Return what a user gave as an element: arrays, in tuples and dicts.

    Raises
    ------
    ArgumentTypeError, ShapeError, DataError
        For a part that holds neither numbers nor text, is ragged or masked.
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
    if isinstance(value, Mapping):  # one that is no dict
        return element_of(value)
    array = _array(value)
    if array is None or array.dtype.kind not in "fiubUS":
        return to_array(value)  # which says what is wrong with it
    if array.dtype == np.float64 and isinstance(value, float | list):
        return array.astype(FLOAT)  # as every tensor of Python's floats
    return narrowed(value, array)


def _array(value: Any) -> Array | None:
    """Return what NumPy makes of a value, objects that are texts as text; None of what it cannot read."""
    try:
        array = np.asarray(numpy_ready(value))
    except (ValueError, TypeError):
        return None
    if array.dtype.kind == "O" and array.size and all(isinstance(each, str) for each in array.flat):
        return array.astype(np.str_)
    return array


def shown(element: Any) -> Any:
    """Return an element as users see it, with tensors."""
    return each_part(_shown, element)


def _shown(part: Any) -> Any:
    if isinstance(part, Piped) or part.dtype.kind in "US":
        return part
    return constant(np.asarray(part))


def as_numpy(element: Any) -> Any:
    """Return an element in arrays that belong to the user."""
    return each_part(_as_numpy, element)


def _as_numpy(part: Any) -> Any:
    if isinstance(part, Piped):
        return part
    return part.copy() if part.ndim else part[()]


# -- several elements -----------------------------------------------------------------------------------------


def stack(elements: Sequence[Any]) -> Any:
    """Return elements as one with a further axis in front.

    Raises
    ------
    DataError, ShapeError
        When they differ in form or in shape.
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
            "The elements of a batch must have one shape. "
            f"Received: {shape}, then {odd}. Pad them: padded_batch, or make them alike with map."
        )
    return np.array(parts)


def need_arrays(what: str, parts: Sequence[Any]) -> None:
    """Raise for parts of elements, or kinds of these, that are data sets.

    Raises
    ------
    DataError
    """
    if any(isinstance(part, Piped | DatasetSpec) for part in parts):
        raise DataError(
            f"{what} takes arrays. Received: elements that are data sets, as window makes them. "
            "Call flat_map(lambda window: window.batch(size)) first."
        )


def padded(elements: Sequence[Any], shapes: Sequence[Any], values: Sequence[Any]) -> Any:
    """Return elements as one with a further axis in front, each part padded at its ends.

    Parameters
    ----------
    elements : list
    shapes : list of tuple of int or None
        For each part in order; a size of None, or None in place of all, is that of the longest of these elements.
    values : list
        For each part, what to pad with; None for 0 or an empty text.

    Raises
    ------
    DataError, ShapeError
    """
    if any(form_of(element) != form_of(elements[0]) for element in elements):
        raise _unlike(elements)
    need_arrays("padded_batch", nest.flatten(elements[0]))
    columns = zip(*map(nest.flatten, elements), strict=True)
    made = [_pad(parts, shape, value) for parts, shape, value in zip(columns, shapes, values, strict=True)]
    return nest.pack(elements[0], made)


def _pad(parts: Sequence[Any], shape: Any, value: Any) -> Array:
    """Return arrays of one rank as one, each padded to a shape."""
    ranks = {part.ndim for part in parts}
    rank = len(parts[0].shape if shape is None else shape)
    if ranks != {rank}:
        raise ShapeError(
            f"Elements that are padded must have as many axes as their padded shape, {rank}. "
            f"Received: {sorted(ranks)}. Reshape them with map."
        )
    longest = [max(sizes) for sizes in zip(*(part.shape for part in parts), strict=True)]
    wanted = [n if s is None else s for n, s in zip(longest, shape or [None] * rank, strict=True)]
    if any(n > w for n, w in zip(longest, wanted, strict=True)):
        raise ShapeError(
            f"An element must fit into its padded shape, {tuple(wanted)}. "
            f"Received: elements of up to {tuple(longest)}. Pass None for the longest of each batch."
        )
    dtype = np.result_type(*(part.dtype for part in parts))
    filling = _filling(value, dtype)
    if filling.dtype.kind in "US":
        dtype = np.result_type(dtype, filling)  # which may be longer than the texts
    out = np.full((len(parts), *wanted), filling, dtype)
    for row, part in enumerate(parts):
        place: Any = (row, *map(slice, part.shape))
        out[place] = part
    return out


def _filling(value: Any, dtype: np.dtype[Any]) -> Array:
    """Return what to pad arrays of a dtype with."""
    is_text = dtype.kind in "US"
    if value is None:
        return np.asarray("" if is_text else 0)
    given = np.asarray(value)
    if is_text:
        fits = given.dtype.kind in "US"
    else:
        with np.errstate(invalid="ignore"):
            fits = given.dtype.kind in "fiub" and (
                dtype.kind == "f" or bool((given.astype(dtype) == given).all())
            )
    if given.ndim or not fits:
        raise DataError(
            f"padding_values must be values of what they pad, here of dtype {dtype}. Received: {value!r}. "
            "Pass one that it holds, or change the dtype with map."
        )
    return given


# -- their kinds ----------------------------------------------------------------------------------------------


def spec_of(element: Any) -> Any:
    """Return the kind of an element: a `TensorSpec` for each part."""
    return nest.map_leaves(_spec, element)


def _spec(part: Any) -> Any:
    if isinstance(part, Piped):
        return DatasetSpec(part.stage.spec())
    return TensorSpec(part.shape, np.str_ if part.dtype.kind in "US" else part.dtype)


def with_axis(spec: Any, size: int | None) -> Any:
    """Return a kind of element with one more axis in front.

    Raises
    ------
    DataError
        When it has data sets in it.
    """
    need_arrays("batch", nest.flatten(spec))
    return nest.map_leaves(lambda s: TensorSpec(None if s.shape is None else (size, *s.shape), s.dtype), spec)


def without_axis(spec: Any) -> Any:
    """Return a kind of element without its first axis.

    Raises
    ------
    DataError
        When it has data sets in it.
    """
    need_arrays("unbatch", nest.flatten(spec))
    return nest.map_leaves(lambda s: TensorSpec(s.shape and s.shape[1:], s.dtype), spec)


def freed(spec: Any, before: Any) -> Any:
    """Return the kind of a result with a free first axis where it has as many rows as the free ones it was made of.

    Parameters
    ----------
    spec : TensorSpec, or nested ones
    before : tuple of shape (n, ...)
        The shapes of the parts that it was made of and have a free first axis.
    """
    sizes = {shape[0] for shape in before}

    def free(part: Any) -> Any:
        if isinstance(part, TensorSpec) and part.shape and part.shape[0] in sizes:
            return TensorSpec((None, *part.shape[1:]), part.dtype)
        return part

    return nest.map_leaves(free, spec)
