"""Products between places in memory, minifit's own and those of the BLAS, against NumPy's in float64.

Bound: 1e-6 of their natural scale |x| @ |w| for each tenfold of terms, which float32 sums in any order keep.
"""

from typing import Any

import numpy as np
import pytest
from numba import njit

from minifit.kernels import compiled_products
from minifit.kernels.blas import routines
from minifit.kernels.compiled_products import LARGE

FLOAT = np.float32


@njit  # type: ignore[untyped-decorator]
def multiply(blas: int, x: Any, w: Any, b: Any, y: Any) -> None:
    n, k = x.shape
    bias = b.ctypes.data if b.size else 0
    compiled_products.multiply(blas, x.ctypes.data, w.ctypes.data, bias, y.ctypes.data, n, k, w.shape[1])


@njit  # type: ignore[untyped-decorator]
def add_product(blas: int, x: Any, dy: Any, factor: Any, keep: bool, w: Any) -> None:
    n, k = x.shape
    places = x.ctypes.data, dy.ctypes.data
    compiled_products.add_product(blas, *places, factor, keep, w.ctypes.data, n, k, dy.shape[1])


@njit  # type: ignore[untyped-decorator]
def multiply_transposed(blas: int, dy: Any, w: Any, scratch: Any, dx: Any) -> None:
    n, m = dy.shape
    places = dy.ctypes.data, w.ctypes.data, scratch.ctypes.data, dx.ctypes.data
    compiled_products.multiply_transposed(blas, *places, n, w.shape[0], m)


@njit  # type: ignore[untyped-decorator]
def add_columns(dy: Any, factor: Any, keep: bool, b: Any) -> None:
    n, m = dy.shape
    compiled_products.add_columns(dy.ctypes.data, factor, keep, b.ctypes.data, n, m)


SIZES = [
    (1, 20, 10),
    (32, 2, 16),
    (32, 16, 1),
    (5, 7, 3),
    (4, 4, 16),
    (3, 1, 17),
    (1, 1, 1),
    (9, 33, 40),
    (32, 64, 32),
    (64, 129, 70),
    (96, 600, 10),
]
BLAS = [0, routines()]


def randoms(*shape: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(sum(shape)).standard_normal(shape).astype(FLOAT)


def assert_close(actual: Any, exact: Any, scale: Any, terms: int) -> None:
    assert np.all(np.abs(actual - exact) <= 1e-6 * (1 + np.log10(terms)) * (scale + 1))


def wide(x: Any) -> Any:
    return x.astype(np.float64)


def test_the_sizes_reach_both_ways() -> None:
    products = [n * k * m for n, k, m in SIZES]
    assert min(products) < LARGE < max(products)


@pytest.mark.parametrize("blas", BLAS, ids=["own", "blas"])
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("biased", [True, False])
def test_multiply(size: tuple[int, int, int], blas: int, biased: bool) -> None:
    n, k, m = size
    x, w, b = randoms(n, k), randoms(k, m), randoms(m) if biased else np.empty(0, FLOAT)
    y = np.full((n + 1, m), np.nan, FLOAT)
    multiply(blas, x, w, b, y[:n])
    assert_close(y[:n], wide(x) @ wide(w) + (b if biased else 0), np.abs(x) @ np.abs(w) + 3, k)
    assert np.isnan(y[n]).all()  # nothing is written behind it


@pytest.mark.parametrize("blas", BLAS, ids=["own", "blas"])
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("keep", [True, False])
def test_add_product(size: tuple[int, int, int], blas: int, keep: bool) -> None:
    n, k, m = size
    x, dy, factor = randoms(n, k), randoms(n, m), FLOAT(-0.25)
    w = randoms(k + 1, m) if keep else np.full((k + 1, m), np.nan, FLOAT)
    before = w.copy()
    add_product(blas, x, dy, factor, keep, w[:k])
    exact = -0.25 * (wide(x).T @ wide(dy)) + (before[:k] if keep else 0)
    assert_close(w[:k], exact, np.abs(x).T @ np.abs(dy) + 3, n)
    np.testing.assert_array_equal(w[k], before[k])


@pytest.mark.parametrize("blas", BLAS, ids=["own", "blas"])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_multiply_transposed(size: tuple[int, int, int], blas: int) -> None:
    n, k, m = size
    dy, w, dx = randoms(n, m), randoms(k, m), np.full((n + 1, k), np.nan, FLOAT)
    multiply_transposed(blas, dy, w, np.empty(k * m, FLOAT), dx[:n])
    assert_close(dx[:n], wide(dy) @ wide(w).T, np.abs(dy) @ np.abs(w).T, m)
    assert np.isnan(dx[n]).all()


@pytest.mark.parametrize("shape", [(1, 10), (32, 1), (7, 33), (300, 16)], ids=str)
@pytest.mark.parametrize("keep", [True, False])
def test_add_columns(shape: tuple[int, int], keep: bool) -> None:
    dy = randoms(*shape)
    b = randoms(shape[1] + 1) if keep else np.full(shape[1] + 1, np.nan, FLOAT)
    before = b.copy()
    add_columns(dy, FLOAT(0.5), keep, b[: shape[1]])
    exact = 0.5 * wide(dy).sum(0) + (before[:-1] if keep else 0)
    assert_close(b[:-1], exact, np.abs(dy).sum(0), shape[0])
    np.testing.assert_array_equal(b[-1], before[-1])


@pytest.mark.parametrize("blas", BLAS, ids=["own", "blas"])
@pytest.mark.parametrize("spoiler", [np.nan, np.inf])
def test_nan_and_infinity_come_through(blas: int, spoiler: float) -> None:
    for n, k, m in ((5, 7, 3), (64, 129, 70)):
        x, w = randoms(n, k), np.abs(randoms(k, m)) + 1
        x[2, 3] = spoiler
        y = np.empty((n, m), FLOAT)
        multiply(blas, x, w, np.empty(0, FLOAT), y)
        assert not np.isfinite(y[2]).any()
        assert np.isfinite(np.delete(y, 2, axis=0)).all()
