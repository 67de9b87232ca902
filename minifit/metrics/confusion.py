"""Counts of true and false positives and negatives, and precision and recall.

A prediction above the threshold is positive. With several thresholds the metric counts for each of them, and its
result is an array with one value for each.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ClassVar, NamedTuple

import numpy as np

from minifit.arrays import Array
from minifit.checks import entries, integer, optional_of, real
from minifit.errors import ArgumentError, DataError, ShapeError
from minifit.losses import fit_weights, match_ranks
from minifit.metrics.base import Metric, divide, number
from minifit.settings import Fixed
from minifit.tensor import TensorLike, to_array

Thresholds = float | Sequence[float] | Array | None


class Counts(NamedTuple):
    """Sums of weights, each of shape (thresholds,), or (thresholds, labels) if counted by label."""

    true_positives: Array
    false_positives: Array
    true_negatives: Array
    false_negatives: Array


def count(
    y_true: Array, y_pred: Array, thresholds: Array, weights: Array | None, by_label: bool = False
) -> Counts:
    """Count right and wrong predictions at each of the ascending `thresholds`.

    Parameters
    ----------
    y_true, y_pred : array of one shape
        Any target but 0 is positive.
    thresholds : array of shape (t,)
    weights : array that broadcasts to the predictions, optional
    by_label : bool, default False
        Whether each column is counted separately.
    """
    labels = y_pred.shape[-1] if by_label else 1
    # Sort each prediction into one of the t + 1 bins between the thresholds; it is positive at those below its bin.
    bins = np.searchsorted(thresholds, y_pred.reshape(-1).astype(np.float32), side="left") * labels
    if by_label:
        bins = bins + np.tile(np.arange(labels), bins.size // labels)
    ones = np.ones(y_pred.shape) if weights is None else np.broadcast_to(weights, y_pred.shape)
    size, yes = (len(thresholds) + 1) * labels, (y_true != 0).reshape(-1)
    positive = np.bincount(bins, ones.reshape(-1) * yes, size).reshape(-1, labels)
    negative = np.bincount(bins, ones.reshape(-1) * ~yes, size).reshape(-1, labels)
    counts = (_above(positive), _above(negative), _below(negative), _below(positive))
    return Counts(*(c if by_label else c[:, 0] for c in counts))


def _above(bins: Array) -> Array:
    return np.cumsum(bins[::-1], axis=0)[::-1][1:]


def _below(bins: Array) -> Array:
    return np.cumsum(bins, axis=0)[:-1]


def probabilities(y_true: TensorLike, y_pred: TensorLike) -> tuple[Array, Array]:
    """Return targets and predictions of one shape, after validating that predictions are from 0 to 1.

    Raises
    ------
    DataError
        If a prediction is not from 0 to 1.
    ShapeError
        If the shapes differ.
    """
    p = to_array(y_pred)
    t = match_ranks(to_array(y_true), p)
    if t.shape != p.shape:
        raise ShapeError(
            f"Each prediction needs one target. Received: targets of shape {t.shape}, predictions of "
            f"shape {p.shape}. Convert class numbers to one-hot targets."
        )
    if p.size and not (p.min() >= 0 and p.max() <= 1):
        todo = "End the model with a sigmoid or softmax."
        if np.isnan(p).any():
            todo = "Look for NaN in the data, or lower the learning rate."
        raise DataError(
            f"Predictions must be from 0 to 1 to be counted. Received: from {p.min()} to {p.max()}. {todo}"
        )
    return t, p


def count_in(
    program: Any,
    y_true: Any,
    y_pred: Any,
    sample_weight: Any,
    thresholds: Array,
    class_id: int | None = None,
    by_label: bool = False,
) -> Any:
    """Emit the instruction that sorts a batch into bins between thresholds, as `count` does; return their place.

    Predictions must come from a sigmoid or softmax, so that they are from 0 to 1 or NaN; a batch with NaN is refused.
    """
    t, p = program.floats(program.match_ranks(y_true, y_pred)), y_pred
    if p.logits is None:
        program.refuse("a metric of yes and no whose predictions may be other numbers than 0 to 1")
    columns = range(p.columns)
    if t.shape != p.shape or (class_id is not None and class_id % p.columns not in columns):
        program.refuse("a metric of yes and no that has not one target for each prediction")
    weights, each = program.weights_for(sample_weight, p)
    labels = p.columns if by_label else 1
    if class_id is not None:
        columns = columns[class_id : class_id + 1 or None]
    bins = program.room(-2 * (len(thresholds) + 1) * labels, np.dtype(np.float64))
    program.emit(
        "count_bins",
        bins,
        *(t, p, weights, p.rows, p.columns, each),
        *(program.memory(thresholds), len(thresholds), columns.start, columns.stop, labels),
    )
    return bins


def add_counts(
    program: Any,
    field: str,
    sums: Callable[[], Array],
    bins: Any,
    thresholds: int,
    labels: int = 1,
    order: Array | None = None,
) -> None:
    """Emit the instruction that adds a field of `Counts` to the sums; `order` is the order of their thresholds."""
    half = (thresholds + 1) * labels if field in ("false_positives", "true_negatives") else 0
    order_at = None if order is None else program.memory(order.astype(np.int64))
    above = int(field in ("true_positives", "false_positives"))
    program.tally("add_counts", program.lookup(sums), bins, half, thresholds, labels, above, order_at)


def checked_thresholds(thresholds: Thresholds, default: float = 0.5) -> list[float]:
    """Return thresholds as a list; None means the default."""
    if thresholds is None:
        return [default]
    listed = entries(thresholds)
    values = [real(t) for t in ([thresholds] if listed is None else listed)]
    valid = [float(t) for t in values if t is not None and 0 <= t <= 1]
    if len(valid) < len(values):
        raise ArgumentError(
            f"Thresholds must be numbers from 0 to 1. Received: thresholds={thresholds!r}. "
            f"Leave it out for {default}."
        )
    return valid


class _Counter(Metric):
    """A metric computed from counts at thresholds, which may be in any order.

    Attributes
    ----------
    thresholds : list of float
    """

    counted: ClassVar[tuple[str, ...]]
    """Fields of `Counts` that the metric sums up, each in a variable of that name."""

    thresholds, init_thresholds = Fixed(), Fixed()
    # Fixed, because the sums of different columns must not mix.
    top_k, class_id = Fixed(optional_of(integer)), Fixed(optional_of(integer))

    def __init__(
        self,
        thresholds: Thresholds = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name, dtype)
        listed = entries(thresholds)
        values = thresholds if listed is None else listed
        self.thresholds = checked_thresholds(values, 0.5 if top_k is None else -np.inf)
        plain = self.thresholds if listed is not None else self.thresholds[0]
        self.init_thresholds = None if thresholds is None else plain
        self.top_k, self.class_id = top_k, class_id
        order = np.argsort(self.thresholds, kind="stable")
        self._ascending = np.array(self.thresholds, np.float32)[order]
        self._back = np.argsort(order)
        for field in self.counted:
            setattr(self, field, self.add_weight(field, (len(self.thresholds),)))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Update the metric with one batch of targets and of predictions from 0 to 1."""
        t, p = probabilities(y_true, y_pred)
        weights = None if sample_weight is None else fit_weights(to_array(sample_weight), p)
        if self.top_k is not None:
            p = _only_top(p, self.top_k)
        if self.class_id is not None:
            t, p = _column(t, self.class_id), _column(p, self.class_id)
            weights = None if weights is None else _column(weights, self.class_id)
        counts = count(t, p, self._ascending, weights)
        for field, variable in zip(self.counted, self.variables, strict=True):
            variable.assign_add(getattr(counts, field)[self._back])

    def lower(self, program: Any, y_true: Any, y_pred: Any, sample_weight: Any) -> None:
        """Emit the instructions that update the metric with a batch."""
        self._need_own(program)
        if self.top_k is not None:
            program.refuse(f"the metric {self.name!r} with top_k")
        bins = count_in(program, y_true, y_pred, sample_weight, self._ascending, self.class_id)
        order = np.argsort(self._back)
        for field, variable in zip(self.counted, self.variables, strict=True):
            add_counts(program, field, partial(getattr, variable, "value"), bins, len(order), order=order)

    def _sums(self) -> list[Array]:
        return [variable.value for variable in self.variables]

    def result(self) -> Any:
        """Return the count, or an array with one count for each threshold."""
        return number(self._sums()[0].copy())

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal metric."""
        return {**super().get_config(), "thresholds": self.init_thresholds}


class _SingleCount(_Counter):
    """One of the four counts.

    Parameters
    ----------
    thresholds : float or list of float, default 0.5
        A prediction above it is positive; several thresholds give an array of results.
    name : str, optional
    """

    def __init__(self, thresholds: Thresholds = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(thresholds, name=name, dtype=dtype)


class TruePositives(_SingleCount):
    """The sum of the weights of all positive predictions that are right."""

    counted, direction = ("true_positives",), "max"


class TrueNegatives(_SingleCount):
    """The sum of the weights of all negative predictions that are right."""

    counted, direction = ("true_negatives",), "max"


class FalsePositives(_SingleCount):
    """The sum of the weights of all positive predictions that are wrong."""

    counted, direction = ("false_positives",), "min"


class FalseNegatives(_SingleCount):
    """The sum of the weights of all negative predictions that are wrong."""

    counted, direction = ("false_negatives",), "min"


class _Share(_Counter):
    """The share of true positives in the sum of true positives and another count."""

    direction = "max"

    def result(self) -> Any:
        """Return the share, or an array with one share for each threshold; 0 before the first batch."""
        hits, others = self._sums()
        return number(divide(hits, hits + others))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal metric."""
        return {**super().get_config(), "top_k": self.top_k, "class_id": self.class_id}


class Precision(_Share):
    """The share of positive predictions that are right: ``true positives / (true positives + false positives)``.

    Parameters
    ----------
    thresholds : float or list of float, optional
        A prediction above it is positive; several thresholds give an array of results. None means 0.5, or no
        threshold with `top_k`.
    top_k : int, optional
        Only the `top_k` largest predictions of a sample can be positive.
    class_id : int, optional
        The only column that counts.
    name : str, optional

    References
    ----------
    ``tf.keras.metrics.Precision`` (TensorFlow 2.7).
    """

    counted = ("true_positives", "false_positives")


class Recall(_Share):
    """The share of positive targets that are predicted: ``true positives / (true positives + false negatives)``.

    Parameters
    ----------
    thresholds, top_k, class_id, name
        As for `Precision`.

    References
    ----------
    ``tf.keras.metrics.Recall`` (TensorFlow 2.7).
    """

    counted = ("true_positives", "false_negatives")


def _only_top(p: Array, k: int) -> Array:
    """Return the `k` largest values of each row, of equal ones the first, and minus infinity elsewhere."""
    if not 0 <= k <= p.shape[-1]:
        raise ShapeError(
            f"top_k must be at most the number of predictions for a sample. Received: top_k={k} for {p.shape[-1]}. "
            "Lower top_k."
        )
    best = np.argsort(-p, axis=-1, kind="stable")[..., :k]
    largest = np.full(p.shape, -np.inf, np.float32)
    np.put_along_axis(largest, best, np.take_along_axis(p, best, -1), -1)
    return largest


def _column(x: Array, class_id: int) -> Array:
    if not -x.shape[-1] <= class_id < x.shape[-1]:
        raise ShapeError(
            f"class_id must be a column of the predictions. Received: class_id={class_id} for {x.shape[-1]} columns. "
            f"Pass a number from 0 to {x.shape[-1] - 1}."
        )
    return np.asarray(x[..., class_id])
