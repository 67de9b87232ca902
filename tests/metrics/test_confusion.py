"""Counts at thresholds, and what is made of them, are what TensorFlow 2.7 computes."""

from typing import Any

import numpy as np
import pytest

from minifit import Sequential, metrics
from minifit.callbacks import LambdaCallback
from minifit.errors import ArgumentError, DataError, ShapeError
from minifit.layers import Dense
from minifit.metrics.confusion import count
from minifit.numbers import Number
from tests.metrics.examples import P, logs_of

Y = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0.5, 0, 0.5]], np.float32)
W = np.array([1, 2, 0, 0.5], np.float32)
KINDS = ["TruePositives", "TrueNegatives", "FalsePositives", "FalseNegatives", "Precision", "Recall"]

# Per threshold: every kind without weights, then with the weighted batch added; from TensorFlow 2.7.
COUNTED: list[tuple[Any, list[Any], list[Any]]] = [
    (None, [1, 6, 1, 4, 1 / 2, 1 / 5], [1, 11.5, 2, 8, 1 / 3, 1 / 9]),
    (0.25, [4, 4, 3, 1, 4 / 7, 4 / 5], [7, 5.5, 8, 2, 7 / 15, 7 / 9]),
    (
        [0.2, 0.5],
        [[4, 1], [3, 6], [4, 1], [1, 4], [1 / 2, 1 / 2], [4 / 5, 1 / 5]],
        [[7, 1], [4.5, 11.5], [9, 2], [2, 8], [7 / 16, 1 / 3], [7 / 9, 1 / 9]],
    ),
    (
        [0, 0.5, 1],
        [[5, 1, 0], [0, 6, 7], [7, 1, 0], [0, 4, 5], [5 / 12, 1 / 2, 0], [1, 1 / 5, 0]],
        [[9, 1, 0], [0, 11.5, 13.5], [13.5, 2, 0], [0, 8, 9], [0.4, 1 / 3, 0], [1, 1 / 9, 0]],
    ),
]


@pytest.mark.parametrize(("thresholds", "plain", "weighted"), COUNTED, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_counts(kind: str, thresholds: Any, plain: list[Any], weighted: list[Any]) -> None:
    made = metrics.TABLE[kind](thresholds=thresholds)
    made.update_state(Y, P)
    np.testing.assert_allclose(made.result(), plain[KINDS.index(kind)], rtol=1e-12)
    made.update_state(Y, P, sample_weight=W)
    np.testing.assert_allclose(made.result(), weighted[KINDS.index(kind)], rtol=1e-12)


# Precision and recall from TensorFlow 2.7.
CHOSEN: list[tuple[dict[str, Any], Any, Any]] = [
    ({"top_k": 1}, 0.5, 0.4),
    ({"top_k": 2}, 0.375, 0.6),
    ({"class_id": 1}, 0, 0),
    ({"top_k": 2, "class_id": 1}, 0, 0),
    ({"top_k": 2, "thresholds": 0.35}, 0.5, 0.4),
    ({"top_k": 2, "thresholds": [0.2, 0.35]}, [3 / 7, 0.5], [0.6, 0.4]),
    ({"class_id": 2, "thresholds": 0.25}, 2 / 3, 1),
    ({"class_id": -1}, 1, 0.5),
]


@pytest.mark.parametrize(("options", "precision", "recall"), CHOSEN, ids=str)
def test_of_chosen_classes(options: dict[str, Any], precision: Any, recall: Any) -> None:
    np.testing.assert_allclose(metrics.Precision(**options)(Y, P), precision, rtol=1e-12)
    np.testing.assert_allclose(metrics.Recall(**options)(Y, P), recall, rtol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_thresholds_in_any_order(kind: str) -> None:
    given, ordered = ([0.5, 0.2, 0.25], [0.2, 0.25, 0.5])
    found = metrics.TABLE[kind](given)(Y, P)
    np.testing.assert_array_equal(found[[1, 2, 0]], metrics.TABLE[kind](ordered)(Y, P))


def test_a_prediction_at_the_threshold_is_a_no() -> None:
    for threshold in (0.0, 0.3, 0.7, 1.0):
        p = np.array([threshold], np.float32)
        assert metrics.TruePositives(threshold)([1], p) == 0
        assert metrics.FalseNegatives(threshold)([1], p) == 1


def test_of_equal_predictions_the_first_are_on_top() -> None:
    p, y = np.array([[0.4, 0.4, 0.4]]), np.array([[0, 0, 1]])
    assert [metrics.Recall(top_k=k)(y, p) for k in (0, 1, 2, 3)] == [0, 0, 0, 1]


@pytest.mark.parametrize("by_label", [False, True])
def test_all_is_counted_once(by_label: bool) -> None:
    rng = np.random.default_rng(0)
    y, p = rng.random((50, 3)) < 0.4, rng.random((50, 3)).astype(np.float32)
    w, thresholds = rng.random((50, 1)), np.linspace(0, 1, 11, dtype=np.float32)
    counts = count(y, p, thresholds, w, by_label)
    for i, t in enumerate(thresholds):
        axis = 0 if by_label else None
        hits = (p > t) & y, (p > t) & ~y, (p <= t) & ~y, (p <= t) & y
        for found, hit in zip(counts, hits, strict=True):
            np.testing.assert_allclose(found[i], (hit * w).sum(axis), atol=1e-12)


def test_columns_and_flat_arrays() -> None:
    y, p = np.array([1, 0, 1]), np.array([0.9, 0.8, 0.2])
    for targets in (y, y[:, None]):
        for predictions in (p, p[:, None]):
            assert metrics.Precision()(targets, predictions) == 0.5
    assert metrics.Precision()(list(y), list(p)) == 0.5


def test_results_and_variables() -> None:
    made = metrics.Precision(0.3)
    assert [(v.name, v.shape) for v in made.variables] == [
        ("true_positives:0", (1,)),
        ("false_positives:0", (1,)),
    ]
    assert type(made(Y, P)) is Number
    found = metrics.TruePositives([0.2, 0.5])
    first = found(Y, P)
    found(Y, P)
    assert first.numpy().tolist() == [4, 1]  # a result does not change afterwards


def test_a_value_for_each_threshold_in_a_fit() -> None:
    model = Sequential([Dense(3, "softmax", kernel_initializer="ones", input_shape=(3,))])
    model.compile("sgd", "mse", metrics=[metrics.Recall([0.1, 0.3, 0.5], name="r"), "mae"])
    seen: list[Any] = []
    watch = LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(logs["val_r"]))
    history = model.fit(P, Y, epochs=2, validation_data=(P, Y), callbacks=[watch], verbose=2).history
    assert [value.shape for value in history["r"]] == [(3,)] * 2
    assert all(isinstance(value, float) for key in ("loss", "mae") for value in history[key])
    np.testing.assert_array_equal(history["val_r"], seen)
    assert seen[0].tolist() == [1, 1, 0]
    evaluated = model.evaluate(P, Y, verbose=0)
    np.testing.assert_array_equal(evaluated[1], seen[1])


def test_the_configuration() -> None:
    assert metrics.TruePositives().get_config() == {
        "name": "true_positives",
        "dtype": "float32",
        "thresholds": None,
    }
    made = metrics.Precision([0.3, 0.7], top_k=2, class_id=1)
    assert list(made.get_config().items())[2:] == [("thresholds", [0.3, 0.7]), ("top_k", 2), ("class_id", 1)]
    again = metrics.Precision.from_config(made.get_config())
    np.testing.assert_array_equal(again(Y, P), made(Y, P))
    assert metrics.Recall(np.array([0.3, 0.7])).get_config()["thresholds"] == [0.3, 0.7]


@pytest.mark.parametrize("wrong", [1.5, -0.1, [0.5, 2], [None], ["a"], "a", [float("nan")]])
def test_thresholds_out_of_range(wrong: Any) -> None:
    with pytest.raises(ArgumentError, match=r"from 0 to 1\. Received: thresholds=.*Leave it out for 0\.5"):
        metrics.Precision(wrong)


@pytest.mark.parametrize(
    ("p", "todo"), [(P + 1, "End the model"), (P - 0.2, "End the model"), (P * np.nan, "Look for NaN")]
)
def test_predictions_that_are_no_probabilities(p: Any, todo: str) -> None:
    with pytest.raises(DataError, match=rf"to be counted\. Received: from {p.min()} to {p.max()}\. {todo}"):
        metrics.Precision()(Y, p)


def test_shapes_that_do_not_fit() -> None:
    with pytest.raises(ShapeError, match=r"targets of shape \(4, 3\), predictions of shape \(4, 2\)"):
        metrics.Precision()(Y, P[:, :2])
    with pytest.raises(ShapeError, match="Received: class_id=5 for 3 columns"):
        metrics.Precision(class_id=5)(Y, P)
    for k in (4, -1):
        with pytest.raises(ShapeError, match=f"Received: top_k={k} for 3"):
            metrics.Precision(top_k=k)(Y, P)


def test_by_name() -> None:
    assert logs_of(["Precision", "Recall"], y=Y)["precision"] == 0.5
