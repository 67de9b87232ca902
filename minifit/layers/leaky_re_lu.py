"""`LeakyReLU`: an activation with a small slope for negative values."""

from typing import Any

import numpy as np

from minifit import activations
from minifit.checks import number
from minifit.layers.base import Layer, ShapeLike
from minifit.settings import Setting
from minifit.tensor import Tensor


class LeakyReLU(Layer):
    """``x`` where it is positive, else ``alpha * x``.

    Parameters
    ----------
    alpha : float, default 0.3
    **kwargs
        As for `Layer`.

    Raises
    ------
    ArgumentError
        When `alpha` is not a number.

    References
    ----------
    ``tf.keras.layers.LeakyReLU`` (TensorFlow 2.7).
    """

    alpha = Setting(lambda name, value: float(np.float32(number(name, value))))

    def __init__(self, alpha: float = 0.3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = alpha

    def call(self, inputs: Tensor) -> Tensor:
        """Return the function of every value."""
        return activations.relu(inputs, self.alpha)

    def lower(self, program: Any, inputs: Any, training: bool) -> Any:
        """Emit the function, as one op."""
        return program.apply(activations.relu, (inputs, self.alpha), {})

    def compute_output_shape(self, input_shape: ShapeLike) -> ShapeLike:
        """Return the input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal layer."""
        return {**super().get_config(), "alpha": self.alpha}
