"""ELU is what TensorFlow 2.7 computes."""

from typing import Any

import numpy as np
import pytest

from minifit.errors import ArgumentError, ArgumentTypeError
from minifit.layers import ELU
from minifit.utils import check_gradients

X = np.array([[-2, -0.5, 0, 0.5, 3, 8]], np.float32)

# What TensorFlow 2.7 computes for X.
OUTPUTS = [
    (1.0, [-0.86466473, -0.39346933, 0, 0.5, 3, 8]),
    (0.1, [-0.086466476, -0.039346933, 0, 0.5, 3, 8]),
    (-1.0, [0.86466473, 0.39346933, 0, 0.5, 3, 8]),
    (0, [0, 0, 0, 0.5, 3, 8]),
]


@pytest.mark.parametrize(("alpha", "expected"), OUTPUTS)
def test_its_output(alpha: float, expected: list[float]) -> None:
    np.testing.assert_allclose(ELU(alpha)(X).value, [expected], rtol=1e-6)


@pytest.mark.parametrize("alpha", [1.0, 0.3, -1.0, 0])
def test_gradients(alpha: float) -> None:
    check_gradients(ELU(alpha), X + 0.01)


def test_the_configuration_in_the_order_of_tensorflow() -> None:
    config = ELU(name="l").get_config()
    assert list(config.items()) == [
        ("name", "l"),
        ("trainable", True),
        ("dtype", "float32"),
        ("alpha", 1.0),
    ]
    assert ELU.from_config(config).get_config() == config


@pytest.mark.parametrize("wrong", [None, "a", True, [1.0]])
def test_alpha(wrong: Any) -> None:
    with pytest.raises(
        (ArgumentError, ArgumentTypeError), match=r"alpha must be a number\. Received: alpha="
    ):
        ELU(wrong)
