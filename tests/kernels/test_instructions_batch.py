"""Instructions around the arithmetic do as NumPy does."""

import numpy as np
import pytest

from minifit.workers import Share
from tests.kernels.carrying import carry, randoms


def test_sums_of_numbers() -> None:
    a, b, y = randoms(4, 5), randoms(4, 5, seed=1), np.zeros((4, 5), np.float32)
    carry(("accumulate", y, a, b, 5))
    np.testing.assert_array_equal(y, a + b)
    carry(("clear", y, -20), n=1)
    assert not y.any()


@pytest.mark.parametrize("each", [1, 5])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("divide", [0, 1])
def test_a_weighted_mean_and_its_slope(each: int, weighted: bool, divide: int) -> None:
    values, weights, y = randoms(4, 5), abs(randoms(4, 5 // each, seed=1)), np.zeros(1, np.float32)
    w = np.repeat(weights, each, axis=1) if weighted else np.ones_like(values)
    carry(("weighted_mean", y, values, weights if weighted else 0, 5, each, divide))
    n = values.size if divide else 1
    np.testing.assert_allclose(y[0], (values * w).sum() / n, rtol=1e-5)
    slope, dy = np.zeros_like(values), np.array([3], np.float32)
    carry(("weighted_mean_slope", slope, dy, weights if weighted else 0, 5, each, divide))
    np.testing.assert_allclose(slope, 3 * w / n, rtol=1e-6)
    total = np.array([10.0, 2.0])
    carry(("mean_of", total[:1], total[1:], values, weights if weighted else 0, 5, each))
    np.testing.assert_allclose(total, [10 + (values * w).sum(), 2 + w.sum()], rtol=1e-5)


def test_a_loss_is_counted_and_ends_when_it_is_not_finite() -> None:
    total, loss, steps = np.zeros(2), np.array([1.5], np.float32), np.zeros(1, np.int64)
    rows = ("count_loss", total[:1], total[1:], loss, -1), ("finish", total[:1], steps)
    assert carry(*rows, batches=3) == 3
    assert total.tolist() == [18, 12]
    assert steps[0] == 3
    loss[0] = np.nan
    assert carry(*rows, batches=3) == 1
    assert steps[0] == 4


def test_single_numbers() -> None:
    a, b, y = np.array([2], np.float32), np.array([3], np.float32), np.zeros(1, np.float32)
    half, two = np.array([0.5]), np.array([2.0])
    carry(("add_times", y, a, b, half))
    assert y[0] == 3.5
    carry(("times", y, b, two))
    assert y[0] == 6


def test_rows_of_results_lie_behind_one_another() -> None:
    x, out = randoms(2, 3), np.zeros((6, 3), np.float32)
    carry(("put_rows", out, x, 3), n=2, first=1, batches=2)
    np.testing.assert_array_equal(out, np.concatenate([np.zeros((2, 3)), x, x]))


def test_losses_of_each_sample_are_counted_as_the_whole_batch_each() -> None:
    total, losses = np.zeros(2), np.array([1, 2, 3], np.float32)
    carry(("count_loss", total[:1], total[1:], losses, 1), n=3)
    assert total.tolist() == [18, 9]


@pytest.mark.parametrize(("l1", "l2"), [(0.5, 0.0), (0.0, 0.25), (0.5, 0.25)])
@pytest.mark.parametrize("of_rows", [0, 1])
def test_a_penalty_and_its_slope(l1: float, l2: float, of_rows: int) -> None:
    w, y, dw, dy = (
        randoms(3, 7),
        np.zeros(1, np.float32),
        np.zeros((3, 7), np.float32),
        np.array([3], np.float32),
    )
    w[0, 0] = 0
    share = 4 if of_rows else 1
    carry(("penalty", y, w, -21, l1, l2, of_rows))
    np.testing.assert_allclose(y[0], (l1 * abs(w).sum() + l2 * (w * w).sum()) / share, rtol=1e-6)
    carry(("penalty_slope", dw, dy, w, -21, l1, l2, of_rows))
    np.testing.assert_allclose(dw, 3 * (l1 * np.sign(w) + 2 * l2 * w) / share, rtol=1e-6)


def test_a_penalty_that_is_0_looks_at_nothing() -> None:
    w, y, dw, dy = (
        np.full(3, np.inf, np.float32),
        np.ones(1, np.float32),
        np.ones(3, np.float32),
        np.ones(1, np.float32),
    )
    carry(("penalty", y, w, -3, 0.0, 0.0, 0), ("penalty_slope", dw, dy, w, -3, 0.0, 0.0, 0))
    assert not y.any()
    assert not dw.any()


@pytest.mark.parametrize(("wrong", "taken"), [(0, 1), (4, 1), (5, 0), (-1, 0), (0.5, 0), (np.nan, 0)])
def test_class_numbers_may_be_floats(wrong: float, taken: int) -> None:
    numbers, whole = np.array([0, 1, 4, wrong], np.float32), np.full(4, -7)
    assert carry(("check_whole_classes", numbers, 1, 5), ("to_whole", whole, numbers, 1)) == taken
    assert (whole == (numbers if taken else -7)).all()


def test_a_sum_of_a_share_is_weighed_by_its_part() -> None:
    x, y = np.array([3.0, -4.0], np.float32), np.zeros(2, np.float32)
    carry(("over_part", y, x, -2), share=Share(2, 2, 8))
    np.testing.assert_array_equal(y, [12.0, -16.0])
    carry(("over_part", y, x, -2), share=Share(1, 0, 1))
    np.testing.assert_array_equal(y, [0.0, 0.0])
