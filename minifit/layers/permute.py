"""`Permute`: a new order of the axes of every sample."""

from collections.abc import Sequence
from typing import Any

from minifit import ops
from minifit.arrays import without_batch
from minifit.checks import entries, whole
from minifit.errors import ArgumentError, ShapeError
from minifit.layers.base import Layer, ShapeLike, Shaping
from minifit.settings import unnamed
from minifit.tensor import Tensor


def _order(dims: Any) -> tuple[int, ...]:
    """Return the order as a tuple; raise unless it has each axis of a sample once."""
    axes = [whole(axis) for axis in entries(dims) or ()]
    order = [axis for axis in axes if axis is not None]
    if not axes or len(order) < len(axes) or sorted(order) != list(range(1, len(order) + 1)):
        raise ArgumentError(
            "dims are the axes of a sample in their new order, counted from 1, each once. "
            f"Received: dims={dims!r}. Pass, for example, (2, 1)."
        )
    return tuple(order)


class Permute(Layer):
    """Reorders the axes of every sample: with ``dims=(2, 1)`` (samples, 5, 3) becomes (samples, 3, 5).

    Parameters
    ----------
    dims : tuple of int
        The axes in their new order, counted from 1, since the batch axis stays in front.
    **kwargs
        As for `Layer`.

    Raises
    ------
    ArgumentError
        When `dims` are not the axes of a sample, each once.
    ShapeError
        When samples have a different number of axes.

    References
    ----------
    ``tf.keras.layers.Permute`` (TensorFlow 2.7).
    """

    dims = Shaping(unnamed(_order))

    def __init__(self, dims: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dims = dims

    def build(self, input_shape: ShapeLike) -> None:
        """Check that samples have these axes."""
        self.compute_output_shape(input_shape)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the samples with their axes in the new order."""
        return ops.transpose(inputs, (0, *self.dims))

    lower = Layer.lower_by_call

    def compute_output_shape(self, input_shape: ShapeLike) -> ShapeLike:
        """Return the input's shape with its axes in the new order."""
        if len(input_shape) != len(self.dims) + 1:
            raise ShapeError(
                f"Layer {self.name!r} reorders {len(self.dims)} axes. Received: input of shape "
                f"{without_batch(input_shape)}. List every axis of a sample in dims."
            )
        return (input_shape[0], *(input_shape[d] for d in self.dims))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal layer."""
        return {**super().get_config(), "dims": self.dims}
