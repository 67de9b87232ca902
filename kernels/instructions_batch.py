"""Instructions that gather, check and count a batch, and sums of numbers."""

import numpy as np

from minifit.kernels import program as at
from minifit.kernels.compiled_functions import sign_of
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
from minifit.kernels.driver import double_at, field, put_double, put_integer, real, rows, size
from minifit.kernels.jit import instruction, jit_inner

_ZERO = np.float32(0)


@instruction
def gather(row: Int, frame: Int) -> int:
    """Copy the rows of a batch into contiguous memory: fields out, data, 4-byte words in a row."""
    out, data, words, n = field(row, 1), field(row, 2), field(row, 3), rows(frame)
    order, begin = integer(frame + at.ORDER * 8), integer(frame + at.FIRST * 8)
    if order == 0:
        _copy(data + begin * words * SIZE, out, n * words)
        return at.GO_ON
    for i in range(n):
        _copy(data + integer(order + (begin + i) * 8) * words * SIZE, out + i * words * SIZE, words)
    return at.GO_ON


@instruction
def put_rows(row: Int, frame: Int) -> int:
    """Copy the rows of a batch to the results of the call: fields out, x, words in a row."""
    words = field(row, 3)
    _copy(field(row, 2), field(row, 1) + integer(frame + at.FIRST * 8) * words * SIZE, rows(frame) * words)
    return at.GO_ON


@jit_inner
def _copy(source: Int, to: Int, words: Int) -> None:
    for j in range(0, words, LANES):
        some = first(words - j)
        store(load(source + j * SIZE, some), to + j * SIZE, some)


@instruction
def check_classes(row: Int, frame: Int) -> int:
    """Refuse a batch with a number that is not a class: fields ids (int64), count, classes."""
    ids, n, classes = field(row, 1), size(row, 2, frame), field(row, 3)
    for i in range(n):
        number = integer(ids + i * 8)
        if number < 0 or number >= classes:
            return at.REFUSE
    return at.GO_ON


@instruction
def check_whole_classes(row: Int, frame: Int) -> int:
    """Refuse a batch with a number that is not a class: fields ids (float32), count, classes."""
    ids, n, classes = field(row, 1), size(row, 2, frame), field(row, 3)
    for i in range(n):
        number = float_at(ids + i * SIZE)
        if not 0 <= number < classes or number != np.floor(number):
            return at.REFUSE
    return at.GO_ON


@instruction
def to_whole(row: Int, frame: Int) -> int:
    """Convert class numbers to int64: fields y (int64), ids (float32), count."""
    y, ids, n = field(row, 1), field(row, 2), size(row, 3, frame)
    for i in range(n):
        put_integer(int(float_at(ids + i * SIZE)), y + i * 8)
    return at.GO_ON


@instruction
def to_float(row: Int, frame: Int) -> int:
    """Convert int64 to float32: fields y, ids (int64), count."""
    y, ids, n = field(row, 1), field(row, 2), size(row, 3, frame)
    for i in range(n):
        put_float(np.float32(integer(ids + i * 8)), y + i * SIZE)
    return at.GO_ON


@instruction
def clear(row: Int, frame: Int) -> int:
    """Set numbers to zero: fields y, count."""
    y, n = field(row, 1), size(row, 2, frame)
    for i in range(0, n, LANES):
        store(splat(_ZERO), y + i * SIZE, first(n - i))
    return at.GO_ON


@instruction
def accumulate(row: Int, frame: Int) -> int:
    """``y = a + b``: fields y, a, b, count."""
    y, a, b, n = field(row, 1), field(row, 2), field(row, 3), size(row, 4, frame)
    for i in range(0, n * SIZE, LANES * SIZE):
        some = first(n - i // SIZE)
        store(load(a + i, some) + load(b + i, some), y + i, some)
    return at.GO_ON


@instruction
def add_times(row: Int, frame: Int) -> int:
    """``y = a + b * factor`` of single numbers: fields y, a, b, factor (float64)."""
    factor = np.float32(double_at(field(row, 4)))
    put_float(float_at(field(row, 2)) + float_at(field(row, 3)) * factor, field(row, 1))
    return at.GO_ON


@instruction
def times(row: Int, frame: Int) -> int:
    """``y = x * factor`` of single numbers: fields y, x, factor (float64)."""
    put_float(float_at(field(row, 2)) * np.float32(double_at(field(row, 3))), field(row, 1))
    return at.GO_ON


@instruction
def over_part(row: Int, frame: Int) -> int:
    """``y = x / part``, this worker's part of the whole batch, or 0 if it has none: fields y, x, count."""
    n, part = size(row, 3, frame), double_at(frame + at.PART * 8)
    for i in range(n):
        x = float_at(field(row, 2) + i * SIZE)
        put_float(np.float32(x / part) if part != 0 else np.float32(0), field(row, 1) + i * SIZE)
    return at.GO_ON


@instruction
def weighted_mean(row: Int, frame: Int) -> int:
    """``y = sum(values * weights) / n``: fields y, values, weights or 0, count, values per weight, 1 to divide by n."""
    y, values, weights, n = field(row, 1), field(row, 2), field(row, 3), size(row, 4, frame)
    each, divide = field(row, 5), field(row, 6)
    put_float(np.float32(_weighted_sum(values, weights, n, each) / (n if divide != 0 and n > 1 else 1)), y)
    return at.GO_ON


@instruction
def weighted_mean_slope(row: Int, frame: Int) -> int:
    """The gradient of `weighted_mean`: fields dvalues, dy, weights or 0, count, values per weight, 1 to divide by n."""
    out, dy, weights, n = field(row, 1), float_at(field(row, 2)), field(row, 3), size(row, 4, frame)
    each = field(row, 5)
    share = np.float32(dy / (n if field(row, 6) != 0 and n > 1 else 1))
    if weights == 0:
        for i in range(0, n, LANES):
            store(splat(share), out + i * SIZE, first(n - i))
    elif each == 1:
        for i in range(0, n, LANES):
            some = first(n - i)
            store(load(weights + i * SIZE, some) * splat(share), out + i * SIZE, some)
    else:
        for i in range(n):
            put_float(float_at(weights + i // each * SIZE) * share, out + i * SIZE)
    return at.GO_ON


@instruction
def mean_of(row: Int, frame: Int) -> int:
    """Add values to a mean: fields its total and count (float64), values, weights or 0, count, values per weight."""
    values, weights, n, each = field(row, 3), field(row, 4), size(row, 5, frame), field(row, 6)
    put_double(double_at(field(row, 1)) + _weighted_sum(values, weights, n, each), field(row, 1))
    counted = np.float64(n) if weights == 0 else _weighted_sum(weights, 0, n // each, 1) * each
    put_double(double_at(field(row, 2)) + counted, field(row, 2))
    return at.GO_ON


@jit_inner
def _weighted_sum(values: Int, weights: Int, n: Int, each: Int) -> float:
    sums = splat(_ZERO)
    if weights == 0 or each == 1:
        for i in range(0, n, LANES):
            some = first(n - i)
            part = load(values + i * SIZE, some)
            if weights != 0:
                part = part * load(weights + i * SIZE, some)
            sums = sums + choose(some, part, splat(_ZERO))
        return np.float64(total(sums))
    result = 0.0
    for i in range(n):
        result += np.float64(float_at(values + i * SIZE) * float_at(weights + i // each * SIZE))
    return result


@instruction
def count_loss(row: Int, frame: Int) -> int:
    """Add losses to a running mean, weighted by the rows of the batch.

    Fields: total and count (float64), losses, count of losses.
    """
    n, losses = size(row, 4, frame), rows(frame)
    for i in range(n):
        put_double(
            double_at(field(row, 1)) + np.float64(float_at(field(row, 3) + i * SIZE)) * losses, field(row, 1)
        )
    put_double(double_at(field(row, 2)) + losses * n, field(row, 2))
    return at.GO_ON


@instruction
def finish(row: Int, frame: Int) -> int:
    """Count a step, and stop after this batch if the total of the losses has just become infinite or NaN.

    Fields: the total of the losses (float64), the iterations (int64) or 0.
    """
    iterations = field(row, 2)
    if iterations != 0:
        put_integer(integer(iterations) + 1, iterations)
    if integer(frame + at.SOUND * 8) != 0 and not np.isfinite(double_at(field(row, 1))):
        return at.LAST
    return at.GO_ON


@instruction
def penalty(row: Int, frame: Int) -> int:
    """``y = l1 * sum(|w|) + l2 * sum(w ** 2)``: fields y, w, count, l1, l2, 1 to divide by the rows."""
    w, n, l1, l2 = field(row, 2), size(row, 3, frame), real(row, 4), real(row, 5)
    sizes = squares = splat(_ZERO)
    for i in range(0, n * SIZE, LANES * SIZE):
        x = load(w + i, first(n - i // SIZE))
        sizes, squares = sizes + magnitude(x), squares + x * x
    result = 0.0
    if l1 != 0:
        result += l1 * np.float64(total(sizes))
    if l2 != 0:
        result += l2 * np.float64(total(squares))
    put_float(np.float32(result / _divisor(row, 6, frame)), field(row, 1))
    return at.GO_ON


@instruction
def penalty_slope(row: Int, frame: Int) -> int:
    """``dw = (l1 * sign(w) + 2 * l2 * w) * dy``: fields dw, dy, w, count, l1, l2, 1 to divide by the rows."""
    out, w, n = field(row, 1), field(row, 3), size(row, 4, frame)
    dy = splat(np.float32(float_at(field(row, 2)) / _divisor(row, 7, frame)))
    l1, l2 = np.float32(real(row, 5)), np.float32(2 * real(row, 6))
    for i in range(0, n * SIZE, LANES * SIZE):
        some = first(n - i // SIZE)
        x = load(w + i, some)
        slope = splat(_ZERO)
        if l1 != 0:
            slope = sign_of(x) * splat(l1)
        if l2 != 0:
            slope = slope + x * splat(l2)
        store(slope * dy, out + i, some)
    return at.GO_ON


@jit_inner
def _divisor(row: Int, number: Int, frame: Int) -> int:
    """Return the divisor of a penalty: the rows of the batch if the field is not 0, else 1."""
    return max(rows(frame), 1) if field(row, number) != 0 else 1
