"""Elementwise ops."""

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
    """Return the exponential."""
    x = floating(x)
    y = np.exp(x.value)
    return current().result(y, lambda g: (g * y,), x)


@on_symbols
def log(x: TensorLike) -> Tensor:
    """Return the natural logarithm."""
    x = floating(x)
    return current().result(np.log(x.value), lambda g: (g / x.value,), x)


@on_symbols
def sqrt(x: TensorLike) -> Tensor:
    """Return the square root."""
    x = floating(x)
    y = np.sqrt(x.value)
    return current().result(y, lambda g: (g / (2 * y),), x)


@on_symbols
def square(x: TensorLike) -> Tensor:
    """Return ``x * x``."""
    x = floating(x)
    return current().result(np.square(x.value), lambda g: (2 * g * x.value,), x)


@on_symbols
def absolute(x: TensorLike) -> Tensor:
    """Return the absolute value; its gradient at 0 is 0."""
    return as_tensor(x).__abs__()


@on_symbols
def power(x: TensorLike, exponent: TensorLike) -> Tensor:
    """Return ``x ** exponent``."""
    return as_tensor(x) ** exponent


@on_symbols
def maximum(a: TensorLike, b: TensorLike) -> Tensor:
    """Return the larger of each pair; where both are equal, the gradient goes to `a`."""
    a, b = alike(a, b)
    return where(a.value >= b.value, a, b)


@on_symbols
def minimum(a: TensorLike, b: TensorLike) -> Tensor:
    """Return the smaller of each pair; where both are equal, the gradient goes to `a`."""
    a, b = alike(a, b)
    return where(a.value <= b.value, a, b)


@on_symbols
def clip(x: TensorLike, low: float, high: float) -> Tensor:
    """Clip `x` to the range [low, high]; the gradient is 0 where a number was clipped."""
    x = floating(x)
    inside = (x.value >= low) & (x.value <= high)
    return current().result(np.clip(x.value, low, high).astype(x.dtype), lambda g: (g * inside,), x)


@on_symbols
def where(condition: TensorLike, a: TensorLike, b: TensorLike) -> Tensor:
    """Return `a` where the condition is True, else `b`."""
    chosen = to_array(condition).astype(bool)
    a, b = alike(a, b)

    def rule(g: Array) -> tuple[Array, Array]:
        return unbroadcast(np.where(chosen, g, 0), a.shape), unbroadcast(np.where(chosen, 0, g), b.shape)

    return current().result(np.where(chosen, a.value, b.value), rule, a, b)


@on_symbols
def cast(x: TensorLike, dtype: Any) -> Tensor:
    """Return `x` in another dtype."""
    return convert(as_tensor(x), np.dtype(dtype))


@on_symbols
def stop_gradient(x: TensorLike) -> Tensor:
    """Return the same numbers as a constant, which passes no gradient back."""
    return Tensor(to_array(x))


@on_symbols
def equal(a: TensorLike, b: TensorLike) -> Tensor:
    """Return True where two tensors are equal: constants of dtype bool."""
    return Tensor(np.equal(to_array(a), to_array(b)))


abs = absolute
