"""Every metric of the library is a program that comes to the same as its definition, op by op in plain NumPy."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minifit import Sequential, losses, metrics, ops
from minifit.arrays import Array
from minifit.errors import DataError
from minifit.layers import Activation, Dense
from minifit.lowering import rules  # noqa: F401
from minifit.lowering.program import RULES, Program
from minifit.lowering.rules.metrics import scores
from minifit.lowering.values import Unlowered
from minifit.metrics import MeanMetricWrapper, Metric, accuracy
from minifit.randomness import Streams
from tests.lowering.agreeing import assert_agree, assert_refused, trained

RNG = np.random.default_rng(9)
X = RNG.standard_normal((11, 3)).astype(np.float32)
YES_NO = (RNG.random((11, 4)) < 0.4).astype(np.float32)
IDS = RNG.integers(4, size=11)
ONE_HOT = np.eye(4, dtype=np.float32)[IDS]
COUNTS = RNG.integers(0, 3, (11, 4)).astype(np.float32)
WEIGHTS = RNG.random(11).astype(np.float32)


def model_of(
    metric: Any, last: str, loss: str = "mse", inputs: tuple[int, ...] = (3,)
) -> Callable[[], Sequential]:
    """Return what makes a small model with a metric, as such and weighted."""

    def make() -> Sequential:
        model = Sequential([Dense(4, "tanh", name="a"), Dense(4, name="b"), Activation(last, name="c")])
        model.build((None, *inputs))
        rng = np.random.default_rng(3)
        model.set_weights([rng.standard_normal(w.shape).astype(np.float32) for w in model.weights])
        model.compile("sgd", loss, metrics=[metric()], weighted_metrics=[metric()])
        return model

    return make


CASES: dict[str, tuple[Callable[[], Any], str, Array]] = {
    "accuracy of numbers": (lambda: metrics.Accuracy(name="a"), "relu", COUNTS * 0),
    "binary_accuracy": (lambda: metrics.BinaryAccuracy(threshold=0.3), "sigmoid", YES_NO),
    "categorical_accuracy": (lambda: "categorical_accuracy", "softmax", ONE_HOT),
    "categorical_accuracy of sigmoids": (lambda: "categorical_accuracy", "sigmoid", ONE_HOT),
    "sparse_categorical_accuracy": (lambda: "sparse_categorical_accuracy", "softmax", IDS),
    "top_k_categorical_accuracy": (lambda: metrics.TopKCategoricalAccuracy(2), "softmax", ONE_HOT),
    "sparse_top_k": (lambda: metrics.SparseTopKCategoricalAccuracy(2), "linear", IDS),
    "cosine": (metrics.CosineSimilarity, "linear", YES_NO),
    "rmse": (metrics.RootMeanSquaredError, "linear", YES_NO),
    "mae": (lambda: "mae", "linear", YES_NO),
    "auc": (metrics.AUC, "sigmoid", YES_NO),
    "auc of logits": (lambda: metrics.AUC(10, from_logits=True), "linear", YES_NO),
    "auc of precisions": (lambda: metrics.AUC(curve="PR", thresholds=[0.2, 0.5]), "softmax", ONE_HOT),
    "auc of labels": (lambda: metrics.AUC(multi_label=True, label_weights=[1, 2, 3, 4]), "sigmoid", YES_NO),
    "auc of told labels": (lambda: metrics.AUC(multi_label=True, num_labels=4), "sigmoid", YES_NO),
    "true_positives": (metrics.TruePositives, "sigmoid", YES_NO),
    "true_negatives": (lambda: metrics.TrueNegatives([0.9, 0.1, 0.4]), "sigmoid", YES_NO),
    "false_positives": (lambda: metrics.FalsePositives([0.4, 0.3]), "sigmoid", YES_NO),
    "false_negatives": (lambda: metrics.FalseNegatives(0.6), "sigmoid", COUNTS),
    "precision": (lambda: metrics.Precision(class_id=-1), "sigmoid", YES_NO),
    "recall": (lambda: metrics.Recall([0.7, 0.2], class_id=1), "softmax", YES_NO),
    "f1": (metrics.F1Score, "sigmoid", YES_NO),
    "f1, micro": (lambda: metrics.F1Score("micro", threshold=0.4), "sigmoid", YES_NO),
    "f2, weighted": (lambda: metrics.FBetaScore("weighted", beta=2.0, threshold=0.4), "relu", YES_NO),
}


@pytest.mark.parametrize("name", CASES)
def test_agrees(name: str) -> None:
    metric, last, y = CASES[name]
    loss = "sparse_categorical_crossentropy" if y.ndim == 1 else "mse"
    assert_agree(model_of(metric, last, loss), X, y, sample_weight=WEIGHTS)


STEPS = RNG.standard_normal((11, 2, 3)).astype(np.float32)
STEPS_YES_NO = (RNG.random((11, 2, 4)) < 0.4).astype(np.float32)


@pytest.mark.parametrize("shape", [(11, 2), (11, 1), (11, 2, 1)])
@pytest.mark.parametrize("name", ["mae", "auc", "rmse", "precision"])
def test_agrees_with_weights_of_each_place(name: str, shape: tuple[int, ...]) -> None:
    weights = np.random.default_rng(1).random(shape).astype(np.float32)
    make = model_of(CASES[name][0], "sigmoid", inputs=(2, 3))
    assert_agree(make, STEPS, STEPS_YES_NO, sample_weight=weights)


UNWRITTEN = {
    "Mean": "takes values instead of targets and predictions: `add_metric` makes them",
    "Sum": "takes values instead of targets and predictions",
}


def test_every_metric_of_the_library_is_written_down() -> None:
    classes: set[Any] = {m for m in metrics.TABLE.values() if isinstance(m, type)}
    assert {m.__name__ for m in classes if m.lower is Metric.lower} == UNWRITTEN.keys()
    functions = {m.fn for m in (c() for c in classes) if isinstance(m, MeanMetricWrapper)}
    functions |= {m for m in metrics.TABLE.values() if not isinstance(m, type)}
    ruled = {
        f for f in functions if f in RULES or f in losses.TABLE.values()
    }  # of losses there is a test of their own
    assert functions == ruled


class Doubled(metrics.MeanSquaredError):
    """Twice as large."""

    def result(self) -> Any:
        """Return twice the mean."""
        return super().result() * 2


def doubled(y_true: Any, y_pred: Any) -> Any:
    """Return twice the error."""
    return 2 * losses.mean_squared_error(y_true, y_pred)


@functools.wraps(losses.mean_squared_error)
def disguised(y_true: Any, y_pred: Any) -> Any:
    """Return twice the error, under another name."""
    return doubled(y_true, y_pred)


def overridden() -> Metric:
    """Return a metric that was given a method of its own."""
    made = metrics.MeanSquaredError()
    made.update_state = lambda y_true, y_pred, sample_weight=None: None  # type: ignore[method-assign]
    return made


@pytest.mark.parametrize(
    ("metric", "last", "reason"),
    [
        (lambda: metrics.Precision(top_k=2), "softmax", "top_k"),
        (lambda: metrics.AUC(label_weights=[1, 2, 3, 4]), "sigmoid", "label_weights of one curve"),
        (Doubled, "linear", "of class Doubled"),
        (lambda: doubled, "linear", "'doubled', which is the user's own"),
        (lambda: disguised, "linear", "which is the user's own"),
        (overridden, "linear", "of class MeanSquaredError"),
    ],
)
def test_refused(metric: Any, last: str, reason: str) -> None:
    assert_refused(model_of(metric, last), X, YES_NO, reason)


def test_predictions_beyond_1_are_an_error_as_ever() -> None:
    for kernels in ("numpy", "numba"):
        with pytest.raises(DataError, match="Predictions must be from 0 to 1"):
            trained(model_of(metrics.Recall, "relu"), kernels, 10 * X, YES_NO, watched=False)


@pytest.mark.parametrize("function", [accuracy.binary_accuracy, accuracy.categorical_accuracy])
def test_targets_have_the_shape_of_predictions(function: Any) -> None:
    program = Program(Streams(0))
    with pytest.raises(Unlowered):
        program.by_rule(function, program.value((None, 3)), program.value((None, 4)))


def test_the_largest_is_found_among_logits_of_a_softmax_alone() -> None:
    x: Any = Program(Streams(0)).value((None, 3))
    certain: Any = ops.sigmoid(x)  # several of them may be 1
    assert scores(x.program, ops.softmax(x)) is x
    assert scores(x.program, certain) is certain
