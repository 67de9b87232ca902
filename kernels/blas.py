"""The BLAS that NumPy itself uses, called through its C interface.

A matrix product through `numpy.dot` costs about a microsecond before it begins; from compiled code the same routine
can be called at once. It is found in what NumPy has loaded already, never loaded anew, so that there is one pool of
threads. Where it is not found, or does not pass the check, `routines` is 0 and minifit's own product is used.

OpenBLAS also multiplies several matrices in one call, each of them in one thread. A large product cut into parts so
has the same bits however many threads share the parts, which one call for the whole does not have. So the number of
threads may follow what the machine has free. Only OpenBLAS has routines for both; with another BLAS nothing is cut.

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
    "cblas_sgemm64_",  # OpenBLAS built by others
    "cblas_sgemm",  # distributions' builds, MKL
)
_SEVERAL = (
    "scipy_cblas_sgemm_batch64_"  # of NumPy's wheels for 64-bit systems, whose whole numbers have 64 bits
)
_SET, _GET = "scipy_openblas_set_num_threads64_", "scipy_openblas_get_num_threads64_"

OWN_WISHES = ("OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS")
"""Variables of the environment by which a user sets the number of threads, which then stays."""

SGEMM, BATCH, SET, GET, MOST, NOW, WORDS = range(7)
"""Words of the table for compiled code: the routines that multiply one matrix and several, that set and return the
number of threads; how many threads there are at most, and how many are to be used now. 0 stands for no routine."""

# Integers are handed over as 64 bits. A library that expects 32 reads the lower half: of a register, or of a place on
# the stack, which is as wide as a register for each of the arguments of this routine on all systems that are supported.
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
_LARGE = 160, 128, 112  # two parts

_table = np.zeros(WORDS, np.int64)


@cache
def routines() -> int:
    """Return the address of the table of NumPy's BLAS in this process; 0 if there is no BLAS that can be used."""
    for library in _libraries():
        found = filter(None, (_address(library, name) for name in NAMES))
        sgemm = next((at for at in found if _right(_SGEMM(at))), 0)
        if sgemm:
            _table[:] = 0
            _table[SGEMM], _table[MOST] = sgemm, 1
            _find_threads(library)
            return int(_table.ctypes.data)
    return 0


def _find_threads(library: ctypes.CDLL) -> None:
    """Fill in what OpenBLAS has besides `sgemm`."""
    several, change, get = (_address(library, name) for name in (_SEVERAL, _SET, _GET))
    threads = ctypes.CFUNCTYPE(ctypes.c_int)(get)() if get else 1
    if not 1 < threads <= MOST_PARTS:
        return
    _table[MOST] = _table[NOW] = threads
    if several and _right(by_batch(several, 2), _LARGE):
        _table[BATCH] = several
    if change and not any(os.environ.get(name) for name in OWN_WISHES):
        _table[SET], _table[GET] = change, get


def most_threads() -> int:
    """Return how many threads a product may have whose number may change; 1 if it must not or cannot change."""
    return int(_table[MOST]) if routines() and _table[SET] and _table[BATCH] else 1


def use_threads(number: int) -> None:
    """Let the products from now on have so many threads, of at most `most_threads()`."""
    _table[NOW] = number


def _address(library: ctypes.CDLL, name: str) -> int:
    """Return where a routine lies; 0 if the library does not have it."""
    return ctypes.cast(getattr(library, name), ctypes.c_void_p).value or 0 if hasattr(library, name) else 0


def _libraries() -> Iterator[ctypes.CDLL]:
    """NumPy's extension module, through which Linux and macOS also look in what it has loaded; on Windows, its DLLs."""
    core = importlib.import_module("numpy._core._multiarray_umath")
    beside = Path(np.__file__).parent.with_name("numpy.libs")
    for path in (Path(core.__file__ or ""), *sorted(beside.glob("*openblas*.dll"))):
        try:
            yield ctypes.CDLL(str(path))
        except OSError:  # a file that this system cannot read as a library has no routine for us
            continue


def _right(sgemm: Callable[..., None], sizes: tuple[int, int, int] = (5, 33, 7)) -> bool:
    """Return whether the routine multiplies: plain, with each side transposed, scaled, and added to what is there."""
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
