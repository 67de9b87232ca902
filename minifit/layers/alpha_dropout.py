"""`AlphaDropout`: dropout that leaves mean and variance as they are, for networks of `selu`."""

from typing import Any

import numpy as np

from minifit.arrays import Array
from minifit.layers.dropout import Dropout
from minifit.nonlinearities import SELU_ALPHA, SELU_SCALE
from minifit.tensor import Tensor, current

LOWEST = -SELU_ALPHA * SELU_SCALE
"""The value that `selu` saturates at, which stands for a value that is dropped."""


class AlphaDropout(Dropout):
    """In training, sets each value with probability `rate` to what `selu` has far below 0, then scales all.

    The scale and an offset keep a mean of 0 and a variance of 1.

    Parameters
    ----------
    rate : float from 0 to 1
        0 and 1 leave the input as it is.
    noise_shape : tuple, optional
        As for `Dropout`.
    seed : int, optional
        For a stream of random numbers that depends on nothing else; layers of the same seed share it.
    **kwargs
        As for `Layer`.

    Raises
    ------
    ArgumentError
        When `rate` is not a number from 0 to 1.

    References
    ----------
    G. Klambauer et al., "Self-Normalizing Neural Networks", NeurIPS 2017; ``tf.keras.layers.AlphaDropout``
    (TensorFlow 2.7).
    """

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        """The input, thinned out in training."""
        rate = self.rate
        if not training or not 0 < rate < 1:
            return inputs
        rng = current().generator("alpha_dropout", self.seed)
        kept = rng.random(self._mask_shape(inputs.shape) or inputs.shape, dtype=np.float32) >= rate
        # mean and variance of a kept or dropped value of mean 0 and variance 1, undone:
        scale = ((1 - rate) * (1 + rate * LOWEST**2)) ** -0.5
        kind = inputs.dtype.type
        slope: Array = kept.astype(inputs.dtype) * kind(scale)
        offset: Array = np.where(kept, kind(0), kind(scale * LOWEST)) - kind(scale * LOWEST * rate)
        return inputs * slope + offset.astype(inputs.dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer; without a `noise_shape`, as in tf.keras, where there is none."""
        config = super().get_config()
        if self.noise_shape is None:
            del config["noise_shape"]
        return config
