"""`AlphaDropout`: dropout that preserves mean and variance, for networks with `selu`."""

from collections.abc import Callable
from typing import Any

import numpy as np

from minifit.layers.dropout import Dropout
from minifit.nonlinearities import SELU_ALPHA, SELU_SCALE
from minifit.ops.layers import thin_out
from minifit.tensor import Tensor

LOWEST = -SELU_ALPHA * SELU_SCALE
"""The lower limit of `selu`, which replaces a dropped value."""


class AlphaDropout(Dropout):
    """In training, sets each value with probability `rate` to the lower limit of `selu`, then rescales all values.

    The scale and the offset preserve a mean of 0 and a variance of 1.

    Parameters
    ----------
    rate : float from 0 to 1
        0 and 1 leave the input unchanged.
    noise_shape : tuple, optional
        As for `Dropout`.
    seed : int, optional
        Selects a random stream that depends on the seed alone; layers with the same seed share it.
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
        # If values had mean 0 and variance 1, undo the mean and variance that dropping gives them.
        scale = ((1 - rate) * (1 + rate * LOWEST**2)) ** -0.5
        kept = -np.float32(scale * LOWEST * rate)
        dropped = np.float32(scale * LOWEST) + kept
        rng, shape = self._stream(stream, "alpha_dropout"), self._mask_shape(inputs.shape)
        return apply(thin_out, inputs, rate, rng, shape, scale, float(kept), float(dropped))

    lower = Dropout.lower

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal layer, without a `noise_shape` of None, as in tf.keras."""
        config = super().get_config()
        if self.noise_shape is None:
            del config["noise_shape"]
        return config
