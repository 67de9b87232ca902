"""The fit loop: hooks, their order and what is in their logs."""

import contextlib
import gc
import io
from pathlib import Path
from typing import Any

import numpy as np

from minifit.semantics.playing import scenario
from minifit.semantics.stage import (
    HOOKS,
    X,
    Y,
    fit,
    listener,
    logs_in,
    model_of,
    rate_of,
    recorder,
    refusal,
    scores,
    tried,
    weight_of,
)

BATCHES = ("on_train_batch_begin", "on_train_batch_end")
TRAINING = ("on_train_begin", "on_epoch_begin", *BATCHES, "on_epoch_end", "on_train_end")


def heard(keras: Any, hooks: Any = HOOKS, *callbacks: Any, **options: Any) -> Any:
    """Train and return the hooks that were called."""
    events: Any = []
    fit(model_of(keras), (*callbacks, recorder(keras, events, hooks)), **options)
    return events


def stopping_in(keras: Any, hook: str, at: int = 0) -> Any:
    """Return a callback that stops training in a hook, at this index where there is one."""

    def stop(self: Any, index: Any = None, logs: Any = None) -> None:
        if index in (at, None) or isinstance(index, dict):
            self.model.stop_training = True

    return listener(keras, **{hook: stop})


@scenario("FIT-1")
def order_of_callbacks(keras: Any, folder: Path) -> Any:
    called: Any = []

    def naming(name: str) -> Any:
        return listener(keras, on_epoch_end=lambda self, epoch, logs=None: called.append(name))

    first, second = naming("first"), naming("second")
    late = fit(model_of(keras), (first, second, first, scores(keras, [5.0]))).history
    own = keras.callbacks.History()
    early = fit(model_of(keras), (own, scores(keras, [5.0]))).history
    return {
        "called": called,
        "History sees what the list writes": "score" in late,
        "History ahead in the list sees it": "score" in early,
        "History of the list is returned": early is own.history,
    }


@scenario("FIT-2")
def params(keras: Any, folder: Path) -> Any:
    seen: Any = []

    def see(self: Any, logs: Any = None) -> None:
        seen.append(dict(self.params))

    def rows() -> Any:
        for _ in range(2):
            yield X, Y

    watching = listener(keras, on_train_begin=see, on_test_begin=see)
    fit(model_of(keras), (watching,), batch_size=2, validation_data=(X, Y))
    model_of(keras).fit(rows(), callbacks=[watching], verbose=0)
    return seen


@scenario("FIT-3")
def running_means(keras: Any, folder: Path) -> Any:
    logs_of: Any = {"batches": [], "epoch": []}
    watching = listener(
        keras,
        on_train_batch_end=lambda self, batch, logs=None: logs_of["batches"].append(logs["loss"]),
        on_epoch_end=lambda self, epoch, logs=None: logs_of["epoch"].append(logs["loss"]),
    )
    model = model_of(keras, optimizer=keras.optimizers.SGD(0.0))
    fit(model, (watching,), batch_size=3)
    return logs_of


@scenario("FIT-4")
def several_steps_at_once(keras: Any, folder: Path) -> Any:
    events: Any = []
    x = np.ones((10, 1), np.float32)
    model = model_of(keras, steps_per_execution=3)
    fit(model, (recorder(keras, events, BATCHES),), data=(x, x), batch_size=1)
    return events


@scenario("FIT-5")
def stop_in_an_epoch(keras: Any, folder: Path) -> Any:
    stopping = stopping_in(keras, "on_train_batch_end", at=1)
    hooks = (*TRAINING, "on_test_begin", "on_test_end")
    return heard(keras, hooks, stopping, epochs=3, batch_size=1, validation_data=(X, Y))


@scenario("FIT-6")
def stop_before_an_epoch(keras: Any, folder: Path) -> Any:
    return {
        hook: heard(keras, TRAINING, stopping_in(keras, hook), epochs=3, batch_size=1)
        for hook in ("on_train_begin", "on_epoch_begin")
    }


@scenario("FIT-7")
def other_calls_in_a_hook(keras: Any, folder: Path) -> Any:
    other = (10.0 * X, Y)
    another = model_of(keras)

    def loss(action: Any) -> Any:
        def call(self: Any, batch: int, logs: Any = None) -> None:
            action(self.model)

        return fit(model_of(keras), (listener(keras, on_train_batch_end=call),), batch_size=1).history["loss"]

    return {
        "nothing": loss(lambda model: None),
        "evaluate": tried(lambda: loss(lambda model: model.evaluate(*other, verbose=0))),
        "predict": tried(lambda: loss(lambda model: model.predict(X, verbose=0))),
        "fit of another model": tried(lambda: loss(lambda model: fit(another))),
    }


@scenario("FIT-8")
def forms_of_the_list(keras: Any, folder: Path) -> Any:
    def called(form: Any) -> Any:
        names: Any = []
        one = listener(keras, on_epoch_end=lambda self, epoch, logs=None: names.append("one"))
        two = listener(keras, on_epoch_end=lambda self, epoch, logs=None: names.append("two"))
        return [refusal(lambda: fit(model_of(keras), form(one, two))), names]

    return {"nested": called(lambda one, two: [one, [[two]]]), "single": called(lambda one, two: one)}


@scenario("FIT-9")
def exception_in_a_hook(keras: Any, folder: Path) -> Any:
    def answer(error: Any) -> Any:
        def fail(self: Any, epoch: int, logs: Any = None) -> None:
            raise error

        events: Any = []
        model, raised = model_of(keras), "nothing"
        try:
            fit(model, (listener(keras, on_epoch_end=fail), recorder(keras, events, TRAINING)), epochs=2)
        except BaseException as caught:
            raised = type(caught).__name__
        return {"raised": raised, "later hooks": events, "trains again": len(fit(model).history["loss"])}

    return {"an exception": answer(ZeroDivisionError), "Ctrl-C": answer(KeyboardInterrupt)}


@scenario("FIT-33")
def exception_in_the_data(keras: Any, folder: Path) -> Any:
    def rows() -> Any:
        yield X, Y
        raise ZeroDivisionError

    events: Any = []
    raised = tried(lambda: model_of(keras).fit(rows(), callbacks=[recorder(keras, events)], verbose=0))
    return {"raised": raised, "epoch_end or train_end": [event for event in events if "_end" in event][1:]}


@scenario("FIT-34")
def what_a_broken_fit_leaves(keras: Any, folder: Path) -> Any:
    def fail(self: Any, index: int, logs: Any = None) -> None:
        raise ZeroDivisionError

    place = str(folder / "log.csv")
    writing = keras.callbacks.CSVLogger(place)
    with contextlib.suppress(ZeroDivisionError):
        fit(model_of(keras), (writing, listener(keras, on_epoch_end=fail)))
    # no look into what a proxy stands for
    files = [o for o in gc.get_objects() if issubclass(type(o), io.IOBase)]
    opened = [file for file in files if getattr(file, "name", None) == place]
    opened += [writing.csv_file] if getattr(writing, "csv_file", None) is not None else []

    model = model_of(keras, optimizer=keras.optimizers.SGD(0.0))
    with contextlib.suppress(ZeroDivisionError):
        fit(model, (listener(keras, on_test_batch_end=fail),), validation_data=(X, Y))
    logs = fit(model, validation_data=(X, 10.0 * Y)).history
    return {
        "file is closed": all(getattr(file, "closed", False) for file in opened),
        "val_loss of the next fit": logs["val_loss"],
    }


@scenario("FIT-10")
def values_in_the_logs_of_an_epoch(keras: Any, folder: Path) -> Any:
    seen: Any = {}

    def note(hook: str) -> Any:
        def look(self: Any, *arguments: Any, **keywords: Any) -> None:
            seen[hook] = "score" in logs_in(arguments, keywords)

        return look

    before = listener(keras, on_epoch_end=note("earlier"))
    after = listener(keras, on_epoch_end=note("later"), on_train_end=note("on_train_end"))
    history = fit(model_of(keras), (before, scores(keras, [1.0]), after)).history
    return {**seen, "History": "score" in history}


@scenario("FIT-11")
def targets_of_rank_1(keras: Any, folder: Path) -> Any:
    model = model_of(keras, metrics=["mae"], optimizer=keras.optimizers.SGD(0.0))
    model.set_weights([np.ones((1, 1), np.float32)])
    return {key: value[0] for key, value in fit(model, data=(X, Y.ravel())).history.items()}


@scenario("FIT-12")
def new_rate(keras: Any, folder: Path) -> Any:
    weights: Any = []

    def change(self: Any, batch: int, logs: Any = None) -> None:
        if batch == 1:
            self.model.optimizer.learning_rate = 0.0

    def look(self: Any, batch: int, logs: Any = None) -> None:
        weights.append(weight_of(self.model))

    watching = listener(keras, on_train_batch_begin=change, on_train_batch_end=look)
    model = model_of(keras, optimizer=keras.optimizers.SGD(0.1))
    rate = rate_of(model)
    fit(model, (watching,), batch_size=1)
    return {"rate of 0.1 is float32": rate == float(np.float32(0.1)), "weights": weights}


@scenario("FIT-13")
def name_of_the_rate(keras: Any, folder: Path) -> Any:
    return {"in History": sorted(set(fit(model_of(keras), (constant_rate(keras),)).history) - {"loss"})}


def constant_rate(keras: Any) -> Any:
    """Return a LearningRateScheduler whose rate is always 0.5."""

    def constant(epoch: int) -> float:
        return 0.5

    return keras.callbacks.LearningRateScheduler(constant)


@scenario("FIT-35")
def type_of_the_rate(keras: Any, folder: Path) -> Any:
    kinds: Any = []

    def look(self: Any, epoch: int, logs: Any = None) -> None:
        kinds.extend(type(value).__name__ for key, value in logs.items() if key != "loss")

    fit(model_of(keras), (constant_rate(keras), listener(keras, on_epoch_end=look)))
    return {"types": kinds}


@scenario("FIT-14")
def default_optimizer(keras: Any, folder: Path) -> Any:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(loss="mse")
    return {"optimizer": type(model.optimizer).__name__}


@scenario("FIT-15")
def counting(keras: Any, folder: Path) -> Any:
    return heard(keras, TRAINING, epochs=4, initial_epoch=2, batch_size=2)


@scenario("FIT-16")
def same_file_twice(keras: Any, folder: Path) -> Any:
    place = str(folder / "log.csv")
    both = (keras.callbacks.CSVLogger(place), keras.callbacks.CSVLogger(place))
    model = model_of(keras)
    return {"a second CSVLogger": refusal(lambda: fit(model, both)), "weight": weight_of(model)}
