"""`Concatenate`: several inputs joined along an axis."""

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from minifit import ops
from minifit.arrays import Array
from minifit.checks import integer
from minifit.errors import ShapeError
from minifit.layers.base import ShapeLike, Shaping
from minifit.layers.merge import Merge
from minifit.tensor import Tensor, current


class Concatenate(Merge):
    """Joins several inputs along an axis. Their sizes along all other axes must be equal.

    Parameters
    ----------
    axis : int, default -1
        The axis to join along; 0 is the batch axis.
    **kwargs
        As for `Layer`.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        When the layer is not called on a list.
    ShapeError
        When the inputs differ along another axis or in rank, or do not have the axis.

    Examples
    --------
    >>> import numpy as np
    >>> Concatenate()([np.array([[1.0, 2.0]]), np.array([[3.0]])]).numpy()
    array([[1., 2., 3.]], dtype=float32)

    References
    ----------
    ``tf.keras.layers.Concatenate`` (TensorFlow 2.7).
    """

    axis = Shaping(integer)
    least = 1

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def merge(self, inputs: Sequence[Tensor]) -> Tensor:
        """Return the concatenated tensors, as one op."""
        try:
            joined = np.concatenate([x.value for x in inputs], self.axis)
        except ValueError:
            # Its error names the shapes that do not fit.
            self.merged_shape([x.shape for x in inputs])
            raise
        leading = (slice(None),) * (self.axis % joined.ndim)

        def rule(g: Array) -> list[Array]:
            ends = list(accumulate(x.shape[self.axis] for x in inputs))
            return [g[(*leading, slice(i, j))] for i, j in pairwise([0, *ends])]

        return current().result(joined, rule, *inputs)

    def lower(self, program: Any, inputs: Any, training: bool) -> Any:
        """Emit the concatenation."""
        return ops.concatenate(list(inputs), self.axis)

    def merged_shape(self, shapes: list[ShapeLike]) -> ShapeLike:
        """Return the first shape, with the sum of all sizes along the axis."""
        rank, axis = len(shapes[0]), self.axis
        if not -rank <= axis < rank:
            raise ShapeError(
                f"Layer {self.name!r} needs an axis of its inputs. Received: axis={axis} for input of shape "
                f"{shapes[0]}. Pass a number from {-rank} to {rank - 1}."
            )
        merged = list(shapes[0])
        for shape in shapes[1:]:
            if len(shape) != rank or not all(
                None in (m, n) or m == n or i == axis % rank
                for i, (m, n) in enumerate(zip(merged, shape, strict=True))
            ):
                raise self._unfit(shapes, f"the sizes of the others in all axes but axis={axis}")
            sizes = merged[axis], shape[axis]
            merged = [n if m is None else m for m, n in zip(merged, shape, strict=True)]
            merged[axis] = None if None in sizes else sum(sizes)
        return tuple(merged)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal layer."""
        return {**super().get_config(), "axis": self.axis}


def concatenate(inputs: Any, axis: int = -1, **kwargs: Any) -> Any:
    """Return several inputs joined along an axis: ``Concatenate(axis, **kwargs)(inputs)``."""
    return Concatenate(axis, **kwargs)(inputs)
