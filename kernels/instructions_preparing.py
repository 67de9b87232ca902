"""Instructions that turn numbers of a batch into places and rows, before anything changes: they may refuse a batch."""

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
    """Refuse a batch with a number that is not above low and below high; infinity is below itself, NaN is not.

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
    """The number of boundaries up to each x: fields y, x, count, boundaries, how many."""
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
    """Rows that count the numbers of each row of x, negative ones not: fields y, x, rows, width, depth, at most 1."""
    y, x, n, width, depth = field(row, 1), field(row, 2), size(row, 3, frame), field(row, 4), field(row, 5)
    for i in range(n):
        to = y + i * depth * SIZE
        for j in range(0, depth, LANES):
            store(splat(_ZERO), to + j * SIZE, first(depth - j))
        for j in range(width):
            place = int(float_at(x + (i * width + j) * SIZE))
            if place >= 0:
                counted = float_at(to + place * SIZE)
                put_float(_ONE if field(row, 6) != 0 else _F(counted + _ONE), to + place * SIZE)
    return at.GO_ON


@instruction
def look_up(row: Int, frame: Int) -> int:
    """The places of tokens: fields y, x, count, sorted tokens, their places, how many, then those of unknown ones.

    The last two are the first place for unknown tokens and how many there are; a batch with an unknown token is refused
    if there is none.
    """
    y, x, n, tokens, places = field(row, 1), field(row, 2), size(row, 3, frame), field(row, 4), field(row, 5)
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
            put_float(float_at(places + low * SIZE), y + i * SIZE)
        elif buckets > 0:
            put_float(_F(unknown + whole % buckets), y + i * SIZE)
        else:
            return at.REFUSE
    return at.GO_ON
