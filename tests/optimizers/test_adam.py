"""Adam: the steps of TensorFlow, with the largest mean square and without."""

from typing import Any

import numpy as np
import pytest

from minifit.errors import ArgumentError
from minifit.optimizers import Adam
from minifit.parameters import Parameter
from tests.optimizers.trajectories import SLOTS, STEPS, assert_defaults, assert_slots, assert_steps, of


@pytest.mark.parametrize(("text", "expected"), of(Adam, STEPS))
def test_three_steps(text: str, expected: list[float]) -> None:
    assert_steps(text, expected)


@pytest.mark.parametrize(("text", "expected"), of(Adam, SLOTS))
def test_what_is_remembered(text: str, expected: Any) -> None:
    assert_slots(text, expected)


# TensorFlow 2.7 with a rate of 1 and the gradients 1, 1, ..., then 1, 1/2, 1/4, ..., then 1, -1, 1, ...
LONG_STEPS = [
    [-0.999996841, -0.999996841, -0.999996841],
    [-1.99999118, -1.93217063, -0.947365522],
    [-2.99999237, -2.7748723, -1.28315926],
    [-3.99998784, -3.52419138, -1.23052788],
    [-4.99998379, -4.18619823, -1.43494213],
]


@pytest.mark.parametrize("amsgrad", [False, True])
def test_long_steps_to_the_last_bit(amsgrad: bool) -> None:
    optimizer, w = Adam(1.0, amsgrad=amsgrad), Parameter("w", np.zeros(3))
    for t, expected in enumerate(LONG_STEPS):
        optimizer.apply_gradients([([1.0, 0.5**t, (-1.0) ** t], w)])
        np.testing.assert_array_equal(w.value, np.array(expected, np.float32))


def test_arguments_and_configuration() -> None:
    arguments = {
        "learning_rate": 0.001,
        "beta_1": 0.9,
        "beta_2": 0.999,
        "epsilon": 1e-07,
        "amsgrad": False,
        "name": "Adam",
    }
    assert_defaults(Adam, arguments, ["learning_rate", "decay", "beta_1", "beta_2", "epsilon", "amsgrad"])


@pytest.mark.parametrize(("name", "one"), [("beta_1", False), ("beta_2", False)])
def test_fractions(name: str, one: bool) -> None:
    made: Any = Adam
    with pytest.raises(ArgumentError, match=rf"{name} must be from 0 to .*1\. Received: {name}=1.5"):
        made(**{name: 1.5})
    if one:
        assert getattr(made(**{name: 1.0}), name) == 1
    else:
        with pytest.raises(ArgumentError, match=rf"{name} must be from 0 to below 1\. Received: {name}=1.0"):
            made(**{name: 1.0})


@pytest.mark.parametrize("epsilon", [None, 0, 0.0])
def test_no_epsilon_is_the_smallest(epsilon: Any) -> None:
    assert Adam(epsilon=epsilon).epsilon == 1e-7
