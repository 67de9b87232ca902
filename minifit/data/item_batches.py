"""Batches that come ready-made, one item each: from a generator, an iterable or a Sequence."""

from abc import abstractmethod
from typing import Any

import numpy as np

from minifit.arrays import FLOAT, Array
from minifit.data.batch import PARTS, Batch, Columns, for_each, target_dtype
from minifit.data.batches import Batches
from minifit.data.checks import array_of, same_length
from minifit.data.forms import Given, Names, normal_form
from minifit.data.shares import ENDED, part_of
from minifit.data.values import check_range
from minifit.errors import ArgumentError, DataError
from minifit.tensor import Context

NOTHING = object()
"""The mark in the place of an item where the data has ended: None may be what a generator yields by mistake."""


class ItemBatches(Batches):
    """Batches of items ``x``, ``(x,)``, ``(x, y)`` or ``(x, y, sample_weight)``, all like the first."""

    _first: Batch
    _ranks: list[list[int | None]]

    def _begin_with(self, item: Any) -> None:
        """Learn the form of the data from the first item."""
        given, self._first = batch_of(item, self._place, self.names)
        self._ranks = _ranks(self._first)
        self._note(given)

    def _made(self, item: Any) -> Batch:
        """Return the batch of an item."""
        place = self._place
        given, batch = batch_of(item, place, self.names)
        if _ranks(batch) != self._ranks:
            raise _unlike(batch, self._first, given, place)
        return batch

    def _next(self, here: Context) -> Batch | None:
        item = self._item(here)
        batch = None if item is NOTHING else self._made(item)
        return batch if self.workers.size == 1 else self._shared(batch)

    @abstractmethod
    def _item(self, here: Context) -> Any:
        """The next item; `NOTHING` at the end of the data."""

    def _shared(self, batch: Batch | None) -> Batch | None:
        """Return the rows of a batch that this worker takes, if all workers have as many rows; None for its end."""
        rows = ENDED if batch is None else len(batch.inputs[0])
        most, fewest = self.workers.largest(rows, -rows)
        if most != -fewest:
            other = int(most if most != rows else -fewest)
            raise DataError(
                "All workers must get the same batches, of which each takes its rows. "
                f"Received: {_said(rows)} in {self._place} on worker {self.workers.rank}, {_said(other)} on another. "
                "Have the data yield the same everywhere, or have each worker make its own with "
                "strategy.distribute_datasets_from_function."
            )
        if batch is None:
            return None
        self._total = rows
        return part_of(batch, self.workers.share(rows))

    def _rename(self) -> None:
        self._begin_with(self.form.given(self._first))

    def peek(self) -> Batch:
        """The first batch."""
        return self._first

    def tell_where(self, error: ArgumentError) -> None:
        """Begin the text with the number of the batch."""
        error.args = (f"In {self._place}: {error}",)


def batch_of(item: Any, place: str, names: Names) -> tuple[Given, Batch]:
    """Return an item in normal form, and as a batch: checked and converted.

    Parameters
    ----------
    item : array_like, dict or tuple
    place : str
        What the batch is called in messages: ``"batch 3"``.
    names : Names
        Those of the model's inputs and outputs.

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
    x, y, weight = (*parts, None, None)[:3]
    if x is None:
        raise DataError(f"A batch needs inputs. Received: None in {place}. Yield (x, y).")
    of = f" of {place}"
    given = normal_form(x, y, weight, names, of)
    arrays: list[Array] = []
    made: list[tuple[Any, ...]] = []
    for part, leaves in zip(PARTS, given.parts, strict=True):
        columns = []
        for name, value in leaves:
            array = None if value is None and part != "x" else array_of(name + of, value)
            if array is not None:
                arrays.append(array)
                array = _converted(part, name + of, array)
            columns.append(array)
        made.append(tuple(columns))
    if len({len(array) for array in arrays}) > 1:
        held = [name for leaves in given.parts for name, value in leaves if value is not None]
        same_length(f"In {place}: all arrays", **dict(zip(held, arrays, strict=True)))
    inputs, targets, weights = made
    return given, Batch(inputs, for_each(targets, given.outputs), for_each(weights, given.outputs))


def _said(rows: int) -> str:
    return "the end of the data" if rows == ENDED else f"{rows} rows"


def _converted(part: str, name: str, array: Array) -> Array:
    """Return an array in the dtype of its part."""
    dtype = target_dtype(array.dtype) if part == "y" else FLOAT
    if array.dtype != dtype:
        check_range(name, array)
    return np.ascontiguousarray(array, dtype)


def _ranks(batch: Batch) -> list[list[int | None]]:
    """Return how many axes each array of a batch has; None for one that is missing."""
    return [[None if array is None else array.ndim for array in part] for part in batch]


def _unlike(batch: Batch, first: Batch, given: Given, place: str) -> DataError:
    """Return the error for a batch that has not the arrays of the first one, with as many axes."""
    received = ""
    for part, leaves, now, then in zip(PARTS, given.parts, batch, first, strict=True):
        for i in range(max(len(now), len(then))):
            ranks = _rank(now, i), _rank(then, i)
            if ranks[0] != ranks[1] and not received:
                name = leaves[i][0] if i < len(leaves) else part
                received = f"{name} {ranks[0]} in {place}, {ranks[1]} in the first"
    return DataError(
        "All batches must have the same parts, with as many axes each time. "
        f"Received: {received}. Yield them alike."
    )


def _rank(part: Columns, place: int) -> str:
    array = part[place] if place < len(part) else None
    return "missing" if array is None else f"of rank {array.ndim}"
