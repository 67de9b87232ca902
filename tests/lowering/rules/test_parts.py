"""The ops of parts and wholes agree with op by op, forward and backward; what moves the batch is refused."""

import operator
from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np
import pytest

from minifit import ops
from minifit.lowering import rules  # noqa: F401
from minifit.lowering.program import Program
from minifit.lowering.values import Unlowered
from minifit.randomness import Streams
from tests.lowering.agreeing import assert_op_agrees

MATRIX = np.array([[0.3, -1.2, 0.8], [1.1, 0.6, -0.4]], np.float32)

OPS: dict[str, Callable[[Any], Any]] = {
    "transpose": lambda x: ops.transpose(x, (0, 2, 1)),
    "concatenate in front": lambda x: ops.concatenate([x, x * 2, ops.sum(x, 1, keepdims=True)], 1),
    "concatenate behind": lambda x: ops.concatenate([x, x * 2], -1),
    "stack": lambda x: ops.stack([x, x * x], 1),
    "stack behind": lambda x: ops.stack([x, x * x], -1),
    "split": lambda x: reduce(operator.mul, ops.split(x, 3, -1)),
    "a part of a split": lambda x: ops.split(x, [1, 2], -1)[1],
    "unstack": lambda x: ops.unstack(x, 2)[1] + ops.unstack(x, -1)[0],
    "an entry": lambda x: x[:, 1],
    "an entry from the end": lambda x: x[:, None, 0, -1],
    "backwards, and every second": lambda x: x[:, ::-1, ::2],
    "backwards": lambda x: x[:, ::-1],
    "a part and all of it": lambda x: ops.concatenate([x * 2, x[..., 1:]], -1),
    "a slice": lambda x: x[..., 1:],
    "a slice of one": lambda x: x[:, 1:2, 2],
    "all of it": lambda x: x[:, :, :] * 2,
    "a new axis": lambda x: x[:, :, None] * MATRIX,
}


@pytest.mark.parametrize("name", OPS)
def test_it_agrees(name: str) -> None:
    assert_op_agrees(OPS[name])


REFUSED: dict[str, Callable[[Any], Any]] = {
    "a transpose of the batch": ops.transpose,
    "a concatenation of samples": lambda x: ops.concatenate([x, x], 0),
    "samples beside each other": lambda x: ops.stack([x, x], 0),
    "a part of the batch": lambda x: x[1:],
    "a sample": lambda x: x[0],
    "an index that is an array": lambda x: x[:, np.array([0, 1])],
    "a part by a mask": lambda x: x[x > 0],
    "samples one by one": ops.unstack,
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused(name: str) -> None:
    with pytest.raises(Unlowered):
        REFUSED[name](Program(Streams(0)).value((None, 2, 3)))
