"""Stages that group elements into batches and windows, and that split batches."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np

from minifit import nest
from minifit.arrays import Array
from minifit.data.elements import (
    DatasetSpec,
    Piped,
    TensorSpec,
    need_arrays,
    padded,
    spec_of,
    stack,
    with_axis,
    without_axis,
)
from minifit.data.stages import UNKNOWN, Stage, length_over
from minifit.errors import DataError


class Batched(Stage):
    """Batches of elements.

    Parameters
    ----------
    before : Stage
    size : int
        Elements in a batch.
    drop : bool
        Whether to leave out a last batch with fewer elements.
    """

    title = "BatchDataset"

    def __init__(self, before: Stage, size: int, drop: bool) -> None:
        self.before, self.size, self.drop = (before,), size, drop
        # refuses elements that cannot be batched, if their spec is known
        self.known_spec()

    def elements(self) -> Iterator[Any]:
        """Yield the batches; a batch of rows is gathered from the arrays at once."""
        source = self.before[0].source
        if source is not None:
            return map(source.at, self._rows())
        return map(self._joined, _groups(self.before[0].elements(), self.size, self.drop))

    def _joined(self, elements: Sequence[Any]) -> Any:
        return stack(elements)

    def _rows(self) -> Iterator[Array]:
        """Yield the numbers of the rows of each batch."""
        rest = np.empty(0, np.int64)
        for numbers in self.before[0].numbers():
            numbers = np.concatenate([rest, numbers]) if len(rest) else numbers
            whole = len(numbers) // self.size * self.size
            for first in range(0, whole, self.size):
                yield numbers[first : first + self.size]
            rest = numbers[whole:]
        if len(rest) and not self.drop:
            yield rest

    def length(self) -> int:
        """Return the number of batches."""
        size = self.size
        return length_over(self.before[0].length(), lambda n: n // size if self.drop else -(-n // size))

    def spec(self) -> Any:
        """Return the spec of a batch, with a free first axis unless all batches have the same size."""
        return with_axis(self.before[0].spec(), self.size if self.drop else None)


def _groups(items: Iterator[Any], size: int, drop: bool) -> Iterator[list[Any]]:
    while len(group := list(islice(items, size))) == size:
        yield group
    if group and not drop:
        yield group


class PaddedBatched(Batched):
    """Batches of elements that are padded to the same shape.

    Parameters
    ----------
    before, size, drop
        As in `Batched`.
    shapes, values : list or None
        The arguments of `padded`, for each part of an element; None for the defaults.
    """

    title = "PaddedBatchDataset"

    def __init__(
        self, before: Stage, size: int, drop: bool, shapes: list[Any] | None, values: list[Any] | None
    ) -> None:
        self.shapes, self.values = shapes, values
        super().__init__(before, size, drop)

    def elements(self) -> Iterator[Any]:
        """Yield the batches."""
        return map(self._joined, _groups(self.before[0].elements(), self.size, self.drop))

    def _joined(self, elements: Sequence[Any]) -> Any:
        return padded(elements, *self._for_each_of(len(nest.flatten(elements[0]))))

    def _for_each_of(self, parts: int) -> tuple[list[Any], list[Any]]:
        """Return a shape and a value for each part of an element."""
        shapes, values = (
            [None] * parts if argument is None else argument * parts if len(argument) == 1 else argument
            for argument in (self.shapes, self.values)
        )
        for name, argument in (("padded_shapes", shapes), ("padding_values", values)):
            if len(argument) != parts:
                raise DataError(
                    f"{name} must have an entry for each part of an element, which has {parts}. "
                    f"Received: {len(argument)}. Nest them like the elements."
                )
        return shapes, values

    def spec(self) -> Any:
        """Return the spec of a batch; padded sizes are free unless they are set."""
        before = self.before[0].spec()
        size = self.size if self.drop else None
        leaves: list[Any] = nest.flatten(before)
        need_arrays("padded_batch", leaves)
        shapes, _ = self._for_each_of(len(leaves))

        def kind(spec: TensorSpec, shape: Any) -> TensorSpec:
            if shape is None and spec.shape is None:
                return TensorSpec(None, spec.dtype)
            return TensorSpec((size, *(spec.shape if shape is None else shape)), spec.dtype)  # type: ignore[misc]

        return nest.pack(before, [kind(s, shape) for s, shape in zip(leaves, shapes, strict=True)])


class Unbatched(Stage):
    """The entries of elements along their first axis."""

    title = "UnbatchDataset"

    def __init__(self, before: Stage) -> None:
        self.before = (before,)
        # refuses elements that cannot be split, if their spec is known
        self.known_spec()

    def elements(self) -> Iterator[Any]:
        """Yield the entries of each element in turn."""
        for element in self.before[0].elements():
            parts = nest.flatten(element)
            need_arrays("unbatch", parts)
            lengths = {len(part) if part.ndim else None for part in parts}
            if len(lengths) != 1 or None in lengths:
                raise DataError(
                    "unbatch needs elements whose parts have the same length. "
                    f"Received: shapes {', '.join(str(part.shape) for part in parts)}. Batch them first."
                )
            for i in range(len(parts[0])):
                yield nest.pack(element, [part[i] for part in parts])

    def length(self) -> int:
        """Return the number of entries if all elements have the same known length; else `UNKNOWN`."""
        known = self.before[0].known_spec()
        sizes = {s.shape[0] if s.shape else None for s in nest.flatten(known) if s is not None}
        size = sizes.pop() if len(sizes) == 1 else None
        return length_over(self.before[0].length(), lambda n: UNKNOWN if size is None else n * size)

    def spec(self) -> Any:
        """Return the spec of an entry."""
        return without_axis(self.before[0].spec())


class Windowed(Stage):
    """Windows over the elements; each window is a data set, or has a data set for each part.

    Parameters
    ----------
    before : Stage
    size, shift, stride : int
        The number of elements in a window, the step to the next window, and the step between elements of a window.
    drop : bool
        Whether to leave out windows with fewer elements.
    make : callable
        Returns a data set of a list of elements.
    """

    title = "WindowDataset"

    def __init__(
        self,
        before: Stage,
        size: int,
        shift: int,
        stride: int,
        drop: bool,
        make: Callable[[list[Any]], Piped],
    ) -> None:
        self.before, self.size, self.shift, self.stride = (before,), size, shift, stride
        self.drop, self.make = drop, make

    def elements(self) -> Iterator[Any]:
        """Yield the windows."""
        for window in self._windows(self.before[0].elements()):
            parts = [nest.flatten(element) for element in window]
            yield nest.pack(window[0], [self.make(list(column)) for column in zip(*parts, strict=True)])

    def _windows(self, items: Iterator[Any]) -> Iterator[list[Any]]:
        span, held = (self.size - 1) * self.stride + 1, deque[Any]()
        while True:
            held.extend(islice(items, span - len(held)))
            window = list(islice(held, 0, None, self.stride))
            if not window or (self.drop and len(window) < self.size):
                return
            yield window
            beyond = self.shift - len(held)
            for _ in range(min(self.shift, len(held))):
                held.popleft()
            if beyond > 0:
                next(islice(items, beyond - 1, beyond), None)

    def length(self) -> int:
        """Return the number of windows."""
        span = (self.size - 1) * self.stride + 1
        if self.drop:
            return length_over(self.before[0].length(), lambda n: max((n - span) // self.shift + 1, 0))
        return length_over(self.before[0].length(), lambda n: -(-n // self.shift))

    def spec(self) -> Any:
        """Return the spec of a window."""
        return nest.map_leaves(DatasetSpec, self.before[0].spec())


class Listed(Stage):
    """Elements in a list."""

    title = "WindowDataset"

    def __init__(self, listed: list[Any]) -> None:
        self.listed = listed

    def elements(self) -> Iterator[Any]:
        """Yield the elements."""
        return iter(self.listed)

    def length(self) -> int:
        """Return the number of elements."""
        return len(self.listed)

    def spec(self) -> Any:
        """Return the spec of the first element."""
        return spec_of(self.listed[0])
