"""`ELU`: an activation whose negative values approach a limit."""

from typing import Any

import numpy as np

from minifit import activations
from minifit.checks import number
from minifit.layers.base import Layer, ShapeLike
from minifit.settings import Setting
from minifit.tensor import Tensor


class ELU(Layer):
    """``x`` where it is positive, else ``alpha * (exp(x) - 1)``.

    Parameters
    ----------
    alpha : float, default 1
    **kwargs
        As for `Layer`.

    Raises
    ------
    ArgumentError
        When `alpha` is not a number.

    References
    ----------
    ``tf.keras.layers.ELU`` (TensorFlow 2.7).
    """

    alpha = Setting(lambda name, value: float(np.float32(number(name, value))))

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = alpha

    def call(self, inputs: Tensor) -> Tensor:
        """Return the function of every value."""
        return activations.elu(inputs, self.alpha)

    lower = Layer.lower_by_call

    def compute_output_shape(self, input_shape: ShapeLike) -> ShapeLike:
        """Return the input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal layer."""
        return {**super().get_config(), "alpha": self.alpha}
