"""`Activation`: a function applied to every value."""

from typing import Any

from minifit import activations
from minifit.layers.base import Layer, ShapeLike
from minifit.tensor import Tensor


class Activation(Layer):
    """An activation as a layer of its own.

    Parameters
    ----------
    activation : str or function
        Such as ``"relu"``.
    **kwargs
        As for `Layer`.

    References
    ----------
    ``tf.keras.layers.Activation`` (TensorFlow 2.7).
    """

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activations.get(activation)

    def call(self, inputs: Tensor) -> Tensor:
        """The activation of every value."""
        return self.activation(inputs)

    def compute_output_shape(self, input_shape: ShapeLike) -> ShapeLike:
        """The input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer."""
        return {**super().get_config(), "activation": activations.serialize(self.activation)}
