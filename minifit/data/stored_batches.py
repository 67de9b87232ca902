"""Batches from arrays in files, read block by block: memory does not grow with the size of the file.

A block is many consecutive rows of the file, since files are read fast that way. Shuffling reads the blocks in random
order, and uses the rows of each block in random order; two batches may share a block.
"""

from collections.abc import Sequence
from functools import cached_property
from math import lcm
from typing import Any

import numpy as np

from minifit.arrays import Array
from minifit.data.batch import Batch, Stretch
from minifit.data.permutation import Order, permutation
from minifit.data.row_batches import RowBatches
from minifit.data.shares import places_held
from minifit.data.stored import Rows, Stored, read, read_at
from minifit.tensor import Context

BLOCK = 2**25
"""The largest number of bytes in a block, unless a chunk of the file is larger: 32 MB."""


class StoredBatches(RowBatches):
    """Batches of rows, some of them `Stored`; the parameters are those of `RowBatches`.

    With ``shuffle="batch"`` a block is a batch. Otherwise it has at most `BLOCK` bytes and, if possible, whole chunks
    of the file and whole batches.
    """

    # the number of the block in memory, its rows of each column, and their order
    _loaded: int | None = None
    _held: Sequence[Array | None] = ()
    _inside: Order | None = None
    # the places inside the block whose rows this worker holds; None means all
    _places: Array | None = None

    @cached_property
    def block(self) -> int:
        """The number of rows in a block; the last block may be shorter."""
        return self.size if self.shuffle == "batch" else block_rows(self.sources, self.size)

    @property
    def _blocks(self) -> int:
        return -(-self.samples // self.block)

    def describe(self) -> dict[str, Any]:
        """Return a description that includes the size of a block, on which the order depends."""
        return {**super().describe(), "block": self.block}

    def _arrange(self, rng: np.random.Generator) -> None:
        """Draw an order for the blocks, and a seed for the orders of the rows in them."""
        if self.shuffle == "batch":
            super()._arrange(rng)
            return
        self.order = np.asarray(permutation(self._blocks, rng)[0 : self._blocks])
        self._seed = int(rng.integers(2**63))
        # the last block of the file is short; places behind it count as if it had full length
        short = int(np.flatnonzero(self.order == self._blocks - 1)[0])
        self._missing = self._blocks * self.block - self.samples
        self._behind_short = (short + 1) * self.block - self._missing
        if self.workers.size > 1:
            # in another order, this worker holds other rows of the block
            self._loaded = None
        if self._loaded is not None:
            self._inside = self._order_inside(self._loaded)

    def _locate(self, place: int) -> tuple[int, int]:
        """Return the block for a place of the pass, and the place inside the block."""
        if self.shuffle is not True:
            return divmod(place, self.block)
        turn, inside = divmod(place + self._missing * (place >= self._behind_short), self.block)
        return int(self.order[turn : turn + 1][0]), inside

    def _row(self, place: int) -> int:
        """Return the row of the data at a place of the pass."""
        block, inside = self._locate(place)
        order = self._order_inside(block)
        return block * self.block + (inside if order is None else int(order[inside : inside + 1][0]))

    def _ahead(self, here: Context, begin: int, most: int) -> Stretch | None:
        """Return the batches that lie in the current block, or the one that ends in the next block."""
        block, inside = self._locate(begin * self.size)
        return super()._ahead(here, begin, min(most, max((self._rows(block) - inside) // self.size, 1)))

    def _batch(self, here: Context, first: int, last: int) -> Batch:
        """Return a batch, assembled from one or more blocks."""
        rows_held = last - first
        if self.workers.size > 1:
            rows_held = len(places_held(self.workers, rows_held, self.size))
        arrays = [
            None if rows is None else here.take((rows_held, *rows.shape[1:]), dtype)
            for _, _, rows, dtype, _ in self.columns
        ]
        place, filled = first, 0
        while place < last:
            block, inside = self._locate(place)
            self._load(block)
            n = min(last - place, self._rows(block) - inside)
            begin, end = inside, inside + n
            if self._places is not None:
                begin, end = self._places.searchsorted((begin, end)).tolist()
            for part, out in zip(self._held, arrays, strict=True):
                if part is not None and out is not None:
                    self._copy(here, part, slice(begin, end), out[filled : filled + end - begin])
            place, filled = place + n, filled + end - begin
        return Batch(*self._parts(arrays))

    def _copy(self, here: Context, part: Array, places: slice, out: Array) -> None:
        if self._inside is None:
            np.copyto(out, part[places], casting="unsafe")
        else:
            here.kernels.gather_rows(part, self._inside[places], out)

    def _rows(self, block: int) -> int:
        """Return the number of rows in a block."""
        return min(self.block, self.samples - block * self.block)

    def _load(self, block: int) -> None:
        """Load a block into memory, in place of the previous one."""
        if block == self._loaded:
            return
        # free the memory of the previous block before allocating more
        self._loaded, self._held = None, ()
        first = block * self.block
        self._inside = self._order_inside(block)
        if self.workers.size > 1:
            rows = first + self._find_held(block)
            self._held = [read_at(c.rows, rows) for c in self.columns]
        else:
            self._held = [read(c.rows, slice(first, first + self._rows(block))) for c in self.columns]
        self._loaded = block

    def _find_held(self, block: int) -> Array:
        """Return the rows of a block that this worker holds, in ascending order, and store their places."""
        first, n = self._place_of(block), self._rows(block)
        begin = first // self.size * self.size
        end = min(-(-(first + n) // self.size) * self.size, self.samples)
        places = begin - first + places_held(self.workers, end - begin, self.size)
        self._places = places = places[places.searchsorted(0) : places.searchsorted(n)]
        if self._inside is None:
            return places
        rows = self._inside[0:n][places]
        ascending = np.sort(rows)
        self._inside = ascending.searchsorted(rows)
        return ascending

    def _place_of(self, block: int) -> int:
        """Return the place of the pass at which a block begins."""
        if self.shuffle is not True:
            return block * self.block
        place = int(np.flatnonzero(self.order == block)[0]) * self.block
        return place - self._missing * (place >= self._behind_short)

    def _order_inside(self, block: int) -> Order | None:
        """Return the order of a block's rows in this pass; None if they are not shuffled."""
        if self.shuffle is not True:
            return None
        rng = np.random.Generator(np.random.PCG64((self._seed, block)))
        return permutation(self._rows(block), rng)


def block_rows(sources: Sequence[Rows], batch_size: int) -> int:
    """Return the number of rows in a block."""
    stored = [source for source in sources if isinstance(source, Stored)]
    chunk = max(stored, key=lambda source: source.row_bytes).chunk
    most = max(BLOCK // max(sum(source.row_bytes for source in stored), 1), 1)
    for whole in (lcm(chunk, batch_size), chunk):
        if whole <= most:
            return most - most % whole
    return chunk
