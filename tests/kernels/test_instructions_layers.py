"""Instructions of layers do as the NumPy kernels do."""

from typing import Any

import numpy as np
import pytest

from minifit.kernels import blas, reference
from tests.kernels.carrying import carry, randoms

CLOSE: Any = {"rtol": 2e-5, "atol": 2e-6}


@pytest.mark.parametrize("k", [1, 3, 20])
@pytest.mark.parametrize("m", [1, 10, 33])
def test_a_dense_layer(k: int, m: int) -> None:
    n, routines = 5, blas.routines()
    x, w, b, dy = randoms(n, k), randoms(k, m, seed=1), randoms(m, seed=2), randoms(n, m, seed=3)
    y, dx, dw, db = np.zeros_like(dy), np.zeros_like(x), np.zeros_like(w), np.zeros_like(b)
    room, rates = np.zeros_like(w), np.full(1, 0.5)
    carry(
        ("dense", y, x, w, b, 1, k, m, routines),
        ("dense_slope_x", dx, dy, w, room, 1, k, m, routines),
        ("dense_slope_w", dw, x, dy, 1, k, m, routines),
        ("dense_slope_b", db, dy, 1, m),
        n=n,
    )
    for found, expected in ((y, x @ w + b), (dx, dy @ w.T), (dw, x.T @ dy), (db, dy.sum(0))):
        np.testing.assert_allclose(found, expected, **CLOSE)
    moved, shifted = w.copy(), b.copy()
    carry(("descend_w", moved, x, dy, 1, k, m, routines, rates), ("descend_b", shifted, dy, 1, m, rates), n=n)
    np.testing.assert_allclose(moved, w - 0.5 * dw, **CLOSE)
    np.testing.assert_allclose(shifted, b - 0.5 * db, **CLOSE)


@pytest.mark.parametrize("name", ["relu", "sigmoid", "tanh"])
def test_an_activation_and_its_slope(name: str) -> None:
    x, dy = 3 * randoms(4, 7), randoms(4, 7, seed=1)
    y, dx, expected, slope = (np.zeros_like(x) for _ in range(4))
    carry((name, y, x, 7), (f"{name}_slope", dx, dy, y, y, 7))
    reference.activation_forward(x, name, expected)
    reference.activation_backward(expected, dy, name, slope)
    np.testing.assert_allclose(y, expected, **CLOSE)
    np.testing.assert_allclose(dx, slope, **CLOSE)


@pytest.mark.parametrize("m", [1, 10, 40])
def test_softmax_and_its_slope(m: int) -> None:
    x, dy = 3 * randoms(4, m), randoms(4, m, seed=1)
    y, dx, expected, slope = (np.zeros_like(x) for _ in range(4))
    carry(("softmax", y, x, 1, m), ("softmax_slope", dx, dy, y, 1, m))
    reference.softmax_forward(x, expected)
    reference.softmax_backward(expected, dy, slope)
    np.testing.assert_allclose(y, expected, **CLOSE)
    np.testing.assert_allclose(dx, slope, **CLOSE)
