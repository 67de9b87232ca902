"""Products through the BLAS from compiled code: right, and of the same bits for any number of threads."""

import ctypes
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numba import njit

from minifit.kernels import blas, compiled_parts, parts
from minifit.kernels.parts import PLAIN, TRANSPOSED

FLOAT = np.float32
FORMS = [(PLAIN, PLAIN), (PLAIN, TRANSPOSED), (TRANSPOSED, PLAIN)]
# the last is less than two parts
SIZES = [(300, 130, 200), (130, 300, 200), (128, 784, 512), (784, 48, 500), (33, 1000, 101), (128, 10, 784)]


@njit  # type: ignore[untyped-decorator]
def product(table: int, left: int, right: int, alpha: Any, a: Any, b: Any, beta: Any, c: Any, k: int) -> None:
    n, m = c.shape
    places = a.ctypes.data, a.shape[1], b.ctypes.data, b.shape[1]
    compiled_parts.large_product(table, left, right, n, m, k, alpha, *places, beta, c.ctypes.data, m)


class _Threads:
    """The number of threads of NumPy's BLAS."""

    def __init__(self) -> None:
        self.get = ctypes.CFUNCTYPE(ctypes.c_int)(int(blas._table[blas.GET]))
        self.set = ctypes.CFUNCTYPE(None, ctypes.c_int)(int(blas._table[blas.SET]))


@pytest.fixture
def threads() -> Iterator[_Threads]:
    """OpenBLAS's, with its number as it was afterwards."""
    if blas.most_threads() == 1:
        pytest.skip("a BLAS whose number of threads stays")
    found = _Threads()
    yield found
    found.set(blas.most_threads())
    blas.use_threads(blas.most_threads())


def computed(left: int, right: int, size: tuple[int, int, int], beta: float = 1.0) -> tuple[Any, Any]:
    """A product as compiled code computes it, and in float64."""
    n, m, k = size
    rng = np.random.default_rng(n + m)
    a, b = rng.standard_normal((n, k), FLOAT), rng.standard_normal((k, m), FLOAT)
    c = rng.standard_normal((n, m), FLOAT)
    exact = -0.5 * (a.astype(np.float64) @ b) + beta * c
    x = np.ascontiguousarray(a if left == PLAIN else a.T)
    w = np.ascontiguousarray(b if right == PLAIN else b.T)
    product(blas.routines(), left, right, FLOAT(-0.5), x, w, FLOAT(beta), c, k)
    return c, exact


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize(("left", "right"), FORMS)
@pytest.mark.parametrize("beta", [0.0, 1.0])
def test_it_is_the_product(size: tuple[int, int, int], left: int, right: int, beta: float) -> None:
    if not blas.routines():
        pytest.skip("no BLAS")
    found, exact = computed(left, right, size, beta)
    np.testing.assert_allclose(found, exact, atol=1e-6 * size[2] ** 0.5 * np.abs(exact).max())


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize(("left", "right"), FORMS)
def test_the_number_of_threads_changes_no_bit(
    size: tuple[int, int, int], left: int, right: int, threads: _Threads
) -> None:
    results = []
    for number in range(1, blas.most_threads() + 1):
        blas.use_threads(number)
        results.append(computed(left, right, size)[0].tobytes())
    assert len(set(results)) == 1


@pytest.mark.parametrize("size", [SIZES[0], SIZES[-1]], ids=["large", "small"])
def test_afterwards_the_blas_has_as_many_threads_as_before(
    size: tuple[int, int, int], threads: _Threads
) -> None:
    blas.use_threads(1)
    computed(PLAIN, PLAIN, size)
    assert threads.get() == blas.most_threads()


def test_a_number_that_the_user_set_meanwhile_stays(threads: _Threads) -> None:
    threads.set(blas.most_threads() + 1)
    blas.use_threads(1)
    computed(PLAIN, PLAIN, SIZES[0])
    assert threads.get() == blas.most_threads() + 1


def test_the_number_is_lowered_for_a_small_product_and_for_a_busy_machine(threads: _Threads) -> None:
    """Seen by routines of one's own in the table, which note the number that was set."""
    seen: list[int] = []
    change = ctypes.CFUNCTYPE(None, ctypes.c_int)(seen.append)
    table = blas._table
    kept = int(table[blas.SET])
    most = blas.most_threads()
    table[blas.SET] = ctypes.cast(change, ctypes.c_void_p).value or 0
    try:
        computed(PLAIN, PLAIN, SIZES[0])
        assert seen == []
        computed(PLAIN, PLAIN, SIZES[-1])
        assert seen == [1, most]
        blas.use_threads(1)
        computed(PLAIN, PLAIN, SIZES[0])
        assert seen == [1, most, 1, most]
    finally:
        table[blas.SET] = kept


def test_it_cuts_as_the_readable_twin_does(threads: _Threads) -> None:
    for size in SIZES[:-1]:
        n, m, k = size
        found, _ = computed(PLAIN, PLAIN, size, 0.0)
        rng = np.random.default_rng(n + m)
        a, b, c = (rng.standard_normal(shape, FLOAT) for shape in ((n, k), (k, m), (n, m)))
        twin = parts.by_batch(int(blas._table[blas.BATCH]), blas.most_threads())
        places = a.ctypes.data, k, b.ctypes.data, m
        twin(parts.BY_ROWS, PLAIN, PLAIN, n, m, k, -0.5, *places, 0.0, c.ctypes.data, m)
        np.testing.assert_array_equal(found, c)
