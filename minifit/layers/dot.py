"""`Dot`: the dot product of two inputs along an axis of each, for every sample."""

from collections.abc import Sequence
from math import prod
from typing import Any

from minifit import ops
from minifit.checks import axes as checked_axes
from minifit.errors import ArgumentError, ShapeError
from minifit.layers.base import Layer, ShapeLike, Shaping
from minifit.layers.merge import Merge
from minifit.layers.unit_normalization import unit_length
from minifit.settings import Setting, flag
from minifit.tensor import Tensor


def _one_or_two(name: str, value: Any) -> int | tuple[int, int]:
    """Return an axis, or one for each of the two inputs."""
    axes = checked_axes(name, value)
    if isinstance(axes, int):
        return axes
    if len(axes) != 2:
        raise ArgumentError(
            f"{name} is an axis, or one for each of the two inputs. Received: {name}={value!r}. "
            f"Pass, for example, {name}=(1, 2)."
        )
    return axes[0], axes[1]


class Dot(Merge):
    """The dot product of two inputs along an axis of each, for every sample.

    Parameters
    ----------
    axes : int or tuple of two ints
        The axis of both inputs, or one for each. It must not be 0, the batch axis.
    normalize : bool, default False
        Whether to scale the inputs to length 1 along their axes first, which gives the cosine of their angle.
    **kwargs
        As for `Layer`.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        When `axes` is neither, or the layer is not called on a list of two.
    ShapeError
        When an input does not have its axis, or the two sizes differ.

    Notes
    -----
    Inputs of shape (n, a, k) and (n, k, b) with ``axes=(2, 1)`` give (n, a, b); two of shape (n, k) give (n, 1).

    Examples
    --------
    >>> import numpy as np
    >>> Dot(1)([np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])]).numpy()
    array([[11.]], dtype=float32)

    References
    ----------
    ``tf.keras.layers.Dot`` (TensorFlow 2.7).
    """

    axes = Shaping(_one_or_two)
    normalize = Setting(flag)
    least, most = 2, 2

    def __init__(self, axes: int | Sequence[int], normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axes, self.normalize = axes, normalize

    def merge(self, inputs: Sequence[Tensor]) -> Tensor:
        """Return the products, as products of matrices with the summed axes next to each other."""
        shape = self.merged_shape([x.shape for x in inputs])
        (a, b), (i, j) = inputs, self._places([x.shape for x in inputs])
        if self.normalize:
            a, b = unit_length(a, (i,)), unit_length(b, (j,))
        if a.ndim == b.ndim == 2:
            return ops.sum(a * b, 1, keepdims=True)
        left, size, right = [n for n in range(a.ndim) if n != i], a.shape[i], [0, j]
        right += [n for n in range(1, b.ndim) if n != j]
        rows = ops.transpose(a, (*left, i)).reshape(a.shape[0], prod(a.shape[n] for n in left[1:]), size)
        columns = ops.transpose(b, tuple(right)).reshape(
            b.shape[0], size, prod(b.shape[n] for n in right[2:])
        )
        return (rows @ columns).reshape(*shape)

    lower = Layer.lower_by_call

    def merged_shape(self, shapes: list[ShapeLike]) -> ShapeLike:
        """Return the remaining sizes of the first input, then those of the second without its batch axis."""
        i, j = self._places(shapes)
        a, b = shapes
        if None not in (a[i], b[j]) and a[i] != b[j]:
            raise self._unfit(shapes, f"the size of the other along axes={self.axes}")
        rest = [n for k, n in enumerate(a) if k not in (0, i)] + [
            n for k, n in enumerate(b) if k not in (0, j)
        ]
        return (a[0], *(rest or [1]))

    def _places(self, shapes: Sequence[ShapeLike]) -> tuple[int, int]:
        """Return the axes counted from 0."""
        axes = (self.axes, self.axes) if isinstance(self.axes, int) else self.axes
        ranks = [len(shape) for shape in shapes]
        if not all(-rank < axis < rank and axis for axis, rank in zip(axes, ranks, strict=True)):
            raise ShapeError(
                f"Layer {self.name!r} needs axes of its inputs other than the batch axis. Received: axes={self.axes} "
                f"for shapes {shapes[0]} and {shapes[1]}. Pass numbers from 1 to {min(ranks) - 1}."
            )
        i, j = (axis % rank for axis, rank in zip(axes, ranks, strict=True))
        return i, j

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal layer."""
        return {**super().get_config(), "axes": self.axes, "normalize": self.normalize}


def dot(inputs: Any, axes: int | Sequence[int], normalize: bool = False, **kwargs: Any) -> Any:
    """Return the dot product of two inputs along axes: ``Dot(axes, normalize, **kwargs)(inputs)``."""
    return Dot(axes, normalize, **kwargs)(inputs)
