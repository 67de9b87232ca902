"""Checks of the numbers in whole arrays, which name the first bad row.

Arrays in memory are checked once, before training. Arrays in files and generators are never read for a check: there
only the current batch is checked.
"""

import mmap
from collections.abc import Callable
from typing import Any, TypeGuard

import numpy as np

from minifit.arrays import FLOAT, Array
from minifit.errors import DataError

LARGEST = float(np.finfo(FLOAT).max)
"""The largest float32 number, 3.4e38: everything is computed in float32."""


def in_memory(array: Any) -> TypeGuard[Array]:
    """Return whether a value is an array in memory and not in a file."""
    # the usual case first
    if type(array) is np.ndarray and array.base is None:
        return True
    if not isinstance(array, np.ndarray):
        return False
    while isinstance(array, np.ndarray):
        if isinstance(array, np.memmap):
            return False
        array = array.base
    return not isinstance(array.obj if isinstance(array, memoryview) else array, mmap.mmap)


def check_range(name: str, array: Array) -> None:
    """Check that float32 can hold every finite number of an array.

    Raises
    ------
    DataError
        For the first number that would become infinite.
    """
    if array.dtype.kind != "f" or array.dtype.itemsize <= FLOAT.itemsize or not array.size:
        return
    # the usual case first: it needs no second array of this size
    if array.min() >= -LARGEST and array.max() <= LARGEST:
        return
    beyond = np.isfinite(array) & (np.abs(array) > LARGEST)
    if beyond.any():
        row = first_row(beyond)
        value = float(array[row][beyond[row]].flat[0])
        raise DataError(
            f"{name} must hold numbers that float32 can hold, up to 3.4e38 in size. Received: {value:g} in row {row}. "
            "Scale the data down, or take logarithms."
        )


def not_finite(name: str, array: Array, number: Callable[[int], int] = int) -> str | None:
    """Return in words the first row with NaN or infinity, and the number of such rows; None if all is finite.

    `number` maps the index of a row to its number in the text.
    """
    if array.dtype.kind != "f" or not array.size or np.isfinite([array.min(), array.max()]).all():
        return None
    odd = ~np.isfinite(array)
    row = first_row(odd)
    rows = int(odd.reshape(len(odd), -1).any(axis=1).sum())
    others = "" if rows == 1 else f", the first of {rows} such rows"
    return f"{array[row][odd[row]].flat[0]} in row {number(row)} of {name}{others}"


def first_row(mask: Array) -> int:
    """Return the index of the first row with a True in it."""
    return int(mask.reshape(len(mask), -1).any(axis=1).argmax())
