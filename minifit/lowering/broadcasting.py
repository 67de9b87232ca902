"""Broadcasting of values: the joint shape, the repetition of numbers to it, and the sums of gradients back from it.

The axes to repeat or reduce are grouped into stretches of neighbouring axes. Each stretch is one instruction on three
axes, outer, middle and inner. Their lengths are counted as programs count: per sample if positive; altogether, negated,
if not.
"""

from collections.abc import Collection, Sequence
from math import prod
from typing import Any

from minifit.lowering.places import Place
from minifit.lowering.program import Program
from minifit.lowering.values import Storage, Unlowered, Value, ValueShape

Triple = tuple[int, int, int]


def count_of(sizes: Sequence[int | None]) -> int:
    """Return a product of sizes as a program counts: per sample if one of them is the batch, else negated."""
    whole = prod(n for n in sizes if n is not None)
    return whole if None in sizes else -whole


def broadcast_shape(*shapes: ValueShape) -> ValueShape:
    """Return the shape to which shapes broadcast.

    Raises
    ------
    Unlowered
        When they do not broadcast, or only for one batch size.
    """
    rank = max(map(len, shapes))
    aligned = [(1,) * (rank - len(each)) + tuple(each) for each in shapes]
    shape: list[int | None] = []
    for sizes in zip(*aligned, strict=True):
        lengths = set(sizes) - {1}
        if len(lengths) > 1:
            raise Unlowered(f"an op of values of shapes {' and '.join(map(str, shapes))}")
        shape.append(lengths.pop() if lengths else 1)
    if None in shape[1:]:
        raise Unlowered(f"an op that moves the batch: of shapes {' and '.join(map(str, shapes))}")
    return tuple(shape)


def stretches(shape: ValueShape, axes: Collection[int]) -> list[Triple]:
    """Return the three axes of each stretch of neighbouring axes, from last to first, each after the one before it."""
    sizes, triples = list(shape), []
    end = len(sizes)
    while end > 0:
        if end - 1 not in axes:
            end -= 1
            continue
        begin = end - 1
        while begin - 1 in axes:
            begin -= 1
        middle = count_of(sizes[begin:end])
        if middle != -1:
            triples.append((count_of(sizes[:begin]), middle, count_of(sizes[end:])))
        sizes[begin:end] = [1] * (end - begin)
        end = begin
    return triples


def repeated_axes(shape: ValueShape, wide: ValueShape) -> list[int]:
    """Return the axes of the wide shape along which a narrow shape is repeated."""
    ahead = len(wide) - len(shape)
    return [i for i, n in enumerate(wide) if n != 1 and (i < ahead or shape[i - ahead] == 1)]


def sum_stretches(program: Program, place: Place, along: Sequence[Triple]) -> Place:
    """Emit sums along stretches and return the place of the result."""
    for outer, middle, inner in along:
        room = program.room(_times(outer, inner))
        program.emit("sum_along", room, place, outer, middle, inner)
        place = room
    return place


def repeat_stretches(program: Program, place: Place, along: Sequence[Triple]) -> Place:
    """Emit repetitions along stretches, the reverse of `sum_stretches`, and return the place of the result."""
    for outer, middle, inner in reversed(along):
        room = program.room(_times(outer, middle, inner))
        program.emit("repeat", room, place, outer, middle, inner)
        place = room
    return place


def _times(*counts: int) -> int:
    """Return the product of counts, of which at most one is per sample."""
    whole = prod(map(abs, counts))
    return whole if any(n > 0 for n in counts) else -whole


def flow_sums(program: Program, x: Value, place: Place, along: Sequence[Triple], count: int) -> None:
    """Flow a gradient back into a value as sums along stretches, or unchanged, `count` numbers, without stretches."""
    if not x.requires_grad:
        return
    if not along:
        program.flow(x, "affine", place, count, 1.0, 0.0)
        return
    program.flow(x, "sum_along", sum_stretches(program, place, along[:-1]), *along[-1])


def flow_copies(program: Program, x: Value, place: Place, along: Sequence[Triple], count: int) -> None:
    """Flow a gradient back into a value, repeated along stretches, or unchanged, `count` numbers, without stretches."""
    if not x.requires_grad:
        return
    if not along:
        program.flow(x, "affine", place, count, 1.0, 0.0)
        return
    program.flow(x, "repeat", repeat_stretches(program, place, along[1:]), *along[0])


def broadcast_value(program: Program, x: Value, shape: ValueShape) -> Value:
    """Return a value broadcast to the wide shape; no gradient flows back through the result."""
    place = repeat_stretches(program, x.place, stretches(shape, repeated_axes(x.shape, shape)))
    return value_at(program, place, shape)


def value_at(program: Program, place: Place, shape: ValueShape) -> Value:
    """Return the value of this shape at a place."""
    return Value(program, shape, Storage(place))


def flow_narrow(program: Program, x: Value, shape: ValueShape, name: str, *fields: Any) -> None:
    """Flow the result of an instruction, of the wide shape, back into a value that was broadcast to this shape."""
    if not x.requires_grad:
        return
    along = stretches(shape, repeated_axes(x.shape, shape))
    if not along:
        program.flow(x, name, *fields)
        return
    room = program.room(count_of(shape))
    program.emit(name, room, *fields)
    flow_sums(program, x, room, along, x.count)
