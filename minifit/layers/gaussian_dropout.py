"""`GaussianDropout`: the input multiplied by noise."""

from functools import partial
from typing import Any

import numpy as np

from minifit.arrays import Array
from minifit.checks import fraction, optional_of, seed
from minifit.layers.base import Layer, ShapeLike
from minifit.layers.gaussian_noise import normal_noise
from minifit.settings import Setting
from minifit.tensor import Tensor, floating


class GaussianDropout(Layer):
    """In training, multiplies by normally distributed noise with mean 1 and the variance of `Dropout`'s mask.

    Parameters
    ----------
    rate : float from 0 to 1
        The noise's standard deviation is ``sqrt(rate / (1 - rate))``. 0 and 1 leave the input unchanged.
    seed : int, optional
        Selects a random stream that depends on the seed alone.
    **kwargs
        As for `Layer`.

    Raises
    ------
    ArgumentError
        When `rate` is not a number from 0 to 1.

    References
    ----------
    N. Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", JMLR 15, 2014;
    ``tf.keras.layers.GaussianDropout`` (TensorFlow 2.7).
    """

    rate = Setting(partial(fraction, closed=True))
    seed = Setting(optional_of(seed))

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate, self.seed = rate, seed

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        """Return the input, noisy in training."""
        if not training or not 0 < self.rate < 1:
            return inputs
        inputs = floating(inputs)
        spread = inputs.dtype.type(self._spread())
        noise: Array = 1 + normal_noise("gaussian_dropout", self.seed, inputs) * spread
        return inputs * noise

    def lower(self, program: Any, inputs: Any, training: bool) -> Any:
        """Emit the computation of `call`."""
        if not training or not 0 < self.rate < 1:
            return inputs
        return inputs * program.normals("gaussian_dropout", self.seed, inputs, 1.0, self._spread())

    def _spread(self) -> float:
        return float(np.sqrt(self.rate / (1 - self.rate)))

    def compute_output_shape(self, input_shape: ShapeLike) -> ShapeLike:
        """Return the input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal layer."""
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}
