"""Rules of elementwise ops."""

import operator
from typing import Any

import numpy as np

from minifit import ops
from minifit.arrays import FLOAT
from minifit.lowering.broadcasting import broadcast_shape, broadcast_value, count_of, flow_narrow, value_at
from minifit.lowering.pairs import flow_pair, flow_plain, layout, pair
from minifit.lowering.places import Place
from minifit.lowering.program import Program, lowers, lowers_as
from minifit.lowering.values import Unlowered, Value, ValueShape
from minifit.parameters import Parameter
from minifit.tensor import Tensor

MODERATE = 1e30
"""The bound within which a number and its reciprocal are normal float32 numbers."""


# -- of one value --------------------------------------------------------------------------------------------


def elementwise(program: Program, name: str, x: Any, *settings: float) -> Value:
    """Lower an elementwise function and its slope instruction, which reads ``(dy, x, y)``."""
    x = program.floats(x)
    y = program.value(x.shape, x)
    program.emit(name, y, x, y.count, *settings)
    program.back(y, lambda dy: program.flow(x, f"{name}_slope", dy, x, y, y.count, *settings))
    return y


def affine(program: Program, x: Any, factor: float, shift: float = 0.0) -> Value:
    """Lower ``x * factor + shift`` with constant numbers."""
    x = program.floats(x)
    y = program.value(x.shape, x)
    program.emit("affine", y, x, y.count, float(factor), float(shift))
    program.back(y, lambda dy: program.flow(x, "affine", dy, y.count, float(factor), 0.0))
    return y


def number(x: Any) -> float | None:
    """Return a constant of one number as a float; None for anything else."""
    if isinstance(x, Value | Parameter):
        return None
    if isinstance(x, int | float | np.number):
        return float(x)
    array = x.value if isinstance(x, Tensor) else x
    if isinstance(array, np.ndarray) and array.ndim == 0 and array.dtype.kind in "fiub":
        return float(array)
    return None


@lowers(ops.exp)
def exp(program: Program, x: Any) -> Value:
    """Lower the exponential."""
    x = program.floats(x)
    y = program.value(x.shape, x)
    program.emit("exponential", y, x, y.count)
    program.back(y, lambda dy: flow_pair(program, x, "multiply", dy, y, y.shape))
    return y


@lowers(ops.log)
def log(program: Program, x: Any) -> Value:
    """Lower the natural logarithm."""
    x = program.floats(x)
    y = program.value(x.shape, x)
    program.emit("logarithm", y, x, y.count)
    program.back(y, lambda dy: flow_pair(program, x, "divide", dy, x, y.shape))
    return y


lowers_as(elementwise, {ops.sqrt: "square_root", operator.abs: "absolute"})


@lowers(ops.square)
def square(program: Program, x: Any) -> Value:
    """Lower ``x * x``."""
    x = program.floats(x)
    y = program.value(x.shape, x)
    program.emit("multiply", y, *layout(program, x, x, x.shape))
    program.back(y, lambda dy: program.flow(x, "square_slope", dy, x, y, y.count))
    return y


@lowers(operator.neg)
def negative(program: Program, x: Any) -> Value:
    """Lower ``-x``."""
    return affine(program, x, -1.0)


@lowers(ops.clip)
def clip(program: Program, x: Any, low: Any, high: Any) -> Value:
    """Lower a clip to a range of two constants."""
    ends = number(low), number(high)
    if ends[0] is None or ends[1] is None:
        raise Unlowered("the op 'clip' between arrays")
    return elementwise(program, "clip", x, ends[0], ends[1])


@lowers(ops.cast)
def cast(program: Program, x: Any, dtype: Any) -> Value:
    """Lower a cast. All numbers stay float32: integers without their fraction, booleans as 0 and 1.

    Casts to integers and booleans pass no gradient back.
    """
    kind = np.dtype(dtype)
    if kind == FLOAT:
        return program.floats(x)
    x = program.floats(x)
    if kind == np.bool_:
        y = program.value(x.shape)
        program.emit("is_equal", y, *layout(program, x, program.constant(0.0), x.shape))
        y = affine(program, y, -1.0, 1.0)
    elif kind in (np.dtype(np.int32), np.dtype(np.int64)):
        y = program.value(x.shape)
        program.emit("truncate", y, x, y.count)
    else:
        raise Unlowered(f"the op 'cast' to {kind}")
    return y


@lowers(ops.stop_gradient)
def stop_gradient(program: Program, x: Any) -> Value:
    """Return the same numbers as a value without a gradient."""
    x = program.as_value(x)
    return Value(program, x.shape, x.storage)


# -- of two values -------------------------------------------------------------------------------------------


@lowers(operator.add)
def add(program: Program, a: Any, b: Any) -> Value:
    """Lower a sum."""
    if (plain := number(b)) is not None:
        return affine(program, a, 1.0, plain)
    if (plain := number(a)) is not None:
        return affine(program, b, 1.0, plain)

    def slopes(dy: Place, a: Value, b: Value, y: Value) -> None:
        flow_plain(program, a, dy, y.shape)
        flow_plain(program, b, dy, y.shape)

    return pair(program, "add", a, b, slopes)


@lowers(operator.sub)
def subtract(program: Program, a: Any, b: Any) -> Value:
    """Lower a difference."""
    if (plain := number(b)) is not None:
        return affine(program, a, 1.0, -plain)
    if (plain := number(a)) is not None:
        return affine(program, b, -1.0, plain)

    def slopes(dy: Place, a: Value, b: Value, y: Value) -> None:
        flow_plain(program, a, dy, y.shape)
        flow_narrow(program, b, y.shape, "affine", dy, y.count, -1.0, 0.0)

    return pair(program, "subtract", a, b, slopes)


@lowers(operator.mul)
def multiply(program: Program, a: Any, b: Any) -> Value:
    """Lower a product."""
    if (plain := number(b)) is not None:
        return affine(program, a, plain)
    if (plain := number(a)) is not None:
        return affine(program, b, plain)

    def slopes(dy: Place, a: Value, b: Value, y: Value) -> None:
        flow_pair(program, a, "multiply", dy, b, y.shape)
        flow_pair(program, b, "multiply", dy, a, y.shape)

    return pair(program, "multiply", a, b, slopes)


@lowers(operator.truediv)
def divide(program: Program, a: Any, b: Any) -> Value:
    """Lower a quotient."""
    plain = number(b)
    if plain is not None and 1 / MODERATE < abs(plain) < MODERATE:
        return affine(program, a, 1 / plain)

    def slopes(dy: Place, a: Value, b: Value, y: Value) -> None:
        flow_pair(program, a, "divide", dy, b, y.shape)
        if b.requires_grad:
            share = pair(program, "multiply", value_at(program, dy, y.shape), y)
            share = pair(program, "divide", share, b)
            flow_narrow(program, b, y.shape, "affine", share, y.count, -1.0, 0.0)

    return pair(program, "divide", a, b, slopes)


lowers_as(pair, {operator.floordiv: "floor_divide"})


@lowers(operator.mod)
def modulo(program: Program, a: Any, b: Any) -> Value:
    """Lower the remainder of a division."""

    def slopes(dy: Place, a: Value, b: Value, y: Value) -> None:
        flow_plain(program, a, dy, y.shape)
        if b.requires_grad:
            whole = pair(program, "floor_divide", a, b)
            share = pair(program, "multiply", value_at(program, dy, y.shape), whole)
            flow_narrow(program, b, y.shape, "affine", share, y.count, -1.0, 0.0)

    return pair(program, "modulo", a, b, slopes)


@lowers(operator.pow)
def power(program: Program, a: Any, b: Any) -> Value:
    """Lower ``a ** b``."""
    plain = number(b)
    if plain == 2:
        return square(program, a)
    if plain == 0:
        return fill(program, program.floats(a), 1.0)
    if plain is not None:
        return elementwise(program, "power_by", a, plain)

    def slopes(dy: Place, a: Value, b: Value, y: Value) -> None:
        for x, name in ((a, "power_slope_a"), (b, "power_slope_b")):
            if x.requires_grad:
                flow_pair(program, x, "multiply", dy, pair(program, name, a, b), y.shape)

    return pair(program, "power", a, b, slopes)


def fill(program: Program, x: Value, plain: float) -> Value:
    """Lower a value of the shape of `x` filled with one number."""
    y = program.value(x.shape)
    program.emit("repeat", y, program.constant(plain), -1, y.count, -1)
    return y


def _choose(program: Program, name: str, a: Any, b: Any) -> Value:
    """Lower the larger or smaller of each pair; where both are equal, the gradient goes to `a`."""

    def slopes(dy: Place, a: Value, b: Value, y: Value) -> None:
        first, second = (b, a) if name == "maximum" else (a, b)
        chosen = pair(program, "is_less_equal", first, second)
        _flow_chosen(program, dy, chosen, a, b, y)

    return pair(program, name, a, b, slopes)


lowers_as(_choose, {ops.maximum: "maximum", ops.minimum: "minimum"})


# -- comparisons and choices ---------------------------------------------------------------------------------


lowers_as(pair, {operator.lt: "is_less", operator.le: "is_less_equal", ops.equal: "is_equal"})
"""Comparisons return the numbers 1 and 0."""


@lowers(operator.gt)
def greater(program: Program, a: Any, b: Any) -> Value:
    """Lower ``a > b``, as 1 and 0."""
    return pair(program, "is_less", b, a)


@lowers(operator.ge)
def greater_equal(program: Program, a: Any, b: Any) -> Value:
    """Lower ``a >= b``, as 1 and 0."""
    return pair(program, "is_less_equal", b, a)


@lowers(ops.where)
def where(program: Program, condition: Any, a: Any, b: Any) -> Value:
    """Lower the choice of ``a`` where the condition is not 0, else ``b``."""
    condition, a, b = (program.floats(x) for x in (condition, a, b))
    shape = broadcast_shape(condition.shape, a.shape, b.shape)
    y = program.value(shape, a, b)
    program.emit("where", y, *_where_fields(program, condition, a, b, shape))
    program.back(y, lambda dy: _flow_chosen(program, dy, condition, a, b, y))
    return y


def _flow_chosen(program: Program, dy: Place, chosen: Value, a: Value, b: Value, y: Value) -> None:
    wide, zero = value_at(program, dy, y.shape), program.constant(0.0)
    flow_narrow(program, a, y.shape, "where", *_where_fields(program, chosen, wide, zero, y.shape))
    flow_narrow(program, b, y.shape, "where", *_where_fields(program, chosen, zero, wide, y.shape))


def _where_fields(
    program: Program, condition: Value, a: Value, b: Value, shape: ValueShape
) -> tuple[Any, ...]:
    plain = [x if x.count == -1 else broadcast_value(program, x, shape) for x in (condition, a, b)]
    return (*plain, count_of(shape), *(int(x.count != -1) for x in plain))
