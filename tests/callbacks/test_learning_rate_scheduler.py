"""A learning rate for every epoch: how the schedule is asked, what it may answer, and what is done with it."""

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minifit import ops
from minifit.callbacks import Callback, LearningRateScheduler
from minifit.errors import ArgumentTypeError
from minifit.optimizers import SGD
from minifit.schedules import ExponentialDecay
from minifit.tensor import Tensor
from tests.callbacks.recording import acting, bits, data, small_model

X, Y = data()


def rates(schedule: Callable[..., Any], epochs: int = 3, **more: Any) -> list[float]:
    """The rates that epochs are trained with, as the logs tell."""
    model = small_model(optimizer=SGD(0.5))
    callback = LearningRateScheduler(schedule)
    history = model.fit(X, Y, epochs=epochs, verbose=0, callbacks=[callback], **more)
    return history.history["lr"]


# -- how it is asked ---------------------------------------------------------------------------------------


@pytest.mark.rule("LR-1")
def test_a_schedule_of_two_arguments_gets_the_epoch_and_the_rate() -> None:
    asked: list[Any] = []

    def schedule(epoch: int, lr: float) -> float:
        asked.append((epoch, lr))
        return lr / 2

    assert rates(schedule) == [0.25, 0.125, 0.0625]
    assert asked == [(0, 0.5), (1, 0.25), (2, 0.125)]
    assert {type(value) for value in sum(asked, ())} == {int, float}


class Asking:
    """Schedules in all the forms that Python has for a function of one argument."""

    def method(self, epoch: int) -> float:
        return 1.0 / (epoch + 1)

    @staticmethod
    def static(epoch: int) -> float:
        return 1.0 / (epoch + 1)

    def __call__(self, epoch: int) -> float:
        return 1.0 / (epoch + 1)


@pytest.mark.rule("LR-1")
@pytest.mark.parametrize(
    "schedule",
    [
        lambda epoch: 1.0 / (epoch + 1),
        lambda epoch, *, of=1.0: of / (epoch + 1),
        Asking().method,
        Asking.static,
        Asking(),
        functools.partial(lambda of, epoch: of / (epoch + 1), 1.0),
        [1.0, 0.5, 1.0 / 3].__getitem__,
    ],
    ids=["lambda", "keyword", "method", "static", "object", "partial", "builtin"],
)
def test_a_schedule_of_one_argument_gets_the_epoch(schedule: Any) -> None:
    assert rates(schedule) == pytest.approx([1.0, 0.5, 1.0 / 3])


@pytest.mark.rule("LR-1")
def test_a_second_argument_with_a_default_is_the_rate() -> None:
    assert rates(lambda epoch, lr=9.0: lr / 2) == [0.25, 0.125, 0.0625]
    assert rates(lambda *args: args[1] / 2) == [0.25, 0.125, 0.0625]


@pytest.mark.rule("LR-1")
@pytest.mark.parametrize("takes_rate", [True, False])
def test_a_type_error_inside_the_schedule_comes_out_unchanged(takes_rate: bool) -> None:
    calls: list[int] = []

    def broken(epoch: int) -> float:
        calls.append(epoch)
        return None + 1.0  # type: ignore[operator]

    schedule = (lambda epoch, lr: broken(epoch)) if takes_rate else broken
    with pytest.raises(TypeError, match="unsupported operand"):
        rates(schedule)
    assert calls == [0], "asked once, not a second time in another way"


def test_a_schedule_object_can_be_the_function() -> None:
    assert rates(ExponentialDecay(1.0, 1, 0.5)) == [1.0, 0.5, 0.25]


def test_the_epochs_are_those_of_the_fit() -> None:
    asked: list[int] = []

    def schedule(epoch: int) -> float:
        asked.append(epoch)
        return 0.1

    rates(schedule, epochs=5, initial_epoch=3)
    assert asked == [3, 4]


@pytest.mark.parametrize(
    ("schedule", "received"),
    [
        (0.1, "0.1"),
        (None, "None"),
        (lambda: 0.1, r"a function of \(\)"),
        (lambda epoch, lr, more: 0.1, r"a function of \(epoch, lr, more\)"),
        (lambda *, epoch: 0.1, r"a function of \(\*, epoch\)"),
    ],
)
def test_what_cannot_be_asked_is_refused_at_once(schedule: Any, received: str) -> None:
    with pytest.raises(ArgumentTypeError, match=rf"schedule must be a function.*Received: {received}"):
        LearningRateScheduler(schedule)


# -- what it may answer ------------------------------------------------------------------------------------


@pytest.mark.rule("LR-2")
@pytest.mark.parametrize(
    "answer",
    [
        0.25,
        np.float32(0.25),
        np.float64(0.25),
        np.float16(0.25),
        np.array(0.25),
        Tensor(np.array(0.25, "f4")),
    ],
    ids=["float", "float32", "float64", "float16", "array", "tensor"],
)
def test_floats_of_all_kinds_pass(answer: Any) -> None:
    assert rates(lambda epoch: answer) == [0.25] * 3


@pytest.mark.rule("LR-2")
def test_the_example_of_the_documentation() -> None:
    def scheduler(epoch: int, lr: float) -> Any:
        return lr if epoch < 10 else lr * ops.exp(Tensor(np.array(-0.1, "f4")))

    model = small_model(optimizer=SGD())
    assert round(float(model.optimizer.lr), 5) == 0.01
    model.fit(X, Y, epochs=15, verbose=0, callbacks=[LearningRateScheduler(scheduler)])
    assert round(float(model.optimizer.lr), 5) == 0.00607


@pytest.mark.rule("LR-2")
@pytest.mark.parametrize(
    "answer",
    [
        1, True, None, "0.1", np.int64(1), [0.1], np.array([0.1]), np.array(1), Tensor(np.array([0.1], "f4")),
        0.1j,
    ],
    ids=repr,
)  # fmt: skip
def test_everything_else_is_refused(answer: Any) -> None:
    model = small_model()
    before = bits(model)
    with pytest.raises(ValueError, match=r"schedule must return the learning rate as a float.*Received: "):
        model.fit(X, Y, verbose=0, callbacks=[LearningRateScheduler(lambda epoch: answer)])
    assert bits(model) == before


@pytest.mark.rule("LR-4")
@pytest.mark.parametrize("answer", [-0.1, math.nan, np.float32(-1e-9)])
def test_a_rate_below_zero_or_nan_is_refused(answer: float) -> None:
    with pytest.raises(ValueError, match="a float of at least 0"):
        rates(lambda epoch: answer)


def test_a_rate_of_zero_trains_nothing() -> None:
    model = small_model()
    before = bits(model)
    model.fit(X, Y, verbose=0, callbacks=[LearningRateScheduler(lambda epoch: 0.0)])
    assert bits(model) == before


def test_the_rate_is_the_one_that_training_uses() -> None:
    scheduled, plain = small_model(optimizer=SGD(9.0)), small_model(optimizer=SGD(0.125))
    scheduled.fit(
        X, Y, epochs=2, shuffle=False, verbose=0, callbacks=[LearningRateScheduler(lambda e: 0.125)]
    )
    plain.fit(X, Y, epochs=2, shuffle=False, verbose=0)
    assert bits(scheduled) == bits(plain)


# -- what is said ------------------------------------------------------------------------------------------


@pytest.mark.rule("FIT-15")
def test_messages_number_epochs_from_one(capsys: pytest.CaptureFixture[str]) -> None:
    callback = LearningRateScheduler(lambda epoch, lr: lr, verbose=1)
    small_model(optimizer=SGD(0.05)).fit(X, Y, epochs=2, verbose=0, callbacks=[callback])
    assert capsys.readouterr().out.splitlines() == [
        "Epoch 1: LearningRateScheduler setting learning rate to 0.05.",
        "Epoch 2: LearningRateScheduler setting learning rate to 0.05.",
    ]


def test_verbose_0_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    rates(lambda epoch: 0.1)
    assert capsys.readouterr().out == ""


# -- a resumed run -----------------------------------------------------------------------------------------


class Putting(Callback):
    """Puts a captured state in place when training begins; it is the last that does anything then."""

    def __init__(self, captured: Any) -> None:
        self.captured = captured

    def on_train_begin(self, logs: Any = None) -> None:
        self.model.training_state.restore(self.captured)


@pytest.mark.rule("LR-5")
@pytest.mark.parametrize("hook", ["on_train_batch_end", "on_epoch_end", "on_epoch_begin"])
@pytest.mark.parametrize("at", range(3))
def test_the_rate_is_set_once_for_an_epoch_that_is_resumed_in_its_middle(hook: str, at: int) -> None:
    def callback() -> LearningRateScheduler:
        return LearningRateScheduler(lambda epoch, lr: lr * 0.5)

    captured: list[Any] = []
    model = small_model(optimizer=SGD(0.5))
    taker = acting(hook, lambda c: captured.append(c.model.training_state.capture()))
    whole = model.fit(X, Y, 6, epochs=3, verbose=0, callbacks=[callback(), taker])

    resumed = small_model(optimizer=SGD(0.5), seed=2)
    history = resumed.fit(X, Y, 6, epochs=3, verbose=0, callbacks=[callback(), Putting(captured[at])])
    assert history.history.get("lr", []) == [whole.history["lr"][epoch] for epoch in history.epoch]
    assert bits(resumed) == bits(model)
