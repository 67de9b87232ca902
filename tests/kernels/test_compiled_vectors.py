"""Vectors: what is left out stays untouched."""

from typing import Any

import numpy as np
import pytest
from numba import njit

from minifit.kernels import compiled_vectors as v
from minifit.kernels.compiled_vectors import LANES, SIZE, first, load, store

FLOAT = np.float32


@pytest.mark.parametrize("n", [0, 1, 15, 16, 17, 40])
def test_nothing_beyond_the_mask_is_written(n: int) -> None:
    x, room = np.arange(n, dtype=FLOAT), np.full(64, -7, FLOAT)

    @njit  # type: ignore[untyped-decorator]
    def copy(x: Any, room: Any) -> None:
        for i in range(0, x.size, LANES):
            some = first(x.size - i)
            store(load(x.ctypes.data + i * SIZE, some), room.ctypes.data + i * SIZE, some)

    copy(x, room)
    np.testing.assert_array_equal(room[:n], x)
    assert (room[n:] == -7).all()


def test_lanes_that_are_left_out_are_zero() -> None:
    @njit  # type: ignore[untyped-decorator]
    def summed(x: Any, n: int) -> Any:
        return v.total(load(x.ctypes.data, first(n)))

    x = np.full(16, 3, FLOAT)
    assert [summed(x, n) for n in (-1, 0, 5, 16, 99)] == [0, 0, 15, 48, 48]


def test_the_largest_leaves_nan_out() -> None:
    @njit  # type: ignore[untyped-decorator]
    def largest(x: Any) -> Any:
        return v.largest(load(x.ctypes.data, first(16)))

    x = np.arange(16, dtype=FLOAT) - 20
    x[15] = np.nan
    assert largest(x) == -6


def test_arithmetic_and_comparison() -> None:
    @njit  # type: ignore[untyped-decorator]
    def mixed(a: Any, b: Any, out: Any) -> None:
        x, y = load(a.ctypes.data, first(16)), load(b.ctypes.data, first(16))
        store(v.choose(v.less(x, y), x * y - x, x / y + v.splat(FLOAT(1))), out.ctypes.data, first(16))

    a, b, out = np.arange(16, dtype=FLOAT), np.full(16, 7, FLOAT), np.empty(16, FLOAT)
    a[3] = np.nan
    mixed(a, b, out)
    np.testing.assert_allclose(out, np.where(a < b, a * b - a, a / b + 1), rtol=1e-6)


def test_single_numbers_in_memory() -> None:
    @njit  # type: ignore[untyped-decorator]
    def moved(x: Any, n: Any) -> Any:
        v.put_float(v.float_at(x.ctypes.data + SIZE) + FLOAT(1), x.ctypes.data)
        return v.integer(n.ctypes.data + 8)

    x = np.array([0, 41, 5], FLOAT)
    assert moved(x, np.array([1, 2**40])) == 2**40
    assert x.tolist() == [42, 41, 5]
