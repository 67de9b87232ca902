"""Rules of the activations whose slope reads their input, and of those along an axis."""

import math
from typing import Any

from minifit import activations, nonlinearities
from minifit.lowering.program import Program, lowers, lowers_as
from minifit.lowering.rules.elementwise import elementwise
from minifit.lowering.rules.parts import transpose
from minifit.lowering.values import Value


@lowers(nonlinearities.elu)
def elu(program: Program, x: Any, alpha: Any = 1.0) -> Value:
    """Lower the exponential linear unit."""
    return elementwise(program, "exponential_unit", x, float(alpha), 1.0)


@lowers(nonlinearities.selu)
def selu(program: Program, x: Any) -> Value:
    """Lower the scaled exponential linear unit."""
    scale = nonlinearities.SELU_SCALE
    return elementwise(program, "exponential_unit", x, scale * nonlinearities.SELU_ALPHA, scale)


lowers_as(
    elementwise,
    {
        nonlinearities.softplus: "softplus",
        nonlinearities.softsign: "softsign",
        nonlinearities.hard_sigmoid: "hard_sigmoid",
        nonlinearities.swish: "swish",
        nonlinearities.mish: "mish",
    },
)


@lowers(nonlinearities.gelu)
def gelu(program: Program, x: Any, approximate: bool = False) -> Value:
    """Lower the Gaussian error linear unit."""
    return elementwise(program, "gelu_tanh" if approximate else "gelu", x)


@lowers(nonlinearities.log_softmax)
def log_softmax(program: Program, x: Any, axis: int = -1) -> Value:
    """Lower the logarithms of probabilities along an axis."""
    x = program.floats(x)
    if axis % x.ndim != x.ndim - 1:
        order = list(range(x.ndim))
        order[axis], order[-1] = order[-1], order[axis]
        return transpose(program, log_softmax(program, transpose(program, x, order)), order)
    y = program.value(x.shape, x)
    program.emit("log_softmax", y, x, y.rows, y.columns)
    program.back(y, lambda dy: program.flow(x, "log_softmax_slope", dy, y, y.rows, y.columns))
    return y


@lowers(activations.relu)
def relu(
    program: Program, x: Any, alpha: float = 0.0, max_value: float | None = None, threshold: float = 0.0
) -> Value:
    """Lower relu with a leak, a largest value and a threshold."""
    if alpha == 0 and max_value is None and threshold == 0:
        return elementwise(program, "relu", x)
    high = math.inf if max_value is None else float(max_value)
    return elementwise(program, "leaky_relu", x, float(alpha), high, float(threshold))
