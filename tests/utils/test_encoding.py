"""One-hot rows and unit lengths, as tf.keras.utils makes them; what Keras cuts off or wraps around is refused."""

from typing import Any

import numpy as np
import pytest

from minifit.errors import ArgumentError, ArgumentTypeError, DataError
from minifit.utils import normalize, to_categorical


def test_one_hot_rows() -> None:
    rows = to_categorical([1, 0, 3])
    assert rows.dtype == np.float32
    np.testing.assert_array_equal(rows, [[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1]])


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((4,), (4, 3)), ((4, 1), (4, 3)), ((2, 2), (2, 2, 3)), ((2, 2, 1), (2, 2, 3)), ((1,), (1, 3))],
)
def test_a_last_axis_of_one_goes(shape: tuple[int, ...], expected: tuple[int, ...]) -> None:
    assert to_categorical(np.zeros(shape, int), 3).shape == expected


def test_a_single_number_and_none_at_all() -> None:
    np.testing.assert_array_equal(to_categorical(1, 3), [0, 1, 0])
    assert to_categorical([], 3).shape == (0, 3)


def test_more_classes_than_there_are() -> None:
    np.testing.assert_array_equal(to_categorical([1], num_classes=4), [[0, 1, 0, 0]])


@pytest.mark.parametrize("dtype", ["int8", "float64", bool])
def test_the_kind_of_number(dtype: Any) -> None:
    assert to_categorical([0, 1], dtype=dtype).dtype == np.dtype(dtype)


@pytest.mark.parametrize("y", [[0.0, 1.0], [False, True], np.array([0, 1], np.uint8)])
def test_whole_numbers_of_any_kind(y: Any) -> None:
    np.testing.assert_array_equal(to_categorical(y), np.eye(2))


@pytest.mark.parametrize("y", [[0.5], ["a"], [None], [np.nan], [np.inf], [1j]])
def test_what_is_no_class_number(y: Any) -> None:
    with np.errstate(invalid="ignore"), pytest.raises(ArgumentTypeError, match=r"whole class numbers\. Rec"):
        to_categorical(y)


@pytest.mark.parametrize(("y", "number"), [([0, -1], "-1"), ([0, 3, 5], "3")])
def test_class_numbers_outside(y: list[int], number: str) -> None:
    with pytest.raises(DataError, match=rf"from 0 to 2\. Received: {number}\."):
        to_categorical(y, 3)


@pytest.mark.parametrize("wrong", [0, -1, 2.5, "3"])
def test_num_classes(wrong: Any) -> None:
    with pytest.raises((ArgumentError, ArgumentTypeError), match="num_classes must be a positive integer"):
        to_categorical([0], wrong)


def test_unit_length() -> None:
    x = np.random.default_rng(0).standard_normal((3, 4))
    np.testing.assert_allclose(np.linalg.norm(normalize(x), axis=-1), 1)
    np.testing.assert_allclose(np.linalg.norm(normalize(x, axis=0), axis=0), 1)
    np.testing.assert_allclose(np.abs(normalize(x, order=1)).sum(axis=-1), 1)
    np.testing.assert_allclose(normalize([3, 4]), [0.6, 0.8])


def test_zeros_stay() -> None:
    np.testing.assert_array_equal(normalize(np.zeros((2, 2))), np.zeros((2, 2)))


def test_no_numbers_to_scale() -> None:
    with pytest.raises(ArgumentTypeError, match=r"real numbers\. Received: dtype <U1\."):
        normalize(["a"])
    with pytest.raises(ValueError):
        normalize([1.0], axis=3)
