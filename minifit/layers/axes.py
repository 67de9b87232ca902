"""The checks of axes: the input has them, and their sizes are known."""

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
    """Return the axes counted from 0; raise unless an input of this rank has each of them, and none repeats."""
    axes = [a + rank if a < 0 else a for a in (axis if isinstance(axis, list) else [axis])]
    if any(not 0 <= a < rank for a in axes) or len(set(axes)) < len(axes):
        raise ShapeError(
            f"Layer {name!r} needs axes of its input, each once. Received: axis={axis} for input of rank {rank}. "
            f"Pass numbers from 0 to {rank - 1}."
        )
    return axes


def known_sizes(name: str, input_shape: ShapeLike, axes: list[int]) -> tuple[int, ...]:
    """Return the input's sizes along the axes; raise if one is unknown."""
    sizes = tuple(n for n in (input_shape[a] for a in axes) if n is not None)
    if len(sizes) < len(axes):
        raise ShapeError(
            f"Layer {name!r} needs input whose size along axis={axes} is known. Received: {input_shape}. "
            "Pass the model an input_shape with these sizes, or choose other axes."
        )
    return sizes


def check_features(name: str, shape: tuple[int, ...], broadcast: tuple[int, ...]) -> None:
    """Raise unless a batch has the features that the layer was built for."""
    if len(shape) != len(broadcast) or any(b not in (1, n) for b, n in zip(broadcast, shape, strict=True)):
        expected = "(" + ", ".join("n" if b == 1 else str(b) for b in broadcast) + ")"
        raise ShapeError(
            f"Layer {name!r} was built for input of shape {expected}. Received: {shape}. "
            "Pass samples of the shape it was built for."
        )


def spread(parameter: Parameter | None, shape: tuple[int, ...]) -> Tensor | None:
    """Return a parameter in a shape that broadcasts to the input; unchanged where it already does."""
    if parameter is None or shape[len(shape) - parameter.ndim :] == parameter.shape:
        return parameter
    return parameter.reshape(*shape)


def lowered_last(program: Any, x: Any, axes: list[int]) -> tuple[Any, Callable[[Any], Any]]:
    """Return a value of a program with some axes merged into the last one, and a function that undoes it."""
    others, last = [i for i in range(x.ndim) if i not in axes], sorted(axes)
    order = (*others, *last)
    in_order = list(order) == sorted(order)
    moved = x if in_order else ops.transpose(x, order)
    flat = program.view(moved, (*(x.shape[i] for i in others), prod(x.shape[i] for i in last)))

    def undo(y: Any) -> Any:
        y = program.view(y, moved.shape)
        return y if in_order else ops.transpose(y, tuple(sorted(order, key=order.__getitem__)))

    return flat, undo
