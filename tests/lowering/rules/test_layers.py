"""The rules of layers say no where a program has no instruction."""

from typing import Any

import numpy as np
import pytest

from minifit import ops
from minifit.lowering import rules  # noqa: F401
from minifit.lowering.program import Program
from minifit.lowering.values import Unlowered
from minifit.randomness import Streams
from minifit.tensor import Tensor


def test_weights_of_the_batch_are_not_for_the_dense_instruction() -> None:
    x: Any = Program(Streams(0)).value((None, 4))
    with pytest.raises(Unlowered):
        ops.dense(x, x, None)


@pytest.mark.parametrize("op", [ops.sigmoid, ops.softmax])
def test_probabilities_remember_their_logits(op: Any) -> None:
    x: Any = Program(Streams(0)).value((None, 4))
    assert op(x).logits is x
    assert op(x).shape == x.shape
    assert np.float32 == x.dtype


@pytest.mark.parametrize(
    "op",
    [ops.relu, ops.tanh, ops.sigmoid, ops.softmax, lambda x: ops.dense(x, Tensor(np.ones((4, 2))), None)],
)
def test_whole_numbers_are_read_as_such(op: Any) -> None:
    program = Program(Streams(0))
    op(program.column("numbers", (None, 4), np.dtype(np.int64)))
    assert program.body[0].name == "to_float"
