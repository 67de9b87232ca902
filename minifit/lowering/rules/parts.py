"""Rules of the ops that move numbers: transposing, slicing and joining."""

import operator
from itertools import accumulate, pairwise
from math import prod
from typing import Any

import numpy as np

from minifit import ops
from minifit.checks import entries, whole
from minifit.lowering.broadcasting import count_of
from minifit.lowering.places import Place
from minifit.lowering.program import Program, lowers
from minifit.lowering.rules.shaping import expand_dims, squeeze
from minifit.lowering.values import Unlowered, Value, ValueShape

AXES = 4
"""The number of axes of a part in an instruction."""


# -- transposing and slicing ---------------------------------------------------------------------------------


def _part(program: Program, x: Value, shape: ValueShape, axes: list[tuple[int, int]], start: int) -> Value:
    """Lower a strided selection of the numbers of each sample; `axes` are pairs of a size and a step."""
    merged: list[tuple[int, int]] = []
    for n, step in axes:
        if n == 1:
            continue
        if merged and merged[-1][1] == n * step:
            merged[-1] = merged[-1][0] * n, step
        else:
            merged.append((n, step))
    if len(merged) > AXES:
        raise Unlowered(f"an op that reorders {len(merged)} axes")
    merged = [(1, 0)] * (AXES - len(merged)) + merged
    if not any(n > 1 for n, _ in merged):
        merged[-1] = (merged[-1][0], 1)
    samples, size = (1, x.count) if x.of_batch else (-1, -x.count)
    fields = (samples, *(n for n, _ in merged), *(step for _, step in merged), size, start)
    y = program.value(shape, x)
    program.emit("take_part", y, x, *fields)
    clear = int(prod(n for n, _ in merged) != size)
    program.back(y, lambda dy: program.flow(x, "put_part", dy, *fields, clear))
    return y


def _steps(x: Value) -> list[int]:
    """Return the strides of all axes but the batch, in numbers."""
    sizes = [n or 1 for n in x.shape[int(x.of_batch) :]]
    return [prod(sizes[i + 1 :]) for i in range(len(sizes))]


@lowers(ops.transpose)
def transpose(program: Program, x: Any, axes: Any = None) -> Value:
    """Lower a permutation of the axes; the batch must stay in front."""
    x = program.floats(x)
    order = [operator.index(a) % x.ndim for a in axes] if axes is not None else list(range(x.ndim))[::-1]
    ahead = int(x.of_batch)
    if sorted(order) != list(range(x.ndim)) or (ahead and order[0] != 0):
        raise Unlowered("a transpose that moves the batch")
    steps, shape = _steps(x), tuple(x.shape[a] for a in order)
    if order == list(range(x.ndim)):
        return program.view(x, shape)
    return _part(program, x, shape, [(x.shape[a] or 1, steps[a - ahead]) for a in order[ahead:]], 0)


@lowers(operator.getitem)
def getitem(program: Program, x: Any, index: Any) -> Value:
    """Lower an index of integers and slices that keeps every sample."""
    x = program.floats(x)
    items = list(index) if isinstance(index, tuple) else [index]
    indexed = sum(i is not None and i is not Ellipsis for i in items)
    if sum(i is Ellipsis for i in items) > 1 or indexed > x.ndim:
        raise Unlowered("an index of more axes than there are")
    if Ellipsis not in [i if i is Ellipsis else 0 for i in items]:
        items.append(Ellipsis)
    at = next(k for k, i in enumerate(items) if i is Ellipsis)
    items[at : at + 1] = [slice(None)] * (x.ndim - indexed)
    steps = [0, *_steps(x)] if x.of_batch else _steps(x)
    shape: list[int | None] = []
    axes: list[tuple[int, int]] = []
    start = axis = 0
    for i in items:
        if i is None:
            shape.append(1)
            continue
        size = x.shape[axis]
        if size is None:
            if not isinstance(i, slice) or i != slice(None):
                raise Unlowered("a part of the batch")
            shape.append(None)
        elif isinstance(i, slice):
            selected = range(size)[
                slice(*(None if n is None else operator.index(n) for n in (i.start, i.stop, i.step)))
            ]
            shape.append(len(selected))
            axes.append((len(selected), selected.step * steps[axis]))
            start += selected.start * steps[axis] if len(selected) else 0
        else:
            start += range(size)[_integer(i)] * steps[axis]
        axis += 1
    if None in shape[1:] or 0 in shape:
        raise Unlowered("a part that is empty, or has an axis in front of the batch")
    whole_shape = tuple(shape)
    if count_of(whole_shape) == x.count and all(n == 1 or step > 0 for n, step in axes):
        return program.view(x, whole_shape)
    return _part(program, x, whole_shape, axes, start)


def _integer(index: Any) -> int:
    if isinstance(index, bool | Value | list) or np.ndim(index):
        raise Unlowered("an index that is an array")
    return operator.index(index)


# -- joining and splitting -----------------------------------------------------------------------------------


def _beside(rows: int, width: int, total: int, start: int) -> tuple[int, ...]:
    """Return the fields of an instruction on a contiguous part of each row."""
    return (rows, *(1, 1, 1, width), *(0, 0, 0, 1), total, start)


@lowers(ops.concatenate)
def concatenate(program: Program, xs: Any, axis: Any = -1) -> Value:
    """Lower a concatenation along an axis other than the batch."""
    parts = [program.floats(x) for x in xs]
    first = parts[0]
    axis = operator.index(axis) % first.ndim
    others = {(*p.shape[:axis], 0, *p.shape[axis + 1 :]) for p in parts}
    if len(others) > 1 or any(p.shape[axis] is None for p in parts):
        raise Unlowered("a concatenation along the batch, or of parts that do not fit")
    lengths = [p.shape[axis] or 0 for p in parts]
    y = program.value((*first.shape[:axis], sum(lengths), *first.shape[axis + 1 :]), *parts)
    rows, inner = count_of(first.shape[:axis]), -count_of(first.shape[axis + 1 :])
    starts = [0, *accumulate(n * inner for n in lengths)]
    total = starts[-1]
    for part, (begin, end) in zip(parts, pairwise(starts), strict=True):
        program.emit("put_part", y, part, *_beside(rows, end - begin, total, begin), 0)

    def back(dy: Place) -> None:
        for part, (begin, end) in zip(parts, pairwise(starts), strict=True):
            program.flow(part, "take_part", dy, *_beside(rows, end - begin, total, begin))

    program.back(y, back)
    return y


@lowers(ops.stack)
def stack(program: Program, xs: Any, axis: Any = 0) -> Value:
    """Lower a stack of values along a new axis."""
    parts = [program.floats(x) for x in xs]
    axis = operator.index(axis) % (parts[0].ndim + 1)
    return concatenate(program, [expand_dims(program, p, axis) for p in parts], axis)


@lowers(ops.unstack)
def unstack(program: Program, x: Any, axis: Any = 0) -> list[Value]:
    """Lower the entries along an axis."""
    x = program.floats(x)
    axis = operator.index(axis) % x.ndim
    parts = split(program, x, x.shape[axis] or 0, axis)
    return [squeeze(program, part, axis) for part in parts]


@lowers(ops.split)
def split(program: Program, x: Any, num_or_size_splits: Any, axis: Any = 0) -> list[Value]:
    """Lower a split along an axis other than the batch."""
    x = program.floats(x)
    axis = operator.index(axis) % x.ndim
    length, count = x.shape[axis], whole(num_or_size_splits)
    if length is None:
        raise Unlowered("a split of the batch")
    if count is not None:
        lengths = [length // count] * count if count > 0 else []
    else:
        lengths = [operator.index(n) for n in entries(num_or_size_splits) or ()]
    if sum(lengths) != length:
        raise Unlowered(f"a split of {length} into {num_or_size_splits}")
    rows, inner = count_of(x.shape[:axis]), -count_of(x.shape[axis + 1 :])
    starts = [0, *accumulate(n * inner for n in lengths)]
    fields = [_beside(rows, end - begin, starts[-1], begin) for begin, end in pairwise(starts)]
    parts = []
    for n, each in zip(lengths, fields, strict=True):
        part = program.value((*x.shape[:axis], n, *x.shape[axis + 1 :]), x)
        program.emit("take_part", part, x, *each)
        parts.append(part)

    def back(*grads: Place | None) -> None:
        room, clear = program.room(x.count), int(None in grads)
        for dy, each in zip(grads, fields, strict=True):
            if dy is not None:
                program.emit("put_part", room, dy, *each, clear)
                clear = 0
        program.flow(x, "affine", room, x.count, 1.0, 0.0)

    program.back(tuple(parts), back)
    return parts
