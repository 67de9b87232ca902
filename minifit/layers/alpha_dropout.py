"""`AlphaDropout`: dropout that leaves mean and variance as they are, for networks of `selu`."""

from collections.abc import Callable
from typing import Any

import numpy as np

from minifit.layers.dropout import Dropout
from minifit.nonlinearities import SELU_ALPHA, SELU_SCALE
from minifit.ops.layers import thin_out
from minifit.tensor import Tensor

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

    def _thinned(
        self, inputs: Tensor, training: bool, stream: Callable[..., Any], apply: Callable[..., Any]
    ) -> Any:
        rate = self.rate
        if not training or not 0 < rate < 1:
            return inputs
        # mean and variance of a kept or dropped value of mean 0 and variance 1, undone:
        scale = ((1 - rate) * (1 + rate * LOWEST**2)) ** -0.5
        kept = -np.float32(scale * LOWEST * rate)
        dropped = np.float32(scale * LOWEST) + kept
        rng, shape = self._own(stream, "alpha_dropout"), self._mask_shape(inputs.shape)
        return apply(thin_out, inputs, rate, rng, shape, scale, float(kept), float(dropped))

    lower = Dropout.lower

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal layer, without a `noise_shape` of None, as in tf.keras."""
        config = super().get_config()
        if self.noise_shape is None:
            del config["noise_shape"]
        return config
