"""Arrays that stay in a file, of which rows are read when they are asked for: HDF5 datasets.

They are recognised by what they offer, so that nobody has to import h5py who does not use it.
"""

import math
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np

from minifit.arrays import Array, Shape
from minifit.data.checks import array_of
from minifit.errors import DataError

NEAR = 2**14
"""Bytes in a file that are read sooner than skipped: 16 KB, about what a call that reads costs."""


class Stored:
    """Rows of an array in a file. Slicing makes a view, as of an ndarray; `read` reads it.

    Parameters
    ----------
    source : h5py.Dataset, or another array that is read by slicing
    first, last : int
        The rows that belong to it.

    Attributes
    ----------
    chunk : int
        How many rows the file keeps together: reading fewer costs the same. 1 when nobody knows.
    """

    def __init__(self, source: Any, first: int, last: int) -> None:
        self._source, self._first = source, first
        self.shape: Shape = (last - first, *source.shape[1:])
        self.dtype = np.dtype(source.dtype)
        chunks = getattr(source, "chunks", None)
        self.chunk = int(chunks[0]) if chunks and isinstance(chunks[0], int | np.integer) else 1

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def row_bytes(self) -> int:
        """The bytes of one row."""
        return math.prod(self.shape[1:]) * int(self.dtype.itemsize)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice) -> "Stored":
        first, last, _ = rows.indices(len(self))
        return Stored(self._source, self._first + first, self._first + max(first, last))

    def read(self) -> Array:
        """All rows, in memory."""
        return np.asarray(self._source[self._first : self._first + len(self)])

    def at(self, rows: Array) -> Array:
        """Some rows, in memory; their numbers in ascending order.

        Those that stand near each other are read together with what is between them.
        """
        made = np.empty((len(rows), *self.shape[1:]), self.dtype)
        far = (np.diff(rows) - 1) * self.row_bytes > NEAR
        ends = [0, *(np.flatnonzero(far) + 1).tolist(), len(rows)] if len(rows) else []
        for begin, end in pairwise(ends):
            first = int(rows[begin])
            part = self[first : int(rows[end - 1]) + 1].read()
            made[begin:end] = part if len(part) == end - begin else part[rows[begin:end] - first]
        return made

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.asarray(self.read(), dtype)


Rows: TypeAlias = Array | Stored


def read(source: Rows | None, rows: slice) -> Array | None:
    """Return these rows in memory; a view of them where they are there already."""
    if source is None:
        return None
    part = source[rows]
    return part.read() if isinstance(part, Stored) else part


def read_at(source: Rows | None, rows: Array) -> Array | None:
    """Return copies of rows in memory, of which the numbers ascend."""
    return source if source is None else source.at(rows) if isinstance(source, Stored) else source[rows]


def is_stored(value: Any) -> bool:
    """Return whether a value is an array in a file: a dataset of h5py, a view of one, or another that has `chunks`."""
    offers = "shape", "dtype", "__getitem__", "__len__"
    if type(value).__module__.partition(".")[0] == "h5py":
        return all(hasattr(type(value), name) for name in offers)  # of a closed one nothing can be asked
    return all(hasattr(value, name) for name in ("chunks", *offers))


def rows_of(name: str, value: Any) -> Rows:
    """Return the data as `array_of` does, but leave in its file what is there.

    Parameters
    ----------
    name : str
        What it is called in messages: ``"x"``.
    value : array_like or h5py.Dataset

    Raises
    ------
    DataError
        As from `array_of`, and when the file is closed.
    """
    if type(value) is np.ndarray:
        return array_of(name, value)
    if isinstance(value, list | tuple) and len(value) == 1 and is_stored(value[0]):
        value = value[0]
    if isinstance(value, Stored) or not is_stored(value):
        return value if isinstance(value, Stored) else array_of(name, value)
    try:
        sample = value[:1] if value.shape else value[()]
    except (ValueError, RuntimeError) as error:  # what h5py raises for a closed file
        raise DataError(
            f"{name} must be readable. Received: a {type(value).__name__} whose file answers: {error}. "
            "Keep the file open until training is over."
        ) from error
    array_of(name, sample)  # what must be true of the numbers is true of the first row
    return Stored(value, 0, len(value))
