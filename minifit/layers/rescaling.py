"""`Rescaling`: the input times a scale plus an offset."""

from typing import Any

import numpy as np

from minifit.arrays import FLOAT
from minifit.errors import ArgumentTypeError
from minifit.layers.base import Layer, ShapeLike
from minifit.settings import Setting
from minifit.tensor import Tensor


def _numbers(name: str, value: Any) -> Any:
    """Return a number or an array of numbers unchanged; raise for anything else."""
    try:
        array = np.asarray(value)
        if array.dtype.kind not in "fiu":
            raise ValueError
    except ValueError:
        raise ArgumentTypeError(
            f"{name} is a number or an array of numbers. Received: {name}={value!r}. Pass, for example, {name}=0.5."
        ) from None
    return value


class Rescaling(Layer):
    """``inputs * scale + offset``. ``Rescaling(1 / 255)`` scales images from the range 0 to 255 to the range 0 to 1.

    Parameters
    ----------
    scale : float or array that broadcasts to a batch
    offset : float or array that broadcasts to a batch, default 0
    **kwargs
        As for `Layer`.

    References
    ----------
    ``tf.keras.layers.Rescaling`` (TensorFlow 2.7).
    """

    scale, offset = Setting(_numbers), Setting(_numbers)

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale, self.offset = scale, offset

    def call(self, inputs: Tensor) -> Tensor:
        """Return the rescaled input."""
        return inputs * np.asarray(self.scale, FLOAT) + np.asarray(self.offset, FLOAT)

    lower = Layer.lower_by_call

    def compute_output_shape(self, input_shape: ShapeLike) -> ShapeLike:
        """Return the input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal layer."""
        return {**super().get_config(), "scale": _plain(self.scale), "offset": _plain(self.offset)}


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value
