"""Instructions of metrics: one value a sample."""

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
    put_float,
    size_of,
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
    """1 where the largest prediction stands at the largest target: fields values, t, p, rows, m."""
    out, t, p, n, m = field(row, 1), field(row, 2), field(row, 3), size(row, 4, frame), field(row, 5)
    for i in range(n):
        begin = i * m * SIZE
        put_float(_F(place_of_largest(t + begin, m) == place_of_largest(p + begin, m)), out + i * SIZE)
    return at.GO_ON


@instruction
def sparse_accuracy(row: Int, frame: Int) -> int:
    """1 where the largest prediction stands at the class number: fields values, ids (int64), p, rows, m."""
    out, ids, p, n, m = field(row, 1), field(row, 2), field(row, 3), size(row, 4, frame), field(row, 5)
    for i in range(n):
        put_float(_F(integer(ids + i * 8) == place_of_largest(p + i * m * SIZE, m)), out + i * SIZE)
    return at.GO_ON


@row_values()
def binary_accuracy(t: Any, p: Any, threshold: Any) -> Any:
    """The share of ``p > threshold`` that equal the target, row by row: fields values, t, p, rows, m, threshold."""
    one, nothing = splat(_ONE), splat(_ZERO)
    off = size_of(choose(less(splat(threshold), p), one, nothing) - t)
    return choose(less(nothing, off), nothing, choose(less(off, one), one, nothing))  # NaN is no hit


@instruction
def matches(row: Int, frame: Int) -> int:
    """1 where a prediction is the target: fields values, t, p, count."""
    out, t, p, n = field(row, 1), field(row, 2), field(row, 3), size(row, 4, frame)
    for i in range(n):
        put_float(_F(float_at(t + i * SIZE) == float_at(p + i * SIZE)), out + i * SIZE)
    return at.GO_ON


@instruction
def among_first(row: Int, frame: Int) -> int:
    """1 where fewer than k predictions are larger than that of the class: fields values, ids (int64), p, rows, m, k.

    0 in a row with a number that is not finite.
    """
    out, ids, p, n = field(row, 1), field(row, 2), field(row, 3), size(row, 4, frame)
    m, k = field(row, 5), field(row, 6)
    one, nothing = splat(_ONE), splat(_ZERO)
    for i in range(n):
        begin, larger, odd = p + i * m * SIZE, nothing, nothing
        own = spread(begin + integer(ids + i * 8) * SIZE)
        for j in range(0, m, LANES):
            some = first(m - j)
            x = load(begin + j * SIZE, some)
            larger = larger + choose(some, choose(less(own, x), one, nothing), nothing)
            odd = odd + (x - x)  # NaN of what is not finite
        put_float(_F(total(larger) < k and total(odd) == _ZERO), out + i * SIZE)
    return at.GO_ON


@instruction
def count_bins(row: Int, frame: Int) -> int:
    """Sort predictions into the bins between thresholds, those of yeses ahead of those of noes, and add up weights.

    Fields: bins (float64), t, p, weights or 0, rows, m, values a weight, thresholds, count of them, the first column
    and the one behind the last, labels that are kept apart or 1. A prediction that is not from 0 to 1 is refused.
    """
    bins, t, p, weights = field(row, 1), field(row, 2), field(row, 3), field(row, 4)
    n, m = size(row, 5, frame), field(row, 6)
    each, thresholds, count, labels = field(row, 7), field(row, 8), field(row, 9), field(row, 12)
    half = (count + 1) * labels
    for i in range(2 * half):
        put_double(0.0, bins + i * 8)
    for i in range(n):
        for j in range(field(row, 10), field(row, 11)):
            place = i * m + j
            x = float_at(p + place * SIZE)
            if not _ZERO <= x <= _ONE:
                return at.REFUSE
            bin = _below(x, thresholds, count) * labels + (j if labels > 1 else 0)
            if float_at(t + place * SIZE) == _ZERO:
                bin += half
            weight = 1.0 if weights == 0 else np.float64(float_at(weights + place // each * SIZE))
            put_double(double_at(bins + bin * 8) + weight, bins + bin * 8)
    return at.GO_ON


@jit_inner
def _below(x: Float, thresholds: Int, count: Int) -> int:
    """The number of ascending thresholds below x."""
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
    """Add what lies above or below each threshold to sums.

    Fields: sums (float64), bins (float64), the first bin, count of thresholds, labels, above or not, the place of each
    threshold's sums (int64) or 0.
    """
    sums, order, labels = field(row, 1), field(row, 7), field(row, 5)
    bins, count, above = field(row, 2) + field(row, 3) * 8, field(row, 4), field(row, 6)
    for label in range(labels):
        found = 0.0
        for i in range(count):
            k = count - 1 - i if above != 0 else i
            found += double_at(bins + ((k + above) * labels + label) * 8)
            place = sums + ((k if order == 0 else integer(order + k * 8)) * labels + label) * 8
            put_double(double_at(place) + found, place)
    return at.GO_ON


@instruction
def count_yes(row: Int, frame: Int) -> int:
    """Add up the weights of true and false positives, of false negatives, and of what is true, column by column.

    Fields: these four sums (float64), t, p, weights or 0, rows, m, values a weight, threshold, whether there is one
    (else the largest of a row is a yes), whether all columns are one.
    """
    t, p, weights, n = field(row, 5), field(row, 6), field(row, 7), size(row, 8, frame)
    m, each = field(row, 9), field(row, 10)
    given, has_threshold, together = _F(real(row, 11)), field(row, 12), field(row, 13)
    for i in range(n):
        begin = p + i * m * SIZE
        top = given if has_threshold != 0 else float_at(begin + place_of_largest(begin, m) * SIZE)
        for j in range(m):
            place = i * m + j
            x, true = float_at(p + place * SIZE), np.float64(float_at(t + place * SIZE))
            yes = x > top if has_threshold != 0 else (x >= top and abs(x) > _F(1e-9))
            weight = 1.0 if weights == 0 else np.float64(float_at(weights + place // each * SIZE))
            column = 0 if together != 0 else j * 8
            if yes:
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
    """The first place of the largest number, or of the first NaN, as NumPy's argmax."""
    place, top = 0, float_at(row)
    for j in range(m):
        found = float_at(row + j * SIZE)
        if top == top and not found <= top:
            place, top = j, found
    return place
