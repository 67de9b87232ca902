"""Updates as parts of a program: every optimizer and its options, rates, clipping, constraints, what is learned."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minifit import Sequential, Variable, constraints, optimizers, schedules
from minifit.callbacks import LambdaCallback
from minifit.errors import ArgumentError
from minifit.layers import Dense
from tests.lowering.agreeing import assert_agree, assert_refused, engine

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


@pytest.mark.parametrize("case", [*SCHEDULES, "none"])
@pytest.mark.parametrize("decay", [0.0, 0.3])
def test_rates_ahead_are_those_of_each_step(case: str, decay: float) -> None:
    ahead, stepwise = (
        optimizers.SGD(SCHEDULES[case]() if case in SCHEDULES else 0.1, decay=decay) for _ in range(2)
    )
    found = list(ahead.rates(20))
    expected = []
    for step in range(20):
        stepwise.iterations.assign(step)
        expected.append(stepwise.rate())
    assert found == expected
    ahead.used(20)
    assert float(ahead._learning_rate) == float(stepwise._learning_rate)


class Own(schedules.LearningRateSchedule):
    """Goes by more than the number of the step."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, step: Any) -> float:
        self.asked += 1
        return 0.1 / self.asked


def test_a_schedule_of_the_users_is_asked_once_before_each_step() -> None:
    assert_agree(lambda: model_of(optimizers.SGD(Own())), X, Y)
    schedule = Own()
    with engine("numba"):
        model_of(optimizers.SGD(schedule)).fit(X, Y, batch_size=4, epochs=2, verbose=0)
    assert schedule.asked == 20


@pytest.mark.parametrize(
    ("make", "bad"),
    [(optimizers.SGD, np.nan), (optimizers.Ftrl, 0.0), (optimizers.Ftrl, np.nan)],
)
@pytest.mark.parametrize("kernels", ["numpy", "numba"])
def test_a_rate_by_which_no_step_can_be_taken_is_told_at_its_step(
    make: Any, bad: float, kernels: str
) -> None:
    optimizer = make(schedules.PiecewiseConstantDecay([2], [0.1, 0.1]))
    optimizer.learning_rate.values[1] = bad
    model = model_of(optimizer)
    with engine(kernels), pytest.raises(ArgumentError, match="learning rate"):
        model.fit(X, Y, batch_size=4, verbose=0)
    assert int(optimizer.iterations) == 3


# -- what is learned -----------------------------------------------------------------------------------------


def frozen_in_the_middle() -> Sequential:
    model = Sequential([Dense(5, "tanh"), Dense(4, "tanh"), Dense(3, "tanh"), Dense(2)])
    model.build((None, 6))
    model.layers[1].trainable = False
    model.layers[2].weights[0].trainable = False
    model.compile(optimizers.Adam(0.01, clipnorm=0.1), "mse")
    return model


def frozen_wholly() -> Sequential:
    model = model_of("adam")
    model.trainable = False
    model.compile("adam", "mse")
    return model


@pytest.mark.parametrize("make", [frozen_in_the_middle, frozen_wholly])
def test_frozen_weights_stay(make: Callable[[], Sequential]) -> None:
    assert_agree(make, X, Y)


def test_weights_of_two_buffers_are_learned_together() -> None:
    def make() -> Sequential:
        first, second = (
            Sequential([Dense(4, "tanh", input_shape=(6,))]),
            Sequential([Dense(2, input_shape=(4,))]),
        )
        for part in (first, second):
            part.compile("adam", "mse")
            part.train_on_batch(X[:, : part.input_shape[1]], Y if part is second else np.tile(Y, 2))
        model = Sequential([first, second])
        model.compile(optimizers.SGD(0.05, global_clipnorm=0.1), "mse")
        return model

    make()
    assert_agree(make, X, Y)


def test_what_is_set_between_batches_counts_from_the_next_one() -> None:
    ended = []
    for kernels in ("numpy", "numba"):
        model = model_of(optimizers.Adam(0.01))

        def act(batch: int, logs: Any, model: Any = model) -> None:
            if batch == 2:
                model.optimizer.beta_1 = 0.5
            elif batch == 3:
                model.optimizer.learning_rate = 0.05
            elif batch == 6:
                model.optimizer.learning_rate.assign(0.02)
            elif batch == 4:
                model.optimizer.amsgrad = True  # makes a slot
            elif batch == 5:
                model.layers[0].weights[0].constraint = constraints.MaxNorm(0.3)
            elif batch == 7:
                model.optimizer.global_clipnorm = 0.05

        with engine(kernels):
            model.fit(
                X,
                Y,
                batch_size=4,
                shuffle=False,
                verbose=0,
                callbacks=[LambdaCallback(on_train_batch_begin=act)],
            )
        ended.append(model.get_weights())
    for a, b in zip(*ended, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_a_count_of_steps_that_is_replaced_is_followed() -> None:
    ended = []
    for kernels in ("numpy", "numba"):
        optimizer = optimizers.Nadam(0.01)
        model = model_of(optimizer)
        for number in (0, 50):
            optimizer.iterations = Variable(number, False)
            optimizer.m_schedule = Variable(0.5, False)
            with engine(kernels):
                model.fit(X, Y, batch_size=8, shuffle=False, verbose=0)
            assert int(optimizer.iterations) == number + 5
        ended.append([*model.get_weights(), optimizer.m_schedule.value])
    for a, b in zip(*ended, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


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


def test_a_constraint_whose_class_has_another_call_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constraints.NonNeg, "__call__", lambda self, w: w / 2)
    assert_refused(lambda: model_of("sgd", Dense(4, kernel_constraint="NonNeg")), X, Y, "the constraint of")


@pytest.mark.parametrize("constraint", [Halving(), lambda w: w / 2], ids=["class", "function"])
def test_constraints_of_the_users_are_refused(constraint: Any) -> None:
    assert_refused(lambda: model_of("sgd", Dense(4, kernel_constraint=constraint)), X, Y, "the constraint of")


# -- the whole library ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", sorted(set(optimizers.TABLE.values()), key=str), ids=lambda kind: kind.__name__
)
def test_every_optimizer_is_a_case(kind: Any) -> None:
    assert kind.lower_update is not optimizers.Optimizer.lower_update
    assert any(type(make()) is kind for make in OPTIMIZERS.values())


@pytest.mark.parametrize(
    "kind", sorted(set(schedules.TABLE.values()), key=str), ids=lambda kind: kind.__name__
)
def test_every_schedule_is_a_case(kind: Any) -> None:
    assert any(type(make()) is kind for make in SCHEDULES.values())


@pytest.mark.parametrize(
    "kind", sorted(set(constraints.TABLE.values()), key=str), ids=lambda kind: kind.__name__
)
def test_every_constraint_is_a_case(kind: Any) -> None:
    assert "lower" in vars(kind)
    assert any(type(make()) is kind for make in CONSTRAINTS.values())
