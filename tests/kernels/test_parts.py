"""A product in parts: what the parts are, and that their result depends on the sizes alone."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minifit.kernels import blas, parts
from minifit.kernels.parts import GRAIN, PART, cut

SIZE = st.integers(1, 5000)


@given(SIZE, SIZE, SIZE, st.integers(1, parts.MOST_PARTS))
def test_each_part_is_large_enough_and_all_make_the_whole(n: int, m: int, k: int, most: int) -> None:
    number, width = cut(n, m, k, most)
    side = max(n, m)
    assert 1 <= number <= most
    if number == 1:
        assert width == side
    else:
        last = side - (number - 1) * width
        assert width % GRAIN == 0
        assert last >= width
        assert width * min(n, m) * k >= PART


def test_a_product_of_many_rows_is_cut_evenly() -> None:
    assert cut(128, 512, 784, 2) == (2, 256)
    assert cut(512, 128, 784, 4) == (4, 128)
    assert cut(128, 128, 127, 2) == (1, 128)  # less than two parts


@pytest.mark.parametrize(("n", "m"), [(300, 130), (130, 300), (128, 128)])
@pytest.mark.parametrize(
    ("left", "right"),
    [(parts.PLAIN, parts.PLAIN), (parts.PLAIN, parts.TRANSPOSED), (parts.TRANSPOSED, parts.PLAIN)],
)
@pytest.mark.parametrize("beta", [0.0, 1.0])
def test_the_parts_are_the_product(n: int, m: int, left: int, right: int, beta: float) -> None:
    if blas.most_threads() == 1:
        pytest.skip("a BLAS that does not multiply in parts, or one thread")
    rng = np.random.default_rng(n)
    k, most = 200, 3
    a, b = rng.standard_normal((n, k), np.float32), rng.standard_normal((k, m), np.float32)
    x = np.ascontiguousarray(a if left == parts.PLAIN else a.T)
    w = np.ascontiguousarray(b if right == parts.PLAIN else b.T)
    y = rng.standard_normal((n + 1, m), np.float32)
    before = y.copy()
    assert cut(n, m, k, most)[0] > 1
    sgemm = parts.by_batch(int(blas._table[blas.BATCH]), most)
    places: Any = x.ctypes.data, x.shape[1], w.ctypes.data, w.shape[1]
    sgemm(parts.BY_ROWS, left, right, n, m, k, -0.5, *places, beta, y.ctypes.data, m)
    exact = -0.5 * (a.astype(np.float64) @ b) + beta * before[:n]
    np.testing.assert_allclose(y[:n], exact, atol=1e-5 * math.sqrt(k) * np.abs(exact).max())
    np.testing.assert_array_equal(y[n], before[n])
