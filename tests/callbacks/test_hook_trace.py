"""A trace sees every event and who changed what, keeps within bounds, and changes nothing in a run."""

import copy
import io
import pickle
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minifit import callbacks, optimizers
from minifit.callbacks import Callback, CallbackList, HookTrace, LambdaCallback
from minifit.errors import ArgumentError, ArgumentTypeError
from minifit.layers import Dropout
from tests.callbacks.recording import Recorder, bits, data, small_model

X, Y = data()


def hooks(trace: HookTrace) -> list[tuple[str, Any]]:
    return [(event.hook, event.index) for event in trace.events]


def changes(trace: HookTrace) -> list[tuple[str, int | None, str, Any, Any]]:
    """All changes: by whom, when, of what, from what, to what."""
    return [
        (call.callback, event.index, *change)
        for event in trace.events
        for call in event.calls
        for change in call.changes
    ]


@pytest.mark.parametrize("first", [True, False])
def test_every_event_is_seen_from_any_place_in_the_list(first: bool) -> None:
    trace, recorder = HookTrace(), Recorder()
    both = [trace, recorder] if first else [recorder, trace]
    model = small_model()
    model.fit(X, Y, batch_size=4, epochs=2, validation_data=(X, Y), verbose=0, callbacks=both)
    model.evaluate(X, Y, verbose=0, callbacks=both)
    model.predict(X, callbacks=both)
    told = [f"on_{name}" for name in recorder.names() if name not in ("batch_begin", "batch_end")]
    assert [event.hook for event in trace.events] == told
    assert all("Recorder" in [call.callback for call in event.calls] for event in trace.events)
    assert not any("HookTrace" in call.callback for event in trace.events for call in event.calls)
    times = [event.begin for event in trace.events]
    assert times == sorted(times)
    assert all(e.begin <= c.begin <= c.end <= e.end for e in trace.events for c in e.calls)
    assert trace.events[0].title == f"fit of {model.name}"
    assert sorted({e.run for e in trace.events}) == [0, 1, 2]


def test_who_changed_what() -> None:
    class Writes(Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            logs["mine"] = np.zeros(2)
            logs["loss"] = 9.0
            del logs["val_loss"]

    class Later(Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.model.optimizer.learning_rate = 0.25

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            logs["loss"] = 9.0  # no change
            logs["mine"][:] = 1  # not seen: the same array
            self.model.stop_training = True

    trace = HookTrace()
    model = small_model(optimizer=optimizers.SGD(0.5))
    fit = model.fit(X, Y, epochs=3, validation_data=(X, Y), verbose=0, callbacks=[Writes(), trace, Later()])
    assert fit.epoch == [0]
    ends = next(event for event in trace.events if event.hook == "on_epoch_end")
    assert set(ends.logs) == {"loss", "val_loss"}
    assert changes(trace) == [
        ("Later", 0, "learning_rate", 0.5, 0.25),
        ("Writes", 0, "logs['loss']", ends.logs["loss"], 9.0),
        ("Writes", 0, "logs['val_loss']", ends.logs["val_loss"], None),
        ("Writes", 0, "logs['mine']", None, "ndarray of shape (2,), float64"),
        ("Later", 0, "stop_training", False, True),
    ]


def test_a_schedule_is_not_asked() -> None:
    asked: list[int] = []

    def rate() -> float:
        asked.append(1)
        return 0.125

    def fit(*more: Callback) -> int:
        asked.clear()
        small_model(optimizer=optimizers.SGD(rate)).fit(X, Y, verbose=0, callbacks=[Recorder(), *more])
        return len(asked)

    assert fit() == fit(HookTrace())


def test_two_of_a_class_are_told_apart() -> None:
    trace = HookTrace()
    silent = [LambdaCallback(on_train_begin=lambda logs: None) for _ in range(2)]
    small_model().fit(X, Y, verbose=0, callbacks=[*silent, trace])
    assert [call.callback for call in trace.events[0].calls] == [
        "LambdaCallback",
        "LambdaCallback 2",
        "History",
    ]


def test_several_fits_of_a_model_are_numbered() -> None:
    trace, model = HookTrace(), small_model()
    for _ in range(3):
        model.fit(X, Y, verbose=0, callbacks=[trace])
    titles = list(dict.fromkeys(event.title for event in trace.events))
    assert titles == [f"fit of {model.name}", f"fit of {model.name} (2)", f"fit of {model.name} (3)"]


@pytest.mark.parametrize("path", ["trace.html", Path("trace.html")])
def test_a_path_is_no_choice_of_batches(path: Any) -> None:
    with pytest.raises(
        ArgumentTypeError, match=r"True or False\. Received: .*trace\.html.*trace\.html\(path\)"
    ):
        HookTrace(path)


@pytest.mark.parametrize("batches", [True, False])
def test_a_run_is_the_same_bits_with_a_trace(batches: bool) -> None:
    def fit(*more: Callback) -> Any:
        model = small_model(Dropout(0.5))
        rates = callbacks.ReduceLROnPlateau("loss", patience=0, min_delta=9)
        history = model.fit(X, Y, batch_size=3, epochs=4, verbose=0, callbacks=[rates, *more])
        return history.history, bits(model)

    assert fit(HookTrace(batches)) == fit()


def test_without_batches_they_run_together() -> None:
    trace = HookTrace(batches=False)
    small_model().fit(*data(64), batch_size=2, verbose=0, callbacks=[trace])
    together = [e.index for e in trace.events if "_batch_" in e.hook]
    assert (together[0], together[-1]) == (0, 31) and len(together) < 64
    watched = HookTrace()
    small_model().fit(*data(64), batch_size=2, verbose=0, callbacks=[watched])
    assert sum("_batch_" in e.hook for e in watched.events) == 64


def test_runs_inside_hooks_are_seen() -> None:
    class Judge(Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.model.evaluate(X, Y, verbose=0)
            self.model.predict(X)

    trace = HookTrace()
    model = small_model()
    model.fit(X, Y, verbose=0, callbacks=[trace, Judge()])
    inner = [event for event in trace.events if event.run]
    assert {event.title for event in inner} == {f"evaluate of {model.name}", f"predict of {model.name}"}
    for event in inner:
        assert event.within is not None
        outer, call = event.within
        assert (outer.hook, call.callback) == ("on_epoch_end", "Judge")
        assert call.begin <= event.begin <= event.end <= call.end
    assert trace.events[-1].hook == "on_train_end" and trace.events[-1].run == 0
    seen = len(trace.events)
    model.predict(X)
    assert len(trace.events) == seen


def test_a_list_that_runs_inside_its_own_hook() -> None:
    trace = HookTrace()

    class Again(Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.model.evaluate(X, Y, callbacks=handler)

        def on_test_end(self, logs: Any = None) -> None:
            logs["seen"] = 1

    model = small_model()
    handler = CallbackList([trace, Again()], add_history=True, model=model, epochs=1, verbose=0)
    model.fit(X, Y, callbacks=handler)
    assert changes(trace) == [("Again", None, "logs['seen']", None, 1)]
    assert {event.run for event in trace.events} == {0}


def test_an_exception_in_a_hook_ends_the_run() -> None:
    def fail(epoch: int, logs: Any) -> None:
        raise RuntimeError("no more")

    trace, model = HookTrace(), small_model()
    with pytest.raises(RuntimeError, match="no more"):
        model.fit(X, Y, verbose=0, callbacks=[LambdaCallback(on_epoch_end=fail), trace])
    *_, before, last = trace.events
    assert before.calls[0].error == "RuntimeError: no more"
    assert (last.hook, last.error) == ("exception", "RuntimeError: no more")
    model.predict(X, callbacks=[trace])
    assert trace.events[-1].run == 1 and trace.events[-1].within is None


def test_an_exception_between_hooks_ends_the_run() -> None:
    trace = HookTrace()

    def batches() -> Any:
        yield X, Y
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="disk"):
        small_model().fit(batches(), verbose=0, callbacks=[trace])
    assert trace.events[-1].error == "OSError: the disk is gone"


def test_an_exception_inside_a_run_inside_a_hook_that_goes_on() -> None:
    class Careful(Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            with pytest.raises(KeyError):
                self.model.predict(X, callbacks=[LambdaCallback(on_predict_end=lambda logs: logs["none"])])

    trace = HookTrace()
    small_model().fit(X, Y, epochs=2, verbose=0, callbacks=[Careful(), trace])
    assert [(e.hook, e.error) for e in trace.events if e.error] == [("exception", "KeyError: 'none'")] * 2
    assert [e.run for e in trace.events if e.hook.startswith("on_epoch")] == [0] * 4


def test_loops_by_hand_that_come_to_no_end() -> None:
    trace = HookTrace()
    loop = CallbackList([trace])
    for _ in range(2):
        loop.on_train_begin()
        loop.on_epoch_begin(0)
    loop.on_epoch_end(0, {"loss": 1})
    assert [(e.hook, e.run) for e in trace.events] == [
        ("on_train_begin", 0),
        ("on_epoch_begin", 0),
        ("on_train_begin", 1),
        ("on_epoch_begin", 1),
        ("on_epoch_end", 1),
    ]


def test_two_traces_see_the_same() -> None:
    one, two = HookTrace(), HookTrace()
    small_model().fit(X, Y, verbose=0, callbacks=[one, Recorder(), two])
    assert hooks(one) == hooks(two)
    names = [[call.callback for call in event.calls] for event in one.events]
    assert names == [[call.callback for call in event.calls] for event in two.events]
    assert ["Recorder", "History"] in names


def test_fits_in_threads_do_not_mix() -> None:
    trace = HookTrace()
    models = [small_model() for _ in range(2)]
    together = threading.Barrier(2)

    def fit(model: Any) -> None:
        waits = LambdaCallback(on_epoch_begin=lambda epoch, logs: together.wait())
        model.fit(X, Y, epochs=3, verbose=0, callbacks=[waits, trace])

    threads = [threading.Thread(target=fit, args=(model,)) for model in models]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    runs = [[(e.hook, e.index) for e in trace.events if e.run == run] for run in (0, 1)]
    assert runs[0] == runs[1]
    assert all(event.within is None for event in trace.events)


def test_memory_is_bounded_and_batches_go_first() -> None:
    trace = HookTrace(max_events=40)
    model = small_model()
    model.fit(X, Y, batch_size=1, epochs=8, verbose=0, callbacks=[Recorder(), trace])
    assert len(trace.events) <= 40
    assert [e.index for e in trace.events if e.hook == "on_epoch_end"] == list(range(8))
    assert set(trace.dropped) == {"on_train_batch_begin", "on_train_batch_end"}
    all_of_them = 2 + 8 * 2 + 8 * len(X) * 2
    assert sum(trace.dropped.values()) + len(trace.events) == all_of_them
    assert trace.totals["Recorder", "on_train_batch_end"][0] == 8 * len(X)
    assert trace.events[-1].hook == "on_train_end"
    assert "events were dropped" in str(trace)
    for _ in range(60):
        model.predict(X, callbacks=[trace])
    assert len(trace.events) <= 40
    assert trace.events[0].run > 0


@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy, lambda c: pickle.loads(pickle.dumps(c))])
def test_a_copy_keeps_what_was_recorded(way: Any) -> None:
    trace, copies = HookTrace(), []
    small_model().fit(
        X,
        Y,
        verbose=0,
        callbacks=[trace, LambdaCallback(on_epoch_end=lambda epoch, logs: copies.append(way(trace)))],
    )
    (copied,) = copies
    assert hooks(copied) == hooks(trace)[:-1]
    small_model().fit(X, Y, verbose=0, callbacks=[copied])
    assert len(copied.events) > len(trace.events)


def test_the_table_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    trace = HookTrace()
    assert str(trace) == "No events were recorded: nothing was fitted, evaluated or predicted."
    small_model().predict(X, callbacks=[trace])
    trace.table()
    out = io.StringIO()
    trace.table(out)
    assert capsys.readouterr().out == out.getvalue() == f"{trace}\n"


def test_settings_count_from_the_next_epoch_and_event_on() -> None:
    trace = HookTrace()
    turn = LambdaCallback(on_epoch_begin=lambda epoch, logs: setattr(trace, "batches", epoch == 0))
    small_model().fit(*data(64), batch_size=2, epochs=2, verbose=0, callbacks=[turn, trace])
    ends = [e.index for e in trace.events if e.hook == "on_train_batch_end"]
    assert ends[:32] == [*range(32)] and ends[-1] == 31 and len(ends) < 64
    trace.max_events = 5
    small_model().predict(X, callbacks=[trace])
    assert len(trace.events) <= 5


def test_bad_bounds() -> None:
    with pytest.raises(ArgumentError, match="max_events"):
        HookTrace(max_events=0)
