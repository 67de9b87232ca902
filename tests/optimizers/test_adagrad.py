"""Adagrad: the steps of TensorFlow."""

from typing import Any

import pytest

from minifit.optimizers import Adagrad
from tests.optimizers.trajectories import (
    SLOTS,
    STEPS,
    assert_defaults,
    assert_slots,
    assert_steps,
    of,
    parameters,
)


@pytest.mark.parametrize(("text", "expected"), of(Adagrad, STEPS))
def test_three_steps(text: str, expected: list[float]) -> None:
    assert_steps(text, expected)


@pytest.mark.parametrize(("text", "expected"), of(Adagrad, SLOTS))
def test_what_is_remembered(text: str, expected: Any) -> None:
    assert_slots(text, expected)


def test_arguments_and_configuration() -> None:
    arguments = {
        "learning_rate": 0.001,
        "initial_accumulator_value": 0.1,
        "epsilon": 1e-07,
        "name": "Adagrad",
    }
    assert_defaults(Adagrad, arguments, ["learning_rate", "decay", "initial_accumulator_value", "epsilon"])


@pytest.mark.parametrize("epsilon", [None, 0, 0.0])
def test_no_epsilon_is_the_smallest(epsilon: Any) -> None:
    assert Adagrad(epsilon=epsilon).epsilon == 1e-7


def test_the_sums_begin_with_their_value() -> None:
    params, optimizer = parameters(), Adagrad(initial_accumulator_value=0.25)
    assert [optimizer.slots_of(p)["accumulator"].tolist() for p in params] == [[0.25] * 2, [0.25] * 3]
