"""Rules of the functions of metrics: one value per sample."""

from typing import Any

from minifit import ops
from minifit.lowering.program import Program, lowers
from minifit.lowering.rules.loss_functions import cosine
from minifit.lowering.rules.losses import class_numbers, pair
from minifit.lowering.values import Unlowered, Value
from minifit.metrics import accuracy, regression, topk


@lowers(accuracy.binary_accuracy)
def binary_accuracy(program: Program, y_true: Any, y_pred: Any, threshold: float = 0.5) -> Value:
    """Lower the share of targets equal to ``y_pred > threshold``, over the last axis."""
    t, p = pair(program, y_true, y_pred)
    y = program.value(p.shape[:-1])
    program.emit("binary_accuracy", y, t, p, p.rows, p.columns, float(threshold))
    return y


@lowers(accuracy.categorical_accuracy)
def categorical_accuracy(program: Program, y_true: Any, y_pred: Any) -> Value:
    """Lower the test whether the largest prediction has the index of the one-hot target's 1."""
    t, p = program.floats(y_true), scores(program, y_pred)
    if t.shape != p.shape:
        raise Unlowered("a categorical accuracy of targets that are not one-hot")
    y = program.value(p.shape[:-1])
    program.emit("categorical_accuracy", y, t, p, p.rows, p.columns)
    return y


@lowers(accuracy.sparse_categorical_accuracy)
def sparse_categorical_accuracy(program: Program, y_true: Any, y_pred: Any) -> Value:
    """Lower the test whether the class number is the index of the largest prediction."""
    p = scores(program, y_pred)
    y = program.value(p.shape[:-1])
    program.emit("sparse_accuracy", y, class_numbers(program, y_true, p), p, p.rows, p.columns)
    return y


@lowers(accuracy.accuracy)
def equal(program: Program, y_true: Any, y_pred: Any) -> Value:
    """Lower the test whether the prediction equals the target, number by number."""
    t, p = pair(program, y_true, y_pred)
    y = program.value(p.shape)
    program.emit("matches", y, t, p, p.count)
    return y


@lowers(topk.sparse_top_k_categorical_accuracy)
def sparse_top_k(program: Program, y_true: Any, y_pred: Any, k: int = 5) -> Value:
    """Lower the test whether the class number is among the `k` largest predictions."""
    p = program.floats(y_pred)
    y = program.value(p.shape[:-1])
    program.emit("among_first", y, class_numbers(program, y_true, p), p, p.rows, p.columns, k)
    return y


@lowers(topk.top_k_categorical_accuracy)
def top_k(program: Program, y_true: Any, y_pred: Any, k: int = 5) -> Value:
    """Lower the test whether the class of the one-hot target is among the `k` largest predictions."""
    t, p = program.floats(y_true), program.floats(y_pred)
    if t.shape != p.shape:
        raise Unlowered("a top-k accuracy of targets that are not one-hot")
    y, ids = program.value(p.shape[:-1]), program.by_rule(ops.argmax, t)
    program.emit("among_first", y, ids, p, p.rows, p.columns, k)
    return y


@lowers(regression.cosine_similarity)
def cosine_similarity(program: Program, y_true: Any, y_pred: Any, axis: int = -1) -> Value:
    """Lower the cosine of the angle between targets and predictions."""
    return cosine(program, y_true, y_pred, axis, 1.0)


def scores(program: Program, y_pred: Any) -> Value:
    """Return numbers whose order is that of the predictions: the logits of a softmax, which are computed first."""
    p = program.floats(y_pred)
    return p.logits if p.of_softmax and p.logits is not None else p
