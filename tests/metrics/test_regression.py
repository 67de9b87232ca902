"""Means of losses, the root of a mean and the cosine are what TensorFlow 2.7 computes."""

from typing import Any

import numpy as np
import pytest

from minifit import losses, metrics
from tests.metrics.examples import CLASSES, P, T, logs_of

W = np.array([0.5, 2, 0, 1], np.float32)

# Over batches of three and one row of the example, without and with weights; from TensorFlow 2.7.
RESULTS = [
    ("MeanSquaredError", 0.10541667, 0.16095237),
    ("RootMeanSquaredError", 0.32467932, 0.40118873),
    ("MeanAbsoluteError", 0.28333333, 0.35238096),
    ("MeanAbsolutePercentageError", 116666700.0, 147619090.0),
    ("MeanSquaredLogarithmicError", 0.052679751, 0.080599174),
    ("CosineSimilarity", 0.79557574, 0.66316307),
    ("LogCoshError", 0.050671399, 0.076469488),
    ("Poisson", 0.60790998, 0.69616467),
    ("KLDivergence", 0.5663147, 0.79430568),
    ("Hinge", 0.95750004, 1.0276191),
    ("SquaredHinge", 1.028425, 1.1491524),
    ("CategoricalHinge", 0.83500004, 1.0114286),
    ("BinaryCrossentropy", 0.48584828, 0.62838447),
    ("CategoricalCrossentropy", 0.82373011, 1.0884944),
    ("SparseCategoricalCrossentropy", 0.92022783, 1.1987773),
]


@pytest.mark.parametrize(("name", "plain", "weighted"), RESULTS)
def test_results(name: str, plain: float, weighted: float) -> None:
    y = CLASSES if name.startswith("Sparse") else T
    for weights, expected in ((None, plain), (W, weighted)):
        made = metrics.TABLE[name]()
        for rows in (slice(0, 3), slice(3, 4)):
            made.update_state(y[rows], P[rows], sample_weight=None if weights is None else weights[rows])
        assert made.result() == pytest.approx(expected, rel=2e-6)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (metrics.CosineSimilarity(axis=0), 0.7836394),
        (metrics.BinaryCrossentropy(from_logits=True, label_smoothing=0.1), 0.71745026),
        (metrics.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1), 0.98491406),
        (metrics.SparseCategoricalCrossentropy(from_logits=True), 0.9979974),
    ],
    ids=lambda v: getattr(v, "name", ""),
)
def test_with_arguments(made: Any, expected: float) -> None:
    y = CLASSES if made.name.startswith("sparse") else T
    assert made(y, P) == pytest.approx(expected, rel=2e-6)  # TensorFlow 2.7
    again = type(made).from_config(made.get_config())
    again.update_state(y, P)
    assert again.result() == made.result()
    assert again.get_config() == made.get_config()


def test_the_root_is_taken_at_the_end() -> None:
    made = metrics.RootMeanSquaredError()
    assert made.result() == 0
    made.update_state([[0.0], [0.0]], [[3.0], [4.0]])
    assert made.result() == pytest.approx(np.sqrt(12.5))
    made.update_state([[0.0]], [[0.0]])
    assert made.result() == pytest.approx(np.sqrt(25 / 3))


def test_the_root_matches_ranks() -> None:
    y, p = np.array([0.0, 0, 1, 1]), np.array([[1.0], [1], [1], [0]])
    assert metrics.RootMeanSquaredError()(y, p) == pytest.approx(0.8660254)  # TensorFlow 2.7


def test_the_root_of_several_outputs_and_weights() -> None:
    made = metrics.RootMeanSquaredError()
    square = np.square(T - P)
    assert made(T, P, sample_weight=W) == pytest.approx(
        np.sqrt((square.mean(1) * W).sum() / W.sum()), rel=1e-6
    )


def test_the_cosine_is_the_negative_of_the_loss() -> None:
    for scale in (1.0, 0.0, 1e-8):
        unit = [x / np.sqrt(np.maximum(np.square(x).sum(1, keepdims=True), 1e-12)) for x in (T * scale, P)]
        np.testing.assert_allclose(
            metrics.cosine_similarity(T * np.float32(scale), P), (unit[0] * unit[1]).sum(1), rtol=1e-5
        )
    if "cosine_similarity" in losses.TABLE:
        np.testing.assert_allclose(
            metrics.cosine_similarity(T, P), -losses.TABLE["cosine_similarity"](T, P).value, rtol=1e-6
        )


def test_the_cosine_of_directions() -> None:
    y = np.array([[1.0, 1.0], [1.0, 1.0], [1.0, 0.0]])
    assert metrics.cosine_similarity(y, [[2, 2], [-1, -1], [0, 3]]).tolist() == pytest.approx([1, -1, 0])


def test_names() -> None:
    names = [metrics.TABLE[name]().name for name, *_ in RESULTS]
    assert names == [
        "mean_squared_error",
        "root_mean_squared_error",
        "mean_absolute_error",
        "mean_absolute_percentage_error",
        "mean_squared_logarithmic_error",
        "cosine_similarity",
        "logcosh",
        "poisson",
        "kullback_leibler_divergence",
        "hinge",
        "squared_hinge",
        "categorical_hinge",
        "binary_crossentropy",
        "categorical_crossentropy",
        "sparse_categorical_crossentropy",
    ]


def test_in_a_model() -> None:
    logs = logs_of([metrics.RootMeanSquaredError(), "MeanSquaredLogarithmicError", "mse"])
    assert list(logs) == ["loss", "root_mean_squared_error", "mean_squared_logarithmic_error", "mse"]
    assert logs["root_mean_squared_error"] == pytest.approx(logs["mse"] ** 0.5)
