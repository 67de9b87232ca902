"""Adadelta: the steps of TensorFlow."""

from typing import Any

import pytest

from minifit.errors import ArgumentError
from minifit.optimizers import Adadelta
from tests.optimizers.trajectories import SLOTS, STEPS, assert_defaults, assert_slots, assert_steps, of


@pytest.mark.parametrize(("text", "expected"), of(Adadelta, STEPS))
def test_three_steps(text: str, expected: list[float]) -> None:
    assert_steps(text, expected)


@pytest.mark.parametrize(("text", "expected"), of(Adadelta, SLOTS))
def test_what_is_remembered(text: str, expected: Any) -> None:
    assert_slots(text, expected)


def test_arguments_and_configuration() -> None:
    arguments = {"learning_rate": 0.001, "rho": 0.95, "epsilon": 1e-07, "name": "Adadelta"}
    assert_defaults(Adadelta, arguments, ["learning_rate", "decay", "rho", "epsilon"])


@pytest.mark.parametrize(("name", "one"), [("rho", True)])
def test_fractions(name: str, one: bool) -> None:
    made: Any = Adadelta
    with pytest.raises(ArgumentError, match=rf"{name} must be from 0 to .*1\. Received: {name}=1.5"):
        made(**{name: 1.5})
    if one:
        assert getattr(made(**{name: 1.0}), name) == 1
    else:
        with pytest.raises(ArgumentError, match=rf"{name} must be from 0 to below 1\. Received: {name}=1.0"):
            made(**{name: 1.0})


@pytest.mark.parametrize("epsilon", [None, 0, 0.0])
def test_no_epsilon_is_the_smallest(epsilon: Any) -> None:
    assert Adadelta(epsilon=epsilon).epsilon == 1e-7
