"""Batches from arrays in memory and memory maps, drawn by index: the data set itself is never copied."""

from typing import Any

import numpy as np

from minifit.arrays import Array
from minifit.data.batches import Batch, Stretch
from minifit.data.permutation import Computed
from minifit.data.row_batches import RowBatches
from minifit.data.values import in_memory
from minifit.tensor import Context

CAST_AT_ONCE = 2**20
"""How many numbers are put in order and cast ahead of the step, where the data cannot be used as it lies: 4 MB."""


class ArrayBatches(RowBatches):
    """Batches of rows of arrays; the parameters are those of `RowBatches`."""

    _cast_y: tuple[int, Array] | None = None  # targets as they are used, and of which pass
    _lie_ahead = False  # whether the batches that `ahead` told of are still to come

    def peek(self) -> Batch:
        """The first row."""
        return Batch(self.x[:1], None if self.y is None else self.y[:1])

    def ahead(self, here: Context, most: int) -> Stretch | None:
        """What is left of the pass: of the arrays as they lie, or of copies of some batches that are put in order."""
        self._lie_ahead = not (
            self.shuffle == "batch" or self.weight is not None or self.class_weight is not None
        )
        if not self._lie_ahead:
            return super().ahead(here, most)
        begin = self._next_in_pass(here)
        if begin is None:
            return None
        parts, left = (self.x, self._targets(), None), self.batches - begin
        if not all(map(_lies_ready, parts, self._dtypes)):
            left = min(left, most, max(CAST_AT_ONCE // max(self.batch_size * self.x[:1].size, 1), 1))
            copies = self._batch(here, *self._rows_of(begin, left))
            return Stretch(*copies, None, self.batch_size, 0, left)
        if not self.shuffle:
            return Stretch(*parts, None, self.batch_size, begin, left)
        if not isinstance(self.order, Computed):
            return Stretch(*parts, self.order, self.batch_size, begin, left)
        first, last = self._rows_of(begin, 1)
        order = self.order.ahead(first, last - first)
        if first + len(order) < self.samples:
            left = max(len(order) // self.batch_size, 1)
        return Stretch(*parts, order, self.batch_size, 0, left)

    def took(self, batches: int) -> None:
        """Go on behind the first `batches` of those that lie ahead."""
        if self._lie_ahead:
            self._go_on(batches)

    def _targets(self) -> Array | None:
        """`y`, cast once in a pass if that is one number a row: a cast beside every batch would copy x, too."""
        y: Array | None = self.y
        number = self.position // self.batches
        if y is None or y.dtype == self._dtypes[1] or y.size != len(y) or not in_memory(y):
            return y
        if self._cast_y is None or self._cast_y[0] != number:
            self._cast_y = number, y.astype(self._dtypes[1])
        return self._cast_y[1]

    def _rows_of(self, begin: int, batches: int) -> tuple[int, int]:
        """Where some batches of a pass begin and end."""
        return begin * self.batch_size, min((begin + batches) * self.batch_size, self.samples)

    def _batch(self, here: Context, first: int, last: int) -> Batch:
        rows = slice(first, last)
        index = self.order[rows] if self.shuffle is True else None
        for_x, for_y, for_weight = self._dtypes
        x = _gather(here, self.x, rows, index, for_x)
        y = None if self.y is None else _gather(here, self.y, rows, index, for_y)
        weight = None if self.weight is None else _gather(here, self.weight, rows, index, for_weight)
        return Batch(x, y, weight)


def _lies_ready(part: Array | None, dtype: np.dtype[Any]) -> bool:
    """Whether rows of an array can be used where they lie."""
    return part is None or (part.dtype == dtype and part.flags.c_contiguous and part.flags.aligned)


def _gather(here: Context, source: Array, rows: slice, index: Array | None, dtype: np.dtype[Any]) -> Array:
    """The rows of a batch as `dtype`: those at `index`, or a slice where rows stay together."""
    if index is None and source.dtype == dtype and source.flags.c_contiguous:
        return source[rows]
    out = here.take((rows.stop - rows.start, *source.shape[1:]), dtype)
    if index is None:
        np.copyto(out, source[rows], casting="unsafe")
    else:
        here.kernels.gather_rows(source, index, out)
    return out
