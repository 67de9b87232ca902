"""Stages of a pipeline: where the elements of a data set come from, and what becomes of each.

A stage is a recipe. Every iteration runs it from its beginning, and elements are made when they are asked for. Stages
that put elements in order are in `orders`, those that join and divide them in `grouping`.
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
"""Numbers of rows that are handed out together."""


class Stage(ABC):
    """The base of all stages.

    Attributes
    ----------
    before : tuple of Stage
        Those that it takes its elements from.
    source : Slices or None
        The rows of arrays that its elements are, in some order; None if they are made otherwise.
    """

    before: "tuple[Stage, ...]" = ()
    source: "Slices | None" = None
    draws = False
    """True if it draws random numbers."""

    position: Any = None
    """The position of its random numbers, if it draws some: the state of a bit generator."""

    title = "Dataset"
    """The class of TensorFlow's that a data set with this stage as its last shows."""

    @abstractmethod
    def elements(self) -> Iterator[Any]:
        """Begin an iteration: yield the elements, in arrays."""

    @abstractmethod
    def length(self) -> int:
        """Return the number of elements; `INFINITE` or `UNKNOWN`."""

    @abstractmethod
    def spec(self) -> Any:
        """Return the kind of the elements. A first element may have to be made for it."""

    def known_spec(self) -> Any:
        """Return the kind of the elements if nothing has to be run for it; else None."""
        return None if any(stage.known_spec() is None for stage in self.before) else self.spec()

    def numbers(self) -> Iterator[Array]:
        """Begin an iteration over rows of the source: yield their numbers, many at a time."""
        raise NotImplementedError

    def __iter__(self) -> Iterator[Any]:
        return self.elements()

    def walk(self) -> "Iterator[Stage]":
        """Yield this stage and all that it takes elements from."""
        yield self
        for stage in self.before:
            yield from stage.walk()


def first_of(stage: Stage) -> Any:
    """Return the first element, None if there is none. Shuffles stay where they stand: a look changes no order."""
    places = [(each, each.position) for each in stage.walk() if each.draws]
    try:
        return next(stage.elements(), None)
    finally:
        for each, position in places:
            each.position = position


def length_over(length: int, function: Callable[[int], int]) -> int:
    """Return a length that depends on another; one that is no number stays as it is."""
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
                "from_tensor_slices takes rows of arrays. Received: "
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
        """Return the kind of a row."""
        return without_axis(spec_of(self.arrays))


class Tensors(Stage):
    """A single element."""

    title = "TensorDataset"

    def __init__(self, element: Any) -> None:
        self.element = element_of(element)

    def elements(self) -> Iterator[Any]:
        """Yield it."""
        yield self.element

    def length(self) -> int:
        """Return 1."""
        return 1

    def spec(self) -> Any:
        """Return its kind."""
        return spec_of(self.element)


class Range(Stage):
    """The numbers of a ``range``."""

    title = "RangeDataset"

    def __init__(self, numbers: range, dtype: np.dtype[Any]) -> None:
        self.values, self.dtype = numbers, dtype

    def elements(self) -> Iterator[Any]:
        """Yield them."""
        return map(self.dtype.type, self.values)

    def length(self) -> int:
        """Return how many there are."""
        return len(self.values)

    def spec(self) -> Any:
        """Return the kind of a number."""
        return TensorSpec((), self.dtype)


class Generated(Stage):
    """The elements that a generator yields, which is made again for every iteration.

    Parameters
    ----------
    function : callable
        Returns an iterable.
    arguments : tuple
        What it is called with.
    signature : TensorSpec, or nested ones
        The kind of each element; a shape of None is any.
    """

    title = "GeneratorDataset"

    def __init__(self, function: Callable[..., Any], arguments: Sequence[Any], signature: Any) -> None:
        self.function, self.arguments, self.signature = function, arguments, signature

    def elements(self) -> Iterator[Any]:
        """Call the function, and yield what it yields."""
        for number, element in enumerate(self.function(*self.arguments)):
            yield _as_signed(element, self.signature, number)

    def length(self) -> int:
        """Return that it is unknown."""
        return UNKNOWN

    def spec(self) -> Any:
        """Return the signature."""
        return self.signature


def _as_signed(value: Any, signature: Any, number: int) -> Any:
    """Return what a generator yielded as an element of a kind."""
    if nest.is_nested(signature):
        entries = list(signature) if isinstance(signature, dict) else range(len(signature))
        fits = isinstance(value, dict) if isinstance(signature, dict) else isinstance(value, tuple | list)
        if (
            not fits
            or len(value) != len(signature)
            or (isinstance(value, dict) and set(value) != set(entries))
        ):
            raise DataError(
                "A generator yields elements that are nested as its signature says. "
                f"Received: {_named(value)} in element {number}, in the place of {form_of(signature)}. "
                "Yield them alike, or change output_signature."
            )
        made = [_as_signed(value[entry], signature[entry], number) for entry in entries]
        return dict(zip(entries, made, strict=True)) if isinstance(signature, dict) else tuple(made)
    part = np.asarray(element_of(value))
    wanted, dtype = signature.shape, signature.dtype
    fits_dtype = (part.dtype.kind in "US") == (dtype.kind in "US")
    if wanted is not None and (
        len(wanted) != part.ndim or any(w not in (None, n) for w, n in zip(wanted, part.shape, strict=True))
    ):
        raise DataError(
            f"A generator yields elements of the shape that its signature says, {wanted}. "
            f"Received: {part.shape} in element {number}. Yield them alike, or change output_signature."
        )
    if not fits_dtype:
        raise DataError(
            f"A generator yields elements of the dtype that its signature says, {dtype}. "
            f"Received: {part.dtype} in element {number}. Yield them alike, or change output_signature."
        )
    return part if part.dtype.kind in "US" else part.astype(dtype, copy=False)


def _named(value: Any) -> str:
    return f"a {type(value).__name__}" + (
        f" of {len(value)}" if isinstance(value, tuple | list | dict) else ""
    )


# -- each element by itself -------------------------------------------------------------------------------------


def call(function: Callable[..., Any], element: Any) -> Any:
    """Call a user's function with an element: a tuple is its arguments."""
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
                f"A function for map returns an element. Received: None from {name_of(self.function)}. "
                "Return the tensors."
            )
        return element_of(returned)

    def length(self) -> int:
        """Return that of the stage before."""
        return self.before[0].length()

    def spec(self) -> Any:
        """Return the kind of the first result, with a free first axis where that of the elements is free."""
        if self._spec is None:
            before = self.before[0].spec()
            element = first_of(self.before[0])
            if element is None:
                raise DataError(
                    "The kind of what map returns is that of its first result. Received: an empty data set. "
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
        """Return the kind of the results if one was made."""
        return self._spec


class Filtered(Stage):
    """The elements that a function says True of."""

    title = "FilterDataset"

    def __init__(self, before: Stage, function: Callable[..., Any]) -> None:
        self.before, self.function = (before,), function

    def elements(self) -> Iterator[Any]:
        """Yield them."""
        return (e for e in self.before[0].elements() if self._holds(e))

    def _holds(self, element: Any) -> bool:
        answer = call(self.function, element)
        kind = getattr(getattr(answer, "dtype", None), "kind", None)
        single = kind == "b" and getattr(answer, "shape", None) == ()
        if not single and not isinstance(answer, bool):
            raise ArgumentTypeError(
                "A function for filter returns a single truth value. "
                f"Received: {_answer(answer)} from {name_of(self.function)}. Reduce it to one."
            )
        return bool(answer)

    def length(self) -> int:
        """Return that it is unknown, unless there are none at all or no end."""
        return length_over(self.before[0].length(), lambda n: UNKNOWN if n else 0)

    def spec(self) -> Any:
        """Return that of the stage before."""
        return self.before[0].spec()


def _answer(value: Any) -> str:
    kind = f" of shape {value.shape} and dtype {value.dtype}" if hasattr(value, "dtype") else ""
    return f"a {type(value).__name__}{kind}"


class Flattened(Stage):
    """The elements of the data sets that a function makes, one after another."""

    title = "FlatMapDataset"

    def __init__(self, before: Stage, function: Callable[..., Any]) -> None:
        self.before, self.function = (before,), function

    def elements(self) -> Iterator[Any]:
        """Yield them."""
        return chain.from_iterable(self._made(e).elements() for e in self.before[0].elements())

    def _made(self, element: Any) -> Stage:
        made = call(self.function, element)
        if not isinstance(made, Piped):
            raise ArgumentTypeError(
                f"A function for flat_map returns a data set. Received: {_answer(made)} from "
                f"{name_of(self.function)}. Return a Dataset, or use map."
            )
        stage: Stage = made.stage
        return stage

    def length(self) -> int:
        """Return that it is unknown."""
        return UNKNOWN

    def spec(self) -> Any:
        """Return the kind of the elements of the first data set."""
        element = first_of(self.before[0])
        if element is None:
            raise DataError(
                "The kind of what flat_map returns is that of its first data set. Received: an empty data set. "
                "Pass one that has elements."
            )
        return self._made(element).spec()

    def known_spec(self) -> Any:
        """Return None: a function must be run for it."""
        return None


class Numbered(Stage):
    """The elements behind their numbers."""

    title = "EnumerateDataset"

    def __init__(self, before: Stage, start: int) -> None:
        self.before, self.start = (before,), start

    def elements(self) -> Iterator[Any]:
        """Yield pairs of a number and an element."""
        return zip(map(np.int64, count(self.start)), self.before[0].elements(), strict=False)

    def length(self) -> int:
        """Return that of the stage before."""
        return self.before[0].length()

    def spec(self) -> Any:
        """Return the kind of a pair."""
        return TensorSpec((), np.int64), self.before[0].spec()


class Zipped(Stage):
    """The elements of several stages side by side, as far as all of them go.

    Parameters
    ----------
    nested : Stage, in tuples and dicts
    """

    title = "ZipDataset"

    def __init__(self, nested: Any) -> None:
        self.before, self.nested = tuple(nest.flatten(nested)), nested

    def elements(self) -> Iterator[Any]:
        """Yield them, nested as the stages are."""
        for several in zip(*(stage.elements() for stage in self.before), strict=False):
            yield nest.pack(self.nested, several)

    def length(self) -> int:
        """Return the least length."""
        lengths = [stage.length() for stage in self.before]
        if UNKNOWN in lengths:
            return UNKNOWN
        return min((n for n in lengths if n != INFINITE), default=INFINITE)

    def spec(self) -> Any:
        """Return their kinds, nested as they are."""
        return nest.pack(self.nested, [stage.spec() for stage in self.before])


class Concatenated(Stage):
    """The elements of one stage, then those of another."""

    title = "ConcatenateDataset"

    def __init__(self, first: Stage, second: Stage) -> None:
        self.before = first, second
        kinds = [stage.known_spec() for stage in self.before]
        if None not in kinds and _dtypes(kinds[0]) != _dtypes(kinds[1]):
            raise ArgumentTypeError(
                "concatenate joins data sets whose elements are of one kind. "
                f"Received: {kinds[0]}, then {kinds[1]}. Make them alike with map."
            )

    def elements(self) -> Iterator[Any]:
        """Yield the ones, then the others."""
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
        """Return the common kind, with None where sizes differ."""
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
        When it cannot be called.
    """
    if not callable(function):
        raise ArgumentTypeError(
            f"{method} takes a function. Received: a {type(function).__name__}. Pass a function of an element."
        )
    return function


def refuse_endless(what: str, length: int, todo: str) -> None:
    """Raise for a data set without an end.

    Raises
    ------
    ArgumentError
    """
    if length == INFINITE:
        raise ArgumentError(f"{what} needs an end. Received: a data set that repeats without end. {todo}")
