"""Places: the memory that the instructions of a program work on, before and after its address is known."""

import ctypes
from typing import Any

import numpy as np

from minifit.arrays import FLOAT, Array


class Place:
    """Memory of a program.

    Attributes
    ----------
    address : int
        In bytes; 0 until a program is put together.
    """

    address = 0


class Room(Place):
    """Memory that belongs to the program itself.

    Parameters
    ----------
    count : int
        Numbers: for one row of a batch if positive; altogether, negated, if not.
    dtype : numpy.dtype, default float32
    """

    def __init__(self, count: int, dtype: np.dtype[Any] = FLOAT) -> None:
        self.count, self.dtype = count, dtype

    def size(self, rows: int) -> int:
        """Return the number of bytes for a batch of so many rows."""
        return (self.count * rows if self.count >= 0 else -self.count) * self.dtype.itemsize


class Memory(Place):
    """An array that lies somewhere already: weights, gradients, sums, constants.

    Parameters
    ----------
    array : ndarray
        Contiguous; the place keeps it alive.
    """

    def __init__(self, array: Array) -> None:
        self.array = array
        self.address = address_of(array)


class Cell(Place):
    """A place that is told before each call: where the data lies, or the results go."""


def address_of(array: Array | None) -> int:
    """Return where the numbers of an array lie; 0 for none."""
    return 0 if array is None else _address(array)


def _address_asked(array: Array) -> int:
    return int(array.__array_interface__["data"][0])


def _address_read(array: Array) -> int:
    """Read the first field of NumPy's struct for arrays: a tenth of the time, and asked at every single call."""
    return _pointer(id(array) + _HEAD).value or 0


_HEAD, _pointer = object.__basicsize__, ctypes.c_void_p.from_address
_PROBE = np.ones(3)[1:]
_address = _address_read if _address_read(_PROBE) == _address_asked(_PROBE) else _address_asked
