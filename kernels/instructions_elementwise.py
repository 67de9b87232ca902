"""Elementwise instructions.

A decorator puts the loop around the function of one number; each instruction is compiled separately.
"""

from collections.abc import Callable
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
    magnitude,
    root,
    splat,
    store,
)
from minifit.kernels.driver import field, real, size
from minifit.kernels.jit import Instruction, jit_inner

_F = np.float32
_ZERO, _ONE = _F(0), _F(1)


@jit_inner
def setting(row: Int, number: Int) -> Any:
    """Return a setting of a row in all lanes."""
    return splat(_F(real(row, number)))


def each(function: Callable[..., Any]) -> Instruction:
    """Make an instruction from a function: ``y = function(x, p, q, r)``, fields y, x, count, settings p, q, r."""
    inner = jit_inner(function)

    def loop(row: Int, frame: Int) -> int:
        y, x, n = field(row, 1), field(row, 2), size(row, 3, frame)
        p, q, r = setting(row, 4), setting(row, 5), setting(row, 6)
        for i in range(0, n * SIZE, LANES * SIZE):
            some = first(n - i // SIZE)
            store(inner(load(x + i, some), p, q, r), y + i, some)
        return at.GO_ON

    return Instruction(loop, function.__name__)


def slope(function: Callable[..., Any]) -> Instruction:
    """Make an instruction from a slope: ``dx = function(dy, x, y, p, q, r)``.

    Fields: dx, dy, x, y, count, settings p, q, r.
    """
    inner = jit_inner(function)

    def loop(row: Int, frame: Int) -> int:
        dx, dy, x, y, n = field(row, 1), field(row, 2), field(row, 3), field(row, 4), size(row, 5, frame)
        p, q, r = setting(row, 6), setting(row, 7), setting(row, 8)
        for i in range(0, n * SIZE, LANES * SIZE):
            some = first(n - i // SIZE)
            store(inner(load(dy + i, some), load(x + i, some), load(y + i, some), p, q, r), dx + i, some)
        return at.GO_ON

    return Instruction(loop, function.__name__)


@each
def affine(x: Any, p: Any, q: Any, r: Any) -> Any:
    """``y = x * p + q``: fields as `each`."""
    return x * p + q


@each
def exponential(x: Any, p: Any, q: Any, r: Any) -> Any:
    """``exp(x)``: fields as `each`; its gradient is a `multiply` by y."""
    return exp(x)


@each
def logarithm(x: Any, p: Any, q: Any, r: Any) -> Any:
    """``log(x)``: fields as `each`; its gradient is a `divide` by x."""
    return log_of(x)


@each
def square_root(x: Any, p: Any, q: Any, r: Any) -> Any:
    """The square root: fields as `each`."""
    return root(x)


@slope
def square_root_slope(dy: Any, x: Any, y: Any, p: Any, q: Any, r: Any) -> Any:
    """``dx = dy / (2 y)``: fields as `slope`."""
    return dy / (y + y)


@slope
def square_slope(dy: Any, x: Any, y: Any, p: Any, q: Any, r: Any) -> Any:
    """``dx = 2 dy x``, the gradient of `multiply` of x by itself: fields as `slope`."""
    return (dy + dy) * x


@each
def absolute(x: Any, p: Any, q: Any, r: Any) -> Any:
    """``abs(x)``: fields as `each`."""
    return magnitude(x)


@slope
def absolute_slope(dy: Any, x: Any, y: Any, p: Any, q: Any, r: Any) -> Any:
    """``dx = dy sign(x)``: fields as `slope`."""
    zero = splat(_ZERO)
    return choose(less(zero, x), dy, choose(less(x, zero), zero - dy, dy * x))


@each
def clip(x: Any, p: Any, q: Any, r: Any) -> Any:
    """x clipped to [p, q]: fields as `each`."""
    x = choose(less(x, p), p, x)
    return choose(less(q, x), q, x)


@slope
def clip_slope(dy: Any, x: Any, y: Any, p: Any, q: Any, r: Any) -> Any:
    """``dx = dy`` where x was not clipped, else 0: fields as `slope`."""
    inside = choose(less_equal(p, x), choose(less_equal(x, q), splat(_ONE), splat(_ZERO)), splat(_ZERO))
    return dy * inside


@each
def truncate(x: Any, p: Any, q: Any, r: Any) -> Any:
    """x without its fraction: fields as `each`."""
    whole = floor(magnitude(x))
    return choose(less(x, splat(_ZERO)), splat(_ZERO) - whole, whole)


@each
def power_by(x: Any, p: Any, q: Any, r: Any) -> Any:
    """``x ** p``: fields as `each`."""
    return power_of(x, p)


@slope
def power_by_slope(dy: Any, x: Any, y: Any, p: Any, q: Any, r: Any) -> Any:
    """``dx = dy p x ** (p - 1)``: fields as `slope`."""
    return dy * (p * power_of(x, p - splat(_ONE)))
