"""Training ends at the first batch whose loss is no finite number, watched or not."""

from collections.abc import Iterator
from math import inf, isnan, nan
from typing import Any

import numpy as np
import pytest

from minifit.arrays import Array
from minifit.callbacks import Callback, TerminateOnNaN
from minifit.errors import DataError, LossError
from minifit.training import runner
from tests.callbacks.recording import Recorder, bits, data, small_model

pytestmark = pytest.mark.filterwarnings("ignore:The data should be finite")

X, Y = data()


def spoiled(at: int, value: float = nan) -> Array:
    x = X.copy()
    x[at] = value
    return x


def drawing(x: Array, drawn: list[int]) -> Iterator[tuple[Array, Array]]:
    """Single rows, and which of them were taken."""
    for index in range(len(x)):
        drawn.append(index)
        yield x[index : index + 1], Y[index : index + 1]


@pytest.mark.rule("TN-1")
@pytest.mark.parametrize("watched", [True, False])
@pytest.mark.parametrize("value", [nan, inf, 1e30])  # the square of the last is too large for float32
def test_it_stops_at_the_first_bad_batch(
    value: float, watched: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(runner, "PAUSE", inf)
    drawn: list[int] = []
    model = small_model()
    history = model.fit(
        drawing(spoiled(4, value), drawn),
        steps_per_epoch=12,
        verbose=0,
        callbacks=[TerminateOnNaN(), *([Recorder()] if watched else [])],
    )
    assert drawn == [0, 1, 2, 3, 4]
    assert capsys.readouterr().out == "Batch 4: Invalid loss, terminating training\n"
    assert model.stop_training
    assert history.epoch == [0]
    (loss,) = history.history["loss"]
    assert loss == inf if value == 1e30 else not np.isfinite(loss)


@pytest.mark.rule("TN-1")
def test_the_epoch_ends_as_usual() -> None:
    recorder = Recorder()
    small_model().fit(
        spoiled(5), Y, 4, epochs=3, shuffle=False, validation_data=(X, Y), validation_batch_size=12,
        verbose=0, callbacks=[recorder, TerminateOnNaN()],
    )  # fmt: skip
    expected = "train_begin, epoch_begin 0, train_batch_begin 0, train_batch_end 0, train_batch_begin 1, "
    expected += "train_batch_end 1, test_begin, test_batch_begin 0, test_batch_end 0, test_end, epoch_end 0, train_end"
    assert recorder.indexed() == expected.split(", ")
    assert isnan(recorder.logs("epoch_end")[0]["loss"])


@pytest.mark.rule("TN-1")
def test_several_steps_per_execution_are_looked_at_together(capsys: pytest.CaptureFixture[str]) -> None:
    small_model(steps_per_execution=5).fit(
        spoiled(6), Y, 1, shuffle=False, verbose=0, callbacks=[TerminateOnNaN()]
    )
    assert capsys.readouterr().out == "Batch 9: Invalid loss, terminating training\n"


def test_a_later_epoch(capsys: pytest.CaptureFixture[str]) -> None:
    x = X.copy()

    class Spoil(Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if epoch == 2:
                x[7] = nan

    history = small_model().fit(
        x, Y, 4, epochs=5, shuffle=False, verbose=0, callbacks=[Spoil(), TerminateOnNaN()]
    )
    assert history.epoch == [0, 1, 2]
    assert capsys.readouterr().out == "Batch 1: Invalid loss, terminating training\n"


def test_sound_training_goes_on_unchanged() -> None:
    plain, guarded = small_model(), small_model()
    plain.fit(X, Y, 4, epochs=2, verbose=0)
    guarded.fit(X, Y, 4, epochs=2, verbose=0, callbacks=[TerminateOnNaN()])
    assert bits(plain) == bits(guarded)


def test_without_it_training_goes_on() -> None:
    assert small_model().fit(spoiled(0), Y, 4, epochs=3, verbose=0).epoch == [0, 1, 2]


def test_a_bad_validation_loss_does_not_stop_it() -> None:
    model = small_model()
    model.fit(X, Y, epochs=2, validation_data=(spoiled(0), Y), verbose=0, callbacks=[TerminateOnNaN()])
    assert not model.stop_training


@pytest.mark.rule("TN-2")
def test_raising_instead() -> None:
    recorder, model = Recorder(), small_model()
    with pytest.raises(LossError, match=r"The loss must stay finite\. Received: nan at batch 1"):
        model.fit(
            spoiled(5), Y, 4, shuffle=False, verbose=0, callbacks=[TerminateOnNaN(raise_error=True), recorder]
        )
    assert recorder.indexed()[-1] == "train_batch_begin 1"
    assert not model.stop_training


@pytest.mark.rule("TN-1")
@pytest.mark.parametrize("loss", [nan, inf, -inf, np.float32(nan)])
def test_by_hand_every_loss_that_is_not_finite_is_bad(loss: Any) -> None:
    for kind in (RuntimeError, DataError):
        with pytest.raises(kind, match="at batch 7"):
            TerminateOnNaN(raise_error=True).on_train_batch_end(7, {"loss": loss})


@pytest.mark.parametrize("logs", [None, {}, {"acc": nan}, {"loss": 1.0}])
def test_by_hand_nothing_happens_without_a_bad_loss(logs: Any) -> None:
    callback = TerminateOnNaN(raise_error=True)
    callback.on_train_batch_end(0, logs)
