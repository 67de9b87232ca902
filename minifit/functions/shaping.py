"""Functions that move numbers, as TensorFlow calls them."""

from itertools import pairwise
from typing import Any

import numpy as np

from minifit import ops
from minifit.errors import ArgumentError
from minifit.functions.convert import as_dtype, sizes, tensor, text_of, whole, without_gradient
from minifit.tensor import Tensor, to_array


def reshape(tensor: Any, shape: Any, name: str | None = None) -> Any:
    """Return the same numbers, or words, in another shape; one dimension may be -1."""
    text = text_of(tensor)
    if text is not None:
        return text.reshape(sizes(shape))
    return ops.reshape(_tensor(tensor), sizes(shape))


_tensor = tensor  # the first argument of some functions has its name


def transpose(a: Any, perm: Any = None, name: str = "transpose") -> Any:
    """Return the axes in another order, reversed when `perm` is None."""
    return ops.transpose(tensor(a), None if perm is None else sizes(perm))


def expand_dims(input: Any, axis: Any, name: str | None = None) -> Any:
    """Return a tensor, or text, with one more axis of length 1."""
    text = text_of(input)
    if text is not None:
        return np.expand_dims(text, int(axis))
    return ops.expand_dims(tensor(input), int(axis))


def squeeze(input: Any, axis: Any = None, name: str | None = None) -> Any:
    """Return a tensor, or text, without its axes of length 1, or without some of them."""
    text = text_of(input)
    if text is not None:
        return np.squeeze(text, tuple(axis) if isinstance(axis, list) else axis)
    x = tensor(input)
    if not isinstance(axis, list | tuple):
        return ops.squeeze(x, axis)
    for place in sorted((int(a) % len(x.shape) for a in axis), reverse=True):
        x = ops.squeeze(x, place)
    return x


def concat(values: Any, axis: Any, name: str = "concat") -> Any:
    """Return several tensors put after each other along an axis."""
    parts = [tensor(v) for v in values]
    if whole(*parts):
        return Tensor(np.concatenate([p.value for p in parts], int(axis)))
    return ops.concatenate(parts, int(axis))


def stack(values: Any, axis: int = 0, name: str = "stack") -> Any:
    """Return several tensors put beside each other along a new axis."""
    parts = [tensor(v) for v in values]
    if parts and whole(*parts):
        return Tensor(np.stack([p.value for p in parts], axis))
    return ops.stack(parts, axis)


def unstack(value: Any, num: int | None = None, axis: int = 0, name: str = "unstack") -> Any:
    """Return the entries along an axis, each a tensor without it.

    Raises
    ------
    ArgumentError
        When there are not `num` of them.
    """
    made = ops.unstack(tensor(value), axis)
    if num not in (None, len(made)):
        raise ArgumentError(
            f"unstack gives all entries. Received: num={num!r} for {len(made)}. Leave it out."
        )
    return made


def split(
    value: Any, num_or_size_splits: Any, axis: int = 0, num: int | None = None, name: str = "split"
) -> Any:
    """Return a tensor cut along an axis, into so many equal parts or into parts of these lengths."""
    return ops.split(tensor(value), num_or_size_splits, axis)


def split_at(value: Any, places: Any, axis: int = 0) -> Any:
    """Return a tensor cut along an axis, into so many equal parts or before these places, as NumPy cuts arrays."""
    x = tensor(value)
    if np.ndim(places) == 0:
        return ops.split(x, int(places), axis)
    ends = [0, *map(int, places), x.shape[axis]]
    return ops.split(x, [end - begin for begin, end in pairwise(ends)], axis)


def tile(input: Any, multiples: Any, name: str | None = None) -> Any:
    """Return a tensor repeated so many times along each of its axes."""
    return ops.tile(tensor(input), sizes(multiples))


def repeat(input: Any, repeats: Any, axis: int | None = None, name: str | None = None) -> Any:
    """Return a tensor with each entry along an axis so many times, of all entries in a row when it is None."""
    x = tensor(input)
    x, along = (ops.reshape(x, (-1,)), 0) if axis is None else (x, axis)
    places = np.repeat(np.arange(x.shape[along]), np.asarray(repeats))
    return gather(x, places, axis=along)


def gather(
    params: Any,
    indices: Any,
    validate_indices: Any = None,
    axis: Any = None,
    batch_dims: int = 0,
    name: Any = None,
) -> Any:
    """Return the entries of a tensor at some places along an axis, the first one when it is None.

    Raises
    ------
    ArgumentError
        For `batch_dims`, and for a place that the tensor does not have.
    """
    if batch_dims:
        raise ArgumentError(
            f"gather takes places that count for the whole tensor. Received: batch_dims={batch_dims!r}. "
            "Use a product with tf.one_hot of the places."
        )
    x, along = tensor(params), 0 if axis is None else int(axis)
    places = to_array(tensor(indices))
    length = x.shape[along]
    if places.size and length is not None and (places.min() < 0 or places.max() >= length):
        raise ArgumentError(
            f"gather takes places from 0 to {length - 1}. Received: {places.min()} to {places.max()}. "
            "Use those that the tensor has."
        )
    return x[(slice(None),) * (along % len(x.shape)) + (places,)]


def gather_nd(params: Any, indices: Any, batch_dims: int = 0, name: str | None = None) -> Any:
    """Return the entries of a tensor at places that are rows of numbers, one for each axis."""
    if batch_dims:
        raise ArgumentError(
            f"gather_nd takes places that count for the whole tensor. Received: batch_dims={batch_dims!r}. "
            "Put the number of the sample in front of each place."
        )
    places = to_array(tensor(indices))
    return tensor(params)[tuple(np.moveaxis(places, -1, 0))]


def boolean_mask(tensor: Any, mask: Any, axis: int | None = None, name: str = "boolean_mask") -> Any:
    """Return the entries where a mask is True."""
    chosen = to_array(_tensor(mask)).astype(bool)
    return _tensor(tensor)[(slice(None),) * (axis or 0) + (chosen,)]


def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Any:
    """Return `x` where the condition holds, else `y`; without these, the places where it holds, in rows.

    Raises
    ------
    ArgumentError
        For one of both alone.
    """
    if x is None and y is None:
        return Tensor(np.argwhere(to_array(tensor(condition))))
    if x is None or y is None:
        raise ArgumentError(
            f"where takes both x and y, or neither. Received: {'y' if x is None else 'x'} alone. Give the other one."
        )
    a, b = tensor(x), tensor(y)
    chosen = tensor(condition)
    if whole(a, b) and isinstance(chosen, Tensor):
        return Tensor(np.where(chosen.value.astype(bool), a.value, b.value))
    return ops.where(chosen, a, b)


def one_hot(
    indices: Any,
    depth: Any,
    on_value: Any = None,
    off_value: Any = None,
    axis: int | None = None,
    dtype: Any = None,
    name: str | None = None,
) -> Any:
    """Return 1 at the place that each number names, along a new axis (the last one when None), and 0 elsewhere.

    Raises
    ------
    ArgumentError
        For an axis that the result does not have.
    """
    made = ops.one_hot(tensor(indices), int(depth))
    if on_value is not None or off_value is not None:
        on, off = 1 if on_value is None else on_value, 0 if off_value is None else off_value
        kind = np.result_type(*(to_array(tensor(v)) for v in (on_value, off_value) if v is not None))
        made = ops.cast(made * (float(on) - float(off)) + float(off), kind)
    if axis not in (None, -1):
        last = len(made.shape) - 1
        if not 0 <= int(axis) <= last:
            raise ArgumentError(
                f"The new axis of one_hot is -1, for the last one, or one from 0 to {last}. Received: axis={axis!r}. "
                "Leave it out."
            )
        order = list(range(last))
        order.insert(int(axis), last)
        made = ops.transpose(made, tuple(order))
    return made if dtype is None else ops.cast(made, as_dtype(dtype))


def shape(input: Any, out_type: Any = "int32", name: str | None = None) -> Any:
    """Return the length of every axis as a tensor."""
    x = tensor(input)
    return ops.cast(ops.shape(x), as_dtype(out_type)) if isinstance(x, Tensor) else ops.shape(x)


def identity(input: Any, name: str | None = None) -> Any:
    """Return a tensor with the numbers and the gradient of another one."""
    x = tensor(input)
    return x.reshape(*x.shape) if isinstance(x, Tensor) else x


def broadcast_to(input: Any, shape: Any, name: str | None = None) -> Any:
    """Return a tensor repeated to a larger shape."""
    return ops.broadcast_to(tensor(input), sizes(shape))


def pad(
    tensor: Any, paddings: Any, mode: str = "CONSTANT", constant_values: Any = 0, name: str | None = None
) -> Any:
    """Return a tensor with numbers put before and behind those along each axis.

    Raises
    ------
    ArgumentError
        For a `mode` other than "CONSTANT".
    """
    if mode.upper() != "CONSTANT":
        raise ArgumentError(f"pad fills with one number. Received: mode={mode!r}. Leave it out.")
    x = _tensor(tensor)
    for axis, (before, behind) in enumerate(np.asarray(paddings).tolist()):
        lengths = [list(x.shape) for _ in range(2)]
        lengths[0][axis], lengths[1][axis] = before, behind
        left, right = (Tensor(np.full(n, constant_values, x.dtype)) for n in lengths)
        x = concat([left, x, right], axis)
    return x


def reverse(tensor: Any, axis: Any, name: str | None = None) -> Any:
    """Return a tensor with the entries along some axes from the last to the first."""
    x = _tensor(tensor)
    turned = {int(a) % len(x.shape) for a in (axis if isinstance(axis, list | tuple) else [axis])}
    return x[tuple(slice(None, None, -1) if a in turned else slice(None) for a in range(len(x.shape)))]


def roll(input: Any, shift: Any, axis: Any, name: str | None = None) -> Any:
    """Return a tensor with the entries along an axis moved on, the last ones to the beginning."""
    x = tensor(input)
    places = np.roll(np.arange(x.shape[int(axis)]), int(shift))
    return gather(x, places, axis=int(axis))


def slice_(input_: Any, begin: Any, size: Any, name: str | None = None) -> Any:
    """Return the part of a tensor that begins at a place and has a size; -1 is the rest of an axis."""
    starts, lengths = sizes(begin), sizes(size)
    return tensor(input_)[
        tuple(slice(b, None if n == -1 else b + n) for b, n in zip(starts, lengths, strict=True))
    ]


def sort(values: Any, axis: int = -1, direction: str = "ASCENDING", name: str | None = None) -> Any:
    """Return the entries along an axis from the smallest to the largest, or the other way."""
    return _taken(tensor(values), to_array(argsort(values, axis, direction)), axis)


def argsort(
    values: Any, axis: int = -1, direction: str = "ASCENDING", stable: bool = False, name: Any = None
) -> Any:
    """Return the places of the entries along an axis from the smallest to the largest, or the other way."""
    x = to_array(tensor(values))
    if direction == "DESCENDING":  # of equal ones the first stays first
        x = ~x if whole(Tensor(x)) else -x
    return Tensor(np.argsort(x, axis, kind="stable").astype(np.int32))


def top_k(input: Any, k: int = 1, sorted: bool = True, name: str | None = None) -> tuple[Any, Any]:
    """Return the `k` largest numbers of the last axis, and their places.

    Raises
    ------
    ArgumentError
        When the axis has fewer.
    """
    places = to_array(argsort(input, -1, "DESCENDING"))
    if not 0 <= int(k) <= places.shape[-1]:
        raise ArgumentError(
            f"top_k takes as many numbers as the last axis has, {places.shape[-1]}, or fewer. Received: k={k!r}. "
            "Lower it."
        )
    places = places[..., : int(k)]
    return _taken(tensor(input), places, -1), Tensor(places)


def _taken(x: Any, places: Any, axis: int) -> Any:
    """Return entries along an axis, at places that are others in each row."""
    index = list(np.ogrid[tuple(slice(n) for n in places.shape)])
    index[axis] = places
    return x[tuple(index)]


def unique(x: Any, out_idx: Any = "int32", name: str | None = None) -> tuple[Tensor, Tensor]:
    """Return the different numbers in the order in which they come, and the place of each entry among them."""
    found, first, places = np.unique(to_array(tensor(x)), return_index=True, return_inverse=True)
    order = np.argsort(first)
    ranks = np.empty_like(order)
    ranks[order] = np.arange(len(order))
    return Tensor(found[order]), Tensor(ranks[places.reshape(-1)].astype(as_dtype(out_idx)))


def meshgrid(*args: Any, indexing: str = "xy", name: str | None = None) -> list[Any]:
    """Return the coordinates of all points of a grid; the first goes along columns, for "ij" along rows.

    Raises
    ------
    ArgumentError
        For another `indexing`.
    """
    if indexing not in ("xy", "ij"):
        raise ArgumentError(f"indexing is 'xy' or 'ij'. Received: {indexing!r}. Leave it out for 'xy'.")
    rows = [ops.reshape(tensor(x), (-1,)) for x in args]
    places = list(range(len(rows)))
    if indexing == "xy" and len(rows) > 1:
        places[:2] = 1, 0
    lengths = [0] * len(rows)
    for place, row in zip(places, rows, strict=True):
        lengths[place] = row.shape[0]
    lying = [[-1 if i == place else 1 for i in range(len(rows))] for place in places]
    return [
        ops.broadcast_to(ops.reshape(row, shape), tuple(lengths))
        for row, shape in zip(rows, lying, strict=True)
    ]


def ensure_shape(x: Any, shape: Any, name: str | None = None) -> Any:
    """Return a tensor if it has a shape, in which None stands for any length.

    Raises
    ------
    ArgumentError
        When it has another one.
    """
    x = tensor(x)
    fits = len(shape) == len(x.shape) and all(w in (None, n) for w, n in zip(shape, x.shape, strict=True))
    if not fits:
        raise ArgumentError(f"This tensor was to have the shape {tuple(shape)}. Received: {x.shape}.")
    return x


def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any, name: str | None = None) -> Any:
    """Return a tensor with its numbers moved into a range; the gradient is 0 where one had to be moved."""
    x = tensor(t)
    if isinstance(x, Tensor) and x.dtype.kind in "iu":
        return Tensor(np.clip(x.value, to_array(clip_value_min), to_array(clip_value_max)).astype(x.dtype))
    if isinstance(clip_value_min, int | float) and isinstance(clip_value_max, int | float):
        return ops.clip(x, clip_value_min, clip_value_max)
    return ops.minimum(ops.maximum(x, tensor(clip_value_min)), tensor(clip_value_max))


def clip_by_norm(t: Any, clip_norm: Any, axes: Any = None, name: str | None = None) -> Any:
    """Return a tensor made shorter, where it is longer than a norm."""
    x = tensor(t)
    length = ops.sqrt(ops.sum(ops.square(x), axes, True))
    return x * (tensor(clip_norm) / ops.maximum(length, tensor(clip_norm)))


def global_norm(t_list: Any, name: str | None = None) -> Any:
    """Return the norm of all numbers of several tensors."""
    return ops.sqrt(sum((ops.sum(ops.square(tensor(t))) for t in t_list if t is not None), tensor(0.0)))


def clip_by_global_norm(t_list: Any, clip_norm: Any, use_norm: Any = None, name: str | None = None) -> Any:
    """Return tensors made shorter together, where their common norm is larger than a norm, and that norm."""
    length = global_norm(t_list) if use_norm is None else tensor(use_norm)
    factor = tensor(clip_norm) / ops.maximum(length, tensor(clip_norm))
    return [None if t is None else tensor(t) * factor for t in t_list], length


def scatter_nd(indices: Any, updates: Any, shape: Any, name: str | None = None) -> Any:
    """Return zeros with numbers added at some places; they have no gradient here."""

    def scattered(places: Any, values: Any) -> Any:
        made = np.zeros(sizes(shape), values.dtype)
        np.add.at(made, tuple(np.moveaxis(places, -1, 0)), values)
        return made

    return without_gradient("tf.scatter_nd", scattered, indices, updates)
