"""`AUC`: a measure of how well predictions rank positives above negatives, over all thresholds."""

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

import numpy as np

from minifit import ops
from minifit.arrays import Array
from minifit.checks import entries, optional_of, positive, real
from minifit.errors import ArgumentError, ShapeError
from minifit.losses import fit_weights
from minifit.metrics.base import Metric, divide
from minifit.metrics.confusion import (
    Counts,
    add_counts,
    checked_thresholds,
    count,
    count_in,
    probabilities,
)
from minifit.numbers import Number
from minifit.parameters import Variable, take_room
from minifit.settings import Fixed, Setting
from minifit.tensor import to_array

MARGIN = 1e-7
"""Distance of the first threshold below 0, and of the last above 1, so that the curve reaches both ends."""


CURVES = ("ROC", "PR")
METHODS = ("interpolation", "minoring", "majoring")


def _one_of(allowed: tuple[str, ...], name: str, value: Any) -> str:
    """Return the allowed word that equals `value`, ignoring case."""
    for word in allowed:
        if isinstance(value, str) and value.lower() == word.lower():
            return word
    raise ArgumentError(
        f"{name} must be one of {', '.join(map(repr, allowed))}. Received: {name}={value!r}. "
        f"Leave it out for {allowed[0]!r}."
    )


def _label_weights(name: str, value: Any) -> Array | None:
    if value is None:
        return None
    numbers = [real(weight) for weight in entries(value) or [None]]
    weights = np.array([np.nan if weight is None else weight for weight in numbers], np.float64)
    if not (weights >= 0).all():
        raise ArgumentError(
            f"{name} must be numbers not below 0, one for each label. Received: {name}={value!r}. "
            "Leave it out for equal weights."
        )
    return weights


class AUC(Metric):
    """The area under a curve of rates over thresholds: 1 is perfect, 0.5 is guessing (for ROC).

    Parameters
    ----------
    num_thresholds : int, default 200
        Number of points of the curve, at least 2.
    curve : {"ROC", "PR"}, default "ROC"
        True positives over false positives, or precision over recall.
    summation_method : {"interpolation", "minoring", "majoring"}, default "interpolation"
        Height between two points: a line (for PR: the curve between two precisions), or the lower or the higher of
        the two.
    name : str, optional
    thresholds : list of float, optional
        Your own thresholds, from 0 to 1; two more are added at the ends.
    multi_label : bool, default False
        Whether each column has a separate curve; the result is the mean of the areas.
    num_labels : int, optional
        Number of columns, for `multi_label`; that of the first batch when None.
    label_weights : list of float, optional
        Weight of each column: of its area with `multi_label`, else of its predictions.
    from_logits : bool, default False
        Whether predictions are logits, the values before the sigmoid.

    Raises
    ------
    ArgumentError
        If an argument breaks its rule.

    References
    ----------
    ``tf.keras.metrics.AUC`` (TensorFlow 2.7); J. Davis and M. Goadrich, "The relationship between
    Precision-Recall and ROC curves", ICML 2006.
    """

    direction = "max"
    counted: ClassVar[tuple[str, ...]] = Counts._fields
    thresholds, num_thresholds = Fixed(), Fixed()
    multi_label, num_labels = Fixed(), Fixed(optional_of(positive))
    curve = Setting(partial(_one_of, CURVES))
    summation_method = Setting(partial(_one_of, METHODS))
    label_weights = Setting(_label_weights)

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Sequence[float] | None = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Sequence[float] | None = None,
        from_logits: bool = False,
    ) -> None:
        super().__init__(name, dtype)
        if num_labels is not None and not multi_label:
            raise ArgumentError(
                f"num_labels needs multi_label=True. Received: num_labels={num_labels} without it. "
                "Leave num_labels out."
            )
        self._given = None if thresholds is None else sorted(checked_thresholds(thresholds))
        inner = _evenly(num_thresholds) if self._given is None else self._given
        self.thresholds = [-MARGIN, *inner, 1 + MARGIN]
        self.num_thresholds = len(self.thresholds)
        self.curve, self.summation_method = curve, summation_method
        self.multi_label, self.num_labels, self.from_logits = multi_label, num_labels, from_logits
        self.label_weights = label_weights
        self._ascending = np.array(self.thresholds, np.float32)
        shape = (self.num_thresholds, self.num_labels or 1) if multi_label else (self.num_thresholds,)
        for field in self.counted:
            setattr(self, field, self.add_weight(field, shape))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Update the metric with one batch of targets and predictions."""
        if self.from_logits:
            y_pred = 1 / (1 + np.exp(-to_array(y_pred).astype(np.float32)))
        t, p = probabilities(y_true, y_pred)
        weights = None if sample_weight is None else fit_weights(to_array(sample_weight), p)
        if self.multi_label or self.label_weights is not None:
            self._check_labels(p)
        if self.label_weights is not None and not self.multi_label:
            weights = self.label_weights * (1 if weights is None else weights)
        counts = count(t, p, self._ascending, weights, self.multi_label)
        for variable, more in zip(self.variables, counts, strict=True):
            # the first batch sets the number of labels
            variable.move_to(variable.value + more)

    def lower(self, program: Any, y_true: Any, y_pred: Any, sample_weight: Any) -> None:
        """Emit the instructions that update the metric with a batch."""
        self._need_own(program)
        if self.label_weights is not None and not self.multi_label:
            program.refuse(f"the metric {self.name!r} with label_weights of one curve")
        p = program.apply(ops.sigmoid, (y_pred,), {}) if self.from_logits else y_pred
        labels = p.columns if self.multi_label else 1
        if self.multi_label and (p.ndim != 2 or self.variables[0].shape[-1] not in (1, labels)):
            program.refuse(f"the metric {self.name!r} of other labels than those it has")
        bins = count_in(program, y_true, p, sample_weight, self._ascending, by_label=self.multi_label)
        for field, variable in zip(self.counted, self.variables, strict=True):
            sums = partial(_for_labels, variable, labels)
            add_counts(program, field, sums, bins, self.num_thresholds, labels)

    def _check_labels(self, p: Array) -> None:
        labels = p.shape[-1] if p.ndim == 2 else None
        known = self.variables[0].shape[-1] if self.multi_label else 1
        fits = self.label_weights is None or len(self.label_weights) == labels
        if labels is None or not fits or (known not in (1, labels)):
            raise ShapeError(
                "Labels are the columns of predictions of shape (n, labels). Their number must match num_labels, "
                f"label_weights and the batches before. Received: predictions of shape {p.shape}, "
                f"num_labels={self.num_labels}, "
                f"label_weights={None if self.label_weights is None else self.label_weights.tolist()}. "
                "Change one of them."
            )

    def result(self) -> Number:
        """Return the area over all batches since the last reset; 0 before the first batch."""
        counts = Counts(*(variable.value for variable in self.variables))
        if self.curve == "PR" and self.summation_method == "interpolation":
            areas = _between_precisions(counts)
        else:
            x, y = self._points(counts)
            areas = ((x[:-1] - x[1:]) * self._heights(y)).sum(axis=0)
        if self.multi_label and self.label_weights is not None:
            return Number(divide((areas * self.label_weights).sum(), self.label_weights.sum()))
        return Number(np.mean(areas))

    def _points(self, counts: Counts) -> tuple[Array, Array]:
        """Return the points of the curve, from the lowest threshold to the highest: x falls."""
        tp, fp, tn, fn = counts
        recall = divide(tp, tp + fn)
        return (divide(fp, fp + tn), recall) if self.curve == "ROC" else (recall, divide(tp, tp + fp))

    def _heights(self, y: Array) -> Array:
        if self.summation_method == "minoring":
            return np.minimum(y[:-1], y[1:])
        if self.summation_method == "majoring":
            return np.maximum(y[:-1], y[1:])
        return (y[:-1] + y[1:]) / 2

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal metric."""
        config = {
            **super().get_config(),
            "num_thresholds": self.num_thresholds,
            "curve": self.curve,
            "summation_method": self.summation_method,
            "multi_label": self.multi_label,
            "label_weights": None if self.label_weights is None else self.label_weights.tolist(),
            "num_labels": self.num_labels,
            "from_logits": self.from_logits,
        }
        return config if self._given is None else {**config, "thresholds": self._given}


def _for_labels(variable: Variable, labels: int) -> Array:
    """Return the memory of sums, with the number of labels of the first batch."""
    if labels != variable.value.size // len(variable.value):
        shape = (len(variable.value), labels)
        variable.move_to(np.broadcast_to(variable.value, shape).copy())
    sums: Array = variable.value
    return sums


def _between_precisions(counts: Counts) -> Array:
    """Return the area under precision over recall, where both counts grow evenly between two thresholds.

    With p = tp + fp predicted positives, tp = slope * p + start holds between two thresholds, and the area there is
    the integral of tp / p over d(tp) / (all positives): slope * (rise of tp + start * log(ratio of the two p)).
    """
    tp, p = counts.true_positives, counts.true_positives + counts.false_positives
    rise = tp[:-1] - tp[1:]
    slope = divide(rise, np.maximum(p[:-1] - p[1:], 0))
    start = tp[1:] - slope * p[1:]
    positive = (p[:-1] > 0) & (p[1:] > 0)
    ratio = np.where(positive, divide(p[:-1], np.maximum(p[1:], 0)), 1)
    positives = np.maximum(tp[1:] + counts.false_negatives[1:], 0)
    return np.asarray(divide(slope * (rise + start * np.log(ratio)), positives).sum(axis=0))


def _evenly(num_thresholds: Any) -> list[float]:
    n = positive("num_thresholds", num_thresholds, least=2, example=200)
    take_room("num_thresholds", (n,))
    return [i / (n - 1) for i in range(1, n - 1)]
