"""Matrix products between places in memory: minifit's own where matrices are small, NumPy's BLAS where they are large.

A BLAS copies its matrices into an order of its own before it multiplies, and shares the work among threads. That
pays for large ones. Below, a tile of 4 rows and 16 columns that stays in registers is as fast, and needs no call.

All matrices are float32 and lie row by row without gaps: `x` (n, k), `w` (k, m), `y` (n, m).
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types

from minifit.kernels.blas import BY_ROWS, PLAIN, TRANSPOSED
from minifit.kernels.compiled_vectors import (
    LANES,
    SIZE,
    address,
    count,
    emitted,
    first,
    load,
    number,
    splat,
    spread,
    store,
)
from minifit.kernels.jit import jit_inner

LARGE = 2**19
"""From so many multiplications, n * k * m, a product goes to the BLAS, if there is one. Measured: see docs/speed.md."""

_ZERO, _ONE = np.float32(0), np.float32(1)
_C = ir.IntType(32)
_SGEMM = ir.FunctionType(
    ir.VoidType(),
    [_C] * 3
    + [ir.IntType(64)] * 3
    + [ir.FloatType()]
    + [ir.IntType(64)] * 4
    + [ir.FloatType()]
    + [ir.IntType(64)] * 2,
)


@emitted(types.void, address, *(count,) * 5, number, *(address, count) * 2, number, address, count)
def _sgemm(
    builder: Any,
    routine: Any,
    left: Any,
    right: Any,
    n: Any,
    m: Any,
    k: Any,
    alpha: Any,
    a: Any,
    row_a: Any,
    b: Any,
    row_b: Any,
    beta: Any,
    c: Any,
    row_c: Any,
) -> None:
    """``c = alpha * op(a) @ op(b) + beta * c``, by the BLAS."""
    flags = [_C(BY_ROWS), builder.trunc(left, _C), builder.trunc(right, _C)]
    given = [*flags, n, m, k, alpha, a, row_a, b, row_b, beta, c, row_c]
    builder.call(builder.inttoptr(routine, _SGEMM.as_pointer()), given)


@jit_inner
def multiply(blas: int, x: int, w: int, b: int, y: int, n: int, k: int, m: int) -> None:
    """y = x @ w + b; nothing is added where `b` is 0."""
    if blas != 0 and n * k * m >= LARGE:
        _sgemm(blas, PLAIN, PLAIN, n, m, k, _ONE, x, k, w, m, _ZERO, y, m)
        if b != 0:
            _add_to_rows(b, y, n, m)
        return
    row_x, row_w, row_y = k * SIZE, m * SIZE, m * SIZE
    for j in range(0, m, LANES):
        some = first(m - j)
        begin = load(b + j * SIZE, some) if b != 0 else splat(_ZERO)
        i = 0
        while i + 4 <= n:
            sum_0 = sum_1 = sum_2 = sum_3 = begin
            here, there = x + i * row_x, w + j * SIZE
            for _ in range(k):
                weights = load(there, some)
                sum_0 = spread(here) * weights + sum_0
                sum_1 = spread(here + row_x) * weights + sum_1
                sum_2 = spread(here + 2 * row_x) * weights + sum_2
                sum_3 = spread(here + 3 * row_x) * weights + sum_3
                here += SIZE
                there += row_w
            to = y + i * row_y + j * SIZE
            store(sum_0, to, some)
            store(sum_1, to + row_y, some)
            store(sum_2, to + 2 * row_y, some)
            store(sum_3, to + 3 * row_y, some)
            i += 4
        while i < n:
            total = begin
            here, there = x + i * row_x, w + j * SIZE
            for _ in range(k):
                total = spread(here) * load(there, some) + total
                here += SIZE
                there += row_w
            store(total, y + i * row_y + j * SIZE, some)
            i += 1


@jit_inner
def add_product(
    blas: int, x: int, dy: int, factor: float, keep: float, w: int, n: int, k: int, m: int
) -> None:
    """w = keep * w + factor * x.T @ dy, where `keep` is 1 or 0: a step of gradient descent, or the gradient."""
    if (
        m == 1 and k > 1
    ):  # one column is one row of the transposed: full vectors, where a column fills one lane
        x, dy, k, m = dy, x, m, k
    elif blas != 0 and n * k * m >= LARGE:
        _sgemm(blas, TRANSPOSED, PLAIN, k, m, n, factor, x, k, dy, m, keep, w, m)
        return
    row_x, row_y, row_w = k * SIZE, m * SIZE, m * SIZE
    factors, nothing = splat(factor), splat(_ZERO)
    for j in range(0, m, LANES):
        some = first(m - j)
        q = 0
        while q + 4 <= k:
            sum_0 = sum_1 = sum_2 = sum_3 = nothing
            here, there = x + q * SIZE, dy + j * SIZE
            for _ in range(n):
                slopes = load(there, some)
                sum_0 = spread(here) * slopes + sum_0
                sum_1 = spread(here + SIZE) * slopes + sum_1
                sum_2 = spread(here + 2 * SIZE) * slopes + sum_2
                sum_3 = spread(here + 3 * SIZE) * slopes + sum_3
                here += row_x
                there += row_y
            to = w + q * row_w + j * SIZE
            old_0 = old_1 = old_2 = old_3 = nothing
            if keep != _ZERO:  # all are read before one is written: a load waits for a masked store beside it
                old_0, old_1 = load(to, some), load(to + row_w, some)
                old_2, old_3 = load(to + 2 * row_w, some), load(to + 3 * row_w, some)
            store(factors * sum_0 + old_0, to, some)
            store(factors * sum_1 + old_1, to + row_w, some)
            store(factors * sum_2 + old_2, to + 2 * row_w, some)
            store(factors * sum_3 + old_3, to + 3 * row_w, some)
            q += 4
        while q < k:
            total = nothing
            here, there = x + q * SIZE, dy + j * SIZE
            for _ in range(n):
                total = spread(here) * load(there, some) + total
                here += row_x
                there += row_y
            to = w + q * row_w + j * SIZE
            old = load(to, some) if keep != _ZERO else nothing
            store(factors * total + old, to, some)
            q += 1


@jit_inner
def multiply_transposed(blas: int, dy: int, w: int, scratch: int, dx: int, n: int, k: int, m: int) -> None:
    """dx = dy @ w.T; `scratch` has room for k * m numbers."""
    if m == 1:
        multiply(0, dy, w, 0, dx, n, m, k)  # a column read as a row is transposed
    elif blas != 0 and n * k * m >= LARGE:
        _sgemm(blas, PLAIN, TRANSPOSED, n, k, m, _ONE, dy, m, w, m, _ZERO, dx, k)
    else:
        _transpose(w, scratch, k, m)
        multiply(0, dy, scratch, 0, dx, n, m, k)


@jit_inner
def add_columns(dy: int, factor: float, keep: float, b: int, n: int, m: int) -> None:
    """b = keep * b + factor * dy.sum(axis=0), where `keep` is 1 or 0."""
    factors = splat(factor)
    for j in range(0, m, LANES):
        some = first(m - j)
        total = splat(_ZERO)
        there = dy + j * SIZE
        for _ in range(n):
            total = load(there, some) + total
            there += m * SIZE
        to = b + j * SIZE
        old = load(to, some) if keep != _ZERO else splat(_ZERO)
        store(factors * total + old, to, some)


@jit_inner
def _add_to_rows(b: int, y: int, n: int, m: int) -> None:
    for i in range(n):
        for j in range(0, m, LANES):
            some = first(m - j)
            to = y + (i * m + j) * SIZE
            store(load(b + j * SIZE, some) + load(to, some), to, some)


@jit_inner
def _transpose(w: int, out: int, k: int, m: int) -> None:
    one = first(1)
    for q in range(k):
        for j in range(m):
            store(load(w + (q * m + j) * SIZE, one), out + (j * k + q) * SIZE, one)
