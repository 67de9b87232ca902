"""`SpatialDropout1D`: dropout of whole features."""

from typing import Any

from minifit.arrays import without_batch
from minifit.errors import ArgumentError, ShapeError
from minifit.layers.base import ShapeLike
from minifit.layers.dropout import Dropout
from minifit.settings import Fixed


class SpatialDropout1D(Dropout):
    """In training, drops whole features: a dropped feature is 0 at all steps of a sample.

    The input has shape (samples, steps, features).

    Parameters
    ----------
    rate : float from 0 to 1
    seed : int, optional
        Selects a random stream that depends on the seed alone; layers with the same seed share it.
    noise_shape : None
        Only None, which configurations of tf.keras contain.
    **kwargs
        As for `Layer`.

    Raises
    ------
    ArgumentError
        When `rate` is not a number from 0 to 1, or `noise_shape` is not None.
    ShapeError
        When samples do not have two axes.

    References
    ----------
    J. Tompson et al., "Efficient Object Localization Using Convolutional Networks", CVPR 2015;
    ``tf.keras.layers.SpatialDropout1D`` (TensorFlow 2.7).
    """

    noise_shape = Fixed()

    def __init__(self, rate: float, seed: int | None = None, noise_shape: None = None, **kwargs: Any) -> None:
        if noise_shape is not None:
            raise ArgumentError(
                f"SpatialDropout1D sets the shape of its mask. Received: noise_shape={noise_shape!r}. Use Dropout."
            )
        super().__init__(rate, seed=seed, **kwargs)

    lower = Dropout.lower

    def _mask_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (shape[0], 1, shape[2])

    def build(self, input_shape: ShapeLike) -> None:
        """Check that samples have steps and features."""
        if len(input_shape) != 3:
            raise ShapeError(
                f"Layer {self.name!r} takes input of shape (None, steps, features). "
                f"Received: {without_batch(input_shape)}. Use Dropout for other shapes."
            )
