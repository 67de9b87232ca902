"""SGD: the steps of TensorFlow, with momentum and without."""

from typing import Any

import pytest

from minifit.errors import ArgumentError
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
