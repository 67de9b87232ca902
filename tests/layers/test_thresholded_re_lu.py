"""ThresholdedReLU is what TensorFlow 2.7 computes."""

from typing import Any

import numpy as np
import pytest

from minifit.errors import ArgumentError, ArgumentTypeError
from minifit.layers import ThresholdedReLU
from minifit.utils import check_gradients

X = np.array([[-2, -0.5, 0, 0.5, 1, 3]], np.float32)


@pytest.mark.parametrize(
    ("theta", "expected"), [(1.0, [0, 0, 0, 0, 0, 3]), (0, [0, 0, 0, 0.5, 1, 3]), (5, [0, 0, 0, 0, 0, 0])]
)
def test_its_output(theta: float, expected: list[float]) -> None:
    np.testing.assert_array_equal(ThresholdedReLU(theta)(X).value, [expected])


def test_gradients() -> None:
    check_gradients(ThresholdedReLU(0.7), X)


def test_the_configuration_in_the_order_of_tensorflow() -> None:
    config = ThresholdedReLU(2, name="t").get_config()
    assert list(config.items()) == [("name", "t"), ("trainable", True), ("dtype", "float32"), ("theta", 2.0)]
    assert ThresholdedReLU.from_config(config).get_config() == config


@pytest.mark.parametrize("wrong", [-1, "a", None, float("nan")])
def test_arguments(wrong: Any) -> None:
    with pytest.raises((ArgumentError, ArgumentTypeError), match=r"theta must be .*Received: theta="):
        ThresholdedReLU(wrong)
