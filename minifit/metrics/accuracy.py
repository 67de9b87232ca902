"""Accuracies: shares of predictions that are right."""

from typing import Any

import numpy as np

from minifit.arrays import Array
from minifit.checks import exact, number
from minifit.errors import ShapeError
from minifit.metrics.base import MeanMetricWrapper, larger_is_better
from minifit.settings import Option
from minifit.tensor import TensorLike, to_array


@larger_is_better
def accuracy(y_true: TensorLike, y_pred: TensorLike) -> Array:
    """Return 1 where the prediction equals the target exactly, else 0."""
    return np.asarray(to_array(y_true) == to_array(y_pred), np.float32)


@larger_is_better
def binary_accuracy(y_true: TensorLike, y_pred: TensorLike, threshold: float = 0.5) -> Array:
    """Return the share of ``y_pred > threshold`` that equals the target, over the last axis."""
    hit = to_array(y_true) == (to_array(y_pred) > threshold)
    return np.asarray(hit.mean(axis=-1, dtype=np.float32))


@larger_is_better
def categorical_accuracy(y_true: TensorLike, y_pred: TensorLike) -> Array:
    """Return 1 where the largest prediction is at the class of the one-hot target, else 0."""
    again = ", or compile the model again if 'accuracy' chose this metric"
    target, scores = one_hot("categorical_accuracy", y_true, y_pred, again)
    return np.asarray(target.argmax(-1) == scores.argmax(-1), np.float32)


@larger_is_better
def sparse_categorical_accuracy(y_true: TensorLike, y_pred: TensorLike) -> Array:
    """Return 1 where the largest prediction is at the target's class number, else 0."""
    target, scores = class_numbers("sparse_categorical_accuracy", y_true, y_pred)
    return np.asarray(target == scores.argmax(-1), np.float32)


def one_hot(metric: str, y_true: TensorLike, y_pred: TensorLike, todo: str = "") -> tuple[Array, Array]:
    """Return targets and predictions as arrays of one shape.

    Raises
    ------
    ShapeError
        If the shapes differ; class numbers would all count as class 0.
    """
    target, scores = to_array(y_true), to_array(y_pred)
    if target.shape != scores.shape:
        raise ShapeError(
            f"{metric} needs one-hot targets. Received: targets of shape {target.shape}, predictions of shape "
            f"{scores.shape}. For class numbers, use sparse_{metric}{todo}."
        )
    return target, scores


def class_numbers(metric: str, y_true: TensorLike, y_pred: TensorLike) -> tuple[Array, Array]:
    """Return targets as one number for each sample, and predictions with a last axis of classes.

    Raises
    ------
    ShapeError
        If the targets are not one number for each sample.
    """
    target, scores = to_array(y_true), to_array(y_pred)
    if target.ndim == scores.ndim and target.shape[-1:] == (1,):
        target = target[..., 0]
    if target.shape != scores.shape[:-1]:
        raise ShapeError(
            f"{metric} needs one class number for each sample. Received: targets of shape {target.shape}, "
            f"predictions of shape {scores.shape}. For one-hot targets, use {metric.removeprefix('sparse_')}."
        )
    return target, scores


class Accuracy(MeanMetricWrapper):
    """The share of predictions that equal the target exactly.

    The name "accuracy" in ``compile(metrics=["accuracy"])`` does not mean this class: the shapes select the metric.
    """

    def __init__(self, name: str = "accuracy", dtype: Any = None) -> None:
        super().__init__(accuracy, name, dtype)


class BinaryAccuracy(MeanMetricWrapper):
    """The share of ``y_pred > threshold`` that equals the target."""

    threshold = Option(exact(number))

    def __init__(self, name: str = "binary_accuracy", dtype: Any = None, threshold: float = 0.5) -> None:
        super().__init__(binary_accuracy, name, dtype, threshold=threshold)


class CategoricalAccuracy(MeanMetricWrapper):
    """The share of samples whose most likely class is that of the one-hot target."""

    def __init__(self, name: str = "categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(categorical_accuracy, name, dtype)


class SparseCategoricalAccuracy(MeanMetricWrapper):
    """The share of samples whose most likely class is the target's class number."""

    def __init__(self, name: str = "sparse_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(sparse_categorical_accuracy, name, dtype)
