"""exp and its relatives are right to a few units in the last place, and at awkward numbers as NumPy's."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numba import njit

from minifit.kernels import compiled_functions as f
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
    "exp": (f.exp, np.exp, -87.0, 88.7, 1.5),
    "sigmoid": (f.sigmoid, lambda x: 1 / (1 + np.exp(-x)), -80.0, 80.0, 3),
    "tanh": (f.tanh, np.tanh, -20.0, 20.0, 3),
    "log1p_exp": (f.log1p_exp, lambda x: np.log1p(np.exp(x)), -80.0, 0.0, 3),
    "sign_of": (f.sign_of, np.sign, -1e6, 1e6, 0),
    "floor": (v.floor, np.floor, -1e6, 1e6, 0),
    "root": (v.root, np.sqrt, 0.0, 1e30, 0.5),
    "log": (f.log, np.log, 1e-44, 1e38, 1),
    "erf": (f.erf, np.vectorize(math.erf), -7.0, 7.0, 3),
    "magnitude": (v.magnitude, np.abs, -1e30, 1e30, 0),
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
