"""Accuracies count hits as Keras does, ties and thresholds included."""

import numpy as np
import pytest

from minifit import metrics
from tests.metrics.examples import P


def test_a_prediction_at_the_threshold_counts_as_below_it() -> None:
    y, p = [[0.0], [1.0], [1.0], [0.0]], [[0.5], [0.5], [0.5000001], [0.2]]
    assert metrics.binary_accuracy(y, p).tolist() == [1, 0, 1, 1]  # as TensorFlow 2.7 computes it


def test_binary_accuracy_is_a_mean_over_the_last_axis() -> None:
    found = metrics.binary_accuracy(
        np.array([[1, 0, 1], [0, 0, 0]]), np.array([[0.9, 0.8, 0.2], [0, 0, 0.1]])
    )
    np.testing.assert_allclose(found, [1 / 3, 1], rtol=1e-6)
    assert found.dtype == np.float32


def test_the_threshold_can_be_moved() -> None:
    metric = metrics.BinaryAccuracy(threshold=0.7)
    metric.update_state([[1.0], [1.0], [0.0]], [[0.71], [0.69], [0.7]])
    assert metric.result() == pytest.approx(2 / 3)
    assert metric.get_config() == {"name": "binary_accuracy", "dtype": "float32", "threshold": 0.7}


def test_of_equal_predictions_the_first_counts() -> None:
    p = [[0.4, 0.4, 0.2], [0.4, 0.4, 0.2]]
    assert metrics.categorical_accuracy([[0, 1, 0], [1, 0, 0]], p).tolist() == [0, 1]
    assert metrics.sparse_categorical_accuracy([1, 0], p).tolist() == [0, 1]
    assert metrics.sparse_categorical_accuracy([[1], [0]], p).tolist() == [0, 1]


def test_a_broken_class_number_never_matches() -> None:
    assert metrics.sparse_categorical_accuracy([1.0, 0.7, 2.0, 0.0], P).tolist() == [1, 0, 1, 1]


def test_exact_equality() -> None:
    metric = metrics.Accuracy()
    assert metric([1, 2, 3, 4], [0, 2, 3, 4]) == 0.75  # as TensorFlow 2.7 computes it
    assert metric.get_config() == {"name": "accuracy", "dtype": "float32"}
