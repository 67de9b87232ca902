"""The BLAS that NumPy itself uses, called through its C interface.

A matrix product through `numpy.dot` takes about a microsecond before it starts; compiled code can call the same routine
directly. The routine is looked up in the libraries that NumPy has already loaded, so that there is only one pool of
threads. If it is not found, or fails the check, `routines` is 0 and minifit's own product is used.

OpenBLAS also multiplies several matrices in one call, each in one thread. A large product split into parts this way has
the same bits whatever the number of threads; a single call for the whole does not. The number of threads may therefore
follow the free processors. Only OpenBLAS has routines for both; with another BLAS no product is split.

References
----------
The C interface to the BLAS, `cblas_sgemm`: https://netlib.org/blas/cblas.h. The names under which NumPy's builds have
it: ``numpy/_core/src/common/npy_cblas.h``. OpenBLAS: ``interface/gemm_batch.c``, ``driver/level3/gemm_batch_thread.c``.
"""

import ctypes
import importlib
import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np

from minifit.kernels.parts import BY_ROWS, MOST_PARTS, PLAIN, TRANSPOSED, by_batch

NAMES = (
    "scipy_cblas_sgemm64_",  # NumPy's own wheels for 64-bit systems
    "scipy_cblas_sgemm",
    "cblas_sgemm$NEWLAPACK$ILP64",  # Apple's Accelerate
    "cblas_sgemm$NEWLAPACK",
    "cblas_sgemm64_",  # other builds of OpenBLAS
    "cblas_sgemm",  # distributions' builds, MKL
)
# in NumPy's wheels for 64-bit systems, with 64-bit integers
_SEVERAL = "scipy_cblas_sgemm_batch64_"
_SET, _GET = "scipy_openblas_set_num_threads64_", "scipy_openblas_get_num_threads64_"

THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS")
"""Environment variables with which a user sets the number of threads; minifit then leaves it unchanged."""

SGEMM, BATCH, SET, GET, MOST, NOW, WORDS = range(7)
"""Indices of the table for compiled code: the routines that multiply one and several matrices, and that set and return
the number of threads; the largest number of threads, and the number to use now. 0 stands for no routine."""

# Integers are passed as 64 bits. A library that expects 32 bits reads the lower half of a register or of a stack slot.
# On all supported systems, the stack slot of each argument of this routine is as wide as a register.
_INTEGER = ctypes.c_int64
_ARGUMENTS = (
    *(ctypes.c_int,) * 3,
    *(_INTEGER,) * 3,
    ctypes.c_float,
    *(_INTEGER,) * 4,
    ctypes.c_float,
    *(_INTEGER,) * 2,
)
_SGEMM = ctypes.CFUNCTYPE(None, *_ARGUMENTS)
# the sizes of a product of two parts
_LARGE = 160, 128, 112

_table = np.zeros(WORDS, np.int64)


@cache
def routines() -> int:
    """Return the address of the table of NumPy's BLAS in this process; 0 if no usable BLAS is found."""
    for library in _libraries():
        candidates = filter(None, (_address(library, name) for name in NAMES))
        sgemm = next((at for at in candidates if _is_correct(_SGEMM(at))), 0)
        if sgemm:
            _table[:] = 0
            _table[SGEMM], _table[MOST] = sgemm, 1
            _find_threads(library)
            return int(_table.ctypes.data)
    return 0


def _find_threads(library: ctypes.CDLL) -> None:
    """Fill in the other routines of OpenBLAS, if the library has them."""
    several, change, get = (_address(library, name) for name in (_SEVERAL, _SET, _GET))
    threads = ctypes.CFUNCTYPE(ctypes.c_int)(get)() if get else 1
    if not 1 < threads <= MOST_PARTS:
        return
    _table[MOST] = _table[NOW] = threads
    if several and _is_correct(by_batch(several, 2), _LARGE):
        _table[BATCH] = several
    if change and not any(os.environ.get(name) for name in THREAD_VARIABLES):
        _table[SET], _table[GET] = change, get


def most_threads() -> int:
    """Return the largest number of threads for a product; 1 if the number must not or cannot be changed."""
    return int(_table[MOST]) if routines() and _table[SET] and _table[BATCH] else 1


def use_threads(number: int) -> None:
    """Set the number of threads for later products, at most `most_threads()`."""
    _table[NOW] = number


def _address(library: ctypes.CDLL, name: str) -> int:
    """Return the address of a routine; 0 if the library does not have it."""
    return ctypes.cast(getattr(library, name), ctypes.c_void_p).value or 0 if hasattr(library, name) else 0


def _libraries() -> Iterator[ctypes.CDLL]:
    """Yield NumPy's extension module, which on Linux and macOS includes the libraries it loaded; then Windows' DLLs."""
    core = importlib.import_module("numpy._core._multiarray_umath")
    beside = Path(np.__file__).parent.with_name("numpy.libs")
    for path in (Path(core.__file__ or ""), *sorted(beside.glob("*openblas*.dll"))):
        try:
            yield ctypes.CDLL(str(path))
        # the file is not a library of this system
        except OSError:
            continue


def _is_correct(sgemm: Callable[..., None], sizes: tuple[int, int, int] = (5, 33, 7)) -> bool:
    """Return whether a routine multiplies correctly: plain and with each side transposed, scaled, and added to `y`."""
    rng = np.random.default_rng(0)
    n, k, m = sizes
    a, b = rng.standard_normal((n, k), np.float32), rng.standard_normal((k, m), np.float32)
    for left, right in ((PLAIN, PLAIN), (PLAIN, TRANSPOSED), (TRANSPOSED, PLAIN)):
        x = np.ascontiguousarray(a if left == PLAIN else a.T)
        w = np.ascontiguousarray(b if right == PLAIN else b.T)
        y = np.ones((n, m), np.float32)
        places = (x.ctypes.data, x.shape[1], w.ctypes.data, w.shape[1])
        sgemm(BY_ROWS, left, right, n, m, k, 0.5, *places, 2.0, y.ctypes.data, m)
        if not np.allclose(y, 0.5 * (a @ b) + 2, atol=1e-4):
            return False
    return True
