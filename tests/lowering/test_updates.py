"""Updates as parts of a program: every optimizer and its options, rates, clipping, constraints, what is learned."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minifit import Sequential, constraints, optimizers
from minifit.layers import Dense
from minifit.optimizers import schedules
from tests.lowering.agreeing import assert_agree, assert_refused

RNG = np.random.default_rng(3)
X = RNG.standard_normal((37, 6)).astype(np.float32)
Y = RNG.standard_normal((37, 2)).astype(np.float32)


def model_of(optimizer: Any, hidden: Any = None, loss: str = "mse") -> Sequential:
    model = Sequential([hidden or Dense(19, "tanh"), Dense(2)])
    model.build((None, 6))
    model.set_weights([np.sin(np.arange(w.value.size) + 1.0).reshape(w.shape) / 2 for w in model.weights])
    model.compile(optimizer, loss)
    return model


OPTIMIZERS: dict[str, Callable[[], Any]] = {
    "SGD": lambda: optimizers.SGD(0.05),
    "momentum": lambda: optimizers.SGD(0.05, momentum=0.9),
    "nesterov": lambda: optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    "Adam": lambda: optimizers.Adam(0.01, beta_1=0.8, beta_2=0.99, epsilon=1e-3),
    "amsgrad": lambda: optimizers.Adam(0.01, amsgrad=True),
    "AdamW": lambda: optimizers.AdamW(0.01, weight_decay=0.1),
    "AdamW without decay": lambda: optimizers.AdamW(0.01, weight_decay=0.0),
    "Adamax": lambda: optimizers.Adamax(0.01, beta_1=0.8),
    "Nadam": lambda: optimizers.Nadam(0.01, schedule_decay=0.1),
    "RMSprop": lambda: optimizers.RMSprop(0.01),
    "RMSprop centered": lambda: optimizers.RMSprop(0.01, rho=0.8, centered=True),
    "RMSprop momentum": lambda: optimizers.RMSprop(0.01, momentum=0.5),
    "RMSprop both": lambda: optimizers.RMSprop(0.01, momentum=0.5, centered=True, epsilon=1e-3),
    "Adagrad": lambda: optimizers.Adagrad(0.1, initial_accumulator_value=0.01),
    "Adadelta": lambda: optimizers.Adadelta(1.0, epsilon=1e-3),
    "Ftrl": lambda: optimizers.Ftrl(0.1),
    "Ftrl penalties": lambda: optimizers.Ftrl(
        0.1,
        l1_regularization_strength=0.01,
        l2_regularization_strength=0.02,
        l2_shrinkage_regularization_strength=0.03,
        beta=0.1,
    ),
    "Ftrl power": lambda: optimizers.Ftrl(0.1, learning_rate_power=-0.3),
}


@pytest.mark.parametrize("case", OPTIMIZERS)
def test_optimizers(case: str) -> None:
    assert_agree(lambda: model_of(OPTIMIZERS[case]()), X, Y)


@pytest.mark.parametrize("kind", ["SGD", "Adam", "Nadam", "Ftrl"])
@pytest.mark.parametrize(
    "options",
    [
        {"clipvalue": 0.05},
        {"clipnorm": 0.1},
        {"global_clipnorm": 0.1},
        {"global_clipnorm": 1e6},
        {"weight_decay": 0.2},
        {"decay": 0.3},
        {"clipvalue": 0.05, "clipnorm": 0.1, "weight_decay": 0.2},
        {"clipvalue": 0.05, "global_clipnorm": 0.1, "decay": 0.3},
    ],
    ids="+".join,
)
def test_options_of_all(kind: str, options: dict[str, float]) -> None:
    assert_agree(lambda: model_of(getattr(optimizers, kind)(0.05, **options)), X, Y)


def test_settings_of_a_momentum_that_was_switched_off() -> None:
    def make() -> Sequential:
        optimizer = optimizers.RMSprop(0.01, momentum=0.5, centered=True)
        optimizer.momentum, optimizer.centered = 0.0, False
        return model_of(optimizer)

    assert_agree(make, X, Y)


SCHEDULES: dict[str, Callable[[], Any]] = {
    "ExponentialDecay": lambda: schedules.ExponentialDecay(0.1, 3, 0.7),
    "staircase": lambda: schedules.ExponentialDecay(0.1, 3, 0.7, staircase=True),
    "PiecewiseConstantDecay": lambda: schedules.PiecewiseConstantDecay([2, 5], [0.1, 0.05, 0.01]),
    "PolynomialDecay": lambda: schedules.PolynomialDecay(0.1, 7, 0.01, power=1.7),
    "cycle": lambda: schedules.PolynomialDecay(0.1, 4, 0.01, power=0.5, cycle=True),
    "InverseTimeDecay": lambda: schedules.InverseTimeDecay(0.1, 3, 0.5),
    "CosineDecay": lambda: schedules.CosineDecay(0.1, 11, 0.1),
    "CosineDecayRestarts": lambda: schedules.CosineDecayRestarts(0.1, 3, 1.5, 0.9, 0.05),
}


@pytest.mark.parametrize("case", SCHEDULES)
def test_schedules(case: str) -> None:
    assert_agree(lambda: model_of(optimizers.SGD(SCHEDULES[case]())), X, Y)


CONSTRAINTS: dict[str, Callable[[], Any]] = {
    "Constraint": constraints.Constraint,
    "NonNeg": constraints.NonNeg,
    "MaxNorm": lambda: constraints.MaxNorm(0.5),
    "MaxNorm of rows": lambda: constraints.MaxNorm(0.5, axis=1),
    "MaxNorm of all": lambda: constraints.MaxNorm(0.5, axis=[0, -1]),
    "UnitNorm": constraints.UnitNorm,
    "UnitNorm of rows": lambda: constraints.UnitNorm(axis=-1),
    "MinMaxNorm": lambda: constraints.MinMaxNorm(0.3, 0.6),
    "MinMaxNorm of rows": lambda: constraints.MinMaxNorm(0.3, 0.6, rate=0.4, axis=1),
}


@pytest.mark.parametrize("case", CONSTRAINTS)
def test_constraints(case: str) -> None:
    def make() -> Sequential:
        made = CONSTRAINTS[case]()
        of_row = None if "row" in case or "all" in case else CONSTRAINTS[case]()
        return model_of("adam", Dense(19, "tanh", kernel_constraint=made, bias_constraint=of_row))

    assert_agree(make, X, Y)


class Halving(constraints.Constraint):
    def __call__(self, w: Any) -> Any:
        return w / 2


@pytest.mark.parametrize("constraint", [Halving(), lambda w: w / 2], ids=["class", "function"])
def test_constraints_of_the_users_are_refused(constraint: Any) -> None:
    assert_refused(lambda: model_of("sgd", Dense(4, kernel_constraint=constraint)), X, Y, "the constraint of")
