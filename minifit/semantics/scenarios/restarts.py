"""BackupAndRestore."""

from pathlib import Path
from typing import Any

import numpy as np

from minifit.semantics.playing import scenario
from minifit.semantics.stage import (
    X,
    Y,
    backing_up,
    fit,
    listener,
    model_of,
    scores,
    stopping_at,
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
    def epochs(model: Any, callback: Any) -> Any:
        try:
            return len(fit(model, (callback,), 2).epoch)
        except AttributeError:
            return "raises AttributeError"

    model, callback = model_of(keras), backing(keras, folder)
    seen: Any = {}
    seen["the same callback"] = [epochs(model, callback) for _ in range(2)]
    seen["another callback"] = [epochs(model, backing(keras, folder)) for _ in range(2)]
    broken_off(lambda: fit(model, (callback, failing(keras, "on_epoch_begin", 1)), 2))
    seen["after one that was broken off"] = [epochs(model, callback) for _ in range(2)]
    seen["without it"] = len(fit(model, epochs=2).epoch)
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
    heard: Any = []

    def train(*callbacks: Any) -> Any:
        model = model_of(keras)
        fit(model, (backing(keras, folder, save_freq=2), *callbacks), 2, batch_size=1)
        return weight_of(model)

    whole = model_of(keras)
    fit(whole, epochs=2, batch_size=1)
    broken_off(lambda: train(failing(keras, "on_train_batch_begin", 3)))
    look = listener(
        keras,
        on_epoch_begin=lambda self, epoch, logs=None: heard.append(f"epoch {epoch}"),
        on_train_batch_end=lambda self, batch, logs=None: heard.append(f"batch {batch}"),
    )
    same = abs(train(look) - weight_of(whole)) < 1e-6
    return {"hooks of the resumed run": heard, "ends as the whole run": same}


@scenario("BR-8")
def backup_of_another_run(keras: Any, folder: Path) -> Any:
    def answer(**options: Any) -> str:
        place = folder / str(len(list(folder.iterdir())))
        place.mkdir()
        broken_off(
            lambda: fit(model_of(keras), (backing(keras, place), failing(keras, "on_epoch_begin", 1)), 2)
        )
        try:
            fit(model_of(keras, **options), (backing(keras, place),), 2)
        except Exception as error:
            unless_absent(error)
            return "refused"
        return "accepted"

    return {
        "another loss": answer(loss="mae"),
        "more metrics": answer(metrics=["mae"]),
        "another optimizer": answer(optimizer=keras.optimizers.Adam()),
        "another rate": answer(optimizer=keras.optimizers.SGD(0.5)),
    }


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
    broken_off(lambda: fit(model_of(keras), (backing(keras, folder), failing(keras, "on_epoch_begin", 3)), 5))
    try:
        fit(model_of(keras), (backing(keras, folder),), 2)
        fewer = "accepted"
    except ValueError:
        fewer = "refused"
    left = files_in(folder)
    whole = fit(model_of(keras), (backing(keras, folder),), 5, initial_epoch=1).epoch
    return {
        "fewer than were trained": fewer,
        "a file is left": left,
        "epochs with another initial_epoch": whole,
        "a file is left at the end": files_in(folder),
    }
