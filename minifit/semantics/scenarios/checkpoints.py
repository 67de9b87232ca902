"""ModelCheckpoint."""

from pathlib import Path
from typing import Any

from minifit.semantics.playing import cannot_ask, scenario
from minifit.semantics.stage import (
    X,
    Y,
    fit,
    listener,
    model_of,
    recorder,
    refusal,
    scores,
    unless_absent,
    weight_of,
    weighted_by_epoch,
)


def saving(keras: Any, path: Path, **options: Any) -> Any:
    """Return a ModelCheckpoint that saves weights alone."""
    return keras.callbacks.ModelCheckpoint(str(path), save_weights_only=True, **options)


def saved_weight(keras: Any, file: Path) -> float:
    """Return the weight in a file."""
    model = model_of(keras)
    model.load_weights(str(file))
    return weight_of(model)


@scenario("MC-1")
def frequency_in_batches(keras: Any, folder: Path) -> Any:
    return saves(keras, folder / "some.weights.h5", 1)


def saves(keras: Any, file: Path, steps: int) -> Any:
    """Return the batches after which a file is saved in two fits of two epochs of four batches."""
    events: Any = []

    def look(self: Any, batch: int, logs: Any = None) -> None:
        if file.exists():
            events.append(f"saved at batch {batch}")
            file.unlink()

    model = model_of(keras, steps_per_execution=steps)
    callbacks = (saving(keras, file, save_freq=3), listener(keras, on_train_batch_end=look))
    for _ in range(2):
        fit(model, callbacks, epochs=2, batch_size=1)
    return events


@scenario("MC-8")
def frequency_in_executions(keras: Any, folder: Path) -> Any:
    return saves(keras, folder / "some.weights.h5", 3)


@scenario("MC-2")
def folders_are_made(keras: Any, folder: Path) -> Any:
    file = folder / "new" / "newer" / "best.weights.h5"
    try:
        fit(model_of(keras), (saving(keras, file),))
    except OSError:
        return {"saved": False}
    return {"saved": file.exists()}


@scenario("MC-3")
def placeholder_that_nothing_fills(keras: Any, folder: Path) -> Any:
    def answer(name: str, *ahead: Any, **options: Any) -> Any:
        events: Any = []
        watching = recorder(keras, events, ("on_train_begin", "on_epoch_end"))
        try:
            fit(model_of(keras), (*ahead, saving(keras, folder / name), watching), **options)
        except Exception as error:
            unless_absent(error)
            return {"refused": True, "hooks before": events}
        return {"refused": False, "hooks before": events}

    validation = {"epochs": 2, "validation_data": (X, Y), "validation_freq": 2}
    return {
        "a name that does not exist": answer("{val_loss}.weights.h5"),
        "a format that does not fit": answer("{loss:d}.weights.h5"),
        "a name in the logs": answer("{epoch}-{loss:.2f}.weights.h5"),
        "a name that a callback ahead fills": answer("{score}.weights.h5", scores(keras, [1.0])),
        "a name that every second validation fills": answer("{val_loss:.2f}.weights.h5", **validation),
    }


@scenario("MC-4")
def name_without_a_suffix(keras: Any, folder: Path) -> Any:
    result = refusal(lambda: fit(model_of(keras), (keras.callbacks.ModelCheckpoint(str(folder / "model")),)))
    found = sorted(path.name + ("/" if path.is_dir() else "") for path in folder.iterdir())
    return {"result": result, "files": found}


@scenario("MC-5")
def best_outlives_a_fit(keras: Any, folder: Path) -> Any:
    file = folder / "best.weights.h5"
    best = saving(keras, file, monitor="score", save_best_only=True, mode="min")
    model = model_of(keras)
    kept = []
    for values in ([3.0, 1.0], [2.0, 4.0], [0.5, 0.7]):
        fit(model, (scores(keras, values), weighted_by_epoch(keras), best), epochs=2)
        kept.append([saved_weight(keras, file), float(best.best)])
    return {"weight and best after each fit": kept}


@scenario("MC-6")
def storage_options(keras: Any, folder: Path) -> Any:
    file = folder / "some.weights.h5"
    options = {"compression": "gzip"}
    return {
        "a dict": refusal(lambda: fit(model_of(keras), (saving(keras, file, options=options),))),
        "a number": refusal(lambda: fit(model_of(keras), (saving(keras, file, options=3),))),
    }


cannot_ask(
    "a process would have to be killed at every instant of a save, within each framework's own code", "MC-7"
)
