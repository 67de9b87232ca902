"""Rules of the ops of layers: dense and its activations."""

from typing import Any

from minifit import activations, ops
from minifit.kernels import blas
from minifit.lowering.program import Program, lowers, lowers_as
from minifit.lowering.rules.elementwise import elementwise
from minifit.lowering.values import Unlowered, Value


@lowers(ops.dense)
def dense(program: Program, x: Any, w: Any, b: Any, activation: str = "linear") -> Value:
    """Lower ``activation(x @ w + b)``; the activation overwrites the product in place."""
    x, w = program.floats(x), program.as_value(w)
    b = None if b is None else program.as_value(b)
    if w.of_batch or w.ndim != 2:
        raise Unlowered("a dense op whose weights come from the batch")
    k, m = w.shape[0] or 0, w.shape[1] or 0
    y = program.value((*x.shape[:-1], m), x, w, b)
    routines = blas.routines()
    program.emit("dense", y, x, w, b, x.rows, k, m, routines)
    if activation != "linear":
        program.emit(activation, y, y, y.count)

    def back(dy: Any) -> None:
        if activation != "linear":
            # y stands in for the overwritten product, which these slopes do not read
            program.emit(f"{activation}_slope", dy, dy, y, y, y.count)
        program.flow(x, "dense_slope_x", dy, w, program.room(-k * m), x.rows, k, m, routines)
        program.flow(w, "dense_slope_w", x, dy, x.rows, k, m, routines)
        if b is not None:
            program.flow(b, "dense_slope_b", dy, x.rows, m)

    program.back(y, back)
    return y


@lowers(ops.activation)
def activation(program: Program, x: Any, name: str) -> Value:
    """Lower an activation by its name."""
    return elementwise(program, name, x)


lowers_as(elementwise, {ops.relu: "relu", ops.tanh: "tanh"})


@lowers(ops.sigmoid)
def sigmoid(program: Program, x: Any) -> Value:
    """Lower the sigmoid; its result keeps the logits."""
    x = program.floats(x)
    y = elementwise(program, "sigmoid", x)
    y.logits = x
    return y


@lowers(ops.softmax)
def softmax(program: Program, x: Any) -> Value:
    """Lower ``exp(x) / sum(exp(x))`` over the last axis; its result keeps the logits."""
    x = program.floats(x)
    y = program.value(x.shape, x)
    program.emit("softmax", y, x, y.rows, y.columns)
    program.back(y, lambda dy: program.flow(x, "softmax_slope", dy, y, y.rows, y.columns))
    y.logits, y.of_softmax = x, True
    return y


@lowers(activations.linear)
def linear(program: Program, x: Any) -> Value:
    """Return the value unchanged."""
    return program.as_value(x)
