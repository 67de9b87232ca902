"""Functions of two values that broadcast: the operand layouts of their instructions, and their gradients."""

from collections.abc import Callable
from typing import Any

from minifit.lowering.broadcasting import (
    broadcast_shape,
    broadcast_value,
    count_of,
    flow_narrow,
    flow_sums,
    repeated_axes,
    stretches,
    value_at,
)
from minifit.lowering.places import Place
from minifit.lowering.program import Program
from minifit.lowering.values import Value, ValueShape


def layout(program: Program, a: Value, b: Value, shape: ValueShape) -> tuple[Any, ...]:
    """Return the fields of an instruction on two values that broadcast to a shape: see `pair` of the kernels."""
    cuts = [_cut(x, shape) for x in (a, b) if x.count != -1 and repeated_axes(x.shape, shape)]
    cut = next((each for each in cuts if each), 0)
    columns = -count_of(shape[cut:]) if cut else 0
    sides: list[Value] = []
    steps: list[int] = []
    for x in (a, b):
        repeated = repeated_axes(x.shape, shape)
        if x.count == -1:
            steps += 0, 0
        elif repeated and cut and _cut(x, shape) == cut:
            steps += (0, 1) if repeated[0] < cut else (1, 0)
        else:
            x = broadcast_value(program, x, shape)
            steps += columns, 1
        sides.append(x)
    return (*sides, count_of(shape[:cut]), count_of(shape[cut:]), *steps)


def _cut(x: Value, shape: ValueShape) -> int:
    """Return the axis that splits the shape into rows and columns; 0 if there is none.

    The value then holds either a single row, or a single number for each row.
    """
    repeated = repeated_axes(x.shape, shape)
    axes = [i for i, n in enumerate(shape) if n != 1]
    if repeated == axes[: len(repeated)]:
        return repeated[-1] + 1
    return repeated[0] if repeated == axes[-len(repeated) :] else 0


def pair(
    program: Program,
    name: str,
    a: Any,
    b: Any,
    slopes: Callable[[Place, Value, Value, Value], None] | None = None,
) -> Value:
    """Lower a function of two values; ``slopes(dy, a, b, y)`` emits its gradients, and without it there are none."""
    a, b = program.floats(a), program.floats(b)
    shape = broadcast_shape(a.shape, b.shape)
    y = program.value(shape, *((a, b) if slopes is not None else ()))
    program.emit(name, y, *layout(program, a, b, shape))
    if slopes is not None:
        program.back(y, lambda dy: slopes(dy, a, b, y))
    return y


def flow_pair(program: Program, x: Value, name: str, dy: Place, other: Value, shape: ValueShape) -> None:
    """Flow a function of ``(dy, other)`` back into a value, where dy has the wide shape."""
    if x.requires_grad:
        flow_narrow(program, x, shape, name, *layout(program, value_at(program, dy, shape), other, shape))


def flow_plain(program: Program, x: Value, dy: Place, shape: ValueShape) -> None:
    """Flow a gradient of the wide shape back into a value, summed only over the repeated axes."""
    along = stretches(shape, repeated_axes(x.shape, shape))
    flow_sums(program, x, dy, along, x.count)
