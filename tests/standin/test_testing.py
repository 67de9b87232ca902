"""Comparisons that pass, and those that fail."""

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minifit.errors import ArgumentError
from minifit.standin import testing
from minifit.tensor import Tensor

CASE = testing.TestCase()


@pytest.mark.parametrize(
    ("comparison", "same", "other"),
    [
        (CASE.assertAllEqual, ([1, 2], Tensor([1, 2])), ([1, 2], [1, 3])),
        (CASE.assertAllEqual, (1, 1), ([1], 1)),
        (CASE.assertNotAllEqual, ([1, 2], [1, 3]), ([1, 2], [1, 2])),
        (CASE.assertAllClose, ([1.0], Tensor([1.0 + 1e-7])), ([1.0], [1.1])),
        (CASE.assertAllClose, ({"a": [1.0]}, {"a": Tensor([1.0])}), ({"a": 1.0}, {"b": 1.0})),
        (
            CASE.assertAllClose,
            ([[1.0], [2.0, 3.0]], [[1.0], [2.0, 3.0]]),
            ([[1.0], [2.0, 3.0]], [[1.0], [2.0, 4.0]]),
        ),
        (CASE.assertNotAllClose, ([1.0], [1.1]), ([1.0], [1.0])),
        (CASE.assertShapeEqual, ([1], Tensor([2.0])), ([1], [[1]])),
    ],
)
def test_comparisons(comparison: Callable[..., None], same: Any, other: Any) -> None:
    comparison(*same)
    with pytest.raises(AssertionError):
        comparison(*other)


def test_numbers_and_folders() -> None:
    case = testing.TestCase()
    np.testing.assert_array_equal(case.evaluate({"a": Tensor([1.0])})["a"], [1.0])
    folder = case.get_temp_dir()
    assert os.path.isdir(folder)
    case.doCleanups()
    assert not os.path.exists(folder)


@pytest.mark.parametrize(
    ("assertion", "holds", "fails"),
    [
        (testing.assert_equal, ([1, 2], [1, 2]), ([1, 2], [1, 3])),
        (testing.assert_none_equal, ([1, 2], [2, 1]), ([1, 2], [2, 2])),
        (testing.assert_less, (1, [2, 3]), (2, [2, 3])),
        (testing.assert_less_equal, (2, [2, 3]), (3, [2, 3])),
        (testing.assert_greater, ([2, 3], 1), ([2, 3], 2)),
        (testing.assert_greater_equal, ([2, 3], 2), ([2, 3], 3)),
        (testing.assert_near, (1.0, 1.0 + 1e-7), (1.0, 1.1)),
        (testing.assert_near, (1000.0, 1000.001), (1000.0, 1000.01)),
        (testing.assert_positive, ([1, 2],), ([0, 1],)),
        (testing.assert_non_negative, ([0, 1],), ([-1, 1],)),
    ],
)
def test_assertions(assertion: Callable[..., None], holds: Any, fails: Any) -> None:
    assertion(*holds)
    with pytest.raises(ArgumentError, match=r"as I said: .* must hold"):
        assertion(*fails, message="as I said")


def test_numbers_are_finite() -> None:
    x = Tensor([1.0])
    assert testing.check_numerics(x, "x") is x
    with pytest.raises(ArgumentError, match="x: "):
        testing.check_numerics(Tensor([1.0, np.nan]), "x")
