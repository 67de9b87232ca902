"""A batch, which is the data of one step, and a stretch of consecutive batches."""

from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from minifit.arrays import FLOAT, Array
from minifit.workers import Whole

PARTS = ("x", "y", "sample_weight")
"""The parts of a batch, by the names of their arguments."""

Columns: TypeAlias = tuple[Array | None, ...]
"""The arrays of one part of a batch, one for each input or output; None for an output without one."""


class Batch(NamedTuple):
    """The data of one step.

    Attributes
    ----------
    inputs : tuple of ndarray
        float32; one input is a tuple of one.
    targets : tuple of ndarray or None
        float32, or int64 for class numbers; None for an output without targets, empty if no output has any.
    weights : tuple of ndarray or None
        float32, in the order of the targets; empty if no output has any.
    """

    inputs: tuple[Array, ...]
    targets: Columns = ()
    weights: Columns = ()


@dataclass(slots=True)
class Stretch:
    """Consecutive batches, as arrays that hold the rows of all of them, for a program that runs several in a call.

    Attributes
    ----------
    inputs, targets, weights : tuple of ndarray or None
        As in `Batch`, with the rows of all batches and perhaps more.
    order : ndarray of int64, or None
        The row numbers in the order of the batches; None for consecutive rows.
    size : int
        Rows in a batch; the last batch has the remaining rows.
    begin, batches : int
        The number of the first batch, counted from the beginning of the order or the rows, and the number of batches.
        A source may return the same object again with these two changed.
    whole : tuple of int, or Share, or None
        If the batches are the shares of one worker: the rows of a whole batch, and of all batches from the beginning;
        or the share for a single batch. A share without rows has one row here, which does not count.
    """

    inputs: tuple[Array, ...]
    targets: Columns
    weights: Columns
    order: Array | None
    size: int
    begin: int
    batches: int
    whole: Whole | None = None

    @property
    def rows(self) -> int:
        """The number of rows, or of entries in the order."""
        return len(self.inputs[0] if self.order is None else self.order)

    def batch(self, number: int) -> Batch:
        """Return one of the batches, by its number from `begin` on."""
        start = (self.begin + number) * self.size
        rows: Any = slice(start, start + self.size)
        rows = rows if self.order is None else self.order[rows]
        targets, weights = (
            tuple([None if array is None else array[rows] for array in part])
            for part in (self.targets, self.weights)
        )
        return Batch(tuple([array[rows] for array in self.inputs]), targets, weights)


def target_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype that targets are converted to: int64 for integers, float32 for the rest.

    uint64 becomes float32, since int64 cannot hold the upper half of it.
    """
    return np.dtype(np.int64) if dtype.kind in "iu" and dtype != np.uint64 else FLOAT


def for_each(columns: tuple[Any, ...], outputs: int) -> tuple[Any, ...]:
    """Return a column for each output; a single column is for all of them."""
    return columns * outputs if outputs > 1 and len(columns) == 1 else columns
