"""Every fit has a History, and what it holds is what the epochs logged."""

import copy
import pickle
from pathlib import Path
from typing import Any

import pytest

from minifit.callbacks import Callback, CallbackList, History
from tests.callbacks.recording import Recorder, data, small_model

X, Y = data()


def test_it_holds_the_logs_of_every_epoch() -> None:
    recorder = Recorder()
    model = small_model(metrics=["mae"])
    history = model.fit(X, Y, 6, epochs=3, validation_data=(X, Y), verbose=0, callbacks=[recorder])
    logs = recorder.logs("epoch_end")
    assert history.epoch == [0, 1, 2]
    assert history.history == {
        key: [one[key] for one in logs] for key in ("loss", "mae", "val_loss", "val_mae")
    }
    assert list(history.history) == ["loss", "mae", "val_loss", "val_mae"]
    assert all(type(v) is float for values in history.history.values() for v in values)


def test_validation_that_is_due_at_some_epochs_has_fewer_values() -> None:
    history = small_model().fit(X, Y, epochs=5, validation_data=(X, Y), validation_freq=2, verbose=0)
    assert len(history.history["loss"]) == 5
    assert len(history.history["val_loss"]) == 2


@pytest.mark.rule("FIT-29")
def test_every_fit_has_a_new_one() -> None:
    model = small_model()
    first = model.fit(X, Y, epochs=2, verbose=0)
    second = model.fit(X, Y, verbose=0)
    assert (first.epoch, second.epoch) == ([0, 1], [0])
    assert len(first.history["loss"]) == 2
    assert model.history is second


@pytest.mark.rule("FIT-29")
def test_one_of_your_own_keeps_its_values_but_not_its_epochs() -> None:
    own = History()
    model = small_model()
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[own])
    before = list(own.history["loss"])
    model.fit(X, Y, verbose=0, callbacks=[own])
    assert own.epoch == [0]
    assert own.history["loss"][:2] == before
    assert len(own.history["loss"]) == 3


def test_the_model_has_it_from_the_beginning_of_the_fit() -> None:
    seen: list[Any] = []

    class Look(Callback):
        def on_train_begin(self, logs: Any = None) -> None:
            seen.append(self.model.history)

    assert small_model().fit(X, Y, verbose=0, callbacks=[Look()]) is seen[0]


def test_a_fit_that_breaks_off_leaves_the_epochs_that_ended() -> None:
    class Break(Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if epoch == 2:
                raise RuntimeError("on purpose")

    model = small_model()
    with pytest.raises(RuntimeError, match="on purpose"):
        model.fit(X, Y, epochs=5, verbose=0, callbacks=[Break()])
    assert model.history.epoch == [0, 1]
    assert len(model.history.history["loss"]) == 2


def test_by_hand() -> None:
    model, history = small_model(), History()
    made = CallbackList([history], model=model)
    made.on_train_begin()
    made.on_epoch_end(4, {"loss": 1.5, "own": "text"})
    made.on_epoch_end(5)
    assert history.epoch == [4, 5]
    assert history.history == {"loss": [1.5], "own": ["text"]}
    assert model.history is history


def test_evaluate_and_predict_leave_the_history_of_the_fit() -> None:
    model = small_model()
    history = model.fit(X, Y, verbose=0)
    model.evaluate(X, Y, verbose=0)
    model.predict(X)
    assert model.history is history


def test_it_keeps_the_parameters_of_the_fit() -> None:
    class Judge(Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.model.evaluate(X, Y, 3, verbose=0)

    history = small_model().fit(X, Y, 6, epochs=2, verbose=0, callbacks=[Judge()])
    assert history.params == {"epochs": 2, "steps": 2, "verbose": 0}


# -- pickling ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("again", [lambda history: pickle.loads(pickle.dumps(history)), copy.deepcopy])
def test_it_is_pickled_without_the_model(again: Any) -> None:
    model = small_model(metrics=["mae"])
    vars(model)["unpicklable"] = lambda: None
    history = model.fit(X, Y, 6, epochs=3, validation_data=(X, Y), verbose=0)
    copied = again(history)
    assert type(copied) is History
    assert (copied.epoch, copied.history, copied.params) == (history.epoch, history.history, history.params)
    assert copied.model is None
    assert history.model is model
    assert len(copied.plot().axes) == 2


def test_what_was_pickled_can_go_on() -> None:
    model = small_model()
    history = pickle.loads(pickle.dumps(model.fit(X, Y, epochs=2, verbose=0)))
    assert model.fit(X, Y, epochs=2, verbose=0, callbacks=[history]) is history
    assert len(history.history["loss"]) == 4
    assert history.model is model


class Noted(History):
    """A History of somebody's own."""

    def __init__(self, note: str) -> None:
        super().__init__()
        self.note = note


def test_what_a_class_of_its_own_adds_is_pickled_too() -> None:
    noted = Noted("first run")
    small_model().fit(X, Y, verbose=0, callbacks=[noted])
    assert pickle.loads(pickle.dumps(noted)).note == "first run"


# -- the plot ----------------------------------------------------------------------------------------------


def epochs_of(history: History) -> dict[Any, list[float]]:
    """Where on the axis the values of the loss lie, by the curve's label."""
    (axes,) = history.plot(metrics="loss").axes
    return {line.get_label(): list(line.get_xdata()) for line in axes.lines}  # type: ignore[arg-type]


def test_it_plots_itself(tmp_path: Path) -> None:
    history = small_model(metrics=["mae"]).fit(X, Y, epochs=3, validation_data=(X, Y), verbose=0)
    figure = history.plot(tmp_path / "history.png")
    assert [axes.get_title() for axes in figure.axes] == ["loss", "mae"]
    (line, validation) = figure.axes[1].lines
    assert list(line.get_ydata()) == history.history["mae"]  # type: ignore[arg-type]
    assert list(validation.get_ydata()) == history.history["val_mae"]  # type: ignore[arg-type]
    assert (tmp_path / "history.png").read_bytes().startswith(b"\x89PNG")


def test_validation_that_is_due_at_some_epochs_is_drawn_at_these() -> None:
    history = small_model().fit(X, Y, epochs=7, validation_data=(X, Y), validation_freq=[1, 2, 5], verbose=0)
    assert epochs_of(history) == {"training": [1, 2, 3, 4, 5, 6, 7], "validation": [1, 2, 5]}


def test_epochs_have_their_numbers() -> None:
    history = small_model().fit(X, Y, epochs=6, initial_epoch=3, verbose=0)
    assert epochs_of(history) == {"training": [4, 5, 6]}


def test_a_second_fit_is_drawn_behind_the_first() -> None:
    own, model = History(), small_model()
    model.fit(X, Y, epochs=3, verbose=0, callbacks=[own])
    model.fit(X, Y, epochs=2, validation_data=(X, Y), verbose=0, callbacks=[own])
    assert epochs_of(own) == {"training": [1, 2, 3, 4, 5], "validation": [4, 5]}


def test_a_history_filled_by_hand() -> None:
    history = History()
    history.history = {"loss": [3.0, 2.0], "val_loss": [4.0, 3.0]}
    assert epochs_of(history) == {"training": [1, 2], "validation": [1, 2]}
