"""Instructions that prepare numbers refuse what has no place, and put the rest where the layers do."""

import math
from typing import Any

import numpy as np
import pytest

from tests.kernels.carrying import carry

FLOAT = np.float32


@pytest.mark.parametrize(
    "numbers, low, high, taken",
    [
        ([0, 2.9, -0.9], -1.0, 3.0, 1),
        ([0, 3], -1.0, 3.0, 0),
        ([-1, 0], -1.0, 3.0, 0),
        ([np.nan], -1.0, 3.0, 0),
        ([np.inf, -np.inf, 0], -math.inf, math.inf, 1),
        ([np.nan], -math.inf, math.inf, 0),
    ],
)
def test_numbers_out_of_place_are_refused(numbers: Any, low: float, high: float, taken: int) -> None:
    x = np.array(numbers, FLOAT)
    assert carry(("check_numbers", x, -x.size, low, high)) == taken


@pytest.mark.parametrize("n", [1, 17])
def test_places_in_ranges(n: int) -> None:
    ends = np.array([-0.5, 0.0, 1.5], FLOAT)
    x = np.resize(np.array([-1, -0.5, 0.2, 0, 1.5, 7, -np.inf, np.inf], FLOAT), n)
    y = np.zeros(n, FLOAT)
    carry(("place_in_ranges", y, x, -n, ends, 3))
    np.testing.assert_array_equal(y, np.searchsorted(ends, x, side="right"))


@pytest.mark.parametrize("capped, expected", [(0, [[1, 0, 2], [0, 1, 0]]), (1, [[1, 0, 1], [0, 1, 0]])])
def test_rows(capped: int, expected: Any) -> None:
    y = np.full((2, 3), 7, FLOAT)
    carry(("encode", y, np.array([[2, 0, 2], [1, -1, -1]], FLOAT), -2, 3, 3, capped))
    np.testing.assert_array_equal(y, expected)


def test_places_of_tokens() -> None:
    tokens, places = np.array([-4, 3, 12], FLOAT), np.array([2, 4, 3], FLOAT)
    x, y = np.array([3, -4.5, 12.9, 5, -7], FLOAT), np.zeros(5, FLOAT)
    fields = (y, x, -5, tokens, places, 3)
    assert carry(("look_up", *fields, 0, 2)) == 1
    np.testing.assert_array_equal(y, [4, 2, 3, 1, 1])
    assert carry(("look_up", *fields, 0, 0)) == 0
