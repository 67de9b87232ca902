"""The ops of each number agree with op by op, forward and backward, at every way to broadcast; others are refused."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minifit import ops
from minifit.lowering import rules  # noqa: F401
from minifit.lowering.program import Program
from minifit.lowering.values import Unlowered
from minifit.randomness import Streams
from tests.lowering.agreeing import assert_op_agrees

ROW = np.array([0.3, -1.2, 0.8], np.float32)
MATRIX = np.array([[0.3, -1.2, 0.8], [1.1, 0.6, -0.4]], np.float32)

OPS: dict[str, Callable[[Any], Any]] = {
    "a sum": lambda x: x + x * 2,
    "a sum with a row": lambda x: x + ROW,
    "a matrix minus it": lambda x: MATRIX - x,
    "a number minus it": lambda x: 1 - x,
    "a product with a column": lambda x: x * MATRIX[:, :1],
    "a product of a row each": lambda x: x * ops.mean(x, 1, keepdims=True),
    "a product of a number each": lambda x: x * ops.mean(x, 2, keepdims=True),
    "a product of a number a sample": lambda x: x * ops.mean(x, (1, 2), keepdims=True),
    "a product with a number of the batch": lambda x: x * ops.mean(x),
    "a row times a column": lambda x: x[:, :1] * x[:, :, :1],
    "a quotient by a number": lambda x: x / 3,
    "a quotient by a number without a reciprocal": lambda x: x + ops.stop_gradient(x * 2e-39) / 2e-39,
    "a number by it": lambda x: 1 / (x * x + 1),
    "a quotient": lambda x: x / (ops.exp(x) + 1),
    "a quotient by a row each": lambda x: x / (2 + ops.square(ops.sum(x, 1, keepdims=True))),
    "power 0": lambda x: x + x**0,
    "power 2": lambda x: x**2,
    "power 3": lambda x: x**3,
    "power -1": lambda x: (ops.square(x) + 1) ** -1,
    "power 0.5": lambda x: (ops.square(x) + 1) ** 0.5,
    "power by itself": lambda x: (ops.square(x) + 1) ** x,
    "power of 2": lambda x: 2.0**x,
    "power as a function": lambda x: ops.power(x, 3),
    "a remainder": lambda x: (x * 5) % 0.7,
    "a remainder by itself": lambda x: x % (1 + ops.square(x)),
    "a whole quotient": lambda x: x + (x * 5) // 0.7,
    "abs": ops.abs,
    "minus": lambda x: -x,
    "exp": ops.exp,
    "log": lambda x: ops.log(x * x + 0.1),
    "sqrt": lambda x: ops.sqrt(x * x + 0.1),
    "clip": lambda x: ops.clip(x, -0.5, 0.4),
    "maximum with a row": lambda x: ops.maximum(x, ROW),
    "maximum of a number": lambda x: ops.maximum(0.3, x),
    "minimum": lambda x: ops.minimum(x, 0.1),
    "minimum of itself": lambda x: ops.minimum(x, x * 1.0),
    "less": lambda x: x * (x < 0.1),
    "at most": lambda x: x * (x >= ROW),
    "greater": lambda x: x * (x > ROW),
    "at least": lambda x: x * (x >= x * x),
    "equal": lambda x: x * ops.equal(x, x),
    "equal as an operator": lambda x: x * (ops.relu(x) == 0),
    "unequal as an operator": lambda x: x * (ops.relu(x) != 0),
    "where": lambda x: ops.where(x > 0, x * 2, ROW),
    "where of constants": lambda x: ops.where(MATRIX > 0, 0.0, x),
    "cast to whole numbers": lambda x: x * ops.cast(x * 3, "int32"),
    "cast to truth values": lambda x: x * ops.cast(ops.relu(x), bool),
    "stop_gradient": lambda x: x * ops.stop_gradient(x),
}


@pytest.mark.parametrize("name", OPS)
def test_it_agrees(name: str) -> None:
    assert_op_agrees(OPS[name])


CLIP: Any = ops.clip

REFUSED: dict[str, Callable[[Any], Any]] = {
    "a constant with as many rows as one batch has": lambda x: x + np.zeros((4, 2, 3), np.float32),
    "rows that become columns": lambda x: x[:, 0] + x[:, :, 0],
    "the batch behind another axis": lambda x: x[:, 0, 0] + np.zeros((5, 1), np.float32),
    "a cut between arrays": lambda x: CLIP(x, -ROW, ROW),
    "half numbers": lambda x: ops.cast(x, "float16"),
    "a branch": lambda x: x if x else -x,
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused(name: str) -> None:
    with pytest.raises(Unlowered):
        REFUSED[name](Program(Streams(0)).value((None, 2, 3)))
