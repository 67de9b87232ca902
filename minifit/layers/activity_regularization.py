"""`ActivityRegularization`: a price on what passes through."""

from typing import Any

from minifit.layers.base import Layer, ShapeLike
from minifit.regularizers import L1L2
from minifit.tensor import Tensor


class ActivityRegularization(Layer):
    """Returns its input, and adds ``l1 * sum(abs(x)) + l2 * sum(x ** 2)`` over the batch size to the loss.

    Parameters
    ----------
    l1, l2 : float, default 0
    **kwargs
        As for `Layer`.

    References
    ----------
    ``tf.keras.layers.ActivityRegularization`` (TensorFlow 2.7).
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        super().__init__(activity_regularizer=L1L2(l1=l1, l2=l2), **kwargs)
        self.l1, self.l2 = l1, l2

    def call(self, inputs: Tensor) -> Tensor:
        """The input itself."""
        return inputs

    def compute_output_shape(self, input_shape: ShapeLike) -> ShapeLike:
        """The input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer."""
        return {**super().get_config(), "l1": self.l1, "l2": self.l2}
