"""Matrix products of places in memory: minifit's own for small matrices, and NumPy's BLAS for large ones.

A BLAS first copies its matrices into a special order, and distributes the work over threads, which pays for large
matrices. For smaller ones, a tile of 4 rows and 16 columns that stays in registers is as fast, and needs no call.

All matrices are float32 and stored row by row without gaps: `x` (n, k), `w` (k, m), `y` (n, m). `blas` is the address
of the table of NumPy's BLAS, or 0 for none (`minifit.kernels.blas.routines`).
"""

from typing import Any

import numpy as np

from minifit.kernels.compiled_parts import large_product
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
from minifit.kernels.jit import jit_inner
from minifit.kernels.parts import PLAIN, TRANSPOSED

LARGE = 2**19
"""The multiplications, n * k * m, from which on a product goes to the BLAS. Measured: see docs/speed.md."""

_ZERO, _ONE = np.float32(0), np.float32(1)
_NONE = np.int64(0)
# of one type, so that functions are compiled once
_PLAIN, _TRANSPOSED = np.int64(PLAIN), np.int64(TRANSPOSED)


@jit_inner
def multiply(blas: Int, x: Int, w: Int, b: Int, y: Int, n: Int, k: Int, m: Int) -> None:
    """Compute y = x @ w + b; nothing is added when `b` is 0."""
    if blas != 0 and n * k * m >= LARGE:
        _fill_rows(b, y, n, m)
        large_product(blas, _PLAIN, _PLAIN, n, m, k, _ONE, x, k, w, m, _ONE if b != 0 else _ZERO, y, m)
        return
    row_x, row = k * SIZE, m * SIZE
    for j in range(0, m, LANES):
        some = first(m - j)
        begin = load(b + j * SIZE, first(m - j if b != 0 else 0))
        for i in range(0, n - 3, 4):
            sum_0 = sum_1 = sum_2 = sum_3 = begin
            here, there = x + i * row_x, w + j * SIZE
            for _ in range(k):
                weights = load(there, some)
                sum_0 = spread(here) * weights + sum_0
                sum_1 = spread(here + row_x) * weights + sum_1
                sum_2 = spread(here + 2 * row_x) * weights + sum_2
                sum_3 = spread(here + 3 * row_x) * weights + sum_3
                here += SIZE
                there += row
            to = y + i * row + j * SIZE
            store(sum_0, to, some)
            store(sum_1, to + row, some)
            store(sum_2, to + 2 * row, some)
            store(sum_3, to + 3 * row, some)
        for i in range(n - n % 4, n):
            sums = begin
            here, there = x + i * row_x, w + j * SIZE
            for _ in range(k):
                sums = spread(here) * load(there, some) + sums
                here += SIZE
                there += row
            store(sums, y + i * row + j * SIZE, some)


@jit_inner
def add_product(blas: Int, x: Int, dy: Int, factor: Any, keep: bool, w: Int, n: Int, k: Int, m: Int) -> None:
    """Compute w = factor * x.T @ dy, a gradient; or add it to w if `keep`, a step of gradient descent."""
    # a single column fills only one lane; as a row of the transposed product it fills whole vectors
    if m == 1 and k > 1:
        x, dy, k, m = dy, x, m, k
    elif blas != 0 and n * k * m >= LARGE:
        large_product(blas, _TRANSPOSED, _PLAIN, k, m, n, factor, x, k, dy, m, _ONE if keep else _ZERO, w, m)
        return
    row_x, row = k * SIZE, m * SIZE
    factors, zeros = splat(factor), splat(_ZERO)
    for j in range(0, m, LANES):
        some = first(m - j)
        kept = first(m - j if keep else 0)
        for q in range(0, k - 3, 4):
            sum_0 = sum_1 = sum_2 = sum_3 = zeros
            here, there = x + q * SIZE, dy + j * SIZE
            for _ in range(n):
                slopes = load(there, some)
                sum_0 = spread(here) * slopes + sum_0
                sum_1 = spread(here + SIZE) * slopes + sum_1
                sum_2 = spread(here + 2 * SIZE) * slopes + sum_2
                sum_3 = spread(here + 3 * SIZE) * slopes + sum_3
                here += row_x
                there += row
            # read all before writing any, since a load waits for an adjacent masked store
            to = w + q * row + j * SIZE
            old_0, old_1 = load(to, kept), load(to + row, kept)
            old_2, old_3 = load(to + 2 * row, kept), load(to + 3 * row, kept)
            store(factors * sum_0 + old_0, to, some)
            store(factors * sum_1 + old_1, to + row, some)
            store(factors * sum_2 + old_2, to + 2 * row, some)
            store(factors * sum_3 + old_3, to + 3 * row, some)
        for q in range(k - k % 4, k):
            sums = zeros
            here, there = x + q * SIZE, dy + j * SIZE
            for _ in range(n):
                sums = spread(here) * load(there, some) + sums
                here += row_x
                there += row
            to = w + q * row + j * SIZE
            store(factors * sums + load(to, kept), to, some)


@jit_inner
def multiply_transposed(blas: Int, dy: Int, w: Int, scratch: Int, dx: Int, n: Int, k: Int, m: Int) -> None:
    """Compute dx = dy @ w.T; `scratch` has room for k * m numbers."""
    # for sums of few terms, the preparation of a BLAS takes too long
    if blas != 0 and n * k * m >= LARGE and m > LANES:
        large_product(blas, _PLAIN, _TRANSPOSED, n, k, m, _ONE, dy, m, w, m, _ZERO, dx, k)
        return
    # a single column is its own transpose in memory
    if m > 1:
        _transpose(w, scratch, k, m)
        w = scratch
    multiply(_NONE, dy, w, _NONE, dx, n, m, k)


@jit_inner
def add_columns(dy: Int, factor: Any, keep: bool, b: Int, n: Int, m: Int) -> None:
    """Compute b = factor * dy.sum(axis=0), or add it to b if `keep`."""
    for j in range(0, m, LANES):
        some = first(m - j)
        sums, there = splat(_ZERO), dy + j * SIZE
        for _ in range(n):
            sums = load(there, some) + sums
            there += m * SIZE
        to = b + j * SIZE
        store(splat(factor) * sums + load(to, first(m - j if keep else 0)), to, some)


@jit_inner
def _fill_rows(b: Int, y: Int, n: Int, m: Int) -> None:
    """Set each row of y to b, unless b is 0; the BLAS adds the product to it."""
    if b != 0:
        for i in range(n):
            for j in range(0, m, LANES):
                some = first(m - j)
                store(load(b + j * SIZE, some), y + (i * m + j) * SIZE, some)


@jit_inner
def _transpose(w: Int, out: Int, k: Int, m: Int) -> None:
    for q in range(k):
        for j in range(m):
            put_float(float_at(w + (q * m + j) * SIZE), out + (j * k + q) * SIZE)
