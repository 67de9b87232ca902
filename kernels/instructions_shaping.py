"""Instructions that move numbers, to slice, join, transpose and repeat; and products of stacked matrices."""

import numpy as np

from minifit.kernels import program as at
from minifit.kernels.compiled_products import add_product, multiply, multiply_transposed
from minifit.kernels.compiled_vectors import (
    LANES,
    SIZE,
    Int,
    first,
    float_at,
    load,
    put_float,
    splat,
    spread,
    store,
)
from minifit.kernels.driver import field, size
from minifit.kernels.jit import instruction, jit_inner

_ZERO, _ONE = np.float32(0), np.float32(1)


@jit_inner
def _copy(source: Int, to: Int, n: Int, step_source: Int, step_to: Int) -> None:
    """Copy n numbers; the steps are strides in bytes."""
    if step_source == SIZE and step_to == SIZE:
        for j in range(0, n, LANES):
            some = first(n - j)
            store(load(source + j * SIZE, some), to + j * SIZE, some)
    else:
        for _ in range(n):
            put_float(float_at(source), to)
            source += step_source
            to += step_to


@instruction
def take_part(row: Int, frame: Int) -> int:
    """Strided numbers of x: fields y, x, samples, four sizes, four steps in x, numbers per sample of x, start.

    The four axes have these sizes. The steps, the sample of x and the start are counts of numbers.
    """
    y, x, n, whole = field(row, 1), field(row, 2), size(row, 3, frame), field(row, 12)
    a, b, c, d = field(row, 4), field(row, 5), field(row, 6), field(row, 7)
    step_a, step_b, step_c, step_d = field(row, 8), field(row, 9), field(row, 10), field(row, 11)
    x += field(row, 13) * SIZE
    for s in range(n):
        for i in range(a):
            for j in range(b):
                for k in range(c):
                    here = x + (s * whole + i * step_a + j * step_b + k * step_c) * SIZE
                    _copy(here, y, d, step_d * SIZE, SIZE)
                    y += d * SIZE
    return at.GO_ON


@instruction
def put_part(row: Int, frame: Int) -> int:
    """The reverse of `take_part`: fields y, x, samples, four sizes, four steps in y, numbers per sample of y, start.

    The last field is 1 to set y to zero before.
    """
    y, x, n, whole = field(row, 1), field(row, 2), size(row, 3, frame), field(row, 12)
    a, b, c, d = field(row, 4), field(row, 5), field(row, 6), field(row, 7)
    step_a, step_b, step_c, step_d = field(row, 8), field(row, 9), field(row, 10), field(row, 11)
    if field(row, 14) != 0:
        for i in range(0, n * whole, LANES):
            store(splat(_ZERO), y + i * SIZE, first(n * whole - i))
    y += field(row, 13) * SIZE
    for s in range(n):
        for i in range(a):
            for j in range(b):
                for k in range(c):
                    there = y + (s * whole + i * step_a + j * step_b + k * step_c) * SIZE
                    _copy(x, there, d, SIZE, step_d * SIZE)
                    x += d * SIZE
    return at.GO_ON


@instruction
def repeat(row: Int, frame: Int) -> int:
    """``y[i, j, :] = x[i, :]``: fields y, x, outer, times, inner, all of them counts."""
    y, x, outer, times, inner = (
        field(row, 1),
        field(row, 2),
        size(row, 3, frame),
        size(row, 4, frame),
        size(row, 5, frame),
    )
    for i in range(outer):
        here, to = x + i * inner * SIZE, y + i * times * inner * SIZE
        if inner == 1:
            for j in range(0, times, LANES):
                store(spread(here), to + j * SIZE, first(times - j))
        else:
            for j in range(times):
                _copy(here, to + j * inner * SIZE, inner, SIZE, SIZE)
    return at.GO_ON


# -- products of stacked matrices ----------------------------------------------------------------------------


@instruction
def products(row: Int, frame: Int) -> int:
    """``y = a @ b`` for each of several matrices: fields y, a, b, matrices, n, k, m, routines."""
    y, a, b, many = field(row, 1), field(row, 2), field(row, 3), size(row, 4, frame)
    n, k, m, blas = field(row, 5), field(row, 6), field(row, 7), field(row, 8)
    for i in range(many):
        multiply(blas, a + i * n * k * SIZE, b + i * k * m * SIZE, 0, y + i * n * m * SIZE, n, k, m)
    return at.GO_ON


@instruction
def products_slope_a(row: Int, frame: Int) -> int:
    """``da = dy @ b.T`` for each: fields da, dy, b, room for b transposed, matrices, n, k, m, routines."""
    da, dy, b, room, many = field(row, 1), field(row, 2), field(row, 3), field(row, 4), size(row, 5, frame)
    n, k, m, blas = field(row, 6), field(row, 7), field(row, 8), field(row, 9)
    for i in range(many):
        here, there = dy + i * n * m * SIZE, b + i * k * m * SIZE
        multiply_transposed(blas, here, there, room, da + i * n * k * SIZE, n, k, m)
    return at.GO_ON


@instruction
def products_slope_b(row: Int, frame: Int) -> int:
    """``db = a.T @ dy`` for each: fields db, a, dy, matrices, n, k, m, routines."""
    db, a, dy, many = field(row, 1), field(row, 2), field(row, 3), size(row, 4, frame)
    n, k, m, blas = field(row, 5), field(row, 6), field(row, 7), field(row, 8)
    for i in range(many):
        here, there, to = a + i * n * k * SIZE, dy + i * n * m * SIZE, db + i * k * m * SIZE
        add_product(blas, here, there, _ONE, False, to, n, k, m)
    return at.GO_ON
