"""`Softmax`: probabilities that sum to 1."""

from collections.abc import Sequence
from math import prod
from typing import Any

from minifit import activations, ops
from minifit.layers.axes import checked_axes, given_axes
from minifit.layers.base import Layer, ShapeLike
from minifit.settings import Setting, unnamed
from minifit.tensor import Tensor


class Softmax(Layer):
    """``exp(x) / sum(exp(x))`` along one or more axes together.

    Parameters
    ----------
    axis : int or list of int, default -1
    **kwargs
        As for `Layer`.

    References
    ----------
    ``tf.keras.layers.Softmax`` (TensorFlow 2.7), without its mask.
    """

    axis = Setting(unnamed(given_axes))

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, inputs: Tensor) -> Tensor:
        """Return the probabilities."""
        axes = checked_axes(self.name, self.axis, inputs.ndim)
        if len(axes) == 1:
            return activations.softmax(inputs, axes[0])
        # Move the axes to the end and merge them into one.
        order = [i for i in range(inputs.ndim) if i not in axes] + axes
        moved = ops.transpose(inputs, tuple(order))
        rows = moved.reshape(*moved.shape[: -len(axes)], prod(moved.shape[-len(axes) :]))
        back = tuple(order.index(i) for i in range(inputs.ndim))
        return ops.transpose(ops.softmax(rows).reshape(*moved.shape), back)

    lower = Layer.lower_by_call

    def compute_output_shape(self, input_shape: ShapeLike) -> ShapeLike:
        """Return the input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal layer."""
        return {**super().get_config(), "axis": self.axis}
