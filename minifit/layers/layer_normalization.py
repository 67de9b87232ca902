"""`LayerNormalization`: every sample with mean 0 and variance 1 over its features."""

from collections.abc import Sequence
from typing import Any

from minifit import constraints, initializers, ops, regularizers
from minifit.checks import not_negative
from minifit.layers.axes import (
    check_features,
    checked_axes,
    given_axes,
    known_sizes,
    lowered_last,
    spread,
)
from minifit.layers.base import Layer, ShapeLike, Shaping, WeightSetting
from minifit.parameters import Parameter
from minifit.settings import Setting, flag, unnamed
from minifit.tables import serialize
from minifit.tensor import Tensor


class LayerNormalization(Layer):
    """``gamma * (x - mean) / sqrt(variance + epsilon) + beta`` for each sample, in training and inference alike.

    Parameters
    ----------
    axis : int or list of int, default -1
        The axes of the features, over which mean and variance are taken.
    epsilon : float, default 0.001
    center, scale : bool, default True
        Whether to use `beta` and `gamma`, respectively.
    beta_initializer, gamma_initializer
        By default "zeros" and "ones".
    beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint : optional
    **kwargs
        As for `Layer`.

    Attributes
    ----------
    gamma, beta : Parameter of the shape of the features, or None

    References
    ----------
    J. L. Ba, J. R. Kiros and G. E. Hinton, "Layer Normalization", arXiv:1607.06450, 2016;
    ``tf.keras.layers.LayerNormalization`` (TensorFlow 2.7).
    """

    axis = Shaping(unnamed(given_axes))
    epsilon = Setting(not_negative)
    center, scale = Shaping(flag), Shaping(flag)
    beta_initializer = Setting(unnamed(initializers.get))
    gamma_initializer = Setting(unnamed(initializers.get))
    beta_regularizer = WeightSetting(unnamed(regularizers.get))
    gamma_regularizer = WeightSetting(unnamed(regularizers.get))
    beta_constraint = WeightSetting(unnamed(constraints.get))
    gamma_constraint = WeightSetting(unnamed(constraints.get))

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.axis, self.epsilon = axis, epsilon
        self.center, self.scale = center, scale
        self.beta_initializer, self.gamma_initializer = beta_initializer, gamma_initializer
        self.beta_regularizer, self.gamma_regularizer = beta_regularizer, gamma_regularizer
        self.beta_constraint, self.gamma_constraint = beta_constraint, gamma_constraint
        self.gamma: Parameter | None = None
        self.beta: Parameter | None = None

    def build(self, input_shape: ShapeLike) -> None:
        """Create gamma and beta."""
        rank = len(input_shape)
        self.axis = axes = checked_axes(self.name, self.axis, rank)
        shape = known_sizes(self.name, input_shape, axes)
        self._broadcast = tuple(shape[axes.index(i)] if i in axes else 1 for i in range(rank))
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

    def call(self, inputs: Tensor) -> Tensor:
        """Return the normalized samples."""
        check_features(self.name, inputs.shape, self._broadcast)
        over, x = tuple(self.axis), inputs.value
        mean, variance = x.mean(over, keepdims=True), x.var(over, keepdims=True)
        gamma, beta = (spread(p, self._broadcast) for p in (self.gamma, self.beta))
        return ops.normalize(inputs, mean, variance, gamma, beta, self.epsilon, over)

    def lower(self, program: Any, inputs: Any, training: bool) -> Any:
        """Emit the computation of `call`, with the features moved to the last axis."""
        check_features(self.name, inputs.shape, self._broadcast)
        x, undo = lowered_last(program, inputs, self.axis)
        normal, n, m = program.value(x.shape, x), x.rows, x.columns
        inverse, y = program.room(n), normal
        program.emit("standardize", (normal, inverse), x, n, m, float(self.epsilon))
        program.back(normal, lambda dy: program.flow(x, "standardize_slope", dy, normal, inverse, n, m))
        if self.gamma is not None:
            y = y * program.view(program.weight(self.gamma), (m,))
        if self.beta is not None:
            y = y + program.view(program.weight(self.beta), (m,))
        return undo(y)

    def compute_output_shape(self, input_shape: ShapeLike) -> ShapeLike:
        """Return the input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal layer."""
        return {
            **super().get_config(),
            "axis": self.axis,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            "beta_initializer": serialize(self.beta_initializer),
            "gamma_initializer": serialize(self.gamma_initializer),
            "beta_regularizer": serialize(self.beta_regularizer),
            "gamma_regularizer": serialize(self.gamma_regularizer),
            "beta_constraint": serialize(self.beta_constraint),
            "gamma_constraint": serialize(self.gamma_constraint),
        }
