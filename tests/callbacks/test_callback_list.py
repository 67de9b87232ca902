"""Several callbacks as one: their order, who is refused, who is watching, and loops written by hand."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import cycle, islice
from math import inf
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest

from minifit import layers, optimizers
from minifit.arrays import Array
from minifit.callbacks import (
    BackupAndRestore,
    Callback,
    CallbackList,
    CSVLogger,
    EarlyStopping,
    History,
    LambdaCallback,
    LearningRateScheduler,
    ModelCheckpoint,
    ProgbarLogger,
    ReduceLROnPlateau,
    TerminateOnNaN,
)
from minifit.callbacks.base import HOOKS, Run
from minifit.errors import ArgumentError, ArgumentTypeError
from minifit.training import runner
from tests.callbacks.recording import NEW_NAMES, Recorder, acting, bits, data, small_model

X, Y = data()


class Named(Callback):
    """Says its name at each epoch's end, with what History has by then."""

    def __init__(self, name: str, said: list[Any]) -> None:
        self.name, self.said = name, said

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.said.append((self.name, list(self.model.history.epoch)))


# -- order -------------------------------------------------------------------------------------------------


@pytest.mark.rule("FIT-1")
def test_the_users_callbacks_come_in_order_then_history() -> None:
    said: list[Any] = []
    model = small_model()
    history = model.fit(X, Y, verbose=0, callbacks=[Named("a", said), Named("b", said)])
    assert said == [("a", []), ("b", [])], "History must come after them"
    assert history.epoch == [0]
    assert model.history is history


@pytest.mark.rule("FIT-1")
def test_a_history_in_the_list_keeps_its_place_and_is_the_one_returned() -> None:
    said: list[Any] = []
    own = History()
    model = small_model()
    history = model.fit(X, Y, epochs=2, verbose=0, callbacks=[Named("a", said), own, Named("b", said)])
    assert said == [("a", []), ("b", [0]), ("a", [0]), ("b", [0, 1])]
    assert history is own is model.history
    assert len(own.history["loss"]) == 2


@pytest.mark.rule("FIT-1")
def test_what_prints_comes_last_unless_it_is_in_the_list() -> None:
    added = CallbackList([Callback()], add_history=True, add_progbar=True)
    assert [type(c) for c in added] == [Callback, History, ProgbarLogger]
    given = CallbackList([ProgbarLogger(), Callback(), History()], add_history=True, add_progbar=True)
    assert [type(c) for c in given] == [ProgbarLogger, Callback, History]


@pytest.mark.rule("FIT-1")
def test_a_callback_that_is_in_the_list_twice_is_called_twice() -> None:
    recorder = Recorder()
    small_model().fit(X, Y, verbose=0, callbacks=[recorder, recorder])
    assert recorder.names()[::2] == recorder.names()[1::2]
    assert recorder.names()[:2] == ["train_begin", "train_begin"]


@pytest.mark.rule("FIT-8")
def test_nested_lists_are_flattened_in_order() -> None:
    said: list[Any] = []
    a, b, c, d = (Named(name, said) for name in "abcd")
    small_model().fit(X, Y, verbose=0, callbacks=[a, [b, (c, []), [[]]], d])
    assert [name for name, _ in said] == ["a", "b", "c", "d"]


@pytest.mark.rule("FIT-8")
@pytest.mark.parametrize(
    "wrap", [lambda c: c, lambda c: (c,), lambda c: [[c]], lambda c: CallbackList(c).callbacks]
)
def test_one_callback_needs_no_list(wrap: Any) -> None:
    recorder = Recorder()
    small_model().fit(X, Y, verbose=0, callbacks=wrap(recorder))
    assert "epoch_end" in recorder.names()


@pytest.mark.parametrize("nothing", [None, [], (), [[]]])
def test_no_callbacks(nothing: Any) -> None:
    assert list(CallbackList(nothing)) == []
    assert small_model().fit(X, Y, verbose=0, callbacks=nothing).epoch == [0]


# -- what is refused ---------------------------------------------------------------------------------------


@pytest.mark.rule("FIT-26")
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (EarlyStopping, r"the class EarlyStopping at index 2\. Pass EarlyStopping\(\)"),
        (None, "None of type NoneType at index 2"),
        ("early", "'early' of type str at index 2"),
        (print, r"print.* of type builtin_function_or_method at index 2.*LambdaCallback"),
        ({"a": Callback()}, "of type dict at index 2"),
        (iter([]), "of type list_iterator at index 2"),
    ],
)
def test_what_is_no_callback_is_refused_by_name_and_index(wrong: Any, message: str) -> None:
    before, model = Recorder(), small_model()
    weights = bits(model)
    for call in (
        lambda: model.fit(X, Y, verbose=0, callbacks=[before, [Callback(), wrong]]),
        lambda: model.evaluate(X, Y, verbose=0, callbacks=[before, [Callback(), wrong]]),
        lambda: model.predict(X, callbacks=[before, [Callback(), wrong]]),
        lambda: CallbackList([before, [Callback(), wrong]]),
    ):
        with pytest.raises(ArgumentTypeError, match=message):
            _ = call()
    assert before.events == [], "refused before anything is called"
    assert bits(model) == weights


# -- who is watching ---------------------------------------------------------------------------------------


@pytest.fixture
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine, batches that nobody watches make no pause."""
    monkeypatch.setattr(runner, "PAUSE", inf)


class Unwatching(Recorder):
    """Wants to be told of batches, but not of every single one."""

    def watches(self, hook: str) -> bool:
        return False


@pytest.mark.usefixtures("no_pause")
@pytest.mark.rule("FIT-27")
def test_batches_that_nobody_watches_run_together() -> None:
    recorder = Unwatching()
    model = small_model()
    model.fit(X, Y, 1, epochs=2, validation_data=(X, Y), verbose=0, callbacks=[recorder])
    model.evaluate(X, Y, 1, verbose=0, callbacks=[recorder])
    batches = [e for e in recorder.indexed() if "batch" in e]
    training = ["train_batch_begin 0", "train_batch_end 11"]
    testing = ["test_batch_begin 0", "test_batch_end 11"]
    assert batches == [*training, *testing] * 2 + testing


@pytest.mark.usefixtures("no_pause")
@pytest.mark.rule("FIT-27")
def test_predictions_that_nobody_watches_run_together() -> None:
    recorder = Unwatching()
    small_model().predict(X, 1, callbacks=[recorder])
    batches = [e.split(" {")[0] for e in recorder.indexed() if "batch" in e]
    assert batches == ["predict_batch_begin 0", "predict_batch_end 11"]


@pytest.mark.rule("FIT-27")
def test_a_chunk_ends_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "PAUSE", -1.0)
    recorder = Unwatching()
    small_model(steps_per_execution=5).fit(X, Y, 1, verbose=0, callbacks=[recorder])
    assert [e[1] for e in recorder.events if e[0] == "train_batch_end"] == [4, 9, 11]


@pytest.mark.usefixtures("no_pause")
@pytest.mark.rule("FIT-27")
@pytest.mark.parametrize(
    "watcher",
    [
        Recorder(),
        acting("on_train_batch_end", lambda c: None),
        acting("on_batch_begin", lambda c: None),
        LambdaCallback(on_batch_end=lambda batch, logs: None),
        LambdaCallback(on_train_batch_begin=lambda batch, logs: None),
    ],
    ids=["subclass", "hook set on the object", "older name", "lambda", "lambda by keyword"],
)
def test_one_that_watches_is_enough(watcher: Callback) -> None:
    recorder = Unwatching()
    small_model().fit(X, Y, 4, verbose=0, callbacks=[recorder, watcher])
    assert [e[1] for e in recorder.events if e[0] == "train_batch_end"] == [0, 1, 2]


@pytest.mark.usefixtures("no_pause")
@pytest.mark.rule("FIT-27")
@pytest.mark.parametrize(
    "idle",
    [
        Callback(),
        History(),
        EarlyStopping("loss"),
        TerminateOnNaN(),
        LambdaCallback(on_epoch_end=lambda epoch, logs: None),
        acting("on_test_batch_end", lambda c: None),
    ],
    ids=lambda c: type(c).__name__,
)
def test_one_that_does_not_look_at_training_batches_watches_none(idle: Callback) -> None:
    recorder = Unwatching()
    small_model().fit(X, Y, 4, verbose=0, callbacks=[recorder, idle])
    assert [e[1] for e in recorder.events if e[0] == "train_batch_end"] == [2]


@pytest.mark.usefixtures("no_pause")
@pytest.mark.rule("FIT-27")
def test_the_callbacks_are_asked_before_every_epoch() -> None:
    class FirstEpochOnly(Unwatching):
        epoch = 0

        def watches(self, hook: str) -> bool:
            return self.epoch == 1

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.epoch = epoch + 1

    recorder = FirstEpochOnly()
    small_model().fit(X, Y, 4, epochs=3, verbose=0, callbacks=[recorder])
    assert [e[1] for e in recorder.events if e[0] == "train_batch_end"] == [2, 0, 1, 2, 2]


@pytest.mark.usefixtures("no_pause")
def test_a_hook_that_is_set_while_training_counts_from_the_next_epoch_on() -> None:
    seen: list[int] = []
    late = Callback()

    def begin_to_watch(epoch: int, logs: Any) -> None:
        if epoch == 0:
            late.__dict__["on_train_batch_end"] = lambda batch, logs: seen.append(batch)

    late.__dict__["on_epoch_end"] = begin_to_watch
    small_model().fit(X, Y, 4, epochs=2, verbose=0, callbacks=[late])
    assert seen == [0, 1, 2]


def test_hooks_that_come_and_go_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Late(Callback):
        pass

    seen: list[str] = []
    late = Late()
    callbacks = CallbackList([Callback(), late])

    def told() -> list[str]:
        seen.clear()
        callbacks.on_epoch_begin(0)
        callbacks.on_train_batch_end(0)
        return list(seen)

    assert told() == []
    monkeypatch.setattr(Late, "on_train_batch_end", lambda self, batch, logs=None: seen.append("the class's"))
    assert told() == ["the class's"]
    late.__dict__["on_train_batch_end"] = lambda batch, logs=None: seen.append("its own")
    assert told() == ["its own"]
    del late.__dict__["on_train_batch_end"]
    assert told() == ["the class's"]
    callbacks.callbacks.reverse()
    callbacks.callbacks.append(late)
    assert told() == ["the class's", "the class's"]
    monkeypatch.undo()
    assert told() == []


@pytest.mark.usefixtures("no_pause")
@pytest.mark.rule("FIT-27")
@pytest.mark.parametrize("kernels", ["numpy", "numba"])
@pytest.mark.parametrize("unit", [1, 4])
def test_the_values_are_the_same_bits_watched_or_not(
    unit: int, kernels: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", kernels)
    x, y = data(50)

    def run(*watchers: Callback) -> tuple[Any, ...]:
        optimizer = optimizers.SGD(0.05, momentum=0.9, nesterov=True)
        dropout = layers.Dropout(0.25, name="dropout")
        model = small_model(dropout, optimizer=optimizer, metrics=["mae", "mse"], steps_per_execution=unit)
        history = model.fit(x, y, 3, epochs=4, validation_split=0.2, verbose=0, callbacks=watchers)
        values = model.evaluate(x, y, 7, verbose=0, callbacks=watchers)
        predicted = model.predict(x, 7, callbacks=watchers)
        return history.history, bits(model), values, predicted.tobytes()

    recorder = Recorder()
    assert run(recorder) == run() == run(TerminateOnNaN(), Unwatching())
    assert recorder.names().count("train_batch_end") == 4 * -(-14 // unit)


# -- keys that hide others ---------------------------------------------------------------------------------


def adding(*keys: str) -> Callback:
    """A callback of a class of its own that says what it adds."""
    kind = type(
        "Adding", (Callback,), {"adds_keys": keys, "on_epoch_end": lambda self, epoch, logs=None: None}
    )
    made: Callback = kind()
    return made


@pytest.mark.rule("FIT-32")
@pytest.mark.parametrize(
    ("callbacks", "what"),
    [
        ([adding("loss")], "'loss' of Adding, which is a metric of the model"),
        ([adding("f1", "mae")], "'mae' of Adding, which is a metric of the model"),
        ([adding("val_loss")], "'val_loss' of Adding, which is a metric of the model"),
        ([adding("epoch")], "'epoch' of Adding, which is the number of the epoch"),
        ([adding("f1"), adding("f1")], "'f1' of Adding, which is added by Adding"),
        ([ReduceLROnPlateau(), adding("lr")], "'lr' of Adding, which is added by ReduceLROnPlateau"),
    ],
)
def test_a_callback_that_would_hide_another_value_is_refused(callbacks: list[Callback], what: str) -> None:
    recorder = Recorder()
    model = small_model(metrics=["mae"])
    with pytest.raises(ArgumentError, match=f"must not be in use. Received: {what}. Give one of them"):
        model.fit(X, Y, validation_data=(X, Y), verbose=0, callbacks=[recorder, *callbacks])
    assert recorder.events == []


def test_callbacks_may_add_the_same_value_and_keys_of_a_validation_that_is_not_there() -> None:
    both = [ReduceLROnPlateau("loss"), ReduceLROnPlateau("loss"), LearningRateScheduler(lambda epoch: 0.1)]
    small_model().fit(X, Y, verbose=0, callbacks=[*both, adding("val_loss", "f1")])


@pytest.mark.parametrize("wrong", ["f1", ("f1", 2), 3, {"f1": 1}])
def test_added_keys_that_are_no_tuple_of_strings(wrong: Any) -> None:
    callback = Callback()
    callback.adds_keys = wrong
    with pytest.raises(
        ArgumentTypeError, match=r"adds_keys of Callback must be a tuple of strings, or None\. Rec"
    ):
        CallbackList(callback)


def test_keys_that_an_object_says_it_adds_count() -> None:
    class Own(Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            logs["mae"] = 1.0

    own = Own()
    own.adds_keys = ("mae",)
    with pytest.raises(ArgumentError, match="'mae' of Own, which is a metric of the model"):
        small_model(metrics=["mae"]).fit(X, Y, verbose=0, callbacks=[own])


# -- told apart by identity --------------------------------------------------------------------------------


@dataclass
class Counting(Callback):
    """Equal to every other that has counted as far, and without a hash."""

    seen: int = 0
    start: int = field(default=0, compare=False)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.start += 1

    def get_state(self) -> dict[str, Any]:
        return {"start": self.start}

    def set_state(self, state: dict[str, Any]) -> None:
        self.start = state["start"]


class NeverCompared(Counting):
    """Fails when it is compared or hashed."""

    def __eq__(self, other: object) -> bool:
        raise AssertionError("callbacks are told apart by identity")

    __hash__ = None  # type: ignore[assignment]


class ComparedToArrays(Counting):
    """Compares by elements, as an array does."""

    def __eq__(self, other: object) -> Any:
        return np.array([True, False])

    __hash__ = None  # type: ignore[assignment]


EQUAL = [Counting, NeverCompared, ComparedToArrays]


@pytest.mark.rule("FIT-26")
@pytest.mark.parametrize("kind", EQUAL)
def test_callbacks_without_a_hash_or_an_equality_are_callbacks(kind: type[Counting], tmp_path: Path) -> None:
    """Every use: two that are equal, one that is there twice, files and keys of others, a bar, a trace."""
    first, second = kind(), kind()
    checkpoint = ModelCheckpoint(str(tmp_path / "{loss:.2f}.h5"), save_weights_only=True)
    callbacks = [first, checkpoint, CSVLogger(str(tmp_path / "a.csv")), second, first, ProgbarLogger("steps")]
    model = small_model()
    model.fit(X, Y, epochs=2, validation_data=(X, Y), verbose=0, callbacks=callbacks)
    model.evaluate(X, Y, verbose=0, callbacks=callbacks)
    model.predict(X, callbacks=callbacks)
    assert (first.start, second.start) == (4, 2)
    assert [c is first for c in CallbackList([second, first, first]).distinct] == [False, True]


@pytest.mark.rule("BR-2")
@pytest.mark.parametrize("kind", EQUAL)
def test_two_equal_callbacks_both_keep_their_state(kind: type[Counting]) -> None:
    captured: list[dict[str, Any]] = []
    take = acting("on_train_end", lambda c: captured.append(c.model.training_state.capture()))
    small_model().fit(X, Y, epochs=2, verbose=0, callbacks=[kind(start=10), kind(start=20), take])
    resumed = [kind(), kind()]
    put = acting("on_train_begin", lambda c: c.model.training_state.restore(captured[0]))
    small_model().fit(X, Y, epochs=3, verbose=0, callbacks=[*resumed, put])
    assert [c.start for c in resumed] == [13, 23]


def test_a_callback_reads_what_those_ahead_of_itself_write_not_of_an_equal_one() -> None:
    first, second = Counting(), Counting()
    run = Run(("loss",), False, (first, History(), second))
    assert run.ahead_of(second).callbacks == (first, run.callbacks[1])
    assert run.ahead_of(first).callbacks == ()


STAND_INS: dict[str, Callable[[], Any]] = {
    "Mock": lambda: mock.Mock(spec=Callback),
    "MagicMock": lambda: mock.MagicMock(spec=Callback),
    "of a subclass": lambda: mock.MagicMock(spec=EarlyStopping),
    "of an object": lambda: mock.Mock(spec=EarlyStopping()),
    "autospec": lambda: mock.create_autospec(Callback, instance=True),
}


@pytest.mark.rule("FIT-26")
@pytest.mark.parametrize("kind", STAND_INS)
def test_a_mock_of_a_callback_sees_every_hook(kind: str, tmp_path: Path) -> None:
    stand_in, recorder = STAND_INS[kind](), Recorder()
    model = small_model()
    callbacks = [
        stand_in,
        stand_in,
        recorder,
        ModelCheckpoint(str(tmp_path / "{loss:.2f}.h5")),
        CSVLogger(str(tmp_path / "a.csv")),
        BackupAndRestore(str(tmp_path / "backup"), save_freq=1),
    ]
    model.fit(X, Y, 4, epochs=2, validation_data=(X, Y), verbose=0, callbacks=callbacks)
    model.evaluate(X, Y, 4, verbose=0, callbacks=callbacks)
    model.predict(X, 4, callbacks=callbacks)
    for hook in NEW_NAMES:
        seen = [call.args[:-1] for call in getattr(stand_in, hook).call_args_list]
        told = [event[1:-1] for event in recorder.events if "on_" + event[0] == hook]
        assert seen == [index for index in told for _ in range(2)], hook
    stand_in.set_model.assert_called_with(model)
    stand_in.release.assert_called()


# -- cleaning up -------------------------------------------------------------------------------------------


class Open(Callback):
    """Has something open, and may fail to close it."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.closed = 0

    def release(self) -> None:
        self.closed += 1
        if self.failure:
            raise self.failure


def test_all_are_told_to_close_what_they_have_open_after_every_call() -> None:
    opened = Open()
    model = small_model()
    model.fit(X, Y, verbose=0, callbacks=[opened])
    model.evaluate(X, Y, verbose=0, callbacks=[opened])
    model.predict(X, callbacks=[opened])
    assert opened.closed == 3


@pytest.mark.rule("FIT-34")
def test_a_failure_to_close_does_not_hide_what_went_wrong_before() -> None:
    first, second, last = Open(OSError("disk")), Open(ValueError("twice")), Open()
    broken = acting("on_epoch_end", lambda c: 1 // 0)
    with pytest.raises(ZeroDivisionError) as caught:
        small_model().fit(X, Y, verbose=0, callbacks=[first, broken, second, last])
    assert [c.closed for c in (first, second, last)] == [1, 1, 1]
    notes = "\n".join(caught.value.__notes__)
    assert "OSError: disk" in notes
    assert "ValueError: twice" in notes


@pytest.mark.rule("FIT-34")
def test_a_failure_to_close_is_raised_when_nothing_else_went_wrong() -> None:
    failure = OSError("disk")
    first, last = Open(failure), Open()
    with pytest.raises(OSError, match="disk") as caught:
        small_model().fit(X, Y, verbose=0, callbacks=[first, last])
    assert caught.value is failure
    assert last.closed == 1


@pytest.mark.rule("FIT-34")
def test_a_failure_to_close_is_raised_also_where_the_caller_is_handling_another_exception() -> None:
    try:
        raise KeyError("handled by the caller")
    except KeyError:
        with pytest.raises(OSError, match="disk"):
            small_model().fit(X, Y, verbose=0, callbacks=[Open(OSError("disk"))])


# -- loops written by hand ---------------------------------------------------------------------------------


def test_params_and_model_are_handed_on_when_they_are_given() -> None:
    model, callback = small_model(), Callback()
    made = CallbackList([callback], model=model, epochs=3, steps=2)
    assert made.params == callback.params == {"epochs": 3, "steps": 2}
    assert made.model is callback.model is model
    alone = Callback()
    CallbackList([alone])
    assert (alone.model, alone.params) == (None, None)


def test_what_is_appended_is_called_from_then_on() -> None:
    first, second = Recorder(), Recorder()
    made = CallbackList([first], model=small_model(), epochs=1)
    made.on_train_begin()
    made.append(second)
    made.on_epoch_begin(0)
    assert first.names() == ["train_begin", "epoch_begin"]
    assert second.names() == ["epoch_begin"]
    assert (second.model, second.params) == (None, None)
    with pytest.raises(ArgumentTypeError, match="the class History at index 0"):
        made.append(History)  # type: ignore[arg-type]


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_is_passed_on_with_logs_or_with_empty_ones(hook: str) -> None:
    recorder = Recorder()
    made = CallbackList([recorder])
    index = (3,) if "batch" in hook or "epoch" in hook else ()
    getattr(made, hook)(*index)
    getattr(made, hook)(*index, {"loss": 0.5})
    getattr(made, hook)(*index, logs={"loss": 1.5})
    name = hook.removeprefix("on_")
    name = name if name not in ("batch_begin", "batch_end") else f"train_{name}"
    assert recorder.events == [
        (name, *index, {}),
        (name, *index, {"loss": 0.5}),
        (name, *index, {"loss": 1.5}),
    ]


def test_what_callbacks_write_does_not_reach_the_callers_dict() -> None:
    class Write(Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            logs["more"] = 1

        def on_train_end(self, logs: Any = None) -> None:
            logs["end"] = 1

    made = CallbackList([Write(), recorder := Recorder()])
    logs = {"loss": 0.5}
    made.on_epoch_end(0, logs)
    made.on_train_end(logs)
    assert logs == {"loss": 0.5}
    assert recorder.events == [
        ("epoch_end", 0, {"loss": 0.5, "more": 1}),
        ("train_end", {"loss": 0.5, "end": 1}),
    ]


def test_a_loop_written_by_hand_does_what_fit_does() -> None:
    trained, by_hand, told, recorder = small_model(), small_model(), Recorder(), Recorder()
    trained.fit(X, Y, 4, epochs=2, shuffle=False, verbose=0, callbacks=[told])
    made = CallbackList([recorder], add_history=True, model=by_hand, epochs=2, steps=3, verbose=0)
    made.on_train_begin()
    for epoch in range(2):
        made.on_epoch_begin(epoch)
        for batch, rows in enumerate((slice(0, 4), slice(4, 8), slice(8, 12))):
            made.on_batch_begin(batch)
            logs = by_hand.train_on_batch(X[rows], Y[rows], reset_metrics=batch == 0, return_dict=True)
            made.on_batch_end(batch, logs)
        made.on_epoch_end(epoch, logs)
    made.on_train_end(logs)
    assert recorder.events == told.events
    assert bits(by_hand) == bits(trained)
    assert made.history is not None
    assert made.history.history == trained.history.history
    assert by_hand.history is made.history


@pytest.mark.rule("FIT-28")
def test_a_callback_list_is_taken_by_fit_as_it_is() -> None:
    model, recorder = small_model(), Recorder()
    own = CallbackList([recorder], add_history=True, model=model, epochs=9, steps=9)
    history = model.fit(X, Y, verbose=1, callbacks=own)
    assert [type(c) for c in own] == [Recorder, History]
    assert recorder.params == {"epochs": 9, "steps": 9}
    assert history is own.history
    assert history.epoch == [0]


def endless(size: int) -> Iterator[tuple[Array, Array]]:
    return cycle((X[i : i + size], Y[i : i + size]) for i in range(0, len(X), size))


@pytest.mark.usefixtures("no_pause")
def test_a_generator_gives_no_batch_more_than_is_trained_on_when_nobody_watches() -> None:
    source = endless(4)
    small_model().fit(source, steps_per_epoch=5, epochs=2, verbose=0)
    (following,) = islice(source, 1)
    np.testing.assert_array_equal(following[0], X[4:8])  # batches 0, 1, 2, 0, ... : the eleventh is number 1


class Writing(Callback):
    """Says that it writes to these files."""

    def __init__(self, *paths: str) -> None:
        self.paths = paths

    def writes_to(self) -> tuple[str, ...]:
        return self.paths


@pytest.mark.rule("FIT-16")
@pytest.mark.parametrize("second", ["log.csv", "./log.csv", "folder/../log.csv"])
def test_two_callbacks_that_write_to_one_file_are_refused_before_training(second: str) -> None:
    recorder = Recorder()
    with pytest.raises(
        ArgumentError, match=r"must not write to the same file.*log\.csv.*for Writing and for Writing"
    ):
        small_model().fit(X, Y, verbose=0, callbacks=[recorder, Writing("log.csv"), Writing("other", second)])
    assert recorder.events == []


@pytest.mark.rule("FIT-16")
def test_one_callback_may_be_listed_twice_and_others_write_elsewhere() -> None:
    twice = Writing("log.csv", "log.csv")
    small_model().fit(X, Y, verbose=0, callbacks=[twice, twice, Writing("log.csv.old")])
