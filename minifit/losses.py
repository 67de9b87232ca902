"""Losses: measures of how far predictions are from targets, for training to minimize.

A loss function returns one value for each sample; a loss object also weights the samples and reduces the
values to one number. Any function of ``(y_true, y_pred)`` written with `minifit.ops` is also a loss.
"""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from minifit import operations, ops
from minifit.arrays import Array, common_shape
from minifit.checks import above_zero, axes, exact, integer, real
from minifit.errors import ArgumentError, DataError, GradientError, ShapeError
from minifit.nonlinearities import softplus
from minifit.registration import get_registered_name
from minifit.settings import Fixed, Option, Setting, check_options
from minifit.signatures import as_written, check_call, name_of
from minifit.symbolic import Symbolic, on_symbols
from minifit.tables import Configurable, Table, described
from minifit.tensor import (
    Axis,
    Tensor,
    TensorLike,
    as_tensor,
    convert,
    current,
    floating,
    to_array,
)

__all__ = [
    "BCE",
    "KLD",
    "MAE",
    "MAPE",
    "MSE",
    "MSLE",
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "CosineSimilarity",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "LossFunctionWrapper",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "Reduction",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "bce",
    "binary_crossentropy",
    "categorical_crossentropy",
    "categorical_hinge",
    "cosine_similarity",
    "deserialize",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "kld",
    "kullback_leibler_divergence",
    "log_cosh",
    "logcosh",
    "mae",
    "mape",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "mse",
    "msle",
    "poisson",
    "serialize",
    "sparse_categorical_crossentropy",
    "squared_hinge",
]

LossFunction = Callable[..., Tensor]

EPSILON = 1e-7
"""Smallest value in divisions and logarithms: ``tf.keras.backend.epsilon()``."""


# -- one value per sample ------------------------------------------------------------------------------------


@on_symbols
def mean_squared_error(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return ``mean((y_pred - y_true) ** 2)`` over the last axis: shape (n, m) gives (n,)."""
    return ops.mean_squared_error(y_true, y_pred)


@on_symbols
def mean_absolute_error(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return ``mean(abs(y_pred - y_true))`` over the last axis: shape (n, m) gives (n,)."""
    return ops.mean_absolute_error(y_true, y_pred)


@on_symbols
def binary_crossentropy(
    y_true: TensorLike,
    y_pred: TensorLike,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """Return ``-mean(t log p + (1 - t) log(1 - p))`` over an axis, for targets from 0 to 1.

    Parameters
    ----------
    y_true, y_pred : Tensor of shape (n, m)
    from_logits : bool, default False
        Whether `y_pred` holds logits, the values before the sigmoid.
    label_smoothing : float from 0 to 1, default 0
        Strength `s` of smoothing towards 1/2: targets become ``t * (1 - s) + s / 2``.
    axis : int, default -1

    References
    ----------
    ``tf.keras.losses.binary_crossentropy`` (TensorFlow 2.7).
    """
    t, p = _same_shape("binary_crossentropy", y_true, y_pred)
    if label_smoothing:
        t = t * (1 - label_smoothing) + label_smoothing / 2
    return ops.binary_crossentropy(last(t, axis), last(p, axis), from_logits)


@on_symbols
def categorical_crossentropy(
    y_true: TensorLike,
    y_pred: TensorLike,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """Return ``-sum(t log p)`` over an axis, for one-hot targets.

    Parameters
    ----------
    y_true, y_pred : Tensor of shape (n, classes)
    from_logits : bool, default False
        Whether `y_pred` holds logits, the values before the softmax.
    label_smoothing : float from 0 to 1, default 0
        Strength `s` of smoothing towards equal probabilities: targets become ``t * (1 - s) + s / classes``.
    axis : int, default -1

    References
    ----------
    ``tf.keras.losses.categorical_crossentropy`` (TensorFlow 2.7).
    """
    t, p = _same_shape("categorical_crossentropy", y_true, y_pred)
    if label_smoothing:
        t = t * (1 - label_smoothing) + label_smoothing / p.shape[axis]
    return ops.categorical_crossentropy(last(t, axis), last(p, axis), from_logits)


@on_symbols
def sparse_categorical_crossentropy(
    y_true: TensorLike, y_pred: TensorLike, from_logits: bool = False, axis: int = -1
) -> Tensor:
    """Return ``-log p[y_true]``, for class numbers as targets.

    Parameters
    ----------
    y_true : Tensor of shape (n,) or (n, 1), from 0 to classes - 1
    y_pred : Tensor of shape (n, classes)
    from_logits : bool, default False
        Whether `y_pred` holds logits, the values before the softmax.
    axis : int, default -1
    """
    return ops.sparse_categorical_crossentropy(y_true, last(as_tensor(y_pred), axis), from_logits)


@on_symbols
def mean_absolute_percentage_error(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return ``100 * mean(abs((t - p) / max(abs(t), 1e-7)))`` over the last axis."""
    t, p = _pair(y_true, y_pred)
    return _mean(abs((t - p) / ops.clip(abs(t), EPSILON, np.inf))) * 100


@on_symbols
def mean_squared_logarithmic_error(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return ``mean((log(p + 1) - log(t + 1)) ** 2)`` over the last axis; smaller values count as 1e-7."""
    t, p = (ops.log(ops.clip(x, EPSILON, np.inf) + 1) for x in _pair(y_true, y_pred))
    return _mean(ops.square(p - t))


@on_symbols
def huber(y_true: TensorLike, y_pred: TensorLike, delta: float = 1.0) -> Tensor:
    """Return the mean over the last axis of half the squared error, continued as a straight line beyond `delta`.

    Parameters
    ----------
    y_true, y_pred : Tensor of shape (n, m)
    delta : float, default 1
        Largest absolute error with the loss ``error ** 2 / 2``; beyond it the loss is
        ``delta * abs(error) - delta ** 2 / 2``.

    References
    ----------
    ``tf.keras.losses.huber`` (TensorFlow 2.7).
    """
    t, p = _pair(y_true, y_pred)
    size = abs(p - t)
    clipped = ops.minimum(size, delta)
    # one formula for both branches, in which no square can overflow
    return _mean(clipped * (size - clipped * 0.5))


@on_symbols
def log_cosh(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return ``mean(log(cosh(p - t)))`` over the last axis.

    For small errors it is about half the squared error, for large ones the absolute error less log 2.
    """
    t, p = _pair(y_true, y_pred)
    error = p - t
    return _mean(error + softplus(error * -2) - math.log(2))


@on_symbols
def kl_divergence(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return ``sum(t * log(t / p))`` over the last axis, with both clipped to [1e-7, 1]."""
    t, p = (ops.clip(x, EPSILON, 1) for x in _pair(y_true, y_pred))
    return (t * ops.log(t / p)).sum(-1)


@on_symbols
def poisson(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return ``mean(p - t * log(p + 1e-7))`` over the last axis, for counts as targets and rates as predictions."""
    t, p = _pair(y_true, y_pred)
    return _mean(p - t * ops.log(p + EPSILON))


@on_symbols
def hinge(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return ``mean(max(1 - t * p, 0))`` over the last axis, for targets -1 and 1.

    In a batch of targets 0 and 1 alone, 0 counts as -1.
    """
    return _mean(_margin(y_true, y_pred))


@on_symbols
def squared_hinge(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return ``mean(max(1 - t * p, 0) ** 2)`` over the last axis, for targets as in `hinge`."""
    return _mean(ops.square(_margin(y_true, y_pred)))


def _margin(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    t, p = _pair(y_true, y_pred)
    others = not ((t.value == 0) | (t.value == 1)).all()
    (in_batch,) = current().add_up(np.full(1, others, p.dtype))
    if not in_batch[0]:
        t = t * 2 - 1
    return ops.clip(1 - t * p, 0, np.inf)


@on_symbols
def categorical_hinge(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return ``max(1 + max((1 - t) * p) - sum(t * p), 0)`` over the last axis, for one-hot targets."""
    t, p = _pair(y_true, y_pred)
    right = (t * p).sum(-1)
    wrong = ops.max((1 - t) * p, -1)
    return ops.clip(wrong - right + 1, 0, np.inf)


@on_symbols
def cosine_similarity(y_true: TensorLike, y_pred: TensorLike, axis: Axis = -1) -> Tensor:
    """Return the cosine of the angle between target and prediction, times -1: the best value is -1.

    Parameters
    ----------
    y_true, y_pred : Tensor of shape (n, m)
    axis : int, default -1
        Axis of the vectors. A vector of zeros has cosine 0 with every other.

    References
    ----------
    ``tf.keras.losses.cosine_similarity`` (TensorFlow 2.7). The metric of this name is the cosine itself.
    """
    t, p = (_unit(x, axis) for x in _pair(y_true, y_pred))
    return -(t * p).sum(axis)


def _unit(x: Tensor, axis: Axis) -> Tensor:
    """Return `x` divided by its length; a length below 1e-6 counts as 1e-6."""
    return x / ops.sqrt(ops.clip(ops.square(x).sum(axis, keepdims=True), 1e-12, np.inf))


def _mean(x: Tensor) -> Tensor:
    """Return the mean over the last axis: the sum divided by n, because multiplying by 1 / n rounds once more."""
    return x.sum(-1) / int(x.shape[-1])


def _pair(y_true: TensorLike, y_pred: TensorLike) -> tuple[Tensor, Tensor]:
    """Return targets and predictions as tensors of the predictions' dtype, with shapes that broadcast."""
    p = floating(y_pred)
    t = convert(as_tensor(y_true), p.dtype)
    if not common_shape(t.shape, p.shape):
        raise ShapeError(
            "A loss needs a last axis to average over. Received: a single number. "
            "Pass targets and predictions of shape (n,) or (n, m)."
        )
    return t, p


def _same_shape(name: str, y_true: TensorLike, y_pred: TensorLike) -> tuple[Tensor, Tensor]:
    p, t = floating(y_pred), as_tensor(y_true)
    if t.shape != p.shape:
        sparse = " For class numbers, use sparse_categorical_crossentropy." if name.startswith("cat") else ""
        raise ShapeError(
            f"{name} needs one target for each prediction. Received: targets of shape {t.shape}, "
            f"predictions of shape {p.shape}. Pass targets of the predictions' shape.{sparse}"
        )
    return convert(t, p.dtype), p


def last(x: Tensor, axis: int) -> Tensor:
    """Return `x` with `axis` moved to the end."""
    if axis in (-1, x.ndim - 1):
        return x
    order = [i for i in range(x.ndim) if i != axis % x.ndim] + [axis % x.ndim]
    return ops.transpose(x, tuple(order))


# -- one number per batch ------------------------------------------------------------------------------------


class Reduction:
    """The ways to reduce the values of the samples to one number."""

    AUTO = "auto"
    NONE = "none"
    SUM = "sum"
    SUM_OVER_BATCH_SIZE = "sum_over_batch_size"

    @classmethod
    def all(cls) -> tuple[str, ...]:
        """Return the four reductions."""
        return cls.AUTO, cls.NONE, cls.SUM, cls.SUM_OVER_BATCH_SIZE

    @classmethod
    def validate(cls, key: str) -> None:
        """Raise `ArgumentError` unless `key` is a reduction."""
        if key not in cls.all():
            raise ArgumentError(
                f"reduction must be one of {', '.join(map(repr, cls.all()))}. Received: {key!r}. "
                "Most models need 'auto'."
            )


def _reduction(name: str, value: str) -> str:
    Reduction.validate(value)
    return value


def smoothing(name: str, value: Any) -> Any:
    """Return a `label_smoothing` as a Python number, after validating it."""
    amount = real(value)
    if amount is None or not 0 <= amount <= 1:
        raise ArgumentError(
            f"{name} must be from 0 to 1. Received: {name}={value!r}. 0 leaves the targets unchanged."
        )
    return amount


class Loss(Configurable):
    """The base class of loss objects: a subclass defines `call`.

    Parameters
    ----------
    reduction : {"auto", "sum_over_batch_size", "sum", "none"}, default "auto"
        "auto" is the mean over all values ("sum_over_batch_size"). "none" raises an error when several workers share
        a batch.
    name : str, optional

    Raises
    ------
    ArgumentError
        For any other reduction.

    References
    ----------
    ``tf.keras.losses.Loss`` (TensorFlow 2.7).
    """

    reduction = Setting(_reduction)
    _own = True  # False for the user's classes

    def __init__(self, reduction: str = Reduction.AUTO, name: str | None = None) -> None:
        self.reduction = reduction
        self.name = name or type(self).__name__

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return one value for each sample."""
        raise NotImplementedError(f"{type(self).__name__} must define call(y_true, y_pred)")

    def check_targets(self, name: str, y_true: Array, y_pred: tuple[int | None, ...]) -> None:
        """Raise an error for targets that the loss cannot use. `fit` calls this before training, with all targets.

        Parameters
        ----------
        name : str
            Name of the targets in error messages.
        y_true : ndarray
        y_pred : tuple of int or None
            Shape of a batch of predictions; None is an unknown dimension.
        """

    def __call__(self, y_true: TensorLike, y_pred: TensorLike, sample_weight: Any = None) -> Tensor:
        """Return the loss of a batch.

        Parameters
        ----------
        y_true, y_pred : Tensor or array
        sample_weight : array of shape (n,) or broadcastable to the values, optional

        Returns
        -------
        Tensor
            One number; with reduction "none", one value for each sample.
        """
        if isinstance(y_pred, Symbolic) or isinstance(y_true, Symbolic):
            symbol: Tensor = self._of_symbols(y_true, y_pred, sample_weight)
            return symbol
        p = floating(y_pred)
        t = (
            y_true
            if isinstance(y_true, Tensor) and y_true.value.shape == p.value.shape
            else matched(y_true, p)
        )
        values = self.call(t, p)
        if not isinstance(values, Tensor):
            raise GradientError(
                f"The loss {self.name!r} must return a tensor, which carries its gradient. Received: "
                f"{type(values).__name__}. Write the loss with minifit.ops instead of NumPy."
            )
        # a loss may return one number for the whole batch
        if sample_weight is not None and values.ndim == 0:
            values = ops.broadcast_to(values, to_array(sample_weight).shape)
        weights = None if sample_weight is None else fit_weights(to_array(sample_weight), values.value)
        if self.reduction == Reduction.NONE:
            return values if weights is None else values * weights
        if self.reduction == Reduction.SUM:
            return ops.weighted_mean(values, weights, 1)
        return ops.weighted_mean(values, weights, max(values.value.size, 1))

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls._own = cls.__module__.startswith("minifit.")

    def lower(self, program: Any, y_true: Any, y_pred: Any, sample_weight: Any) -> Any:
        """Emit the instructions of the loss of a batch, and return its value: the counterpart of `__call__`."""
        if not self._own or not as_written(self, "call", "__call__"):
            program.refuse(f"the loss {self.name!r}, which is the user's own")
        values = self.lower_values(program, program.match_ranks(y_true, y_pred), y_pred)
        if self.reduction == Reduction.NONE:
            return values if sample_weight is None else values * program.aligned(sample_weight, values)
        return ops.weighted_mean(values, sample_weight, 1 if self.reduction == Reduction.SUM else None)  # type: ignore[arg-type]

    def lower_values(self, program: Any, y_true: Any, y_pred: Any) -> Any:
        """Emit the instructions of one value for each sample, and return that value."""
        return self.call(y_true, y_pred)

    def _of_symbols(self, y_true: Any, y_pred: Any, sample_weight: Any) -> Any:
        """Return the loss of symbolic tensors, as part of their graph."""
        values: Any = self.call(y_true, y_pred)
        if sample_weight is not None:
            column = len(np.shape(sample_weight)) == values.ndim + 1
            values = values * (ops.squeeze(sample_weight, -1) if column else sample_weight)
        if self.reduction == Reduction.NONE:
            return values
        return ops.sum(values) if self.reduction == Reduction.SUM else ops.mean(values)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal loss."""
        return {"reduction": self.reduction, "name": self.name}


class LossFunctionWrapper(Loss):
    """The loss object that calls a loss function.

    Parameters
    ----------
    fn : callable
        ``fn(y_true, y_pred, **kwargs)`` returns one value for each sample.
    reduction, name
        As for `Loss`.
    **kwargs
        Passed to `fn`.
    """

    fn = Fixed()

    def __init__(
        self, fn: LossFunction, reduction: str = Reduction.AUTO, name: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(reduction, name or name_of(fn))
        check_call(f"The loss {self.name!r}", fn, "y_true", "y_pred", **kwargs)
        self.fn = fn
        self._options = kwargs
        check_options(self)

    @property
    def options(self) -> Mapping[str, Any]:
        """Keyword arguments of the function."""
        return MappingProxyType(self._options)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return one value for each sample."""
        values: Tensor = self.fn(y_true, y_pred, **self._options)
        return values

    def lower_values(self, program: Any, y_true: Any, y_pred: Any) -> Any:
        """Emit the instructions of one value for each sample, and return that value."""
        return program.call(self.fn, y_true, y_pred, **self._options)

    def check_targets(self, name: str, y_true: Array, y_pred: tuple[int | None, ...]) -> None:
        """Raise `DataError` for targets of a sparse loss that are not class numbers."""
        if self.fn is sparse_categorical_crossentropy:
            check_classes(name, y_true, y_pred[self._options.get("axis", -1)], len(y_pred))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal loss."""
        return {**super().get_config(), **self._options}


class MeanSquaredError(LossFunctionWrapper):
    """The mean of squared differences."""

    def __init__(self, reduction: str = Reduction.AUTO, name: str = "mean_squared_error") -> None:
        super().__init__(mean_squared_error, reduction, name)


class MeanAbsoluteError(LossFunctionWrapper):
    """The mean of absolute differences."""

    def __init__(self, reduction: str = Reduction.AUTO, name: str = "mean_absolute_error") -> None:
        super().__init__(mean_absolute_error, reduction, name)


class BinaryCrossentropy(LossFunctionWrapper):
    """Cross-entropy of independent yes-or-no targets; the arguments are those of `binary_crossentropy`."""

    from_logits, label_smoothing, axis = Option(), Option(smoothing), Option(integer)

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str = Reduction.AUTO,
        name: str = "binary_crossentropy",
    ) -> None:
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(binary_crossentropy, reduction, name, **options)


class CategoricalCrossentropy(LossFunctionWrapper):
    """Cross-entropy of one-hot targets; the arguments are those of `categorical_crossentropy`."""

    from_logits, label_smoothing, axis = Option(), Option(smoothing), Option(integer)

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str = Reduction.AUTO,
        name: str = "categorical_crossentropy",
    ) -> None:
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(categorical_crossentropy, reduction, name, **options)


class SparseCategoricalCrossentropy(LossFunctionWrapper):
    """Cross-entropy of class numbers; the arguments are those of `sparse_categorical_crossentropy`."""

    from_logits = Option()

    def __init__(
        self,
        from_logits: bool = False,
        reduction: str = Reduction.AUTO,
        name: str = "sparse_categorical_crossentropy",
    ) -> None:
        super().__init__(sparse_categorical_crossentropy, reduction, name, from_logits=from_logits)


class MeanAbsolutePercentageError(LossFunctionWrapper):
    """The mean of absolute differences, in percent of the targets."""

    def __init__(self, reduction: str = Reduction.AUTO, name: str = "mean_absolute_percentage_error") -> None:
        super().__init__(mean_absolute_percentage_error, reduction, name)


class MeanSquaredLogarithmicError(LossFunctionWrapper):
    """The mean of squared differences of the logarithms."""

    def __init__(self, reduction: str = Reduction.AUTO, name: str = "mean_squared_logarithmic_error") -> None:
        super().__init__(mean_squared_logarithmic_error, reduction, name)


class Huber(LossFunctionWrapper):
    """Squared error, continued as a straight line for large errors; the arguments are those of `huber`."""

    delta = Option(exact(above_zero))

    def __init__(self, delta: float = 1.0, reduction: str = Reduction.AUTO, name: str = "huber_loss") -> None:
        super().__init__(huber, reduction, name, delta=delta)


class LogCosh(LossFunctionWrapper):
    """The mean of the logarithm of the hyperbolic cosine of the differences."""

    def __init__(self, reduction: str = Reduction.AUTO, name: str = "log_cosh") -> None:
        super().__init__(log_cosh, reduction, name)


class KLDivergence(LossFunctionWrapper):
    """The Kullback-Leibler divergence of predicted from true distributions."""

    def __init__(self, reduction: str = Reduction.AUTO, name: str = "kl_divergence") -> None:
        super().__init__(kl_divergence, reduction, name)


class Poisson(LossFunctionWrapper):
    """The Poisson loss of counts."""

    def __init__(self, reduction: str = Reduction.AUTO, name: str = "poisson") -> None:
        super().__init__(poisson, reduction, name)


class Hinge(LossFunctionWrapper):
    """The hinge loss of targets -1 and 1, or 0 and 1."""

    def __init__(self, reduction: str = Reduction.AUTO, name: str = "hinge") -> None:
        super().__init__(hinge, reduction, name)


class SquaredHinge(LossFunctionWrapper):
    """The squared hinge loss of targets -1 and 1, or 0 and 1."""

    def __init__(self, reduction: str = Reduction.AUTO, name: str = "squared_hinge") -> None:
        super().__init__(squared_hinge, reduction, name)


class CategoricalHinge(LossFunctionWrapper):
    """The hinge loss of one-hot targets."""

    def __init__(self, reduction: str = Reduction.AUTO, name: str = "categorical_hinge") -> None:
        super().__init__(categorical_hinge, reduction, name)


class CosineSimilarity(LossFunctionWrapper):
    """The cosine of the angle between target and prediction, times -1."""

    axis = Option(axes)

    def __init__(
        self, axis: Axis = -1, reduction: str = Reduction.AUTO, name: str = "cosine_similarity"
    ) -> None:
        super().__init__(cosine_similarity, reduction, name, axis=axis)


def match_ranks(y_true: Array, y_pred: Array) -> Array:
    """Return targets with as many axes as the predictions, if they lack one or have one of length 1 too many.

    Targets of shape (n,) for predictions of shape (n, m) become a column of shape (n, 1): so ``np.zeros(5)``
    broadcasts against ten outputs, as in Keras (rule FIT-11).
    """
    if y_true.ndim == y_pred.ndim - 1 and (y_true.ndim == 1 or y_pred.shape[-1] == 1):
        return y_true[..., None]
    if y_true.ndim == y_pred.ndim + 1 and y_true.shape[-1] == 1:
        return y_true[..., 0]
    return y_true


def check_classes(name: str, y_true: Array, classes: int | None, rank: int) -> None:
    """Validate that targets, for predictions of this rank, are class numbers below `classes`.

    Raises
    ------
    DataError
        With the first target that is not a class number.
    """
    if classes is None or (y_true.ndim != rank - 1 and y_true.shape[-1] != 1):
        # possibly one-hot: the loss itself raises the error
        return
    ids = y_true.reshape(len(y_true), -1)
    if ids.min() >= 0 and ids.max() < classes and (ids.dtype.kind != "f" or not (ids % 1).any()):
        return
    wrong = ~((ids >= 0) & (ids < classes) & (np.floor(ids) == ids))
    row = int(wrong.any(axis=1).argmax())
    raise DataError.no_class(ids[row][wrong[row]][0], row, name, classes)


def matched(y_true: TensorLike, y_pred: Tensor) -> Tensor:
    """Return targets as a tensor of the predictions' rank."""
    t = as_tensor(y_true)
    values = match_ranks(t.value, y_pred.value)
    return t if values is t.value else t.reshape(values.shape)


def fit_weights(weights: Array, values: Array) -> Array:
    """Return sample weights, broadcast to the values of the samples."""
    if weights.ndim == values.ndim + 1 and weights.shape[-1] == 1:
        weights = weights[..., 0]
    while 0 < weights.ndim < values.ndim:
        weights = weights[..., None]
    try:
        return np.broadcast_to(weights, values.shape).astype(values.dtype, copy=False)
    except ValueError:
        raise ShapeError(
            f"sample_weight needs one weight for each sample. Received: weights of shape {weights.shape} for "
            f"values of shape {values.shape}. Pass an array of shape ({values.shape[0]},)."
        ) from None


for _loss in (
    mean_squared_error,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_logarithmic_error,
    binary_crossentropy,
    categorical_crossentropy,
    sparse_categorical_crossentropy,
    kl_divergence,
    poisson,
    log_cosh,
    hinge,
    squared_hinge,
    categorical_hinge,
):
    operations.add(_loss, f"keras.metrics.{_loss.__name__}")
# registered as losses: the metric cosine_similarity has the other sign
for _loss in (huber, cosine_similarity):
    operations.add(_loss, f"keras.losses.{_loss.__name__}")

mse = MSE = mean_squared_error
mae = MAE = mean_absolute_error
bce = BCE = binary_crossentropy
mape = MAPE = mean_absolute_percentage_error
msle = MSLE = mean_squared_logarithmic_error
kld = KLD = kullback_leibler_divergence = kl_divergence
logcosh = log_cosh

TABLE = Table(
    "loss",
    {
        "mean_squared_error": mean_squared_error,
        "mse": mean_squared_error,
        "MSE": mean_squared_error,
        "MeanSquaredError": MeanSquaredError,
        "mean_absolute_error": mean_absolute_error,
        "mae": mean_absolute_error,
        "MAE": mean_absolute_error,
        "MeanAbsoluteError": MeanAbsoluteError,
        "binary_crossentropy": binary_crossentropy,
        "bce": binary_crossentropy,
        "BCE": binary_crossentropy,
        "BinaryCrossentropy": BinaryCrossentropy,
        "categorical_crossentropy": categorical_crossentropy,
        "CategoricalCrossentropy": CategoricalCrossentropy,
        "sparse_categorical_crossentropy": sparse_categorical_crossentropy,
        "SparseCategoricalCrossentropy": SparseCategoricalCrossentropy,
        "mean_absolute_percentage_error": mean_absolute_percentage_error,
        "mape": mean_absolute_percentage_error,
        "MAPE": mean_absolute_percentage_error,
        "MeanAbsolutePercentageError": MeanAbsolutePercentageError,
        "mean_squared_logarithmic_error": mean_squared_logarithmic_error,
        "msle": mean_squared_logarithmic_error,
        "MSLE": mean_squared_logarithmic_error,
        "MeanSquaredLogarithmicError": MeanSquaredLogarithmicError,
        "huber": huber,
        "huber_loss": huber,
        "Huber": Huber,
        "log_cosh": log_cosh,
        "logcosh": log_cosh,
        "LogCosh": LogCosh,
        "kl_divergence": kl_divergence,
        "kullback_leibler_divergence": kl_divergence,
        "kld": kl_divergence,
        "KLD": kl_divergence,
        "KLDivergence": KLDivergence,
        "poisson": poisson,
        "Poisson": Poisson,
        "hinge": hinge,
        "Hinge": Hinge,
        "squared_hinge": squared_hinge,
        "SquaredHinge": SquaredHinge,
        "categorical_hinge": categorical_hinge,
        "CategoricalHinge": CategoricalHinge,
        "cosine_similarity": cosine_similarity,
        "CosineSimilarity": CosineSimilarity,
    },
)


def get(identifier: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return a loss function or object from its name, its configuration or itself; None stays None."""
    return None if identifier is None else TABLE.make(identifier, custom_objects)


def serialize(loss: Any) -> Any:
    """Return a loss as plain data: a function as its name, an object as its class and configuration."""
    if isinstance(loss, Loss):
        return described(loss)
    return get_registered_name(loss) if hasattr(loss, "__name__") else loss


deserialize = get
