"""Observers stand around the hooks of lists of callbacks: of their own, of a block, or of all."""

import threading
from typing import Any

import pytest

from minifit import observing
from minifit.callbacks import Callback, CallbackList
from minifit.observing import Calls, Observer


class Notes(Observer):
    """Writes down what it stands around."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def around(self, callbacks: Any, hook: str, calls: Calls) -> Calls:
        def note(*args: Any) -> None:
            self.seen.append((hook, *args))

        return [(None, note), *calls]

    def ended(self, callbacks: Any, error: BaseException | None) -> None:
        self.seen.append(error)


def test_an_observer_that_says_nothing_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observing, "EVERYWHERE", [Observer()])
    told: list[Any] = []

    class Own(Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            told.append((epoch, logs))

    with CallbackList([Own()]) as callbacks:
        assert not callbacks.implemented("on_epoch_begin")
        assert not callbacks.watched("train")
        callbacks.on_epoch_end(3, {"loss": 1.0})
    assert told == [(3, {"loss": 1.0})]


def test_an_observer_of_a_block_sees_what_begins_there_in_its_thread() -> None:
    notes = Notes()
    ahead = CallbackList([])
    with observing.observed_by(notes), observing.observed_by(notes):
        ahead.on_test_begin()
        other = threading.Thread(target=lambda: CallbackList([]).on_predict_begin())
        other.start()
        other.join()
        CallbackList([Callback()]).on_train_begin()
    assert notes.seen == [("on_test_begin", {}), ("on_train_begin", {})]
    ahead.on_test_begin()
    assert len(notes.seen) == 2


def test_observers_of_everything_see_other_threads_and_how_runs_end(monkeypatch: pytest.MonkeyPatch) -> None:
    notes = Notes()
    monkeypatch.setattr(observing, "EVERYWHERE", [notes])

    def run() -> None:
        with CallbackList([]) as callbacks:
            callbacks.on_predict_begin()

    other = threading.Thread(target=run)
    other.start()
    other.join()
    error = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError), CallbackList([]):
        raise error
    assert notes.seen == [("on_predict_begin", {}), None, error]


def test_an_observer_may_watch_every_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    class Watcher(Notes):
        def watches(self, hook: str) -> bool:
            return hook == "on_train_batch_end"

    monkeypatch.setattr(observing, "EVERYWHERE", [Watcher()])
    callbacks = CallbackList([])
    assert callbacks.watched("train") and not callbacks.watched("test")
