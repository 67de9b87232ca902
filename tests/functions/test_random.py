"""Random tensors: what they are like, and that they repeat."""

from typing import Any

import numpy as np
import pytest

from minifit import layers
from minifit.errors import ArgumentError
from minifit.functions import random
from minifit.randomness import set_random_seed


@pytest.fixture(autouse=True)
def _seeded() -> Any:
    random.set_seed(3)
    yield
    set_random_seed(0)


def test_numbers_of_a_normal_distribution() -> None:
    x = random.normal([4000], mean=2.0, stddev=0.5).numpy()
    assert (x.dtype, x.shape) == (np.float32, (4000,))
    assert (x.mean(), x.std()) == pytest.approx((2.0, 0.5), abs=0.05)
    assert random.normal((2,), dtype="float64").dtype == np.float64


def test_numbers_of_a_range() -> None:
    x = random.uniform((4000,), -1, 3).numpy()
    assert x.dtype == np.float32
    assert x.min() < -0.9 < 2.9 < x.max() < 3
    assert random.uniform([100]).numpy().min() >= 0
    whole = random.uniform([200], minval=2, maxval=5, dtype="int32").numpy()
    assert (whole.dtype, set(whole.tolist())) == (np.int32, {2, 3, 4})


def test_whole_numbers_need_an_end() -> None:
    with pytest.raises(ArgumentError, match="maxval=10"):
        random.uniform([2], dtype="int32")


def test_none_beyond_two_deviations() -> None:
    x = random.truncated_normal([2000], 1.0, 0.5).numpy()
    assert 0 <= x.min() < 0.1 < 1.9 < x.max() <= 2


def test_classes_by_their_logits() -> None:
    drawn = random.categorical(np.log([[0.25, 0.75], [1.0, 1e-30]]).astype(np.float32), 4000).numpy()
    assert (drawn.dtype, drawn.shape) == (np.int64, (2, 4000))
    assert drawn[0].mean() == pytest.approx(0.75, abs=0.03)
    assert not drawn[1].any()


def test_rows_in_another_order() -> None:
    x = np.arange(20).reshape(10, 2)
    mixed = random.shuffle(x).numpy()
    assert not np.array_equal(mixed, x)
    np.testing.assert_array_equal(np.sort(mixed, 0), x)


def test_a_seed_repeats_tensors_and_weights() -> None:
    def draw() -> list[Any]:
        random.set_seed(7)
        layer = layers.Dense(3)
        layer.build((None, 2))
        return [random.normal([3]).numpy().tolist(), layer.get_weights()[0].tolist()]

    first = draw()
    assert draw() == first
    random.set_seed(8)
    assert random.normal([3]).numpy().tolist() != first[0]


def test_a_seed_leaves_the_numbers_of_numpy_alone() -> None:
    np.random.seed(1)
    wanted = np.random.rand(3)
    np.random.seed(1)
    random.set_seed(2)
    random.normal([3])
    np.testing.assert_array_equal(np.random.rand(3), wanted)
