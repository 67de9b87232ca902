"""A batch: the data of one step, and a stretch of batches that lie one behind another."""

from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from minifit.arrays import FLOAT, Array
from minifit.workers import Whole

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
    whole : tuple of int, or Share, or None
        Where these are one worker's shares of batches: the rows of a whole batch, and of all of them from the beginning
        on; or the share that a lone batch is. A share without rows has one row here, which does not count.
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
        """The rows, or places of the order, that all batches end in."""
        return len(self.inputs[0] if self.order is None else self.order)

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


def target_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype that targets are converted to: class numbers stay whole numbers, all else becomes float32.

    Of uint64, int64 could not hold the upper half.
    """
    return np.dtype(np.int64) if dtype.kind in "iu" and dtype != np.uint64 else FLOAT


def for_each(columns: tuple[Any, ...], outputs: int) -> tuple[Any, ...]:
    """Return a column for each output: a single one counts for all."""
    return columns * outputs if outputs > 1 and len(columns) == 1 else columns
