"""Words for shapes and dtypes, and memory that is kept.

A training step makes the same arrays again and again: a batch, each layer's output, each gradient.
`Workspace` hands out the same memory at every step, in the order in which it was asked for at the first.
"""

import math
from typing import Any, TypeAlias

import numpy as np

from minifit.errors import ShapeError

Array: TypeAlias = np.ndarray[tuple[Any, ...], np.dtype[Any]]
Shape: TypeAlias = tuple[int, ...]

FLOAT = np.dtype(np.float32)
"""The dtype of every parameter, activation and gradient."""

ALIGNMENT = 64
"""Bytes; a cache line, and the width of the widest vector register."""


def aligned_zeros(size: int, dtype: np.dtype[Any] = FLOAT) -> Array:
    """A flat array of `size` zeros that begins at a multiple of `ALIGNMENT` bytes."""
    raw = np.zeros(size * dtype.itemsize + ALIGNMENT, np.uint8)
    start = -raw.ctypes.data % ALIGNMENT
    return raw[start : start + size * dtype.itemsize].view(dtype)


def numpy_ready(value: Any) -> Any:
    """Return a tensor of another library in a form that NumPy takes, and anything else as it is.

    PyTorch hands out no numbers of a tensor that has a gradient or lies on a GPU, and NumPy has no numbers of 16 or 8
    bits with a range like float32's: those of PyTorch, JAX and ml_dtypes become float32.
    """
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind != "V":
        return value
    if isinstance(value, list | tuple):
        first: Any = value
        while isinstance(first, list | tuple) and first:
            first = first[0]
        return [numpy_ready(each) for each in value] if hasattr(first, "detach") else value
    if hasattr(value, "detach") and hasattr(value, "cpu"):
        value = value.detach().cpu()
    dtype = str(getattr(value, "dtype", ""))
    if "bfloat16" in dtype or "float8" in dtype:
        return value.float() if hasattr(value, "float") else value.astype(FLOAT)
    return value


def without_batch(shape: tuple[int | None, ...]) -> str:
    """The shape with its first, free dimension written as None: ``(None, 20)``."""
    return "(" + ", ".join(["None", *map(str, shape[1:])]) + ("," if len(shape) == 1 else "") + ")"


def common_shape(targets: Shape, predictions: Shape) -> Shape:
    """The shape to which targets and predictions broadcast.

    Raises
    ------
    ShapeError
        When there is none, or when targets have axes that predictions lack: they would be compared with other samples'.
    """
    try:
        shape = np.broadcast_shapes(targets, predictions)
    except ValueError:
        shape = None
    if shape is None or len(targets) > len(predictions):
        raise ShapeError(
            "Targets and predictions must have the same shape, or shapes that broadcast. "
            f"Received: targets of shape {targets}, predictions of shape {predictions}. "
            "Reshape the targets or change the units of the last layer."
        )
    return shape


def whole_numbers(x: Array) -> tuple[Array, int]:
    """`x` as int64, and the first place that holds no whole number (counted through the flat array), or -1."""
    if x.dtype.kind != "f":
        return x.astype(np.int64, copy=False), -1
    with np.errstate(invalid="ignore"):  # what becomes of NaN differs by machine, but never equals it
        whole = x.astype(np.int64)
    odd = whole != x
    return whole, int(odd.argmax()) if odd.any() else -1


class Workspace:
    """Arrays that are handed out again at the next step instead of being made anew.

    Call `rewind` when a step begins; the n-th `take` of a step then returns the n-th array of the step
    before, as long as dtype agrees and the memory is large enough. What it holds is never cleared.
    """

    def __init__(self) -> None:
        self._kept: list[tuple[Shape, np.dtype[Any], Array, Array]] = []  # ..., the memory, the view of it
        self._next = 0

    def rewind(self) -> None:
        """Begin a new step: everything handed out so far may be overwritten."""
        self._next = 0

    def take(self, shape: Shape, dtype: np.dtype[Any] = FLOAT) -> Array:
        """An array of this shape and dtype, its content undefined."""
        position = self._next
        self._next = position + 1
        if position < len(self._kept):
            kept_shape, kept_dtype, memory, view = self._kept[position]
            if kept_shape == shape and kept_dtype == dtype:
                return view
            size = math.prod(shape)
            if kept_dtype != dtype or memory.size < size:
                memory = aligned_zeros(size, dtype)
            view = memory[:size].reshape(shape)
            self._kept[position] = shape, dtype, memory, view
            return view
        memory = aligned_zeros(math.prod(shape), dtype)
        self._kept.append((shape, dtype, memory, memory.reshape(shape)))
        return self._kept[position][3]


def fresh(shape: Shape, dtype: np.dtype[Any] = FLOAT) -> Array:
    """What `Workspace.take` is where nothing is kept: a new array every time."""
    return np.empty(shape, dtype)
