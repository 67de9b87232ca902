"""The functions of metrics: one value a sample."""

from typing import Any

from minifit.lowering.program import Program, lowers
from minifit.lowering.rules.losses import class_numbers
from minifit.lowering.values import Unlowered, Value
from minifit.metrics import accuracy


@lowers(accuracy.binary_accuracy)
def binary_accuracy(program: Program, y_true: Any, y_pred: Any, threshold: float = 0.5) -> Value:
    """Write down how often ``y_pred > threshold`` equals the target, over the last axis."""
    t, p = program.floats(y_true), program.as_value(y_pred)
    if t.shape != p.shape:
        raise Unlowered("a binary accuracy of targets in another shape than the predictions")
    y = program.value(p.shape[:-1])
    program.emit("binary_accuracy", y, t, p, p.rows, p.columns, float(threshold))
    return y


@lowers(accuracy.categorical_accuracy)
def categorical_accuracy(program: Program, y_true: Any, y_pred: Any) -> Value:
    """Write down whether the largest prediction stands at the one of the one-hot target."""
    t, p = program.floats(y_true), scores(program, y_pred)
    if t.shape != p.shape:
        raise Unlowered("a categorical accuracy of targets that are not one-hot")
    y = program.value(p.shape[:-1])
    program.emit("categorical_accuracy", y, t, p, p.rows, p.columns)
    return y


@lowers(accuracy.sparse_categorical_accuracy)
def sparse_categorical_accuracy(program: Program, y_true: Any, y_pred: Any) -> Value:
    """Write down whether the largest prediction stands at the class number."""
    p = scores(program, y_pred)
    y = program.value(p.shape[:-1])
    program.emit("sparse_accuracy", y, class_numbers(program, y_true, p), p, p.rows, p.columns)
    return y


def scores(program: Program, y_pred: Any) -> Value:
    """Return numbers that are largest where predictions are: the logits, if they are known, which come first."""
    p = program.as_value(y_pred)
    return p if p.logits is None else p.logits
