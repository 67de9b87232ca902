"""ActivityRegularization lets everything through and adds to the loss."""

import numpy as np
import pytest

from minifit import Sequential
from minifit.errors import ArgumentError
from minifit.layers import ActivityRegularization, Dense
from minifit.tensor import Tensor
from minifit.utils import check_gradients

X = np.array([[-2, -0.5, 0, 0.5, 3, 8]], np.float32)


def test_it_returns_its_input() -> None:
    x = Tensor(X)
    assert ActivityRegularization(0.1, 0.2)(x) is x


@pytest.mark.parametrize("copies", [1, 2])
def test_what_it_adds(copies: int) -> None:
    model = Sequential([ActivityRegularization(0.1, 0.2, input_shape=(6,))])
    model.compile("sgd", "mse")
    x = np.concatenate([X] * copies)
    assert model.evaluate(x, x, verbose=0) == pytest.approx(16.9, rel=1e-6)  # as TensorFlow 2.7


def test_gradients() -> None:
    check_gradients(ActivityRegularization(0.1, 0.2), X + 0.01)


def test_it_makes_what_passes_small() -> None:
    model = Sequential([Dense(3, input_shape=(6,)), ActivityRegularization(l2=1.0)])
    model.compile("sgd", "mse")
    before = np.abs(model.predict(X)).sum()
    model.fit(X, model.predict(X), epochs=5, verbose=0)
    assert np.abs(model.predict(X)).sum() < before


def test_the_configuration_in_the_order_of_tensorflow() -> None:
    config = ActivityRegularization(l1=0.1, name="a").get_config()
    assert list(config.items()) == [
        ("name", "a"),
        ("trainable", True),
        ("dtype", "float32"),
        ("l1", 0.1),
        ("l2", 0.0),
    ]
    assert ActivityRegularization.from_config(config).get_config() == config


def test_a_negative_factor() -> None:
    with pytest.raises(ArgumentError, match="l1"):
        ActivityRegularization(l1=-1)
