"""`Reshape`: samples in a new shape."""

from collections.abc import Sequence
from math import prod
from typing import Any

from minifit.arrays import without_batch
from minifit.checks import entries, whole
from minifit.errors import ArgumentError, ShapeError
from minifit.layers.base import Layer, ShapeLike, Shaping
from minifit.settings import unnamed
from minifit.tensor import Tensor


def _shape(target: Any) -> tuple[int, ...]:
    listed = entries(target)
    numbers = [whole(n) for n in listed or ()]
    sizes = [n for n in numbers if n is not None and n >= -1 and n != 0]
    if listed is None or len(sizes) < len(numbers) or sizes.count(-1) > 1:
        raise ArgumentError(
            "target_shape is a tuple of positive integers, one of which may be -1. "
            f"Received: target_shape={target!r}. Pass, for example, (4, -1)."
        )
    return tuple(sizes)


class Reshape(Layer):
    """Reshapes every sample, keeping its values.

    Parameters
    ----------
    target_shape : tuple of int
        The shape of one sample, without the batch dimension; one dimension may be -1 and is then computed.
    **kwargs
        As for `Layer`.

    Raises
    ------
    ArgumentError
        When `target_shape` is not a shape.
    ShapeError
        When it has a different number of values.

    References
    ----------
    ``tf.keras.layers.Reshape`` (TensorFlow 2.7).
    """

    target_shape = Shaping(unnamed(_shape))

    def __init__(self, target_shape: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.target_shape = target_shape

    def build(self, input_shape: ShapeLike) -> None:
        """Check that samples of this shape fit."""
        self.compute_output_shape(input_shape)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the samples in their new shape."""
        shape = self.compute_output_shape(inputs.shape)[1:]
        return inputs.reshape(inputs.shape[0], *shape)

    lower = Layer.lower_by_call

    def compute_output_shape(self, input_shape: ShapeLike) -> ShapeLike:
        """Return ``(None, *target_shape)``, with -1 computed if the input's size is known."""
        if None in input_shape[1:]:
            return (input_shape[0], *(None if n == -1 else n for n in self.target_shape))
        size = prod(n for n in input_shape[1:] if n is not None)
        known = prod(n for n in self.target_shape if n != -1)
        has_free_size = -1 in self.target_shape
        if size % known if has_free_size and known else size != known:
            raise ShapeError(
                f"Layer {self.name!r} keeps the number of values in a sample. Received: input of shape "
                f"{without_batch(input_shape)} for target_shape={self.target_shape}. Pass a shape of {size} values."
            )
        return (input_shape[0], *(size // known if n == -1 else n for n in self.target_shape))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal layer."""
        return {**super().get_config(), "target_shape": self.target_shape}
