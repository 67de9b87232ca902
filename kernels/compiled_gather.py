"""Rows gathered from a large array into a batch, with a cast, compiled."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from minifit.kernels import reference_gather as reference
from minifit.kernels.jit_arrays import jit

# the letters of the dtypes that Numba supports: bool, the integers, float32 and float64, but not float16
_SUPPORTED = frozenset("?bBhHiIlLqQfd")


def gather_rows(source: NDArray[Any], rows: NDArray[np.integer[Any]], out: NDArray[Any]) -> None:
    """See `reference.gather_rows`."""
    if source.dtype == out.dtype or not out.size or not (_readable(source) and _readable(out)):
        # without a cast, NumPy copies at the speed of memory and starts as soon as Numba
        reference.gather_rows(source, rows, out)
    else:
        # asarray, since Numba takes a microsecond longer to recognize a memmap
        flat = np.asarray(source).reshape(len(source), -1)
        _cast_rows(flat, rows, out.reshape(len(rows), -1))


def _readable(array: NDArray[Any]) -> bool:
    flags, dtype = array.flags, array.dtype
    return flags.c_contiguous and flags.aligned and dtype.isnative and dtype.char in _SUPPORTED


@jit
def _cast_rows(source: NDArray[Any], rows: NDArray[np.integer[Any]], out: NDArray[Any]) -> None:
    n, m = out.shape
    for i in range(n):
        row = rows[i]
        for j in range(m):
            out[i, j] = source[row, j]
