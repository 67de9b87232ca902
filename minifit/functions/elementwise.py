"""Elementwise functions and comparisons: TensorFlow's ``tf.math``."""

from collections.abc import Callable
from typing import Any

import numpy as np

from minifit import operations, ops
from minifit.arrays import Array
from minifit.functions.convert import tensor, whole
from minifit.symbolic import on_symbols
from minifit.tensor import Tensor, current, floating

Unary = Callable[..., Any]


def _unary(
    name: str, doc: str, forward: Callable[[Array], Array], slope: Callable[[Array, Array], Any]
) -> Unary:
    """Return an elementwise function with ``slope(x, y)`` as its derivative, registered for use in graphs."""

    @on_symbols
    def function(x: Any, name: str | None = None) -> Tensor:
        x = floating(tensor(x))
        y = np.asarray(forward(x.value))
        return current().result(y, lambda g: (np.asarray(g * slope(x.value, y), y.dtype),), x)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    operations.add(function, f"math.{name}")
    return function


sin = _unary("sin", "Return the sine.", np.sin, lambda x, y: np.cos(x))
cos = _unary("cos", "Return the cosine.", np.cos, lambda x, y: -np.sin(x))
tan = _unary("tan", "Return the tangent.", np.tan, lambda x, y: 1 + y * y)
asin = _unary("asin", "Return the inverse sine.", np.arcsin, lambda x, y: 1 / np.sqrt(1 - x * x))
acos = _unary("acos", "Return the inverse cosine.", np.arccos, lambda x, y: -1 / np.sqrt(1 - x * x))
atan = _unary("atan", "Return the inverse tangent.", np.arctan, lambda x, y: 1 / (1 + x * x))
sinh = _unary("sinh", "Return the hyperbolic sine.", np.sinh, lambda x, y: np.cosh(x))
cosh = _unary("cosh", "Return the hyperbolic cosine.", np.cosh, lambda x, y: np.sinh(x))
log1p = _unary("log1p", "Return ``log(1 + x)``, accurate for small `x`.", np.log1p, lambda x, y: 1 / (1 + x))
expm1 = _unary("expm1", "Return ``exp(x) - 1``, accurate for small `x`.", np.expm1, lambda x, y: y + 1)
rsqrt = _unary("rsqrt", "Return ``1 / sqrt(x)``.", lambda x: 1 / np.sqrt(x), lambda x, y: -y / (2 * x))
reciprocal = _unary("reciprocal", "Return ``1 / x``.", lambda x: 1 / x, lambda x, y: -y * y)
_sign = _unary("sign", "Return -1, 0 or 1; its gradient is 0.", np.sign, lambda x, y: np.zeros_like(x))


def _whole(name: str, doc: str, forward: Callable[[Array], Array]) -> Unary:
    """Return an elementwise function that passes no gradient back, as in TensorFlow; registered for use in graphs."""

    @on_symbols
    def function(x: Any, name: str | None = None) -> Tensor:
        return Tensor(np.asarray(forward(tensor(x).value)))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    operations.add(function, f"math.{name}")
    return function


floor = _whole("floor", "Return the largest integer not above each number.", np.floor)
ceil = _whole("ceil", "Return the smallest integer not below each number.", np.ceil)
round = _whole("round", "Return the nearest integer, the even one of two.", np.round)
is_nan = _whole("is_nan", "Return True where a number is NaN.", np.isnan)
is_inf = _whole("is_inf", "Return True where a number is infinite.", np.isinf)
is_finite = _whole("is_finite", "Return True where a number is finite.", np.isfinite)
logical_not = _whole("logical_not", "Return True where the argument is False.", np.logical_not)


def sign(x: Any, name: str | None = None) -> Any:
    """Return -1, 0 or 1; its gradient is 0."""
    x = tensor(x)
    return Tensor(np.sign(x.value)) if whole(x) else _sign(x)


def square(x: Any, name: str | None = None) -> Any:
    """Return ``x * x``."""
    x = tensor(x)
    return x * x if whole(x) else ops.square(x)


def abs(x: Any, name: str | None = None) -> Any:
    """Return the absolute value."""
    return ops.abs(tensor(x))


# -- of two tensors ------------------------------------------------------------------------------------------


def maximum(x: Any, y: Any, name: str | None = None) -> Any:
    """Return the larger of each pair."""
    a, b = tensor(x), tensor(y)
    return Tensor(np.maximum(a.value, b.value)) if whole(a, b) else ops.maximum(a, b)


def minimum(x: Any, y: Any, name: str | None = None) -> Any:
    """Return the smaller of each pair."""
    a, b = tensor(x), tensor(y)
    return Tensor(np.minimum(a.value, b.value)) if whole(a, b) else ops.minimum(a, b)


def add(x: Any, y: Any, name: str | None = None) -> Any:
    """Return ``x + y``."""
    return tensor(x) + y


def subtract(x: Any, y: Any, name: str | None = None) -> Any:
    """Return ``x - y``."""
    return tensor(x) - y


def multiply(x: Any, y: Any, name: str | None = None) -> Any:
    """Return ``x * y``."""
    return tensor(x) * y


def divide(x: Any, y: Any, name: str | None = None) -> Any:
    """Return ``x / y``."""
    return tensor(x) / y


def floordiv(x: Any, y: Any, name: str | None = None) -> Any:
    """Return ``x // y``."""
    return tensor(x) // y


def mod(x: Any, y: Any, name: str | None = None) -> Any:
    """Return ``x % y``."""
    return tensor(x) % y


def pow(x: Any, y: Any, name: str | None = None) -> Any:
    """Return ``x ** y``."""
    return tensor(x) ** y


def negative(x: Any, name: str | None = None) -> Any:
    """Return ``-x``."""
    return -tensor(x)


def squared_difference(x: Any, y: Any, name: str | None = None) -> Any:
    """Return ``(x - y) ** 2``."""
    return ops.square(tensor(x) - y)


def divide_no_nan(x: Any, y: Any, name: str | None = None) -> Any:
    """Return ``x / y``, and 0 where `y` is 0."""
    x, y = tensor(x), tensor(y)
    zero = ops.equal(y, 0.0)
    return ops.where(
        zero,
        ops.zeros_like(x / ops.where(zero, ops.ones_like(y), y)),
        x / ops.where(zero, ops.ones_like(y), y),
    )


def add_n(inputs: Any, name: str | None = None) -> Any:
    """Return the sum of several tensors of one shape."""
    total, *others = [tensor(x) for x in inputs]
    for other in others:
        total = total + other
    return total


# -- comparisons ---------------------------------------------------------------------------------------------


def not_equal(x: Any, y: Any, name: str | None = None) -> Any:
    """Return True where two tensors differ."""
    return logical_not(ops.equal(tensor(x), tensor(y)))


def less(x: Any, y: Any, name: str | None = None) -> Any:
    """Return True where ``x < y``."""
    return tensor(x) < y


def less_equal(x: Any, y: Any, name: str | None = None) -> Any:
    """Return True where ``x <= y``."""
    return tensor(x) <= y


def greater(x: Any, y: Any, name: str | None = None) -> Any:
    """Return True where ``x > y``."""
    return tensor(x) > y


def greater_equal(x: Any, y: Any, name: str | None = None) -> Any:
    """Return True where ``x >= y``."""
    return tensor(x) >= y


def logical_and(x: Any, y: Any, name: str | None = None) -> Any:
    """Return True where both are True."""
    return Tensor(np.logical_and(tensor(x).value, tensor(y).value))


def logical_or(x: Any, y: Any, name: str | None = None) -> Any:
    """Return True where at least one of both is True."""
    return Tensor(np.logical_or(tensor(x).value, tensor(y).value))
