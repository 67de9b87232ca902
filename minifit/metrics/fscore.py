"""F-scores: precision and recall in one number."""

from functools import partial
from typing import Any

import numpy as np

from minifit.arrays import Array, Shape
from minifit.checks import above_zero, exact, real
from minifit.errors import ArgumentError, ShapeError
from minifit.losses import fit_weights, match_ranks
from minifit.metrics.base import Metric, divide, number
from minifit.numbers import Number
from minifit.parameters import Variable
from minifit.settings import Fixed, Setting
from minifit.tensor import constant, to_array

AVERAGES = (None, "micro", "macro", "weighted")


def _average(name: str, value: Any) -> Any:
    if value not in AVERAGES:
        raise ArgumentError(
            f"{name} must be one of {', '.join(map(repr, AVERAGES))}. Received: {name}={value!r}. "
            "None gives one value for each class."
        )
    return value


def _threshold(name: str, value: Any) -> Any:
    threshold = real(value)
    if value is not None and (threshold is None or not 0 < threshold <= 1):
        raise ArgumentError(
            f"{name} must be above 0 and at most 1. Received: {name}={value!r}. "
            "Leave it out to count the largest prediction of each sample as positive."
        )
    return threshold


class FBetaScore(Metric):
    """The weighted harmonic mean of precision and recall, for each class or over all.

    ``(1 + beta ** 2) * precision * recall / (beta ** 2 * precision + recall)``

    Parameters
    ----------
    average : {None, "micro", "macro", "weighted"}, default None
        None gives an array with one value for each class, "macro" their mean, "weighted" their mean weighted by the
        number of true samples of each class, "micro" one value from the counts of all classes together.
    beta : float, default 1
        Weight of recall relative to precision; above 0.
    threshold : float, optional
        Predictions above it are positive, from 0 to 1. When None, the largest prediction of each sample is positive.
    name : str, default "fbeta_score"

    Raises
    ------
    ArgumentError
        If an argument breaks its rule.

    References
    ----------
    ``tf.keras.metrics.FBetaScore`` (Keras 2.13).
    """

    direction = "max"
    average = Fixed(_average)
    beta, threshold = Setting(exact(above_zero)), Setting(_threshold)

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str = "fbeta_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(name, dtype)
        self.average, self.beta, self.threshold = average, beta, threshold
        self.true_positives = self.add_weight("true_positives")
        self.false_positives = self.add_weight("false_positives")
        self.false_negatives = self.add_weight("false_negatives")
        self.intermediate_weights = self.add_weight("intermediate_weights")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Update the metric with one batch.

        Parameters
        ----------
        y_true, y_pred : array of shape (n, classes)
            Targets of 0 and 1.
        sample_weight : array of shape (n,), optional
        """
        p = to_array(y_pred)
        t = match_ranks(to_array(y_true), p).astype(np.float64)
        if p.ndim != 2 or t.shape != p.shape or self.true_positives.shape not in ((), p.shape[1:]):
            raise ShapeError(
                "An F-score needs targets and predictions of shape (n, classes), with the same classes in every batch. "
                f"Received: targets of shape {t.shape}, predictions of shape {p.shape}. Make the targets one-hot."
            )
        yes = self._decide(p)
        w = 1.0 if sample_weight is None else fit_weights(to_array(sample_weight), p).astype(np.float64)
        axis = None if self.average == "micro" else 0
        for variable, hits in zip(self.variables, (yes * t, yes * (1 - t), (1 - yes) * t, t), strict=True):
            # the first batch sets the number of classes
            variable.move_to(np.asarray(variable.value + (hits * w).sum(axis)))

    def lower(self, program: Any, y_true: Any, y_pred: Any, sample_weight: Any) -> None:
        """Emit the instructions that update the metric with a batch."""
        self._need_own(program)
        t, p = program.floats(program.match_ranks(y_true, y_pred)), y_pred
        shape = () if self.average == "micro" else (p.columns,)
        if p.ndim != 2 or t.shape != p.shape or self.true_positives.shape not in ((), shape):
            program.refuse(f"the metric {self.name!r} of targets that are not one-hot")
        weights, each = program.weights_for(sample_weight, p)
        sums = tuple(program.lookup(partial(_for_classes, variable, shape)) for variable in self.variables)
        settings = float(0 if self.threshold is None else self.threshold), int(self.threshold is not None)
        program.tally("count_yes", sums, t, p, weights, p.rows, p.columns, each, *settings, int(shape == ()))

    def _decide(self, p: Array) -> Array:
        """Return 1 where the prediction is positive, else 0."""
        if self.threshold is not None:
            return (p > np.float32(self.threshold)).astype(np.float64)
        # Equal largest values of a row are all positive; a row of zeros has no positive prediction.
        return np.asarray((p >= p.max(axis=-1, keepdims=True)) & (np.abs(p) > 1e-9), np.float64)

    def result(self) -> Any:
        """Return the score, a tensor with one for each class when `average` is None; 0 before the first batch."""
        tp, fp, fn, weights = (variable.value for variable in self.variables)
        precision, recall = divide(tp, tp + fp), divide(tp, tp + fn)
        square = self.beta**2
        score = (1 + square) * divide(precision * recall, square * precision + recall)
        if self.average == "weighted":
            return Number((score * divide(weights, weights.sum())).sum())
        if self.average is not None:
            return Number(np.mean(score))
        return number(score) if score.ndim == 0 else constant(score)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal metric."""
        options = {"average": self.average, "beta": self.beta, "threshold": self.threshold}
        return {**super().get_config(), **options}


def _for_classes(variable: Variable, shape: Shape) -> Array:
    """Return the memory of sums, with the number of classes of the first batch."""
    if variable.shape != shape:
        variable.move_to(np.broadcast_to(variable.value, shape).copy())
    sums: Array = variable.value
    return sums


class F1Score(FBetaScore):
    """The harmonic mean of precision and recall: `FBetaScore` with ``beta=1``.

    Parameters
    ----------
    average, threshold, name
        As for `FBetaScore`.

    References
    ----------
    ``tf.keras.metrics.F1Score`` (Keras 2.13).
    """

    beta = Fixed()

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str = "f1_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(average, 1.0, threshold, name, dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal metric."""
        config = super().get_config()
        del config["beta"]
        return config
