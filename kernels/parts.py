"""Large matrix products in parts, which are rows or columns of the result, each computed in one thread.

OpenBLAS multiplies several matrices in one call and distributes them over its threads. The parts depend only on the
sizes, so the result has the same bits whatever the number of threads. A single call for the whole would split it
differently for each number of threads and sum in another order. `minifit.kernels.compiled_parts` is the compiled
version of this file.
"""

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np

PART = 2**20
"""The smallest number of multiplications, n * k * m, of a part. OpenBLAS up to 0.3.31 crashes below a million."""

MOST_PARTS = 64
"""The largest number of parts."""

BY_ROWS, PLAIN, TRANSPOSED = 101, 111, 112
"""The codes of the BLAS for row-major order, for a plain matrix, and for a transposed one."""

GRAIN = 16
"""The number of which a part's rows or columns are a multiple, since a BLAS computes several of them at once."""

_SIZE = 4  # bytes of a number
_PLACES = (ctypes.c_void_p,)
_BATCH = ctypes.CFUNCTYPE(None, ctypes.c_int, *_PLACES * 13, ctypes.c_int64, *_PLACES)


def cut(n: int, m: int, k: int, most: int) -> tuple[int, int]:
    """Return the number of parts of a product, at most `most`, and the rows or columns of each part but the last.

    The longer side of the result is split: its rows, unless it has more columns than rows.
    """
    side, other = (n, m) if n >= m else (m, n)
    parts = max(min(most, n * m * k // PART), 1)
    while parts > 1 and side // parts // GRAIN * GRAIN * other * k < PART:
        parts -= 1
    return parts, side // parts // GRAIN * GRAIN if parts > 1 else side


def by_batch(routine: int, most: int) -> Callable[..., None]:
    """Return a function with the arguments of ``cblas_sgemm`` that multiplies in parts through ``cblas_sgemm_batch``.

    Parameters
    ----------
    routine : int
        The address of a ``cblas_sgemm_batch`` with 64-bit integers.
    most : int
        The largest number of parts.
    """
    batch = _BATCH(routine)

    def sgemm(*args: Any) -> None:
        layout, left, right, n, m, k, alpha, a, row_a, b, row_b, beta, c, row_c = args
        parts, width = cut(n, m, k, most)
        if n >= m:
            step_a, step_b, step_c = width * (row_a if left == PLAIN else 1), 0, width * row_c
            sizes = [width, n - (parts - 1) * width], [m, m]
        else:
            step_a, step_b, step_c = 0, width * (1 if right == PLAIN else row_b), width
            sizes = [n, n], [width, m - (parts - 1) * width]
        # two groups of matrices: all parts but the last, which may be larger, and the last
        flags = [np.array([side, side], np.int32) for side in (left, right)]
        whole = [np.array(pair, np.int64) for pair in (*sizes, [k, k], [row_a] * 2, [row_b] * 2, [row_c] * 2)]
        factors = [np.array([factor, factor], np.float32) for factor in (alpha, beta)]
        steps = _SIZE * np.arange(parts)
        places = [at + step * steps for at, step in ((a, step_a), (b, step_b), (c, step_c))]
        groups = np.array([parts - 1, 1])
        tables = (
            *(*flags, *whole[:3], factors[0], places[0], whole[3], places[1], whole[4]),
            *(factors[1], places[2], whole[5]),
        )
        batch(layout, *(table.ctypes.data for table in tables), 2, groups.ctypes.data)

    return sgemm
