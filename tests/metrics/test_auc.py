"""The area under both curves is what TensorFlow 2.7 computes, and what the ranking of the predictions says."""

from typing import Any

import numpy as np
import pytest

from minifit.arrays import Array
from minifit.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError
from minifit.metrics import AUC
from minifit.metrics.auc import MARGIN
from tests.metrics.examples import logs_of

# Twenty rows of three labels; predictions and weights in hundredths.
LABELS = "000 000 000 100 001 110 000 000 101 000 100 010 000 010 010 011 110 001 110 101"
PREDICTIONS = (
    "11 8 46 10 14 26 57 7 59 37 68 33 68 42 82 33 50 8 21 8 22 29 4 48 70 19 67 7 40 65 52 47 9 50 "
    "50 13 41 1 58 0 77 19 51 97 17 40 71 70 46 97 31 59 49 51 87 58 62 71 62 78"
)
WEIGHTS = "73 50 96 64 42 61 2 30 66 29 62 43 14 30 57 59 57 65 65 43"

Y = np.array([[int(label) for label in row] for row in LABELS.split()], np.float32)
P = np.array([int(p) / 100 for p in PREDICTIONS.split()], np.float32).reshape(20, 3)
W = np.array([int(w) / 100 for w in WEIGHTS.split()], np.float32)


def area(metric: AUC, weights: Array | None = None, y: Array = Y, p: Array = P) -> float:
    """The result after two batches."""
    for rows in (slice(0, 12), slice(12, 20)):
        metric.update_state(y[rows], p[rows], None if weights is None else weights[rows])
    return metric.result()


# What TensorFlow 2.7 computes, without and with weights.
AREAS: list[tuple[dict[str, Any], str, str, float, float]] = [
    ({}, "ROC", "interpolation", 0.8690629, 0.83993912),
    ({}, "PR", "interpolation", 0.80465382, 0.79047465),
    ({"num_thresholds": 11}, "ROC", "interpolation", 0.86071885, 0.834481),
    ({"num_thresholds": 11}, "ROC", "minoring", 0.82284975, 0.7893101),
    ({"num_thresholds": 11}, "ROC", "majoring", 0.89858794, 0.8796519),
    ({"num_thresholds": 11}, "PR", "interpolation", 0.78389955, 0.77281529),
    ({"num_thresholds": 11}, "PR", "minoring", 0.64539474, 0.63038218),
    ({"num_thresholds": 11}, "PR", "majoring", 0.83223689, 0.82586831),
    ({"thresholds": [0.2, 0.35, 0.8]}, "ROC", "interpolation", 0.80102694, 0.78271824),
    ({"thresholds": [0.2, 0.35, 0.8]}, "PR", "interpolation", 0.66160643, 0.673006),
    ({"multi_label": True, "num_thresholds": 50}, "ROC", "interpolation", 0.8759951, 0.84395313),
    ({"multi_label": True, "num_thresholds": 50}, "PR", "interpolation", 0.82744741, 0.81718427),
    ({"multi_label": True, "label_weights": [1.0, 2.0, 0.5]}, "ROC", "interpolation", 0.88563055, 0.85788721),
    ({"multi_label": True, "label_weights": [1.0, 2.0, 0.5]}, "ROC", "minoring", 0.88563055, 0.85788721),
    ({"multi_label": True, "label_weights": [1.0, 2.0, 0.5]}, "ROC", "majoring", 0.88563055, 0.85788721),
    ({"multi_label": True, "label_weights": [1.0, 2.0, 0.5]}, "PR", "interpolation", 0.83591992, 0.82705575),
    ({"multi_label": True, "label_weights": [1.0, 2.0, 0.5]}, "PR", "minoring", 0.59033161, 0.57125676),
    ({"multi_label": True, "label_weights": [1.0, 2.0, 0.5]}, "PR", "majoring", 0.84740978, 0.83985513),
    ({"label_weights": [1.0, 2.0, 0.5]}, "ROC", "interpolation", 0.87851751, 0.85170043),
    ({"label_weights": [1.0, 2.0, 0.5]}, "PR", "interpolation", 0.81998807, 0.80619109),
    ({"num_thresholds": 2}, "ROC", "interpolation", 0.5, 0.50000006),
    ({"num_thresholds": 2}, "PR", "interpolation", 0.31666666, 0.35218254),
    ({"num_thresholds": 3}, "ROC", "interpolation", 0.7464698, 0.71999019),
    ({"num_thresholds": 3}, "PR", "interpolation", 0.53781992, 0.53890097),
]


@pytest.mark.parametrize(("options", "curve", "method", "plain", "weighted"), AREAS)
def test_the_area(options: dict[str, Any], curve: str, method: str, plain: float, weighted: float) -> None:
    made = AUC(curve=curve, summation_method=method, **options)
    assert area(made) == pytest.approx(plain, rel=2e-6, abs=1e-7)
    made.reset_state()
    assert area(made, W) == pytest.approx(weighted, rel=2e-6, abs=1e-7)


def test_of_logits() -> None:
    logits = np.log(np.clip(P, 1e-3, 1) / np.clip(1 - P, 1e-3, 1))
    assert area(AUC(from_logits=True), p=logits) == pytest.approx(area(AUC()), abs=1e-3)
    assert area(AUC(from_logits=True), p=P * 6 - 3) == pytest.approx(0.8690629, rel=1e-6)  # TensorFlow 2.7


@pytest.mark.parametrize(("curve", "expected"), [("ROC", 0.74646980), ("PR", 0.53781992)])
def test_predictions_at_both_ends(curve: str, expected: float) -> None:
    assert area(AUC(curve=curve), p=np.round(P)) == pytest.approx(expected, rel=1e-6)  # TensorFlow 2.7


def test_predictions_at_the_thresholds() -> None:
    made = AUC(num_thresholds=11)
    assert area(made, p=np.round(P, 1)) == pytest.approx(0.86071885, rel=1e-6)  # TensorFlow 2.7


@pytest.mark.parametrize("curve", ["ROC", "PR"])
@pytest.mark.parametrize("target", [0, 1])
def test_targets_that_are_all_alike(curve: str, target: int) -> None:
    expected = 1 if (curve, target) == ("PR", 1) else 0  # as TensorFlow 2.7
    assert area(AUC(curve=curve), y=np.full_like(Y, target)) == pytest.approx(expected)


def test_many_thresholds_count_the_pairs_in_order() -> None:
    y, p = Y.ravel() > 0, P.ravel()
    pairs = p[y][:, None] - p[~y][None]
    exact = (pairs > 0).mean() + (pairs == 0).mean() / 2
    assert area(AUC(num_thresholds=5001)) == pytest.approx(exact, abs=1e-9)


def test_perfect_and_reversed() -> None:
    y = np.array([0, 0, 1, 1])
    for p, expected in (([0.1, 0.2, 0.8, 0.9], 1), ([0.9, 0.8, 0.2, 0.1], 0), ([0.5] * 4, 0.5)):
        assert AUC()(y, np.array(p)) == pytest.approx(expected)


def test_one_column_or_none() -> None:
    expected = pytest.approx(0.75824172, rel=1e-6)  # TensorFlow 2.7
    for y, p in ((Y[:, 0], P[:, 0]), (Y[:, :1], P[:, :1]), (Y[:, 0], P[:, :1])):
        assert area(AUC(), y=y, p=p) == expected


def test_several_labels_are_averaged() -> None:
    single = [area(AUC(), y=Y[:, i], p=P[:, i]) for i in range(3)]
    assert area(AUC(multi_label=True)) == pytest.approx(np.mean(single))
    assert area(AUC(multi_label=True, num_labels=3)) == pytest.approx(np.mean(single))
    weighted = AUC(multi_label=True, label_weights=[3, 1, 0])
    assert area(weighted) == pytest.approx((3 * single[0] + single[1]) / 4)


def test_what_it_sums_up_in() -> None:
    made = AUC(thresholds=[0.0, 0.5, 1.0])
    made(Y, P)
    assert [v.name for v in made.variables] == [
        "true_positives:0",
        "false_positives:0",
        "true_negatives:0",
        "false_negatives:0",
    ]
    # What TensorFlow 2.7 holds.
    assert [v.numpy().tolist() for v in made.variables] == [
        [19, 19, 14, 0, 0],
        [41, 40, 10, 0, 0],
        [0, 1, 31, 41, 41],
        [0, 0, 5, 19, 19],
    ]
    assert made.thresholds == [-MARGIN, 0, 0.5, 1, 1 + MARGIN]
    labels = AUC(num_thresholds=4, multi_label=True)
    labels(Y, P)
    assert [v.shape for v in labels.variables] == [(4, 3)] * 4
    labels.reset_state()
    assert labels.result() == 0


def test_the_state_of_several_labels_goes_into_a_fresh_one() -> None:
    made, fresh = AUC(multi_label=True), AUC(multi_label=True)
    expected = area(made)
    fresh.set_state(made.get_state())
    assert fresh.result() == expected
    made.update_state(Y[:5], P[:5])
    assert fresh.result() == expected


def test_thresholds_are_put_in_order() -> None:
    assert AUC(thresholds=[0.8, 0.2, 0.35]).thresholds[1:-1] == [0.2, 0.35, 0.8]
    assert AUC(num_thresholds=4).thresholds == pytest.approx([0, 1 / 3, 2 / 3, 1], abs=2e-7)


def test_words_in_any_case() -> None:
    made = AUC(curve="roc", summation_method="Majoring")
    assert (made.curve, made.summation_method) == ("ROC", "majoring")


def test_the_configuration() -> None:
    assert list(AUC().get_config().items()) == [
        ("name", "auc"),
        ("dtype", "float32"),
        ("num_thresholds", 200),
        ("curve", "ROC"),
        ("summation_method", "interpolation"),
        ("multi_label", False),
        ("label_weights", None),
        ("num_labels", None),
        ("from_logits", False),
    ]
    made = AUC(
        curve="PR",
        summation_method="minoring",
        thresholds=[0.3, 0.7],
        multi_label=True,
        num_labels=3,
        label_weights=[1, 2, 3],
        name="mine",
    )
    again = AUC.from_config(made.get_config())
    assert again.get_config() == made.get_config()
    assert made.get_config()["num_thresholds"] == 4
    assert area(again) == area(made)


def test_in_a_model() -> None:
    logs = logs_of([AUC(num_thresholds=10), AUC(curve="PR", multi_label=True)], y=Y, p=P)
    assert list(logs) == ["loss", "auc", "auc_1"]
    assert logs["auc"] == pytest.approx(area(AUC(num_thresholds=10)))


@pytest.mark.parametrize("wrong", [1, 0, -3, 2.5, True, "5", None])
def test_too_few_thresholds(wrong: Any) -> None:
    with pytest.raises(
        (ArgumentError, ArgumentTypeError), match=r"integer of at least 2\. Received: num_thresh"
    ):
        AUC(num_thresholds=wrong)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"curve": "X"}, r"curve must be one of 'ROC', 'PR'\. Received: curve='X'"),
        ({"curve": 3}, "curve must be one of"),
        ({"summation_method": "sum"}, "summation_method must be one of 'interpolation'"),
        ({"thresholds": [0.5, 1.5]}, r"from 0 to 1\. Received: thresholds=\[0.5, 1.5\]"),
        ({"num_labels": 3}, r"needs multi_label=True\. Received: num_labels=3"),
        ({"label_weights": [1, -1]}, r"not below 0.*Received: label_weights=\[1, -1\]"),
        ({"label_weights": [[1]]}, "one for each label"),
    ],
)
def test_arguments(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ArgumentError, match=says):
        AUC(**options)


@pytest.mark.parametrize(
    "options",
    [{"multi_label": True, "num_labels": 2}, {"label_weights": [1, 2]}],
)
def test_labels_that_do_not_fit(options: dict[str, Any]) -> None:
    with pytest.raises(
        ShapeError, match=r"Labels are the columns .* Received: predictions of shape \(20, 3\)"
    ):
        AUC(**options)(Y, P)


def test_the_number_of_labels_does_not_change() -> None:
    made = AUC(multi_label=True)
    made(Y, P)
    with pytest.raises(ShapeError, match="and the batches before"):
        made(Y[:, :2], P[:, :2])
    with pytest.raises(ShapeError, match="Labels are the columns"):
        AUC(multi_label=True)(Y[:, 0], P[:, 0])


def test_predictions_that_are_no_probabilities() -> None:
    with pytest.raises(DataError, match=r"from 0 to 1 to be counted\. Received: from .* to 1\.97"):
        AUC()(Y, P + 1)
