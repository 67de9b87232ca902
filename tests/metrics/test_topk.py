"""The right class among the k most likely ones, ties and broken numbers as TensorFlow 2.7 counts them."""

from typing import Any

import numpy as np
import pytest

from minifit import metrics
from minifit.errors import ArgumentError, ArgumentTypeError, MinifitWarning, ShapeError
from tests.metrics.examples import logs_of

P = np.array(
    [[0.1, 0.7, 0.2], [0.3, 0.3, 0.4], [0.25, 0.15, 0.6], [0.5, 0.2, 0.3], [0.2, 0.2, 0.2]], np.float32
)
CLASSES = np.array([1, 0, 1, 2, 2])
ONE_HOT = np.eye(3)[CLASSES]


@pytest.mark.parametrize(
    ("k", "expected"),
    [(1, [1, 0, 0, 0, 1]), (2, [1, 1, 0, 1, 1]), (3, [1] * 5), (5, [1] * 5)],
)
def test_among_the_first(k: int, expected: list[int]) -> None:
    assert metrics.top_k_categorical_accuracy(ONE_HOT, P, k).tolist() == expected
    assert metrics.sparse_top_k_categorical_accuracy(CLASSES, P, k).tolist() == expected
    assert metrics.sparse_top_k_categorical_accuracy(CLASSES[:, None], P, k).tolist() == expected
    assert metrics.sparse_top_k_categorical_accuracy(CLASSES + 0.5, P, k).tolist() == expected


@pytest.mark.parametrize("k", [0, -1, 2.5, "2", True, None])
def test_what_is_no_k(k: Any) -> None:
    with pytest.raises(
        (ArgumentError, ArgumentTypeError), match=rf"a positive integer\. Received: k={k!r}\. Pass"
    ):
        metrics.top_k_categorical_accuracy(ONE_HOT, P, k)
    with pytest.raises((ArgumentError, ArgumentTypeError), match="positive integer"):
        metrics.SparseTopKCategoricalAccuracy(k)


def test_targets_of_the_other_kind() -> None:
    with pytest.raises(
        ShapeError, match=r"needs one-hot targets.*For class numbers, use sparse_top_k_categorical_acc"
    ):
        metrics.top_k_categorical_accuracy(CLASSES, P)
    with pytest.raises(
        ShapeError, match=r"one class number for each sample.*For one-hot targets, use top_k_categorical_acc"
    ):
        metrics.sparse_top_k_categorical_accuracy(ONE_HOT, P)


def test_class_numbers_out_of_range_are_among_none() -> None:
    assert metrics.sparse_top_k_categorical_accuracy([5, -1, 0, 1, 2], P, 2).tolist() == [0, 0, 1, 0, 1]


def test_rows_that_are_not_finite() -> None:
    p = P.copy()
    p[0, 0], p[1, 2], p[2, 1] = np.nan, np.inf, np.inf
    for k in (2, 3):
        assert metrics.top_k_categorical_accuracy(ONE_HOT, p, k).tolist() == [0, 0, 0, 1, 1]
        assert metrics.sparse_top_k_categorical_accuracy(CLASSES, p, k).tolist() == [0, 0, 0, 1, 1]


def test_of_rank_three() -> None:
    p, y = P[:4].reshape(2, 2, 3), CLASSES[:4].reshape(2, 2)
    for targets in (y, y[..., None]):
        assert metrics.sparse_top_k_categorical_accuracy(targets, p, 2).tolist() == [[1, 1], [0, 1]]
    assert metrics.top_k_categorical_accuracy(ONE_HOT[:4].reshape(2, 2, 3), p, 2).tolist() == [[1, 1], [0, 1]]


def test_the_objects() -> None:
    sparse = metrics.SparseTopKCategoricalAccuracy(k=2)
    assert sparse(CLASSES, P) == pytest.approx(0.8)
    sparse.reset_state()
    assert sparse(CLASSES, P, sample_weight=[1, 2, 3, 4, 5]) == pytest.approx(0.8)
    made = metrics.TopKCategoricalAccuracy(2)
    assert made(ONE_HOT, P) == pytest.approx(0.8)
    config = {"name": "top_k_categorical_accuracy", "dtype": "float32", "k": 2}
    assert made.get_config() == config
    assert metrics.TopKCategoricalAccuracy.from_config(config).get_config() == config
    assert metrics.TopKCategoricalAccuracy().get_config()["k"] == 5


def test_in_a_model() -> None:
    wanted = ["top_k_categorical_accuracy", metrics.TopKCategoricalAccuracy(2, "two")]
    with pytest.warns(
        MinifitWarning, match=r"every prediction counts as right\. Received: k=5 in .* for 3 classes"
    ):
        logs = logs_of(wanted, y=ONE_HOT, p=P)
    assert logs["top_k_categorical_accuracy"] == 1
    assert logs["two"] == pytest.approx(0.8)
