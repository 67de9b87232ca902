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

FEW = 2**11
"""Targets that are cast together in half a microsecond."""


class ArrayBatches(RowBatches):
    """Batches of rows of arrays; the parameters are those of `RowBatches`."""

    _whole: Stretch | None = None  # the present pass as one stretch, where the arrays can be used as they lie
    _pass = -1  # its number
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
        if self._pass != self.position // self.batches or begin == 0:
            self._pass, self._whole = self.position // self.batches, self._as_it_lies()
        whole, left = self._whole, self.batches - begin
        if whole is None:
            left = min(left, most, max(CAST_AT_ONCE // max(self.size * self.x[:1].size, 1), 1))
            return Stretch(*self._batch(here, *self._rows_of(begin, left)), None, self.size, 0, left)
        if whole.order is None and self.shuffle:
            whole = self._of_computed(whole, begin)
        else:
            whole.begin, whole.batches = begin, left
        if whole.y is not self.y:
            self._cast_targets(whole, min(whole.batches, most))
        return whole

    def took(self, batches: int) -> None:
        """Go on behind the first `batches` of those that lie ahead."""
        if self._lie_ahead:
            self._go_on(batches)

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from there, in the order of that time."""
        super().set_state(state)
        self._pass, self._whole = -1, None

    def _as_it_lies(self) -> Stretch | None:
        """Return the pass as one stretch of the arrays themselves; None if they must be cast or copied.

        Targets of one number a row get memory to be cast in, each at its own place: batches of them alone would need
        batches of x.
        """
        x, y = self.x, self.y
        if y is not None and y.dtype != self._dtypes[1] and y.size == len(y) and in_memory(y):
            y = np.empty(y.shape, self._dtypes[1])
        if not (_lies_ready(x, self._dtypes[0]) and (y is None or _lies_ready(y, self._dtypes[1]))):
            return None
        order = self.order if self.shuffle else None
        return Stretch(x, y, None, None if isinstance(order, Computed) else order, self.size, 0, 0)

    def _cast_targets(self, stretch: Stretch, batches: int) -> None:
        """Cast those of the next batches: no earlier, since a hook may change the data until they are taken.

        All are cast where they are so few that this is quicker than to find them.
        """
        assert stretch.y is not None
        first = stretch.begin * stretch.size
        rows = slice(first, first + batches * stretch.size)
        if len(self.y) <= FEW:
            stretch.y[...] = self.y
        elif stretch.order is None:
            stretch.y[rows] = self.y[rows]
        else:
            places = stretch.order[rows]
            stretch.y.put(places, self.y.take(places))

    def _of_computed(self, whole: Stretch, begin: int) -> Stretch:
        """A stretch of an order that is not kept: as far as it is computed."""
        assert isinstance(self.order, Computed)
        first, last = self._rows_of(begin, 1)
        places, left = self.order.ahead(first, last - first), self.batches - begin
        if first + len(places) < self.samples:
            left = max(len(places) // self.size, 1)
        return Stretch(whole.x, whole.y, None, places, self.size, 0, left)

    def _rows_of(self, begin: int, batches: int) -> tuple[int, int]:
        """Where some batches of a pass begin and end."""
        return begin * self.size, min((begin + batches) * self.size, self.samples)

    def _batch(self, here: Context, first: int, last: int) -> Batch:
        rows = slice(first, last)
        index = self.order[rows] if self.shuffle is True else None
        for_x, for_y, for_weight = self._dtypes
        x = _gather(here, self.x, rows, index, for_x)
        y = None if self.y is None else _gather(here, self.y, rows, index, for_y)
        weight = None if self.weight is None else _gather(here, self.weight, rows, index, for_weight)
        return Batch(x, y, weight)


def _lies_ready(part: Array, dtype: np.dtype[Any]) -> bool:
    """Whether rows of an array can be used where they lie."""
    return part.dtype == dtype and part.flags.c_contiguous and part.flags.aligned


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
