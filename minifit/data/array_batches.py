"""Batches from arrays in memory and memory maps, gathered by index: the data set itself is never copied."""

from collections.abc import Sequence
from typing import Any
from zlib import crc32

import numpy as np

from minifit.arrays import FLOAT, Array
from minifit.data.batch import Batch, Columns, Stretch
from minifit.data.class_weights import weigh_classes
from minifit.data.permutation import LISTED, STRETCH, Computed
from minifit.data.row_batches import RowBatches
from minifit.data.shares import places_held
from minifit.data.values import in_memory
from minifit.errors import DataError, ShapeError
from minifit.tensor import Context

FEW = 2**11
"""The number of targets below which all are cast together, in half a microsecond."""


class ArrayBatches(RowBatches):
    """Batches of rows of arrays; the parameters are those of `RowBatches`."""

    # the present pass as one stretch, if the arrays can be used in place
    _whole: Stretch | None = None
    # the positions at which the present pass begins and ends
    _begins = _ends = -1
    # whether nothing of the pass remains to be cast, weighted or put in order
    _stays = False
    # whether the order of the pass is computed in parts instead of kept
    _computed = False
    # the batches whose order was computed last, and their numbers
    _part: Stretch | None = None
    _part_begins = _part_ends = 0
    # the targets that are not float32, each with memory for the cast values
    _to_cast: Sequence[tuple[Array, Array]] = ()
    # memory for weights by class
    _by_class: Array | None = None
    # the sample weights, which are multiplied by those of the classes
    _sample_weights: Columns = ()

    def _checksums(self) -> dict[str, int]:
        """Return checksums of the first and last row of arrays in memory."""
        arrays = {column.name: column.array for column in self.columns if in_memory(column.array)}
        return {
            name: crc32(array[[0, -1]].tobytes())
            for name, array in arrays.items()
            if not array.dtype.hasobject
        }

    def ahead(self, here: Context, most: int) -> Stretch | None:
        """Return the rest of the pass as views of the arrays; copies if the arrays cannot be used in place."""
        begin = self.position - self._begins
        if not 0 < begin < self._ends - self._begins:
            return super().ahead(here, most)
        whole = self._whole
        if whole is not None and self._stays:
            whole.begin, whole.batches, self._lie_ahead = begin, self.batches - begin, True
            return whole
        stretch = self._ahead(here, begin, most)
        self._lie_ahead = stretch is not None
        return super().ahead(here, most) if stretch is None else stretch

    def _ahead(self, here: Context, begin: int, most: int) -> Stretch | None:
        if begin == 0 or not self._begins <= self.position < self._ends:
            self._begins, self._ends = self.position - begin, self.position - begin + self.batches
            self._whole = whole = self._in_place()
            self._stays = not self._to_cast and self.class_weight is None and not self._computed
        whole = self._whole
        if whole is None:
            return super()._ahead(here, begin, most)
        if self._computed:
            whole = self._of_computed(whole, begin)
        else:
            whole.begin, whole.batches = begin, self.batches - begin
        batches = min(whole.batches, most)
        if self._to_cast:
            self._cast_targets(whole, batches)
        if self._by_class is not None and not self._weigh(self._by_class, whole, batches):
            return None
        return whole

    def set_state(self, state: dict[str, Any]) -> None:
        """Restore the place and the order of the rows."""
        super().set_state(state)
        self._begins, self._ends, self._whole, self._part = -1, -1, None, None

    def _in_place(self) -> Stretch | None:
        """Return the pass as one stretch of the arrays themselves; None if they must be cast or copied.

        Targets with one number per row get memory of the full length to be cast into, so that x need not be copied.
        """
        arrays: list[Array | None] = []
        self._to_cast = []
        shared = self.workers.size > 1
        alone = (
            self._rows_held(0, self.samples) if shared and self.batches == 1 and not self.shuffle else None
        )
        for _, role, rows, dtype, held in self.columns:
            if alone is not None and rows is not None:
                rows, held = rows[alone], None if held is None else held[alone]
            array: Any = rows
            if role == "y" and held is not None and held.dtype != dtype and held.size == len(held):
                array = np.empty(held.shape, dtype)
                self._to_cast.append((held, array))
            if array is not None and not _is_usable(array, dtype):
                return None
            arrays.append(array)
        order: Any = self.order if self.shuffle else None
        self._computed = isinstance(order, Computed) or (shared and alone is None and self.samples > LISTED)
        if self._computed:
            order = None
        elif shared and alone is None:
            order = self._in_order(places_held(self.workers, self.samples, self.size))
        self._part = None
        whole = Stretch(*self._parts(arrays), order, self._share_size, 0, 0, self._whole_of(self.samples))
        if self.class_weight is not None:
            if self._by_class is None:
                self._by_class = np.empty(len(self.inputs[0]), FLOAT)
            self._sample_weights, whole.weights = whole.weights, (self._by_class,) * self.outputs
        return whole

    def _cast_targets(self, stretch: Stretch, batches: int) -> None:
        """Cast the targets of the next batches, no earlier than that: a hook may change the data before.

        A small array is cast as a whole, which is faster than gathering rows.
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

    def _weigh(self, weights: Array, stretch: Stretch, batches: int) -> bool:
        """Compute the weights of the next batches, as late as their targets are cast.

        Returns
        -------
        bool
            False if a target is of a class without a weight.
        """
        first = stretch.begin * stretch.size
        rows: Any = slice(first, first + batches * stretch.size)
        if stretch.order is not None:
            rows = stretch.order[rows]
        assert self.class_weight is not None
        y, beside = (
            tuple([None if a is None else a[rows] for a in part[:1]])
            for part in (stretch.targets, self._sample_weights)
        )
        try:
            weights[rows] = weigh_classes(self.class_weight, Batch((), y, beside))
        except (ShapeError, DataError):
            return False
        return True

    def _of_computed(self, whole: Stretch, begin: int) -> Stretch:
        """Return the part of a pass whose order is computed; compute the order of the next part if necessary."""
        if self._part is None or not self._part_begins <= begin < self._part_ends:
            self._part_begins = begin
            self._part_ends = min(begin + max(STRETCH // self.size, 1), self.batches)
            first, last = self._rows_of(begin, self._part_ends - begin)
            order = self._in_order(first + places_held(self.workers, last - first, self.size))
            parts = whole.inputs, whole.targets, whole.weights
            self._part = Stretch(*parts, order, whole.size, 0, 0, self._whole_of(last - first))
        part = self._part
        part.begin, part.batches = begin - self._part_begins, self._part_ends - begin
        return part

    def _in_order(self, places: Array) -> Array:
        """Return the rows at these places of the pass."""
        if self.shuffle is not True:
            return places
        return self.order.at(places) if isinstance(self.order, Computed) else self.order[places]

    def _rows_held(self, first: int, last: int) -> slice:
        """Return the rows of a batch that this worker holds."""
        share = self.workers.share(last - first)
        return slice(first + share.begin, first + share.begin + share.held)

    def _batch(self, here: Context, first: int, last: int) -> Batch:
        rows = slice(first, last)
        index = None
        if self.workers.size > 1:
            if last - first > self.size:
                index = self._in_order(first + places_held(self.workers, last - first, self.size))
            else:
                rows = self._rows_held(first, last)
        if index is None and self.shuffle is True:
            index = self.order[rows]
        arrays = [
            None if source is None else _gather(here, source, rows, index, dtype)
            for _, _, source, dtype, _ in self.columns
        ]
        return Batch(*self._parts(arrays))


def _is_usable(part: Array, dtype: np.dtype[Any]) -> bool:
    """Return whether rows of an array can be used in place."""
    return part.dtype == dtype and part.flags.c_contiguous and part.flags.aligned


def _gather(here: Context, source: Any, rows: slice, index: Array | None, dtype: np.dtype[Any]) -> Array:
    """Return the rows of a batch as `dtype`: those at `index`, or the slice `rows` if `index` is None."""
    if index is None and source.dtype == dtype and source.flags.c_contiguous:
        part: Array = source[rows]
        return part
    out = here.take((rows.stop - rows.start if index is None else len(index), *source.shape[1:]), dtype)
    if index is None:
        np.copyto(out, source[rows], casting="unsafe")
    else:
        here.kernels.gather_rows(source, index, out)
    return out
