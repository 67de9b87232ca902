"""Types for arrays and shapes, and reusable memory for training steps.

Every training step needs arrays of the same shapes: the batch, each layer's output, each gradient. `Workspace` returns
the same memory in every step, in the order of the requests in the first step.
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
"""The alignment in bytes: a cache line, and the width of the widest vector register."""


def aligned_zeros(size: int, dtype: np.dtype[Any] = FLOAT) -> Array:
    """Return a flat array of `size` zeros, aligned to `ALIGNMENT` bytes."""
    raw = np.zeros(size * dtype.itemsize + ALIGNMENT, np.uint8)
    start = -raw.ctypes.data % ALIGNMENT
    return raw[start : start + size * dtype.itemsize].view(dtype)


def numpy_ready(value: Any) -> Any:
    """Convert a tensor of another library to a form that NumPy accepts; return anything else unchanged.

    NumPy cannot read a PyTorch tensor that requires a gradient or lies on a GPU, so such tensors are detached and moved
    to the CPU. NumPy also lacks bfloat16 and the 8-bit floats of PyTorch, JAX and ml_dtypes; they become float32.
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
    """Return a shape as text with None for the batch axis: ``(None, 20)``."""
    return "(" + ", ".join(["None", *map(str, shape[1:])]) + ("," if len(shape) == 1 else "") + ")"


def common_shape(targets: Shape, predictions: Shape) -> Shape:
    """Return the shape to which targets and predictions broadcast.

    Raises
    ------
    ShapeError
        When they do not broadcast, or when the targets have more axes than the predictions: broadcasting would then
        compare targets with the predictions of other samples.
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
    """Return `x` as int64, and the flat index of its first number that is not an integer, or -1."""
    if x.dtype.kind != "f":
        return x.astype(np.int64, copy=False), -1
    # the int64 of NaN differs between machines, but never equals NaN
    with np.errstate(invalid="ignore"):
        whole = x.astype(np.int64)
    odd = whole != x
    return whole, int(odd.argmax()) if odd.any() else -1


class Workspace:
    """Arrays that every step reuses instead of allocating them again.

    Call `rewind` at the start of a step. The n-th `take` of a step returns the memory of the n-th array of the step
    before, provided that the dtype is the same and the memory is large enough. The memory is never cleared.
    """

    def __init__(self) -> None:
        # shape, dtype, memory, view of the memory in that shape
        self._kept: list[tuple[Shape, np.dtype[Any], Array, Array]] = []
        self._next = 0

    def rewind(self) -> None:
        """Start a new step, which may overwrite every array that `take` returned before."""
        self._next = 0

    def take(self, shape: Shape, dtype: np.dtype[Any] = FLOAT) -> Array:
        """Return an array of this shape and dtype with undefined content."""
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
    """Return a new array with undefined content; used instead of `Workspace.take` where no memory is reused."""
    return np.empty(shape, dtype)
