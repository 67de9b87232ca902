"""Weights of classes: what says them, and what the samples of a batch weigh by them."""

from collections import Counter
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from minifit.data import Batch
from minifit.data.class_weights import class_weights, weigh_classes
from minifit.errors import ArgumentError, DataError, ShapeError
from tests.house.kinds import Series, TorchLike


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({0: 1, 1: 2}, [1, 2]),
        ({1: 2.5, 0: 1.5}, [1.5, 2.5]),
        ({0.0: 1, 1.0: 2}, [1, 2]),
        ({np.int64(0): 1, np.int64(1): np.float32(2)}, [1, 2]),
        ({False: 1, True: 2}, [1, 2]),
        ({0: 0, 1: -1, 2: 3}, [0, -1, 3]),
        ({0: 7}, [7]),
        ({np.float64(0): Fraction(1, 2), np.bool_(True): Decimal(2)}, [0.5, 2]),
        (Counter({0: 3, 1: 4}), [3, 4]),
        (np.array([1.0, 2.0]), [1, 2]),
        ([1, np.float32(2)], [1, 2]),
        ({0: 1.0, 1: 2.0}.values(), [1, 2]),
        (Series([3.0, 5.0]), [3, 5]),
        (Series([3.0, 5.0], index=[1, 0]), [5, 3]),
        (TorchLike([1.0, 2.0]), [1, 2]),
    ],
    ids=repr,
)
def test_weights_of_classes(given: dict[Any, Any], expected: list[float]) -> None:
    found = class_weights(given)
    assert found is not None
    assert found.tolist() == expected
    assert found.dtype == np.float32


@pytest.mark.parametrize("given", [{}, [], np.array([]), ()])
def test_no_weights_of_classes(given: Any) -> None:
    assert class_weights(given) is None


REFUSED = (
    r"(?s)dict from every class number 0, 1, \.\.\., n - 1 .*or a list.*Received: .*Give unchanged classes"
)


@pytest.mark.parametrize(
    "given",
    [
        {1: 1, 2: 2},
        {0: 1, 2: 2},
        {"a": 1, "b": 2},
        {-1: 1, 0: 2},
        {0.5: 1},
        [[1, 2]],
        np.ones((2, 1)),
        "auto",
        3,
    ],
    ids=str,
)
def test_what_are_no_weights_of_classes(given: Any) -> None:
    with pytest.raises(ArgumentError, match=REFUSED):
        class_weights(given)


@pytest.mark.parametrize(
    "given", [{"a": 1, 0: 2}, {None: 1, 0: 1}, {0: "a"}, {0: None}, {0: [1, 2]}], ids=str
)
def test_weights_of_classes_of_the_wrong_kind(given: Any) -> None:
    with pytest.raises(ArgumentError, match=REFUSED):
        class_weights(given)


CLASS_WEIGHT = np.array([10, 20, 30], np.float32)


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        ([0, 1, 2, 1], [10, 20, 30, 20]),
        ([[0], [1], [2]], [10, 20, 30]),
        ([0.0, 1.0, 2.0], [10, 20, 30]),
        ([[0, 0, 1], [1, 0, 0]], [30, 10]),  # one-hot
        ([[0.2, 0.5, 0.3], [0.4, 0.4, 0.2]], [20, 10]),  # the first of the largest
        ([True, False], [20, 10]),
    ],
    ids=str,
)
@pytest.mark.parametrize("dtype", [np.float32, np.int64])
def test_the_class_of_a_target(y: Any, expected: list[float], dtype: Any) -> None:
    targets = np.array(y)
    if targets.dtype.kind == "f" and dtype is np.int64:
        dtype = np.float64
    found = weigh_classes(CLASS_WEIGHT, Batch((np.zeros((len(y), 1)),), (targets.astype(dtype),)))
    assert found.tolist() == expected
    assert found.dtype == np.float32


@pytest.mark.parametrize("shape", [(3,), (3, 1)])
def test_times_the_weights_of_the_samples(shape: tuple[int, ...]) -> None:
    weight = np.array([1, 0.5, 0], np.float32).reshape(shape)
    found = weigh_classes(CLASS_WEIGHT, Batch((np.zeros((3, 1)),), (np.array([0, 1, 2]),), (weight,)))
    assert found.tolist() == [10, 10, 0]
    assert found.dtype == np.float32


@pytest.mark.parametrize(
    ("y", "says"),
    [
        (None, r"class_weight needs targets\. Received: none\. Pass y, or leave class_weight out\."),
        (np.zeros((2, 3, 1)), r"rank 1 or 2\. Received: shape \(2, 3, 1\)\. Pass sample_weight instead\."),
        (np.array([0, 3]), r"it has 3\. Received: targets from 0 to 3\. Add the missing classes\."),
        (np.array([-1, 0]), r"it has 3\. Received: targets from -1 to 0\."),
        (np.eye(4), r"it has 3\. Received: targets from 0 to 3\."),
        (
            np.array([[0.0], [3.5]]),
            r"class numbers or one-hot rows as targets\. Received: 3\.5 in row 1\. Pass sam",
        ),
        (np.array([1, np.nan]), r"class numbers or one-hot rows as targets\. Received: nan in row 1\."),
    ],
    ids=lambda value: "" if isinstance(value, str) else str(np.shape(value)),
)
def test_targets_without_a_weight(y: Any, says: str) -> None:
    with pytest.raises(DataError, match=says):
        weigh_classes(CLASS_WEIGHT, Batch((np.zeros((2, 1)),), (y,)))


def test_an_empty_batch_has_no_weights() -> None:
    assert weigh_classes(CLASS_WEIGHT, Batch((np.zeros((0, 1)),), (np.zeros(0, np.int64),))).shape == (0,)


def test_weights_of_samples_beside_those_of_classes_are_one_for_each() -> None:
    batch = Batch((np.zeros((3, 1)),), (np.array([0, 1, 2]),), (np.ones((3, 2), np.float32),))
    with pytest.raises(
        ShapeError, match=r"one weight for each sample .*Received: weights of shape \(3, 2\) for 3"
    ):
        weigh_classes(CLASS_WEIGHT, batch)
