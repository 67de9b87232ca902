"""Rules of reductions."""

from math import prod
from typing import Any

import numpy as np

from minifit import ops
from minifit.lowering.broadcasting import count_of, flow_copies, stretches, sum_stretches
from minifit.lowering.program import Program, lowers
from minifit.lowering.rules.elementwise import affine
from minifit.lowering.values import Unlowered, Value, ValueShape


def reduced_axes(x: Value, axis: Any) -> list[int]:
    """Return the axes to reduce as numbers from 0."""
    requested = range(x.ndim) if axis is None else axis if isinstance(axis, tuple | list) else (axis,)
    axes = sorted({int(a) % x.ndim if x.ndim else 0 for a in requested})
    if any(not -x.ndim <= int(a) < x.ndim for a in requested):
        raise Unlowered(f"a reduction along axis {axis} of shape {x.shape}")
    return axes


def without_axes(shape: ValueShape, axes: list[int], keepdims: bool) -> ValueShape:
    """Return a shape without some axes, or with length 1 for them."""
    return tuple(1 if i in axes else n for i, n in enumerate(shape) if keepdims or i not in axes)


@lowers(ops.sum)
def sum_of(program: Program, x: Any, axis: Any = None, keepdims: bool = False) -> Value:
    """Lower a sum."""
    x = program.floats(x)
    axes = reduced_axes(x, axis)
    along = stretches(x.shape, axes)
    shape = without_axes(x.shape, axes, keepdims)
    if not along:
        return program.view(x, shape)
    y = program.value(shape, x)
    program.emit("sum_along", y, sum_stretches(program, x.place, along[:-1]), *along[-1])
    program.back(y, lambda dy: flow_copies(program, x, dy, along, x.count))
    return y


@lowers(ops.mean)
def mean(program: Program, x: Any, axis: Any = None, keepdims: bool = False) -> Value:
    """Lower a mean: a sum divided by the number of its terms."""
    x = program.floats(x)
    sizes = [x.shape[i] for i in reduced_axes(x, axis)]
    whole = prod(n for n in sizes if n is not None)
    if not whole:
        raise Unlowered("the mean of nothing")
    y = sum_of(program, x, axis, keepdims)
    y = y if whole == 1 else affine(program, y, 1 / whole)
    return over_samples(program, y) if None in sizes else y


def over_samples(program: Program, x: Value) -> Value:
    """Lower the division of a value by the number of samples in the batch."""
    y = program.value(x.shape, x)
    program.emit("over_samples", y, x, y.count)
    program.back(y, lambda dy: program.flow(x, "over_samples", dy, y.count))
    return y


@lowers(ops.max)
def largest(program: Program, x: Any, axis: Any = None, keepdims: bool = False) -> Value:
    """Lower the largest value along an axis; equal ones share the gradient."""
    return _extreme(program, x, axis, keepdims, 1.0)


@lowers(ops.min)
def smallest(program: Program, x: Any, axis: Any = None, keepdims: bool = False) -> Value:
    """Lower the smallest value along an axis; equal ones share the gradient."""
    return _extreme(program, x, axis, keepdims, -1.0)


def _extreme(program: Program, x: Any, axis: Any, keepdims: bool, sign: float) -> Value:
    x = program.floats(x)
    axes = reduced_axes(x, axis)
    along = stretches(x.shape, axes)
    shape = without_axes(x.shape, axes, keepdims)
    if not along:
        return program.view(x, shape)
    if len(along) > 1:
        raise Unlowered("the largest or smallest along axes that are not neighbours")
    y = program.value(shape, x)
    program.emit("largest_along", y, x, *along[0], sign)
    program.back(y, lambda dy: program.flow(x, "largest_along_slope", dy, x, y, *along[0]))
    return y


@lowers(ops.argmax)
def argmax(program: Program, x: Any, axis: Any = -1) -> Value:
    """Lower the index of the largest value along an axis, as int64."""
    x = program.floats(x)
    axes = reduced_axes(x, axis)
    begin, end = (axes[0], axes[-1] + 1) if axes else (0, 0)
    y = program.value(without_axes(x.shape, axes, False), dtype=np.dtype(np.int64))
    sizes = x.shape[:begin], x.shape[begin:end], x.shape[end:]
    program.emit("place_of_largest", y, x, *(count_of(part) for part in sizes))
    return y
