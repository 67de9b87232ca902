"""Places: the memory that the instructions of a program work on, before and after its address is known."""

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
    return 0 if array is None else int(array.__array_interface__["data"][0])
