"""One line an epoch: what it says, and when it is silent."""

import re
from typing import Any

import pytest

from minifit.callbacks import Callback, EpochLines
from tests.callbacks.recording import acting, data, small_model

X, Y = data()
NUMBER = r"\d+\.\d{4}"


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


@pytest.mark.rule("FIT-15")
def test_epochs_are_numbered_from_one(capsys: pytest.CaptureFixture[str]) -> None:
    small_model().fit(X, Y, epochs=3, initial_epoch=1, verbose=1)
    assert [line.split(" - ")[0] for line in lines(capsys)] == ["Epoch 2/3", "Epoch 3/3"]


def test_a_line_has_the_time_and_every_value_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    small_model(metrics=["mae"]).fit(X, Y, validation_data=(X, Y), verbose=2)
    (line,) = lines(capsys)
    keys = ["loss", "mae", "val_loss", "val_mae"]
    values = " - ".join(f"{key}: {NUMBER}" for key in keys)
    assert re.fullmatch(rf"Epoch 1/1 - \d+\.\d\d s - {values}", line)


def test_the_values_are_those_of_the_logs(capsys: pytest.CaptureFixture[str]) -> None:
    history = small_model().fit(X, Y, verbose=1)
    (line,) = lines(capsys)
    assert line.endswith(f"loss: {history.history['loss'][0]:.4f}")


def test_verbose_auto_prints(capsys: pytest.CaptureFixture[str]) -> None:
    small_model().fit(X, Y)
    assert len(lines(capsys)) == 1


@pytest.mark.parametrize("callbacks", [[], [EpochLines()]])
def test_verbose_0_is_silent(callbacks: list[Callback], capsys: pytest.CaptureFixture[str]) -> None:
    model = small_model()
    model.fit(X, Y, validation_data=(X, Y), verbose=0, callbacks=callbacks)
    model.evaluate(X, Y, verbose=0, callbacks=callbacks)
    model.predict(X, verbose=0, callbacks=callbacks)
    assert lines(capsys) == []


def test_one_in_the_list_prints_instead_of_fits_own(capsys: pytest.CaptureFixture[str]) -> None:
    small_model().fit(X, Y, epochs=2, verbose=1, callbacks=[EpochLines()])
    assert len(lines(capsys)) == 2


def test_an_evaluation_has_a_line_of_its_own_outside_of_fit_only(capsys: pytest.CaptureFixture[str]) -> None:
    own = EpochLines()
    model = small_model(metrics=["mae"])
    model.fit(X, Y, validation_data=(X, Y), verbose=1, callbacks=[own])
    assert [line.split(" - ")[0] for line in lines(capsys)] == ["Epoch 1/1"]
    loss, mae = model.evaluate(X, Y, verbose=1, callbacks=[own])
    (line,) = lines(capsys)
    assert re.fullmatch(rf"Evaluation - \d+\.\d\d s - loss: {loss:.4f} - mae: {mae:.4f}", line)


def test_a_fit_that_broke_off_is_over(capsys: pytest.CaptureFixture[str]) -> None:
    def fail(callback: Any) -> None:
        raise RuntimeError("on purpose")

    own = EpochLines()
    model = small_model()
    with pytest.raises(RuntimeError):
        model.fit(X, Y, verbose=1, callbacks=[own, acting("on_epoch_begin", fail)])
    model.evaluate(X, Y, verbose=1, callbacks=[own])
    assert [line.split(" - ")[0] for line in lines(capsys)] == ["Evaluation"]
