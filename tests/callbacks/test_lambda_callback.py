"""Functions as a callback."""

from typing import Any

import pytest

from minifit.callbacks import Callback, LambdaCallback
from minifit.callbacks.base import HOOKS
from minifit.errors import ArgumentTypeError
from tests.callbacks.recording import NEW_NAMES, Recorder, data, small_model

X, Y = data()


def note(hook: str, calls: list[Any]) -> Any:
    return lambda *args: calls.append((hook.removeprefix("on_"), *args[:-1], dict(args[-1])))


@pytest.mark.rule("LC-1")
def test_every_hook_can_be_given() -> None:
    calls: list[Any] = []
    recorder = Recorder()
    functions = LambdaCallback(**{hook: note(hook, calls) for hook in NEW_NAMES})
    model = small_model()
    model.fit(X, Y, 6, epochs=2, validation_data=(X, Y), verbose=0, callbacks=[recorder, functions])
    model.predict(X, 6, callbacks=[recorder, functions])

    def without_outputs(event: Any) -> Any:
        return event[:-1] if event[0] == "predict_batch_end" else event

    assert list(map(without_outputs, calls)) == list(map(without_outputs, recorder.events))
    assert {call[0] for call in calls} == {hook.removeprefix("on_") for hook in NEW_NAMES}


@pytest.mark.rule("LC-1")
def test_the_older_names_are_those_of_training_batches() -> None:
    calls: list[Any] = []
    functions = LambdaCallback(on_batch_begin=note("begin", calls), on_batch_end=note("end", calls))
    small_model().fit(X, Y, 6, validation_data=(X, Y), verbose=0, callbacks=[functions])
    assert [call[:2] for call in calls] == [("begin", 0), ("end", 0), ("begin", 1), ("end", 1)]


@pytest.mark.parametrize("hook", HOOKS)
def test_one_hook_and_no_other(hook: str) -> None:
    calls: list[Any] = []
    functions = LambdaCallback(**{hook: note(hook, calls)})
    model = small_model()
    model.fit(X, Y, validation_data=(X, Y), verbose=0, callbacks=[functions])
    model.predict(X, callbacks=[functions])
    assert [call[0] for call in calls] == [hook.removeprefix("on_")]


def test_nothing_given_does_nothing() -> None:
    functions = LambdaCallback(on_epoch_end=None, on_test_begin=None)
    assert vars(functions) == {}
    assert isinstance(functions, Callback)
    small_model().fit(X, Y, verbose=0, callbacks=[functions])


@pytest.mark.rule("LC-1")
def test_other_keywords_become_attributes() -> None:
    functions: Any = LambdaCallback(foo=5, name="mine", nothing=None)
    assert (functions.foo, functions.name, functions.nothing) == (5, "mine", None)


@pytest.mark.rule("LC-1")
@pytest.mark.parametrize("hook", ["on_epoch_end", "on_batch_end", "on_test_end", "on_predict_batch_end"])
@pytest.mark.parametrize("wrong", [5, "print", [print]])
def test_what_cannot_be_called_is_refused_at_once(hook: str, wrong: Any) -> None:
    with pytest.raises(ArgumentTypeError, match=f"{hook} must be a function. Received: "):
        LambdaCallback(**{hook: wrong})


def test_it_can_be_used_for_one_fit_after_another() -> None:
    epochs: list[int] = []
    functions = LambdaCallback(on_epoch_end=lambda epoch, logs: epochs.append(epoch))
    small_model().fit(X, Y, epochs=2, verbose=0, callbacks=[functions])
    small_model().fit(X, Y, verbose=0, callbacks=[functions])
    assert epochs == [0, 1, 0]


def test_a_hook_that_is_set_later_counts_from_the_next_epoch_on() -> None:
    seen: list[int] = []
    callback = LambdaCallback(on_epoch_begin=lambda epoch, logs: turn(epoch))

    def turn(epoch: int) -> None:
        hooks = {1: lambda epoch, logs: seen.append(epoch), 3: None}
        if epoch in hooks:
            callback.on_epoch_end = hooks[epoch]  # type: ignore[method-assign, assignment]

    small_model().fit(*data(), epochs=5, verbose=0, callbacks=[callback])
    assert seen == [2, 3]
    with pytest.raises(ArgumentTypeError, match=r"on_epoch_end must be a function\. Received: 5"):
        callback.on_epoch_end = 5  # type: ignore[method-assign, assignment]
    with pytest.raises(ArgumentTypeError, match="must take"):
        callback.on_epoch_end = lambda: None  # type: ignore[method-assign, assignment, misc]
