"""The digits are the published ones, and splitting them loses, doubles and mixes up nothing."""

from collections import Counter
from typing import Any

import numpy as np
import pytest

from minifit.arrays import Array
from minifit.datasets import digits
from minifit.errors import ArgumentError, ArgumentTypeError

PER_CLASS = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]  # as the dataset's own description lists them


def everything() -> tuple[Array, Array]:
    (x, y), _ = digits.load_data(test_split=0)
    return x, y


def as_bytes(x: Array, y: Array) -> Counter[bytes]:
    return Counter(image.tobytes() + bytes([label]) for image, label in zip(x, y.tolist(), strict=True))


def test_the_numbers_are_the_published_ones() -> None:
    x, y = everything()
    assert np.bincount(y).tolist() == PER_CLASS
    assert x.shape == (1797, 8, 8)
    assert (int(x.min()), int(x.max()), int(x.sum(dtype=np.int64))) == (0, 16, 561718)


def test_image_and_label_stay_together() -> None:
    first = np.array([0, 0, 5, 13, 9, 1, 0, 0])  # the first row of the first image of the file, a zero
    x, y = everything()
    (found,) = np.flatnonzero((x[:, 0] == first).all(axis=1) & (x[:, 1, 2] == 13) & (x[:, 1, 3] == 15))
    assert y[found] == 0


def test_types_and_shapes() -> None:
    (x_train, y_train), (x_test, y_test) = digits.load_data()
    assert (x_train.shape, y_train.shape) == ((1437, 8, 8), (1437,))
    assert (x_test.shape, y_test.shape) == ((360, 8, 8), (360,))
    assert x_train.dtype == x_test.dtype == np.uint8
    assert y_train.dtype == y_test.dtype == np.int64
    assert all(a.flags.writeable and a.flags.c_contiguous for a in (x_train, y_train, x_test, y_test))


@pytest.mark.parametrize("test_split", [0, 0.2, 0.5, 0.999, np.float32(0.25)])
def test_both_parts_together_are_everything(test_split: float) -> None:
    (x_train, y_train), (x_test, y_test) = digits.load_data(test_split)
    assert as_bytes(x_train, y_train) + as_bytes(x_test, y_test) == as_bytes(*everything())
    assert len(x_test) == pytest.approx(1797 * test_split, abs=1)


def test_every_class_is_in_both_parts() -> None:
    (_, y_train), (_, y_test) = digits.load_data()
    assert set(y_train.tolist()) == set(y_test.tolist()) == set(range(10))


def test_the_seed_decides_the_order() -> None:
    (x, y), _ = digits.load_data()
    (same_x, same_y), _ = digits.load_data(seed=113)
    (other_x, _), _ = digits.load_data(seed=114)
    assert np.array_equal(x, same_x)
    assert np.array_equal(y, same_y)
    assert not np.array_equal(x, other_x)
    assert y[:10].tolist() == [1, 0, 9, 1, 1, 2, 3, 0, 0, 1]  # on every machine and every NumPy


def test_the_global_random_state_is_neither_used_nor_moved() -> None:
    np.random.seed(7)
    expected = np.random.random(3).tolist()
    np.random.seed(7)
    (_, before), _ = digits.load_data()
    assert np.random.random(3).tolist() == expected
    (_, after), _ = digits.load_data()
    assert np.array_equal(before, after)


@pytest.mark.parametrize("test_split", [1, 1.0, -0.1, float("nan"), float("inf"), "0.2", None, True])
def test_a_test_split_out_of_range_is_refused(test_split: Any) -> None:
    with pytest.raises(
        (ArgumentError, ArgumentTypeError), match=r"test_split must be .* Received: test_split="
    ):
        digits.load_data(test_split)


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, "1", None, True])
def test_a_seed_out_of_range_is_refused(seed: Any) -> None:
    with pytest.raises(ArgumentError, match=r"from 0 to 2\*\*32 - 1\. Received: seed="):
        digits.load_data(seed=seed)
