"""Instructions that make one number of many do as NumPy does, NaN included."""

from typing import Any

import numpy as np
import pytest

from tests.kernels.carrying import carry, randoms

SHAPES = [(4, 1, 1), (4, 3, 1), (4, 40, 1), (4, 3, 5), (4, 5, 20)]


@pytest.mark.parametrize("shape", SHAPES)
def test_sums(shape: Any) -> None:
    x, y = randoms(*shape), np.zeros((shape[0], shape[2]), np.float32)
    carry(("sum_along", y, x, 1, -shape[1], -shape[2]))
    np.testing.assert_allclose(y, x.sum(1), rtol=2e-5, atol=2e-6)


def test_a_mean_over_samples() -> None:
    x, y = randoms(20), np.zeros(20, np.float32)
    carry(("over_samples", y, x, -20), n=5)
    np.testing.assert_allclose(y, x / 5, rtol=1e-6)


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_largest_and_its_slope(shape: Any, sign: float) -> None:
    x = np.round(2 * randoms(*shape))  # with ties
    x[1, 0, 0] = np.nan
    y, dx = np.zeros((shape[0], shape[2]), np.float32), np.zeros_like(x)
    dy = randoms(*y.shape, seed=1)
    sizes = 1, -shape[1], -shape[2]
    carry(("largest_along", y, x, *sizes, sign), ("largest_along_slope", dx, dy, x, y, *sizes))
    np.testing.assert_array_equal(y, x.max(1) if sign > 0 else x.min(1))
    hit = x == y[:, None]
    with np.errstate(invalid="ignore"):
        share = hit / hit.sum(1, keepdims=True)
    np.testing.assert_allclose(dx, share * dy[:, None], rtol=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_place_of_the_largest(shape: Any) -> None:
    x, y = np.round(2 * randoms(*shape)), np.zeros((shape[0], shape[2]), np.int64)
    x[1, -1, 0] = np.nan
    carry(("place_of_largest", y, x, 1, -shape[1], -shape[2]))
    np.testing.assert_array_equal(y, x.argmax(1))
