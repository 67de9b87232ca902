"""Instructions that encode numbers of a batch. They run before anything changes and may refuse the batch."""

import numpy as np

from minifit.kernels import program as at
from minifit.kernels.compiled_vectors import (
    LANES,
    SIZE,
    Int,
    choose,
    first,
    float_at,
    less_equal,
    load,
    put_float,
    splat,
    spread,
    store,
)
from minifit.kernels.driver import field, real, size
from minifit.kernels.jit import instruction

_F = np.float32
_ZERO, _ONE = _F(0), _F(1)


@instruction
def check_numbers(row: Int, frame: Int) -> int:
    """Refuse a batch with a number that is not above low and below high; infinite bounds are allowed, NaN is not.

    Fields: x, count, low, high.
    """
    x, n, low, high = field(row, 1), size(row, 2, frame), real(row, 3), real(row, 4)
    for i in range(n):
        z = np.float64(float_at(x + i * SIZE))
        if not (low < z < high or z == low == -np.inf or z == high == np.inf):
            return at.REFUSE
    return at.GO_ON


@instruction
def place_in_ranges(row: Int, frame: Int) -> int:
    """The number of boundaries that are at most x, for each x: fields y, x, count, boundaries, their count."""
    y, x, n, ends, many = field(row, 1), field(row, 2), size(row, 3, frame), field(row, 4), field(row, 5)
    for i in range(0, n, LANES):
        some = first(n - i)
        z, reached = load(x + i * SIZE, some), splat(_ZERO)
        for j in range(many):
            reached = reached + choose(less_equal(spread(ends + j * SIZE), z), splat(_ONE), splat(_ZERO))
        store(reached, y + i * SIZE, some)
    return at.GO_ON


@instruction
def encode(row: Int, frame: Int) -> int:
    """Counts of the numbers in each row of x, ignoring negative ones: fields y, x, rows, width, depth, at most 1."""
    y, x, n, width, depth = field(row, 1), field(row, 2), size(row, 3, frame), field(row, 4), field(row, 5)
    for i in range(n):
        to = y + i * depth * SIZE
        for j in range(0, depth, LANES):
            store(splat(_ZERO), to + j * SIZE, first(depth - j))
        for j in range(width):
            index = int(float_at(x + (i * width + j) * SIZE))
            if index >= 0:
                counted = float_at(to + index * SIZE)
                put_float(_ONE if field(row, 6) != 0 else _F(counted + _ONE), to + index * SIZE)
    return at.GO_ON


@instruction
def look_up(row: Int, frame: Int) -> int:
    """The indices of tokens: fields y, x, count, sorted tokens, their indices, their count, and two for unknown tokens.

    The last two fields are the first index for unknown tokens and the number of such indices. If that number is 0, a
    batch with an unknown token is refused.
    """
    y, x, n, tokens, indices = field(row, 1), field(row, 2), size(row, 3, frame), field(row, 4), field(row, 5)
    many, unknown, buckets = field(row, 6), field(row, 7), field(row, 8)
    for i in range(n):
        whole = int(float_at(x + i * SIZE))
        token = _F(whole)
        low, high = 0, many
        while low < high:
            middle = (low + high) // 2
            if float_at(tokens + middle * SIZE) < token:
                low = middle + 1
            else:
                high = middle
        if low < many and float_at(tokens + low * SIZE) == token:
            put_float(float_at(indices + low * SIZE), y + i * SIZE)
        elif buckets > 0:
            put_float(_F(unknown + whole % buckets), y + i * SIZE)
        else:
            return at.REFUSE
    return at.GO_ON
