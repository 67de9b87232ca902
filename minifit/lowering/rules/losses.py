"""The ops of losses: one value a sample, and how these become one number."""

from typing import Any

from minifit import ops
from minifit.lowering.program import Program, lowers
from minifit.lowering.values import Unlowered, Value


def _losses(program: Program, name: str, y_true: Any, y_pred: Value) -> Value:
    """Write down a loss of one value a sample that has a kernel for itself and one for its slope."""
    t = program.floats(y_true)
    if t.shape != y_pred.shape:
        t = program.apply(ops.broadcast_to, (t, y_pred.shape), {})
    if t.requires_grad:
        raise Unlowered("a loss whose targets depend on weights")
    y = program.value(y_pred.shape[:-1], y_pred)
    program.emit(name, y, t, y_pred, y_pred.rows, y_pred.columns)
    program.back(
        y, lambda dy: program.flow(y_pred, f"{name}_slope", t, y_pred, dy, y_pred.rows, y_pred.columns)
    )
    return y


@lowers(ops.mean_squared_error)
def mean_squared_error(program: Program, y_true: Any, y_pred: Any) -> Value:
    """Write down the mean of squared differences."""
    return _losses(program, "squared_error", y_true, program.as_value(y_pred))


@lowers(ops.binary_crossentropy)
def binary_crossentropy(program: Program, y_true: Any, y_pred: Any, from_logits: bool = False) -> Value:
    """Write down the cross-entropy of independent targets, of the logits where they are known."""
    p = program.as_value(y_pred)
    logits = p if from_logits else p.logits
    if logits is None:
        return _losses(program, "binary_crossentropy", y_true, p)
    return _losses(program, "binary_crossentropy_logits", y_true, logits)


@lowers(ops.categorical_crossentropy)
def categorical_crossentropy(program: Program, y_true: Any, y_pred: Any, from_logits: bool = False) -> Value:
    """Write down the cross-entropy of one-hot targets, of the logits where they are known."""
    p = program.as_value(y_pred)
    logits = p if from_logits else p.logits
    if logits is None:
        return _losses(program, "categorical_crossentropy", y_true, p)
    t = program.floats(y_true)
    if t.requires_grad or t.shape != logits.shape:
        raise Unlowered("a categorical cross-entropy of such targets")
    return _of_shares(program, "categorical_crossentropy_logits", t, logits)


@lowers(ops.sparse_categorical_crossentropy)
def sparse_categorical_crossentropy(
    program: Program, y_true: Any, y_pred: Any, from_logits: bool = False
) -> Value:
    """Write down the cross-entropy of class numbers, which are looked at before anything changes."""
    p = program.as_value(y_pred)
    ids = class_numbers(program, y_true, p)
    logits = p if from_logits else p.logits
    if logits is None:
        y = program.value(p.shape[:-1], p)
        program.emit("sparse_crossentropy", y, ids, p, p.rows, p.columns)
        program.back(
            y, lambda dy: program.flow(p, "sparse_crossentropy_slope", ids, p, dy, p.rows, p.columns)
        )
        return y
    return _of_shares(program, "sparse_crossentropy_logits", ids, logits)


def class_numbers(program: Program, y_true: Any, y_pred: Value) -> Value:
    """Return class numbers, one for each row of predictions, and refuse batches with others."""
    ids = program.as_value(y_true)
    if ids.ndim == y_pred.ndim and ids.shape[-1] == 1:
        ids = program.view(ids, ids.shape[:-1])
    if ids.dtype.kind != "i" or ids.shape != y_pred.shape[:-1]:
        raise Unlowered("class numbers that are floats, or not one for each sample")
    program.check("check_classes", ids, ids.count, y_pred.columns)
    return ids


def _of_shares(program: Program, name: str, t: Value, logits: Value) -> Value:
    """Write down a cross-entropy of logits, whose slope is made of the shares that the loss computes."""
    y, shares = program.value(logits.shape[:-1], logits), program.room(logits.count)
    program.emit(name, (y, shares), t, logits, logits.rows, logits.columns)
    program.back(
        y, lambda dy: program.flow(logits, f"{name}_slope", shares, t, dy, logits.rows, logits.columns)
    )
    return y


@lowers(ops.weighted_mean)
def weighted_mean(program: Program, values: Any, weights: Any, count: Any) -> Value:
    """Write down ``sum(values * weights) / count``, where a count of None is the number of values."""
    x = program.as_value(values)
    w, each = program.weights_for(weights, x)
    y = program.value((), x)
    divide = int(count is None)
    program.emit("weighted_mean", y, x, w, x.count, each, divide)
    program.back(y, lambda dy: program.flow(x, "weighted_mean_slope", dy, w, x.count, each, divide))
    return y


def weights_for(program: Program, weights: Any, values: Value) -> tuple[Value | None, int]:
    """Return sample weights, and for how many values that follow one another each of them counts."""
    if weights is None:
        return None, 1
    w = program.floats(weights)
    if w.ndim == values.ndim + 1 and w.shape[-1] == 1:
        w = program.view(w, w.shape[:-1])
    if not (w.of_batch and values.of_batch) or w.shape != values.shape[: w.ndim]:
        raise Unlowered("sample weights that are not one for each value or sample")
    return w, values.count // max(w.count, 1)


@lowers(ops.penalty)
def penalty(program: Program, w: Any, l1: float, l2: float) -> Value:
    """Write down ``l1 * sum(abs(w)) + l2 * sum(w ** 2)``."""
    x = program.as_value(w)
    y = program.value((), x)
    program.emit("penalty", y, x, x.count, float(l1), float(l2))
    program.back(y, lambda dy: program.flow(x, "penalty_slope", dy, x, x.count, float(l1), float(l2)))
    return y
