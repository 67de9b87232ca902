"""Batches from arrays in memory and memory maps, drawn by index: the data set itself is never copied."""

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from minifit.arrays import Array
from minifit.data.batch import Batch, Stretch
from minifit.data.permutation import Computed
from minifit.data.row_batches import RowBatches
from minifit.tensor import Context

CAST_AT_ONCE = 2**20
"""Numbers that are put in order and cast ahead of the step, where the data cannot be used as it lies: 4 MB."""

FEW = 2**11
"""Targets that are cast together in half a microsecond."""


class ArrayBatches(RowBatches):
    """Batches of rows of arrays; the parameters are those of `RowBatches`."""

    _whole: Stretch | None = None  # the present pass as one stretch, where the arrays can be used as they lie
    _pass = -1  # its number
    _to_cast: Sequence[
        tuple[Array, Array]
    ] = ()  # its targets that are no float32, each with memory for what they are
    _lie_ahead = False  # whether the batches that `ahead` told of are still to come

    @property
    def _width(self) -> int:
        """The most numbers that a row of one of the inputs has."""
        widths: list[int] = [prod(rows.shape[1:]) for rows in self.inputs]
        return max(widths)

    def ahead(self, here: Context, most: int) -> Stretch | None:
        """Return the rest of the pass: of the arrays as they lie, or of copies of some batches in order."""
        self._lie_ahead = not (
            self.shuffle == "batch" or self._weights_at < len(self.columns) or self.class_weight is not None
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
            left = min(left, most, max(CAST_AT_ONCE // max(self.size * self._width, 1), 1))
            return Stretch(*self._batch(here, *self._rows_of(begin, left)), None, self.size, 0, left)
        if whole.order is None and self.shuffle:
            whole = self._of_computed(whole, begin)
        else:
            whole.begin, whole.batches = begin, left
        if self._to_cast:
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
        arrays: list[Array | None] = []
        self._to_cast = []
        for _, role, rows, dtype, held in self.columns:
            array: Any = rows
            if role == "y" and held is not None and held.dtype != dtype and held.size == len(held):
                array = np.empty(held.shape, dtype)
                self._to_cast.append((held, array))
            if array is not None and not _lies_ready(array, dtype):
                return None
            arrays.append(array)
        order = self.order if self.shuffle else None
        return Stretch(*self._parts(arrays), None if isinstance(order, Computed) else order, self.size, 0, 0)

    def _cast_targets(self, stretch: Stretch, batches: int) -> None:
        """Cast those of the next batches: no earlier, since a hook may change the data until they are taken.

        All are cast where they are so few that this is quicker than to find them.
        """
        first = stretch.begin * stretch.size
        rows = slice(first, first + batches * stretch.size)
        for y, out in self._to_cast:
            if len(y) <= FEW:
                out[...] = y
            elif stretch.order is None:
                out[rows] = y[rows]
            else:
                places = stretch.order[rows]
                out.put(places, y.take(places))

    def _of_computed(self, whole: Stretch, begin: int) -> Stretch:
        """A stretch of an order that is not kept: as far as it is computed."""
        assert isinstance(self.order, Computed)
        first, last = self._rows_of(begin, 1)
        places, left = self.order.ahead(first, last - first), self.batches - begin
        if first + len(places) < self.samples:
            left = max(len(places) // self.size, 1)
        return Stretch(whole.inputs, whole.targets, (), places, self.size, 0, left)

    def _rows_of(self, begin: int, batches: int) -> tuple[int, int]:
        """Return the places in a pass at which some batches begin and end."""
        return begin * self.size, min((begin + batches) * self.size, self.samples)

    def _batch(self, here: Context, first: int, last: int) -> Batch:
        rows = slice(first, last)
        index = self.order[rows] if self.shuffle is True else None
        made = [
            None if source is None else _gather(here, source, rows, index, dtype)
            for _, _, source, dtype, _ in self.columns
        ]
        return Batch(*self._parts(made))


def _lies_ready(part: Array, dtype: np.dtype[Any]) -> bool:
    """Return whether rows of an array can be used in place."""
    return part.dtype == dtype and part.flags.c_contiguous and part.flags.aligned


def _gather(here: Context, source: Any, rows: slice, index: Array | None, dtype: np.dtype[Any]) -> Array:
    """The rows of a batch as `dtype`: those at `index`, or a slice where rows stay together."""
    if index is None and source.dtype == dtype and source.flags.c_contiguous:
        part: Array = source[rows]
        return part
    out = here.take((rows.stop - rows.start, *source.shape[1:]), dtype)
    if index is None:
        np.copyto(out, source[rows], casting="unsafe")
    else:
        here.kernels.gather_rows(source, index, out)
    return out
