"""Flatten makes rows and loses nothing."""

from typing import Any

import numpy as np
import pytest

from minifit import Sequential
from minifit.errors import ArgumentError
from minifit.layers import Dense, Flatten
from minifit.utils import check_gradients

Shape = tuple[int, ...]


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((4,), (4, 1)),
        ((4, 3), (4, 3)),
        ((2, 3, 4), (2, 12)),
        ((2, 1, 3, 2), (2, 6)),
        ((0, 3, 2), (0, 6)),
        ((2, 0, 3), (2, 0)),
        ((1, 1), (1, 1)),
    ],
)
def test_shapes(shape: Shape, expected: Shape) -> None:
    layer = Flatten()
    y = layer(np.zeros(shape, np.float32))
    assert y.shape == expected
    assert layer.output_shape == (None, *expected[1:])


@pytest.mark.parametrize("shape", [(4,), (4, 3), (2, 3, 4), (2, 1, 3, 2)], ids=str)
def test_values_stay_in_order(shape: Shape) -> None:
    x = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    np.testing.assert_array_equal(Flatten()(x).value.ravel(), x.ravel())
    np.testing.assert_array_equal(Flatten()(x).value[-1], x[-1].ravel())


def test_an_array_whose_memory_lies_in_another_order() -> None:
    x = np.arange(24, dtype=np.float32).reshape(2, 3, 4).transpose(0, 2, 1)
    np.testing.assert_array_equal(Flatten()(x).value, [row.ravel() for row in x])


@pytest.mark.parametrize("shape", [(4,), (2, 3, 2)], ids=str)
def test_the_gradient(shape: Shape) -> None:
    check_gradients(Flatten(), np.ones(shape))


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((None, 3, 4), (None, 12)),
        ((8, 3, 4), (8, 12)),
        ((None,), (None, 1)),
        ((None, None, 4), (None, None)),
    ],
)
def test_the_output_shape(shape: Any, expected: Any) -> None:
    assert Flatten().compute_output_shape(shape) == expected


def test_in_a_model() -> None:
    model = Sequential([Flatten(input_shape=(2, 3)), Dense(1, kernel_initializer="ones")])
    assert model.input_shape == (None, 2, 3)
    assert model.layers[0].output_shape == (None, 6)
    assert model.predict(np.ones((5, 2, 3), np.int64)).tolist() == [[6.0]] * 5


def test_a_model_of_single_numbers() -> None:
    model = Sequential([Flatten(input_shape=()), Dense(1, kernel_initializer="ones")])
    assert model.layers[0].output_shape == (None, 1)
    assert model.predict(np.array([1.0, 2.0])).tolist() == [[1.0], [2.0]]


def test_the_configuration_in_the_order_of_tensorflow() -> None:
    expected = [("name", "f"), ("trainable", True), ("dtype", "float32"), ("data_format", "channels_last")]
    assert list(Flatten(name="f").get_config().items()) == expected
    assert list(Flatten("channels_last", name="f").get_config().items()) == expected


@pytest.mark.parametrize("data_format", ["channels_first", "nope", 3])
def test_another_data_format(data_format: Any) -> None:
    with pytest.raises(
        ArgumentError, match=r"keeps the order of values\. Received: data_format=.*Leave it out"
    ):
        Flatten(data_format)
