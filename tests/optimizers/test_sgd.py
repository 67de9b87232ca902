"""SGD: the steps of TensorFlow, with momentum and without."""

from typing import Any

import numpy as np
import pytest

from minifit import Sequential
from minifit.callbacks import LambdaCallback
from minifit.errors import ArgumentError
from minifit.layers import Dense
from minifit.optimizers import SGD
from tests.optimizers.trajectories import SLOTS, STEPS, assert_defaults, assert_slots, assert_steps, of


@pytest.mark.parametrize(("text", "expected"), of(SGD, STEPS))
def test_three_steps(text: str, expected: list[float]) -> None:
    assert_steps(text, expected)


@pytest.mark.parametrize(("text", "expected"), of(SGD, SLOTS))
def test_what_is_remembered(text: str, expected: Any) -> None:
    assert_slots(text, expected)


def test_arguments_and_configuration() -> None:
    arguments = {"learning_rate": 0.01, "momentum": 0.0, "nesterov": False, "name": "SGD"}
    assert_defaults(SGD, arguments, ["learning_rate", "decay", "momentum", "nesterov"])


def new_model(optimizer: SGD) -> Sequential:
    made = Sequential(
        [Dense(2, kernel_initializer="ones", input_shape=(3,)), Dense(1, kernel_initializer="ones")]
    )
    made.compile(optimizer, "mse")
    return made


def train(model: Sequential, epochs: int, **kwargs: Any) -> list[list[float]]:
    x = np.sin(np.arange(24.0)).reshape(8, 3)
    model.fit(x, np.cos(np.arange(8.0)), epochs=epochs, shuffle=False, verbose=0, **kwargs)
    return [w.tolist() for w in model.get_weights()]


@pytest.mark.parametrize(("begin", "later"), [(0.0, 0.9), (0.9, 0.0)])
def test_momentum_may_be_set_in_the_middle_of_a_fit(begin: float, later: float) -> None:
    optimizer = SGD(0.1, momentum=begin)

    def change(epoch: int, logs: Any) -> None:
        optimizer.momentum = later

    found = train(new_model(optimizer), 4, callbacks=[LambdaCallback(on_epoch_end=change)])
    expected = new_model(SGD(0.1, momentum=begin))
    train(expected, 1)
    expected.compile(SGD(0.1, momentum=later), "mse")  # remembers nothing
    assert found == train(expected, 3)
    assert optimizer.get_config()["momentum"] == later


def test_a_momentum_out_of_range_is_not_set() -> None:
    optimizer = SGD(momentum=0.5)
    with pytest.raises(ArgumentError, match=r"momentum must be from 0 to 1\. Received: momentum=2"):
        optimizer.momentum = 2
    assert optimizer.momentum == 0.5


@pytest.mark.parametrize(("name", "one"), [("momentum", True)])
def test_fractions(name: str, one: bool) -> None:
    made: Any = SGD
    with pytest.raises(ArgumentError, match=rf"{name} must be from 0 to .*1\. Received: {name}=1.5"):
        made(**{name: 1.5})
    if one:
        assert getattr(made(**{name: 1.0}), name) == 1
    else:
        with pytest.raises(ArgumentError, match=rf"{name} must be from 0 to below 1\. Received: {name}=1.0"):
            made(**{name: 1.0})
