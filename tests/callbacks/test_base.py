"""What every callback can rely on: which hooks are called, when, with what, and that it may do as it likes."""

import inspect
import json
import re
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import numpy as np
import pytest

from minifit import Sequential, callbacks, layers, optimizers
from minifit.arrays import Array
from minifit.callbacks import (
    Callback,
    CallbackList,
    EarlyStopping,
    History,
    LambdaCallback,
    TerminateOnNaN,
    remote_monitor,
)
from minifit.callbacks.base import HOOKS, Run, implements, say, written_by_chief
from minifit.errors import MinifitError
from minifit.metrics import MeanSquaredError
from minifit.tensorboard.scalars import numbers
from minifit.workers import Workers
from tests.callbacks.recording import (
    IN_FIT,
    NEW_NAMES,
    Recorder,
    acting,
    bits,
    data,
    small_model,
    stop,
)
from tests.distribute.processes import run_workers

X, Y = data()
CLASSES = [c for name in callbacks.__all__ if isinstance(c := getattr(callbacks, name), type)]


# -- every callback ----------------------------------------------------------------------------------------


WITH_ARGUMENTS: dict[str, Callable[[Path], Callback]] = {
    "BackupAndRestore": lambda folder: callbacks.BackupAndRestore(folder / "backup"),
    "CSVLogger": lambda folder: callbacks.CSVLogger(folder / "log.csv"),
    "CallbackList": lambda folder: callbacks.CallbackList([]),  # type: ignore[dict-item,return-value]
    "LearningRateScheduler": lambda folder: callbacks.LearningRateScheduler(lambda epoch: 0.1),
    "ModelCheckpoint": lambda folder: callbacks.ModelCheckpoint(folder / "{epoch}-{val_loss:.2f}.h5"),
    "TensorBoard": lambda folder: callbacks.TensorBoard(folder / "logs"),
}


@pytest.mark.rule("FIT-20")
@pytest.mark.parametrize("verbose", [0, 1, 2])
@pytest.mark.parametrize("name", [n for n in callbacks.__all__ if n != "experimental"])
def test_no_callback_minds_a_fit_of_no_epochs(
    name: str, verbose: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("requests.post", lambda *args, **kwargs: None)
    made = WITH_ARGUMENTS[name](tmp_path) if name in WITH_ARGUMENTS else getattr(callbacks, name)()
    model = small_model()
    history = model.fit(X, Y, epochs=0, validation_data=(X, Y), verbose=verbose, callbacks=[made])
    assert history.history == {}
    history = model.fit(X, Y, epochs=1, validation_data=(X, Y), verbose=verbose, callbacks=[made])
    assert history.epoch == [0]


class OneInAnArray(MeanSquaredError):
    """Has one class, and so an array of one number, as `FBetaScore` without an average."""

    def result(self) -> Any:
        return np.array([super().result()])


def test_a_metric_that_is_an_array_of_one_number_is_a_number_for_all(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    stopping, plateau = callbacks.EarlyStopping("one"), callbacks.ReduceLROnPlateau("val_one")
    best = callbacks.ModelCheckpoint(tmp_path / "{epoch}-{one:.3f}.h5", "val_one", save_best_only=True)
    model = small_model(metrics=[OneInAnArray(name="one")])
    history = model.fit(
        X, Y, epochs=2, validation_data=(X, Y), verbose=0, callbacks=[stopping, plateau, best]
    )
    values = [value.item() for value in history.history["one"]]
    assert stopping.best == min(values)
    assert plateau.best == best.best == min(history.history["val_one"]).item()
    assert f"1-{values[0]:.3f}.h5" in [path.name for path in tmp_path.iterdir()]
    (axes,) = history.plot(metrics="one").axes
    assert np.asarray(axes.lines[0].get_ydata()).tolist() == values
    assert list(numbers({"one": history.history["one"][0]})) == [("one", values[0])]


# -- the older names ----------------------------------------------------------------------------------------


@pytest.mark.rule("FIT-21")
def test_the_older_names_are_called_for_training_batches_alone() -> None:
    seen: list[Any] = []

    class Old(Callback):
        def on_batch_begin(self, batch: int, logs: Any = None) -> None:
            seen.append(("begin", batch, logs))

        def on_batch_end(self, batch: int, logs: Any = None) -> None:
            seen.append(("end", batch, sorted(logs)))

    model = small_model()
    model.fit(X, Y, 6, verbose=0, validation_data=(X, Y), callbacks=[Old()])
    model.predict(X, callbacks=[Old()])
    assert seen == [("begin", 0, {}), ("end", 0, ["loss"]), ("begin", 1, {}), ("end", 1, ["loss"])]


@pytest.mark.rule("FIT-21")
def test_the_older_names_are_not_called_when_the_newer_ones_are_overridden() -> None:
    seen: list[str] = []

    class Both(Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            seen.append("new")

        def on_batch_end(self, batch: int, logs: Any = None) -> None:
            seen.append("old")

        def on_batch_begin(self, batch: int, logs: Any = None) -> None:
            seen.append("old begin")

    small_model().fit(X, Y, verbose=0, callbacks=[Both()])
    assert seen == ["old begin", "new"]


# -- what hooks are told -----------------------------------------------------------------------------------


@pytest.mark.rule("FIT-2")
def test_params() -> None:
    callback = Callback()
    model = small_model()
    model.fit(X, Y, 5, epochs=7, verbose=0, callbacks=[callback])
    assert callback.params == {"verbose": 0, "epochs": 7, "steps": 3}
    assert list(callback.params) == ["verbose", "epochs", "steps"]
    assert callback.model is model
    model.evaluate(X, Y, 4, verbose=0, callbacks=[callback])
    assert callback.params == {"verbose": 0, "epochs": 1, "steps": 3}
    model.predict(X, 2, callbacks=[callback])
    assert callback.params == {"verbose": 0, "epochs": 1, "steps": 6}


@pytest.mark.rule("FIT-2")
def test_params_during_validation_are_those_of_the_fit() -> None:
    seen: list[Any] = []
    watcher = acting("on_test_begin", lambda c: seen.append(dict(c.params)))
    small_model().fit(X, Y, 6, validation_data=(X[:4], Y[:4]), verbose=0, callbacks=[watcher])
    assert seen == [{"verbose": 0, "epochs": 1, "steps": 2}]


@pytest.mark.rule("FIT-2")
def test_params_of_a_generator_have_no_steps() -> None:
    callback = Callback()
    small_model().fit(iter([(X, Y)]), verbose=0, callbacks=[callback])
    assert callback.params["steps"] is None


@pytest.mark.rule("FIT-22")
def test_begin_hooks_get_empty_logs() -> None:
    recorder = Recorder()
    model = small_model()
    model.fit(X, Y, 6, epochs=2, validation_data=(X, Y), verbose=0, callbacks=[recorder])
    model.predict(X, callbacks=[recorder])
    begins = [event for event in recorder.events if event[0].endswith("_begin")]
    assert {event[0] for event in begins} == {h[3:] for h in NEW_NAMES if h.endswith("_begin")}
    assert all(event[-1] == {} for event in begins)


@pytest.mark.rule("FIT-22")
def test_logs_are_plain_floats_in_the_order_of_compile() -> None:
    recorder = Recorder()
    model = small_model(metrics=["mse", "mae"], weighted_metrics=["mae"])
    model.fit(X, Y, 6, validation_data=(X, Y), verbose=0, callbacks=[recorder])
    keys = ["loss", "mse", "mae", "weighted_mae"]
    for hook in ("train_batch_end", "test_batch_end", "test_end"):
        assert all(list(logs) == keys for logs in recorder.logs(hook))
    (logs,) = recorder.logs("epoch_end")
    assert list(logs) == [*keys, *(f"val_{key}" for key in keys)]
    assert all(type(v) is float for event in recorder.events for v in event[-1].values())


@pytest.mark.rule("FIT-3")
def test_batch_values_are_means_over_the_epoch_so_far() -> None:
    recorder = Recorder()
    model = small_model(optimizer=optimizers.SGD(0.0), metrics=["mae"])
    model.fit(X[:10], Y[:10], 4, epochs=2, shuffle=False, verbose=0, callbacks=[recorder])
    losses = np.square(model.predict(X[:10]) - Y[:10]).mean(axis=1)
    expected = [losses[:4].mean(), losses[:8].mean(), losses.mean()] * 2  # the last batch has two samples
    assert [logs["loss"] for logs in recorder.logs("train_batch_end")] == pytest.approx(expected, rel=1e-5)
    assert recorder.logs("epoch_end")[1] == recorder.logs("train_batch_end")[-1]


@pytest.mark.rule("FIT-23")
def test_the_logs_of_validation_become_val_keys() -> None:
    recorder = Recorder()
    model = small_model(metrics=["mae"])
    model.fit(X, Y, validation_data=data(5, seed=9), verbose=0, callbacks=[recorder])
    (tested,), (ended,) = recorder.logs("test_end"), recorder.logs("epoch_end")
    assert tested == {"loss": ended["val_loss"], "mae": ended["val_mae"]}
    assert recorder.logs("train_end") == [ended]


@pytest.mark.rule("FIT-23")
def test_the_metrics_of_the_model_hold_the_validation_when_the_epoch_ends() -> None:
    seen: list[tuple[float, float]] = []

    class Look(Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            assert [m.name for m in self.model.metrics] == ["loss", "mae"]
            seen.append((float(self.model.metrics[0].result()), logs["val_loss"]))

    small_model(metrics=["mae"]).fit(X, Y, validation_data=data(5), verbose=0, callbacks=[Look()])
    assert seen[0][0] == seen[0][1]


def test_predictions_are_in_the_logs_of_their_batch() -> None:
    seen: list[Array] = []

    class Keep(Callback):
        def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
            seen.append(logs["outputs"])

    model = small_model()
    predicted = model.predict(X, 5, callbacks=[Keep()])
    assert [len(outputs) for outputs in seen] == [5, 5, 2]
    np.testing.assert_array_equal(np.concatenate(seen), predicted)


# -- writing into logs -------------------------------------------------------------------------------------


@pytest.mark.rule("FIT-10")
def test_a_value_written_at_the_end_of_an_epoch_is_seen_later_but_not_when_training_ends() -> None:
    class Write(Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            logs["more"] = epoch * 10.0
            logs["loss"] = -1.0

    before, after = Recorder(), Recorder()
    history = small_model().fit(X, Y, epochs=2, verbose=0, callbacks=[before, Write(), after])
    assert "more" not in before.logs("epoch_end")[1]
    assert [logs["more"] for logs in after.logs("epoch_end")] == [0.0, 10.0]
    assert history.history == {"loss": [-1.0, -1.0], "more": [0.0, 10.0]}
    assert after.logs("train_end") == [before.logs("epoch_end")[-1]]
    assert after.logs("train_end")[0]["loss"] > 0


@pytest.mark.rule("FIT-24")
@pytest.mark.parametrize("hook", ["on_train_batch_end", "on_test_batch_end", "on_test_end"])
def test_what_is_written_into_other_logs_stays_there(hook: str) -> None:
    def write(batch_or_logs: Any, logs: Any = None) -> None:
        logs = batch_or_logs if logs is None else logs
        logs["more"], logs["loss"] = 1.0, -1.0

    writer, after = Callback(), Recorder()
    setattr(writer, hook, write)
    model = small_model()
    history = model.fit(X, Y, 6, validation_data=(X, Y), verbose=0, callbacks=[writer, after])
    assert all(logs["more"] == 1.0 for logs in after.logs(hook[3:])), "later callbacks share the logs"
    assert list(history.history) == ["loss", "val_loss"]
    assert history.history["loss"][0] > 0
    assert history.history["val_loss"][0] > 0
    assert model.evaluate(X, Y, verbose=0, callbacks=[writer], return_dict=True).keys() == {"loss"}


# -- stopping ----------------------------------------------------------------------------------------------


@pytest.mark.rule("FIT-25")
def test_what_stop_training_was_before_does_not_count_and_what_it_is_afterwards_stays() -> None:
    model = small_model()
    assert model.stop_training is False
    model.stop_training = True
    assert model.fit(X, Y, epochs=2, verbose=0).epoch == [0, 1]
    assert model.stop_training is False
    model.fit(X, Y, verbose=0, callbacks=[acting("on_train_end", stop)])
    assert model.stop_training is True


@pytest.mark.rule("FIT-25")
def test_stop_training_does_not_stop_evaluate_or_predict() -> None:
    model, recorder = small_model(), Recorder()
    model.evaluate(X, Y, 4, verbose=0, callbacks=[acting("on_test_batch_end", stop), recorder])
    model.predict(X, 4, callbacks=[acting("on_predict_batch_end", stop), recorder])
    assert recorder.names().count("test_batch_end") == recorder.names().count("predict_batch_end") == 3


# -- calling the model from within -------------------------------------------------------------------------

Action = Callable[[Any], object]


def nested_evaluate(callback: Any) -> None:
    callback.model.evaluate(*data(7, seed=5), batch_size=2, verbose=0)


def nested_predict(callback: Any) -> None:
    callback.model.predict(data(7, seed=5)[0], batch_size=2)


def nested_test_on_batch(callback: Any) -> None:
    callback.model.test_on_batch(*data(7, seed=5))


def run_with(*interfering: Callback) -> tuple[Any, ...]:
    """All that a run shows: shuffling, dropout, momentum, metrics and validation take part."""
    optimizer = optimizers.SGD(0.05, momentum=0.9)
    model = small_model(layers.Dropout(0.3, name="dropout"), optimizer=optimizer, metrics=["mae"])
    recorder = Recorder()
    history = model.fit(
        X, Y, 5, epochs=3, validation_data=data(6, seed=2), verbose=0, callbacks=[*interfering, recorder]
    )
    values = [float(m.result()) for m in model.metrics]
    return recorder.events, history.epoch, history.history, bits(model), values, model.stop_training


@pytest.mark.rule("FIT-7")
@pytest.mark.parametrize("nested", [nested_evaluate, nested_predict, nested_test_on_batch])
@pytest.mark.parametrize("hook", IN_FIT)
def test_evaluating_and_predicting_in_a_hook_of_fit_disturbs_nothing(hook: str, nested: Action) -> None:
    assert run_with(acting(hook, nested)) == run_with()


@pytest.mark.rule("FIT-7")
@pytest.mark.parametrize("hook", IN_FIT)
def test_an_evaluation_with_the_callbacks_of_the_fit_disturbs_nothing(hook: str) -> None:
    watcher = Recorder()

    def evaluate_watched(callback: Any) -> None:
        callback.model.evaluate(*data(7, seed=5), batch_size=2, verbose=0, callbacks=[watcher])

    assert run_with(acting(hook, evaluate_watched)) == run_with()
    assert {"test_begin", "test_end"} <= set(watcher.names())


@pytest.mark.rule("FIT-7")
@pytest.mark.parametrize("hook", IN_FIT)
def test_a_fit_of_another_model_in_a_hook_disturbs_nothing(hook: str) -> None:
    other = small_model(layers.Dropout(0.5), metrics=["mae"])
    stopper = acting("on_epoch_end", stop)

    def fit_other(callback: Any) -> None:
        other.fit(*data(7, seed=5), 2, epochs=2, verbose=0, callbacks=[stopper])

    assert run_with(acting(hook, fit_other)) == run_with()


def run_plainly(*interfering: Callback) -> tuple[Any, ...]:
    """A run without anything that another fit of the same model would rightly use up."""
    model, recorder = small_model(metrics=["mae"]), Recorder()
    history = model.fit(
        X, Y, 5, epochs=3, shuffle=False, verbose=0, validation_data=data(6, seed=2),
        callbacks=[*interfering, recorder],
    )  # fmt: skip
    return recorder.events, history.epoch, history.history, bits(model), model.stop_training


@pytest.mark.rule("FIT-7")
@pytest.mark.parametrize("hook", IN_FIT)
def test_a_fit_of_the_same_model_in_a_hook_changes_nothing_but_the_weights(hook: str) -> None:
    def fit_without_learning(callback: Any) -> None:
        model = callback.model
        rate = float(model.optimizer.learning_rate)
        model.optimizer.learning_rate = 0.0
        model.fit(
            *data(7, seed=5), 2, epochs=5, initial_epoch=3, shuffle=False, verbose=0,
            validation_data=data(3, seed=6), callbacks=[acting("on_epoch_end", stop)],
        )  # fmt: skip
        model.optimizer.learning_rate = rate

    assert run_plainly(acting(hook, fit_without_learning)) == run_plainly()


@pytest.mark.rule("FIT-7")
@pytest.mark.parametrize(
    ("hook", "nested"),
    [(h, n) for h in HOOKS if "test" in h for n in (nested_evaluate, nested_predict, nested_test_on_batch)],
)
def test_evaluating_and_predicting_in_a_hook_of_evaluate_disturbs_nothing(hook: str, nested: Action) -> None:
    def evaluated(*interfering: Callback) -> tuple[Any, ...]:
        model, recorder = small_model(metrics=["mae"]), Recorder()
        values = model.evaluate(X, Y, 5, verbose=0, callbacks=[*interfering, recorder])
        return recorder.events, values

    assert evaluated(acting(hook, nested)) == evaluated()


@pytest.mark.rule("FIT-7")
@pytest.mark.parametrize("nested", [nested_evaluate, nested_predict, nested_test_on_batch])
@pytest.mark.parametrize("hook", [h for h in HOOKS if "predict" in h])
def test_evaluating_and_predicting_in_a_hook_of_predict_disturbs_nothing(hook: str, nested: Action) -> None:
    def predicted(*interfering: Callback) -> Any:
        return small_model().predict(X, 5, callbacks=interfering).tobytes()

    assert predicted(acting(hook, nested)) == predicted()


# -- exceptions --------------------------------------------------------------------------------------------


class Releasing(Recorder):
    """Also counts how often it was told to close what it has open."""

    def __init__(self) -> None:
        super().__init__()
        self.released = 0

    def release(self) -> None:
        self.released += 1


def breaking(hook: str, error: BaseException) -> Callback:
    def fail(callback: Any) -> None:
        raise error

    return acting(hook, fail)


@pytest.mark.rule("FIT-9")
@pytest.mark.parametrize("kind", [RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("hook", IN_FIT)
def test_an_exception_in_a_hook_leaves_fit_as_it_is(hook: str, kind: type[BaseException]) -> None:
    earlier, later, model, error = Releasing(), Releasing(), small_model(), kind("on purpose")
    chain = [earlier, breaking(hook, error), later]
    with pytest.raises(kind) as caught:
        model.fit(X, Y, 6, epochs=2, validation_data=(X, Y), verbose=0, callbacks=chain)
    assert caught.value is error
    name = hook.removeprefix("on_").replace("train_batch", "batch").replace("batch", "train_batch")
    name = name.replace("test_train_batch", "test_batch")
    assert earlier.names()[-1] == name, "nothing is called after it"
    assert name not in later.names(), "later callbacks are skipped"
    assert ("train_end" in earlier.names()) == (hook == "on_train_end")
    assert (earlier.released, later.released) == (1, 1)
    assert model.fit(X, Y, 6, epochs=2, verbose=0).epoch == [0, 1], "the model can be trained again"


@pytest.mark.rule("FIT-9")
@pytest.mark.parametrize("kind", [RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("hook", [h for h in HOOKS if "test" in h])
def test_an_exception_in_a_hook_leaves_evaluate_as_it_is(hook: str, kind: type[BaseException]) -> None:
    bystander, model, error = Releasing(), small_model(), kind("on purpose")
    with pytest.raises(kind) as caught:
        model.evaluate(X, Y, 6, verbose=0, callbacks=[breaking(hook, error), bystander])
    assert (caught.value, bystander.released) == (error, 1)


@pytest.mark.rule("FIT-9")
@pytest.mark.parametrize("kind", [RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("hook", [h for h in HOOKS if "predict" in h])
def test_an_exception_in_a_hook_leaves_predict_as_it_is(hook: str, kind: type[BaseException]) -> None:
    bystander, model, error = Releasing(), small_model(), kind("on purpose")
    with pytest.raises(kind) as caught:
        model.predict(X, 6, callbacks=[breaking(hook, error), bystander])
    assert (caught.value, bystander.released) == (error, 1)


@pytest.mark.rule("FIT-33")
def test_an_exception_in_the_data_leaves_fit_as_it_is() -> None:
    def broken() -> Any:
        yield X, Y
        raise OSError("the disk is gone")

    releasing = Releasing()
    with pytest.raises(OSError, match="the disk is gone"):
        small_model().fit(broken(), verbose=0, callbacks=[releasing])
    assert releasing.names()[-1] == "train_batch_begin"
    assert releasing.released == 1


@pytest.mark.rule("FIT-34")
def test_a_running_validation_that_broke_off_leaves_no_validation_data_behind() -> None:
    model = small_model()
    with pytest.raises(RuntimeError):
        error = RuntimeError("on purpose")
        model.fit(X, Y, validation_data=data(5), verbose=0, callbacks=[breaking("on_test_batch_end", error)])
    other = data(6, seed=8)
    history = model.fit(X, Y, validation_data=other, verbose=0)
    assert history.history["val_loss"] == [model.evaluate(*other, verbose=0)]


@pytest.mark.rule("FIT-9")
def test_an_exception_in_a_nested_fit_that_is_caught_does_not_end_the_outer_one() -> None:
    def try_it(callback: Any) -> None:
        with pytest.raises(RuntimeError):
            broken = breaking("on_epoch_end", RuntimeError("on purpose"))
            callback.model.fit(X, Y, verbose=0, callbacks=[broken])

    model = small_model()
    assert model.fit(X, Y, epochs=3, verbose=0, callbacks=[acting("on_epoch_begin", try_it)]).epoch == [
        0,
        1,
        2,
    ]


# -- the optimizer that hooks see --------------------------------------------------------------------------


@pytest.mark.rule("FIT-14")
def test_compile_without_an_optimizer_takes_rmsprop() -> None:
    model = Sequential([layers.Dense(1, input_shape=(4,))])
    model.compile(loss="mse")
    assert type(model.optimizer) is optimizers.RMSprop
    assert float(model.optimizer.learning_rate) == np.float32(0.001)


@pytest.mark.rule("FIT-12")
def test_the_learning_rate_is_one_float32_number() -> None:
    seen: list[tuple[float, float]] = []

    class Change(Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.model.optimizer.learning_rate = 0.1 / (epoch + 1)
            seen.append((float(self.model.optimizer.learning_rate), float(self.model.optimizer.lr)))

    small_model().fit(X, Y, epochs=3, verbose=0, callbacks=[Change()])
    assert seen == [(rate, rate) for rate in np.array([0.1, 0.1 / 2, 0.1 / 3], np.float32).tolist()]


@pytest.mark.rule("FIT-12")
def test_a_learning_rate_set_in_a_hook_counts_from_the_next_batch_on() -> None:
    class Freeze(Callback):
        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            self.model.optimizer.lr = 0.0 if batch else 0.05

    frozen, one_batch = small_model(), small_model()
    frozen.fit(X, Y, 4, shuffle=False, verbose=0, callbacks=[Freeze()])
    one_batch.fit(X, Y, 4, steps_per_epoch=1, shuffle=False, verbose=0)
    assert bits(frozen) == bits(one_batch)


@pytest.mark.rule("FIT-11")
def test_a_target_of_rank_one_is_a_column() -> None:
    model = Sequential([layers.Dense(10, input_shape=(4,))])
    model.compile(optimizers.SGD(0.0), "mse", metrics=["mae"])
    x = X[:5]
    predicted = model.predict(x)
    history = model.fit(x, np.zeros(5), verbose=0).history
    assert history["loss"] == pytest.approx([np.square(predicted).mean()], rel=1e-5)
    assert history["mae"] == pytest.approx([np.abs(predicted).mean()], rel=1e-5)
    different = np.arange(5.0)
    loss = np.square(predicted - different[:, None]).mean()
    assert model.evaluate(x, different, verbose=0)[0] == pytest.approx(loss, rel=1e-5)


# -- what a hook is ----------------------------------------------------------------------------------------


def test_the_hooks_in_the_order_of_the_documentation() -> None:
    kinds = ["on_{}_begin", "on_{}_end", "on_{}_batch_begin", "on_{}_batch_end"]
    assert set(NEW_NAMES) == {k.format(e) for k in kinds for e in ("train", "test", "predict")} | {
        "on_epoch_begin",
        "on_epoch_end",
    }
    assert HOOKS[:2] == ("on_train_begin", "on_train_end")


@pytest.mark.parametrize("hook", HOOKS)
def test_a_fresh_callback_does_nothing_at_any_hook(hook: str) -> None:
    callback = Callback()
    assert not implements(callback, hook)
    assert not callback.watches(hook)
    arguments = [0] if len(inspect.signature(getattr(callback, hook)).parameters) == 2 else []
    getattr(callback, hook)(*arguments)
    assert vars(callback) == {}
    assert callback.model is None


@pytest.mark.parametrize("hook", HOOKS)
def test_a_method_or_a_function_on_the_object_implements_a_hook(hook: str) -> None:
    derived = type("Derived", (Callback,), {hook: lambda self, *args: None})()
    set_later = Callback()
    setattr(set_later, hook, lambda *args: None)
    for callback in (derived, set_later):
        newer = hook.replace("on_batch", "on_train_batch")
        assert {h for h in HOOKS if implements(callback, h)} == {hook, newer}
        assert callback.watches(hook)


def test_a_subclass_needs_not_call_the_constructor_of_its_base() -> None:
    class Own(Callback):
        def __init__(self) -> None:
            self.own = 1

    callback = Own()
    model = small_model()
    model.fit(X, Y, verbose=0, callbacks=[callback])
    assert callback.model is model


# -- every callback that there is --------------------------------------------------------------------------


def parameters_of(function: Any) -> list[tuple[str, Any, Any]]:
    return [(p.name, p.kind, p.default) for p in inspect.signature(function).parameters.values()]


@pytest.mark.parametrize("kind", CLASSES, ids=lambda c: c.__name__)
@pytest.mark.parametrize("hook", HOOKS)
def test_hooks_are_called_alike_everywhere(kind: type, hook: str) -> None:
    expected = parameters_of(getattr(Callback, hook))
    found = parameters_of(getattr(kind, hook))
    if kind is CallbackList:  # its aliases of the older names are the newer methods
        expected = parameters_of(getattr(Callback, hook.replace("on_batch", "on_train_batch")))
    assert found == expected


def documented_parameters(kind: type) -> list[str]:
    """The names under "Parameters" in the docstring of a class."""
    text = inspect.cleandoc(kind.__doc__ or "")
    section = re.search(r"^Parameters\n-+\n(.*?)(?=\n\n\S|\Z)", text, re.DOTALL | re.MULTILINE)
    lines = section[1].splitlines() if section else []
    heads = [line.split(" : ")[0] for line in lines if line and not line.startswith(" ")]
    return [name.strip().lstrip("*") for head in heads for name in head.split(",")]


@pytest.mark.parametrize("kind", CLASSES, ids=lambda c: c.__name__)
def test_every_argument_is_documented(kind: type) -> None:
    own = "__init__" in vars(kind)
    arguments = list(inspect.signature(kind).parameters) if own else []
    assert documented_parameters(kind) == arguments


@pytest.mark.parametrize("kind", CLASSES, ids=lambda c: c.__name__)
def test_a_state_can_be_taken_and_put_back_or_there_is_none(kind: type) -> None:
    assert hasattr(kind, "get_state") == hasattr(kind, "set_state")


ARGUMENTS: dict[str, dict[str, Any]] = {
    "BackupAndRestore": {"backup_dir": "backup", "save_freq": 1000},
    "CSVLogger": {"filename": "training.log"},
    "EarlyStopping": {"monitor": "loss", "restore_best_weights": True},
    "LearningRateScheduler": {"schedule": lambda epoch: 0.1 / (epoch + 1)},
    "ModelCheckpoint": {"filepath": "weights.h5", "save_freq": 1000},
    "ReduceLROnPlateau": {"monitor": "loss"},
}
"""Arguments that callbacks need, or that give those a state whose defaults would leave it empty."""


@pytest.fixture
def nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """RemoteMonitor finds no server, and keeps quiet about it."""
    monkeypatch.setattr(remote_monitor, "_request", lambda *_, **__: ("", False))


@pytest.mark.parametrize("kind", [c for c in CLASSES if hasattr(c, "get_state")], ids=lambda c: c.__name__)
@pytest.mark.usefixtures("nobody_answers")
def test_a_state_put_back_is_the_state_that_was_taken(kind: Any) -> None:
    arguments = ARGUMENTS.get(kind.__name__, {})
    callback = kind(**arguments)
    model = small_model()
    states: list[Any] = []
    taker = acting("on_epoch_end", lambda c: states.append(callback.get_state()))
    model.fit(X, Y, 6, epochs=3, verbose=0, callbacks=[callback, taker])
    assert repr(states[0]) != repr(states[1]), "nothing in the state follows the run"
    first = repr(states[0])
    other = kind(**arguments)
    other.set_state(states[0])
    assert repr(other.get_state()) == first
    CallbackList([other, History()], model=model, epochs=1, steps=2, verbose=0)
    for hook, args in (
        ("on_epoch_begin", (1,)),
        ("on_batch_end", (0, {"loss": 9.0})),
        ("on_epoch_end", (1, {"loss": 0.0})),
    ):
        getattr(other, hook)(*args)
    other.release()
    assert repr(states[0]) == first, "what is done afterwards must not change a state that was taken"


@pytest.mark.parametrize("kind", [c for c in CLASSES if c is not CallbackList], ids=lambda c: c.__name__)
@pytest.mark.usefixtures("nobody_answers")
def test_every_callback_goes_through_a_fit_twice(kind: Any, capsys: pytest.CaptureFixture[str]) -> None:
    callback = kind(**ARGUMENTS.get(kind.__name__, {}))
    model = small_model()
    for _ in range(2):
        history = model.fit(X, Y, 6, epochs=2, validation_data=(X, Y), verbose=0, callbacks=[callback])
        assert history.epoch == [0, 1]
    assert capsys.readouterr().out == ""


KEPT = {
    "BackupAndRestore": {"_folder"},
    "CSVLogger": {"_known"},
    "History": {"history", "_places", "_last"},
    "ModelCheckpoint": {"_best", "epochs_since_last_save", "_frequency"},
    "Profiler": {"_current"},
    "TensorBoard": {"_batch_began", "_epoch_began", "_folders", "_seen", "_shown"},
}
"""Attributes that a callback keeps for a second fit, as in tf.keras, or sets before it uses them."""

LOSSES = [1.0, 0.5, 0.7, 0.9, 0.9, 0.8]


def inner(value: Any) -> Any:
    """A callback or a part of one as plain data, without what a fit hands to it."""
    if isinstance(value, dict):
        return {k: inner(v) for k, v in value.items() if k not in ("model", "params", "validation_data")}
    if isinstance(value, list | tuple | set | frozenset | np.ndarray):
        return [inner(v) for v in value]
    if type(value).__module__.startswith("minifit."):
        kept = KEPT.get(type(value).__name__, set())
        return inner({k: v for k, v in vars(value).items() if k not in kept})
    return repr(value) if isinstance(value, int | float | str | range | None) else type(value)


def begun(callback: Any, hook: str, epoch: int, state: Any = None) -> Any:
    """A callback and the learning rate as the batches of the first epoch see them; a hook of an epoch ends the fit."""
    seen: list[Any] = []

    class Last(Callback):
        acts_last = True

        def on_train_begin(self, logs: Any = None) -> None:
            if state is not None:  # as a run that goes on from a backup does
                callback.set_state(state)

        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            if not seen:
                seen.append((inner(callback), float(self.model.optimizer.learning_rate)))

    def write(epoch: int, logs: Any = None) -> None:
        logs["loss"] = LOSSES[epoch]

    def fail(now: int, logs: Any = None) -> None:
        if now == epoch:
            raise KeyboardInterrupt

    writing, failing = Callback(), Callback()
    writing.on_epoch_end = write  # type: ignore[method-assign]
    setattr(failing, hook, fail)
    with pytest.raises(KeyboardInterrupt):
        small_model().fit(
            X,
            Y,
            6,
            epochs=9,
            validation_data=(X, Y),
            verbose=0,
            callbacks=[writing, failing, callback, Last()],
        )
    return seen[0] if seen else None


UNCHANGED = {"Callback", "LambdaCallback", "RemoteMonitor", "TerminateOnNaN"}
"""Callbacks that such a fit leaves as they were, but for what they keep."""

BUSY: dict[str, dict[str, Any]] = {
    "EarlyStopping": {"patience": 9},
    "ReduceLROnPlateau": {"patience": 2, "cooldown": 2},
}
"""Arguments with which every part of the state has a turn."""


ADDING_UP = (CallbackList, callbacks.HookTrace)
"""Callbacks that have the record of a first fit before that of a second one."""


@pytest.mark.parametrize("kind", [c for c in CLASSES if c not in ADDING_UP], ids=lambda c: c.__name__)
@pytest.mark.usefixtures("nobody_answers")
def test_a_second_fit_sees_nothing_of_one_that_broke_off(
    kind: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    def made() -> Any:
        return kind(**ARGUMENTS.get(kind.__name__, {}) | BUSY.get(kind.__name__, {}))

    expected = begun(other := made(), "on_epoch_end", 0)
    state = other.get_state() if hasattr(other, "get_state") else None
    changed = False
    for epoch in range(len(LOSSES)):
        for hook, resumed in (("on_epoch_end", None), ("on_epoch_begin", state)):
            callback = made()
            begun(callback, hook, epoch, resumed)
            changed |= inner(callback) != expected[0]
            assert begun(callback, "on_epoch_end", 0) == expected
    assert changed == (kind.__name__ not in UNCHANGED)


CALLED = {"separator": "sep", "count_mode": "use_steps"}
"""Attributes that have another name than their argument, as in Keras."""


@pytest.mark.parametrize("kind", [c for c in CLASSES if c is not CallbackList], ids=lambda c: c.__name__)
@pytest.mark.parametrize("value", [object(), -1.5, "no such thing", "", "a\0b"], ids=type)
@pytest.mark.filterwarnings("ignore::minifit.errors.MinifitWarning")
def test_what_is_set_is_held_to_the_rules_of_the_constructor(kind: Any, value: Any) -> None:
    given = ARGUMENTS.get(kind.__name__, {})
    for name in inspect.signature(kind).parameters:
        callback, attribute = kind(**given), CALLED.get(name, name)
        if not hasattr(callback, attribute) or name == "count_mode":
            continue
        try:
            kind(**{**given, name: value})
        except (MinifitError, TypeError) as refused:
            with pytest.raises(type(refused)):
                setattr(callback, attribute, value)
        else:
            setattr(callback, attribute, value)
            assert repr(getattr(callback, attribute)) == repr(
                getattr(kind(**{**given, name: value}), attribute)
            )


# -- what is known before a fit begins ---------------------------------------------------------------------


class Checking(Callback):
    """Keeps what it is told before the fit, and refuses if it shall."""

    def __init__(self, refuse: bool = False) -> None:
        self.refuse, self.runs = refuse, list[Run]()

    def check_run(self, run: Run) -> None:
        self.runs.append(run)
        if self.refuse:
            raise ValueError("no")


def test_a_callback_is_told_what_the_logs_will_hold() -> None:
    checking, recorder = Checking(), Recorder()
    model = small_model(metrics=["mae"])
    model.fit(X, Y, validation_data=(X, Y), verbose=0, callbacks=[checking, recorder])
    (run,) = checking.runs
    assert run.keys == ("loss", "mae") == tuple(recorder.logs("train_batch_end")[0])
    assert run.epoch_keys == tuple(recorder.logs("epoch_end")[0])
    assert run.callbacks[:2] == (checking, recorder)
    model.fit(X, Y, verbose=0, callbacks=[checking])
    assert checking.runs[1].epoch_keys == ("loss", "mae")


def test_a_fit_that_a_callback_refuses_calls_no_hook() -> None:
    recorder, model = Recorder(), small_model()
    before = bits(model)
    with pytest.raises(ValueError, match=r"^no$"):
        model.fit(X, Y, verbose=0, callbacks=[recorder, Checking(refuse=True)])
    assert recorder.events == []
    assert bits(model) == before


class Declaring(Callback):
    """Says what it writes into the logs."""

    adds_keys = ("extra",)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs["extra"] = 1.0


class Overriding(EarlyStopping):
    """Does more than it says."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs["more"] = 1.0


def set_on_the_object() -> Callback:
    made: Any = EarlyStopping()
    made.on_epoch_end = lambda epoch, logs=None: None
    return made  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ([], False),
        ([Callback(), History(), EarlyStopping()], False),
        ([Declaring()], True),
        ([Overriding()], None),
        ([set_on_the_object()], None),
        ([LambdaCallback(on_epoch_end=print)], None),
        ([LambdaCallback(on_epoch_begin=print)], False),
        ([Overriding(), Declaring()], True),
    ],
    ids=["nobody", "not-these", "declared", "overridden", "set", "lambda", "lambda-elsewhere", "several"],
)
def test_whether_a_key_can_come_from_a_callback(listed: list[Callback], expected: bool | None) -> None:
    assert Run(("loss",), False, tuple(listed)).added_by_callbacks("extra") is expected


class DeclaringAndWatching(Declaring):
    """What it says about the logs of epochs says nothing about those of batches."""

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Look at the batch."""


@pytest.mark.parametrize(
    ("callback", "expected"),
    [
        (Callback(), False),
        (Declaring(), False),
        (Overriding(), False),
        (TerminateOnNaN(), False),
        (DeclaringAndWatching(), None),
        (LambdaCallback(on_train_batch_end=print), None),
        (LambdaCallback(on_batch_end=print), None),
    ],
    ids=["nothing", "declared", "of-epochs", "ours", "watching", "lambda", "older-name"],
)
def test_whether_a_key_of_batches_can_come_from_a_callback(callback: Callback, expected: bool | None) -> None:
    assert Run(("loss",), False, (callback,)).added_by_callbacks("extra", "on_train_batch_end") is expected


def test_what_is_ahead_of_a_callback() -> None:
    first, second, third = Callback(), Callback(), Callback()
    run = Run(("loss",), True, (first, second, third))
    assert run.ahead_of(third) == Run(("loss",), True, (first, second))
    assert run.ahead_of(first).callbacks == ()


WRITERS = """
import json, os, sys
import numpy as np
import minifit
from minifit.callbacks import (
    BackupAndRestore, CSVLogger, EarlyStopping, LearningRateScheduler, ModelCheckpoint, ReduceLROnPlateau,
    RemoteMonitor, TensorBoard,
)
from minifit.distribute import MultiWorkerMirroredStrategy
from minifit.layers import Dense, Input

strategy = MultiWorkerMirroredStrategy()
rank = strategy.workers.rank
folder = os.path.join(sys.argv[1], str(rank))
os.makedirs(folder)
with strategy.scope():
    model = minifit.Sequential([Input((3,)), Dense(4), Dense(1)])
    model.compile("sgd", "mse")


class Own(CSVLogger):
    def on_epoch_end(self, epoch, logs=None):
        logs["own"] = epoch
        super().on_epoch_end(epoch, logs)


x, y = np.ones((8, 3), np.float32), np.ones((8, 1), np.float32)
stopping = EarlyStopping("own", mode="min", patience=1, verbose=1, restore_best_weights=True)
checkpoint = ModelCheckpoint(os.path.join(folder, "best.h5"), "loss", save_best_only=True, verbose=1)
reduce = ReduceLROnPlateau("own", patience=1, verbose=1, mode="min")
callbacks = [
    Own(os.path.join(folder, "own.csv")),
    TensorBoard(os.path.join(folder, "logs"), update_freq=1, profile_batch=2),
    BackupAndRestore(os.path.join(folder, "backup"), delete_checkpoint=False),
    checkpoint, stopping, reduce,
    LearningRateScheduler(lambda epoch, rate: rate, verbose=1),
    RemoteMonitor(f"http://127.0.0.1:{sys.argv[2]}"),
]
history = model.fit(x, y, batch_size=4, epochs=5, callbacks=callbacks, validation_data=(x, y), verbose=2)
model.evaluate(x, y, verbose=2)
assert callbacks[0].is_chief == (rank == 0)
found = sorted(os.listdir(folder))
print(json.dumps([found, [history.history, checkpoint.best, stopping.wait, stopping.stopped_epoch, reduce.wait]]))
"""


def test_of_several_workers_the_chief_alone_writes_shows_and_sends(tmp_path: Path) -> None:
    with HTTPServer(("127.0.0.1", 0), Received) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        chief, other = run_workers(2, WRITERS, tmp_path, server.server_port).printed
        server.shutdown()
    *lines, found = chief.splitlines()
    files, state = json.loads(found)
    assert files == ["backup", "best.h5", "logs", "own.csv"]
    for text in (
        "loss improved",
        "early stopping",
        "Restoring",
        "reducing",
        "setting",
        "Evaluation",
        "Epoch 2/5",
    ):
        assert any(text in line for line in lines), text
    assert json.loads(other) == [[], state]  # the same logs and decisions, no file and no line
    assert Received.paths == ["/publish/epoch/end/"] * 2


class Received(BaseHTTPRequestHandler):
    """A server that notes what is sent to it."""

    paths: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.paths.append(self.path)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


class Other(Workers):
    """A worker that is not the chief."""

    rank, size = 1, 2


class OfOthers:
    """A model that several workers train."""

    workers = Other()


def test_a_class_that_the_chief_writes() -> None:
    done: list[str] = []

    @written_by_chief
    class Writing(Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            done.append("base")

        def wake_after(self) -> int | None:
            return 3

        def watches(self, hook: str) -> bool:
            return implements(self, hook, beyond=Writing)

    class Own(Writing):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            done.append("own")
            super().on_epoch_end(epoch, logs)

    callback = Own()
    callback.on_epoch_end(0)
    assert (done, callback.wake_after()) == (["own", "base"], 3)
    done.clear()
    callback.model = OfOthers()
    assert not callback.is_chief
    callback.on_epoch_end(0)
    assert (done, callback.wake_after()) == (["own"], None)
    assert not callback.watches("on_test_begin") and callback.watches("on_epoch_end")


def test_lines_of_the_chief(capsys: pytest.CaptureFixture[str]) -> None:
    callback = Callback()
    say(callback, "one")
    callback.model = OfOthers()
    say(callback, "two")
    assert capsys.readouterr().out == "one\n"
