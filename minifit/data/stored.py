"""Arrays that stay in a file, whose rows are read on demand: HDF5 datasets.

They are recognised by their members, so that h5py is imported only by programs that use it.
"""

import math
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np

from minifit.arrays import Array, Shape
from minifit.data.checks import array_of
from minifit.errors import DataError

NEAR = 2**14
"""The largest gap, in bytes, that is read rather than skipped: 16 KB, about the cost of one more read."""


class Stored:
    """Rows of an array in a file. Slicing makes a view, like that of an ndarray; `read` reads it.

    Parameters
    ----------
    source : h5py.Dataset, or another array that is read by slicing
    first, last : int
        The range of its rows.

    Attributes
    ----------
    chunk : int
        The number of rows in a chunk of the file: reading fewer costs the same. 1 if unknown.
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
        """Return all rows in memory."""
        return np.asarray(self._source[self._first : self._first + len(self)])

    def at(self, rows: Array) -> Array:
        """Return some rows in memory, by their numbers in ascending order.

        Rows near each other are read in one call, together with the rows between them.
        """
        out = np.empty((len(rows), *self.shape[1:]), self.dtype)
        far = (np.diff(rows) - 1) * self.row_bytes > NEAR
        ends = [0, *(np.flatnonzero(far) + 1).tolist(), len(rows)] if len(rows) else []
        for begin, end in pairwise(ends):
            first = int(rows[begin])
            part = self[first : int(rows[end - 1]) + 1].read()
            out[begin:end] = part if len(part) == end - begin else part[rows[begin:end] - first]
        return out

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.asarray(self.read(), dtype)


Rows: TypeAlias = Array | Stored


def read(source: Rows | None, rows: slice) -> Array | None:
    """Return a range of rows in memory; a view if they are in memory already."""
    if source is None:
        return None
    part = source[rows]
    return part.read() if isinstance(part, Stored) else part


def read_at(source: Rows | None, rows: Array) -> Array | None:
    """Return copies of rows in memory, by their numbers in ascending order."""
    return source if source is None else source.at(rows) if isinstance(source, Stored) else source[rows]


def is_stored(value: Any) -> bool:
    """Return whether a value is an array in a file: an h5py dataset, a view of one, or another array with `chunks`."""
    members = "shape", "dtype", "__getitem__", "__len__"
    if type(value).__module__.partition(".")[0] == "h5py":
        # of the class: a closed dataset has no readable attributes
        return all(hasattr(type(value), name) for name in members)
    return all(hasattr(value, name) for name in ("chunks", *members))


def rows_of(name: str, value: Any) -> Rows:
    """Return data like `array_of`, but keep an array in a file there.

    Parameters
    ----------
    name : str
        The name in messages: ``"x"``.
    value : array_like or h5py.Dataset

    Raises
    ------
    DataError
        As in `array_of`, and when the file is closed.
    """
    if type(value) is np.ndarray:
        return array_of(name, value)
    if isinstance(value, list | tuple) and len(value) == 1 and is_stored(value[0]):
        value = value[0]
    if isinstance(value, Stored) or not is_stored(value):
        return value if isinstance(value, Stored) else array_of(name, value)
    try:
        sample = value[:1] if value.shape else value[()]
    except (ValueError, RuntimeError) as error:
        # h5py raises these for a closed file
        raise DataError(
            f"{name} must be readable. Received: a {type(value).__name__} whose file reports: {error}. "
            "Keep the file open until training is over."
        ) from error
    # the checks of the dtype and the shape need only the first row
    array_of(name, sample)
    return Stored(value, 0, len(value))
