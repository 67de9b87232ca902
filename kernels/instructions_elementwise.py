"""Instructions of each number by itself.

All of one kind share a loop, into which the compiler puts the function; each is compiled by itself.
"""

from typing import Any

import numpy as np

from minifit.kernels import program as at
from minifit.kernels.compiled_functions import exp
from minifit.kernels.compiled_functions import log as log_of
from minifit.kernels.compiled_functions import power as power_of
from minifit.kernels.compiled_vectors import (
    LANES,
    SIZE,
    Int,
    choose,
    first,
    floor,
    less,
    less_equal,
    load,
    root,
    size_of,
    splat,
    store,
)
from minifit.kernels.driver import field, real, size
from minifit.kernels.jit import instruction, jit_inner

_F = np.float32
_ZERO, _ONE = _F(0), _F(1)


@jit_inner
def setting(row: Int, number: Int) -> Any:
    """A setting of a row, in all lanes."""
    return splat(_F(real(row, number)))


@jit_inner
def each(function: Any, row: Int, frame: Int) -> int:
    """``y = function(x, p, q, r)``: fields y, x, count, settings p, q, r."""
    y, x, n = field(row, 1), field(row, 2), size(row, 3, frame)
    p, q, r = setting(row, 4), setting(row, 5), setting(row, 6)
    for i in range(0, n * SIZE, LANES * SIZE):
        some = first(n - i // SIZE)
        store(function(load(x + i, some), p, q, r), y + i, some)
    return at.GO_ON


@jit_inner
def slope(function: Any, row: Int, frame: Int) -> int:
    """``dx = function(dy, x, y, p, q, r)``: fields dx, dy, x, y, count, settings p, q, r."""
    dx, dy, x, y, n = field(row, 1), field(row, 2), field(row, 3), field(row, 4), size(row, 5, frame)
    p, q, r = setting(row, 6), setting(row, 7), setting(row, 8)
    for i in range(0, n * SIZE, LANES * SIZE):
        some = first(n - i // SIZE)
        store(function(load(dy + i, some), load(x + i, some), load(y + i, some), p, q, r), dx + i, some)
    return at.GO_ON


@jit_inner
def _affine(x: Any, p: Any, q: Any, r: Any) -> Any:
    return x * p + q


@instruction
def affine(row: Int, frame: Int) -> int:
    """``y = x * p + q``: fields as `each`."""
    return each(_affine, row, frame)


@jit_inner
def _exponential(x: Any, p: Any, q: Any, r: Any) -> Any:
    return exp(x)


@instruction
def exponential(row: Int, frame: Int) -> int:
    """``exp(x)``: fields as `each`; its slope is `multiply` by itself."""
    return each(_exponential, row, frame)


@jit_inner
def _logarithm(x: Any, p: Any, q: Any, r: Any) -> Any:
    return log_of(x)


@instruction
def logarithm(row: Int, frame: Int) -> int:
    """``log(x)``: fields as `each`; its slope is `divide` by x."""
    return each(_logarithm, row, frame)


@jit_inner
def _square_root(x: Any, p: Any, q: Any, r: Any) -> Any:
    return root(x)


@instruction
def square_root(row: Int, frame: Int) -> int:
    """The square root: fields as `each`."""
    return each(_square_root, row, frame)


@jit_inner
def _square_root_slope(dy: Any, x: Any, y: Any, p: Any, q: Any, r: Any) -> Any:
    return dy / (y + y)


@instruction
def square_root_slope(row: Int, frame: Int) -> int:
    """``dx = dy / (2 y)``: fields as `slope`."""
    return slope(_square_root_slope, row, frame)


@jit_inner
def _square_slope(dy: Any, x: Any, y: Any, p: Any, q: Any, r: Any) -> Any:
    return (dy + dy) * x


@instruction
def square_slope(row: Int, frame: Int) -> int:
    """``dx = 2 dy x``, of `multiply` of x by itself: fields as `slope`."""
    return slope(_square_slope, row, frame)


@jit_inner
def _absolute(x: Any, p: Any, q: Any, r: Any) -> Any:
    return size_of(x)


@instruction
def absolute(row: Int, frame: Int) -> int:
    """``abs(x)``: fields as `each`."""
    return each(_absolute, row, frame)


@jit_inner
def _absolute_slope(dy: Any, x: Any, y: Any, p: Any, q: Any, r: Any) -> Any:
    nothing = splat(_ZERO)
    return choose(less(nothing, x), dy, choose(less(x, nothing), nothing - dy, dy * x))


@instruction
def absolute_slope(row: Int, frame: Int) -> int:
    """``dx = dy sign(x)``: fields as `slope`."""
    return slope(_absolute_slope, row, frame)


@jit_inner
def _clip(x: Any, p: Any, q: Any, r: Any) -> Any:
    x = choose(less(x, p), p, x)
    return choose(less(q, x), q, x)


@instruction
def clip(row: Int, frame: Int) -> int:
    """x moved into [p, q]: fields as `each`."""
    return each(_clip, row, frame)


@jit_inner
def _clip_slope(dy: Any, x: Any, y: Any, p: Any, q: Any, r: Any) -> Any:
    inside = choose(less_equal(p, x), choose(less_equal(x, q), splat(_ONE), splat(_ZERO)), splat(_ZERO))
    return dy * inside


@instruction
def clip_slope(row: Int, frame: Int) -> int:
    """``dx = dy`` where x was not moved: fields as `slope`."""
    return slope(_clip_slope, row, frame)


@jit_inner
def _truncate(x: Any, p: Any, q: Any, r: Any) -> Any:
    whole = floor(size_of(x))
    return choose(less(x, splat(_ZERO)), splat(_ZERO) - whole, whole)


@instruction
def truncate(row: Int, frame: Int) -> int:
    """x without its fraction: fields as `each`."""
    return each(_truncate, row, frame)


@jit_inner
def _power_by(x: Any, p: Any, q: Any, r: Any) -> Any:
    return power_of(x, p)


@instruction
def power_by(row: Int, frame: Int) -> int:
    """``x ** p``: fields as `each`."""
    return each(_power_by, row, frame)


@jit_inner
def _power_by_slope(dy: Any, x: Any, y: Any, p: Any, q: Any, r: Any) -> Any:
    return dy * (p * power_of(x, p - splat(_ONE)))


@instruction
def power_by_slope(row: Int, frame: Int) -> int:
    """``dx = dy p x ** (p - 1)``: fields as `slope`."""
    return slope(_power_by_slope, row, frame)
