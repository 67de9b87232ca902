"""F-scores are those of Keras's documentation, and those of the counts done by hand."""

from typing import Any

import numpy as np
import pytest

from minifit import Sequential
from minifit.arrays import Array
from minifit.errors import ArgumentError, ArgumentTypeError, ShapeError
from minifit.layers import Dense
from minifit.metrics import F1Score, FBetaScore
from tests.metrics.examples import logs_of

# The example of Keras's documentation.
Y = np.array([[1, 1, 1], [1, 0, 0], [1, 1, 0]])
P = np.array([[0.2, 0.6, 0.7], [0.2, 0.6, 0.6], [0.6, 0.8, 0.0]])

LONG = np.random.default_rng(0).random((40, 3)).astype(np.float32)
TRUE = np.eye(3)[np.random.default_rng(1).choice(3, 40, p=[0.5, 0.3, 0.2])]
WEIGHTS = np.random.default_rng(2).random(40).astype(np.float32).astype(float)


def test_the_documented_examples() -> None:
    np.testing.assert_allclose(F1Score(threshold=0.5)(Y, P), [0.5, 0.8, 0.6666667], rtol=1e-6)
    np.testing.assert_allclose(
        FBetaScore(beta=2.0, threshold=0.5)(Y, P), [0.3846154, 0.90909094, 0.8333334], rtol=1e-6
    )


def by_hand(yes: Array, t: Array, w: Array, beta: float, average: str | None) -> Any:
    """``(1 + b2) tp / ((1 + b2) tp + b2 fn + fp)``, the same score written without precision and recall."""
    w, b2 = w[:, None], beta**2
    tp, fp, fn = ((hit * w).sum(0) for hit in (yes * t, yes * (1 - t), (1 - yes) * t))
    if average == "micro":
        tp, fp, fn = tp.sum(), fp.sum(), fn.sum()
    score = (1 + b2) * tp / ((1 + b2) * tp + b2 * fn + fp)
    if average == "weighted":
        often = (t * w).sum(0)
        return (score * often).sum() / often.sum()
    return score.mean() if average == "macro" else score


@pytest.mark.parametrize("average", [None, "micro", "macro", "weighted"])
@pytest.mark.parametrize("beta", [0.5, 1.0, 2])
@pytest.mark.parametrize("threshold", [None, 0.4])
@pytest.mark.parametrize("weighted", [False, True])
def test_averages(average: str | None, beta: float, threshold: float | None, weighted: bool) -> None:
    yes = (LONG.max(1, keepdims=True) == LONG if threshold is None else threshold < LONG).astype(float)
    made = FBetaScore(average, beta, threshold)
    for rows in (slice(0, 7), slice(7, 40)):
        made.update_state(TRUE[rows], LONG[rows], WEIGHTS[rows] if weighted else None)
    expected = by_hand(yes, TRUE, WEIGHTS if weighted else np.ones(40), beta, average)
    np.testing.assert_allclose(made.result(), expected, rtol=1e-12)
    assert np.shape(made.result()) == ((3,) if average is None else ())


def test_f1_is_beta_one() -> None:
    for average in (None, "micro", "macro", "weighted"):
        np.testing.assert_array_equal(F1Score(average)(TRUE, LONG), FBetaScore(average)(TRUE, LONG))


def test_without_a_threshold() -> None:
    p = np.array([[0.4, 0.4, 0.2], [0.0, 0.0, 0.0]])
    found = F1Score()(np.array([[1, 0, 0], [1, 0, 0]]), p)
    assert found.numpy().tolist() == pytest.approx([2 / 3, 0, 0])  # both equal ones are a yes, no zero is


@pytest.mark.parametrize("average", [None, "micro", "macro", "weighted"])
def test_nothing_seen_is_zero(average: str | None) -> None:
    made = F1Score(average)
    assert made.result() == 0
    made(TRUE, LONG)
    made.reset_state()
    assert not np.any(made.result())


def test_the_state_goes_into_a_fresh_one() -> None:
    made, fresh = F1Score(), F1Score()
    expected = made(TRUE, LONG)
    fresh.set_state(made.get_state())
    np.testing.assert_array_equal(fresh.result(), expected)
    np.testing.assert_array_equal(fresh(TRUE[:3], LONG[:3]), made(TRUE[:3], LONG[:3]))


def test_in_a_fit() -> None:
    model = Sequential([Dense(3, "softmax", kernel_initializer="ones", input_shape=(3,))])
    model.compile("sgd", "categorical_crossentropy", metrics=[F1Score(), F1Score("macro", name="macro")])
    history = model.fit(LONG, TRUE, validation_split=0.25, epochs=2, verbose=2).history
    assert list(history) == ["loss", "f1_score", "macro", "val_loss", "val_f1_score", "val_macro"]
    for value, mean in zip(history["val_f1_score"], history["val_macro"], strict=True):
        assert value.shape == (3,)
        assert value.mean() == pytest.approx(mean)


def test_by_name() -> None:
    logs = logs_of(["F1Score"], y=TRUE, p=LONG)
    np.testing.assert_allclose(logs["f1_score"], F1Score()(TRUE, LONG))


def test_configurations() -> None:
    assert list(FBetaScore("macro", 2.0, 0.5).get_config().items()) == [
        ("name", "fbeta_score"),
        ("dtype", "float32"),
        ("average", "macro"),
        ("beta", 2.0),
        ("threshold", 0.5),
    ]
    config = F1Score("micro", 0.25, name="mine").get_config()
    assert config == {"name": "mine", "dtype": "float32", "average": "micro", "threshold": 0.25}
    assert F1Score.from_config(config).get_config() == config


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"average": "mean"}, r"one of None, 'micro', 'macro', 'weighted'\. Received: average='mean'"),
        ({"beta": 0}, r"above 0\. Received: beta=0"),
        ({"beta": -1.0}, r"above 0\. Received: beta=-1\.0"),
        ({"beta": "1"}, r"a number\. Received: beta='1'"),
        ({"threshold": 0}, r"at most 1\. Received: threshold=0"),
        ({"threshold": 1.5}, r"at most 1\. Received: threshold=1\.5"),
    ],
)
def test_arguments(options: dict[str, Any], says: str) -> None:
    with pytest.raises((ArgumentError, ArgumentTypeError), match=says):
        FBetaScore(**options)


@pytest.mark.parametrize(("y", "p"), [(Y[:, 0], P), (Y[:, :2], P), (Y[:, 0], P[:, 0])])
def test_shapes(y: Array, p: Array) -> None:
    with pytest.raises(ShapeError, match=r"\(n, classes\).*Received: targets of shape"):
        F1Score()(y, p)


def test_the_classes_stay_the_same() -> None:
    made = F1Score()
    made(Y, P)
    with pytest.raises(ShapeError, match="the same classes in every batch"):
        made(Y[:, :2], P[:, :2])
