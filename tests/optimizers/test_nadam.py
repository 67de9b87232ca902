"""Nadam: the steps of TensorFlow, and the product of momenta that goes along."""

from typing import Any

import numpy as np
import pytest

from minifit import Sequential
from minifit.errors import ArgumentError
from minifit.layers import Dense
from minifit.optimizers import Nadam
from minifit.schedules import ExponentialDecay
from tests.optimizers.trajectories import (
    SLOTS,
    STEPS,
    assert_defaults,
    assert_slots,
    assert_steps,
    deterministic,
    fitted,
    make,
    of,
    parameters,
    run,
)


@pytest.mark.parametrize(("text", "expected"), of(Nadam, STEPS))
def test_three_steps(text: str, expected: list[float]) -> None:
    assert_steps(text, expected)


@pytest.mark.parametrize(("text", "expected"), of(Nadam, SLOTS))
def test_what_is_remembered(text: str, expected: Any) -> None:
    assert_slots(text, expected)


def test_arguments_and_configuration() -> None:
    arguments = {"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-07, "name": "Nadam"}
    assert_defaults(Nadam, arguments, ["learning_rate", "decay", "beta_1", "beta_2", "epsilon"])


@pytest.mark.parametrize(("name", "one"), [("beta_1", True), ("beta_2", False)])
def test_fractions(name: str, one: bool) -> None:
    made: Any = Nadam
    with pytest.raises(ArgumentError, match=rf"{name} must be from 0 to .*1\. Received: {name}=1.5"):
        made(**{name: 1.5})
    if one:
        assert getattr(made(**{name: 1.0}), name) == 1
    else:
        with pytest.raises(ArgumentError, match=rf"{name} must be from 0 to below 1\. Received: {name}=1.0"):
            made(**{name: 1.0})


@pytest.mark.parametrize("epsilon", [None, 0, 0.0])
def test_no_epsilon_is_the_smallest(epsilon: Any) -> None:
    assert Nadam(epsilon=epsilon).epsilon == 1e-7


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Nadam(0.1)", 0.0912142769),
        ("Nadam(0.1, beta_1=0.5, beta_2=0.8, epsilon=0.01)", 0.0156403091),
        ("Nadam(0.1, schedule_decay=0.5)", 0.102427416),
    ],
)
def test_the_product_of_momenta(text: str, expected: float) -> None:
    optimizer = make(text)
    assert isinstance(optimizer, Nadam)
    run(optimizer, parameters())
    assert float(optimizer.m_schedule) == np.float32(expected)


def test_the_product_is_part_of_the_state() -> None:
    params, optimizer = parameters(), Nadam(0.1)
    run(optimizer, params, slice(0, 2))
    state = optimizer.get_state(params)
    product = float(optimizer.m_schedule)
    run(optimizer, params, slice(2, 3))
    assert float(state["m_schedule"]) == product != float(optimizer.m_schedule)
    other = Nadam(0.1)
    other.set_state(state, params)
    assert float(other.m_schedule) == product


def test_the_product_grows_once_a_step_over_several_pieces_of_memory() -> None:
    model = deterministic(Sequential([Dense(n, input_shape=(3,), name=f"d{n}") for n in (3, 5, 2)]))
    model.layers[1].trainable = False
    model.compile("nadam", "mse")
    fitted(model, 1)
    optimizer = Nadam()
    run(optimizer, parameters(), slice(0, 2))
    assert float(model.optimizer.m_schedule) == float(optimizer.m_schedule)


def test_the_decay_in_the_configuration_is_that_of_the_schedule() -> None:
    config = Nadam(schedule_decay=0.5).get_config()
    assert config["decay"] == 0.5
    assert Nadam.from_config(config).schedule_decay == 0.5
    assert Nadam(decay=0.5).get_config()["decay"] == 0.004
    assert Nadam().get_config()["decay"] == 0.004


def test_no_other_schedule() -> None:
    with pytest.raises(
        ArgumentError, match=r"takes no other for its learning rate\. Received: .*Pass a number"
    ):
        Nadam(ExponentialDecay(0.1, 2, 0.5))
