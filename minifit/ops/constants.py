"""Numbers that depend on no other tensor's gradient: zeros, ones, one-hot rows and random numbers."""

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
    """A 1 at the place that each number names, along a new last axis, and 0 elsewhere: constants of float32."""
    return Tensor((to_array(ids)[..., None] == np.arange(depth)).astype(np.float32))


@on_symbols
def zeros_like(x: TensorLike) -> Tensor:
    """Zeros of the shape and dtype of `x`."""
    return Tensor(np.zeros_like(to_array(x)))


@on_symbols
def ones_like(x: TensorLike) -> Tensor:
    """Ones of the shape and dtype of `x`."""
    return Tensor(np.ones_like(to_array(x)))


@on_symbols
def random_normal(
    shape: Sequence[SupportsIndex], mean: float = 0.0, stddev: float = 1.0, seed: int | None = None
) -> Tensor:
    """Numbers from a normal distribution, as constants.

    They come from a stream of the model, so that a resumed run draws the same ones; with a seed from one of its own.
    """
    drawn = current().generator("random_normal", seed).standard_normal(_sizes(shape), np.float32)
    return Tensor(drawn * np.float32(stddev) + np.float32(mean))


@on_symbols
def random_uniform(
    shape: Sequence[SupportsIndex], minval: float = 0.0, maxval: float = 1.0, seed: int | None = None
) -> Tensor:
    """Numbers from ``[minval, maxval)``, each as likely as the others, as constants; drawn as `random_normal` draws."""
    drawn = current().generator("random_uniform", seed).random(_sizes(shape), np.float32)
    return Tensor(drawn * np.float32(maxval - minval) + np.float32(minval))


def _sizes(shape: Any) -> Shape:
    """A shape as Python's numbers, given as numbers, as tensors, or as one tensor."""
    try:
        return tuple(index(n) for n in shape)
    except TypeError:
        raise ArgumentTypeError(
            f"A shape is whole numbers. Received: {shape!r}. In a graph, draw the numbers in the call of a layer."
        ) from None
