"""Instructions on pairs of numbers: arithmetic and comparisons of values that broadcast, and choices.

A decorator puts the loop around the function of two numbers; each instruction is compiled separately.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from minifit.kernels import program as at
from minifit.kernels.compiled_functions import log as log_of
from minifit.kernels.compiled_functions import power as power_of
from minifit.kernels.compiled_vectors import (
    LANES,
    SIZE,
    Int,
    both,
    choose,
    equal,
    first,
    float_at,
    floor,
    less,
    less_equal,
    load,
    remainder,
    splat,
    spread,
    store,
)
from minifit.kernels.driver import field, size
from minifit.kernels.jit import Instruction, instruction, jit_inner

_F = np.float32
_ZERO, _ONE = _F(0), _F(1)


def pair(function: Callable[..., Any]) -> Instruction:
    """Make an instruction from a function: ``y = function(a, b)``.

    Fields: y, a, b, rows, columns, then the layout of a and the layout of b. A layout is two fields: the stride from
    one row to the next in numbers, and 1 if a row has a number for each column, or 0 if it has one for all columns.
    """
    inner = jit_inner(function)

    def loop(row: Int, frame: Int) -> int:
        y, a, b, n, m = field(row, 1), field(row, 2), field(row, 3), size(row, 4, frame), size(row, 5, frame)
        step_a, each_a, step_b, each_b = field(row, 6), field(row, 7), field(row, 8), field(row, 9)
        full_a, full_b = first(LANES * each_a), first(LANES * each_b)
        for i in range(n):
            here, there, to = a + i * step_a * SIZE, b + i * step_b * SIZE, y + i * m * SIZE
            for j in range(0, m * SIZE, LANES * SIZE):
                some = first(m - j // SIZE)
                left = choose(full_a, load(here + j, both(some, full_a)), spread(here))
                right = choose(full_b, load(there + j, both(some, full_b)), spread(there))
                store(inner(left, right), to + j, some)
        return at.GO_ON

    return Instruction(loop, function.__name__)


@pair
def add(a: Any, b: Any) -> Any:
    """``a + b``: fields as `pair`."""
    return a + b


@pair
def subtract(a: Any, b: Any) -> Any:
    """``a - b``: fields as `pair`."""
    return a - b


@pair
def multiply(a: Any, b: Any) -> Any:
    """``a * b``: fields as `pair`."""
    return a * b


@pair
def divide(a: Any, b: Any) -> Any:
    """``a / b``: fields as `pair`."""
    return a / b


@jit_inner
def _modulo(a: Any, b: Any) -> Any:
    rest = remainder(a, b)
    # the result has the sign of b
    opposite = less(rest * b, splat(_ZERO))
    return choose(opposite, rest + b, rest)


@pair
def modulo(a: Any, b: Any) -> Any:
    """``a % b``, which has the sign of b: fields as `pair`."""
    return _modulo(a, b)


@pair
def floor_divide(a: Any, b: Any) -> Any:
    """``a // b``: fields as `pair`."""
    quotient = (a - _modulo(a, b)) / b
    whole = floor(quotient)
    nearest = choose(less(splat(_F(0.5)), quotient - whole), whole + splat(_ONE), whole)
    return choose(equal(b, splat(_ZERO)), a / b, nearest)


@pair
def power(a: Any, b: Any) -> Any:
    """``a ** b``: fields as `pair`."""
    return power_of(a, b)


@pair
def power_slope_a(a: Any, b: Any) -> Any:
    """``b * a ** (b - 1)``: fields as `pair`."""
    slope = b * power_of(a, b - splat(_ONE))
    return choose(equal(b, splat(_ZERO)), splat(_ZERO), slope)


@pair
def power_slope_b(a: Any, b: Any) -> Any:
    """``a ** b * log(a)``: fields as `pair`."""
    return power_of(a, b) * log_of(choose(less(splat(_ZERO), a), a, splat(_ONE)))


@pair
def maximum(a: Any, b: Any) -> Any:
    """The larger one: fields as `pair`."""
    return choose(less_equal(b, a), a, b)


@pair
def minimum(a: Any, b: Any) -> Any:
    """The smaller one: fields as `pair`."""
    return choose(less_equal(a, b), a, b)


@pair
def is_less(a: Any, b: Any) -> Any:
    """1 where ``a < b``, else 0: fields as `pair`."""
    return choose(less(a, b), splat(_ONE), splat(_ZERO))


@pair
def is_less_equal(a: Any, b: Any) -> Any:
    """1 where ``a <= b``, else 0: fields as `pair`."""
    return choose(less_equal(a, b), splat(_ONE), splat(_ZERO))


@pair
def is_equal(a: Any, b: Any) -> Any:
    """1 where ``a == b``, else 0: fields as `pair`."""
    return choose(equal(a, b), splat(_ONE), splat(_ZERO))


# -- choices -------------------------------------------------------------------------------------------------


@instruction
def where(row: Int, frame: Int) -> int:
    """``a`` where c is not 0, else ``b``: fields y, c, a, b, count, then 0 for each of c, a, b that is one number."""
    y, c, a, b, n = field(row, 1), field(row, 2), field(row, 3), field(row, 4), size(row, 5, frame)
    each_c, each_a, each_b = field(row, 6), field(row, 7), field(row, 8)
    for i in range(0, n * SIZE, LANES * SIZE):
        some = first(n - i // SIZE)
        condition = load(c + i, some) if each_c != 0 else spread(c)
        left = load(a + i, some) if each_a != 0 else spread(a)
        right = load(b + i, some) if each_b != 0 else spread(b)
        store(choose(equal(condition, splat(_ZERO)), right, left), y + i, some)
    return at.GO_ON


@instruction
def one_hot(row: Int, frame: Int) -> int:
    """One-hot rows: fields y, numbers, count, depth."""
    y, x, n, depth = field(row, 1), field(row, 2), size(row, 3, frame), field(row, 4)
    for i in range(n):
        number = float_at(x + i * SIZE)
        for j in range(0, depth, LANES):
            to = y + (i * depth + j) * SIZE
            store(splat(_ZERO), to, first(depth - j))
        index = int(number) if number >= 0 and number < depth else -1
        if index >= 0 and _F(index) == number:
            store(splat(_ONE), y + (i * depth + index) * SIZE, first(1))
    return at.GO_ON
