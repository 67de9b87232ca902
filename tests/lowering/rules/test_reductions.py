"""The ops that make one number of many agree with op by op, forward and backward; others are refused."""

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

LARGEST: Any = ops.max
"""Which takes several axes, too."""

OPS: dict[str, Callable[[Any], Any]] = {
    "sum of rows": lambda x: ops.sum(x, -1),
    "sum of columns": lambda x: ops.sum(x, 1),
    "sum of samples": lambda x: ops.sum(x, (1, 2), keepdims=True),
    "sum of everything": lambda x: x + ops.sum(x * 0.1),
    "sum of what is no neighbour": lambda x: x - 0.1 * ops.sum(x, (0, 2), keepdims=True),
    "sum as a method": lambda x: x.sum(1),
    "mean": lambda x: ops.mean(x, 1),
    "mean over the batch": lambda x: x - ops.mean(x, 0),
    "mean over the batch and an axis": lambda x: x / ops.sqrt(ops.mean(ops.square(x), (0, 1)) + 1),
    "max of rows": lambda x: ops.max(x, 2, keepdims=True),
    "max of columns": lambda x: ops.max(x, 1),
    "max of everything": lambda x: x + ops.max(x),
    "max over the batch": lambda x: x * ops.max(x, 0),
    "max with ties": lambda x: LARGEST(ops.relu(x), (1, 2), keepdims=True),
    "min": lambda x: ops.min(x, -1),
    "argmax of rows": lambda x: x * ops.cast(ops.argmax(x, -1), "float32")[:, :, None],
    "argmax of columns": lambda x: x * (ops.argmax(x, 1)[:, None] + 1),
}


@pytest.mark.parametrize("name", OPS)
def test_it_agrees(name: str) -> None:
    assert_op_agrees(OPS[name])


REFUSED: dict[str, Callable[[Any], Any]] = {
    "no such axis": lambda x: ops.sum(x, 3),
    "max of what is no neighbour": lambda x: LARGEST(x, (0, 2)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused(name: str) -> None:
    with pytest.raises(Unlowered):
        REFUSED[name](Program(Streams(0)).value((None, 2, 3)))


def test_places_are_whole_numbers() -> None:
    x: Any = Program(Streams(0)).value((None, 2, 3))
    found: Any = ops.argmax(x)
    assert (found.dtype, found.shape) == (np.int64, (None, 2))
