"""Every fit has a History, and what it holds is what the epochs logged."""

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
