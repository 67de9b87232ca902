"""RMSprop: the steps of TensorFlow."""

from typing import Any

import numpy as np
import pytest

from minifit.errors import ArgumentError
from minifit.optimizers import RMSprop
from minifit.parameters import Parameter
from tests.optimizers.trajectories import SLOTS, STEPS, assert_defaults, assert_slots, assert_steps, of


@pytest.mark.parametrize(("text", "expected"), of(RMSprop, STEPS))
def test_three_steps(text: str, expected: list[float]) -> None:
    assert_steps(text, expected)


@pytest.mark.parametrize(("text", "expected"), of(RMSprop, SLOTS))
def test_what_is_remembered(text: str, expected: Any) -> None:
    assert_slots(text, expected)


def test_arguments_and_configuration() -> None:
    arguments = {
        "learning_rate": 0.001,
        "rho": 0.9,
        "momentum": 0.0,
        "epsilon": 1e-07,
        "centered": False,
        "name": "RMSprop",
    }
    assert_defaults(RMSprop, arguments, ["learning_rate", "decay", "rho", "momentum", "epsilon", "centered"])


@pytest.mark.parametrize("centered", [False, True])
def test_momentum_may_be_set_later_and_the_mean_squares_stay(centered: bool) -> None:
    w, optimizer = Parameter("w", np.zeros(3)), RMSprop(0.1, centered=centered)
    gradient = np.array([1.0, -2.0, 0.5], np.float32)
    optimizer.apply_gradients([(gradient, w)])
    known = {name: slot.copy() for name, slot in optimizer.slots_of(w).items()}
    optimizer.momentum = 0.5
    assert optimizer.get_config()["momentum"] == 0.5
    slots = optimizer.slots_of(w)
    assert list(slots) == ["rms", "momentum", *(["mg"] if centered else [])]
    assert not slots["momentum"].any()
    for name, slot in known.items():
        np.testing.assert_array_equal(slots[name], slot)
    optimizer.apply_gradients([(gradient, w)])
    assert optimizer.slots_of(w)["momentum"].all()


@pytest.mark.parametrize(("name", "one"), [("momentum", True), ("rho", False)])
def test_fractions(name: str, one: bool) -> None:
    made: Any = RMSprop
    with pytest.raises(ArgumentError, match=rf"{name} must be from 0 to .*1\. Received: {name}=1.5"):
        made(**{name: 1.5})
    if one:
        assert getattr(made(**{name: 1.0}), name) == 1
    else:
        with pytest.raises(ArgumentError, match=rf"{name} must be from 0 to below 1\. Received: {name}=1.0"):
            made(**{name: 1.0})


@pytest.mark.parametrize("epsilon", [None, 0, 0.0])
def test_no_epsilon_is_the_smallest(epsilon: Any) -> None:
    assert RMSprop(epsilon=epsilon).epsilon == 1e-7
