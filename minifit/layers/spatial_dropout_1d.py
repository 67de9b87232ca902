"""`SpatialDropout1D`: dropout of whole features."""

from typing import Any

from minifit.arrays import without_batch
from minifit.errors import ArgumentError, ShapeError
from minifit.layers.base import ShapeLike
from minifit.layers.dropout import Dropout
from minifit.settings import Fixed


class SpatialDropout1D(Dropout):
    """In training, sets a feature to 0 at all steps of a sample, where `Dropout` would choose step by step.

    Takes input of shape (samples, steps, features).

    Parameters
    ----------
    rate : float from 0 to 1
    seed : int, optional
        For a stream of random numbers that depends on nothing else; layers of the same seed share it.
    noise_shape : None
        Accepted since the configurations of tf.keras have it.
    **kwargs
        As for `Layer`.

    Raises
    ------
    ArgumentError
        When `rate` is not a number from 0 to 1, or a `noise_shape` is given.
    ShapeError
        When samples have no two axes.

    References
    ----------
    J. Tompson et al., "Efficient Object Localization Using Convolutional Networks", CVPR 2015;
    ``tf.keras.layers.SpatialDropout1D`` (TensorFlow 2.7).
    """

    noise_shape = Fixed()  # its mask has one of its own

    def __init__(self, rate: float, seed: int | None = None, noise_shape: None = None, **kwargs: Any) -> None:
        if noise_shape is not None:
            raise ArgumentError(
                f"SpatialDropout1D has a mask of its own. Received: noise_shape={noise_shape!r}. Use Dropout."
            )
        super().__init__(rate, seed=seed, **kwargs)

    lower = Dropout.lower

    def _mask_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (shape[0], 1, shape[2])

    def build(self, input_shape: ShapeLike) -> None:
        """See whether samples have steps and features."""
        if len(input_shape) != 3:
            raise ShapeError(
                f"Layer {self.name!r} takes input of shape (None, steps, features). "
                f"Received: {without_batch(input_shape)}. Use Dropout for others."
            )
