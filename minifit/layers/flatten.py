"""`Flatten`: each sample as one row."""

from math import prod
from typing import Any

from minifit.errors import ArgumentError
from minifit.layers.base import Layer, ShapeLike
from minifit.settings import Setting
from minifit.tensor import Tensor


def _in_order(name: str, value: Any) -> str:
    if value not in (None, "channels_last"):
        raise ArgumentError(
            f"Flatten keeps the order of values. Received: {name}={value!r}. "
            "Leave it out and move the channel axis in the data."
        )
    return "channels_last"


class Flatten(Layer):
    """Reshapes samples of any shape to rows: (n, 8, 8) becomes (n, 64), (n,) becomes (n, 1).

    Parameters
    ----------
    data_format : {"channels_last"}, optional
        Accepted as in Keras. Other formats, which change the order of values, are not supported.
    **kwargs
        As for `Layer`.

    References
    ----------
    ``tf.keras.layers.Flatten`` (TensorFlow 2.7).
    """

    data_format = Setting(_in_order)

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = data_format

    def call(self, inputs: Tensor) -> Tensor:
        """Return one row for each sample."""
        return inputs.reshape(inputs.shape[0], prod(inputs.shape[1:]))

    lower = Layer.lower_by_call

    def compute_output_shape(self, input_shape: ShapeLike) -> ShapeLike:
        """Return ``(None, product of the sample's dimensions)``."""
        known = [n for n in input_shape[1:] if n is not None]
        return (input_shape[0], prod(known) if len(known) == len(input_shape) - 1 else None)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal layer."""
        return {**super().get_config(), "data_format": self.data_format}
