"""`Reshape`: samples in another shape."""

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
    found = [whole(n) for n in listed or ()]
    sizes = [n for n in found if n is not None and n >= -1 and n != 0]
    if listed is None or len(sizes) < len(found) or sizes.count(-1) > 1:
        raise ArgumentError(
            "target_shape is a tuple of positive integers, of which one may be -1. "
            f"Received: target_shape={target!r}. Pass for example (4, -1)."
        )
    return tuple(sizes)


class Reshape(Layer):
    """The same values in samples of another shape.

    Parameters
    ----------
    target_shape : tuple of int
        The shape of one sample, without the batch; one dimension may be -1 for what is left.
    **kwargs
        As for `Layer`.

    Raises
    ------
    ArgumentError
        When it is no shape.
    ShapeError
        When the values do not fit into it.

    References
    ----------
    ``tf.keras.layers.Reshape`` (TensorFlow 2.7).
    """

    target_shape = Shaping(unnamed(_shape))

    def __init__(self, target_shape: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.target_shape = target_shape

    def build(self, input_shape: ShapeLike) -> None:
        """See whether samples of this shape fit."""
        self.compute_output_shape(input_shape)

    def call(self, inputs: Tensor) -> Tensor:
        """The samples in their new shape."""
        shape = self.compute_output_shape(inputs.shape)[1:]
        return inputs.reshape(inputs.shape[0], *shape)

    lower = Layer.lower_by_call

    def compute_output_shape(self, input_shape: ShapeLike) -> ShapeLike:
        """``(None, *target_shape)``, the -1 replaced where the input's size is known."""
        if None in input_shape[1:]:
            return (input_shape[0], *(None if n == -1 else n for n in self.target_shape))
        size = prod(n for n in input_shape[1:] if n is not None)
        known = prod(n for n in self.target_shape if n != -1)
        open_end = -1 in self.target_shape
        if size % known if open_end and known else size != known:
            raise ShapeError(
                f"Layer {self.name!r} keeps the number of values in a sample. Received: input of shape "
                f"{without_batch(input_shape)} for target_shape={self.target_shape}. Give a shape of {size} values."
            )
        return (input_shape[0], *(size // known if n == -1 else n for n in self.target_shape))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal layer."""
        return {**super().get_config(), "target_shape": self.target_shape}
