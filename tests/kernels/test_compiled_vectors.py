"""Vectors: what is left out stays untouched, and exp and its relatives are right to a few units in the last place."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numba import njit

from minifit.kernels import compiled_vectors as v
from minifit.kernels.compiled_vectors import LANES, SIZE, first, load, store

FLOAT = np.float32
AWKWARD = np.array(
    [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-38, -1e-38, 3e38, -3e38, 88.7, -87.3, -103.9], FLOAT
)


def over_an_array(function: Any) -> Callable[[np.ndarray[Any, Any]], np.ndarray[Any, Any]]:
    """A function of vectors as one of arrays."""

    @njit(error_model="numpy")  # type: ignore[untyped-decorator]
    def run(x: Any, y: Any) -> None:
        for i in range(0, x.size, LANES):
            some = first(x.size - i)
            store(function(load(x.ctypes.data + i * SIZE, some)), y.ctypes.data + i * SIZE, some)

    def computed(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        y = np.zeros_like(x)
        run(x, y)
        return y

    return computed


EXACT: dict[str, tuple[Any, Callable[[Any], Any], float, float, float]] = {
    # by the function, what it should be, the range, and how many units in the last place it may be off
    "exp": (v.exp, np.exp, -87.0, 88.7, 1.5),
    "sigmoid": (v.sigmoid, lambda x: 1 / (1 + np.exp(-x)), -80.0, 80.0, 3),
    "tanh": (v.tanh, np.tanh, -20.0, 20.0, 3),
    "log1p_exp": (v.log1p_exp, lambda x: np.log1p(np.exp(x)), -80.0, 0.0, 3),
    "sign_of": (v.sign_of, np.sign, -1e6, 1e6, 0),
    "floor": (v.floor, np.floor, -1e6, 1e6, 0),
    "root": (v.root, np.sqrt, 0.0, 1e30, 0.5),
    "log": (v.log, np.log, 1e-44, 1e38, 1),
    "erf": (v.erf, np.vectorize(math.erf), -7.0, 7.0, 3),
    "size_of": (v.size_of, np.abs, -1e30, 1e30, 0),
}


@pytest.mark.parametrize("name", EXACT)
def test_functions(name: str) -> None:
    function, exact, low, high, units = EXACT[name]
    x = np.concatenate(
        [np.linspace(low, high, 100_003), np.linspace(max(low, -1), min(high, 1), 50_001)]
    ).astype(FLOAT)
    wanted = exact(x.astype(np.float64))
    off = np.abs(over_an_array(function)(x) - wanted) / np.spacing(np.abs(wanted).astype(FLOAT))
    assert off.max() <= units


@pytest.mark.parametrize("name", ["exp", "sigmoid", "tanh", "log", "sign_of"])
def test_awkward_numbers(name: str) -> None:
    function, exact, *_ = EXACT[name]
    with np.errstate(all="ignore"):
        wanted = exact(AWKWARD.astype(np.float64)).astype(FLOAT)
    np.testing.assert_allclose(over_an_array(function)(AWKWARD), wanted, rtol=3e-7, atol=1e-44)


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
