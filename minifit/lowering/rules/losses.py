"""Rules of the ops of losses: one value per sample, and the reduction to one number."""

import operator
from typing import Any

import numpy as np

from minifit import ops
from minifit.lowering.broadcasting import broadcast_shape
from minifit.lowering.program import Program, lowers
from minifit.lowering.values import Unlowered, Value, ValueShape


def lower_loss(program: Program, name: str, y_true: Any, y_pred: Any, *settings: float) -> Value:
    """Lower a loss with one value per row through its kernel and the kernel of its slope."""
    t, p = pair(program, y_true, y_pred)
    if t.requires_grad:
        raise Unlowered("a loss whose targets depend on weights")
    y = program.value(p.shape[:-1], p)
    program.emit(name, y, t, p, p.rows, p.columns, *settings)
    program.back(y, lambda dy: program.flow(p, f"{name}_slope", t, p, dy, p.rows, p.columns, *settings))
    return y


def pair(program: Program, y_true: Any, y_pred: Any) -> tuple[Value, Value]:
    """Return targets and predictions as float32, of one shape."""
    t, p = program.floats(y_true), program.floats(y_pred)
    if t.ndim != p.ndim:
        raise Unlowered(f"targets of shape {t.shape} for predictions of shape {p.shape}")
    shape = broadcast_shape(t.shape, p.shape)
    return broadcast(program, t, shape), broadcast(program, p, shape)


def broadcast(program: Program, x: Value, shape: ValueShape) -> Value:
    """Return a value in a larger shape."""
    wide: Value = x if x.shape == shape else program.apply(ops.broadcast_to, (x, shape), {})
    return wide


@lowers(ops.mean_squared_error)
def mean_squared_error(program: Program, y_true: Any, y_pred: Any) -> Value:
    """Lower the mean of squared differences."""
    return lower_loss(program, "squared_error", *_difference(program, y_true, y_pred))


@lowers(ops.mean_absolute_error)
def mean_absolute_error(program: Program, y_true: Any, y_pred: Any) -> Value:
    """Lower the mean of absolute differences."""
    return lower_loss(program, "absolute_error", *_difference(program, y_true, y_pred))


def _difference(program: Program, y_true: Any, y_pred: Any) -> tuple[Value, Value]:
    """Return targets and predictions; or 0 and their difference, if the targets depend on weights."""
    t, p = program.floats(y_true), program.floats(y_pred)
    if not t.requires_grad:
        return t, p
    error = program.apply(operator.sub, (p, t), {})
    zeros = program.value(error.shape)
    program.emit("clear", zeros, zeros.count)
    return zeros, error


@lowers(ops.binary_crossentropy)
def binary_crossentropy(program: Program, y_true: Any, y_pred: Any, from_logits: bool = False) -> Value:
    """Lower the cross-entropy of independent targets, computed from the logits if they are known."""
    p = program.floats(y_pred)
    logits = p if from_logits else p.logits
    if logits is None:
        return lower_loss(program, "binary_crossentropy", y_true, p)
    return lower_loss(program, "binary_crossentropy_logits", y_true, logits)


@lowers(ops.categorical_crossentropy)
def categorical_crossentropy(program: Program, y_true: Any, y_pred: Any, from_logits: bool = False) -> Value:
    """Lower the cross-entropy of one-hot targets, computed from the logits if they are known."""
    p = program.floats(y_pred)
    logits = p if from_logits else p.logits
    if logits is None:
        return lower_loss(program, "categorical_crossentropy", y_true, p)
    t, logits = pair(program, y_true, logits)
    if t.requires_grad:
        raise Unlowered("a loss whose targets depend on weights")
    return _lower_with_shares(program, "categorical_crossentropy_logits", t, logits)


@lowers(ops.sparse_categorical_crossentropy)
def sparse_categorical_crossentropy(
    program: Program, y_true: Any, y_pred: Any, from_logits: bool = False
) -> Value:
    """Lower the cross-entropy of class numbers, which are checked before anything changes."""
    p = program.floats(y_pred)
    ids = class_numbers(program, y_true, p)
    logits = p if from_logits else p.logits
    if logits is None:
        y = program.value(p.shape[:-1], p)
        program.emit("sparse_crossentropy", y, ids, p, p.rows, p.columns)
        program.back(
            y, lambda dy: program.flow(p, "sparse_crossentropy_slope", ids, p, dy, p.rows, p.columns)
        )
        return y
    return _lower_with_shares(program, "sparse_crossentropy_logits", ids, logits)


def class_numbers(program: Program, y_true: Any, y_pred: Value) -> Value:
    """Return class numbers as int64, one for each row of predictions, and emit their check."""
    numbers = program.as_value(y_true)
    if numbers.ndim == y_pred.ndim and numbers.shape[-1] == 1:
        numbers = program.view(numbers, numbers.shape[:-1])
    if numbers.shape != y_pred.shape[:-1]:
        raise Unlowered(f"class numbers of shape {numbers.shape} for predictions of shape {y_pred.shape}")
    if not program.is_column(numbers):
        raise Unlowered("class numbers that a layer computes")
    if numbers.dtype.kind == "i":
        program.check("check_classes", numbers, numbers.count, y_pred.columns)
        return numbers
    program.check("check_whole_classes", numbers, numbers.count, y_pred.columns)
    ids = program.value(numbers.shape, dtype=np.dtype(np.int64))
    program.emit("to_whole", ids, numbers, numbers.count)
    return ids


def _lower_with_shares(program: Program, name: str, t: Value, logits: Value) -> Value:
    """Lower a cross-entropy of logits; its slope reads the probabilities that the loss computes as shares."""
    y, shares = program.value(logits.shape[:-1], logits), program.room(logits.count)
    program.emit(name, (y, shares), t, logits, logits.rows, logits.columns)
    program.back(
        y, lambda dy: program.flow(logits, f"{name}_slope", shares, t, dy, logits.rows, logits.columns)
    )
    return y


@lowers(ops.weighted_mean)
def weighted_mean(program: Program, values: Any, weights: Any, count: Any) -> Value:
    """Lower ``sum(values * weights) / count``, where a count of None means the number of values."""
    x = program.as_value(values)
    w, each = program.weights_for(weights, x)
    if count not in (None, 1):
        raise Unlowered(f"a weighted mean that is divided by {count!r}")
    y = program.value((), x)
    divide = int(count is None)
    program.emit("weighted_mean", y, x, w, x.count, each, divide)
    program.back(y, lambda dy: program.flow(x, "weighted_mean_slope", dy, w, x.count, each, divide))
    return y


@lowers(ops.penalty)
def penalty(program: Program, w: Any, l1: float, l2: float, of_rows: bool = False) -> Value:
    """Lower ``l1 * sum(abs(w)) + l2 * sum(w ** 2)``, divided by the rows of the batch if `of_rows`."""
    x = program.floats(w)
    y = program.value((), x)
    settings = float(l1), float(l2), int(of_rows)
    program.emit("penalty", y, x, x.count, *settings)
    program.back(y, lambda dy: program.flow(x, "penalty_slope", dy, x, x.count, *settings))
    return y
