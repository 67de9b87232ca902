"""BackupAndRestore."""

from pathlib import Path
from typing import Any

import numpy as np

from minifit.semantics.playing import scenario
from minifit.semantics.stage import (
    RATE,
    X,
    Y,
    backing_up,
    fit,
    listener,
    model_of,
    scores,
    stopping_at,
    tried,
    unless_absent,
    weight_of,
)


def failing(keras: Any, hook: str, at: int) -> Any:
    """Return a callback that breaks training off in a hook at this index."""

    def fail(self: Any, index: int, logs: Any = None) -> None:
        if index == at:
            raise ZeroDivisionError

    return listener(keras, **{hook: fail})


def broken_off(action: Any) -> bool:
    """Do what is broken off by a callback; return whether it was."""
    try:
        action()
    except ZeroDivisionError:
        return True
    return False


def backing(keras: Any, folder: Path, **options: Any) -> Any:
    return backing_up(keras, folder / "backup", **options)


def files_in(folder: Path) -> bool:
    """Tell whether a file of a backup is there."""
    return any(path.is_file() for path in (folder / "backup").rglob("*"))


@scenario("BR-1")
def fit_after_a_completed_one(keras: Any, folder: Path) -> Any:
    model, callback = model_of(keras), backing(keras, folder)

    def epochs(*callbacks: Any) -> Any:
        return tried(lambda: len(fit(model, callbacks, 2).epoch))

    seen: Any = {}
    seen["the same callback"] = [epochs(callback) for _ in range(2)]
    seen["another callback"] = [epochs(backing(keras, folder)) for _ in range(2)]
    tried(lambda: fit(model, (callback, failing(keras, "on_epoch_begin", 1)), 2))
    seen["after one that was broken off and one that resumed it"] = [epochs(callback) for _ in range(2)][1:]
    seen["without it"] = epochs()
    return seen


@scenario("BR-2")
def state_of_other_callbacks(keras: Any, folder: Path) -> Any:
    values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]

    def train(*callbacks: Any) -> Any:
        stopping = keras.callbacks.EarlyStopping("score", patience=4, mode="min")
        return fit(model_of(keras), (scores(keras, values), stopping, *callbacks), 8).epoch[-1]

    whole = train()
    broken_off(lambda: train(backing(keras, folder), failing(keras, "on_epoch_begin", 3)))
    return {"stopped at epoch": whole, "resumed, stopped at epoch": train(backing(keras, folder))}


@scenario("BR-3")
def history_of_a_resumed_run(keras: Any, folder: Path) -> Any:
    broken_off(lambda: fit(model_of(keras), (backing(keras, folder), failing(keras, "on_epoch_begin", 2)), 4))
    history = fit(model_of(keras), (backing(keras, folder),), 4)
    return {"epochs": list(history.epoch), "values": len(history.history["loss"])}


@scenario("BR-4")
def before_the_first_backup(keras: Any, folder: Path) -> Any:
    broken_off(
        lambda: fit(model_of(keras), (backing(keras, folder), failing(keras, "on_train_batch_end", 0)), 2)
    )
    there = files_in(folder)
    return {
        "a file is there": there,
        "epochs": list(fit(model_of(keras), (backing(keras, folder),), 2).epoch),
    }


@scenario("BR-5")
def run_that_is_stopped(keras: Any, folder: Path) -> Any:
    fit(model_of(keras), (stopping_at(keras, 1), backing(keras, folder)), 4)
    stopped = files_in(folder)
    y = np.full_like(Y, np.nan)
    fit(model_of(keras), (keras.callbacks.TerminateOnNaN(), backing(keras, folder)), 4, data=(X, y))
    return {"a file is left after a stop": stopped, "after NaN": files_in(folder)}


@scenario("BR-6")
def place_in_the_list(keras: Any, folder: Path) -> Any:
    def writing(self: Any, epoch: int, logs: Any = None) -> None:
        self.model.set_weights([np.full((1, 1), 7.0)])

    later = listener(keras, on_epoch_end=writing)
    failed = failing(keras, "on_epoch_begin", 1)
    broken_off(lambda: fit(model_of(keras), (backing(keras, folder), later, failed), 2))
    weights: Any = []
    look = listener(
        keras, on_epoch_begin=lambda self, epoch, logs=None: weights.append(weight_of(self.model))
    )
    fit(model_of(keras), (backing(keras, folder), look), 2)
    return {"weight that is restored": weights}


@scenario("BR-7")
def backups_in_an_epoch(keras: Any, folder: Path) -> Any:
    def train(place: str, *callbacks: Any) -> Any:
        model = model_of(keras)
        fit(model, (backing(keras, folder / place, save_freq=2), *callbacks), 2, batch_size=1)
        return weight_of(model)

    def resumed(place: str, *callbacks: Any) -> Any:
        (folder / place).mkdir()
        broken_off(lambda: train(place, failing(keras, "on_train_batch_begin", 3)))
        return abs(train(place, *callbacks) - weight_of(whole)) < 1e-6

    def change(self: Any, epoch: int, logs: Any = None) -> None:
        heard.append(f"epoch {epoch}")
        if epoch == 0:
            self.model.set_weights([np.full((1, 1), 5.0)])

    heard: Any = []
    whole = model_of(keras)
    fit(whole, epochs=2, batch_size=1)
    look = listener(keras, on_train_batch_end=lambda self, batch, logs=None: heard.append(f"batch {batch}"))
    return {
        "ends as the whole run": resumed("one"),
        "and with another weight set in on_epoch_begin": resumed(
            "other", look, listener(keras, on_epoch_begin=change)
        ),
        "hooks of the resumed run": heard,
    }


@scenario("BR-8")
def backup_of_another_run(keras: Any, folder: Path) -> Any:
    def answer(place: Path, model: Any, **options: Any) -> str:
        place.mkdir()
        broken_off(
            lambda: fit(model_of(keras), (backing(keras, place), failing(keras, "on_epoch_begin", 1)), 2)
        )
        try:
            fit(model, (backing(keras, place),), 2, **options)
        except Exception as error:
            unless_absent(error)
            return "refused"
        return "accepted"

    def deeper() -> Any:
        layers = [keras.layers.Dense(1, use_bias=False) for _ in range(2)]
        model = keras.Sequential([keras.Input((1,)), *layers])
        model.compile(keras.optimizers.SGD(RATE), "mse")
        return model

    others = {
        "another loss": model_of(keras, loss="mae"),
        "more metrics": model_of(keras, metrics=["mae"]),
        "another optimizer": model_of(keras, optimizer=keras.optimizers.Adam()),
        "more layers": deeper(),
        "another learning rate": model_of(keras, optimizer=keras.optimizers.SGD(0.5)),
    }
    answers = {name: answer(folder / name.replace(" ", "_"), model) for name, model in others.items()}
    return {**answers, "fewer rows": answer(folder / "rows", model_of(keras), data=(X[:2], Y[:2]))}


@scenario("BR-9")
def resumed_as_whole(keras: Any, folder: Path) -> Any:
    x = np.arange(8, dtype=np.float32)[:, np.newaxis] / 8.0
    y = np.sin(5.0 * x)

    def train(*callbacks: Any) -> Any:
        keras.utils.set_random_seed(3)
        model = model_of(keras, optimizer=keras.optimizers.SGD(0.3, momentum=0.5))
        fit(model, callbacks, 4, data=(x, y), batch_size=1, shuffle=True)
        return weight_of(model)

    whole = train()
    again = train()
    broken_off(lambda: train(backing(keras, folder), failing(keras, "on_epoch_begin", 2)))
    return {"two runs are equal": whole == again, "resumed as whole": train(backing(keras, folder)) == whole}


@scenario("BR-10")
def other_numbers_of_epochs(keras: Any, folder: Path) -> Any:
    def resumed(place: str, epochs: int, **options: Any) -> Any:
        (folder / place).mkdir()
        callback = backing(keras, folder / place)
        broken_off(lambda: fit(model_of(keras), (callback, failing(keras, "on_epoch_begin", 3)), 5))
        try:
            return list(fit(model_of(keras), (backing(keras, folder / place),), epochs, **options).epoch)
        except ValueError:
            return "refused"

    def rows() -> Any:
        yield X, Y

    tried(lambda: fit(model_of(keras), (backing(keras, folder),), 3, data=(rows(),), **STEPS))
    return {
        "epochs that a later initial_epoch trains": resumed("later", 5, initial_epoch=4),
        "fewer epochs than were trained": resumed("fewer", 2),
        "a backup is left where the data ends before": files_in(folder),
    }


STEPS = {"steps_per_epoch": 1, "batch_size": None}
