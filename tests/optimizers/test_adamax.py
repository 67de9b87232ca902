"""Adamax: the steps of TensorFlow."""

from typing import Any

import pytest

from minifit.errors import ArgumentError
from minifit.optimizers import Adamax
from tests.optimizers.trajectories import SLOTS, STEPS, assert_defaults, assert_slots, assert_steps, of


@pytest.mark.parametrize(("text", "expected"), of(Adamax, STEPS))
def test_three_steps(text: str, expected: list[float]) -> None:
    assert_steps(text, expected)


@pytest.mark.parametrize(("text", "expected"), of(Adamax, SLOTS))
def test_what_is_remembered(text: str, expected: Any) -> None:
    assert_slots(text, expected)


def test_arguments_and_configuration() -> None:
    arguments = {"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-07, "name": "Adamax"}
    assert_defaults(Adamax, arguments, ["learning_rate", "decay", "beta_1", "beta_2", "epsilon"])


@pytest.mark.parametrize(("name", "one"), [("beta_1", False), ("beta_2", True)])
def test_fractions(name: str, one: bool) -> None:
    made: Any = Adamax
    with pytest.raises(ArgumentError, match=rf"{name} must be from 0 to .*1\. Received: {name}=1.5"):
        made(**{name: 1.5})
    if one:
        assert getattr(made(**{name: 1.0}), name) == 1
    else:
        with pytest.raises(ArgumentError, match=rf"{name} must be from 0 to below 1\. Received: {name}=1.0"):
            made(**{name: 1.0})


@pytest.mark.parametrize("epsilon", [None, 0, 0.0])
def test_no_epsilon_is_the_smallest(epsilon: Any) -> None:
    assert Adamax(epsilon=epsilon).epsilon == 1e-7
