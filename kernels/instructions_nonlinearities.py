"""Instructions of activations whose slope takes their input, and of those of a whole row."""

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
    size_of,
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
_ROOT_OF_HALF, _DENSITY = _F(0.7071067811865476), _F(0.3989422804014327)  # sqrt(1/2), 1 / sqrt(2 pi)
_STEEP, _CUBE, _FLAT = (
    _F(0.7978845608028654),
    _F(0.044715),
    _F(10),
)  # sqrt(2 / pi); from 10 on the gate is 0 or 1


@jit_inner
def _exponential_unit(x: Any, p: Any, q: Any, r: Any) -> Any:
    below = p * (exp(choose(less(splat(_ZERO), x), splat(_ZERO), x)) - splat(_ONE))
    return choose(less(splat(_ZERO), x), q * x, below)


@instruction
def exponential_unit(row: Int, frame: Int) -> int:
    """``q x`` above 0, ``p (exp(x) - 1)`` below, elu and selu: fields as `each`."""
    return each(_exponential_unit, row, frame)


@jit_inner
def _exponential_unit_slope(dy: Any, x: Any, y: Any, p: Any, q: Any, r: Any) -> Any:
    return dy * choose(less(splat(_ZERO), x), q, y + p)


@instruction
def exponential_unit_slope(row: Int, frame: Int) -> int:
    """``dx = dy q`` above 0, ``dy (y + p)`` below: fields as `slope`."""
    return slope(_exponential_unit_slope, row, frame)


@jit_inner
def _leaky(x: Any, p: Any, q: Any, r: Any) -> Any:
    high = choose(less(q, x), q, x)
    return choose(less_equal(x, r), p * (x - r), high)


@instruction
def leaky_relu(row: Int, frame: Int) -> int:
    """x above the threshold r, at most q; ``p (x - r)`` up to r: fields as `each`."""
    return each(_leaky, row, frame)


@jit_inner
def _leaky_slope(dy: Any, x: Any, y: Any, p: Any, q: Any, r: Any) -> Any:
    high = choose(less_equal(x, q), dy, splat(_ZERO))
    return choose(less_equal(x, r), p * dy, high)


@instruction
def leaky_relu_slope(row: Int, frame: Int) -> int:
    """``dx = p dy`` up to r, 0 above q, else dy: fields as `slope`."""
    return slope(_leaky_slope, row, frame)


@jit_inner
def _softplus(x: Any) -> Any:
    return choose(less(splat(_ZERO), x), x, splat(_ZERO)) + log1p_exp(splat(_ZERO) - size_of(x))


@jit_inner
def _softplus_of(x: Any, p: Any, q: Any, r: Any) -> Any:
    return _softplus(x)


@instruction
def softplus(row: Int, frame: Int) -> int:
    """``log(1 + exp(x))``: fields as `each`."""
    return each(_softplus_of, row, frame)


@jit_inner
def _softplus_slope(dy: Any, x: Any, y: Any, p: Any, q: Any, r: Any) -> Any:
    return dy * sigmoid(x)


@instruction
def softplus_slope(row: Int, frame: Int) -> int:
    """``dx = dy sigmoid(x)``: fields as `slope`."""
    return slope(_softplus_slope, row, frame)


@jit_inner
def _softsign(x: Any, p: Any, q: Any, r: Any) -> Any:
    return x / (splat(_ONE) + size_of(x))


@instruction
def softsign(row: Int, frame: Int) -> int:
    """``x / (1 + abs(x))``: fields as `each`."""
    return each(_softsign, row, frame)


@jit_inner
def _softsign_slope(dy: Any, x: Any, y: Any, p: Any, q: Any, r: Any) -> Any:
    bound = splat(_ONE) + size_of(x)
    return dy / bound / bound


@instruction
def softsign_slope(row: Int, frame: Int) -> int:
    """``dx = dy / (1 + abs(x)) ** 2``: fields as `slope`."""
    return slope(_softsign_slope, row, frame)


@jit_inner
def _hard_sigmoid(x: Any, p: Any, q: Any, r: Any) -> Any:
    line = splat(_F(0.2)) * x + splat(_HALF)
    line = choose(less(line, splat(_ZERO)), splat(_ZERO), line)
    return choose(less(splat(_ONE), line), splat(_ONE), line)


@instruction
def hard_sigmoid(row: Int, frame: Int) -> int:
    """``0.2 x + 0.5`` cut off at 0 and 1: fields as `each`."""
    return each(_hard_sigmoid, row, frame)


@jit_inner
def _hard_sigmoid_slope(dy: Any, x: Any, y: Any, p: Any, q: Any, r: Any) -> Any:
    cut = choose(less_equal(size_of(x), splat(_F(2.5))), splat(_F(0.2)), splat(_ZERO))
    return dy * cut


@instruction
def hard_sigmoid_slope(row: Int, frame: Int) -> int:
    """``dx = 0.2 dy`` where nothing was cut off: fields as `slope`."""
    return slope(_hard_sigmoid_slope, row, frame)


@jit_inner
def _swish(x: Any, p: Any, q: Any, r: Any) -> Any:
    return x * sigmoid(x)


@instruction
def swish(row: Int, frame: Int) -> int:
    """``x sigmoid(x)``: fields as `each`."""
    return each(_swish, row, frame)


@jit_inner
def _swish_slope(dy: Any, x: Any, y: Any, p: Any, q: Any, r: Any) -> Any:
    s = sigmoid(x)
    return dy * (s + s * (splat(_ONE) - s) * x)


@instruction
def swish_slope(row: Int, frame: Int) -> int:
    """``dx = dy s (1 + x (1 - s))`` with ``s = sigmoid(x)``: fields as `slope`."""
    return slope(_swish_slope, row, frame)


@jit_inner
def _mish(x: Any, p: Any, q: Any, r: Any) -> Any:
    return x * tanh(_softplus(x))


@instruction
def mish(row: Int, frame: Int) -> int:
    """``x tanh(softplus(x))``: fields as `each`."""
    return each(_mish, row, frame)


@jit_inner
def _mish_slope(dy: Any, x: Any, y: Any, p: Any, q: Any, r: Any) -> Any:
    t = tanh(_softplus(x))
    return dy * (t + x * ((splat(_ONE) - t * t) * sigmoid(x)))


@instruction
def mish_slope(row: Int, frame: Int) -> int:
    """``dx = dy (t + x (1 - t t) sigmoid(x))`` with ``t = tanh(softplus(x))``: fields as `slope`."""
    return slope(_mish_slope, row, frame)


@jit_inner
def _gelu(x: Any, p: Any, q: Any, r: Any) -> Any:
    return x * (splat(_HALF) * (splat(_ONE) + erf(x * splat(_ROOT_OF_HALF))))


@instruction
def gelu(row: Int, frame: Int) -> int:
    """``x / 2 (1 + erf(x / sqrt(2)))``: fields as `each`."""
    return each(_gelu, row, frame)


@jit_inner
def _gelu_slope(dy: Any, x: Any, y: Any, p: Any, q: Any, r: Any) -> Any:
    gate = splat(_HALF) * (splat(_ONE) + erf(x * splat(_ROOT_OF_HALF)))
    u = size_of(x)
    u = choose(less(splat(_F(40)), u), splat(_F(40)), u)
    return dy * (gate + x * (exp(splat(_F(-0.5)) * u * u) * splat(_DENSITY)))


@instruction
def gelu_slope(row: Int, frame: Int) -> int:
    """``dx = dy (gate + x density(x))``: fields as `slope`."""
    return slope(_gelu_slope, row, frame)


@jit_inner
def _near(x: Any) -> Any:
    """x cut off where the gate of the approximation is 0 or 1."""
    x = choose(less(splat(_FLAT), x), splat(_FLAT), x)
    return choose(less(x, splat(-_FLAT)), splat(-_FLAT), x)


@jit_inner
def _gelu_tanh(x: Any, p: Any, q: Any, r: Any) -> Any:
    u = _near(x)
    t = tanh(splat(_STEEP) * (u + splat(_CUBE) * (u * u * u)))
    return x * (splat(_HALF) * (splat(_ONE) + t))


@instruction
def gelu_tanh(row: Int, frame: Int) -> int:
    """``x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x ** 3)))``: fields as `each`."""
    return each(_gelu_tanh, row, frame)


@jit_inner
def _gelu_tanh_slope(dy: Any, x: Any, y: Any, p: Any, q: Any, r: Any) -> Any:
    u = _near(x)
    t = tanh(splat(_STEEP) * (u + splat(_CUBE) * (u * u * u)))
    steep = splat(_HALF * _STEEP) * (splat(_ONE) + splat(_F(3) * _CUBE) * u * u)
    return dy * (splat(_HALF) * (splat(_ONE) + t) + x * ((splat(_ONE) - t * t) * steep))


@instruction
def gelu_tanh_slope(row: Int, frame: Int) -> int:
    """The slope of `gelu_tanh`: fields as `slope`."""
    return slope(_gelu_tanh_slope, row, frame)


# -- of a row ------------------------------------------------------------------------------------------------


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
        whole = splat(total(sums))
        for j in range(i, i + m * SIZE, LANES * SIZE):
            some = first(m - (j - i) // SIZE)
            store(load(dy + j, some) - exp(load(y + j, some)) * whole, dx + j, some)
    return at.GO_ON
