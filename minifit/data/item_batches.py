"""Batches from the items of a generator, an iterable or a Sequence, one batch per item."""

from abc import abstractmethod
from typing import Any

import numpy as np

from minifit.arrays import FLOAT, Array
from minifit.data.batch import PARTS, Batch, Columns, for_each, target_dtype
from minifit.data.batches import Batches
from minifit.data.checks import array_of, same_length
from minifit.data.forms import Names, NormalForm, normal_form
from minifit.data.shares import ENDED, part_of
from minifit.data.values import check_range
from minifit.errors import ArgumentError, DataError
from minifit.tensor import Context

NOTHING = object()
"""The marker for the end of the data in place of an item; not None, which a generator may yield by mistake."""


class ItemBatches(Batches):
    """Batches from items ``x``, ``(x,)``, ``(x, y)`` or ``(x, y, sample_weight)``, all like the first one."""

    _first: Batch
    _ranks: list[list[int | None]]

    def _begin_with(self, item: Any) -> None:
        """Learn the form of the data from the first item."""
        normal, self._first = batch_of(item, self._place, self.names)
        self._ranks = _ranks(self._first)
        self._keep_form(normal)

    def _batch_of(self, item: Any) -> Batch:
        """Return the batch of an item."""
        place = self._place
        normal, batch = batch_of(item, place, self.names)
        if _ranks(batch) != self._ranks:
            raise _unlike(batch, self._first, normal, place)
        return batch

    def _next(self, here: Context) -> Batch | None:
        item = self._item(here)
        batch = None if item is NOTHING else self._batch_of(item)
        return batch if self.workers.size == 1 else self._shared(batch)

    @abstractmethod
    def _item(self, here: Context) -> Any:
        """Return the next item; `NOTHING` at the end of the data."""

    def _shared(self, batch: Batch | None) -> Batch | None:
        """Return this worker's rows of a batch, if all workers have the same number of rows; None at the end."""
        rows = ENDED if batch is None else len(batch.inputs[0])
        most, fewest = self.workers.largest(rows, -rows)
        if most != -fewest:
            other = int(most if most != rows else -fewest)
            raise DataError(
                "All workers must get the same batches, of which each takes its rows. "
                f"Received: {_in_words(rows)} in {self._place} on worker {self.workers.rank}, {_in_words(other)} on "
                "another. "
                "Have the data yield the same batches on all workers, or have each worker make its own with "
                "strategy.distribute_datasets_from_function."
            )
        if batch is None:
            return None
        self._total = rows
        return part_of(batch, self.workers.share(rows))

    def _rename(self) -> None:
        self._begin_with(self.form.nest(self._first))

    def peek(self) -> Batch:
        """Return the first batch."""
        return self._first

    def tell_where(self, error: ArgumentError) -> None:
        """Begin the text of an error with the number of the batch."""
        error.args = (f"In {self._place}: {error}",)


def batch_of(item: Any, place: str, names: Names) -> tuple[NormalForm, Batch]:
    """Return an item in normal form, and as a batch, validated and converted.

    Parameters
    ----------
    item : array_like, dict or tuple
    place : str
        The name of the batch in messages: ``"batch 3"``.
    names : Names
        The names of the model's inputs and outputs.

    Raises
    ------
    DataError
        When it is not ``x``, ``(x,)``, ``(x, y)`` or ``(x, y, sample_weight)``, all with one row per sample.
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
    suffix = f" of {place}"
    normal = normal_form(x, y, weight, names, suffix)
    arrays: list[Array] = []
    converted: list[tuple[Any, ...]] = []
    for part, leaves in zip(PARTS, normal.parts, strict=True):
        columns = []
        for name, value in leaves:
            array = None if value is None and part != "x" else array_of(name + suffix, value)
            if array is not None:
                arrays.append(array)
                array = _converted(part, name + suffix, array)
            columns.append(array)
        converted.append(tuple(columns))
    if len({len(array) for array in arrays}) > 1:
        present = [name for leaves in normal.parts for name, value in leaves if value is not None]
        same_length(f"In {place}: all arrays", **dict(zip(present, arrays, strict=True)))
    inputs, targets, weights = converted
    return normal, Batch(inputs, for_each(targets, normal.outputs), for_each(weights, normal.outputs))


def _in_words(rows: int) -> str:
    return "the end of the data" if rows == ENDED else f"{rows} rows"


def _converted(part: str, name: str, array: Array) -> Array:
    """Return an array in the dtype of its part."""
    dtype = target_dtype(array.dtype) if part == "y" else FLOAT
    if array.dtype != dtype:
        check_range(name, array)
    return np.ascontiguousarray(array, dtype)


def _ranks(batch: Batch) -> list[list[int | None]]:
    """Return the rank of each array of a batch; None for a missing array."""
    return [[None if array is None else array.ndim for array in part] for part in batch]


def _unlike(batch: Batch, first: Batch, normal: NormalForm, place: str) -> DataError:
    """Return the error for a batch whose arrays differ in number or rank from those of the first one."""
    received = ""
    for part, leaves, now, then in zip(PARTS, normal.parts, batch, first, strict=True):
        for i in range(max(len(now), len(then))):
            ranks = _rank(now, i), _rank(then, i)
            if ranks[0] != ranks[1] and not received:
                name = leaves[i][0] if i < len(leaves) else part
                received = f"{name} {ranks[0]} in {place}, {ranks[1]} in the first"
    return DataError(
        "All batches must have the same parts, with the same number of axes. "
        f"Received: {received}. Yield them alike."
    )


def _rank(part: Columns, place: int) -> str:
    array = part[place] if place < len(part) else None
    return "missing" if array is None else f"of rank {array.ndim}"
