"""The BLAS that NumPy itself uses, called through its C interface.

A matrix product through `numpy.dot` costs about a microsecond before it begins; from compiled code the same routine
can be called at once. It is found in what NumPy has loaded already, never loaded anew, so that there is one pool of
threads. Where it is not found, or does not pass the check, `sgemm_address` is 0 and minifit's own product is used.

References
----------
The C interface to the BLAS, `cblas_sgemm`: https://netlib.org/blas/cblas.h. The names under which NumPy's builds have
it: ``numpy/_core/src/common/npy_cblas.h``.
"""

import ctypes
import importlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np

NAMES = (
    "scipy_cblas_sgemm64_",  # NumPy's own wheels for 64-bit systems
    "scipy_cblas_sgemm",
    "cblas_sgemm$NEWLAPACK$ILP64",  # Apple's Accelerate
    "cblas_sgemm$NEWLAPACK",
    "cblas_sgemm64_",  # OpenBLAS built by others
    "cblas_sgemm",  # distributions' builds, MKL
)

BY_ROWS, PLAIN, TRANSPOSED = 101, 111, 112
"""What a BLAS calls the layout of C, a matrix as it is, and one that is to be read transposed."""

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


@cache
def sgemm_address() -> int:
    """Where ``cblas_sgemm`` of NumPy's BLAS lies in this process; 0 if there is none that can be used."""
    for library in _libraries():
        for name in NAMES:
            if hasattr(library, name):
                address = ctypes.cast(getattr(library, name), ctypes.c_void_p).value or 0
                if address and _right(address):
                    return address
    return 0


def _libraries() -> Iterator[ctypes.CDLL]:
    """NumPy's extension module, through which Linux and macOS also look in what it has loaded; on Windows, its DLLs."""
    core = importlib.import_module("numpy._core._multiarray_umath")
    beside = Path(np.__file__).parent.with_name("numpy.libs")
    for path in (Path(core.__file__ or ""), *sorted(beside.glob("*openblas*.dll"))):
        try:
            yield ctypes.CDLL(str(path))
        except OSError:  # a file that this system cannot read as a library has no routine for us
            continue


def _right(address: int) -> bool:
    """Whether the routine multiplies: plain, with each side transposed, scaled, and added to what is there."""
    sgemm = ctypes.CFUNCTYPE(None, *_ARGUMENTS)(address)
    rng = np.random.default_rng(0)
    n, k, m = 5, 33, 7
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
