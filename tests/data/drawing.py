"""Batches drawn one after another, outside of any training."""

from itertools import count
from typing import Any

import h5py
import numpy as np

from minifit import kernels
from minifit.arrays import Array, Workspace
from minifit.data import Batch, Batches
from minifit.randomness import Streams
from minifit.tensor import Context

_number = count()  # HDF5 wants a name for every file, also for one that is never written


def context(seed: int = 0, engine: str = "numpy") -> Context:
    return Context(kernels.load(engine), Workspace(), streams=Streams(seed))


def drawn(batches: Batches, here: Context, most: int = 1000) -> list[Batch]:
    """Copies of the next batches, at most so many."""
    found: list[Batch] = []
    while len(found) < most:
        assert here.workspace is not None
        here.workspace.rewind()
        batch = batches.next(here)
        if batch is None:
            break
        found.append(Batch(*(None if a is None else a.copy() for a in batch)))  # type: ignore[arg-type]
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
