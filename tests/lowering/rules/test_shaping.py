"""The ops of shapes and products agree with op by op, forward and backward; what moves the batch is refused."""

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

MATRIX = np.array([[0.3, -1.2, 0.8], [1.1, 0.6, -0.4]], np.float32)
WEIGHTS = np.linspace(-1, 1, 15, dtype=np.float32).reshape(3, 5)

OPS: dict[str, Callable[[Any], Any]] = {
    "reshape": lambda x: ops.reshape(x, (-1, 3, 2)) * 2,
    "expand_dims": lambda x: ops.expand_dims(x, 1) * MATRIX,
    "squeeze": lambda x: ops.squeeze(ops.expand_dims(x, -1), -1) * 2,
    "broadcast_to": lambda x: ops.broadcast_to(ops.expand_dims(x, 2), (x.shape[0], 2, 4, 3)),
    "tile": lambda x: ops.tile(x, (1, 2, 3)),
    "a product with a matrix": lambda x: x @ WEIGHTS,
    "a product for each sample": lambda x: x @ ops.transpose(x, (0, 2, 1)),
    "a constant times it": lambda x: MATRIX @ ops.transpose(x, (0, 2, 1)),
    "a product of many": lambda x: ops.expand_dims(x, 1) @ ops.stack([WEIGHTS, WEIGHTS * 2], 0),
    "matmul": lambda x: ops.matmul(x, WEIGHTS),
    "zeros_like": lambda x: x + ops.zeros_like(x),
    "ones_like": lambda x: x + ops.ones_like(x),
    "one_hot": lambda x: ops.sum(x[..., None] * ops.one_hot(ops.cast(x * 3, "int32"), 3), -1),
}


@pytest.mark.parametrize("name", OPS)
def test_it_agrees(name: str) -> None:
    assert_op_agrees(OPS[name])


REFUSED: dict[str, Callable[[Any], Any]] = {
    "an axis in front": lambda x: ops.expand_dims(x, 0),
    "a squeeze of all axes": lambda x: ops.squeeze(x[:, :1]),
    "samples repeated": lambda x: ops.tile(x, (2, 1, 1)),
    "as many samples as one batch has": lambda x: ops.broadcast_to(x, (4, 2, 3)),
    "products of samples": lambda x: x[:, 0] @ x[:, 1],
    "the size of the batch": ops.shape,
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused(name: str) -> None:
    with pytest.raises(Unlowered):
        REFUSED[name](Program(Streams(0)).value((None, 2, 3)))


@pytest.mark.parametrize("shape", [(4, -1), (-1,), (-1, 3), ()])
def test_samples_stay_apart(shape: Any) -> None:
    x: Any = Program(Streams(0)).value((None, 2, 2))
    with pytest.raises(Unlowered):
        ops.reshape(x, shape)
