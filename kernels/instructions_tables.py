"""Instructions of embedding tables, whose row numbers are floats, truncated to integers."""

import numpy as np

from minifit.kernels import program as at
from minifit.kernels.compiled_vectors import LANES, SIZE, Int, first, float_at, load, splat, store
from minifit.kernels.driver import field, size
from minifit.kernels.jit import instruction


@instruction
def check_rows(row: Int, frame: Int) -> int:
    """Refuse a batch with a number that is not a row of the table: fields ids (float32), count, rows of the table."""
    ids, n, rows = field(row, 1), size(row, 2, frame), field(row, 3)
    for i in range(n):
        number = float_at(ids + i * SIZE)
        # also true for NaN
        if not (number > -1 and number < rows):
            return at.REFUSE
    return at.GO_ON


@instruction
def take_rows(row: Int, frame: Int) -> int:
    """Rows of a table: fields y, the table, ids (float32), count, m."""
    y, table, ids, n, m = field(row, 1), field(row, 2), field(row, 3), size(row, 4, frame), field(row, 5)
    for i in range(n):
        here, there = table + int(float_at(ids + i * SIZE)) * m * SIZE, y + i * m * SIZE
        for j in range(0, m, LANES):
            some = first(m - j)
            store(load(here + j * SIZE, some), there + j * SIZE, some)
    return at.GO_ON


@instruction
def take_rows_slope(row: Int, frame: Int) -> int:
    """The gradient of a table, the sum of dy for each row: fields dtable, dy, ids (float32), count, m, table count."""
    table, dy, ids, n, m = field(row, 1), field(row, 2), field(row, 3), size(row, 4, frame), field(row, 5)
    whole = size(row, 6, frame)
    for i in range(0, whole, LANES):
        store(splat(np.float32(0)), table + i * SIZE, first(whole - i))
    for i in range(n):
        here, there = dy + i * m * SIZE, table + int(float_at(ids + i * SIZE)) * m * SIZE
        for j in range(0, m, LANES):
            some = first(m - j)
            store(load(there + j * SIZE, some) + load(here + j * SIZE, some), there + j * SIZE, some)
    return at.GO_ON
