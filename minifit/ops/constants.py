"""Ops without a gradient: zeros, ones, one-hot rows and random numbers."""

from collections.abc import Sequence
from operator import index
from typing import Any, SupportsIndex

import numpy as np

from minifit.arrays import Shape
from minifit.errors import ArgumentTypeError
from minifit.symbolic import on_symbols
from minifit.tensor import (
    Tensor,
    TensorLike,
    current,
    to_array,
)


@on_symbols
def one_hot(ids: TensorLike, depth: int) -> Tensor:
    """Return one-hot rows along a new last axis: 1 at the index that each number gives, else 0; float32 constants."""
    return Tensor((to_array(ids)[..., None] == np.arange(depth)).astype(np.float32))


@on_symbols
def zeros_like(x: TensorLike) -> Tensor:
    """Return zeros of the shape and dtype of `x`."""
    return Tensor(np.zeros_like(to_array(x)))


@on_symbols
def ones_like(x: TensorLike) -> Tensor:
    """Return ones of the shape and dtype of `x`."""
    return Tensor(np.ones_like(to_array(x)))


@on_symbols
def random_normal(
    shape: Sequence[SupportsIndex], mean: float = 0.0, stddev: float = 1.0, seed: int | None = None
) -> Tensor:
    """Draw numbers from a normal distribution, as constants.

    They come from a random stream of the model, so that a resumed run draws the same ones. With a seed, they come from
    a separate stream.
    """
    normal = current().generator("random_normal", seed).standard_normal(_sizes(shape), np.float32)
    return Tensor(normal * np.float32(stddev) + np.float32(mean))


@on_symbols
def random_uniform(
    shape: Sequence[SupportsIndex], minval: float = 0.0, maxval: float = 1.0, seed: int | None = None
) -> Tensor:
    """Draw numbers from the uniform distribution over ``[minval, maxval)``, as constants; see `random_normal`."""
    uniform = current().generator("random_uniform", seed).random(_sizes(shape), np.float32)
    return Tensor(uniform * np.float32(maxval - minval) + np.float32(minval))


def _sizes(shape: Any) -> Shape:
    """Return a shape as a tuple of int, from integers, tensors or one tensor."""
    try:
        return tuple(index(n) for n in shape)
    except TypeError:
        raise ArgumentTypeError(
            f"A shape is a sequence of integers. Received: {shape!r}. In a graph, draw the numbers in a layer's call."
        ) from None
