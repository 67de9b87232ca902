"""`ReLU`: an activation that is 0, or small, for negative values."""

from typing import Any

from minifit import activations
from minifit.checks import not_negative, optional
from minifit.layers.base import Layer, ShapeLike
from minifit.settings import Setting
from minifit.tensor import Tensor


class ReLU(Layer):
    """``max(x, 0)``, optionally with a maximum, a negative slope and a threshold.

    The result is ``max_value`` where ``x >= max_value``, ``x`` where ``threshold < x < max_value``, and otherwise
    ``negative_slope * (x - threshold)``.

    Parameters
    ----------
    max_value : float, optional
        The maximum of the output.
    negative_slope : float, default 0
    threshold : float, default 0
    **kwargs
        As for `Layer`.

    Raises
    ------
    ArgumentError
        When an argument is negative or not a number.

    References
    ----------
    ``tf.keras.layers.ReLU`` (TensorFlow 2.7).
    """

    max_value = Setting(optional)
    negative_slope, threshold = Setting(not_negative), Setting(not_negative)

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.max_value, self.negative_slope, self.threshold = max_value, negative_slope, threshold

    def call(self, inputs: Tensor) -> Tensor:
        """Return the function of every value."""
        return activations.relu(inputs, self.negative_slope, self.max_value, self.threshold)

    def lower(self, program: Any, inputs: Any, training: bool) -> Any:
        """Emit the function, as one op."""
        return program.apply(
            activations.relu, (inputs, self.negative_slope, self.max_value, self.threshold), {}
        )

    def compute_output_shape(self, input_shape: ShapeLike) -> ShapeLike:
        """Return the input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal layer."""
        own = {
            "max_value": self.max_value,
            "negative_slope": self.negative_slope,
            "threshold": self.threshold,
        }
        return {**super().get_config(), **own}
