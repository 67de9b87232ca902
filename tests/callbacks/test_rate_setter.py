"""What the two callbacks that set the learning rate share: whom they refuse, and what the logs hold."""

from typing import Any

import numpy as np
import pytest

from minifit.callbacks import LearningRateScheduler, ReduceLROnPlateau
from minifit.callbacks.rate_setter import RateSetter, in_short
from minifit.errors import ArgumentError
from minifit.optimizers import SGD
from minifit.schedules import ExponentialDecay
from tests.callbacks.recording import Recorder, bits, data, small_model

X, Y = data()


def setters() -> list[RateSetter]:
    return [LearningRateScheduler(lambda epoch: 0.1), ReduceLROnPlateau("loss")]


@pytest.mark.rule("LR-3")
@pytest.mark.parametrize("which", [0, 1], ids=["LearningRateScheduler", "ReduceLROnPlateau"])
@pytest.mark.parametrize(
    ("rate", "named"),
    [(ExponentialDecay(0.1, 10, 0.9), "ExponentialDecay"), (lambda: 0.1, "a function")],
    ids=["schedule", "function"],
)
def test_a_schedule_in_the_optimizer_is_refused_before_training(which: int, rate: Any, named: str) -> None:
    recorder, model = Recorder(), small_model(optimizer=SGD(rate))
    setter, before = setters()[which], bits(model)
    with pytest.raises(ArgumentError, match=f"{type(setter).__name__} sets the learning rate.*{named}"):
        model.fit(X, Y, verbose=0, callbacks=[recorder, setter])
    assert recorder.events == []
    assert bits(model) == before


def test_a_number_in_the_place_of_the_schedule_is_taken() -> None:
    model = small_model(optimizer=SGD(ExponentialDecay(0.1, 10, 0.9)))
    model.optimizer.learning_rate = 0.5
    history = model.fit(X, Y, verbose=0, callbacks=[setters()[1]])
    assert history.history["lr"] == [0.5]


@pytest.mark.rule("FIT-13", "FIT-35")
@pytest.mark.parametrize("which", [0, 1], ids=["LearningRateScheduler", "ReduceLROnPlateau"])
def test_the_rate_is_called_lr_in_logs_and_history(which: int) -> None:
    recorder, model = Recorder(), small_model(optimizer=SGD(0.1))
    history = model.fit(X, Y, epochs=2, verbose=0, callbacks=[setters()[which], recorder])
    assert history.history["lr"] == [float(np.float32(0.1))] * 2
    assert all(type(rate) is float for rate in history.history["lr"])
    assert [list(logs) for logs in recorder.logs("epoch_end")] == [["loss", "lr"]] * 2


@pytest.mark.parametrize(
    ("rate", "text"),
    [(0.05, "0.05"), (0.05000000074505806, "0.05"), (0.0019999999, "0.002"), (1e-10, "1e-10"), (0.0, "0")],
)
def test_a_rate_is_said_with_the_digits_that_it_has(rate: float, text: str) -> None:
    assert in_short(rate) == text
