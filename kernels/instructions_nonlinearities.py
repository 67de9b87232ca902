"""Instructions of activations whose slope depends on their input, and of those of a whole row."""

from typing import Any

import numpy as np

from minifit.kernels import program as at
from minifit.kernels.compiled_functions import erf, exp, log1p_exp, sigmoid, tanh
from minifit.kernels.compiled_vectors import (
    LANES,
    SIZE,
    Int,
    choose,
    first,
    less,
    less_equal,
    load,
    magnitude,
    splat,
    store,
    total,
)
from minifit.kernels.driver import field, size
from minifit.kernels.instructions_elementwise import each, slope
from minifit.kernels.instructions_layers import largest_of_row
from minifit.kernels.jit import instruction, jit_inner

_F = np.float32
_ZERO, _ONE, _HALF = _F(0), _F(1), _F(0.5)
# sqrt(1 / 2) and 1 / sqrt(2 pi)
_ROOT_OF_HALF, _DENSITY = _F(0.7071067811865476), _F(0.3989422804014327)
# sqrt(2 / pi), the factor of the cube, and the number from which on the gate is 0 or 1
_STEEP, _CUBE, _FLAT = _F(0.7978845608028654), _F(0.044715), _F(10)


@each
def exponential_unit(x: Any, p: Any, q: Any, r: Any) -> Any:
    """``q x`` above 0, ``p (exp(x) - 1)`` below, elu and selu: fields as `each`."""
    below = p * (exp(choose(less(splat(_ZERO), x), splat(_ZERO), x)) - splat(_ONE))
    return choose(less(splat(_ZERO), x), q * x, below)


@slope
def exponential_unit_slope(dy: Any, x: Any, y: Any, p: Any, q: Any, r: Any) -> Any:
    """``dx = dy q`` above 0, ``dy (y + p)`` below: fields as `slope`."""
    return dy * choose(less(splat(_ZERO), x), q, y + p)


@each
def leaky_relu(x: Any, p: Any, q: Any, r: Any) -> Any:
    """``min(x, q)`` above the threshold r, ``p (x - r)`` up to it: fields as `each`."""
    high = choose(less(q, x), q, x)
    return choose(less_equal(x, r), p * (x - r), high)


@slope
def leaky_relu_slope(dy: Any, x: Any, y: Any, p: Any, q: Any, r: Any) -> Any:
    """``dx = p dy`` up to r, 0 above q, else dy: fields as `slope`."""
    high = choose(less_equal(x, q), dy, splat(_ZERO))
    return choose(less_equal(x, r), p * dy, high)


@jit_inner
def _softplus(x: Any) -> Any:
    return choose(less(splat(_ZERO), x), x, splat(_ZERO)) + log1p_exp(splat(_ZERO) - magnitude(x))


@each
def softplus(x: Any, p: Any, q: Any, r: Any) -> Any:
    """``log(1 + exp(x))``: fields as `each`."""
    return _softplus(x)


@slope
def softplus_slope(dy: Any, x: Any, y: Any, p: Any, q: Any, r: Any) -> Any:
    """``dx = dy sigmoid(x)``: fields as `slope`."""
    return dy * sigmoid(x)


@each
def softsign(x: Any, p: Any, q: Any, r: Any) -> Any:
    """``x / (1 + abs(x))``: fields as `each`."""
    return x / (splat(_ONE) + magnitude(x))


@slope
def softsign_slope(dy: Any, x: Any, y: Any, p: Any, q: Any, r: Any) -> Any:
    """``dx = dy / (1 + abs(x)) ** 2``: fields as `slope`."""
    bound = splat(_ONE) + magnitude(x)
    return dy / bound / bound


@each
def hard_sigmoid(x: Any, p: Any, q: Any, r: Any) -> Any:
    """``0.2 x + 0.5`` clipped to [0, 1]: fields as `each`."""
    line = splat(_F(0.2)) * x + splat(_HALF)
    line = choose(less(line, splat(_ZERO)), splat(_ZERO), line)
    return choose(less(splat(_ONE), line), splat(_ONE), line)


@slope
def hard_sigmoid_slope(dy: Any, x: Any, y: Any, p: Any, q: Any, r: Any) -> Any:
    """``dx = 0.2 dy`` where y was not clipped, else 0: fields as `slope`."""
    factor = choose(less_equal(magnitude(x), splat(_F(2.5))), splat(_F(0.2)), splat(_ZERO))
    return dy * factor


@each
def swish(x: Any, p: Any, q: Any, r: Any) -> Any:
    """``x sigmoid(x)``: fields as `each`."""
    return x * sigmoid(x)


@slope
def swish_slope(dy: Any, x: Any, y: Any, p: Any, q: Any, r: Any) -> Any:
    """``dx = dy s (1 + x (1 - s))`` with ``s = sigmoid(x)``: fields as `slope`."""
    s = sigmoid(x)
    return dy * (s + s * (splat(_ONE) - s) * x)


@each
def mish(x: Any, p: Any, q: Any, r: Any) -> Any:
    """``x tanh(softplus(x))``: fields as `each`."""
    return x * tanh(_softplus(x))


@slope
def mish_slope(dy: Any, x: Any, y: Any, p: Any, q: Any, r: Any) -> Any:
    """``dx = dy (t + x (1 - t t) sigmoid(x))`` with ``t = tanh(softplus(x))``: fields as `slope`."""
    t = tanh(_softplus(x))
    return dy * (t + x * ((splat(_ONE) - t * t) * sigmoid(x)))


@each
def gelu(x: Any, p: Any, q: Any, r: Any) -> Any:
    """``x / 2 (1 + erf(x / sqrt(2)))``: fields as `each`."""
    return x * (splat(_HALF) * (splat(_ONE) + erf(x * splat(_ROOT_OF_HALF))))


@slope
def gelu_slope(dy: Any, x: Any, y: Any, p: Any, q: Any, r: Any) -> Any:
    """``dx = dy (gate + x density(x))``: fields as `slope`."""
    gate = splat(_HALF) * (splat(_ONE) + erf(x * splat(_ROOT_OF_HALF)))
    u = magnitude(x)
    u = choose(less(splat(_F(40)), u), splat(_F(40)), u)
    return dy * (gate + x * (exp(splat(_F(-0.5)) * u * u) * splat(_DENSITY)))


@jit_inner
def _near(x: Any) -> Any:
    """Return x clipped where the gate of the approximation is 0 or 1."""
    x = choose(less(splat(_FLAT), x), splat(_FLAT), x)
    return choose(less(x, splat(-_FLAT)), splat(-_FLAT), x)


@each
def gelu_tanh(x: Any, p: Any, q: Any, r: Any) -> Any:
    """``x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x ** 3)))``: fields as `each`."""
    u = _near(x)
    t = tanh(splat(_STEEP) * (u + splat(_CUBE) * (u * u * u)))
    return x * (splat(_HALF) * (splat(_ONE) + t))


@slope
def gelu_tanh_slope(dy: Any, x: Any, y: Any, p: Any, q: Any, r: Any) -> Any:
    """The slope of `gelu_tanh`: fields as `slope`."""
    u = _near(x)
    t = tanh(splat(_STEEP) * (u + splat(_CUBE) * (u * u * u)))
    steep = splat(_HALF * _STEEP) * (splat(_ONE) + splat(_F(3) * _CUBE) * u * u)
    return dy * (splat(_HALF) * (splat(_ONE) + t) + x * ((splat(_ONE) - t * t) * steep))


# -- over a row ----------------------------------------------------------------------------------------------


@instruction
def log_softmax(row: Int, frame: Int) -> int:
    """``y = x - log(sum(exp(x)))`` row by row: fields y, x, rows, m."""
    y, x, n, m = field(row, 1), field(row, 2), size(row, 3, frame), field(row, 4)
    for i in range(0, n * m * SIZE, m * SIZE):
        top, sums = splat(largest_of_row(x + i, m)), splat(_ZERO)
        for j in range(i, i + m * SIZE, LANES * SIZE):
            some = first(m - (j - i) // SIZE)
            z = load(x + j, some) - top
            store(z, y + j, some)
            sums = sums + choose(some, exp(z), splat(_ZERO))
        shift = splat(_F(np.log(total(sums))))
        for j in range(i, i + m * SIZE, LANES * SIZE):
            some = first(m - (j - i) // SIZE)
            store(load(y + j, some) - shift, y + j, some)
    return at.GO_ON


@instruction
def log_softmax_slope(row: Int, frame: Int) -> int:
    """``dx = dy - exp(y) sum(dy)`` row by row: fields dx, dy, y, rows, m."""
    dx, dy, y, n, m = field(row, 1), field(row, 2), field(row, 3), size(row, 4, frame), field(row, 5)
    for i in range(0, n * m * SIZE, m * SIZE):
        sums = splat(_ZERO)
        for j in range(i, i + m * SIZE, LANES * SIZE):
            sums = sums + load(dy + j, first(m - (j - i) // SIZE))
        row_sum = splat(total(sums))
        for j in range(i, i + m * SIZE, LANES * SIZE):
            some = first(m - (j - i) // SIZE)
            store(load(dy + j, some) - exp(load(y + j, some)) * row_sum, dx + j, some)
    return at.GO_ON
