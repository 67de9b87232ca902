"""`GaussianNoise`: noise added to the input."""

from typing import Any

import numpy as np

from minifit.arrays import Array
from minifit.checks import not_negative, optional_of, seed
from minifit.layers.base import Layer, ShapeLike
from minifit.settings import Setting
from minifit.tensor import Tensor, current, floating


class GaussianNoise(Layer):
    """In training, adds normally distributed noise with mean 0.

    Parameters
    ----------
    stddev : float
        The noise's standard deviation.
    seed : int, optional
        Selects a random stream that depends on the seed alone.
    **kwargs
        As for `Layer`.

    Raises
    ------
    ArgumentError
        When `stddev` is negative or not a number.

    References
    ----------
    ``tf.keras.layers.GaussianNoise`` (TensorFlow 2.7).
    """

    stddev = Setting(not_negative)
    seed = Setting(optional_of(seed))

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stddev, self.seed = stddev, seed

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        """Return the input, noisy in training."""
        if not training:
            return inputs
        inputs = floating(inputs)
        noise: Array = normal_noise("gaussian_noise", self.seed, inputs) * inputs.dtype.type(self.stddev)
        return inputs + noise

    def lower(self, program: Any, inputs: Any, training: bool) -> Any:
        """Emit the computation of `call`."""
        if not training:
            return inputs
        return inputs + program.normals("gaussian_noise", self.seed, inputs, 0.0, float(self.stddev))

    def compute_output_shape(self, input_shape: ShapeLike) -> ShapeLike:
        """Return the input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal layer."""
        return {**super().get_config(), "stddev": self.stddev, "seed": self.seed}


def normal_noise(stream: str, seed: int | None, like: Tensor) -> Array:
    """Return normally distributed noise with mean 0 and standard deviation 1, in the shape and dtype of a tensor."""
    rng = current().generator(stream, seed)
    return rng.standard_normal(like.shape, dtype=np.float32).astype(like.dtype, copy=False)
