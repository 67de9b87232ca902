"""Instructions of losses: one value per sample, and the gradients with respect to the predictions."""

from collections.abc import Callable
from typing import Any

import numpy as np

from minifit.kernels import program as at
from minifit.kernels.compiled_functions import at_least, log1p_exp, sigmoid, sign_of
from minifit.kernels.compiled_vectors import (
    LANES,
    SIZE,
    Int,
    choose,
    first,
    float_at,
    integer,
    load,
    magnitude,
    put_float,
    splat,
    store,
    total,
)
from minifit.kernels.driver import field, real, size
from minifit.kernels.instructions_layers import exp_of_row, largest_of_row
from minifit.kernels.jit import Instruction, instruction, jit_inner

Loss = Callable[..., Any]

_F = np.float32
_ZERO, _ONE = _F(0), _F(1)


def row_values(factor: float = 1, mean: bool = True, zero: bool = False) -> Callable[[Loss], Instruction]:
    """Make an instruction from a function: ``factor * mean(function(t, p, q))`` row by row, or the sum unless `mean`.

    Fields: values, t, p, rows, m, setting q. `zero` promises that the function is 0 where t and p are 0, as in the
    lanes beyond the end of a row, which then need no mask.
    """

    def decorate(function: Loss) -> Instruction:
        inner = jit_inner(function)

        def loop(row: Int, frame: Int) -> int:
            out, t, p, n, m = field(row, 1), field(row, 2), field(row, 3), size(row, 4, frame), field(row, 5)
            q = _F(real(row, 6))
            for i in range(n):
                sums, begin = splat(_ZERO), i * m * SIZE
                for j in range(begin, begin + m * SIZE, LANES * SIZE):
                    some = first(m - (j - begin) // SIZE)
                    terms = inner(load(t + j, some), load(p + j, some), q)
                    sums = sums + (terms if zero else choose(some, terms, splat(_ZERO)))
                put_float(total(sums) / (_F(m) if mean else _ONE) * _F(factor), out + i * SIZE)
            return at.GO_ON

        return Instruction(loop, function.__name__)

    return decorate


def row_slopes(function: Loss) -> Instruction:
    """Make an instruction from the slope of a loss: ``dp = function(t, p, dloss, m, q)``, row by row.

    Fields: dp, t, p, dlosses, rows, m, setting q. `dloss` is one number per row, and `m` the length of a row.
    """
    inner = jit_inner(function)

    def loop(row: Int, frame: Int) -> int:
        dp, t, p, dlosses = field(row, 1), field(row, 2), field(row, 3), field(row, 4)
        n, m, q = size(row, 5, frame), field(row, 6), _F(real(row, 7))
        for i in range(n):
            dloss, begin = float_at(dlosses + i * SIZE), i * m * SIZE
            for j in range(begin, begin + m * SIZE, LANES * SIZE):
                some = first(m - (j - begin) // SIZE)
                store(inner(load(t + j, some), load(p + j, some), dloss, _F(m), q), dp + j, some)
        return at.GO_ON

    return Instruction(loop, function.__name__)


@row_values(zero=True)
def squared_error(t: Any, p: Any, q: Any) -> Any:
    """``mean((p - t) ** 2)`` row by row: fields losses, t, p, rows, m."""
    error = p - t
    return error * error


@row_slopes
def squared_error_slope(t: Any, p: Any, dloss: Any, m: Any, q: Any) -> Any:
    """``dp = 2 (p - t) / m * dloss``: fields dp, t, p, dlosses, rows, m."""
    return (p - t) * splat(dloss * _F(2 / m))


@row_values(zero=True)
def absolute_error(t: Any, p: Any, q: Any) -> Any:
    """``mean(|p - t|)`` row by row: fields losses, t, p, rows, m."""
    return magnitude(p - t)


@row_slopes
def absolute_error_slope(t: Any, p: Any, dloss: Any, m: Any, q: Any) -> Any:
    """``dp = sign(p - t) / m * dloss``: fields dp, t, p, dlosses, rows, m."""
    return sign_of(p - t) * splat(dloss / m)


@row_values()
def binary_crossentropy_logits(t: Any, z: Any, q: Any) -> Any:
    """``mean(max(z, 0) - z t + log(1 + exp(-|z|)))`` row by row: fields losses, t, z, rows, m."""
    return at_least(z, _ZERO) - z * t + log1p_exp(splat(_ZERO) - magnitude(z))


@row_slopes
def binary_crossentropy_logits_slope(t: Any, z: Any, dloss: Any, m: Any, q: Any) -> Any:
    """``dz = (sigmoid(z) - t) / m * dloss``: fields dz, t, z, dlosses, rows, m."""
    return (sigmoid(z) - t) * splat(dloss / m)


@instruction
def categorical_crossentropy_logits(row: Int, frame: Int) -> int:
    """``-sum(t log(softmax(z)))`` row by row: fields losses, shares, t, z, rows, m. The shares are ``softmax(z)``."""
    out, shares, t, z = field(row, 1), field(row, 2), field(row, 3), field(row, 4)
    n, m = size(row, 5, frame), field(row, 6)
    for i in range(n):
        begin = i * m * SIZE
        top, exp_sum = splat(largest_of_row(z + begin, m)), exp_of_row(z + begin, shares + begin, m)
        logs = target_sums = splat(_ZERO)
        for j in range(begin, begin + m * SIZE, LANES * SIZE):
            some = first(m - (j - begin) // SIZE)
            target = load(t + j, some)
            target_sums = target_sums + target
            logs = logs + choose(some, target * (load(z + j, some) - top), splat(_ZERO))
            store(load(shares + j, some) / splat(exp_sum), shares + j, some)
        put_float(_F(total(target_sums) * np.log(exp_sum)) - total(logs), out + i * SIZE)
    return at.GO_ON


@instruction
def categorical_crossentropy_logits_slope(row: Int, frame: Int) -> int:
    """``dz = (softmax(z) sum(t) - t) * dloss``: fields dz, shares, t, dlosses, rows, m."""
    dz, shares, t, dloss = field(row, 1), field(row, 2), field(row, 3), field(row, 4)
    n, m = size(row, 5, frame), field(row, 6)
    for i in range(n):
        scale, begin, target_sums = splat(float_at(dloss + i * SIZE)), i * m * SIZE, splat(_ZERO)
        for j in range(begin, begin + m * SIZE, LANES * SIZE):
            target_sums = target_sums + load(t + j, first(m - (j - begin) // SIZE))
        target_sum = splat(total(target_sums))
        for j in range(begin, begin + m * SIZE, LANES * SIZE):
            some = first(m - (j - begin) // SIZE)
            store((load(shares + j, some) * target_sum - load(t + j, some)) * scale, dz + j, some)
    return at.GO_ON


@instruction
def sparse_crossentropy_logits(row: Int, frame: Int) -> int:
    """``-log(softmax(z)[id])`` row by row: fields losses, shares, ids (int64), z, rows, m."""
    out, shares, ids, z = field(row, 1), field(row, 2), field(row, 3), field(row, 4)
    n, m = size(row, 5, frame), field(row, 6)
    for i in range(n):
        begin = i * m * SIZE
        top, exp_sum = largest_of_row(z + begin, m), exp_of_row(z + begin, shares + begin, m)
        for j in range(begin, begin + m * SIZE, LANES * SIZE):
            some = first(m - (j - begin) // SIZE)
            store(load(shares + j, some) / splat(exp_sum), shares + j, some)
        score = float_at(z + begin + integer(ids + i * 8) * SIZE)
        put_float(_F(np.log(exp_sum)) - (score - top), out + i * SIZE)
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
