"""At random trainings drawn over the whole family both engines agree, and a captured state goes on bit for bit."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minifit import Sequential, layers, losses, metrics, optimizers, schedules
from minifit.arrays import Array
from minifit.callbacks import Callback
from minifit.lowering import assembly
from minifit.lowering.assembly import Assembly
from minifit.tables import Table
from tests.house import random_models
from tests.house.random_models import Training, trainings
from tests.training.resuming import same

AGREE = 1e-4
"""How far losses, gradients and predictions of the two engines may lie apart: this part of the largest there is."""

SATURATED = 2e-2
"""The least size that gradients of a program are measured by: where tanh is nearly 1, all that is left of its slope is
the rounding of ``1 - y * y``, which is another one in NumPy, and no nudge of a weight shows it."""

NUDGES = 30
"""Where rounding alone decides (a gradient that should be 0, a weight at a kink), how often they may lie as far apart
as those of the reference do when the last bit of every weight is changed."""


@contextmanager
def engine(name: str) -> Iterator[None]:
    """While it lasts, `fit` and its like run on these kernels."""
    os.environ["MINIFIT_KERNELS"] = name
    try:
        yield
    finally:
        del os.environ["MINIFIT_KERNELS"]


# -- the engines agree -----------------------------------------------------------------------------------------------


def on_clipping(model: Any, look: Callable[[list[Array]], None], then: Callable[[list[Array]], None]) -> None:
    """Show the gradients of every step before and after they are clipped, in memory where they can be changed.

    A method of the user's is no part of a program: with it, every step goes op by op.
    """
    clip = model.optimizer._clip

    def clip_and_show(plan: Any) -> None:
        gradients = [w.grad_view for w in plan.parameters]
        look(gradients)
        clip(plan)
        then(gradients)

    model.optimizer._clip = clip_and_show


class Watch(Callback):
    """Keeps the loss, the gradients before and after clipping, and the state before every batch."""

    def __init__(self) -> None:
        self.captured: dict[str, Any] = {}
        self.gradients: list[Array] = []
        self.clipped: list[Array] = []
        self.loss = 0.0

    def on_train_begin(self, logs: Any = None) -> None:
        on_clipping(self.model, self.look, self.then)

    def look(self, gradients: list[Array]) -> None:
        self.gradients = [g.copy() for g in gradients]

    def then(self, gradients: list[Array]) -> None:
        self.clipped = [g.copy() for g in gradients]

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.captured = self.model.training_state.capture()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.loss = logs["loss"]

    def apart(self, other: "Watch", least: float = 1e-3) -> float:
        """The distance of loss and gradients, as a part of what they are; those before clipping if both saw them."""
        seen = bool(other.gradients)
        ours, theirs = (self.gradients, other.gradients) if seen else (self.clipped, other.clipped)
        scale = max([least, *(np.abs(g).max() for g in ours)])
        parts = zip(ours, theirs, strict=True)
        return max([distance(self.loss, other.loss), *(distance(a, b, scale) for a, b in parts)])


class OneBatch(Watch):
    """Lets a model do one batch from a captured state, op by op.

    The update is made with given gradients: one of nearly 0 has another sign on each engine, of which optimizers that
    go by signs would make a full step.
    """

    def __init__(self, captured: dict[str, Any], wanted: list[Array]) -> None:
        super().__init__()
        self.from_there, self.wanted = captured, wanted

    def on_train_begin(self, logs: Any = None) -> None:
        self.model.training_state.restore(self.from_there)
        super().on_train_begin(logs)

    def then(self, gradients: list[Array]) -> None:
        super().then(gradients)
        for gradient, wanted in zip(gradients, self.wanted, strict=True):
            gradient[...] = wanted

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        super().on_train_batch_end(batch, logs)
        self.model.stop_training = True


class OneOfProgram(OneBatch):
    """Lets a model do one batch from a captured state as a program, and keeps the gradients that are left in memory."""

    def __init__(self, captured: dict[str, Any]) -> None:
        super().__init__({**captured, "engine": "numba"}, [])

    def on_train_begin(self, logs: Any = None) -> None:
        self.model.training_state.restore(self.from_there)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        super().on_train_batch_end(batch, logs)
        self.clipped = [w.grad_view.copy() for w in self.model.trainable_weights]


class Follow(Watch):
    """Repeats every batch of a training op by op on the compiled kernels, and as a program, from where it began."""

    def __init__(self, training: Training, ran: Counter[str]) -> None:
        super().__init__()
        self.training, self.ran = training, ran

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        super().on_train_batch_end(batch, logs)
        if all(np.isfinite(g).all() for g in self.gradients):
            self.repeat_op_by_op()
            self.repeat_as_program()

    def repeat_op_by_op(self) -> None:
        """Loss and gradients agree, and an update with the same gradients is the same bit for bit."""
        one = OneBatch({**self.captured, "engine": "numba"}, self.clipped)
        other = self.again(one)
        assert_agreement(self.apart(one), self.apart_if_nudged)
        for weight, found in zip(self.model.weights, other.weights, strict=True):
            if weight.trainable:
                np.testing.assert_array_equal(weight.value, found.value)
            else:
                assert distance(weight.value, found.value) <= AGREE

    def repeat_as_program(self) -> None:
        """Loss and gradients agree, and so do the weights that the program and op by op make of its gradients."""
        with mock.patch.object(assembly, "merge_updates", list):  # which leaves no gradients in memory
            one = OneOfProgram(self.captured)
            self.again(one)
        assert_agreement(self.apart(one, SATURATED), self.apart_if_nudged)
        with mock.patch.object(
            Assembly, "carry_out", autospec=True, side_effect=Assembly.carry_out
        ) as carried:
            found = self.again(OneOfProgram(self.captured))
        self.ran["as a program" if carried.call_count else "op by op"] += 1
        expected = self.again(OneBatch(self.captured, one.clipped))

        def nudged() -> float:
            return weights_apart(expected, self.again(OneBatch(self.nudged(), one.clipped)))

        assert_agreement(weights_apart(expected, found), nudged)

    def apart_if_nudged(self) -> float:
        one = OneBatch(self.nudged(), self.clipped)
        self.again(one)
        return self.apart(one)

    def nudged(self) -> dict[str, Any]:
        return {**self.captured, "weights": [nudge(w) for w in self.captured["weights"]]}

    def again(self, one: OneBatch) -> Sequential:
        """The model after the same batch."""
        other = self.training.model()
        self.training.fit(other, one)
        return other


def weights_apart(expected: Sequential, found: Sequential) -> float:
    pairs = zip(expected.get_weights(), found.get_weights(), strict=True)
    return max((distance(a, b) for a, b in pairs), default=0.0)


def nudge(weight: Array) -> Array:
    return np.nextafter(weight, np.float32(np.inf))


def distance(expected: Any, found: Any, scale: float = 1e-3) -> float:
    """The largest difference, as a part of the scale or of the largest number; what is not finite must be the same."""
    expected, found = np.asarray(expected, np.float64), np.asarray(found, np.float64)
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(expected[~finite], found[~finite])
    size = np.abs(expected[finite]).max(initial=scale)
    return float(np.abs(expected[finite] - found[finite]).max(initial=0) / size)


def assert_agreement(apart: float, nudged: Callable[[], float]) -> None:
    assert apart <= AGREE or apart <= NUDGES * nudged()


def engines_agree(training: Training, ran: Counter[str]) -> None:
    training = replace(
        training, unit=1, validation=False
    )  # it would follow the one batch of every repetition
    np.random.seed(training.seed)
    model = training.model()
    with engine("numpy"):
        training.fit(model, Follow(training, ran))
    reference = judged(model, training, "numpy")
    compiled = judged(model, training, "numba")

    def nudged() -> float:
        model.set_weights([nudge(w) for w in model.get_weights()])
        return far(reference, judged(model, training, "numpy"))

    assert_agreement(far(reference, compiled), nudged)


def judged(model: Sequential, training: Training, kernels: str) -> tuple[Array, float]:
    """What an engine predicts, and the loss that it finds."""
    x, y, _ = training.data(model, 7)
    with engine(kernels):
        loss = model.evaluate(x, y, batch_size=3, verbose=0, return_dict=True)["loss"]
        return model.predict(x, batch_size=4), loss


def far(one: tuple[Array, float], other: tuple[Array, float]) -> float:
    return max(distance(a, b) for a, b in zip(one, other, strict=True))


def try_engines(examples: settings) -> None:
    ran: Counter[str] = Counter()

    @given(trainings())
    @examples
    def agree(training: Training) -> None:
        engines_agree(training, ran)

    agree()
    assert ran["as a program"] > 2 * ran["op by op"]  # it is programs that are compared, not ops with ops


def test_the_engines_agree() -> None:
    try_engines(settings(max_examples=100))


@pytest.mark.soak
def test_the_engines_agree_a_thousand_times() -> None:
    try_engines(settings(max_examples=1000, derandomize=False))


# -- a captured state goes on bit for bit ----------------------------------------------------------------------------

BATCHES = st.integers(0, 12)


@given(trainings(), BATCHES, st.booleans(), st.sampled_from(["numpy", "numba"]))
@settings(max_examples=150)
def test_a_captured_state_goes_on(training: Training, at: int, batches: bool, kernels: str) -> None:
    with engine(kernels):
        same(training, at, batches)


@pytest.mark.soak
@given(trainings(), BATCHES, st.booleans(), st.sampled_from(["numpy", "numba"]))
@settings(max_examples=1000, derandomize=False)
def test_a_captured_state_goes_on_a_thousand_times(
    training: Training, at: int, batches: bool, kernels: str
) -> None:
    with engine(kernels):
        same(training, at, batches)


# -- nothing is forgotten --------------------------------------------------------------------------------------------


def names(table: Table) -> set[str]:
    """What the classes and functions of a table are called."""
    return {member.__name__ for member in table.values()}


def drawn_metrics() -> set[str]:
    lists = (*random_models.METRICS.values(), random_models.PROBABILITY_METRICS, random_models.ROW_METRICS)
    return {m[0] for entries in lists for m in entries if not isinstance(m, str)}


def test_every_member_can_be_drawn() -> None:
    assert set(random_models.LAYERS) == set(layers.TABLE) - set(random_models.NOT_IN_A_CHAIN)
    assert set(random_models.OPTIMIZERS) == names(optimizers.TABLE)
    assert set(random_models.SCHEDULES) == names(schedules.TABLE)
    functions = {f for f in losses.TABLE.values() if not isinstance(f, type)}
    assert {losses.TABLE[name] for name in random_models.LOSSES} == functions
    assert set(random_models.LOSS_CLASSES) == set(random_models.LOSSES)
    classes = {m.__name__ for m in metrics.TABLE.values() if isinstance(m, type)}
    assert drawn_metrics() == classes - {"Mean", "Sum"}  # which take no targets
