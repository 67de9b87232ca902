"""Permute reorders the axes of samples, and of their gradients."""

from typing import Any

import numpy as np
import pytest

from minifit.errors import ArgumentError, ShapeError
from minifit.layers import Permute
from minifit.utils import check_gradients

X = np.arange(48, dtype=np.float32).reshape(2, 2, 3, 4)


@pytest.mark.parametrize("dims", [(1, 2, 3), (2, 1, 3), [3, 1, 2], np.array([3, 2, 1])])
def test_its_output(dims: Any) -> None:
    layer = Permute(dims)
    y = layer(X)
    np.testing.assert_array_equal(y.value, X.transpose(0, *dims))
    assert layer.output_shape == (None, *y.shape[1:])


def test_gradients() -> None:
    check_gradients(Permute((2, 3, 1)), X / 48)


def test_the_configuration_in_the_order_of_tensorflow() -> None:
    config = Permute((2, 1), name="q").get_config()
    assert list(config.items()) == [
        ("name", "q"),
        ("trainable", True),
        ("dtype", "float32"),
        ("dims", (2, 1)),
    ]
    assert Permute.from_config(config).get_config() == config


@pytest.mark.parametrize("wrong", [(), (0, 1), (1, 3), (1, 1), "21", 1, None, (1.5, 2)])
def test_arguments(wrong: Any) -> None:
    with pytest.raises(ArgumentError, match=r"each once\. Received: dims="):
        Permute(wrong)


def test_samples_with_other_axes() -> None:
    with pytest.raises(ShapeError, match=r"reorders 2 axes\. Received: input of shape \(None, 2, 3, 4\)"):
        Permute((2, 1))(X)
