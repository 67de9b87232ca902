"""`Activation`: a function applied to every value."""

from typing import Any

from minifit import activations
from minifit.layers.base import Layer, ShapeLike
from minifit.layers.elu import ELU
from minifit.layers.leaky_re_lu import LeakyReLU
from minifit.layers.re_lu import ReLU
from minifit.layers.softmax import Softmax
from minifit.settings import Setting, unnamed
from minifit.tables import Table
from minifit.tensor import Tensor

TABLE = Table(
    "activation",
    {**activations.TABLE, **{c.__name__: c for c in (ELU, LeakyReLU, ReLU, Softmax)}},
    called_with=("x",),
)
"""The activations: functions, and layers that are such a function with further arguments."""


def activation_of(identifier: Any) -> activations.Activation:
    """Return an activation by name or configuration, as a function or as a layer; None is linear."""
    return activations.linear if identifier is None else TABLE.make(identifier)


class Activation(Layer):
    """An activation as a layer.

    Parameters
    ----------
    activation : str, function or layer
        Such as ``"relu"`` or ``LeakyReLU(0.1)``.
    **kwargs
        As for `Layer`.

    References
    ----------
    ``tf.keras.layers.Activation`` (TensorFlow 2.7).
    """

    activation = Setting(unnamed(activation_of))

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activation

    def call(self, inputs: Tensor) -> Tensor:
        """Return the activation of every value."""
        result: Tensor = self.activation(inputs)
        return result

    def lower(self, program: Any, inputs: Any, training: bool) -> Any:
        """Emit the activation of every value."""
        return program.call(self.activation, inputs)

    def compute_output_shape(self, input_shape: ShapeLike) -> ShapeLike:
        """Return the input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal layer."""
        return {**super().get_config(), "activation": activations.serialize(self.activation)}
