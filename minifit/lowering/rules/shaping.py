"""Rules of the ops that keep numbers in order, reshapes and copies, and of the matrix product."""

import operator
from collections.abc import Sequence
from math import prod
from typing import Any

from minifit import ops
from minifit.checks import entries
from minifit.kernels import blas
from minifit.lowering.broadcasting import (
    Triple,
    broadcast_shape,
    count_of,
    flow_sums,
    repeat_stretches,
    repeated_axes,
    stretches,
)
from minifit.lowering.places import Place
from minifit.lowering.program import Program, lowers
from minifit.lowering.rules.elementwise import fill
from minifit.lowering.rules.layers import dense
from minifit.lowering.values import Unlowered, Value, ValueShape

# -- the same numbers ----------------------------------------------------------------------------------------


@lowers(ops.reshape)
def reshape(program: Program, x: Any, shape: Any) -> Value:
    """Return the same numbers in another shape that keeps the rows of the batch apart."""
    x = program.as_value(x)
    sizes = list(shape)
    ahead: ValueShape = ()
    if x.of_batch:
        if not sizes or sizes[0] not in (None, -1) or sum(n == -1 for n in sizes[1:]) > 1:
            raise Unlowered("a reshape that does not keep the samples apart")
        ahead, sizes = (None,), sizes[1:]
    rest, count = [int(n) for n in sizes], abs(x.count)
    size = prod(n for n in rest if n != -1)
    if -1 in rest and size:
        rest[rest.index(-1)] = count // size
    if prod(rest) != count:
        raise Unlowered("a reshape that does not keep the samples apart")
    return program.view(x, (*ahead, *rest))


@lowers(ops.expand_dims)
def expand_dims(program: Program, x: Any, axis: Any) -> Value:
    """Return the same numbers with one more axis of length 1."""
    x = program.as_value(x)
    several = entries(axis)
    axes = [axis] if several is None else list(several)
    rank = x.ndim + len(axes)
    ones = {operator.index(a) % rank for a in axes}
    rest = iter(x.shape)
    shape = tuple(1 if i in ones else next(rest) for i in range(rank))
    if None in shape[1:]:
        raise Unlowered("an axis in front of the batch")
    return program.view(x, shape)


@lowers(ops.squeeze)
def squeeze(program: Program, x: Any, axis: Any = None) -> Value:
    """Return the same numbers without an axis of length 1."""
    x = program.as_value(x)
    if axis is None and x.of_batch:
        raise Unlowered("a squeeze of all axes, which drops the axis of a batch of one sample")
    several = entries(axis)
    axes = (
        [i for i, n in enumerate(x.shape) if n == 1]
        if axis is None
        else [axis]
        if several is None
        else several
    )
    dropped = {operator.index(a) % x.ndim for a in axes}
    if any(x.shape[a] != 1 for a in dropped):
        raise Unlowered(f"a squeeze of axis {axis} of shape {x.shape}")
    return program.view(x, tuple(n for i, n in enumerate(x.shape) if i not in dropped))


# -- copies --------------------------------------------------------------------------------------------------


@lowers(ops.broadcast_to)
def broadcast_to(program: Program, x: Any, shape: Any) -> Value:
    """Lower the repetition of a value to a larger shape."""
    x, wide = program.floats(x), tuple(None if n is None else operator.index(n) for n in shape)
    if broadcast_shape(x.shape, wide) != wide:
        raise Unlowered(f"a value of shape {x.shape} repeated to {wide}")
    return _repeat(program, x, wide, stretches(wide, repeated_axes(x.shape, wide)))


def _repeat(program: Program, x: Value, wide: ValueShape, along: Sequence[Triple]) -> Value:
    if not along:
        return program.view(x, wide)
    y = program.value(wide, x)
    program.emit("repeat", y, repeat_stretches(program, x.place, along[1:]), *along[0])
    program.back(y, lambda dy: flow_sums(program, x, dy, along, x.count))
    return y


@lowers(ops.tile)
def tile(program: Program, x: Any, multiples: Any) -> Value:
    """Lower the repetition of a value along each axis."""
    value = program.floats(x)
    times = [operator.index(n) for n in multiples]
    if len(times) != value.ndim or (value.of_batch and times[0] != 1) or min(times, default=1) < 1:
        raise Unlowered("a tile of the batch, or of another number of axes")
    for axis, n in enumerate(times):
        if n > 1:
            shape = (*value.shape[:axis], n * (value.shape[axis] or 1), *value.shape[axis + 1 :])
            along = (count_of(value.shape[:axis]), -n, count_of(value.shape[axis:]))
            value = _repeat(program, value, shape, [along])
    return value


@lowers(ops.zeros_like)
def zeros_like(program: Program, x: Any) -> Value:
    """Lower zeros."""
    return fill(program, program.floats(x), 0.0)


@lowers(ops.ones_like)
def ones_like(program: Program, x: Any) -> Value:
    """Lower ones."""
    return fill(program, program.floats(x), 1.0)


@lowers(ops.one_hot)
def one_hot(program: Program, ids: Any, depth: Any) -> Value:
    """Lower one-hot rows."""
    x, depth = program.floats(ids), operator.index(depth)
    y = program.value((*x.shape, depth))
    program.emit("one_hot", y, x, x.count, depth)
    return y


# -- products ------------------------------------------------------------------------------------------------


@lowers(ops.matmul, operator.matmul)
def matmul(program: Program, a: Any, b: Any) -> Value:
    """Lower the matrix product over the last two axes."""
    a, b = program.floats(a), program.floats(b)
    if a.ndim < 2 or b.ndim < 2 or a.shape[-1] != b.shape[-2]:
        raise Unlowered(f"a product of shapes {a.shape} and {b.shape}")
    if b.ndim == 2 and not b.of_batch:
        return dense(program, a, b, None)
    if None in (*a.shape[-2:], *b.shape[-2:]):
        raise Unlowered("a product of matrices that have a row for each sample")
    ahead = broadcast_shape(a.shape[:-2], b.shape[:-2])
    a, b = (broadcast_to(program, x, (*ahead, *x.shape[-2:])) for x in (a, b))
    n, k, m = a.shape[-2] or 0, a.shape[-1] or 0, b.shape[-1] or 0
    y = program.value((*ahead, n, m), a, b)
    many, routines = count_of(ahead), blas.routines()
    program.emit("products", y, a, b, many, n, k, m, routines)

    def back(dy: Place) -> None:
        program.flow(a, "products_slope_a", dy, b, program.room(-k * m), many, n, k, m, routines)
        program.flow(b, "products_slope_b", a, dy, many, n, k, m, routines)

    program.back(y, back)
    return y


@lowers(ops.shape)
def shape(program: Program, x: Any) -> Value:
    """Refuse the shape of a batch, whose size is not known."""
    raise Unlowered("the op 'shape'")
