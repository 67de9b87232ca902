"""Every activation agrees with op by op, forward and backward."""

from collections.abc import Callable
from typing import Any

import pytest

from minifit import activations, nonlinearities
from minifit.layers import LeakyReLU, ReLU
from tests.lowering.agreeing import assert_op_agrees

OPS: dict[str, Callable[[Any], Any]] = {
    **activations.TABLE,
    "elu with an alpha": lambda x: nonlinearities.elu(x, 0.3),
    "gelu by tanh": lambda x: nonlinearities.gelu(x, True),
    "log_softmax along another axis": lambda x: nonlinearities.log_softmax(x, 1),
    "softmax along another axis": lambda x: activations.softmax(x, 1),
    "relu with options": lambda x: activations.relu(x, 0.1, 0.3, 0.1),
    "a leak": LeakyReLU(0.2),
    "a ceiling": ReLU(max_value=0.3, negative_slope=0.1, threshold=0.1),
}


@pytest.mark.parametrize("name", OPS)
def test_it_agrees(name: str) -> None:
    assert_op_agrees(lambda x: OPS[name](3 * x))
