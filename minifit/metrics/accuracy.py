"""Accuracies: how often a prediction is right."""

from typing import Any

import numpy as np

from minifit.arrays import Array
from minifit.metrics.base import MeanMetricWrapper, larger_is_better
from minifit.tensor import TensorLike, to_array


@larger_is_better
def accuracy(y_true: TensorLike, y_pred: TensorLike) -> Array:
    """How often the prediction equals the target exactly, value by value."""
    return np.asarray(to_array(y_true) == to_array(y_pred), np.float32)


@larger_is_better
def binary_accuracy(y_true: TensorLike, y_pred: TensorLike, threshold: float = 0.5) -> Array:
    """How often ``y_pred > threshold`` equals the target, over the last axis."""
    hit = to_array(y_true) == (to_array(y_pred) > threshold)
    return np.asarray(hit.mean(axis=-1, dtype=np.float32))


@larger_is_better
def categorical_accuracy(y_true: TensorLike, y_pred: TensorLike) -> Array:
    """1 where the largest prediction stands at the one of the one-hot target, else 0."""
    hit = to_array(y_true).argmax(-1) == to_array(y_pred).argmax(-1)
    return np.asarray(hit, np.float32)


@larger_is_better
def sparse_categorical_accuracy(y_true: TensorLike, y_pred: TensorLike) -> Array:
    """1 where the largest prediction stands at the target's class number, else 0."""
    target, scores = to_array(y_true), to_array(y_pred)
    if target.ndim == scores.ndim and target.shape[-1:] == (1,):
        target = target[..., 0]
    return np.asarray(target == scores.argmax(-1), np.float32)


class Accuracy(MeanMetricWrapper):
    """How often the prediction equals the target exactly.

    The name "accuracy" in ``compile(metrics=["accuracy"])`` does not mean this one; it is chosen by the shapes.
    """

    def __init__(self, name: str = "accuracy", dtype: Any = None) -> None:
        super().__init__(accuracy, name, dtype)


class BinaryAccuracy(MeanMetricWrapper):
    """How often ``y_pred > threshold`` equals the target."""

    def __init__(self, name: str = "binary_accuracy", dtype: Any = None, threshold: float = 0.5) -> None:
        super().__init__(binary_accuracy, name, dtype, threshold=threshold)


class CategoricalAccuracy(MeanMetricWrapper):
    """How often the most likely class is that of the one-hot target."""

    def __init__(self, name: str = "categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(categorical_accuracy, name, dtype)


class SparseCategoricalAccuracy(MeanMetricWrapper):
    """How often the most likely class is the target's class number."""

    def __init__(self, name: str = "sparse_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(sparse_categorical_accuracy, name, dtype)
