"""Instructions that move numbers put each where NumPy does."""

import numpy as np
import pytest

from minifit.kernels import blas
from tests.kernels.carrying import carry, randoms


def test_a_part_and_back() -> None:
    x = randoms(4, 3, 5, 20)
    expected = x[:, ::-1, 1:4:2, 2:]
    fields = (1, *(1, 3, 2, 18), *(0, -100, 40, 1), 300, 2 * 100 + 20 + 2)
    y, back = np.zeros(expected.shape, np.float32), np.full(x.shape, 7, np.float32)
    carry(("take_part", y, x, *fields), ("put_part", back, y, *fields, 1))
    np.testing.assert_array_equal(y, expected)
    wanted = np.zeros_like(x)
    wanted[:, ::-1, 1:4:2, 2:] = expected
    np.testing.assert_array_equal(back, wanted)


def test_what_lies_beside_a_part_stays() -> None:
    y = np.full((4, 5), 7, np.float32)
    carry(("put_part", y, randoms(4, 2), 1, *(1, 1, 1, 2), *(0, 0, 0, 1), 5, 3, 0))
    assert (y[:, :3] == 7).all()
    np.testing.assert_array_equal(y[:, 3:], randoms(4, 2))


@pytest.mark.parametrize("inner", [1, 3, 20])
def test_copies(inner: int) -> None:
    x, y = randoms(4, inner), np.zeros((4, 5, inner), np.float32)
    carry(("repeat", y, x, 1, -5, -inner))
    np.testing.assert_array_equal(y, np.repeat(x[:, None], 5, 1))


@pytest.mark.parametrize("m", [1, 3, 20])
def test_products_of_many(m: int) -> None:
    n, k, routines = 2, 5, blas.routines()
    a, b, dy = randoms(4, n, k), randoms(4, k, m, seed=1), randoms(4, n, m, seed=2)
    y, da, db, room = np.zeros_like(dy), np.zeros_like(a), np.zeros_like(b), np.zeros(k * m, np.float32)
    carry(
        ("products", y, a, b, 1, n, k, m, routines),
        ("products_slope_a", da, dy, b, room, 1, n, k, m, routines),
        ("products_slope_b", db, a, dy, 1, n, k, m, routines),
    )
    for found, expected in ((y, a @ b), (da, dy @ b.swapaxes(1, 2)), (db, a.swapaxes(1, 2) @ dy)):
        np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-6)
