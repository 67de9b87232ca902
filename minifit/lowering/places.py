"""Places: the operands of a program's instructions, which are memory whose address may not be known yet."""

import ctypes
from typing import Any

import numpy as np

from minifit.arrays import FLOAT, Array


class Place:
    """Memory that instructions read or write.

    Attributes
    ----------
    address : int
        The address in bytes; 0 until the program is assembled.
    """

    address = 0


class Room(Place):
    """Memory that the program allocates.

    Parameters
    ----------
    count : int
        The numbers per row of a batch; or, negated, the numbers altogether.
    dtype : numpy.dtype, default float32
    """

    def __init__(self, count: int, dtype: np.dtype[Any] = FLOAT) -> None:
        self.count, self.dtype = count, dtype

    def size(self, rows: int) -> int:
        """Return the number of bytes for a batch of `rows` rows."""
        return (self.count * rows if self.count >= 0 else -self.count) * self.dtype.itemsize


class Memory(Place):
    """An existing array: weights, gradients, sums, constants.

    Parameters
    ----------
    array : ndarray
        A contiguous array, which the place keeps alive.
    """

    def __init__(self, array: Array) -> None:
        self.array = array
        self.address = address_of(array)


class Cell(Place):
    """A place whose address is set before each call: the data, or the memory of the results."""


def address_of(array: Array | None) -> int:
    """Return the address of an array's numbers; 0 for None."""
    return 0 if array is None else _address(array)


def _public_address(array: Array) -> int:
    """Return the address through NumPy's public interface."""
    return int(array.__array_interface__["data"][0])


def _struct_address(array: Array) -> int:
    """Return the address from the first field of NumPy's array struct: ten times as fast, and needed in every call."""
    return _pointer(id(array) + _HEAD).value or 0


_HEAD, _pointer = object.__basicsize__, ctypes.c_void_p.from_address
_PROBE = np.ones(3)[1:]
_address = _struct_address if _struct_address(_PROBE) == _public_address(_PROBE) else _public_address
