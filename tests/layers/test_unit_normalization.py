"""UnitNormalization brings samples to length 1."""

from typing import Any

import numpy as np
import pytest

from minifit.errors import ArgumentTypeError, ShapeError
from minifit.layers import UnitNormalization
from minifit.utils import check_gradients

X = np.random.default_rng(0).standard_normal((2, 3, 4)).astype(np.float32)


@pytest.mark.parametrize("axis", [-1, 1, [1, 2], (-1, -2)])
def test_its_output(axis: Any) -> None:
    axes = tuple(axis) if isinstance(axis, list | tuple) else axis
    expected = X / np.sqrt(np.square(X).sum(axis=axes, keepdims=True))
    np.testing.assert_allclose(UnitNormalization(axis)(X).value, expected, rtol=1e-6)


def test_zeros_stay() -> None:
    np.testing.assert_array_equal(UnitNormalization()(np.zeros((1, 3), np.float32)).value, [[0, 0, 0]])


@pytest.mark.parametrize("axis", [-1, [1, 2]])
def test_gradients(axis: Any) -> None:
    check_gradients(UnitNormalization(axis), X)


def test_the_configuration() -> None:
    config = UnitNormalization([1, 2], name="u").get_config()
    assert list(config.items()) == [
        ("name", "u"),
        ("trainable", True),
        ("dtype", "float32"),
        ("axis", [1, 2]),
    ]
    assert UnitNormalization.from_config(config).get_config() == config


@pytest.mark.parametrize("wrong", ["a", None, 1.5, []])
def test_arguments(wrong: Any) -> None:
    with pytest.raises(ArgumentTypeError, match="axis must be an integer or a list of integers"):
        UnitNormalization(wrong)


def test_axes_that_the_input_does_not_have() -> None:
    with pytest.raises(ShapeError, match="needs axes of its input"):
        UnitNormalization(3)(X)
