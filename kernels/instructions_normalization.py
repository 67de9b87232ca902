"""Instructions of normalizations: of columns over the rows of a batch, and of single rows."""

import numpy as np

from minifit.kernels import program as at
from minifit.kernels.compiled_vectors import (
    LANES,
    SIZE,
    Float,
    Int,
    choose,
    first,
    float_at,
    integer,
    load,
    put_float,
    root,
    splat,
    store,
    total,
)
from minifit.kernels.driver import field, real, size, whole
from minifit.kernels.jit import instruction, jit_inner

_F = np.float32
_ZERO, _ONE = _F(0), _F(1)


@instruction
def batch_moments(row: Int, frame: Int) -> int:
    """Mean and variance of each column, and their moving averages: ``average -= (average - new) * part``.

    Fields: mean, variance, moving mean, moving variance, x, rows, m, part, 1 to average the unbiased variance.
    """
    x, n, m, part = field(row, 5), size(row, 6, frame), field(row, 7), splat(_F(real(row, 8)))
    ns, factor = splat(_F(n)), splat(_F(n / max(n - 1, 1)) if field(row, 9) != 0 else _ONE)
    for j in range(0, m * SIZE, LANES * SIZE):
        some = first(m - j // SIZE)
        sums, squares, here = splat(_ZERO), splat(_ZERO), x + j
        for _ in range(n):
            sums = sums + load(here, some)
            here += m * SIZE
        mean, here = sums / ns, x + j
        for _ in range(n):
            off = load(here, some) - mean
            squares = off * off + squares
            here += m * SIZE
        variance = squares / ns
        store(mean, field(row, 1) + j, some)
        store(variance, field(row, 2) + j, some)
        average = load(field(row, 3) + j, some)
        store(average - (average - mean) * part, field(row, 3) + j, some)
        average = load(field(row, 4) + j, some)
        store(average - (average - variance * factor) * part, field(row, 4) + j, some)
    return at.GO_ON


# -- the moments of a batch that several workers share, from sums over all workers ------------------------------


@instruction
def column_sums(row: Int, frame: Int) -> int:
    """Sums of each column over this worker's rows, of x or of ``(x - mean) ** 2``; 0 if it has no part of the batch.

    Fields: sums, x, mean or 0, rows, m.
    """
    x, mean, n, m = field(row, 2), field(row, 3), size(row, 4, frame), field(row, 5)
    if integer(frame + at.PART * 8) == 0:
        n = 0
    for j in range(0, m * SIZE, LANES * SIZE):
        some = first(m - j // SIZE)
        sums, here = splat(_ZERO), x + j
        if mean != 0:
            center = load(mean + j, some)
            for _ in range(n):
                off = load(here, some) - center
                sums = off * off + sums
                here += m * SIZE
        else:
            for _ in range(n):
                sums = sums + load(here, some)
                here += m * SIZE
        store(sums, field(row, 1) + j, some)
    return at.GO_ON


@instruction
def column_means(row: Int, frame: Int) -> int:
    """Means of each column over the whole batch: fields means, sums over it, rows, m."""
    ns, m = splat(_F(whole(row, 3, frame))), field(row, 4)
    for j in range(0, m * SIZE, LANES * SIZE):
        some = first(m - j // SIZE)
        store(load(field(row, 2) + j, some) / ns, field(row, 1) + j, some)
    return at.GO_ON


@instruction
def move_averages(row: Int, frame: Int) -> int:
    """Update the moving averages with the moments of the whole batch, as in `batch_moments`.

    Fields: moving mean, moving variance, mean, variance, rows, m, part, 1 to average the unbiased variance.
    """
    n, m, part = whole(row, 5, frame), field(row, 6), splat(_F(real(row, 7)))
    factor = splat(_F(n / max(n - 1, 1)) if field(row, 8) != 0 else _ONE)
    for j in range(0, m * SIZE, LANES * SIZE):
        some = first(m - j // SIZE)
        average = load(field(row, 1) + j, some)
        store(average - (average - load(field(row, 3) + j, some)) * part, field(row, 1) + j, some)
        average = load(field(row, 2) + j, some)
        store(average - (average - load(field(row, 4) + j, some) * factor) * part, field(row, 2) + j, some)
    return at.GO_ON


# -- column by column ---------------------------------------------------------------------------------------


@instruction
def normalize(row: Int, frame: Int) -> int:
    """``y = gamma * (x - mean) * inverse + beta`` with ``inverse = 1 / sqrt(variance + epsilon)``, column by column.

    Fields: y, inverse, x, mean, variance, gamma or 0, beta or 0, rows, m, epsilon.
    """
    y, x, gamma, beta = field(row, 1), field(row, 3), field(row, 6), field(row, 7)
    n, m, epsilon = size(row, 8, frame), field(row, 9), splat(_F(real(row, 10)))
    for j in range(0, m * SIZE, LANES * SIZE):
        some = first(m - j // SIZE)
        mean = load(field(row, 4) + j, some)
        factor = splat(_ONE) / root(load(field(row, 5) + j, some) + epsilon)
        store(factor, field(row, 2) + j, some)
        if gamma != 0:
            factor = factor * load(gamma + j, some)
        offset = splat(_ZERO)
        if beta != 0:
            offset = load(beta + j, some)
        here, there = x + j, y + j
        for _ in range(n):
            store((load(here, some) - mean) * factor + offset, there, some)
            here += m * SIZE
            there += m * SIZE
    return at.GO_ON


@instruction
def normalize_sums(row: Int, frame: Int) -> int:
    """``sum(dy)`` and ``sum(dy * normal)`` of each column: the gradients of beta and gamma.

    Fields: the sums of dy, the sums of dy times the normalized x, dy, x, mean, inverse, rows, m.
    """
    dy, x, n, m = field(row, 3), field(row, 4), size(row, 7, frame), field(row, 8)
    for j in range(0, m * SIZE, LANES * SIZE):
        some = first(m - j // SIZE)
        mean, sums, correlations = load(field(row, 5) + j, some), splat(_ZERO), splat(_ZERO)
        here, there = x + j, dy + j
        for _ in range(n):
            slope = load(there, some)
            sums = sums + slope
            correlations = slope * (load(here, some) - mean) + correlations
            here += m * SIZE
            there += m * SIZE
        store(sums, field(row, 1) + j, some)
        store(correlations * load(field(row, 6) + j, some), field(row, 2) + j, some)
    return at.GO_ON


@instruction
def normalize_slope(row: Int, frame: Int) -> int:
    """``dx = gamma * inverse * (dy - mean(dy) - normal * mean(dy * normal))``; without these means for fixed moments.

    Fields: dx, dy, x, mean, inverse, gamma or 0, the two sums of `normalize_sums` over the whole batch or 0 and 0,
    rows, m.
    """
    dx, dy, x, gamma, sums = field(row, 1), field(row, 2), field(row, 3), field(row, 6), field(row, 7)
    n, m = size(row, 9, frame), field(row, 10)
    ns = splat(_F(whole(row, 9, frame)))
    for j in range(0, m * SIZE, LANES * SIZE):
        some = first(m - j // SIZE)
        mean, inverse = load(field(row, 4) + j, some), load(field(row, 5) + j, some)
        average, correlation, factor = splat(_ZERO), splat(_ZERO), inverse
        if sums != 0:
            average = load(sums + j, some) / ns
            correlation = load(field(row, 8) + j, some) / ns * inverse
            if integer(frame + at.TOTAL * 8) != 0 and integer(frame + at.PART * 8) == 0:
                # this worker's rows are not part of the batch
                factor = splat(_ZERO)
        if gamma != 0:
            factor = factor * load(gamma + j, some)
        here, there, out = x + j, dy + j, dx + j
        for _ in range(n):
            off = (load(here, some) - mean) * correlation
            store((load(there, some) - average - off) * factor, out, some)
            here += m * SIZE
            there += m * SIZE
            out += m * SIZE
    return at.GO_ON


# -- row by row ----------------------------------------------------------------------------------------------


@instruction
def standardize(row: Int, frame: Int) -> int:
    """``y = (x - mean) * inverse`` with ``inverse = 1 / sqrt(variance + epsilon)``, row by row.

    Fields: y, inverse, x, rows, m, epsilon.
    """
    y, x, n, m = field(row, 1), field(row, 3), size(row, 4, frame), field(row, 5)
    for i in range(n):
        here, there = x + i * m * SIZE, y + i * m * SIZE
        mean = splat(_sum(here, m) / _F(m))
        squares = splat(_ZERO)
        for j in range(0, m, LANES):
            some = first(m - j)
            off = choose(some, load(here + j * SIZE, some) - mean, splat(_ZERO))
            store(off, there + j * SIZE, some)
            squares = off * off + squares
        inverse = _ONE / np.sqrt(total(squares) / _F(m) + _F(real(row, 6)))
        put_float(inverse, field(row, 2) + i * SIZE)
        for j in range(0, m, LANES):
            some = first(m - j)
            store(load(there + j * SIZE, some) * splat(inverse), there + j * SIZE, some)
    return at.GO_ON


@instruction
def standardize_slope(row: Int, frame: Int) -> int:
    """``dx = inverse * (dy - mean(dy) - y * mean(dy * y))`` row by row: fields dx, dy, y, inverse, rows, m."""
    dx, dy, y, n, m = field(row, 1), field(row, 2), field(row, 3), size(row, 5, frame), field(row, 6)
    for i in range(n):
        begin, correlations = i * m * SIZE, splat(_ZERO)
        for j in range(0, m, LANES):
            some = first(m - j)
            correlations = load(dy + begin + j * SIZE, some) * load(y + begin + j * SIZE, some) + correlations
        average, slope = splat(_sum(dy + begin, m) / _F(m)), splat(total(correlations) / _F(m))
        inverse = splat(float_at(field(row, 4) + i * SIZE))
        for j in range(begin, begin + m * SIZE, LANES * SIZE):
            some = first(m - (j - begin) // SIZE)
            store((load(dy + j, some) - average - load(y + j, some) * slope) * inverse, dx + j, some)
    return at.GO_ON


@jit_inner
def _sum(x: Int, m: Int) -> Float:
    sums = splat(_ZERO)
    for j in range(0, m, LANES):
        sums = sums + load(x + j * SIZE, first(m - j))
    return total(sums)
