"""The ops that leave numbers in their order: other shapes and copies; and the product of matrices."""

import operator
from collections.abc import Sequence
from math import prod
from typing import Any

from minifit import ops
from minifit.checks import entries
from minifit.kernels import blas
from minifit.lowering.broadcasting import (
    Triple,
    counted,
    flow_sums,
    joint,
    repeated_axes,
    stretches,
    widened,
)
from minifit.lowering.places import Place
from minifit.lowering.program import Program, lowers
from minifit.lowering.rules.elementwise import fill
from minifit.lowering.rules.layers import dense
from minifit.lowering.values import Unlowered, Value, ValueShape

# -- the same numbers ----------------------------------------------------------------------------------------


@lowers(ops.reshape)
def reshape(program: Program, x: Any, shape: Any) -> Value:
    """Return the same numbers in another shape, which keeps the rows of the batch apart."""
    x = program.as_value(x)
    wanted = list(shape)
    ahead: ValueShape = ()
    if x.of_batch:
        if not wanted or wanted[0] not in (None, -1) or sum(n == -1 for n in wanted[1:]) > 1:
            raise Unlowered("a reshape that does not keep the samples apart")
        ahead, wanted = (None,), wanted[1:]
    rest, count = [int(n) for n in wanted], abs(x.count)
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
    places = entries(axis)
    given = [axis] if places is None else list(places)
    rank = x.ndim + len(given)
    ones = {operator.index(a) % rank for a in given}
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
    places = entries(axis)
    given = (
        [i for i, n in enumerate(x.shape) if n == 1] if axis is None else [axis] if places is None else places
    )
    dropped = {operator.index(a) % x.ndim for a in given}
    if any(x.shape[a] != 1 for a in dropped):
        raise Unlowered(f"a squeeze of axis {axis} of shape {x.shape}")
    return program.view(x, tuple(n for i, n in enumerate(x.shape) if i not in dropped))


# -- copies --------------------------------------------------------------------------------------------------


@lowers(ops.broadcast_to)
def broadcast_to(program: Program, x: Any, shape: Any) -> Value:
    """Write down a value repeated to a larger shape."""
    x, wide = program.floats(x), tuple(None if n is None else operator.index(n) for n in shape)
    if joint(x.shape, wide) != wide:
        raise Unlowered(f"a value of shape {x.shape} repeated to {wide}")
    return _repeated(program, x, wide, stretches(wide, repeated_axes(x.shape, wide)))


def _repeated(program: Program, x: Value, wide: ValueShape, along: Sequence[Triple]) -> Value:
    if not along:
        return program.view(x, wide)
    y = program.value(wide, x)
    program.emit("repeat", y, widened(program, x.place, along[1:]), *along[0])
    program.back(y, lambda dy: flow_sums(program, x, dy, along, x.count))
    return y


@lowers(ops.tile)
def tile(program: Program, x: Any, multiples: Any) -> Value:
    """Write down a value repeated so many times along each axis."""
    value = program.floats(x)
    times = [operator.index(n) for n in multiples]
    if len(times) != value.ndim or (value.of_batch and times[0] != 1) or min(times, default=1) < 1:
        raise Unlowered("a tile of the batch, or of other axes than there are")
    for axis, n in enumerate(times):
        if n > 1:
            shape = (*value.shape[:axis], n * (value.shape[axis] or 1), *value.shape[axis + 1 :])
            along = (counted(value.shape[:axis]), -n, counted(value.shape[axis:]))
            value = _repeated(program, value, shape, [along])
    return value


@lowers(ops.zeros_like)
def zeros_like(program: Program, x: Any) -> Value:
    """Write down zeros."""
    return fill(program, program.floats(x), 0.0)


@lowers(ops.ones_like)
def ones_like(program: Program, x: Any) -> Value:
    """Write down ones."""
    return fill(program, program.floats(x), 1.0)


@lowers(ops.one_hot)
def one_hot(program: Program, ids: Any, depth: Any) -> Value:
    """Write down a 1 at the place that each number names."""
    x, depth = program.floats(ids), operator.index(depth)
    y = program.value((*x.shape, depth))
    program.emit("one_hot", y, x, x.count, depth)
    return y


# -- products ------------------------------------------------------------------------------------------------


@lowers(ops.matmul, operator.matmul)
def matmul(program: Program, a: Any, b: Any) -> Value:
    """Write down the product of the last two axes."""
    a, b = program.floats(a), program.floats(b)
    if a.ndim < 2 or b.ndim < 2 or a.shape[-1] != b.shape[-2]:
        raise Unlowered(f"a product of shapes {a.shape} and {b.shape}")
    if b.ndim == 2 and not b.of_batch:
        return dense(program, a, b, None)
    if None in (*a.shape[-2:], *b.shape[-2:]):
        raise Unlowered("a product of matrices that have a row for each sample")
    ahead = joint(a.shape[:-2], b.shape[:-2])
    a, b = (broadcast_to(program, x, (*ahead, *x.shape[-2:])) for x in (a, b))
    n, k, m = a.shape[-2] or 0, a.shape[-1] or 0, b.shape[-1] or 0
    y = program.value((*ahead, n, m), a, b)
    many, routines = counted(ahead), blas.routines()
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
