"""Arrays that stay in a file, of which rows are read when they are asked for: HDF5 datasets.

They are recognised by what they offer, so that nobody has to import h5py who does not use it.
"""

import math
from typing import Any, TypeAlias

import numpy as np

from minifit.arrays import Array, Shape
from minifit.data.checks import array_of
from minifit.errors import DataError


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

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.asarray(self.read(), dtype)


Rows: TypeAlias = Array | Stored


def read(source: Rows | None, rows: slice) -> Array | None:
    """Return these rows in memory; a view of them where they are there already."""
    if source is None:
        return None
    part = source[rows]
    return part.read() if isinstance(part, Stored) else part


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
