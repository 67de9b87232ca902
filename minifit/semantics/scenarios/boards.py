"""TensorBoard."""

import contextlib
import re
from pathlib import Path
from typing import Any

from minifit.semantics.playing import AbsentError, cannot_ask, scenario
from minifit.semantics.stage import (
    X,
    Y,
    backing_up,
    events_in,
    fit,
    heard_warnings,
    listener,
    tried,
    unless_absent,
)


def board(keras: Any, folder: Path, model: Any, epochs: int = 1, times: int = 1, **options: Any) -> Any:
    """Train with a TensorBoard and return the values that it wrote: folder, tag and step.

    Where no callback has a hook of batches, some frameworks do not call those of TensorBoard either.
    """
    fit_options = {name: options.pop(name) for name in ("validation_data", "batch_size") if name in options}
    settings = {"write_graph": False, "profile_batch": 0}
    settings.update(options)
    (folder / "logs").mkdir(parents=True)
    try:
        for _ in range(times):
            callback = keras.callbacks.TensorBoard(str(folder / "logs"), **settings)
            watching = listener(keras, on_train_batch_end=lambda self, batch, logs=None: None)
            fit(model, (callback, watching), epochs, **fit_options)
    except ImportError:
        raise AbsentError("TensorBoard where TensorFlow is not installed") from None
    return events_in(folder / "logs")


def tags(events: Any) -> Any:
    """Return the tags of events once, in order, without the numbers of layers."""
    return sorted({re.sub(r"dense_\d+", "dense", tag) for _, tag, _ in events})


@scenario("TB-1")
def histograms(keras: Any, folder: Path) -> Any:
    def written(place: str, **options: Any) -> Any:
        found = tags(board(keras, folder / place, named_model(keras), histogram_freq=1, **options))
        return {kind: sum(kind in tag for tag in found) for kind in ("kernel", "activation")}

    with_validation = written("one", validation_data=(X, Y))
    with heard_warnings() as texts:
        without = written("other")
    warned = sum("validation" in text for text in texts)
    return {"with validation data": with_validation, "without": without, "warnings": warned}


def named_model(keras: Any, **options: Any) -> Any:
    """Return a compiled model whose first layer, of three units, is called ``first``."""
    layers = [
        keras.layers.Dense(units, use_bias=False, name=name) for units, name in ((3, "first"), (1, "last"))
    ]
    model = keras.Sequential([keras.Input((1,)), *layers])
    settings: Any = {"optimizer": keras.optimizers.SGD(0.01), "loss": "mse"}
    settings.update(options)
    model.compile(**settings)
    return model


@scenario("TB-2")
def images_with_histograms_only(keras: Any, folder: Path) -> Any:
    def steps(**options: Any) -> Any:
        place = folder / "_".join(options)
        events = board(keras, place, named_model(keras), 4, write_images=True, **options)
        return sorted({step for _, tag, step in events if tag.startswith("first")})

    return {"without histograms": steps(), "histogram_freq=2": steps(histogram_freq=2)}


@scenario("TB-3")
def rate_on_the_board(keras: Any, folder: Path) -> Any:
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 1, 0.5)
    of_object = board(keras, folder, named_model(keras, optimizer=keras.optimizers.SGD(schedule)))
    model = named_model(keras)
    scheduling = keras.callbacks.LearningRateScheduler(float_of)
    callback = keras.callbacks.TensorBoard(str(folder / "other"), write_graph=False, profile_batch=0)
    fit(model, (scheduling, callback))
    return {"a schedule object": tags(of_object), "in the logs": tags(events_in(folder / "other"))}


def float_of(epoch: int) -> float:
    return 0.5


@scenario("TB-4")
def tag_of_an_image(keras: Any, folder: Path) -> Any:
    events = board(keras, folder, named_model(keras), histogram_freq=1, write_images=True)
    return {"first/kernel_0/image": "first/kernel_0/image" in tags(events)}


@scenario("TB-5")
def steps_of_batches(keras: Any, folder: Path) -> Any:
    def steps(times: int) -> Any:
        options: Any = {"times": times, "update_freq": 1, "batch_size": 2}
        events = board(keras, folder / str(times), named_model(keras), 2, **options)
        return sorted({step for _, tag, step in events if tag.startswith("batch_loss")})

    return {"one fit": tried(lambda: steps(1)), "two fits": tried(lambda: steps(2))}


@scenario("TB-6")
def folders_of_values(keras: Any, folder: Path) -> Any:
    events = board(keras, folder, named_model(keras), validation_data=(X, Y))
    files = {path.parent.name for path in (folder / "logs").rglob("*tfevents*")}
    return {
        "values": sorted({(place, tag) for place, tag, _ in events if "loss" in tag}),
        "folders with files": sorted(files),
    }


@scenario("TB-7")
def names_in_tags(keras: Any, folder: Path) -> Any:
    def unnamed() -> Any:
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1), keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        return model

    def names(place: str) -> Any:
        events = board(keras, folder / place, unnamed(), histogram_freq=1)
        return {tag for _, tag, _ in events if "kernel" in tag}

    return {"a second model has the tags of the first": names("a") == names("b")}


@scenario("TB-8")
def steps_after_a_resume(keras: Any, folder: Path) -> Any:
    def fail(self: Any, epoch: int, logs: Any = None) -> None:
        if epoch == 2:
            raise ZeroDivisionError

    def train(*callbacks: Any) -> None:
        try:
            board_ = keras.callbacks.TensorBoard(str(folder / "logs"), write_graph=False, profile_batch=0)
            backing = backing_up(keras, folder / "backup")
            fit(named_model(keras), (board_, *callbacks, backing), 4)
        except ImportError:
            raise AbsentError("TensorBoard where TensorFlow is not installed") from None

    with contextlib.suppress(ZeroDivisionError):
        train(listener(keras, on_epoch_end=fail))
    train()
    return sorted(step for _, tag, step in events_in(folder / "logs") if tag == "epoch_loss")


cannot_ask(
    "each framework hands its events to a writer of its own, whose failures no callback can cause from outside",
    "TB-9",
)


@scenario("TB-10")
def graph_on_the_board(keras: Any, folder: Path) -> Any:
    events = board(keras, folder, named_model(keras), 2, write_graph=True)
    return {
        "keras": sum(tag == "keras" for _, tag, _ in events),
        "graphs": sum(tag == "(graph)" for _, tag, _ in events),
    }


@scenario("TB-11")
def batches_that_are_profiled(keras: Any, folder: Path) -> Any:
    def answer(value: Any) -> Any:
        try:
            place = folder / re.sub(r"\W", "_", str(value))
            board(keras, place, named_model(keras), profile_batch=value, batch_size=1)
        except (ValueError, TypeError) as error:
            unless_absent(error)
            return "refused"
        return any("profile" in path.parts for path in place.rglob("*") if path.is_file())

    return {str(value): answer(value) for value in (0, 2, (2, 3), "2, 3", -1, (3, 2))}


@scenario("TB-12")
def embeddings(keras: Any, folder: Path) -> Any:
    def answer(**options: Any) -> Any:
        model = keras.Sequential(
            [
                keras.Input((1,)),
                keras.layers.Embedding(9, 2, name="words"),
                keras.layers.Flatten(),
                keras.layers.Dense(1),
            ]
        )
        model.compile("sgd", "mse")
        place = folder / "_".join(["logs", *options])
        try:
            board(keras, place, model, embeddings_freq=1, **options)
        except ValueError:
            return "refused"
        return (place / "logs" / "projector_config.pbtxt").exists()

    return {
        "configuration is written": answer(),
        "metadata of a layer that does not exist": answer(embeddings_metadata={"none": "words.tsv"}),
    }
