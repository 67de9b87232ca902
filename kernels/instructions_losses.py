"""Instructions of losses: one value a sample, and the gradient of the predictions for the gradients of these."""

import numpy as np

from minifit.kernels import program as at
from minifit.kernels.compiled_functions import log1p_exp, sign_of
from minifit.kernels.compiled_functions import sigmoid as sigmoid_of
from minifit.kernels.compiled_vectors import (
    LANES,
    SIZE,
    Int,
    choose,
    first,
    float_at,
    integer,
    less,
    load,
    put_float,
    size_of,
    splat,
    store,
    total,
)
from minifit.kernels.driver import field, size
from minifit.kernels.instructions_layers import exp_of_row, largest_of_row
from minifit.kernels.jit import instruction

_F = np.float32
_ZERO, _ONE = _F(0), _F(1)


@instruction
def squared_error(row: Int, frame: Int) -> int:
    """``mean((p - t) ** 2)`` row by row: fields losses, t, p, rows, m."""
    out, t, p, n, m = field(row, 1), field(row, 2), field(row, 3), size(row, 4, frame), field(row, 5)
    for i in range(n):
        sums, begin = splat(_ZERO), i * m * SIZE
        for j in range(begin, begin + m * SIZE, LANES * SIZE):
            some = first(m - (j - begin) // SIZE)
            error = load(p + j, some) - load(t + j, some)
            sums = sums + error * error
        put_float(total(sums) / _F(m), out + i * SIZE)
    return at.GO_ON


@instruction
def squared_error_slope(row: Int, frame: Int) -> int:
    """``dp = 2 (p - t) / m * dloss``: fields dp, t, p, dlosses, rows, m."""
    dp, t, p, dloss = field(row, 1), field(row, 2), field(row, 3), field(row, 4)
    n, m = size(row, 5, frame), field(row, 6)
    for i in range(n):
        scale, begin = splat(float_at(dloss + i * SIZE) * _F(2 / m)), i * m * SIZE
        for j in range(begin, begin + m * SIZE, LANES * SIZE):
            some = first(m - (j - begin) // SIZE)
            store((load(p + j, some) - load(t + j, some)) * scale, dp + j, some)
    return at.GO_ON


@instruction
def absolute_error(row: Int, frame: Int) -> int:
    """``mean(|p - t|)`` row by row: fields losses, t, p, rows, m."""
    out, t, p, n, m = field(row, 1), field(row, 2), field(row, 3), size(row, 4, frame), field(row, 5)
    for i in range(n):
        sums, begin = splat(_ZERO), i * m * SIZE
        for j in range(begin, begin + m * SIZE, LANES * SIZE):
            some = first(m - (j - begin) // SIZE)
            sums = sums + size_of(load(p + j, some) - load(t + j, some))
        put_float(total(sums) / _F(m), out + i * SIZE)
    return at.GO_ON


@instruction
def absolute_error_slope(row: Int, frame: Int) -> int:
    """``dp = sign(p - t) / m * dloss``: fields dp, t, p, dlosses, rows, m."""
    dp, t, p, dloss = field(row, 1), field(row, 2), field(row, 3), field(row, 4)
    n, m = size(row, 5, frame), field(row, 6)
    for i in range(n):
        scale, begin = splat(float_at(dloss + i * SIZE) / _F(m)), i * m * SIZE
        for j in range(begin, begin + m * SIZE, LANES * SIZE):
            some = first(m - (j - begin) // SIZE)
            store(sign_of(load(p + j, some) - load(t + j, some)) * scale, dp + j, some)
    return at.GO_ON


@instruction
def binary_crossentropy_logits(row: Int, frame: Int) -> int:
    """``mean(max(z, 0) - z t + log(1 + exp(-|z|)))`` row by row: fields losses, t, z, rows, m."""
    out, t, z, n, m = field(row, 1), field(row, 2), field(row, 3), size(row, 4, frame), field(row, 5)
    nothing = splat(_ZERO)
    for i in range(n):
        sums, begin = nothing, i * m * SIZE
        for j in range(begin, begin + m * SIZE, LANES * SIZE):
            some = first(m - (j - begin) // SIZE)
            p, target = load(z + j, some), load(t + j, some)
            value = choose(less(nothing, p), p, nothing) - p * target + log1p_exp(nothing - size_of(p))
            sums = sums + choose(some, value, nothing)
        put_float(total(sums) / _F(m), out + i * SIZE)
    return at.GO_ON


@instruction
def binary_crossentropy_logits_slope(row: Int, frame: Int) -> int:
    """``dz = (sigmoid(z) - t) / m * dloss``: fields dz, t, z, dlosses, rows, m."""
    dz, t, z, dloss = field(row, 1), field(row, 2), field(row, 3), field(row, 4)
    n, m = size(row, 5, frame), field(row, 6)
    for i in range(n):
        scale, begin = splat(float_at(dloss + i * SIZE) / _F(m)), i * m * SIZE
        for j in range(begin, begin + m * SIZE, LANES * SIZE):
            some = first(m - (j - begin) // SIZE)
            store((sigmoid_of(load(z + j, some)) - load(t + j, some)) * scale, dz + j, some)
    return at.GO_ON


@instruction
def categorical_crossentropy_logits(row: Int, frame: Int) -> int:
    """``-sum(t log(softmax(z)))`` row by row: fields losses, shares, t, z, rows, m. The shares are ``softmax(z)``."""
    out, shares, t, z = field(row, 1), field(row, 2), field(row, 3), field(row, 4)
    n, m = size(row, 5, frame), field(row, 6)
    for i in range(n):
        begin = i * m * SIZE
        top, whole = splat(largest_of_row(z + begin, m)), exp_of_row(z + begin, shares + begin, m)
        told = certain = splat(_ZERO)
        for j in range(begin, begin + m * SIZE, LANES * SIZE):
            some = first(m - (j - begin) // SIZE)
            target = load(t + j, some)
            certain = certain + target
            told = told + choose(some, target * (load(z + j, some) - top), splat(_ZERO))
            store(load(shares + j, some) / splat(whole), shares + j, some)
        put_float(_F(total(certain) * np.log(whole)) - total(told), out + i * SIZE)
    return at.GO_ON


@instruction
def categorical_crossentropy_logits_slope(row: Int, frame: Int) -> int:
    """``dz = (softmax(z) sum(t) - t) * dloss``: fields dz, shares, t, dlosses, rows, m."""
    dz, shares, t, dloss = field(row, 1), field(row, 2), field(row, 3), field(row, 4)
    n, m = size(row, 5, frame), field(row, 6)
    for i in range(n):
        scale, begin, certain = splat(float_at(dloss + i * SIZE)), i * m * SIZE, splat(_ZERO)
        for j in range(begin, begin + m * SIZE, LANES * SIZE):
            certain = certain + load(t + j, first(m - (j - begin) // SIZE))
        whole = splat(total(certain))
        for j in range(begin, begin + m * SIZE, LANES * SIZE):
            some = first(m - (j - begin) // SIZE)
            store((load(shares + j, some) * whole - load(t + j, some)) * scale, dz + j, some)
    return at.GO_ON


@instruction
def sparse_crossentropy_logits(row: Int, frame: Int) -> int:
    """``-log(softmax(z)[id])`` row by row: fields losses, shares, ids (int64), z, rows, m."""
    out, shares, ids, z = field(row, 1), field(row, 2), field(row, 3), field(row, 4)
    n, m = size(row, 5, frame), field(row, 6)
    for i in range(n):
        begin = i * m * SIZE
        top, whole = largest_of_row(z + begin, m), exp_of_row(z + begin, shares + begin, m)
        for j in range(begin, begin + m * SIZE, LANES * SIZE):
            some = first(m - (j - begin) // SIZE)
            store(load(shares + j, some) / splat(whole), shares + j, some)
        score = float_at(z + begin + integer(ids + i * 8) * SIZE)
        put_float(_F(np.log(whole)) - (score - top), out + i * SIZE)
    return at.GO_ON


@instruction
def sparse_crossentropy_logits_slope(row: Int, frame: Int) -> int:
    """``dz = (softmax(z) - one_hot(id)) * dloss``: fields dz, shares, ids (int64), dlosses, rows, m."""
    dz, shares, ids, dloss = field(row, 1), field(row, 2), field(row, 3), field(row, 4)
    n, m = size(row, 5, frame), field(row, 6)
    for i in range(n):
        scale, begin = float_at(dloss + i * SIZE), i * m * SIZE
        for j in range(begin, begin + m * SIZE, LANES * SIZE):
            some = first(m - (j - begin) // SIZE)
            store(load(shares + j, some) * splat(scale), dz + j, some)
        here = dz + begin + integer(ids + i * 8) * SIZE
        put_float(float_at(here) - scale, here)
    return at.GO_ON
