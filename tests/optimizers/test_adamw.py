"""AdamW: the weights shrink, then Adam makes its step."""

from typing import Any

import pytest

from minifit.errors import ArgumentError, ArgumentTypeError
from minifit.optimizers import Adam, AdamW
from tests.optimizers.trajectories import STEPS, assert_defaults, assert_steps, of, parameters, run


@pytest.mark.parametrize(("text", "expected"), of(AdamW, STEPS))
def test_three_steps(text: str, expected: list[float]) -> None:
    assert_steps(text, expected)


def test_arguments_and_configuration() -> None:
    arguments = {
        "learning_rate": 0.001,
        "weight_decay": 0.004,
        "beta_1": 0.9,
        "beta_2": 0.999,
        "epsilon": 1e-07,
        "amsgrad": False,
        "name": "AdamW",
    }
    assert_defaults(
        AdamW, arguments, ["weight_decay", "learning_rate", "decay", "beta_1", "beta_2", "epsilon", "amsgrad"]
    )


def test_no_decay_is_adam() -> None:
    assert run(AdamW(0.1, weight_decay=0.0), parameters()) == run(Adam(0.1), parameters())


@pytest.mark.parametrize(("wrong", "error"), [(None, ArgumentTypeError), (-0.1, ArgumentError)])
def test_the_decay_must_be_a_number(wrong: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"weight_decay must be .*Received: weight_decay="):
        AdamW(weight_decay=wrong)
