"""`BatchNormalization`: every feature with mean 0 and variance 1 over the batch."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from minifit import constraints, initializers, ops, regularizers
from minifit.arrays import Array
from minifit.checks import fraction, not_negative
from minifit.layers.axes import (
    check_features,
    checked_axes,
    given_axes,
    known_sizes,
    lowered_last,
    spread,
)
from minifit.layers.base import Layer, ShapeLike, Shaping, WeightSetting
from minifit.parameters import Parameter, keep
from minifit.settings import Setting, flag, unnamed
from minifit.tables import serialize
from minifit.tensor import Tensor, current, floating


class BatchNormalization(Layer):
    """``gamma * (x - mean) / sqrt(variance + epsilon) + beta`` for each feature.

    In training, mean and variance are those of the batch, which also update the moving averages. In inference, and
    while ``trainable`` is False, they are the moving averages.

    Parameters
    ----------
    axis : int or list of int, default -1
        The axis of the features. The mean is taken over all other axes.
    momentum : float, default 0.99
        The factor of a moving average at each step: ``average * momentum + batch * (1 - momentum)``.
    epsilon : float, default 0.001
    center, scale : bool, default True
        Whether to use `beta` and `gamma`, respectively.
    beta_initializer, gamma_initializer, moving_mean_initializer, moving_variance_initializer
        By default "zeros", "ones", "zeros" and "ones".
    beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint : optional
    **kwargs
        As for `Layer`.

    Attributes
    ----------
    gamma, beta : Parameter of shape (features,), or None
    moving_mean, moving_variance : Parameter of shape (features,), not trainable

    Notes
    -----
    The variance of the batch is the biased one, and so is its contribution to the moving variance. For input of rank 4
    or 5 with the features at axis 1 or -1 the moving variance is updated with the unbiased one, as in TensorFlow.

    If several workers share a batch, mean and variance are those of the whole batch.

    References
    ----------
    S. Ioffe and C. Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing Internal
    Covariate Shift", ICML 2015; ``tf.keras.layers.BatchNormalization`` (TensorFlow 2.7).
    """

    axis = Shaping(unnamed(given_axes))
    momentum = Setting(partial(fraction, closed=True))
    epsilon = Setting(not_negative)
    center, scale = Shaping(flag), Shaping(flag)
    beta_initializer = Setting(unnamed(initializers.get))
    gamma_initializer = Setting(unnamed(initializers.get))
    moving_mean_initializer = Setting(unnamed(initializers.get))
    moving_variance_initializer = Setting(unnamed(initializers.get))
    beta_regularizer = WeightSetting(unnamed(regularizers.get))
    gamma_regularizer = WeightSetting(unnamed(regularizers.get))
    beta_constraint = WeightSetting(unnamed(constraints.get))
    gamma_constraint = WeightSetting(unnamed(constraints.get))

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        momentum: float = 0.99,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.axis, self.momentum, self.epsilon = axis, momentum, epsilon
        self.center, self.scale = center, scale
        self.beta_initializer, self.gamma_initializer = beta_initializer, gamma_initializer
        self.moving_mean_initializer = moving_mean_initializer
        self.moving_variance_initializer = moving_variance_initializer
        self.beta_regularizer, self.gamma_regularizer = beta_regularizer, gamma_regularizer
        self.beta_constraint, self.gamma_constraint = beta_constraint, gamma_constraint
        self.gamma: Parameter | None = None
        self.beta: Parameter | None = None

    def build(self, input_shape: ShapeLike) -> None:
        """Create gamma, beta and the moving averages."""
        rank = len(input_shape)
        axes = checked_axes(self.name, self.axis, rank)
        features = known_sizes(self.name, input_shape, axes)
        self.axis = axes
        self._over = tuple(i for i in range(rank) if i not in axes)
        self._unbiased = rank in (4, 5) and axes in ([1], [rank - 1])
        # With one axis of features, weights are vectors; several axes keep their positions among axes of length 1.
        shape = (
            features
            if len(axes) == 1
            else tuple(1 if i in self._over else input_shape[i] or 1 for i in range(rank))
        )
        self._broadcast = tuple(features[axes.index(i)] if i in axes else 1 for i in range(rank))
        if self.scale:
            self.gamma = self.add_weight(
                "gamma",
                shape,
                initializer=self.gamma_initializer,
                regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint,
            )
        if self.center:
            self.beta = self.add_weight(
                "beta",
                shape,
                initializer=self.beta_initializer,
                regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
            )
        self.moving_mean = self.add_weight(
            "moving_mean", shape, initializer=self.moving_mean_initializer, trainable=False
        )
        self.moving_variance = self.add_weight(
            "moving_variance", shape, initializer=self.moving_variance_initializer, trainable=False
        )

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        """Return the normalized batch."""
        check_features(self.name, inputs.shape, self._broadcast)
        inputs = floating(inputs)
        gamma, beta = (spread(p, self._broadcast) for p in (self.gamma, self.beta))
        if training and self.trainable:
            mean, variance, count = self._moments(inputs.value)
            self._update_averages(mean, variance, count)
            return ops.normalize(inputs, mean, variance, gamma, beta, self.epsilon, self._over)
        mean, variance = (
            p.value.reshape(self._broadcast).astype(inputs.dtype, copy=False)
            for p in (self.moving_mean, self.moving_variance)
        )
        return ops.normalize(inputs, mean, variance, gamma, beta, self.epsilon)

    def lower(self, program: Any, inputs: Any, training: bool) -> Any:
        """Emit the computation of `call`, with the features moved to the last axis."""
        check_features(self.name, inputs.shape, self._broadcast)
        x, undo = lowered_last(program, inputs, self.axis)
        averages = program.weight(self.moving_mean), program.weight(self.moving_variance)
        if not (training and self.trainable):
            return undo(ops.normalize(x, *averages, self.gamma, self.beta, self.epsilon))
        m, part = x.columns, float(np.float32(1 - self.momentum))
        moments = program.value((m,)), program.value((m,))
        settings = x.rows, m, part, int(self._unbiased)
        if program.workers.size > 1 and x.of_batch:
            mean, variance = moments
            for moment, center in ((mean, None), (variance, mean)):
                (sums,) = program.add_up_shares(m, ("column_sums", x, center, x.rows, m))
                program.emit("column_means", moment, sums, x.rows, m)
            program.settle("move_averages", averages, mean, variance, *settings)
        else:
            program.emit("batch_moments", (*moments, *averages), x, *settings)
        over = tuple(range(x.ndim - 1))
        return undo(ops.normalize(x, *moments, self.gamma, self.beta, self.epsilon, over))

    def _moments(self, x: Array) -> tuple[Array, Array, int]:
        """Return the mean and the variance of each feature over the whole batch, and the number of its values."""
        here = current()
        if here.share is None:
            mean, variance = x.mean(self._over, keepdims=True), x.var(self._over, keepdims=True)
            return mean, variance, x.size // max(mean.size, 1)
        (sums,) = here.add_up(x.sum(self._over, keepdims=True))
        count = here.whole(x.size // max(sums.size, 1))
        mean = sums / count
        (squares,) = here.add_up(np.square(x - mean).sum(self._over, keepdims=True))
        return mean, squares / count, count

    def _update_averages(self, mean: Array, variance: Array, count: int) -> None:
        """Update the moving averages with a batch that has this many values for each feature."""
        if self._unbiased:
            variance = variance * (count / max(count - 1, 1))
        part = np.float32(1 - self.momentum)
        for average, new in ((self.moving_mean.value, mean), (self.moving_variance.value, variance)):
            keep(average)
            average -= (average - new.reshape(average.shape)) * part

    def compute_output_shape(self, input_shape: ShapeLike) -> ShapeLike:
        """Return the input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal layer."""
        return {
            **super().get_config(),
            "axis": self.axis,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            "beta_initializer": serialize(self.beta_initializer),
            "gamma_initializer": serialize(self.gamma_initializer),
            "moving_mean_initializer": serialize(self.moving_mean_initializer),
            "moving_variance_initializer": serialize(self.moving_variance_initializer),
            "beta_regularizer": serialize(self.beta_regularizer),
            "gamma_regularizer": serialize(self.gamma_regularizer),
            "beta_constraint": serialize(self.beta_constraint),
            "gamma_constraint": serialize(self.gamma_constraint),
        }
