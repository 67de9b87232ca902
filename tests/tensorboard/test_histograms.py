"""Histograms as TensorFlow 2.7 makes them."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from minifit.arrays import Array
from minifit.tensorboard.histograms import histogram

FINITE = st.floats(-(2.0**99), 2.0**99, width=32)


@given(arrays.arrays("f4", st.integers(0, 200), elements=st.floats(width=32)), st.integers(1, 40))
def test_every_finite_value_is_counted_once(values: Array, buckets: int) -> None:
    made = histogram(values, buckets)
    assert made.shape[1] == 3
    assert made[:, 2].sum() == np.isfinite(values).sum()
    assert (made[1:, 0] == made[:-1, 1]).all()


@pytest.mark.slow
@given(arrays.arrays("f4", st.integers(2, 300), elements=FINITE, unique=True))
def test_as_defined(values: Array) -> None:
    low, high = float(values.min()), float(values.max())
    assume(low < high)  # of 0.0 and -0.0 neither is lower
    width = (high - low) / 30
    places = np.minimum(np.floor((values.astype(np.float64) - low) / width), 29).astype(int)
    np.testing.assert_array_equal(histogram(values)[:, 2], np.bincount(places, minlength=30))


def test_a_long_array_is_gone_through_in_blocks() -> None:
    values = np.random.default_rng(0).standard_normal(200_001)
    counts, edges = np.histogram(values, 30)
    made = histogram(values)
    np.testing.assert_array_equal(made[:, 2], counts)
    np.testing.assert_allclose(made[:, 0], edges[:-1])


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.zeros(5), [[-0.5, 0.5, 5]]),
        (np.zeros((0, 3)), []),
        (np.array([np.nan, np.inf]), []),
        (np.array([1, 2, 3]), [[1, 1.5, 1], [1.5, 2, 0], [2, 2.5, 1], [2.5, 3, 1]]),
        (np.array([-1.7e308, 1.7e308]), [[-1.7e308, 1.7e308, 2]]),
        (np.array([0, 5e-324]), [[0, 5e-324, 2]]),
        (np.array([True, False]), [[0, 0.25, 1], [0.25, 0.5, 0], [0.5, 0.75, 0], [0.75, 1, 1]]),
    ],
)
def test_corner_cases(values: Array, expected: list[list[float]]) -> None:
    np.testing.assert_array_equal(histogram(values, 4), np.reshape(expected, (-1, 3)))
