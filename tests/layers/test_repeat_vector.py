"""RepeatVector repeats rows, and adds up their gradients."""

from typing import Any

import numpy as np
import pytest

from minifit import Sequential
from minifit.errors import ArgumentError, ArgumentTypeError, ShapeError
from minifit.layers import Dense, Flatten, RepeatVector
from minifit.utils import check_gradients

X = np.arange(6, dtype=np.float32).reshape(2, 3)


def test_its_output() -> None:
    np.testing.assert_array_equal(RepeatVector(4)(X).value, np.repeat(X[:, None], 4, axis=1))


def test_gradients() -> None:
    check_gradients(RepeatVector(3), X)


def test_in_a_model() -> None:
    model = Sequential([RepeatVector(2, input_shape=(3,)), Flatten(), Dense(1)])
    assert model.layers[0].output_shape == (None, 2, 3)
    model.compile("sgd", "mse")
    model.fit(X, X.sum(axis=1), verbose=0)


def test_the_configuration_in_the_order_of_tensorflow() -> None:
    config = RepeatVector(3, name="r").get_config()
    assert list(config.items()) == [("name", "r"), ("trainable", True), ("dtype", "float32"), ("n", 3)]
    assert RepeatVector.from_config(config).get_config() == config


@pytest.mark.parametrize("wrong", [0, -1, "a", None, 1.5])
def test_arguments(wrong: Any) -> None:
    with pytest.raises((ArgumentError, ArgumentTypeError), match="n must be a positive integer"):
        RepeatVector(wrong)


@pytest.mark.parametrize("shape", [(3,), (2, 2, 2)])
def test_what_is_no_vector(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=r"repeats vectors\. Received: input of shape"):
        RepeatVector(2)(np.zeros(shape, np.float32))
