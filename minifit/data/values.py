"""A look at the numbers of whole arrays, and the row where the trouble begins.

Arrays in memory are looked at once, before training. What lies in a file is never read for a look: there, and with
generators, only the batch at hand is looked at.
"""

import mmap
from collections.abc import Callable
from typing import Any, TypeGuard

import numpy as np

from minifit.arrays import FLOAT, Array
from minifit.errors import DataError

LARGEST = float(np.finfo(FLOAT).max)
"""Of float32, in which everything is computed: 3.4e38."""


def in_memory(array: Any) -> TypeGuard[Array]:
    """Return whether this is an array whose numbers lie in memory and not in a file."""
    if type(array) is np.ndarray and array.base is None:
        return True  # as a rule
    if not isinstance(array, np.ndarray):
        return False
    while isinstance(array, np.ndarray):
        if isinstance(array, np.memmap):
            return False
        array = array.base
    return not isinstance(array.obj if isinstance(array, memoryview) else array, mmap.mmap)


def check_range(name: str, array: Array) -> None:
    """See that float32 can hold every finite number of an array.

    Raises
    ------
    DataError
        With the first that would become infinite.
    """
    if array.dtype.kind != "f" or array.dtype.itemsize <= FLOAT.itemsize or not array.size:
        return
    if array.min() >= -LARGEST and array.max() <= LARGEST:
        return  # of most arrays, without another array of their size
    beyond = np.isfinite(array) & (np.abs(array) > LARGEST)
    if beyond.any():
        row = first_row(beyond)
        value = float(array[row][beyond[row]].flat[0])
        raise DataError(
            f"{name} must hold numbers that float32 can hold, up to 3.4e38 in size. Received: {value:g} in row {row}. "
            "Scale the data down, or take logarithms."
        )


def not_finite(name: str, array: Array, number: Callable[[int], int] = int) -> str | None:
    """The first row that holds NaN or infinity and how many there are, in words; None if all is finite.

    `number` makes of a row's place in the array the number it is called by.
    """
    if array.dtype.kind != "f" or not array.size or np.isfinite([array.min(), array.max()]).all():
        return None
    odd = ~np.isfinite(array)
    row = first_row(odd)
    rows = int(odd.reshape(len(odd), -1).any(axis=1).sum())
    others = "" if rows == 1 else f", the first of {rows} such rows"
    return f"{array[row][odd[row]].flat[0]} in row {number(row)} of {name}{others}"


def first_row(mask: Array) -> int:
    """The first row with a True in it."""
    return int(mask.reshape(len(mask), -1).any(axis=1).argmax())
