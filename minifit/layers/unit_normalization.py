"""`UnitNormalization`: every sample scaled to length 1."""

from collections.abc import Sequence
from typing import Any

from minifit import ops
from minifit.layers.axes import checked_axes, given_axes
from minifit.layers.base import Layer, ShapeLike
from minifit.settings import Setting, unnamed
from minifit.tensor import Tensor

SMALLEST = 1e-12
"""The smallest sum of squares to divide by."""


class UnitNormalization(Layer):
    """``x / sqrt(sum(x ** 2))`` along one or more axes.

    Parameters
    ----------
    axis : int or list of int, default -1
    **kwargs
        As for `Layer`.

    References
    ----------
    ``tf.keras.layers.UnitNormalization`` (TensorFlow 2.9 and later).
    """

    axis = Setting(unnamed(given_axes))

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def build(self, input_shape: ShapeLike) -> None:
        """Check that the input has these axes."""
        checked_axes(self.name, self.axis, len(input_shape))

    def call(self, inputs: Tensor) -> Tensor:
        """Return the input, scaled to length 1 along the axes."""
        return unit_length(inputs, tuple(checked_axes(self.name, self.axis, inputs.ndim)))

    lower = Layer.lower_by_call

    def compute_output_shape(self, input_shape: ShapeLike) -> ShapeLike:
        """Return the input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal layer."""
        return {**super().get_config(), "axis": self.axis}


def unit_length(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    """Return `x` scaled to length 1 along axes; vectors shorter than 1e-6 are divided by 1e-6."""
    squares = ops.sum(ops.square(x), axes, keepdims=True)
    return x / ops.sqrt(ops.maximum(squares, SMALLEST))
