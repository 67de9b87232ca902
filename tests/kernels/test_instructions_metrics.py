"""Instructions of metrics do as the functions of metrics do."""

import numpy as np
import pytest

from minifit.metrics import accuracy, confusion, topk
from tests.kernels.carrying import carry, randoms


@pytest.mark.parametrize("m", [1, 4, 20])
def test_accuracies(m: int) -> None:
    p, t = randoms(6, m), randoms(6, m, seed=1)
    p[1] = p[1, 0]  # the first of several that are largest
    p[2, -1] = np.nan
    ids, out = np.arange(6) % m, np.zeros(6, np.float32)
    carry(("categorical_accuracy", out, t, p, 1, m), n=6)
    np.testing.assert_array_equal(out, accuracy.categorical_accuracy(t, p))
    carry(("sparse_accuracy", out, ids, p, 1, m), n=6)
    np.testing.assert_array_equal(out, accuracy.sparse_categorical_accuracy(ids, p))
    yes = (t > 0).astype(np.float32)
    carry(("binary_accuracy", out, yes, p, 1, m, 0.25), n=6)
    np.testing.assert_allclose(out, accuracy.binary_accuracy(yes, p, 0.25), rtol=1e-6)


def test_matches() -> None:
    t, p, out = np.arange(8, dtype=np.float32), np.arange(8, dtype=np.float32), np.zeros(8, np.float32)
    p[3], p[4], t[4] = 0, np.nan, np.nan
    carry(("matches", out, t, p, 2))
    np.testing.assert_array_equal(out, accuracy.accuracy(t, p))


@pytest.mark.parametrize("m", [2, 16, 40])
def test_what_is_among_the_first(m: int) -> None:
    p, t, k, out = randoms(6, m), randoms(6, m, seed=1), max(m // 3, 1), np.zeros(6, np.float32)
    p[1] = 0  # equal ones share a place
    p[2, -1], p[3, 0] = np.nan, np.inf
    carry(("among_first", out, t.argmax(1), p, 1, m, k), n=6)
    np.testing.assert_array_equal(out, topk.top_k_categorical_accuracy(t, p, k))


@pytest.mark.parametrize("labels", [1, 3])
@pytest.mark.parametrize("weighted", [True, False])
def test_counts_at_thresholds(labels: int, weighted: bool) -> None:
    rng, thresholds = np.random.default_rng(1), np.array([0.1, 0.5, 0.5, 0.9], np.float32)
    t, p, weights = (
        randoms(20, 3) > 0,
        rng.random((20, 3)).astype(np.float32),
        rng.random((20, 1)).astype(np.float32),
    )
    p[0], target = [0.5, 0.0, 1.0], t.astype(np.float32)
    expected = confusion.count(t, p, thresholds, weights if weighted else None, labels > 1)
    bins, order = np.ones(2 * 5 * labels), np.array([3, 1, 0, 2])
    found = [np.ones((4, labels)) for _ in expected]
    bin_of = ("count_bins", bins, target, p, weights if weighted else 0, 1, 3, 3, thresholds, 4, 0, 3, labels)
    halves = [0, 5 * labels, 5 * labels, 0]
    adds = [
        ("add_counts", sums, bins, half, 4, labels, above, order)
        for sums, half, above in zip(found, halves, [1, 1, 0, 0], strict=True)
    ]
    assert carry(bin_of, *adds, n=20) == 1
    for sums, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose(sums[order] - 1, wanted.reshape(4, labels), rtol=1e-6)


@pytest.mark.parametrize("wrong", [np.nan, -0.01, 1.01])
def test_what_is_no_probability_is_refused(wrong: float) -> None:
    t, p, thresholds, bins = (
        np.ones(4, np.float32),
        np.full(4, wrong, np.float32),
        np.array([0.5], np.float32),
        np.ones(4),
    )
    assert carry(("count_bins", bins, t, p, 0, 1, 1, 1, thresholds, 1, 0, 1, 1)) == 0


@pytest.mark.parametrize("together", [0, 1])
@pytest.mark.parametrize("threshold", [None, 0.25])
def test_what_a_yes_gets_right(together: int, threshold: float | None) -> None:
    t, p, weights = (randoms(5, 3) > 0).astype(np.float32), randoms(5, 3, seed=1), abs(randoms(5, seed=2))
    p[1], p[2] = 0, 1
    yes = (p > 0.25) if threshold is not None else (p >= p.max(1, keepdims=True)) & (abs(p) > 1e-9)
    parts = (yes * t, yes * (1 - t), (1 - yes) * t, t)
    axis = None if together else 0
    expected = [(part * weights[:, None]).sum(axis) for part in parts]
    sums = [np.zeros(1 if together else 3) for _ in parts]
    settings = (float(threshold or 0), int(threshold is not None), together)
    carry(("count_yes", *sums, t, p, weights, 1, 3, 3, *settings), n=5)
    for found, wanted in zip(sums, expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-6)
