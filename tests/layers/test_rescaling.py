"""Rescaling multiplies and adds."""

from typing import Any

import numpy as np
import pytest

from minifit.errors import ArgumentTypeError
from minifit.layers import Rescaling
from minifit.utils import check_gradients

X = np.array([[-2, -0.5, 0], [0.5, 3, 8]], np.float32)


@pytest.mark.parametrize(
    ("scale", "offset"),
    [
        (2.0, 1.0),
        (1 / 255, 0),
        ([1.0, 2.0, 3.0], 1.0),
        (np.array([1.0, 2, 3]), [0, 1, 0]),
        (np.float64(2), -1),
    ],
)
def test_its_output(scale: Any, offset: Any) -> None:
    y = Rescaling(scale, offset)(X)
    assert y.dtype == np.float32
    np.testing.assert_allclose(y.value, X * np.asarray(scale) + np.asarray(offset), rtol=1e-6)
    check_gradients(Rescaling(scale, offset), X)


def test_the_configuration_in_the_order_of_tensorflow() -> None:
    config = Rescaling(np.array([2.0, 3.0, 4.0]), name="r").get_config()
    assert list(config.items()) == [
        ("name", "r"),
        ("trainable", True),
        ("dtype", "float32"),
        ("scale", [2.0, 3.0, 4.0]),
        ("offset", 0.0),
    ]
    np.testing.assert_array_equal(Rescaling.from_config(config)(X).value, X * [2, 3, 4])


@pytest.mark.parametrize("wrong", ["a", None, {}, [1.0, "b"]])
def test_what_is_no_number(wrong: Any) -> None:
    with pytest.raises(
        ArgumentTypeError, match=r"scale is a number or an array of numbers\. Received: scale="
    ):
        Rescaling(wrong)
    with pytest.raises(ArgumentTypeError, match="Received: offset="):
        Rescaling(1.0, wrong)
