"""Functions that reshape, split, join and select, under their TensorFlow names."""

from itertools import pairwise
from typing import Any

import numpy as np

from minifit import ops
from minifit.errors import ArgumentError
from minifit.functions.convert import as_dtype, sizes, tensor, text_of, whole, without_gradient
from minifit.tensor import Tensor, to_array


def reshape(tensor: Any, shape: Any, name: str | None = None) -> Any:
    """Return the same numbers, or the same text, in another shape; one dimension may be -1."""
    text = text_of(tensor)
    if text is not None:
        return text.reshape(sizes(shape))
    return ops.reshape(_tensor(tensor), sizes(shape))


# the first argument of some functions hides the name `tensor`
_tensor = tensor


def transpose(a: Any, perm: Any = None, name: str = "transpose") -> Any:
    """Permute the axes; reverse them when `perm` is None."""
    return ops.transpose(tensor(a), None if perm is None else sizes(perm))


def expand_dims(input: Any, axis: Any, name: str | None = None) -> Any:
    """Insert an axis of length 1 into a tensor or text."""
    text = text_of(input)
    if text is not None:
        return np.expand_dims(text, int(axis))
    return ops.expand_dims(tensor(input), int(axis))


def squeeze(input: Any, axis: Any = None, name: str | None = None) -> Any:
    """Remove the axes of length 1 from a tensor or text, or some of them."""
    text = text_of(input)
    if text is not None:
        return np.squeeze(text, tuple(axis) if isinstance(axis, list) else axis)
    x = tensor(input)
    if not isinstance(axis, list | tuple):
        return ops.squeeze(x, axis)
    for each in sorted((int(a) % len(x.shape) for a in axis), reverse=True):
        x = ops.squeeze(x, each)
    return x


def concat(values: Any, axis: Any, name: str = "concat") -> Any:
    """Join tensors along an existing axis."""
    parts = [tensor(v) for v in values]
    if whole(*parts):
        return Tensor(np.concatenate([p.value for p in parts], int(axis)))
    return ops.concatenate(parts, int(axis))


def stack(values: Any, axis: int = 0, name: str = "stack") -> Any:
    """Join tensors along a new axis."""
    parts = [tensor(v) for v in values]
    if parts and whole(*parts):
        return Tensor(np.stack([p.value for p in parts], axis))
    return ops.stack(parts, axis)


def unstack(value: Any, num: int | None = None, axis: int = 0, name: str = "unstack") -> Any:
    """Return the entries along an axis, each a tensor without that axis.

    Raises
    ------
    ArgumentError
        When the axis does not have `num` entries.
    """
    entries = ops.unstack(tensor(value), axis)
    if num not in (None, len(entries)):
        raise ArgumentError(
            f"num must be the length of the axis, {len(entries)}. Received: num={num!r}. Leave it out."
        )
    return entries


def split(
    value: Any, num_or_size_splits: Any, axis: int = 0, num: int | None = None, name: str = "split"
) -> Any:
    """Split a tensor along an axis into a number of equal parts, or into parts of the lengths in a list."""
    return ops.split(tensor(value), num_or_size_splits, axis)


def split_at(value: Any, cuts: Any, axis: int = 0) -> Any:
    """Split a tensor along an axis into a number of equal parts, or before each index of a list, as ``np.split``."""
    x = tensor(value)
    if np.ndim(cuts) == 0:
        return ops.split(x, int(cuts), axis)
    ends = [0, *map(int, cuts), x.shape[axis]]
    return ops.split(x, [end - begin for begin, end in pairwise(ends)], axis)


def tile(input: Any, multiples: Any, name: str | None = None) -> Any:
    """Repeat a tensor along each axis the number of times in `multiples`."""
    return ops.tile(tensor(input), sizes(multiples))


def repeat(input: Any, repeats: Any, axis: int | None = None, name: str | None = None) -> Any:
    """Repeat each entry along an axis `repeats` times; when `axis` is None, each entry of the flattened tensor."""
    x = tensor(input)
    x, along = (ops.reshape(x, (-1,)), 0) if axis is None else (x, axis)
    indices = np.repeat(np.arange(x.shape[along]), np.asarray(repeats))
    return gather(x, indices, axis=along)


def gather(
    params: Any,
    indices: Any,
    validate_indices: Any = None,
    axis: Any = None,
    batch_dims: int = 0,
    name: Any = None,
) -> Any:
    """Return the entries of a tensor at some indices along an axis, the first one when `axis` is None.

    Raises
    ------
    ArgumentError
        For `batch_dims`, and for an index out of range.
    """
    if batch_dims:
        raise ArgumentError(
            f"gather needs the same indices for every sample. Received: batch_dims={batch_dims!r}. "
            "Multiply by tf.one_hot of the indices instead."
        )
    x, along = tensor(params), 0 if axis is None else int(axis)
    rows = to_array(tensor(indices))
    length = x.shape[along]
    if rows.size and length is not None and (rows.min() < 0 or rows.max() >= length):
        raise ArgumentError(
            f"gather needs indices from 0 to {length - 1}. Received: indices from {rows.min()} to {rows.max()}. "
            "Use indices within the axis."
        )
    return x[(slice(None),) * (along % len(x.shape)) + (rows,)]


def gather_nd(params: Any, indices: Any, batch_dims: int = 0, name: str | None = None) -> Any:
    """Return the entries of a tensor at rows of coordinates, each with one index per axis."""
    if batch_dims:
        raise ArgumentError(
            f"gather_nd needs coordinates in the whole tensor. Received: batch_dims={batch_dims!r}. "
            "Put the index of the sample in front of each row of coordinates."
        )
    coordinates = to_array(tensor(indices))
    return tensor(params)[tuple(np.moveaxis(coordinates, -1, 0))]


def boolean_mask(tensor: Any, mask: Any, axis: int | None = None, name: str = "boolean_mask") -> Any:
    """Return the entries where a mask is True."""
    chosen = to_array(_tensor(mask)).astype(bool)
    return _tensor(tensor)[(slice(None),) * (axis or 0) + (chosen,)]


def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Any:
    """Return `x` where the condition is True, else `y`; without both, the coordinates where it is True, in rows.

    Raises
    ------
    ArgumentError
        For `x` without `y`, or `y` without `x`.
    """
    if x is None and y is None:
        return Tensor(np.argwhere(to_array(tensor(condition))))
    if x is None or y is None:
        raise ArgumentError(
            f"where takes both x and y, or neither. Received: {'y' if x is None else 'x'} alone. Pass the other too."
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
    """Return one-hot rows along a new axis: 1 at the index that each number gives, else 0.

    The new axis is the last one when `axis` is None.

    Raises
    ------
    ArgumentError
        For an axis that the result does not have.
    """
    result = ops.one_hot(tensor(indices), int(depth))
    if on_value is not None or off_value is not None:
        on, off = 1 if on_value is None else on_value, 0 if off_value is None else off_value
        kind = np.result_type(*(to_array(tensor(v)) for v in (on_value, off_value) if v is not None))
        result = ops.cast(result * (float(on) - float(off)) + float(off), kind)
    if axis not in (None, -1):
        last = len(result.shape) - 1
        if not 0 <= int(axis) <= last:
            raise ArgumentError(
                f"axis of one_hot must be -1, for the last one, or from 0 to {last}. Received: axis={axis!r}. "
                "Leave it out for the last one."
            )
        order = list(range(last))
        order.insert(int(axis), last)
        result = ops.transpose(result, tuple(order))
    return result if dtype is None else ops.cast(result, as_dtype(dtype))


def shape(input: Any, out_type: Any = "int32", name: str | None = None) -> Any:
    """Return the length of every axis as a tensor."""
    x = tensor(input)
    return ops.cast(ops.shape(x), as_dtype(out_type)) if isinstance(x, Tensor) else ops.shape(x)


def identity(input: Any, name: str | None = None) -> Any:
    """Return a new tensor with the numbers and the gradient of another one."""
    x = tensor(input)
    return x.reshape(*x.shape) if isinstance(x, Tensor) else x


def broadcast_to(input: Any, shape: Any, name: str | None = None) -> Any:
    """Repeat a tensor to a larger shape."""
    return ops.broadcast_to(tensor(input), sizes(shape))


def pad(
    tensor: Any, paddings: Any, mode: str = "CONSTANT", constant_values: Any = 0, name: str | None = None
) -> Any:
    """Pad a tensor with one number before and behind each axis.

    Raises
    ------
    ArgumentError
        For a `mode` other than "CONSTANT".
    """
    if mode.upper() != "CONSTANT":
        raise ArgumentError(f"mode of pad must be 'CONSTANT'. Received: mode={mode!r}. Leave it out.")
    x = _tensor(tensor)
    for axis, (before, behind) in enumerate(np.asarray(paddings).tolist()):
        lengths = [list(x.shape) for _ in range(2)]
        lengths[0][axis], lengths[1][axis] = before, behind
        left, right = (Tensor(np.full(n, constant_values, x.dtype)) for n in lengths)
        x = concat([left, x, right], axis)
    return x


def reverse(tensor: Any, axis: Any, name: str | None = None) -> Any:
    """Reverse the entries along some axes."""
    x = _tensor(tensor)
    reversed_axes = {int(a) % len(x.shape) for a in (axis if isinstance(axis, list | tuple) else [axis])}
    return x[tuple(slice(None, None, -1) if a in reversed_axes else slice(None) for a in range(len(x.shape)))]


def roll(input: Any, shift: Any, axis: Any, name: str | None = None) -> Any:
    """Shift the entries along an axis; those shifted past the end return at the beginning."""
    x = tensor(input)
    indices = np.roll(np.arange(x.shape[int(axis)]), int(shift))
    return gather(x, indices, axis=int(axis))


def slice_(input_: Any, begin: Any, size: Any, name: str | None = None) -> Any:
    """Return the part of a tensor that starts at `begin` and has the shape `size`, where -1 is the rest of an axis."""
    starts, lengths = sizes(begin), sizes(size)
    return tensor(input_)[
        tuple(slice(b, None if n == -1 else b + n) for b, n in zip(starts, lengths, strict=True))
    ]


def sort(values: Any, axis: int = -1, direction: str = "ASCENDING", name: str | None = None) -> Any:
    """Sort the entries along an axis in ascending or descending order."""
    return _take_along(tensor(values), to_array(argsort(values, axis, direction)), axis)


def argsort(
    values: Any, axis: int = -1, direction: str = "ASCENDING", stable: bool = False, name: Any = None
) -> Any:
    """Return the indices that sort the entries along an axis in ascending or descending order."""
    x = to_array(tensor(values))
    # sorting the negated numbers keeps equal ones in their order
    if direction == "DESCENDING":
        x = ~x if whole(Tensor(x)) else -x
    return Tensor(np.argsort(x, axis, kind="stable").astype(np.int32))


def top_k(input: Any, k: int = 1, sorted: bool = True, name: str | None = None) -> tuple[Any, Any]:
    """Return the `k` largest numbers along the last axis, and their indices.

    Raises
    ------
    ArgumentError
        When the axis has fewer than `k` numbers.
    """
    indices = to_array(argsort(input, -1, "DESCENDING"))
    if not 0 <= int(k) <= indices.shape[-1]:
        raise ArgumentError(
            f"k of top_k must be from 0 to the length of the last axis, {indices.shape[-1]}. Received: k={k!r}. "
            "Lower it."
        )
    indices = indices[..., : int(k)]
    return _take_along(tensor(input), indices, -1), Tensor(indices)


def _take_along(x: Any, indices: Any, axis: int) -> Any:
    """Return the entries at indices along an axis, as ``np.take_along_axis``."""
    key = list(np.ogrid[tuple(slice(n) for n in indices.shape)])
    key[axis] = indices
    return x[tuple(key)]


def unique(x: Any, out_idx: Any = "int32", name: str | None = None) -> tuple[Tensor, Tensor]:
    """Return the distinct numbers in order of first occurrence, and the index of each entry among them."""
    distinct, first, inverse = np.unique(to_array(tensor(x)), return_index=True, return_inverse=True)
    order = np.argsort(first)
    ranks = np.empty_like(order)
    ranks[order] = np.arange(len(order))
    return Tensor(distinct[order]), Tensor(ranks[inverse.reshape(-1)].astype(as_dtype(out_idx)))


def meshgrid(*args: Any, indexing: str = "xy", name: str | None = None) -> list[Any]:
    """Return the coordinates of all points of a grid; the first varies along columns, with "ij" along rows.

    Raises
    ------
    ArgumentError
        For an `indexing` other than "xy" and "ij".
    """
    if indexing not in ("xy", "ij"):
        raise ArgumentError(f"indexing is 'xy' or 'ij'. Received: {indexing!r}. Leave it out for 'xy'.")
    rows = [ops.reshape(tensor(x), (-1,)) for x in args]
    positions = list(range(len(rows)))
    if indexing == "xy" and len(rows) > 1:
        positions[:2] = 1, 0
    lengths = [0] * len(rows)
    for position, row in zip(positions, rows, strict=True):
        lengths[position] = row.shape[0]
    shapes = [[-1 if i == position else 1 for i in range(len(rows))] for position in positions]
    return [
        ops.broadcast_to(ops.reshape(row, shape), tuple(lengths))
        for row, shape in zip(rows, shapes, strict=True)
    ]


def ensure_shape(x: Any, shape: Any, name: str | None = None) -> Any:
    """Return a tensor if it has this shape, in which None stands for any length.

    Raises
    ------
    ArgumentError
        When the tensor has another shape.
    """
    x = tensor(x)
    fits = len(shape) == len(x.shape) and all(w in (None, n) for w, n in zip(shape, x.shape, strict=True))
    if not fits:
        raise ArgumentError(
            f"ensure_shape needs a tensor of shape {tuple(shape)}. Received: shape {x.shape}. Reshape it first."
        )
    return x


def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any, name: str | None = None) -> Any:
    """Clip the numbers of a tensor to a range; the gradient is 0 where a number was clipped."""
    x = tensor(t)
    if isinstance(x, Tensor) and x.dtype.kind in "iu":
        return Tensor(np.clip(x.value, to_array(clip_value_min), to_array(clip_value_max)).astype(x.dtype))
    if isinstance(clip_value_min, int | float) and isinstance(clip_value_max, int | float):
        return ops.clip(x, clip_value_min, clip_value_max)
    return ops.minimum(ops.maximum(x, tensor(clip_value_min)), tensor(clip_value_max))


def clip_by_norm(t: Any, clip_norm: Any, axes: Any = None, name: str | None = None) -> Any:
    """Scale a tensor down to the norm `clip_norm` where its norm is larger."""
    x = tensor(t)
    length = ops.sqrt(ops.sum(ops.square(x), axes, True))
    return x * (tensor(clip_norm) / ops.maximum(length, tensor(clip_norm)))


def global_norm(t_list: Any, name: str | None = None) -> Any:
    """Return the norm of the numbers of several tensors together."""
    return ops.sqrt(sum((ops.sum(ops.square(tensor(t))) for t in t_list if t is not None), tensor(0.0)))


def clip_by_global_norm(t_list: Any, clip_norm: Any, use_norm: Any = None, name: str | None = None) -> Any:
    """Scale tensors down together where their common norm exceeds `clip_norm`; return them and the common norm."""
    length = global_norm(t_list) if use_norm is None else tensor(use_norm)
    factor = tensor(clip_norm) / ops.maximum(length, tensor(clip_norm))
    return [None if t is None else tensor(t) * factor for t in t_list], length


def scatter_nd(indices: Any, updates: Any, shape: Any, name: str | None = None) -> Any:
    """Return zeros with `updates` added at rows of coordinates; the result has no gradient here."""

    def scatter(coordinates: Any, values: Any) -> Any:
        result = np.zeros(sizes(shape), values.dtype)
        np.add.at(result, tuple(np.moveaxis(coordinates, -1, 0)), values)
        return result

    return without_gradient("tf.scatter_nd", scatter, indices, updates)
