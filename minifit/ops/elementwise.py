"""Ops of each number by itself."""

from typing import Any

import numpy as np

from minifit.arrays import Array
from minifit.symbolic import on_symbols
from minifit.tensor import (
    Tensor,
    TensorLike,
    alike,
    as_tensor,
    convert,
    current,
    floating,
    to_array,
    unbroadcast,
)


@on_symbols
def exp(x: TensorLike) -> Tensor:
    """The exponential."""
    x = floating(x)
    y = np.exp(x.value)
    return current().result(y, lambda g: (g * y,), x)


@on_symbols
def log(x: TensorLike) -> Tensor:
    """The natural logarithm."""
    x = floating(x)
    return current().result(np.log(x.value), lambda g: (g / x.value,), x)


@on_symbols
def sqrt(x: TensorLike) -> Tensor:
    """The square root."""
    x = floating(x)
    y = np.sqrt(x.value)
    return current().result(y, lambda g: (g / (2 * y),), x)


@on_symbols
def square(x: TensorLike) -> Tensor:
    """``x * x``."""
    x = floating(x)
    return current().result(np.square(x.value), lambda g: (2 * g * x.value,), x)


@on_symbols
def absolute(x: TensorLike) -> Tensor:
    """The absolute value; its gradient at 0 is 0."""
    return as_tensor(x).__abs__()


@on_symbols
def power(x: TensorLike, exponent: TensorLike) -> Tensor:
    """``x ** exponent``."""
    return as_tensor(x) ** exponent


@on_symbols
def maximum(a: TensorLike, b: TensorLike) -> Tensor:
    """The larger of each pair; where they are equal, the gradient goes to `a`."""
    a, b = alike(a, b)
    return where(a.value >= b.value, a, b)


@on_symbols
def minimum(a: TensorLike, b: TensorLike) -> Tensor:
    """The smaller of each pair; where they are equal, the gradient goes to `a`."""
    a, b = alike(a, b)
    return where(a.value <= b.value, a, b)


@on_symbols
def clip(x: TensorLike, low: float, high: float) -> Tensor:
    """`x` moved into [low, high]; the gradient is 0 where it had to be moved."""
    x = floating(x)
    inside = (x.value >= low) & (x.value <= high)
    return current().result(np.clip(x.value, low, high).astype(x.dtype), lambda g: (g * inside,), x)


@on_symbols
def where(condition: TensorLike, a: TensorLike, b: TensorLike) -> Tensor:
    """`a` where the condition holds, else `b`."""
    chosen = to_array(condition).astype(bool)
    a, b = alike(a, b)

    def rule(g: Array) -> tuple[Array, Array]:
        return unbroadcast(np.where(chosen, g, 0), a.shape), unbroadcast(np.where(chosen, 0, g), b.shape)

    return current().result(np.where(chosen, a.value, b.value), rule, a, b)


@on_symbols
def cast(x: TensorLike, dtype: Any) -> Tensor:
    """`x` in another dtype."""
    return convert(as_tensor(x), np.dtype(dtype))


@on_symbols
def stop_gradient(x: TensorLike) -> Tensor:
    """The same numbers, taken as a constant."""
    return Tensor(to_array(x))


@on_symbols
def equal(a: TensorLike, b: TensorLike) -> Tensor:
    """Return True at the places where two tensors agree: constants of dtype bool."""
    return Tensor(np.equal(to_array(a), to_array(b)))


abs = absolute
