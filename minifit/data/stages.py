"""Stages of a pipeline: the sources of elements, and the functions of single elements.

A stage is a recipe. Every iteration runs it from the beginning, and each element is made when it is needed. Stages
that select and order elements are in `orders`, those that group them in `grouping`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, count
from typing import Any

import numpy as np

from minifit import nest
from minifit.arrays import Array
from minifit.data.checks import same_length
from minifit.data.elements import (
    DatasetSpec,
    Piped,
    TensorSpec,
    each_part,
    element_of,
    form_of,
    freed,
    map_parts,
    shown,
    spec_of,
    without_axis,
)
from minifit.errors import ArgumentError, ArgumentTypeError, DataError
from minifit.signatures import name_of

INFINITE = -1
UNKNOWN = -2
STRETCH = 2**16
"""The number of row numbers that are yielded together."""


class Stage(ABC):
    """The base class of stages.

    Attributes
    ----------
    before : tuple of Stage
        The stages that it takes its elements from.
    source : Slices or None
        The arrays, if the elements are rows of arrays in some order; else None.
    """

    before: "tuple[Stage, ...]" = ()
    source: "Slices | None" = None
    draws = False
    """True if the stage draws random numbers."""

    position: Any = None
    """The position of the random numbers, if the stage draws some: the state of a bit generator."""

    title = "Dataset"
    """The name of TensorFlow's class for a data set that ends with this stage."""

    @abstractmethod
    def elements(self) -> Iterator[Any]:
        """Begin an iteration, and yield the elements as arrays."""

    @abstractmethod
    def length(self) -> int:
        """Return the number of elements; `INFINITE` or `UNKNOWN`."""

    @abstractmethod
    def spec(self) -> Any:
        """Return the spec of the elements; this may make a first element."""

    def known_spec(self) -> Any:
        """Return the spec of the elements if it is known without running a function; else None."""
        return None if any(stage.known_spec() is None for stage in self.before) else self.spec()

    def numbers(self) -> Iterator[Array]:
        """Begin an iteration over rows of the source, and yield their numbers, many at a time."""
        raise NotImplementedError

    def __iter__(self) -> Iterator[Any]:
        return self.elements()

    def walk(self) -> "Iterator[Stage]":
        """Yield this stage and all stages before it."""
        yield self
        for stage in self.before:
            yield from stage.walk()


def first_of(stage: Stage) -> Any:
    """Return the first element, or None if there is none; the positions of shuffles are restored."""
    places = [(each, each.position) for each in stage.walk() if each.draws]
    try:
        return next(stage.elements(), None)
    finally:
        for each, position in places:
            each.position = position


def length_over(length: int, function: Callable[[int], int]) -> int:
    """Apply a function to a length; `INFINITE` and `UNKNOWN` stay."""
    return length if length < 0 else function(length)


# -- sources ----------------------------------------------------------------------------------------------------


class Slices(Stage):
    """The rows of arrays.

    Parameters
    ----------
    arrays : array_like of shape (n, ...), in tuples and dicts
    """

    title = "TensorSliceDataset"

    def __init__(self, arrays: Any) -> None:
        self.arrays = element_of(arrays)
        parts = nest.flatten(self.arrays)
        if not parts or any(isinstance(part, Piped) or part.ndim == 0 for part in parts):
            raise DataError(
                "from_tensor_slices needs arrays with rows. Received: "
                f"{'nothing' if not parts else 'a part without axes'}. Use from_tensors for a single element."
            )
        if len({len(part) for part in parts}) > 1:
            same_length("All arrays of a data set", **{f"array {i}": part for i, part in enumerate(parts, 1)})
        self.rows = len(parts[0])
        self.source = self

    def at(self, numbers: Any) -> Any:
        """Return these rows, or one row."""
        return each_part(lambda part: part[numbers], self.arrays)

    def elements(self) -> Iterator[Any]:
        """Yield the rows."""
        return map(self.at, range(self.rows))

    def numbers(self) -> Iterator[Array]:
        """Yield the numbers of the rows."""
        for first in range(0, self.rows, STRETCH):
            yield np.arange(first, min(first + STRETCH, self.rows))

    def length(self) -> int:
        """Return the number of rows."""
        return self.rows

    def spec(self) -> Any:
        """Return the spec of a row."""
        return without_axis(spec_of(self.arrays))


class Tensors(Stage):
    """A single element."""

    title = "TensorDataset"

    def __init__(self, element: Any) -> None:
        self.element = element_of(element)

    def elements(self) -> Iterator[Any]:
        """Yield the element."""
        yield self.element

    def length(self) -> int:
        """Return 1."""
        return 1

    def spec(self) -> Any:
        """Return the spec of the element."""
        return spec_of(self.element)


class Range(Stage):
    """The numbers of a ``range``."""

    title = "RangeDataset"

    def __init__(self, numbers: range, dtype: np.dtype[Any]) -> None:
        self.values, self.dtype = numbers, dtype

    def elements(self) -> Iterator[Any]:
        """Yield the numbers."""
        return map(self.dtype.type, self.values)

    def length(self) -> int:
        """Return how many numbers there are."""
        return len(self.values)

    def spec(self) -> Any:
        """Return the spec of a number."""
        return TensorSpec((), self.dtype)


class Generated(Stage):
    """The items of a generator, which is made again for every iteration.

    Parameters
    ----------
    function : callable
        Returns an iterable.
    arguments : tuple
        The arguments of the function.
    signature : TensorSpec, or nested ones
        The spec of each element; a shape of None means any.
    """

    title = "GeneratorDataset"

    def __init__(self, function: Callable[..., Any], arguments: Sequence[Any], signature: Any) -> None:
        self.function, self.arguments, self.signature = function, arguments, signature

    def elements(self) -> Iterator[Any]:
        """Call the function, and yield the items as elements."""
        for number, element in enumerate(self.function(*self.arguments)):
            yield _convert(element, self.signature, number)

    def length(self) -> int:
        """Return `UNKNOWN`."""
        return UNKNOWN

    def spec(self) -> Any:
        """Return the signature."""
        return self.signature


def _convert(value: Any, signature: Any, number: int) -> Any:
    """Convert an item of a generator to an element with a signature."""
    if nest.is_nested(signature):
        entries = list(signature) if isinstance(signature, dict) else range(len(signature))
        fits = isinstance(value, dict) if isinstance(signature, dict) else isinstance(value, tuple | list)
        if (
            not fits
            or len(value) != len(signature)
            or (isinstance(value, dict) and set(value) != set(entries))
        ):
            raise DataError(
                "A generator must yield elements that are nested like its signature. "
                f"Received: {_described(value)} in element {number}, in place of {form_of(signature)}. "
                "Change what it yields, or change output_signature."
            )
        parts = [_convert(value[entry], signature[entry], number) for entry in entries]
        return dict(zip(entries, parts, strict=True)) if isinstance(signature, dict) else tuple(parts)
    part = np.asarray(element_of(value))
    shape, dtype = signature.shape, signature.dtype
    fits_dtype = (part.dtype.kind in "US") == (dtype.kind in "US")
    if shape is not None and (
        len(shape) != part.ndim or any(m not in (None, n) for m, n in zip(shape, part.shape, strict=True))
    ):
        raise DataError(
            f"A generator must yield elements of the shape in its signature, {shape}. "
            f"Received: {part.shape} in element {number}. Change what it yields, or change output_signature."
        )
    if not fits_dtype:
        raise DataError(
            f"A generator must yield elements of the dtype in its signature, {dtype}. "
            f"Received: {part.dtype} in element {number}. Change what it yields, or change output_signature."
        )
    return part if part.dtype.kind in "US" else part.astype(dtype, copy=False)


def _described(value: Any) -> str:
    return f"a {type(value).__name__}" + (
        f" of {len(value)}" if isinstance(value, tuple | list | dict) else ""
    )


# -- functions of single elements -------------------------------------------------------------------------------


def call(function: Callable[..., Any], element: Any) -> Any:
    """Call a user's function with an element; the entries of a tuple are its arguments."""
    arguments = shown(element)
    return function(*arguments) if type(element) is tuple else function(arguments)


class Mapped(Stage):
    """The results of a function of each element."""

    title = "MapDataset"

    def __init__(self, before: Stage, function: Callable[..., Any]) -> None:
        self.before, self.function = (before,), function
        self._spec: Any = None

    def elements(self) -> Iterator[Any]:
        """Yield the results."""
        return map(self._result, self.before[0].elements())

    def _result(self, element: Any) -> Any:
        returned = call(self.function, element)
        if returned is None:
            raise ArgumentTypeError(
                f"The function for map must return an element. Received: None from {name_of(self.function)}. "
                "Return the tensors."
            )
        return element_of(returned)

    def length(self) -> int:
        """Return the length of the stage before."""
        return self.before[0].length()

    def spec(self) -> Any:
        """Return the spec of the first result; a first axis that is free in the elements is free in it."""
        if self._spec is None:
            before = self.before[0].spec()
            element = first_of(self.before[0])
            if element is None:
                raise DataError(
                    "map needs a first element to find the spec of its results. Received: an empty data set. "
                    "Pass one that has elements."
                )
            free = [
                part.shape
                for part, spec in zip(nest.flatten(element), nest.flatten(before), strict=True)
                if isinstance(spec, TensorSpec) and spec.shape is not None and spec.shape[:1] == (None,)
            ]
            self._spec = freed(spec_of(self._result(element)), free)
        return self._spec

    def known_spec(self) -> Any:
        """Return the spec of the results if a result was made; else None."""
        return self._spec


class Filtered(Stage):
    """The elements for which a function returns True."""

    title = "FilterDataset"

    def __init__(self, before: Stage, function: Callable[..., Any]) -> None:
        self.before, self.function = (before,), function

    def elements(self) -> Iterator[Any]:
        """Yield these elements."""
        return (e for e in self.before[0].elements() if self._holds(e))

    def _holds(self, element: Any) -> bool:
        answer = call(self.function, element)
        kind = getattr(getattr(answer, "dtype", None), "kind", None)
        single = kind == "b" and getattr(answer, "shape", None) == ()
        if not single and not isinstance(answer, bool):
            raise ArgumentTypeError(
                "The function for filter must return a single truth value. "
                f"Received: {_answer(answer)} from {name_of(self.function)}. Reduce it to one."
            )
        return bool(answer)

    def length(self) -> int:
        """Return `UNKNOWN`, unless the stage before is empty or infinite."""
        return length_over(self.before[0].length(), lambda n: UNKNOWN if n else 0)

    def spec(self) -> Any:
        """Return the spec of the stage before."""
        return self.before[0].spec()


def _answer(value: Any) -> str:
    kind = f" of shape {value.shape} and dtype {value.dtype}" if hasattr(value, "dtype") else ""
    return f"a {type(value).__name__}{kind}"


class Flattened(Stage):
    """The elements of the data sets that a function returns, one data set after another."""

    title = "FlatMapDataset"

    def __init__(self, before: Stage, function: Callable[..., Any]) -> None:
        self.before, self.function = (before,), function

    def elements(self) -> Iterator[Any]:
        """Yield these elements."""
        return chain.from_iterable(self._stage_for(e).elements() for e in self.before[0].elements())

    def _stage_for(self, element: Any) -> Stage:
        dataset = call(self.function, element)
        if not isinstance(dataset, Piped):
            raise ArgumentTypeError(
                f"The function for flat_map must return a data set. Received: {_answer(dataset)} from "
                f"{name_of(self.function)}. Return a Dataset, or use map."
            )
        stage: Stage = dataset.stage
        return stage

    def length(self) -> int:
        """Return `UNKNOWN`."""
        return UNKNOWN

    def spec(self) -> Any:
        """Return the spec of the elements of the first data set."""
        element = first_of(self.before[0])
        if element is None:
            raise DataError(
                "flat_map needs a first element to find the spec of its results. Received: an empty data set. "
                "Pass one that has elements."
            )
        return self._stage_for(element).spec()

    def known_spec(self) -> Any:
        """Return None, since only the function can show the spec."""
        return None


class Numbered(Stage):
    """Pairs of a number and an element."""

    title = "EnumerateDataset"

    def __init__(self, before: Stage, start: int) -> None:
        self.before, self.start = (before,), start

    def elements(self) -> Iterator[Any]:
        """Yield the pairs."""
        return zip(map(np.int64, count(self.start)), self.before[0].elements(), strict=False)

    def length(self) -> int:
        """Return the length of the stage before."""
        return self.before[0].length()

    def spec(self) -> Any:
        """Return the spec of a pair."""
        return TensorSpec((), np.int64), self.before[0].spec()


class Zipped(Stage):
    """The corresponding elements of several stages, up to the end of the shortest.

    Parameters
    ----------
    nested : Stage, in tuples and dicts
    """

    title = "ZipDataset"

    def __init__(self, nested: Any) -> None:
        self.before, self.nested = tuple(nest.flatten(nested)), nested

    def elements(self) -> Iterator[Any]:
        """Yield the elements, nested like the stages."""
        for several in zip(*(stage.elements() for stage in self.before), strict=False):
            yield nest.pack(self.nested, several)

    def length(self) -> int:
        """Return the length of the shortest stage."""
        lengths = [stage.length() for stage in self.before]
        if UNKNOWN in lengths:
            return UNKNOWN
        return min((n for n in lengths if n != INFINITE), default=INFINITE)

    def spec(self) -> Any:
        """Return the specs of the stages, nested like them."""
        return nest.pack(self.nested, [stage.spec() for stage in self.before])


class Concatenated(Stage):
    """The elements of one stage, then those of another."""

    title = "ConcatenateDataset"

    def __init__(self, first: Stage, second: Stage) -> None:
        self.before = first, second
        kinds = [stage.known_spec() for stage in self.before]
        if None not in kinds and _dtypes(kinds[0]) != _dtypes(kinds[1]):
            raise ArgumentTypeError(
                "concatenate needs two data sets with elements of the same nesting and dtypes. "
                f"Received: {kinds[0]}, then {kinds[1]}. Make them alike with map."
            )

    def elements(self) -> Iterator[Any]:
        """Yield the elements of the first stage, then those of the second."""
        return chain.from_iterable(stage.elements() for stage in self.before)

    def length(self) -> int:
        """Return the sum of the lengths."""
        first, second = (stage.length() for stage in self.before)
        return (
            INFINITE
            if INFINITE in (first, second)
            else UNKNOWN
            if UNKNOWN in (first, second)
            else first + second
        )

    def spec(self) -> Any:
        """Return the common spec, with None for sizes that differ."""
        return map_parts(_common, *(stage.spec() for stage in self.before))


def _dtypes(spec: Any) -> Any:
    return nest.map_leaves(lambda s: s.dtype if isinstance(s, TensorSpec) else "a data set", spec)


def _common(first: Any, second: Any) -> Any:
    if isinstance(first, DatasetSpec) or first.shape is None:
        return first
    if second.shape is None or len(first.shape) != len(second.shape):
        return TensorSpec(None, first.dtype)
    shape = tuple(n if n == m else None for n, m in zip(first.shape, second.shape, strict=True))
    return TensorSpec(shape, first.dtype)


def checked_function(method: str, function: Any) -> Any:
    """Return a user's function.

    Raises
    ------
    ArgumentTypeError
        When it is not callable.
    """
    if not callable(function):
        raise ArgumentTypeError(
            f"{method} needs a function. Received: a {type(function).__name__}. Pass a function of an element."
        )
    return function


def refuse_endless(method: str, length: int, todo: str) -> None:
    """Refuse a data set without an end.

    Raises
    ------
    ArgumentError
    """
    if length == INFINITE:
        raise ArgumentError(
            f"{method} needs a data set with an end. Received: a data set that repeats without end. {todo}"
        )
