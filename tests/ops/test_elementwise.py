"""Ops of each number by itself."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minifit import ops
from minifit.tensor import Tensor
from tests.ops.cases import (
    X,
)


def test_equal() -> None:
    made = ops.equal(Tensor([1.0, 2.0], requires_grad=True), [1.0, 3.0])
    assert made.value.tolist() == [True, False]
    assert not made.requires_grad


def test_stop_gradient() -> None:
    x = Tensor(X, requires_grad=True)
    (ops.stop_gradient(x) * x).sum().backward()
    np.testing.assert_array_equal(x.grad, X)  # not 2 * X


@pytest.mark.parametrize("op", [ops.maximum, ops.minimum])
def test_of_an_equal_pair_the_first_gets_the_gradient(op: Callable[[Any, Any], Tensor]) -> None:
    a, b = Tensor([2.0], requires_grad=True), Tensor([2.0], requires_grad=True)
    op(a, b).backward()
    assert np.asarray(a.grad).tolist() == [1.0]
    assert np.asarray(b.grad).tolist() == [0.0]


@pytest.mark.parametrize("kind", ["int32", bool])
def test_no_gradient_flows_through_whole_numbers(kind: Any) -> None:
    x = Tensor([2.5, -0.5], requires_grad=True)
    made = x * ops.cast(x, kind)
    made.sum().backward()
    np.testing.assert_array_equal(x.grad, ops.cast(x, kind).numpy().astype(np.float32))
    assert not ops.cast(x, kind).requires_grad
