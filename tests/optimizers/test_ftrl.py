"""Ftrl: the steps of TensorFlow, with every argument."""

from typing import Any

import numpy as np
import pytest

from minifit.errors import ArgumentError
from minifit.optimizers import Ftrl
from tests.optimizers.trajectories import (
    SLOTS,
    STEPS,
    A,
    B,
    assert_defaults,
    assert_slots,
    assert_steps,
    of,
    parameters,
    run,
)


@pytest.mark.parametrize(("text", "expected"), of(Ftrl, STEPS))
def test_three_steps(text: str, expected: list[float]) -> None:
    assert_steps(text, expected)


@pytest.mark.parametrize(("text", "expected"), of(Ftrl, SLOTS))
def test_what_is_remembered(text: str, expected: Any) -> None:
    assert_slots(text, expected)


def test_arguments_and_configuration() -> None:
    arguments = {
        "learning_rate": 0.001,
        "learning_rate_power": -0.5,
        "initial_accumulator_value": 0.1,
        "l1_regularization_strength": 0.0,
        "l2_regularization_strength": 0.0,
        "name": "Ftrl",
        "l2_shrinkage_regularization_strength": 0.0,
        "beta": 0.0,
    }
    assert_defaults(
        Ftrl,
        arguments,
        [
            "learning_rate",
            "decay",
            "initial_accumulator_value",
            "learning_rate_power",
            "l1_regularization_strength",
            "l2_regularization_strength",
            "beta",
            "l2_shrinkage_regularization_strength",
        ],
    )


def test_a_power_above_zero() -> None:
    with pytest.raises(ArgumentError, match=r"must be at most 0\. Received: learning_rate_power=0\.1\. Pass"):
        Ftrl(learning_rate_power=0.1)


@pytest.mark.parametrize("engine", ["numpy", "numba"])
def test_a_learning_rate_of_zero_is_refused_before_anything_changes(engine: str) -> None:
    params = parameters()
    with pytest.raises(ArgumentError, match=r"must not be 0\. Received: 0\.0\. Pass"):
        run(Ftrl(0.0), params, engine=engine)
    assert [p.value.tolist() for p in params] == [A, B]


def test_small_sums_leave_weights_at_exactly_zero() -> None:
    reached = run(Ftrl(0.1, l1_regularization_strength=100.0), parameters())
    assert reached == [0.0] * 5


def test_nothing_between_the_parameters_becomes_nan() -> None:
    params = parameters()
    run(Ftrl(0.1, initial_accumulator_value=0.0), params)
    assert params[0].buffer is not None
    assert np.isfinite(params[0].buffer.values).all()
