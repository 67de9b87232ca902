"""Reductions along the middle of three axes: outer, middle, inner."""

import numpy as np

from minifit.kernels import program as at
from minifit.kernels.compiled_vectors import (
    LANES,
    SIZE,
    Int,
    choose,
    equal,
    first,
    float_at,
    largest,
    less,
    load,
    put_float,
    splat,
    spread,
    store,
    total,
)
from minifit.kernels.driver import field, put_integer, real, rows, size
from minifit.kernels.jit import instruction

_F = np.float32
_ZERO, _ONE, _LOWEST = _F(0), _F(1), _F(-np.inf)


@instruction
def sum_along(row: Int, frame: Int) -> int:
    """``y = x.sum(axis=1)``: fields y, x, outer, middle, inner, all of them counts."""
    y, x, outer = field(row, 1), field(row, 2), size(row, 3, frame)
    middle, inner = size(row, 4, frame), size(row, 5, frame)
    for i in range(outer):
        here = x + i * middle * inner * SIZE
        if inner == 1:
            sums = splat(_ZERO)
            for j in range(0, middle, LANES):
                sums = sums + load(here + j * SIZE, first(middle - j))
            put_float(total(sums), y + i * SIZE)
        else:
            for k in range(0, inner, LANES):
                some, sums = first(inner - k), splat(_ZERO)
                for j in range(middle):
                    sums = sums + load(here + (j * inner + k) * SIZE, some)
                store(sums, y + (i * inner + k) * SIZE, some)
    return at.GO_ON


@instruction
def over_samples(row: Int, frame: Int) -> int:
    """``y = x / samples``: fields y, x, count."""
    y, x, n, share = field(row, 1), field(row, 2), size(row, 3, frame), splat(_F(rows(frame)))
    for i in range(0, n, LANES):
        some = first(n - i)
        store(load(x + i * SIZE, some) / share, y + i * SIZE, some)
    return at.GO_ON


@instruction
def largest_along(row: Int, frame: Int) -> int:
    """``y = sign * max(sign * x)``, or NaN if x has one: fields y, x, outer, middle, inner, sign."""
    y, x, outer = field(row, 1), field(row, 2), size(row, 3, frame)
    middle, inner, sign = size(row, 4, frame), size(row, 5, frame), _F(real(row, 6))
    for i in range(outer):
        here = x + i * middle * inner * SIZE
        if inner == 1:
            tops, odd = splat(_LOWEST), splat(_ZERO)
            for j in range(0, middle, LANES):
                some = first(middle - j)
                z = choose(some, load(here + j * SIZE, some) * splat(sign), splat(_LOWEST))
                tops = choose(less(tops, z), z, tops)
                odd = odd + choose(equal(z, z), splat(_ZERO), z)
            put_float(largest(tops) * sign + total(odd), y + i * SIZE)
        else:
            for k in range(0, inner, LANES):
                some, tops, odd = first(inner - k), splat(_LOWEST), splat(_ZERO)
                for j in range(middle):
                    z = load(here + (j * inner + k) * SIZE, some) * splat(sign)
                    tops = choose(less(tops, z), z, tops)
                    odd = odd + choose(equal(z, z), splat(_ZERO), z)
                store(tops * splat(sign) + odd, y + (i * inner + k) * SIZE, some)
    return at.GO_ON


@instruction
def largest_along_slope(row: Int, frame: Int) -> int:
    """``dy`` shared by all x that equal y: fields dx, dy, x, y, outer, middle, inner."""
    dx, dy, x, y = field(row, 1), field(row, 2), field(row, 3), field(row, 4)
    outer, middle, inner = size(row, 5, frame), size(row, 6, frame), size(row, 7, frame)
    for i in range(outer):
        here, to = x + i * middle * inner * SIZE, dx + i * middle * inner * SIZE
        if inner == 1:
            top, sums = spread(y + i * SIZE), splat(_ZERO)
            for j in range(0, middle, LANES):
                some = first(middle - j)
                hit = choose(equal(load(here + j * SIZE, some), top), splat(_ONE), splat(_ZERO))
                sums = sums + choose(some, hit, splat(_ZERO))
            share = spread(dy + i * SIZE) / splat(total(sums))
            for j in range(0, middle, LANES):
                some = first(middle - j)
                hit = choose(equal(load(here + j * SIZE, some), top), splat(_ONE), splat(_ZERO))
                store(hit * share, to + j * SIZE, some)
        else:
            for k in range(0, inner, LANES):
                some, sums = first(inner - k), splat(_ZERO)
                top = load(y + (i * inner + k) * SIZE, some)
                for j in range(middle):
                    z = load(here + (j * inner + k) * SIZE, some)
                    sums = sums + choose(equal(z, top), splat(_ONE), splat(_ZERO))
                share = load(dy + (i * inner + k) * SIZE, some) / sums
                for j in range(middle):
                    z = load(here + (j * inner + k) * SIZE, some)
                    hit = choose(equal(z, top), splat(_ONE), splat(_ZERO))
                    store(hit * share, to + (j * inner + k) * SIZE, some)
    return at.GO_ON


@instruction
def place_of_largest(row: Int, frame: Int) -> int:
    """The index of the largest number, or of the first NaN: fields y (int64), x, outer, middle, inner."""
    y, x, outer = field(row, 1), field(row, 2), size(row, 3, frame)
    middle, inner = size(row, 4, frame), size(row, 5, frame)
    for i in range(outer):
        for k in range(inner):
            here = x + (i * middle * inner + k) * SIZE
            best, index = float_at(here), 0
            for j in range(1, middle):
                z = float_at(here + j * inner * SIZE)
                if best == best and not z <= best:
                    best, index = z, j
            put_integer(index, y + (i * inner + k) * 8)
    return at.GO_ON
