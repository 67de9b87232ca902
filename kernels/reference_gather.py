"""Rows picked from a big array into a batch: what every shuffled epoch does to its data."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def gather_rows(source: NDArray[Any], rows: NDArray[np.integer[Any]], out: NDArray[Any]) -> None:
    """out[i] = source[rows[i]], cast to the dtype of `out` on the way.

    Reads the rows that are asked for and nothing else, also from a memory map.

    Parameters
    ----------
    source : array of shape (n_samples, ...), of any real dtype, byte order and layout
    rows : array of shape (n,), of integers in [0, n_samples): the caller has checked them
    out : array of shape (n, ...), written
    """
    flags, same = source.flags, source.dtype == out.dtype
    # take() copies the whole source where it is not laid out as C would, and buffers the whole result with
    # mode="raise". As a method it starts a microsecond sooner than np.take.
    if same and flags.c_contiguous and flags.aligned and source.dtype.isnative and len(source):
        source.take(rows, axis=0, out=out, mode="clip")
    else:
        np.copyto(out, source[rows], casting="unsafe")
