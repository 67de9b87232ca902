"""Batches from arrays in memory and memory maps, drawn by index: the data set itself is never copied."""

from typing import Any

import numpy as np

from minifit.arrays import Array
from minifit.data.batches import Batch
from minifit.data.row_batches import RowBatches
from minifit.tensor import Context


class ArrayBatches(RowBatches):
    """Batches of rows of arrays; the parameters are those of `RowBatches`."""

    def peek(self) -> Batch:
        """The first row."""
        return Batch(self.x[:1], None if self.y is None else self.y[:1])

    def _batch(self, here: Context, first: int, last: int) -> Batch:
        rows = slice(first, last)
        index = self.order[rows] if self.shuffle is True else None
        for_x, for_y, for_weight = self._dtypes
        x = _gather(here, self.x, rows, index, for_x)
        y = None if self.y is None else _gather(here, self.y, rows, index, for_y)
        weight = None if self.weight is None else _gather(here, self.weight, rows, index, for_weight)
        return Batch(x, y, weight)


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
