"""Ops that make one number of many."""

import numpy as np
import pytest

from minifit import ops
from minifit.tensor import Tensor
from tests.ops.cases import X, gradient_of


def test_argmax() -> None:
    x = Tensor(X, requires_grad=True)
    np.testing.assert_array_equal(ops.argmax(x).value, X.argmax(-1))
    np.testing.assert_array_equal(ops.argmax(x, axis=0).value, X.argmax(0))
    assert not ops.argmax(x).requires_grad


def test_equal_extremes_share() -> None:
    assert gradient_of(ops.max, [3.0, 3.0, 1.0, 3.0]) == pytest.approx([1 / 3, 1 / 3, 0, 1 / 3])
    assert gradient_of(lambda x: ops.min(x, axis=1), [[1.0, 1.0], [0.0, 2.0]]) == [[0.5, 0.5], [1.0, 0.0]]
