"""What layers ask of their axes: that the input has them, and that their sizes are known."""

from collections.abc import Callable
from math import prod
from typing import Any

from minifit import ops
from minifit.checks import axes
from minifit.errors import ShapeError
from minifit.layers.base import ShapeLike
from minifit.parameters import Parameter
from minifit.tensor import Tensor


def given_axes(axis: Any) -> Any:
    """Return an axis, or a list of axes."""
    return axes("axis", axis)


def checked_axes(name: str, axis: int | list[int], rank: int) -> list[int]:
    """The axes counted from 0, if there are such in an input of this rank, each once."""
    axes = [a + rank if a < 0 else a for a in (axis if isinstance(axis, list) else [axis])]
    if any(not 0 <= a < rank for a in axes) or len(set(axes)) < len(axes):
        raise ShapeError(
            f"Layer {name!r} needs axes of its input, each once. Received: axis={axis} for input of rank {rank}. "
            f"Give numbers from 0 to {rank - 1}."
        )
    return axes


def known_sizes(name: str, input_shape: ShapeLike, axes: list[int]) -> tuple[int, ...]:
    """The input's sizes along the axes."""
    sizes = tuple(n for n in (input_shape[a] for a in axes) if n is not None)
    if len(sizes) < len(axes):
        raise ShapeError(
            f"Layer {name!r} needs input whose size along axis={axes} is known. Received: {input_shape}. "
            "Give the model an input_shape with these sizes, or choose other axes."
        )
    return sizes


def check_features(name: str, shape: tuple[int, ...], broadcast: tuple[int, ...]) -> None:
    """Raise when a batch of this shape has other features than the layer was built for."""
    if len(shape) != len(broadcast) or any(b not in (1, n) for b, n in zip(broadcast, shape, strict=True)):
        wanted = "(" + ", ".join("n" if b == 1 else str(b) for b in broadcast) + ")"
        raise ShapeError(
            f"Layer {name!r} was built for input of shape {wanted}. Received: {shape}. "
            "Give samples of the shape it was built for."
        )


def spread(parameter: Parameter | None, shape: tuple[int, ...]) -> Tensor | None:
    """A parameter in a shape that broadcasts to the input; as it is where it does so already."""
    if parameter is None or shape[len(shape) - parameter.ndim :] == parameter.shape:
        return parameter
    return parameter.reshape(*shape)


def lowered_last(program: Any, x: Any, axes: list[int]) -> tuple[Any, Callable[[Any], Any]]:
    """Return a value of a program with some axes behind all others, as one, and what undoes that to a result."""
    others, last = [i for i in range(x.ndim) if i not in axes], sorted(axes)
    order = (*others, *last)
    stays = list(order) == sorted(order)
    moved = x if stays else ops.transpose(x, order)
    flat = program.view(moved, (*(x.shape[i] for i in others), prod(x.shape[i] for i in last)))

    def undo(y: Any) -> Any:
        y = program.view(y, moved.shape)
        return y if stays else ops.transpose(y, tuple(sorted(order, key=order.__getitem__)))

    return flat, undo
