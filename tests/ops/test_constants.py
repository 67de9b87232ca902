"""Ops that make numbers of none."""

import numpy as np
import pytest

from minifit import ops
from minifit.randomness import Streams
from minifit.tensor import Context, Tensor
from minifit.undo import Undo
from tests.ops.cases import IDS, ONE_HOT, X


def test_one_hot() -> None:
    np.testing.assert_array_equal(ops.one_hot(IDS, 4), ONE_HOT)
    np.testing.assert_array_equal(ops.one_hot([[1.0], [5.0]], 2), [[[0, 1]], [[0, 0]]])


def test_zeros_and_ones() -> None:
    x = Tensor(np.array([[1, 2]]), requires_grad=False)
    assert (ops.zeros_like(x).value.tolist(), ops.zeros_like(x).dtype) == ([[0, 0]], x.dtype)
    assert ops.ones_like(X).value.tolist() == np.ones((3, 4)).tolist()


def test_random_numbers() -> None:
    with Context(streams=Streams(1)):
        normal = ops.random_normal((1000,), mean=2.0, stddev=0.5)
        uniform = ops.random_uniform((1000,), -1.0, 3.0)
        assert normal.dtype == uniform.dtype == np.float32
        assert (float(normal.mean()), float(normal.value.std())) == pytest.approx((2, 0.5), abs=0.06)
        assert -1 <= uniform.value.min() < -0.9
        assert 2.9 < uniform.value.max() < 3
        assert ops.random_normal((3,)).value.tolist() != ops.random_normal((3,)).value.tolist()
    drawn = []
    for root in (1, 2):
        with Context(streams=Streams(root)):
            drawn.append(ops.random_normal((3,), seed=5).value.tolist())
    assert drawn[0] == drawn[1]


def test_random_numbers_are_undone_with_their_step() -> None:
    undo = Undo()
    with Context(streams=Streams(1), undo=undo):
        first = ops.random_normal((3,)).value.tolist()
        undo.undo()
        assert ops.random_normal((3,)).value.tolist() == first
