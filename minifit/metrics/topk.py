"""Top-k accuracies: how often the right class is among the k most likely ones."""

from typing import Any

import numpy as np

from minifit.arrays import Array
from minifit.metrics.base import MeanMetricWrapper, larger_is_better
from minifit.tensor import TensorLike, to_array


@larger_is_better
def top_k_categorical_accuracy(y_true: TensorLike, y_pred: TensorLike, k: int = 5) -> Array:
    """1 where the class of the one-hot target is among the `k` most likely ones, else 0.

    Parameters
    ----------
    y_true, y_pred : array of shape (n, ..., classes)
    k : int, default 5

    Returns
    -------
    array of shape (n, ...)
    """
    return _among_first(to_array(y_true).argmax(-1), to_array(y_pred), k)


@larger_is_better
def sparse_top_k_categorical_accuracy(y_true: TensorLike, y_pred: TensorLike, k: int = 5) -> Array:
    """1 where the target's class number is among the `k` most likely ones, else 0.

    Parameters
    ----------
    y_true : array of shape (n, ...) or (n, ..., 1)
    y_pred : array of shape (n, ..., classes)
    k : int, default 5

    Returns
    -------
    array of shape (n, ...)
    """
    target, scores = to_array(y_true), to_array(y_pred)
    if target.ndim == scores.ndim and target.shape[-1:] == (1,):
        target = target[..., 0]
    return _among_first(target.astype(np.int64), scores, k)


def _among_first(target: Array, scores: Array, k: int) -> Array:
    """Whether fewer than `k` classes are more likely than the target's: equal ones share a place.

    A class number out of range is among none, nor is any in a row that holds a value which is not finite.
    """
    known = (target >= 0) & (target < scores.shape[-1]) & np.isfinite(scores).all(-1)
    own = np.take_along_axis(scores, np.where(known, target, 0)[..., None], axis=-1)
    return np.asarray(known & ((scores > own).sum(-1) < k), np.float32)


class TopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the class of the one-hot target is among the `k` most likely ones."""

    def __init__(self, k: int = 5, name: str = "top_k_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(top_k_categorical_accuracy, name, dtype, k=k)


class SparseTopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the target's class number is among the `k` most likely ones."""

    def __init__(
        self, k: int = 5, name: str = "sparse_top_k_categorical_accuracy", dtype: Any = None
    ) -> None:
        super().__init__(sparse_top_k_categorical_accuracy, name, dtype, k=k)
