"""Metrics of how far predictions are from targets: the means of the losses, and two that are not losses."""

from typing import Any

import numpy as np

from minifit import losses
from minifit.arrays import Array
from minifit.checks import axes, integer
from minifit.losses import match_ranks
from minifit.metrics.base import Mean, MeanMetricWrapper, larger_is_better
from minifit.numbers import Number
from minifit.settings import Option
from minifit.tensor import TensorLike, to_array


@larger_is_better
def cosine_similarity(y_true: TensorLike, y_pred: TensorLike, axis: int = -1) -> Array:
    """Return the cosine of the angle between target and prediction: 1 for the same direction, -1 for opposite ones.

    The loss of the same name is its negative.
    """
    t, p = (_unit(to_array(x).astype(np.float32), axis) for x in (y_true, y_pred))
    return np.asarray((t * p).sum(axis))


def _unit(x: Array, axis: int) -> Array:
    """Return `x` divided by its length; a length below 1e-6 counts as 1e-6."""
    square = np.square(x).sum(axis, keepdims=True)
    return np.asarray(x / np.sqrt(np.maximum(square, np.float32(1e-12))))


class RootMeanSquaredError(Mean):
    """The root of the mean of squared differences over all batches, not a mean of roots."""

    direction = "min"

    def __init__(self, name: str = "root_mean_squared_error", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Update the metric with one batch of targets and predictions."""
        p = to_array(y_pred)
        super().update_state(np.square(p - match_ranks(to_array(y_true), p)), sample_weight)

    def lower(self, program: Any, y_true: Any, y_pred: Any, sample_weight: Any) -> None:
        """Emit the instructions that update the metric with a batch, each number as a separate row."""
        self._need_own(program)
        columns = [program.view(x, (*x.shape, 1)) for x in (program.match_ranks(y_true, y_pred), y_pred)]
        values = program.apply(losses.mean_squared_error, tuple(columns), {})
        program.add_to_mean(self, values, sample_weight)

    def result(self) -> Number:
        """Return the root of the mean; 0 before the first value."""
        return Number(np.sqrt(super().result()))


class CosineSimilarity(MeanMetricWrapper):
    """The mean cosine of the angle between target and prediction."""

    axis = Option(axes)

    def __init__(self, name: str = "cosine_similarity", dtype: Any = None, axis: int = -1) -> None:
        super().__init__(cosine_similarity, name, dtype, axis=axis)


class MeanSquaredError(MeanMetricWrapper):
    """The mean of squared differences."""

    def __init__(self, name: str = "mean_squared_error", dtype: Any = None) -> None:
        super().__init__(losses.mean_squared_error, name, dtype)


class MeanAbsoluteError(MeanMetricWrapper):
    """The mean of absolute differences."""

    def __init__(self, name: str = "mean_absolute_error", dtype: Any = None) -> None:
        super().__init__(losses.mean_absolute_error, name, dtype)


class MeanAbsolutePercentageError(MeanMetricWrapper):
    """The mean of absolute differences, in percent of the targets."""

    def __init__(self, name: str = "mean_absolute_percentage_error", dtype: Any = None) -> None:
        super().__init__(losses.mean_absolute_percentage_error, name, dtype)


class MeanSquaredLogarithmicError(MeanMetricWrapper):
    """The mean of squared differences of the logarithms."""

    def __init__(self, name: str = "mean_squared_logarithmic_error", dtype: Any = None) -> None:
        super().__init__(losses.mean_squared_logarithmic_error, name, dtype)


class LogCoshError(MeanMetricWrapper):
    """The mean of ``log(cosh(y_pred - y_true))``."""

    def __init__(self, name: str = "logcosh", dtype: Any = None) -> None:
        super().__init__(losses.log_cosh, name, dtype)


class Poisson(MeanMetricWrapper):
    """The mean Poisson loss of counts."""

    def __init__(self, name: str = "poisson", dtype: Any = None) -> None:
        super().__init__(losses.poisson, name, dtype)


class KLDivergence(MeanMetricWrapper):
    """The mean Kullback-Leibler divergence of predicted from true distributions."""

    def __init__(self, name: str = "kullback_leibler_divergence", dtype: Any = None) -> None:
        super().__init__(losses.kl_divergence, name, dtype)


class Hinge(MeanMetricWrapper):
    """The mean hinge loss, of targets -1 and 1 (or 0 and 1)."""

    def __init__(self, name: str = "hinge", dtype: Any = None) -> None:
        super().__init__(losses.hinge, name, dtype)


class SquaredHinge(MeanMetricWrapper):
    """The mean squared hinge loss, of targets -1 and 1 (or 0 and 1)."""

    def __init__(self, name: str = "squared_hinge", dtype: Any = None) -> None:
        super().__init__(losses.squared_hinge, name, dtype)


class CategoricalHinge(MeanMetricWrapper):
    """The mean hinge loss of one-hot targets."""

    def __init__(self, name: str = "categorical_hinge", dtype: Any = None) -> None:
        super().__init__(losses.categorical_hinge, name, dtype)


class BinaryCrossentropy(MeanMetricWrapper):
    """The mean cross-entropy of independent yes-or-no targets."""

    from_logits, label_smoothing = Option(), Option(losses.smoothing)

    def __init__(
        self,
        name: str = "binary_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
    ) -> None:
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing}
        super().__init__(losses.binary_crossentropy, name, dtype, **options)


class CategoricalCrossentropy(MeanMetricWrapper):
    """The mean cross-entropy of one-hot targets."""

    from_logits, label_smoothing = Option(), Option(losses.smoothing)

    def __init__(
        self,
        name: str = "categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
    ) -> None:
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing}
        super().__init__(losses.categorical_crossentropy, name, dtype, **options)


class SparseCategoricalCrossentropy(MeanMetricWrapper):
    """The mean cross-entropy of class numbers."""

    from_logits, axis = Option(), Option(integer)

    def __init__(
        self,
        name: str = "sparse_categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        axis: int = -1,
    ) -> None:
        options = {"from_logits": from_logits, "axis": axis}
        super().__init__(losses.sparse_categorical_crossentropy, name, dtype, **options)
