"""Top-k accuracies: shares of samples whose right class is among the k most likely ones."""

from functools import partial
from typing import Any

import numpy as np

from minifit import console
from minifit.arrays import Array
from minifit.checks import positive
from minifit.metrics.accuracy import class_numbers, one_hot
from minifit.metrics.base import MeanMetricWrapper, Metric, larger_is_better
from minifit.settings import Option
from minifit.tensor import TensorLike


@larger_is_better
def top_k_categorical_accuracy(y_true: TensorLike, y_pred: TensorLike, k: int = 5) -> Array:
    """Return 1 where the class of the one-hot target is among the `k` most likely ones, else 0.

    Parameters
    ----------
    y_true, y_pred : array of shape (n, ..., classes)
    k : int, default 5

    Returns
    -------
    array of shape (n, ...)
    """
    target, scores = one_hot("top_k_categorical_accuracy", y_true, y_pred)
    return _among_first(target.argmax(-1), scores, k)


@larger_is_better
def sparse_top_k_categorical_accuracy(y_true: TensorLike, y_pred: TensorLike, k: int = 5) -> Array:
    """Return 1 where the target's class number is among the `k` most likely ones, else 0.

    Parameters
    ----------
    y_true : array of shape (n, ...) or (n, ..., 1)
    y_pred : array of shape (n, ..., classes)
    k : int, default 5

    Returns
    -------
    array of shape (n, ...)
    """
    target, scores = class_numbers("sparse_top_k_categorical_accuracy", y_true, y_pred)
    return _among_first(target.astype(np.int64), scores, k)


def _among_first(target: Array, scores: Array, k: int) -> Array:
    """Return 1 where fewer than `k` classes are more likely than the target's, else 0.

    A class number out of range counts as wrong, and so does every class of a row with a value that is not finite.
    """
    positive("k", k, example=5)
    valid = (target >= 0) & (target < scores.shape[-1]) & np.isfinite(scores).all(-1)
    score = np.take_along_axis(scores, np.where(valid, target, 0)[..., None], axis=-1)
    return np.asarray(valid & ((scores > score).sum(-1) < k), np.float32)


def warn_of_large_k(metric: Metric, classes: int) -> None:
    """Warn when a top-k accuracy would count every prediction as right."""
    if not isinstance(metric, MeanMetricWrapper) or metric.fn not in _FUNCTIONS:
        return
    k = metric.get_config().get("k", 5)
    if k >= classes > 1:
        console.warn(
            f"k should be below the number of classes, or every prediction counts as right. Received: k={k} in "
            f"{metric.name!r} for {classes} classes. Choose a smaller k, such as TopKCategoricalAccuracy(k=2)."
        )


_FUNCTIONS = (top_k_categorical_accuracy, sparse_top_k_categorical_accuracy)


class TopKCategoricalAccuracy(MeanMetricWrapper):
    """The share of samples whose class in the one-hot target is among the `k` most likely ones."""

    k = Option(partial(positive, example=5))

    def __init__(self, k: int = 5, name: str = "top_k_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(top_k_categorical_accuracy, name, dtype, k=k)


class SparseTopKCategoricalAccuracy(MeanMetricWrapper):
    """The share of samples whose target class number is among the `k` most likely ones."""

    k = Option(partial(positive, example=5))

    def __init__(
        self, k: int = 5, name: str = "sparse_top_k_categorical_accuracy", dtype: Any = None
    ) -> None:
        super().__init__(sparse_top_k_categorical_accuracy, name, dtype, k=k)
