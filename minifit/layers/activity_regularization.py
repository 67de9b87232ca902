"""`ActivityRegularization`: a penalty on the values that pass through."""

from typing import Any

from minifit.checks import real
from minifit.layers.base import Layer, ShapeLike
from minifit.regularizers import L1L2, factor
from minifit.settings import Fixed, Setting
from minifit.tensor import Tensor


def _penalty_factor(name: str, value: Any) -> Any:
    """Return the factor as a Python number, without rounding it."""
    factor(name, value)
    return real(value)


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

    l1 = Setting(_penalty_factor, then="_set_penalty")
    l2 = Setting(_penalty_factor, then="_set_penalty")
    activity_regularizer = Fixed()

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        super().__init__(activity_regularizer=L1L2(l1=l1, l2=l2), **kwargs)
        self.l1, self.l2 = l1, l2

    def _set_penalty(self) -> None:
        for name in ("l1", "l2"):
            setattr(self.activity_regularizer, name, vars(self).get(name, 0.0))

    def call(self, inputs: Tensor) -> Tensor:
        """Return the input itself."""
        return inputs

    lower = Layer.lower_by_call

    def compute_output_shape(self, input_shape: ShapeLike) -> ShapeLike:
        """Return the input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal layer."""
        return {**super().get_config(), "l1": self.l1, "l2": self.l2}
