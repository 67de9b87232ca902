"""The loops: every event in its place, with data that ends, with batches nobody watches, on both engines."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from minifit import Sequential
from minifit.arrays import Array
from minifit.callbacks import Callback, LambdaCallback
from minifit.errors import MinifitWarning
from minifit.layers import Dense
from minifit.optimizers import SGD
from tests.callbacks.recording import Recorder
from tests.small_models import small_model as new_model

X = np.sin(np.arange(30, dtype=np.float32)).reshape(10, 3)
Y = np.cos(np.arange(10, dtype=np.float32))
ENDED = "data ended early"


def generator(batches: int, size: int = 2) -> Iterator[tuple[Array, Array]]:
    for n in range(batches):
        rows = slice(n * size, (n + 1) * size)
        yield X[rows], Y[rows]


SHORT = {
    "train_begin": "T(",
    "train_end": "T)",
    "epoch_begin": "E(",
    "epoch_end": "E)",
    "train_batch_begin": "(",
    "train_batch_end": ")",
    "test_begin": "V(",
    "test_end": "V)",
    "test_batch_begin": "v(",
    "test_batch_end": "v)",
    "predict_begin": "P(",
    "predict_end": "P)",
    "predict_batch_begin": "p(",
    "predict_batch_end": "p)",
}


def short(recorder: Recorder) -> str:
    """Every event as a word: ``E(0`` opens an epoch, ``)3`` closes a batch."""
    return " ".join(SHORT[hook] + "".join(map(str, number)) for hook, *number, _ in recorder.events)


def fit(model: Sequential, *args: Any, **kwargs: Any) -> tuple[str, Any, Recorder]:
    recorder = Recorder()
    history = model.fit(*args, **{"verbose": 0, "callbacks": [recorder], **kwargs})
    return short(recorder), history, recorder


# -- the order of events -------------------------------------------------------------------------------------


def test_every_event_of_a_fit_in_its_order() -> None:
    text, _, recorder = fit(new_model(), X, Y, batch_size=5, epochs=2, validation_data=(X[:4], Y[:4]))
    epoch = "E({0} (0 )0 (1 )1 V( v(0 v)0 V) E){0}"
    assert text == f"T( {epoch.format(0)} {epoch.format(1)} T)"
    batch, judged, epoch_end = (recorder.logs(f"{kind}_end")[-1] for kind in ("train_batch", "test", "epoch"))
    assert epoch_end == {"loss": batch["loss"], "val_loss": judged["loss"]}
    assert recorder.logs("train_end") == [epoch_end]


def test_evaluate_and_predict_have_events_of_their_own() -> None:
    model, recorder = new_model(), Recorder()
    model.evaluate(X, Y, batch_size=5, verbose=0, callbacks=[recorder])
    assert short(recorder) == "V( v(0 v)0 v(1 v)1 V)"
    recorder = Recorder()
    outputs = model.predict(X, batch_size=5, callbacks=[recorder])
    assert short(recorder) == "P( p(0 p)0 p(1 p)1 P)"
    assert np.array_equal(recorder.logs("predict_batch_end")[1]["outputs"], outputs[5:])


@pytest.mark.rule("FIT-15")
def test_epochs_begin_at_the_initial_one() -> None:
    text, history, recorder = fit(new_model(), X, Y, batch_size=5, epochs=4, initial_epoch=2)
    assert text == "T( E(2 (0 )0 (1 )1 E)2 E(3 (0 )0 (1 )1 E)3 T)"
    assert history.epoch == [2, 3]
    assert history.params["epochs"] == 4
    assert all(type(event[1]) is int for event in recorder.events if len(event) == 3)


@pytest.mark.rule("FIT-20")
@pytest.mark.parametrize("trained", [False, True])
@pytest.mark.parametrize(("epochs", "initial"), [(2, 2), (2, 5), (0, 0), (0, 2)])
def test_nothing_is_left_to_train(epochs: int, initial: int, trained: bool) -> None:
    model = new_model()
    if trained:
        model.fit(X, Y, verbose=0)
    before = [w.tobytes() for w in model.get_weights()]
    text, history, recorder = fit(model, X, Y, epochs=epochs, initial_epoch=initial)
    assert text == "T( T)"
    assert recorder.logs("train_end") == [{}], "of this fit, not of the one before"
    assert (history.epoch, history.history) == ([], {})
    assert [w.tobytes() for w in model.get_weights()] == before


EXECUTIONS = {
    1: ("(0 )0 (1 )1 (2 )2 (3 )3 (4 )4 (5 )5 (6 )6 (7 )7 (8 )8 (9 )9", "{0}(0 {0})0 {0}(1 {0})1"),
    3: ("(0 )2 (3 )5 (6 )8 (9 )9", "{0}(0 {0})1"),
    10: ("(0 )9", "{0}(0 {0})1"),
    99: ("(0 )9", "{0}(0 {0})1"),
}


@pytest.mark.rule("FIT-4")
@pytest.mark.parametrize("unit", EXECUTIONS)
def test_several_steps_in_one_execution(unit: int) -> None:
    train, judged = EXECUTIONS[unit]
    model, predicted = new_model(steps_per_execution=unit), Recorder()
    text, _, _ = fit(model, X, Y, batch_size=1, validation_data=(X, Y), validation_batch_size=5)
    assert text == f"T( E(0 {train} V( {judged.format('v')} V) E)0 T)"
    model.predict(X, batch_size=5, callbacks=[predicted])
    assert short(predicted) == f"P( {judged.format('p')} P)"


@pytest.mark.parametrize("unit", [2, 3, 7, 100])
def test_several_steps_in_one_execution_compute_the_same(unit: int) -> None:
    def run(unit: int) -> tuple[list[bytes], Any]:
        model = new_model(steps_per_execution=unit)
        options: dict[str, Any] = {"batch_size": 1, "shuffle": False, "verbose": 0, "epochs": 2}
        history = model.fit(X, Y, validation_data=(X, Y), validation_batch_size=3, **options).history
        return [w.tobytes() for w in model.get_weights()], history

    assert run(unit) == run(1)


# -- stopping ------------------------------------------------------------------------------------------------


class Stop(Callback):
    """Stops training at one event."""

    def __init__(self, hook: str, number: int | None = None) -> None:
        def stop(*args: Any) -> None:
            if number is None or args[0] == number:
                self.model.stop_training = True

        setattr(self, hook, stop)


STOPS = {
    "on_train_begin": ("T( E(0 (0 )0 V( v(0 v)0 V) E)0 T)", None),
    "on_epoch_begin": ("T( E(0 (0 )0 V( v(0 v)0 V) E)0 T)", 0),
    "on_train_batch_begin": ("T( E(0 (0 )0 (1 )1 V( v(0 v)0 V) E)0 T)", 1),
    "on_train_batch_end": ("T( E(0 (0 )0 (1 )1 V( v(0 v)0 V) E)0 T)", 1),
    "on_test_begin": ("T( E(0 (0 )0 (1 )1 (2 )2 (3 )3 (4 )4 V( v(0 v)0 V) E)0 T)", None),
    "on_test_batch_end": ("T( E(0 (0 )0 (1 )1 (2 )2 (3 )3 (4 )4 V( v(0 v)0 V) E)0 T)", 0),
    "on_test_end": ("T( E(0 (0 )0 (1 )1 (2 )2 (3 )3 (4 )4 V( v(0 v)0 V) E)0 T)", None),
    "on_epoch_end": ("T( E(0 (0 )0 (1 )1 (2 )2 (3 )3 (4 )4 V( v(0 v)0 V) E)0 T)", 0),
}


@pytest.mark.rule("FIT-5")
@pytest.mark.rule("FIT-6")
@pytest.mark.parametrize("hook", STOPS)
def test_stopping_at_any_event(hook: str) -> None:
    expected, number = STOPS[hook]
    model, recorder = new_model(), Recorder()
    options: dict[str, Any] = {"batch_size": 2, "epochs": 3, "verbose": 0, "validation_data": (X[:2], Y[:2])}
    history = model.fit(X, Y, callbacks=[recorder, Stop(hook, number)], **options)
    assert short(recorder) == expected
    assert {key: len(values) for key, values in history.history.items()} == {"loss": 1, "val_loss": 1}
    assert model.stop_training
    model.fit(X, Y, verbose=0)
    assert not model.stop_training, "the next fit begins anew"


def test_a_stop_before_fit_does_not_count() -> None:
    model = new_model()
    model.stop_training = True
    text, _, _ = fit(model, X, Y, batch_size=5)
    assert text == "T( E(0 (0 )0 (1 )1 E)0 T)"


@pytest.mark.rule("FIT-6")
@pytest.mark.parametrize("hook", ["on_train_begin", "on_epoch_begin"])
def test_unwatched_batches_stop_after_one_as_watched_ones_do(hook: str) -> None:
    model = new_model()
    model.fit(X, Y, batch_size=2, epochs=3, verbose=0, callbacks=[Stop(hook)])
    assert int(model.optimizer.iterations) == 1


# -- data that ends ------------------------------------------------------------------------------------------


def test_a_generator_of_unknown_length_is_one_epoch() -> None:
    text, history, recorder = fit(new_model(), generator(3))
    assert text == "T( E(0 (0 )0 (1 )1 (2 )2 (3 E)0 T)"
    assert recorder.logs("epoch_end")[0] == recorder.logs("train_batch_end")[2]
    assert history.params["steps"] is None


def test_a_generator_ends_exactly_between_two_epochs() -> None:
    with pytest.warns(MinifitWarning, match=f"{ENDED}: 3 batches were expected, there are 0"):
        text, history, _ = fit(new_model(), generator(3), epochs=3)
    assert text == "T( E(0 (0 )0 (1 )1 (2 )2 (3 E)0 E(1 (0 E)1 T)"
    assert history.epoch == [0, 1]
    assert history.history["loss"][0] == history.history["loss"][1]


def test_a_generator_ends_in_the_first_epoch() -> None:
    with pytest.warns(MinifitWarning, match=f"{ENDED}: 5 batches were expected, there are 3"):
        text, history, recorder = fit(
            new_model(), generator(3), epochs=3, steps_per_epoch=5, validation_data=(X, Y)
        )
    assert text == "T( E(0 (0 )0 (1 )1 (2 )2 (3 V( v(0 v)0 V) E)0 T)"
    assert history.history["loss"] == [recorder.logs("train_batch_end")[2]["loss"]]
    assert len(history.history["val_loss"]) == 1


def test_a_generator_ends_in_the_second_epoch() -> None:
    with pytest.warns(MinifitWarning, match=f"{ENDED}: 2 batches were expected, there are 1"):
        text, history, recorder = fit(new_model(), generator(3), epochs=3, steps_per_epoch=2)
    assert text == "T( E(0 (0 )0 (1 )1 E)0 E(1 (0 )0 (1 E)1 T)"
    assert history.history["loss"][1] == recorder.logs("train_batch_end")[-1]["loss"]
    assert not history.model.stop_training


def test_arrays_end_when_more_steps_are_asked_for_than_there_are() -> None:
    with pytest.warns(MinifitWarning, match=f"{ENDED}: 5 batches were expected, there are 1"):
        text, _, _ = fit(new_model(), X[:6], Y[:6], batch_size=2, steps_per_epoch=5, epochs=2)
    assert text == "T( E(0 (0 )0 (1 )1 (2 )2 (3 )3 (4 )4 E)0 E(1 (0 )0 (1 E)1 T)"


def test_a_validation_generator_is_used_up_once() -> None:
    with pytest.warns(MinifitWarning, match=ENDED) as caught:
        text, history, _ = fit(new_model(), X, Y, epochs=3, validation_data=generator(2))
    assert len(caught) == 1
    train = "(0 )0"
    first = f"E(0 {train} V( v(0 v)0 v(1 v)1 v(2 V) E)0"
    assert text == f"T( {first} E(1 {train} V( v(0 V) E)1 E(2 {train} V( V) E)2 T)"
    assert {key: len(values) for key, values in history.history.items()} == {"loss": 3, "val_loss": 1}


def test_a_validation_generator_goes_on_where_it_was() -> None:
    rows: list[int] = []

    def numbered() -> Iterator[tuple[Array, Array]]:
        for n in range(10):
            rows.append(n)
            yield X[n : n + 1], Y[n : n + 1]

    _, history, _ = fit(new_model(), X, Y, epochs=3, validation_data=numbered(), validation_steps=2)
    assert len(history.history["val_loss"]) == 3
    assert rows == list(range(6)), "no batch is lost between two validations"


def test_validation_arrays_begin_anew_and_warn_once() -> None:
    with pytest.warns(MinifitWarning, match=f"{ENDED}: 5 batches were expected, there are 3") as caught:
        text, history, _ = fit(
            new_model(), X, Y, epochs=3, validation_data=(X, Y), validation_steps=5, validation_batch_size=4
        )
    assert len(caught) == 1
    assert text.count("V( V)") == 2
    assert len(history.history["val_loss"]) == 1
    first_two = fit(new_model(), X, Y, validation_data=(X, Y), validation_steps=2, validation_batch_size=2)[1]
    judged_alone = fit(new_model(), X, Y, validation_data=(X[:4], Y[:4]), validation_batch_size=2)[1]
    assert first_two.history["val_loss"] == pytest.approx(judged_alone.history["val_loss"])


def test_evaluate_and_predict_use_what_there_is() -> None:
    model = new_model()
    whole = model.evaluate(generator(3), verbose=0)
    with pytest.warns(MinifitWarning, match=f"{ENDED}: 5 batches were expected, there are 3"):
        assert model.evaluate(generator(3), steps=5, verbose=0) == pytest.approx(whole)
    with pytest.warns(MinifitWarning, match=ENDED):
        assert model.predict(generator(3), steps=5).shape == (6, 1)
    assert model.predict(generator(3), steps=2).shape == (4, 1)


def test_the_warning_of_fit_points_at_the_users_line() -> None:
    with pytest.warns(MinifitWarning, match=ENDED) as caught:
        new_model().fit(generator(3), epochs=2, verbose=0)
    assert [(w.category, w.filename) for w in caught] == [(MinifitWarning, __file__)]


def test_the_warning_of_evaluate_points_at_the_users_line() -> None:
    with pytest.warns(MinifitWarning, match=ENDED) as caught:
        new_model().evaluate(generator(3), steps=4, verbose=0)
    assert [(w.category, w.filename) for w in caught] == [(MinifitWarning, __file__)]


class Slices:
    """Batches that may be asked for again and again; some tell how many there are."""

    def __init__(self, batches: int = 3) -> None:
        self.batches = batches

    def __iter__(self) -> Iterator[tuple[Array, Array]]:
        return generator(self.batches)


class SizedSlices(Slices):
    def __len__(self) -> int:
        return self.batches


@pytest.mark.parametrize("source", [Slices(), SizedSlices()])
def test_an_iterable_begins_anew_at_every_epoch(source: Slices) -> None:
    text, history, _ = fit(new_model(), source, epochs=3, validation_data=source)
    last = "" if isinstance(source, SizedSlices) else " (3"
    judged = "V( v(0 v)0 v(1 v)1 v(2 v)2" + ("" if isinstance(source, SizedSlices) else " v(3") + " V)"
    epochs = [f"E({n} (0 )0 (1 )1 (2 )2{last} {judged} E){n}" for n in range(3)]
    assert text == " ".join(["T(", *epochs, "T)"])
    assert history.params["steps"] == (3 if isinstance(source, SizedSlices) else None)
    expected = fit(new_model(), X[:6], Y[:6], batch_size=2, epochs=3, shuffle=False)[1]
    assert history.history["loss"] == pytest.approx(expected.history["loss"])


def test_means_are_weighted_by_the_size_of_the_batch() -> None:
    model = Sequential([Dense(1, use_bias=False, input_shape=(1,))])
    model.compile(SGD(0.0), "mse", metrics=["mae"])
    model.set_weights([[[0.0]]])
    seen: list[tuple[float, float]] = []
    look = LambdaCallback(on_batch_end=lambda batch, logs: seen.append((logs["loss"], logs["mae"])))
    y = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    history = model.fit(np.zeros((5, 1)), y, batch_size=2, shuffle=False, verbose=0, callbacks=[look]).history
    assert seen == [(2.5, 1.5), (7.5, 2.5), (11.0, 3.0)]
    assert history == {"loss": [11.0], "mae": [3.0]}


@pytest.mark.filterwarnings("ignore:The data should be finite")
def test_a_step_is_sound_until_a_loss_is_not_finite() -> None:
    model = new_model()
    model.fit(X, Y, verbose=0)
    objective = model.training_state.objective
    assert objective is not None
    sound = [math.isfinite(objective.tracker.total)]
    for targets in (np.full(10, np.inf), Y):
        model.test_on_batch(X, targets)
        sound.append(math.isfinite(objective.tracker.total))
    assert sound == [True, False, True]
