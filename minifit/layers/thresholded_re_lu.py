"""`ThresholdedReLU`: an activation that is 0 up to a threshold."""

from typing import Any

from minifit import ops
from minifit.checks import not_negative
from minifit.layers.base import Layer, ShapeLike
from minifit.settings import Setting
from minifit.tensor import Tensor


class ThresholdedReLU(Layer):
    """``x`` where it is above `theta`, else 0.

    Parameters
    ----------
    theta : float, default 1
    **kwargs
        As for `Layer`.

    Raises
    ------
    ArgumentError
        When `theta` is negative or not a number.

    References
    ----------
    K. Konda, R. Memisevic and D. Krueger, "Zero-Bias Autoencoders and the Benefits of Co-Adapting Features", ICLR
    2015; ``tf.keras.layers.ThresholdedReLU`` (TensorFlow 2.7).
    """

    theta = Setting(not_negative)

    def __init__(self, theta: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.theta = theta

    def call(self, inputs: Tensor) -> Tensor:
        """Return the function of every value."""
        return inputs * ops.cast(inputs > self.theta, inputs.dtype)

    lower = Layer.lower_by_call

    def compute_output_shape(self, input_shape: ShapeLike) -> ShapeLike:
        """Return the input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal layer."""
        return {**super().get_config(), "theta": self.theta}
