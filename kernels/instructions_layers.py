"""Instructions of layers: dense, and the activations whose slope depends only on their output."""

from typing import Any

import numpy as np

from minifit.kernels import program as at
from minifit.kernels.compiled_functions import at_least, exp
from minifit.kernels.compiled_functions import sigmoid as sigmoid_of
from minifit.kernels.compiled_functions import tanh as tanh_of
from minifit.kernels.compiled_products import add_columns, add_product, multiply, multiply_transposed
from minifit.kernels.compiled_vectors import (
    LANES,
    SIZE,
    Int,
    choose,
    first,
    largest,
    less,
    load,
    splat,
    store,
    total,
)
from minifit.kernels.driver import double_at, field, size, step
from minifit.kernels.instructions_elementwise import each, slope
from minifit.kernels.jit import instruction, jit_inner

_F = np.float32
_ZERO, _ONE, _LOWEST = _F(0), _F(1), _F(-np.inf)


@instruction
def dense(row: Int, frame: Int) -> int:
    """``y = x @ w + b``: fields y, x, w, b or 0, rows, k, m, routines of the BLAS."""
    n, k, m = size(row, 5, frame), field(row, 6), field(row, 7)
    multiply(field(row, 8), field(row, 2), field(row, 3), field(row, 4), field(row, 1), n, k, m)
    return at.GO_ON


@instruction
def dense_slope_x(row: Int, frame: Int) -> int:
    """``dx = dy @ w.T``: fields dx, dy, w, room for w transposed, rows, k, m, routines of the BLAS."""
    n, k, m = size(row, 5, frame), field(row, 6), field(row, 7)
    multiply_transposed(field(row, 8), field(row, 2), field(row, 3), field(row, 4), field(row, 1), n, k, m)
    return at.GO_ON


@instruction
def dense_slope_w(row: Int, frame: Int) -> int:
    """``dw = x.T @ dy``: fields dw, x, dy, rows, k, m, routines of the BLAS."""
    n, k, m = size(row, 4, frame), field(row, 5), field(row, 6)
    add_product(field(row, 7), field(row, 2), field(row, 3), _ONE, False, field(row, 1), n, k, m)
    return at.GO_ON


@instruction
def dense_slope_b(row: Int, frame: Int) -> int:
    """``db = dy.sum(axis=0)``: fields db, dy, rows, m."""
    add_columns(field(row, 2), _ONE, False, field(row, 1), size(row, 3, frame), field(row, 4))
    return at.GO_ON


@instruction
def descend_w(row: Int, frame: Int) -> int:
    """``w -= rate * x.T @ dy``, gradient descent: fields as `dense_slope_w` with w for dw, then rates (float64)."""
    n, k, m = size(row, 4, frame), field(row, 5), field(row, 6)
    rate = _F(-double_at(field(row, 8) + step(frame) * 8))
    add_product(field(row, 7), field(row, 2), field(row, 3), rate, True, field(row, 1), n, k, m)
    return at.GO_ON


@instruction
def descend_b(row: Int, frame: Int) -> int:
    """``b -= rate * dy.sum(axis=0)``: fields as `dense_slope_b` with b for db; rates (float64)."""
    rate = _F(-double_at(field(row, 5) + step(frame) * 8))
    add_columns(field(row, 2), rate, True, field(row, 1), size(row, 3, frame), field(row, 4))
    return at.GO_ON


# -- activations ---------------------------------------------------------------------------------------------


@each
def relu(x: Any, p: Any, q: Any, r: Any) -> Any:
    """``y = max(x, 0)``: fields as `each`; NaN stays NaN."""
    return at_least(x, _ZERO)


@slope
def relu_slope(dy: Any, x: Any, y: Any, p: Any, q: Any, r: Any) -> Any:
    """``dx = dy where y > 0``: fields as `slope`."""
    return dy * choose(less(splat(_ZERO), y), splat(_ONE), splat(_ZERO))


@each
def sigmoid(x: Any, p: Any, q: Any, r: Any) -> Any:
    """``y = 1 / (1 + exp(-x))``: fields as `each`."""
    return sigmoid_of(x)


@slope
def sigmoid_slope(dy: Any, x: Any, y: Any, p: Any, q: Any, r: Any) -> Any:
    """``dx = dy * y * (1 - y)``: fields as `slope`."""
    return dy * (y * (splat(_ONE) - y))


@each
def tanh(x: Any, p: Any, q: Any, r: Any) -> Any:
    """The hyperbolic tangent: fields as `each`."""
    return tanh_of(x)


@slope
def tanh_slope(dy: Any, x: Any, y: Any, p: Any, q: Any, r: Any) -> Any:
    """``dx = dy * (1 - y * y)``: fields as `slope`."""
    return dy * (splat(_ONE) - y * y)


@instruction
def softmax(row: Int, frame: Int) -> int:
    """``y = exp(x) / sum(exp(x))`` row by row: fields y, x, rows, m."""
    y, x, n, m = field(row, 1), field(row, 2), size(row, 3, frame), field(row, 4)
    for i in range(0, n * m * SIZE, m * SIZE):
        shares = splat(exp_of_row(x + i, y + i, m))
        for j in range(0, m * SIZE, LANES * SIZE):
            some = first(m - j // SIZE)
            store(load(y + i + j, some) / shares, y + i + j, some)
    return at.GO_ON


@instruction
def softmax_slope(row: Int, frame: Int) -> int:
    """``dx = (dy - sum(dy * y)) * y`` row by row: fields dx, dy, y, rows, m."""
    dx, dy, y, n, m = field(row, 1), field(row, 2), field(row, 3), size(row, 4, frame), field(row, 5)
    for i in range(0, n * m * SIZE, m * SIZE):
        sums = splat(_ZERO)
        for j in range(i, i + m * SIZE, LANES * SIZE):
            some = first(m - (j - i) // SIZE)
            sums = sums + load(y + j, some) * load(dy + j, some)
        mean = splat(total(sums))
        for j in range(i, i + m * SIZE, LANES * SIZE):
            some = first(m - (j - i) // SIZE)
            store((load(dy + j, some) - mean) * load(y + j, some), dx + j, some)
    return at.GO_ON


@jit_inner
def exp_of_row(z: Int, p: Int, m: Int) -> float:
    """Compute ``p = exp(z - max(z))``, which cannot overflow, and return its sum."""
    top, sums = splat(largest_of_row(z, m)), splat(_ZERO)
    for j in range(0, m, LANES):
        some = first(m - j)
        e = exp(load(z + j * SIZE, some) - top)
        store(e, p + j * SIZE, some)
        sums = sums + choose(some, e, splat(_ZERO))
    return total(sums)  # type: ignore[no-any-return]


@jit_inner
def largest_of_row(z: Int, m: Int) -> float:
    """Return the largest number of a row; NaN is ignored here, but the sum includes it."""
    tops = splat(_LOWEST)
    for j in range(0, m, LANES):
        some = first(m - j)
        part = choose(some, load(z + j * SIZE, some), tops)
        tops = choose(less(tops, part), part, tops)
    return largest(tops)  # type: ignore[no-any-return]
