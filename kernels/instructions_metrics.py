"""Instructions of metrics: one value per sample, and counts."""

from typing import Any

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
    less,
    load,
    magnitude,
    put_float,
    splat,
    spread,
    total,
)
from minifit.kernels.driver import double_at, field, put_double, real, size
from minifit.kernels.instructions_losses import row_values
from minifit.kernels.jit import instruction, jit_inner

_F = np.float32
_ZERO, _ONE = _F(0), _F(1)


@instruction
def categorical_accuracy(row: Int, frame: Int) -> int:
    """1 where the largest prediction has the index of the largest target: fields values, t, p, rows, m."""
    out, t, p, n, m = field(row, 1), field(row, 2), field(row, 3), size(row, 4, frame), field(row, 5)
    for i in range(n):
        begin = i * m * SIZE
        put_float(_F(place_of_largest(t + begin, m) == place_of_largest(p + begin, m)), out + i * SIZE)
    return at.GO_ON


@instruction
def sparse_accuracy(row: Int, frame: Int) -> int:
    """1 where the class number is the index of the largest prediction: fields values, ids (int64), p, rows, m."""
    out, ids, p, n, m = field(row, 1), field(row, 2), field(row, 3), size(row, 4, frame), field(row, 5)
    for i in range(n):
        put_float(_F(integer(ids + i * 8) == place_of_largest(p + i * m * SIZE, m)), out + i * SIZE)
    return at.GO_ON


@row_values()
def binary_accuracy(t: Any, p: Any, threshold: Any) -> Any:
    """The share of ``p > threshold`` that equal the target, row by row: fields values, t, p, rows, m, threshold."""
    one, zero = splat(_ONE), splat(_ZERO)
    error = magnitude(choose(less(splat(threshold), p), one, zero) - t)
    # a NaN does not count as equal
    return choose(less(zero, error), zero, choose(less(error, one), one, zero))


@instruction
def matches(row: Int, frame: Int) -> int:
    """1 where a prediction equals the target: fields values, t, p, count."""
    out, t, p, n = field(row, 1), field(row, 2), field(row, 3), size(row, 4, frame)
    for i in range(n):
        put_float(_F(float_at(t + i * SIZE) == float_at(p + i * SIZE)), out + i * SIZE)
    return at.GO_ON


@instruction
def among_first(row: Int, frame: Int) -> int:
    """1 where fewer than k predictions exceed that of the class: fields values, ids (int64), p, rows, m, k.

    0 in a row with a number that is not finite.
    """
    out, ids, p, n = field(row, 1), field(row, 2), field(row, 3), size(row, 4, frame)
    m, k = field(row, 5), field(row, 6)
    one, zero = splat(_ONE), splat(_ZERO)
    for i in range(n):
        begin, larger, odd = p + i * m * SIZE, zero, zero
        own = spread(begin + integer(ids + i * 8) * SIZE)
        for j in range(0, m, LANES):
            some = first(m - j)
            x = load(begin + j * SIZE, some)
            larger = larger + choose(some, choose(less(own, x), one, zero), zero)
            # x - x is NaN for infinity and NaN
            odd = odd + (x - x)
        put_float(_F(total(larger) < k and total(odd) == _ZERO), out + i * SIZE)
    return at.GO_ON


@instruction
def count_bins(row: Int, frame: Int) -> int:
    """Add up the weights of predictions in the bins between thresholds: positive targets first, then negative ones.

    Fields: bins (float64), t, p, weights or 0, rows, m, values per weight, thresholds, their count, the first column
    and the column after the last, the number of labels with separate bins, or 1. A batch with a prediction outside
    [0, 1] is refused.
    """
    bins, t, p, weights = field(row, 1), field(row, 2), field(row, 3), field(row, 4)
    n, m = size(row, 5, frame), field(row, 6)
    each, thresholds, count, labels = field(row, 7), field(row, 8), field(row, 9), field(row, 12)
    half = (count + 1) * labels
    for i in range(2 * half):
        put_double(0.0, bins + i * 8)
    for i in range(n):
        for j in range(field(row, 10), field(row, 11)):
            index = i * m + j
            x = float_at(p + index * SIZE)
            if not _ZERO <= x <= _ONE:
                return at.REFUSE
            bin = _below(x, thresholds, count) * labels + (j if labels > 1 else 0)
            if float_at(t + index * SIZE) == _ZERO:
                bin += half
            weight = 1.0 if weights == 0 else np.float64(float_at(weights + index // each * SIZE))
            put_double(double_at(bins + bin * 8) + weight, bins + bin * 8)
    return at.GO_ON


@jit_inner
def _below(x: Float, thresholds: Int, count: Int) -> int:
    """Return the number of ascending thresholds below x."""
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        if float_at(thresholds + middle * SIZE) < x:
            low = middle + 1
        else:
            high = middle
    return low


@instruction
def add_counts(row: Int, frame: Int) -> int:
    """Add the weights above or below each threshold to sums.

    Fields: sums (float64), bins (float64), the first bin, count of thresholds, labels, 1 for above, the index of each
    threshold's sums (int64) or 0.
    """
    sums, order, labels = field(row, 1), field(row, 7), field(row, 5)
    bins, count, above = field(row, 2) + field(row, 3) * 8, field(row, 4), field(row, 6)
    for label in range(labels):
        running = 0.0
        for i in range(count):
            k = count - 1 - i if above != 0 else i
            running += double_at(bins + ((k + above) * labels + label) * 8)
            place = sums + ((k if order == 0 else integer(order + k * 8)) * labels + label) * 8
            put_double(double_at(place) + running, place)
    return at.GO_ON


@instruction
def count_yes(row: Int, frame: Int) -> int:
    """Add up the weights of true and false positives, of false negatives, and of positive targets, column by column.

    Fields: these four sums (float64), t, p, weights or 0, rows, m, values per weight, threshold, 1 to use the threshold
    (else the largest of a row is positive), 1 to treat all columns as one.
    """
    t, p, weights, n = field(row, 5), field(row, 6), field(row, 7), size(row, 8, frame)
    m, each = field(row, 9), field(row, 10)
    threshold, has_threshold, together = _F(real(row, 11)), field(row, 12), field(row, 13)
    for i in range(n):
        begin = p + i * m * SIZE
        top = threshold if has_threshold != 0 else float_at(begin + place_of_largest(begin, m) * SIZE)
        for j in range(m):
            index = i * m + j
            x, true = float_at(p + index * SIZE), np.float64(float_at(t + index * SIZE))
            positive = x > top if has_threshold != 0 else (x >= top and abs(x) > _F(1e-9))
            weight = 1.0 if weights == 0 else np.float64(float_at(weights + index // each * SIZE))
            column = 0 if together != 0 else j * 8
            if positive:
                _add(true * weight, field(row, 1) + column)
                _add((1 - true) * weight, field(row, 2) + column)
            else:
                _add(true * weight, field(row, 3) + column)
            _add(true * weight, field(row, 4) + column)
    return at.GO_ON


@jit_inner
def _add(x: Float, place: Int) -> None:
    put_double(double_at(place) + x, place)


@jit_inner
def place_of_largest(row: Int, m: Int) -> int:
    """Return the index of the largest number, the first of equal ones, or of the first NaN, as NumPy's argmax."""
    place, top = 0, float_at(row)
    for j in range(m):
        x = float_at(row + j * SIZE)
        if top == top and not x <= top:
            place, top = j, x
    return place
