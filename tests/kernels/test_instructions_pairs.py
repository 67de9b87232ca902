"""Instructions of two numbers do as NumPy does, at awkward numbers too, and write nothing beyond their end."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.kernels.carrying import carry

FLOAT = np.float32
AWKWARD = np.array(
    [np.nan, np.inf, -np.inf, 0, 1, -1, 2.5, -2.5, 7, 0.5, -3, 1e-3, 1e20, -1e20, 3, 0.7, -0.7], FLOAT
)

PAIRS: dict[str, Callable[[Any, Any], Any]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "maximum": lambda a, b: np.where(a >= b, a, b),
    "minimum": lambda a, b: np.where(a <= b, a, b),
    "is_less": np.less,
    "is_less_equal": np.less_equal,
    "is_equal": np.equal,
}
OF_FINITE: dict[str, Callable[[Any, Any], Any]] = {
    "modulo": np.remainder,
    "floor_divide": np.floor_divide,
    "power": np.power,
}


def room(n: int) -> NDArray[np.float32]:
    return np.full(n + 16, -77, FLOAT)


def all_pairs(numbers: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    a, b = np.meshgrid(numbers, numbers)
    return np.ascontiguousarray(a).ravel(), np.ascontiguousarray(b).ravel()


@pytest.mark.parametrize("name", [*PAIRS, *OF_FINITE])
def test_a_function_of_two(name: str) -> None:
    finite = AWKWARD[np.abs(AWKWARD) < 10]
    a, b = all_pairs(AWKWARD if name in PAIRS else finite)
    y = room(a.size)
    carry((name, y, a, b, -1, -a.size, 0, 1, 0, 1))
    with np.errstate(all="ignore"):
        expected = {**PAIRS, **OF_FINITE}[name](a, b)
    np.testing.assert_allclose(y[: a.size], expected, rtol=2e-6)
    assert (y[a.size :] == -77).all()


@pytest.mark.parametrize("m", [1, 5, 20])
def test_ways_to_lie(m: int) -> None:
    n = 3
    matrix, row, column, single = (
        np.random.default_rng(i).standard_normal(s).astype(FLOAT)
        for i, s in enumerate([(n, m), (m,), (n, 1), (1,)])
    )
    layouts = [(matrix, m, 1), (row, 0, 1), (column, 1, 0), (single, 0, 0)]
    for a, *layout_a in layouts:
        for b, *layout_b in layouts:
            y = np.zeros((n, m), FLOAT)
            carry(("subtract", y, a, b, 1, -m, *layout_a, *layout_b), n=n)
            np.testing.assert_array_equal(y, np.broadcast_to(a - b, (n, m)))


def test_where() -> None:
    c, a, b = np.array([0, 1, np.nan, -1], FLOAT), np.arange(4, dtype=FLOAT), np.full(1, 9, FLOAT)
    y = np.zeros(4, FLOAT)
    carry(("where", y, c, a, b, 1, 1, 1, 0))
    np.testing.assert_array_equal(y, [9, 1, 2, 3])


def test_one_hot_rows() -> None:
    y = np.full((5, 3), 7, FLOAT)
    carry(("one_hot", y, np.array([2, 0, 3, -1, 0.5], FLOAT), -5, 3))
    np.testing.assert_array_equal(y, [[0, 0, 1], [1, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]])
