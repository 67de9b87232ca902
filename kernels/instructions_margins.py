"""Instructions of hinge losses and cosines: see `instructions_losses` for their form."""

from typing import Any

import numpy as np

from minifit.kernels import program as at
from minifit.kernels.compiled_functions import at_least
from minifit.kernels.compiled_vectors import (
    LANES,
    SIZE,
    Float,
    Int,
    choose,
    first,
    float_at,
    integer,
    largest,
    less,
    less_equal,
    load,
    put_float,
    splat,
    store,
    total,
)
from minifit.kernels.driver import field, real, size
from minifit.kernels.instructions_losses import row_slopes, row_values
from minifit.kernels.jit import instruction, jit_inner

_F = np.float32
_ZERO, _ONE = _F(0), _F(1)
_SQUARE, _SHORTEST = _F(1e-12), _F(1e-6)


@instruction
def other_signs(row: Int, frame: Int) -> int:
    """1 if some of this worker's targets are neither 0 nor 1, else 0: fields y, t, count."""
    n = size(row, 3, frame) if integer(frame + at.PART * 8) != 0 else 0
    put_float(_ONE if _others(field(row, 2), n) else _ZERO, field(row, 1))
    return at.GO_ON


@instruction
def signs(row: Int, frame: Int) -> int:
    """Targets converted from 0 and 1 to -1 and 1, or unchanged if the batch has other targets.

    Fields: y, t, count, the place of the sum of `other_signs` over all workers, or 0 to check the targets here.
    """
    y, t, n, others = field(row, 1), field(row, 2), size(row, 3, frame), field(row, 4)
    if float_at(others) != _ZERO if others != 0 else _others(t, n):
        for j in range(0, n, LANES):
            some = first(n - j)
            store(load(t + j * SIZE, some), y + j * SIZE, some)
        return at.GO_ON
    for j in range(0, n, LANES):
        some = first(n - j)
        x = load(t + j * SIZE, some)
        store(x + x - splat(_ONE), y + j * SIZE, some)
    return at.GO_ON


@jit_inner
def _others(t: Int, n: Int) -> bool:
    """Return whether some of the targets are neither 0 nor 1."""
    for i in range(n):
        x = float_at(t + i * SIZE)
        if x != _ZERO and x != _ONE:
            return True
    return False


@row_values()
def hinge(t: Any, p: Any, q: Any) -> Any:
    """``mean(max(1 - t p, 0))`` row by row: fields losses, t, p, rows, m."""
    return at_least(splat(_ONE) - t * p, _ZERO)


@row_slopes
def hinge_slope(t: Any, p: Any, dloss: Any, m: Any, q: Any) -> Any:
    """``dp = -t / m * dloss`` where ``1 - t p`` is not below 0: fields dp, t, p, dlosses, rows, m."""
    margin = splat(_ONE) - t * p
    return choose(less_equal(splat(_ZERO), margin), t * splat(-dloss / m), splat(_ZERO))


@row_values()
def squared_hinge(t: Any, p: Any, q: Any) -> Any:
    """``mean(max(1 - t p, 0) ** 2)`` row by row: fields losses, t, p, rows, m."""
    margin = at_least(splat(_ONE) - t * p, _ZERO)
    return margin * margin


@row_slopes
def squared_hinge_slope(t: Any, p: Any, dloss: Any, m: Any, q: Any) -> Any:
    """``dp = -2 t max(1 - t p, 0) / m * dloss``: fields dp, t, p, dlosses, rows, m."""
    margin = splat(_ONE) - t * p
    change = t * margin * splat(dloss * _F(-2) / m)
    return choose(less_equal(splat(_ZERO), margin), change, splat(_ZERO))


@instruction
def categorical_hinge(row: Int, frame: Int) -> int:
    """``max(max((1 - t) p) - sum(t p) + 1, 0)`` row by row: fields losses, t, p, rows, m."""
    out, t, p, n, m = field(row, 1), field(row, 2), field(row, 3), size(row, 4, frame), field(row, 5)
    for i in range(n):
        begin = i * m * SIZE
        wrong, right = _wrong_and_right(t + begin, p + begin, m)
        excess = wrong - right + _ONE
        put_float(_ZERO if excess < _ZERO else excess, out + i * SIZE)
    return at.GO_ON


@instruction
def categorical_hinge_slope(row: Int, frame: Int) -> int:
    """``(1 - t)`` at the largest ``(1 - t) p``, shared by equal ones, minus t: fields dp, t, p, dlosses, rows, m."""
    dp, t, p, dloss = field(row, 1), field(row, 2), field(row, 3), field(row, 4)
    n, m = size(row, 5, frame), field(row, 6)
    zero, one = splat(_ZERO), splat(_ONE)
    for i in range(n):
        begin = i * m * SIZE
        wrong, right = _wrong_and_right(t + begin, p + begin, m)
        scale = float_at(dloss + i * SIZE) if wrong - right + _ONE >= _ZERO else _ZERO
        hits = zero
        for j in range(begin, begin + m * SIZE, LANES * SIZE):
            some = first(m - (j - begin) // SIZE)
            x = (one - load(t + j, some)) * load(p + j, some)
            hits = hits + choose(some, choose(less_equal(splat(wrong), x), one, zero), zero)
        share = splat(scale / total(hits))
        for j in range(begin, begin + m * SIZE, LANES * SIZE):
            some = first(m - (j - begin) // SIZE)
            target = load(t + j, some)
            x = (one - target) * load(p + j, some)
            change = choose(less_equal(splat(wrong), x), (one - target) * share, zero)
            store(change - target * splat(scale), dp + j, some)
    return at.GO_ON


@jit_inner
def _wrong_and_right(t: Int, p: Int, m: Int) -> tuple[Any, Any]:
    """Return ``max((1 - t) p)`` and ``sum(t p)`` of m numbers."""
    top, sums = splat(_F(-np.inf)), splat(_ZERO)
    for j in range(0, m, LANES):
        some = first(m - j)
        target, y = load(t + j * SIZE, some), load(p + j * SIZE, some)
        x = choose(some, (splat(_ONE) - target) * y, splat(_F(-np.inf)))
        top, sums = choose(less(top, x), x, top), sums + target * y
    return largest(top), total(sums)


@instruction
def cosine(row: Int, frame: Int) -> int:
    """The cosine of the angle between rows, times a sign: fields values, t, p, rows, m, sign."""
    out, t, p, n, m = field(row, 1), field(row, 2), field(row, 3), size(row, 4, frame), field(row, 5)
    sign = _F(real(row, 6))
    for i in range(n):
        begin, sums = i * m * SIZE, splat(_ZERO)
        x, y = splat(_length(t + begin, m)), splat(_length(p + begin, m))
        for j in range(begin, begin + m * SIZE, LANES * SIZE):
            some = first(m - (j - begin) // SIZE)
            sums = sums + load(t + j, some) / x * (load(p + j, some) / y)
        put_float(sign * total(sums), out + i * SIZE)
    return at.GO_ON


@instruction
def cosine_slope(row: Int, frame: Int) -> int:
    """``(t / |t| - cosine p / |p|) / |p| * dvalue * sign``: fields dp, t, p, dvalues, rows, m, sign."""
    dp, t, p, dvalue = field(row, 1), field(row, 2), field(row, 3), field(row, 4)
    n, m, sign = size(row, 5, frame), field(row, 6), _F(real(row, 7))
    for i in range(n):
        begin, sums = i * m * SIZE, splat(_ZERO)
        length = _length(p + begin, m)
        x, y = splat(_length(t + begin, m)), splat(length)
        for j in range(begin, begin + m * SIZE, LANES * SIZE):
            some = first(m - (j - begin) // SIZE)
            sums = sums + load(t + j, some) / x * (load(p + j, some) / y)
        # a length raised to 1e-6 does not change with p
        cosine_or_zero = splat(total(sums) if length > _SHORTEST else _ZERO)
        scale = splat(float_at(dvalue + i * SIZE) * sign / length)
        for j in range(begin, begin + m * SIZE, LANES * SIZE):
            some = first(m - (j - begin) // SIZE)
            store((load(t + j, some) / x - cosine_or_zero * (load(p + j, some) / y)) * scale, dp + j, some)
    return at.GO_ON


@jit_inner
def _length(x: Int, m: Int) -> Float:
    """Return the length of a vector of m numbers, at least 1e-6."""
    sums = splat(_ZERO)
    for j in range(0, m, LANES):
        part = load(x + j * SIZE, first(m - j))
        sums = sums + part * part
    square = total(sums)
    return _SHORTEST if square < _SQUARE else _F(np.sqrt(square))
