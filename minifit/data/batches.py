"""Batches: what the loops ask for, wherever the data comes from.

A source hands out one batch after another, like a tape: an epoch of training takes the next `steps` batches
from it, an evaluation winds it back first. When it has no more, `next` returns None.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from minifit import console
from minifit.arrays import FLOAT, Array, whole_numbers
from minifit.data.checks import array_of, same_length
from minifit.data.values import check_range, first_row, not_finite
from minifit.errors import ArgumentError, DataError, ShapeError
from minifit.tensor import Context

PARTS = ("x", "y", "sample_weight")
"""The parts of a batch, as their arguments are called."""

Columns: TypeAlias = tuple[Array | None, ...]
"""The arrays of one part of a batch, one for each input or output; None where an output has none."""


class Batch(NamedTuple):
    """The data of one step.

    Attributes
    ----------
    inputs : tuple of ndarray
        float32; one input is a tuple of one.
    targets : tuple of ndarray or None
        float32, or int64 for class numbers; None where an output has none, empty when there are none at all.
    weights : tuple of ndarray or None
        float32, in the order of the targets; empty when there are none at all.
    """

    inputs: tuple[Array, ...]
    targets: Columns = ()
    weights: Columns = ()


@dataclass(slots=True)
class Stretch:
    """Batches that follow one another, as the arrays that hold them all: for who can take several at once.

    Attributes
    ----------
    inputs, targets, weights : tuple of ndarray or None
        As in `Batch`, with the rows of all of them and perhaps more.
    order : ndarray of int64, or None
        Which row comes next; None when they stay in their order.
    size : int
        Rows in a batch; the last one has what is left of the order, or of the rows.
    begin, batches : int
        The first batch, counted from the beginning of the order or of the rows, and how many. These alone change: a
        source may tell of what lies ahead with the same object again.
    """

    inputs: tuple[Array, ...]
    targets: Columns
    weights: Columns
    order: Array | None
    size: int
    begin: int
    batches: int

    def batch(self, number: int) -> Batch:
        """One of its batches, counted from the first."""
        start = (self.begin + number) * self.size
        rows: Any = slice(start, start + self.size)
        rows = rows if self.order is None else self.order[rows]
        targets, weights = (
            tuple([None if array is None else array[rows] for array in part])
            for part in (self.targets, self.weights)
        )
        return Batch(tuple([array[rows] for array in self.inputs]), targets, weights)


class Suspect(NamedTuple):
    """An array that may not be finite, what messages call it, and what number they give to each of its rows."""

    name: str
    array: Array | None
    number: Callable[[int], int] = int


class Batches(ABC):
    """A source of batches.

    Attributes
    ----------
    steps : int or None
        How many batches an epoch has; None when only the end of the data will tell.
    passes : int
        How often rows are gone through before they are at an end; what yields batches ends by itself.
    ended : bool
        Whether the data has come to an end before its time: there will be no more.
    targets : tuple of ndarray or None
        All targets of each output, where they lie in memory and so can be looked at beforehand.
    called : str
        What messages call the data, if it has a name: "validation_data".
    advice : str
        What to do when it is too short.
    """

    advice = "Let the generator go on without end"

    steps: int | None = None
    passes: int = 1
    ended: bool = False
    targets: Columns = ()
    called: str = ""
    class_weight: Array | None = None
    _explained = False

    def begin_epoch(self) -> None:
        """Told before the first batch of every epoch."""

    def rewind(self) -> None:
        """Begin from the first batch again, where that is possible: told before every evaluation."""

    def end_epoch(self) -> None:
        """Told when an epoch, an evaluation or a prediction is over."""

    def next(self, here: Context) -> Batch | None:
        """The next batch, in the memory of `here`; None when there is none."""
        batch = self._next(here)
        if batch is None or self.class_weight is None:
            return batch
        try:
            return batch._replace(weights=(weigh_classes(self.class_weight, batch),))
        except (ShapeError, DataError) as error:
            self.tell_where(error)
            raise

    @abstractmethod
    def _next(self, here: Context) -> Batch | None: ...

    def ahead(self, here: Context, most: int) -> Stretch | None:
        """The next batches, at most so many, to be taken together; None when there are none.

        Say with `took` how many of them were. Most sources hand out the next batch alone.
        """
        batch = self.next(here)
        return None if batch is None else Stretch(*batch, None, max(len(batch.inputs[0]), 1), 0, 1)

    def took(self, batches: int) -> None:
        """Go on behind the first `batches` of those that lie ahead."""

    @abstractmethod
    def peek(self) -> Batch:
        """One batch to learn the shapes from; it is not used up."""

    # -- when something is wrong ------------------------------------------------------------------------

    def tell_where(self, error: ArgumentError) -> None:
        """Begin the text of an error with the data that was at fault."""
        if self.called:
            error.args = (f"In {self.called}: {error}",)

    @property
    def _place(self) -> str:
        """What the latest batch is called."""
        return f"this batch{self._of}"

    @property
    def _of(self) -> str:
        """What is said behind ``x`` and ``y``."""
        return f" of {self.called}" if self.called else ""

    def explain(self, batch: Batch) -> None:
        """Warn, once, if it is the data's fault that the loss of this batch is no finite number."""
        if self._explained:
            return
        for suspect in self._suspects(batch):
            found = None if suspect.array is None else not_finite(suspect.name, suspect.array, suspect.number)
            if found is not None:
                self._explained = True
                console.warn(
                    "The data should be finite, or the loss is not, nor are the weights after it. "
                    f"Received: {found}. Leave such rows out or fill them in."
                )
                return

    def _suspects(self, batch: Batch) -> list[Suspect]:
        """What may not be finite."""
        x, y, sample_weight = PARTS
        parts = {y: batch.targets, sample_weight: batch.weights, x: batch.inputs}
        return [Suspect(f"{name} of {self._place}", array) for name, part in parts.items() for array in part]

    # -- its state --------------------------------------------------------------------------------------

    def describe(self) -> dict[str, Any]:
        """What must be equal for another source to go on in its place, as plain data."""
        weights = None if self.class_weight is None else self.class_weight.tolist()
        return {"from": type(self).__name__, "class_weight": weights}

    def get_state(self) -> dict[str, Any]:
        """Where in the data we are."""
        return {"steps": self.steps, "ended": self.ended}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self.steps, self.ended = state["steps"], state["ended"]


def batch_of(item: Any, place: str, first: Batch | None = None) -> Batch:
    """What a generator or a Sequence gave, checked and converted.

    Parameters
    ----------
    item : array_like or tuple
    place : str
        What the batch is called in messages: ``"batch 3"``.
    first : Batch, optional
        The first batch: all others have the same parts with as many axes.

    Raises
    ------
    DataError
        When it is not ``x``, ``(x,)``, ``(x, y)`` or ``(x, y, sample_weight)``, all with one row a sample.
    """
    parts = tuple(item) if isinstance(item, tuple | list) else (item,)
    if not 1 <= len(parts) <= 3:
        raise DataError(
            "A batch is x, (x,), (x, y) or (x, y, sample_weight). "
            f"Received: {len(parts)} parts in {place}. Yield one of these."
        )
    names = [f"{name} of {place}" for name in PARTS]
    arrays = [
        None if part is None else array_of(name, part) for name, part in zip(names, parts, strict=False)
    ]
    x, y, weight = (*arrays, None, None)[:3]
    if x is None:
        raise DataError(f"A batch needs inputs. Received: None in {place}. Yield (x, y).")
    same_length(f"In {place}: all arrays", x=x, y=y, sample_weight=weight)
    made = Batch(
        (_as_dtype(names[0], x, FLOAT),),
        () if y is None else (_as_dtype(names[1], y, target_dtype(y.dtype)),),
        () if weight is None else (_as_dtype(names[2], weight, FLOAT),),
    )
    if first is not None:
        _see_that_alike(made, first, place)
    return made


def _as_dtype(name: str, array: Array, dtype: np.dtype[Any]) -> Array:
    if array.dtype != dtype:
        check_range(name, array)
    return np.ascontiguousarray(array, dtype)


def _see_that_alike(batch: Batch, first: Batch, place: str) -> None:
    for name, now, then in zip(PARTS, batch, first, strict=True):
        if _rank(now) != _rank(then):
            raise DataError(
                "All batches must have the same parts, with as many axes each time. "
                f"Received: {name} {_rank(now)} in {place}, {_rank(then)} in the first. Yield them alike."
            )


def _rank(part: Columns) -> str:
    return "missing" if not part or part[0] is None else f"of rank {part[0].ndim}"


def weigh_classes(class_weight: Array, batch: Batch) -> Array:
    """The sample weights of a batch times the weights of its targets' classes.

    Raises
    ------
    DataError
        When there are no targets, or one of a class that has no weight.
    """
    y, beside = (part[0] if part else None for part in (batch.targets, batch.weights))
    if y is None:
        raise DataError("class_weight needs targets. Received: none. Pass y, or leave class_weight out.")
    weight = class_weight[weighed_classes(class_weight, y)]
    if beside is None:
        return weight
    if beside.size != weight.size:
        raise ShapeError(
            "sample_weight needs one weight for each sample beside class_weight. "
            f"Received: weights of shape {beside.shape} for {weight.size} samples. Give one for each."
        )
    return np.asarray(beside.reshape(-1) * weight, FLOAT)


def weighed_classes(class_weight: Array, y: Array) -> Array:
    """The class of each target.

    Raises
    ------
    DataError
        When one is no class number, or of a class that has no weight.
    """
    if y.ndim > 2:
        raise DataError(
            f"class_weight needs targets of rank 1 or 2. Received: shape {y.shape}. Pass sample_weight instead."
        )
    if y.ndim == 2 and y.shape[1] > 1:
        classes: Array = y.argmax(1)
    else:
        classes, odd = whole_numbers(y.reshape(-1))
        if odd >= 0:
            error = DataError(
                "class_weight needs class numbers or one-hot rows as targets. "
                f"Received: {y.reshape(-1)[odd]} in row {odd}. Pass sample_weight instead."
            )
            error.row = odd
            raise error
    if not classes.size:
        return classes
    if classes.min() < 0 or classes.max() >= len(class_weight):
        error = DataError(
            f"class_weight must have a weight for every class: it has {len(class_weight)}. "
            f"Received: targets from {classes.min()} to {classes.max()}. Add the missing classes."
        )
        error.row = first_row((classes < 0) | (classes >= len(class_weight)))
        raise error
    return classes


def target_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """What targets are converted to: class numbers stay whole numbers, all else becomes float32.

    Of uint64, int64 could not hold the upper half.
    """
    return np.dtype(np.int64) if dtype.kind in "iu" and dtype != np.uint64 else FLOAT
