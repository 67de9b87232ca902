"""Batches drawn one after another, outside of any training."""

import copy
from itertools import count
from typing import Any, NamedTuple

import h5py
import numpy as np

from minifit import kernels
from minifit.arrays import Array, Workspace
from minifit.data import Batch, Batches
from minifit.data.row_batches import Column, column
from minifit.data.stored import Rows
from minifit.randomness import Streams
from minifit.tensor import Context

_number = count()  # HDF5 wants a name for every file, also for one that is never written


def context(seed: int = 0, engine: str = "numpy") -> Context:
    return Context(kernels.load(engine), Workspace(), streams=Streams(seed))


class Only(NamedTuple):
    """A batch of one input and at most one output."""

    x: Array
    y: Array | None
    weight: Array | None


def only(batch: Batch) -> Only:
    """The arrays of a batch of one input and at most one output."""
    (x,), (y,), (weight,) = batch.inputs, batch.targets or (None,), batch.weights or (None,)
    return Only(x, y, weight)


def columns(x: Rows, y: Rows | None = None, weight: Rows | None = None) -> list[Column]:
    """One input, and the targets and weights of one output if there are any."""
    parts = {"x": x, "y": y, "sample_weight": weight}
    return [column(name, name, rows) for name, rows in parts.items() if rows is not None]


def drawn(batches: Batches, here: Context, most: int = 1000) -> list[Only]:
    """Copies of the next batches of one input and at most one output, at most so many."""
    return [only(batch) for batch in taken(batches, here, most)]


def taken(batches: Batches, here: Context, most: int = 1000) -> list[Batch]:
    """Copies of the next batches, at most so many."""
    found: list[Batch] = []
    while len(found) < most:
        assert here.workspace is not None
        here.workspace.rewind()
        batch = batches.next(here)
        if batch is None:
            break
        parts = (tuple(None if a is None else a.copy() for a in part) for part in batch)
        found.append(Batch(*parts))  # type: ignore[arg-type]
    return found


def rows_of(batches: Batches, here: Context, most: int = 1000) -> list[list[int]]:
    """The first numbers of the rows in each of the next batches."""
    return [b.x.reshape(len(b.x), -1)[:, 0].astype(int).tolist() for b in drawn(batches, here, most)]


def numbered(n: int) -> Array:
    """Rows that are their own numbers."""
    return np.arange(n, dtype=np.float32)[:, None]


def dataset(values: Array, **options: Any) -> h5py.Dataset:
    """The values in an HDF5 file that is kept in memory; the options are those of `create_dataset`."""
    file = h5py.File(f"{next(_number)}.h5", "w", driver="core", backing_store=False)
    return file.create_dataset("values", data=values, **options)


def drawn_ahead(batches: Batches, most: int, takes: int) -> list[Only]:
    """All batches, as `ahead` tells of them; of each stretch at most `takes` are taken."""
    here, found = context(), list[Only]()
    while True:
        here.workspace.rewind()  # type: ignore[union-attr]
        stretch = batches.ahead(here, most)
        if stretch is None:
            return found
        taken = min(stretch.batches, takes)
        found += [only(copy.deepcopy(stretch.batch(number))) for number in range(taken)]
        batches.advance(taken)


def weighing(batches: Batches, classes: Array | None) -> Any:
    """The same batches, with weights of classes."""
    batches.class_weight = classes
    return batches
