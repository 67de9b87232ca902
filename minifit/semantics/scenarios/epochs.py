"""The fit loop: data that ends, epochs that are none, logs, and what is refused."""

from pathlib import Path
from typing import Any

import numpy as np

from minifit.semantics.playing import cannot_ask, scenario
from minifit.semantics.scenarios.training import BATCHES, TRAINING, stopping_in
from minifit.semantics.stage import (
    HOOKS,
    X,
    Y,
    fit,
    heard_warnings,
    listener,
    logs_in,
    model_of,
    recorder,
    refusal,
    tried,
    unless_absent,
)


@scenario("FIT-17")
def arrays_as_one_stream(keras: Any, folder: Path) -> Any:
    def losses(steps: int, batch_size: Any) -> Any:
        model = model_of(keras, optimizer=keras.optimizers.SGD(0.0))
        return fit(model, epochs=2, batch_size=batch_size, steps_per_epoch=steps).history["loss"]

    def orders() -> Any:
        model = model_of(keras, optimizer=keras.optimizers.SGD(0.0))
        x = np.arange(8.0)[:, np.newaxis]
        options = {"epochs": 16, "steps_per_epoch": 4, "batch_size": 1, "shuffle": True}
        batches: Any = []
        watching = listener(
            keras, on_epoch_end=lambda self, epoch, logs=None: batches.append(round(4.0 * logs["loss"]))
        )
        fit(model, (watching,), data=(x, x), **options)
        whole = sum(int(value) ** 2 for value in range(8))
        sums = [first + second for first, second in zip(batches[::2], batches[1::2])]
        return {"every pass has all rows": sums == [whole] * 8, "in other orders": len(set(batches)) > 2}

    return {
        "1 step of 2 rows": losses(1, 2),
        "3 steps of 2 rows": losses(3, 2),
        "2 steps without a batch size": losses(2, None),
        "shuffled": orders(),
    }


@scenario("FIT-18")
def training_data_ends(keras: Any, folder: Path) -> Any:
    def rows() -> Any:
        for _ in range(3):
            yield X, Y

    events: Any = []
    model = model_of(keras)
    hooks = (*TRAINING, "on_test_begin", "on_test_end")
    with heard_warnings() as texts:
        model.fit(
            rows(),
            epochs=3,
            steps_per_epoch=2,
            validation_data=(X, Y),
            callbacks=[recorder(keras, events, hooks)],
            verbose=0,
        )
    return {"hooks": events, "warnings": len(texts), "stop_training": bool(model.stop_training)}


@scenario("FIT-19")
def validation_data_ends(keras: Any, folder: Path) -> Any:
    def rows() -> Any:
        for _ in range(2):  # a third would be lost or not: TensorFlow fetches one ahead
            yield X, Y

    events: Any = []
    watching = recorder(keras, events, ("on_test_begin", "on_test_batch_end", "on_test_end", "on_epoch_end"))
    keys: Any = []
    noting = listener(keras, on_epoch_end=lambda self, epoch, logs=None: keys.append(sorted(logs)))
    fit(model_of(keras), (watching, noting), epochs=2, validation_data=rows(), validation_steps=2)
    from_generator = {"hooks": list(events), "keys": list(keys)}
    events.clear()
    keys.clear()
    options = {"validation_data": (X, Y), "validation_batch_size": 4, "validation_steps": 2}
    fit(model_of(keras), (watching, noting), epochs=2, **options)
    return {"a generator": from_generator, "arrays": {"hooks": events, "keys": keys}}


@scenario("FIT-20")
def no_epochs(keras: Any, folder: Path) -> Any:
    def hooks(**options: Any) -> Any:
        events: Any = []
        history = fit(model_of(keras), (recorder(keras, events),), **options)
        return [events, dict(history.history)]

    return {
        "epochs=0": tried(lambda: hooks(epochs=0)),
        "initial_epoch=2": tried(lambda: hooks(epochs=2, initial_epoch=2)),
    }


@scenario("FIT-21")
def older_batch_hooks(keras: Any, folder: Path) -> Any:
    events: Any = []
    old = ("on_batch_begin", "on_batch_end")
    model = model_of(keras)
    fit(model, (recorder(keras, events, old),))
    model.evaluate(X, Y, callbacks=[recorder(keras, events, old)], verbose=0)
    both: Any = []
    fit(model, (recorder(keras, both, (*old, *BATCHES)),))
    return {"the older alone": events, "beside the newer": both}


@scenario("FIT-22")
def logs_of_hooks(keras: Any, folder: Path) -> Any:
    seen: Any = {}

    def hook(name: str) -> Any:
        def look(self: Any, *arguments: Any, **keywords: Any) -> None:
            logs = logs_in(arguments, keywords)
            seen[name] = {key: type(value).__name__ for key, value in logs.items()}

        return look

    names = [name for name in HOOKS if "predict" not in name]
    model = model_of(keras, metrics=["mae"], weighted_metrics=["mse"])
    fit(model, (listener(keras, **{name: hook(name) for name in names}),), validation_data=(X, Y))
    return seen


@scenario("FIT-23")
def values_of_validation(keras: Any, folder: Path) -> Any:
    seen: Any = {}

    def tested(self: Any, logs: Any = None) -> None:
        seen["on_test_end"] = logs["loss"]

    def ended(self: Any, epoch: int, logs: Any = None) -> None:
        seen["val_loss"] = logs["val_loss"]
        seen["model.metrics"] = float(np.asarray(self.model.metrics[0].result()))

    watching = listener(keras, on_test_end=tested, on_epoch_end=ended)
    fit(model_of(keras), (watching,), validation_data=(3.0 * X, Y))
    return seen


@scenario("FIT-24")
def values_in_the_logs_of_a_batch(keras: Any, folder: Path) -> Any:
    seen: Any = {}

    def write(self: Any, batch: Any, logs: Any = None) -> None:
        logs["extra"] = 1.0

    def look(name: str) -> Any:
        def note(self: Any, *arguments: Any, **keywords: Any) -> None:
            seen[name] = sorted(key for key in logs_in(arguments, keywords) if "extra" in key)

        return note

    names = ("on_train_batch_end", "on_epoch_end", "on_test_batch_end", "on_test_end")
    writing = listener(keras, on_train_batch_end=write, on_test_batch_end=write)
    looking = listener(keras, **{name: look(name) for name in names})
    history = fit(model_of(keras), (writing, looking), validation_data=(X, Y)).history
    return {**seen, "History": sorted(key for key in history if "extra" in key)}


@scenario("FIT-25")
def stop_training(keras: Any, folder: Path) -> Any:
    model = model_of(keras)
    model.stop_training = True
    epochs = len(fit(model, epochs=2).epoch)
    fit(model, (stopping_in(keras, "on_epoch_end"),), epochs=2)
    after = bool(model.stop_training)
    events: Any = []
    model.evaluate(X, Y, batch_size=2, callbacks=[recorder(keras, events, ("on_test_batch_end",))], verbose=0)
    return {"epochs": epochs, "after a stop": after, "batches of evaluate": len(events)}


@scenario("FIT-26")
def no_callback(keras: Any, folder: Path) -> Any:
    def answer(wrong: Any) -> Any:
        events: Any = []
        model = model_of(keras)
        try:
            fit(model, [recorder(keras, events, TRAINING), wrong])
        except Exception as error:
            unless_absent(error)
            return {"refused": True, "hooks before": events}
        return {"refused": False, "hooks before": events}

    return {"a class": answer(keras.callbacks.TerminateOnNaN), "None": answer(None)}


cannot_ask("when batches run together is a matter of minifit's own loop", "FIT-27")


@scenario("FIT-28")
def list_of_ones_own(keras: Any, folder: Path) -> Any:
    events: Any = []
    model = model_of(keras)
    own = keras.callbacks.CallbackList(
        [recorder(keras, events, ("on_epoch_end",))], model=model, epochs=7, verbose=0, steps=1
    )
    result = tried(lambda: type(fit(model, own)).__name__)
    return {"hooks": events, "params": dict(own.params), "fit returns": result}


@scenario("FIT-29")
def history_of_several_fits(keras: Any, folder: Path) -> Any:
    model = model_of(keras)
    first = fit(model)
    second = fit(model)
    own = keras.callbacks.History()
    for _ in range(2):
        fit(model, (own,), epochs=2)
    return {
        "a new one": first is not second,
        "one of the list": [list(own.epoch), len(own.history["loss"])],
    }


@scenario("FIT-30")
def end_of_a_generator(keras: Any, folder: Path) -> Any:
    events: Any = []

    def rows() -> Any:
        for number in range(2):
            events.append(f"fetched {number}")
            yield X, Y

    model = model_of(keras)
    model.fit(
        rows(), callbacks=[recorder(keras, events, ("on_train_begin", *BATCHES, "on_epoch_end"))], verbose=0
    )
    hooks = [event for event in events if not event.startswith("fetched")]
    early = events.index("fetched 0") < events.index("train_begin")
    return {"the first batch is fetched before on_train_begin": early, "hooks": hooks}


@scenario("FIT-31")
def data_changed_in_place(keras: Any, folder: Path) -> Any:
    def seen(place: int) -> Any:
        data = [X.copy(), Y.copy(), np.ones(4, np.float32)]
        losses: Any = []

        def change(self: Any, batch: int, logs: Any = None) -> None:
            losses.append(logs["loss"] * (batch + 1))
            data[place][:] = 100.0

        model = model_of(keras, optimizer=keras.optimizers.SGD(0.0))
        model.set_weights([np.ones((1, 1), np.float32)])
        x, y, weights = data
        watching = listener(keras, on_train_batch_end=change)
        fit(model, (watching,), data=(x, y), sample_weight=weights, batch_size=1)
        return losses[1] > 100.0

    names = ("inputs", "targets", "weights")
    return {f"the next batch has the new {name}": seen(place) for place, name in enumerate(names)}


@scenario("FIT-32")
def names_that_hide_others(keras: Any, folder: Path) -> Any:
    def answer(name: str) -> str:
        metric = keras.metrics.MeanAbsoluteError(name=name)
        return refusal(lambda: fit(model_of(keras, metrics=[metric]), validation_data=(X, Y)))

    names = ("loss", "lr", "epoch", "batch", "val_loss")
    return {f"a metric called {name}": answer(name) for name in names}
