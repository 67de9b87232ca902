"""Rules of the functions of `minifit.losses` that have their own kernels; the others are lowered through their ops."""

from typing import Any

import numpy as np

from minifit import losses, ops
from minifit.lowering.program import Program, lowers, lowers_as
from minifit.lowering.rules.elementwise import affine
from minifit.lowering.rules.losses import lower_loss, pair
from minifit.lowering.values import Unlowered, Value


@lowers(losses.binary_crossentropy)
def binary_crossentropy(
    program: Program,
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Value:
    """Lower the cross-entropy of independent targets."""
    t, p = _one_each(program, "binary", y_true, y_pred)
    t = affine(program, t, 1 - label_smoothing, label_smoothing / 2) if label_smoothing else t
    t, p = _last(t, axis), _last(p, axis)
    return program.apply(ops.binary_crossentropy, (t, p, from_logits), {})  # type: ignore[no-any-return]


@lowers(losses.categorical_crossentropy)
def categorical_crossentropy(
    program: Program,
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Value:
    """Lower the cross-entropy of one-hot targets."""
    t, p = _one_each(program, "categorical", y_true, y_pred)
    if label_smoothing:
        classes = p.shape[axis]
        if classes is None:
            raise Unlowered("a categorical cross-entropy over the samples of a batch")
        t = affine(program, t, 1 - label_smoothing, label_smoothing / classes)
    t, p = _last(t, axis), _last(p, axis)
    return program.apply(ops.categorical_crossentropy, (t, p, from_logits), {})  # type: ignore[no-any-return]


def _one_each(program: Program, name: str, y_true: Any, y_pred: Any) -> tuple[Value, Value]:
    t, p = program.floats(y_true), program.floats(y_pred)
    if t.shape != p.shape:
        raise Unlowered(f"a {name} cross-entropy of targets that are not one for each prediction")
    return t, p


def _last(x: Value, axis: int) -> Any:
    return losses.last(x, axis)  # type: ignore[arg-type]


lowers_as(
    lower_loss,
    {
        losses.mean_absolute_percentage_error: "percentage_error",
        losses.mean_squared_logarithmic_error: "logarithmic_error",
        losses.log_cosh: "log_cosh",
        losses.kl_divergence: "divergence",
        losses.poisson: "poisson",
        losses.categorical_hinge: "categorical_hinge",
    },
)


@lowers(losses.huber)
def huber(program: Program, y_true: Any, y_pred: Any, delta: float = 1.0) -> Value:
    """Lower the Huber loss: squared errors up to `delta`, linear beyond."""
    return lower_loss(program, "huber", y_true, y_pred, float(delta))


@lowers(losses.hinge)
def hinge(program: Program, y_true: Any, y_pred: Any) -> Value:
    """Lower the mean of ``max(1 - y_true * y_pred, 0)``."""
    return lower_loss(program, "hinge", _signs(program, y_true), y_pred)


@lowers(losses.squared_hinge)
def squared_hinge(program: Program, y_true: Any, y_pred: Any) -> Value:
    """Lower the mean of ``max(1 - y_true * y_pred, 0) ** 2``."""
    return lower_loss(program, "squared_hinge", _signs(program, y_true), y_pred)


def _signs(program: Program, y_true: Any) -> Value:
    """Lower the conversion of targets to -1 and 1, from 0 and 1 if the batch has no others."""
    t = program.floats(y_true)
    if t.requires_grad:
        raise Unlowered("a loss whose targets depend on weights")
    others = None
    if program.workers.size > 1:
        (others,) = program.add_up_shares(1, ("other_signs", t, t.count))
    y = program.value(t.shape)
    program.emit("signs", y, t, t.count, others)
    return y


@lowers(losses.cosine_similarity)
def cosine_similarity(program: Program, y_true: Any, y_pred: Any, axis: Any = -1) -> Value:
    """Lower minus the cosine of the angle between targets and predictions."""
    return cosine(program, y_true, y_pred, axis, -1.0)


def cosine(program: Program, y_true: Any, y_pred: Any, axis: Any, sign: float) -> Value:
    """Lower a cosine along the last axis, times a sign."""
    t, p = pair(program, y_true, y_pred)
    if np.ndim(axis) or axis not in (-1, p.ndim - 1):
        raise Unlowered(f"a cosine along the axis {axis!r}")
    return lower_loss(program, "cosine", t, p, sign)
