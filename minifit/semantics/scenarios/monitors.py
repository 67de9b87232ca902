"""EarlyStopping, the rules of every monitored value, and TerminateOnNaN."""

from pathlib import Path
from typing import Any

import numpy as np

from minifit.semantics.playing import scenario
from minifit.semantics.stage import (
    RATE,
    X,
    Y,
    epochs_of,
    fit,
    heard_warnings,
    listener,
    model_of,
    rate_of,
    recorder,
    scores,
    stopping_at,
    tried,
    weight_of,
    weighted_by_epoch,
)


@scenario("ES-1")
def best_weights_at_the_end(keras: Any, folder: Path) -> Any:
    def weight(*callbacks: Any) -> float:
        stopping = keras.callbacks.EarlyStopping("score", patience=9, restore_best_weights=True, mode="min")
        model, values = model_of(keras), scores(keras, [3.0, 1.0, 2.0, 2.0])
        fit(model, (weighted_by_epoch(keras), values, stopping, *callbacks), epochs=4)
        return weight_of(model)

    return {"weight of epoch": weight(), "stopped by another": weight(stopping_at(keras, 2))}


@scenario("ES-2")
def patience_of_zero(keras: Any, folder: Path) -> Any:
    def stopping() -> Any:
        return keras.callbacks.EarlyStopping("score", patience=0, mode="min")

    return {
        "improving": epochs_of(keras, [4.0, 3.0, 2.0, 1.0], stopping()),
        "worse at the third": epochs_of(keras, [4.0, 3.0, 3.5, 1.0], stopping()),
    }


@scenario("ES-3")
def baseline(keras: Any, folder: Path) -> Any:
    stopping = keras.callbacks.EarlyStopping("score", patience=2, mode="min", baseline=1.0)
    return {
        "never below it": epochs_of(keras, [5.0, 4.0, 3.0, 2.0, 1.5], stopping),
        "below it once": epochs_of(keras, [5.0, 0.9, 0.95, 0.96, 0.97, 0.98], stopping),
        "below it, not best": epochs_of(keras, [0.5, 5.0, 0.9, 0.8, 0.7], stopping),
    }


@scenario("ES-4")
def never_at_epoch_0(keras: Any, folder: Path) -> Any:
    stopping = keras.callbacks.EarlyStopping("score", patience=0, mode="min", baseline=0.0)
    return {"epochs": epochs_of(keras, [5.0, 6.0, 7.0], stopping)}


@scenario("ES-5")
def start_from_epoch(keras: Any, folder: Path) -> Any:
    stopping = keras.callbacks.EarlyStopping("score", patience=2, mode="min", start_from_epoch=3)
    return {"epochs": epochs_of(keras, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0], stopping)}


@scenario("MON-1")
def nan_is_no_improvement(keras: Any, folder: Path) -> Any:
    def stopping() -> Any:
        return keras.callbacks.EarlyStopping("score", patience=2, mode="min")

    nan, inf = float("nan"), float("inf")
    return {
        "NaN from the first": epochs_of(keras, [nan, nan, nan, nan, nan], stopping()),
        "NaN after the best": epochs_of(keras, [1.0, nan, nan, 0.5], stopping()),
        "minus infinity": epochs_of(keras, [1.0, -inf, 0.5, 0.4, 0.3], stopping()),
    }


@scenario("MON-2")
def missing_key(keras: Any, folder: Path) -> Any:
    epochs, warned = warnings_of(keras)
    return {"epochs": epochs, "warned": warned > 0}


def warnings_of(keras: Any, **options: Any) -> Any:
    """Return how many epochs train while a key is missing, and how many warnings name it."""
    stopping = keras.callbacks.EarlyStopping("val_loss", patience=5)
    with heard_warnings() as texts:
        epochs = epochs_of(keras, [1.0, 1.0, 1.0, 1.0], stopping, **options)
    return [epochs, sum("val_loss" in text for text in texts)]


@scenario("MON-5")
def number_of_warnings(keras: Any, folder: Path) -> Any:
    return {
        "never there": warnings_of(keras)[1],
        "at every second epoch": warnings_of(keras, validation_data=(X, Y), validation_freq=2)[1],
    }


@scenario("MON-3")
def auto_mode(keras: Any, folder: Path) -> Any:
    def epochs(key: str) -> Any:
        stopping = keras.callbacks.EarlyStopping(key, patience=1, mode="auto")
        rising = scores(keras, [1.0, 2.0, 3.0, 4.0], key)
        return len(fit(model_of(keras), (rising, stopping), epochs=4).epoch)

    def saved(key: str) -> int:
        place = str(folder / (key + "-{epoch}.weights.h5"))
        saving = keras.callbacks.ModelCheckpoint(place, key, save_best_only=True, save_weights_only=True)
        fit(model_of(keras), (scores(keras, [1.0, 2.0, 3.0], key), saving), epochs=3)
        return len(list(folder.glob(key + "-*")))

    def reduced(key: str) -> bool:
        model = model_of(keras)
        reducing = keras.callbacks.ReduceLROnPlateau(key, patience=1, mode="auto")
        fit(model, (scores(keras, [1.0, 2.0, 3.0], key), reducing), epochs=3)
        return rate_of(model) < 0.5 * RATE

    def answers(question: Any, *keys: str) -> Any:
        return {key: tried(lambda: question(key)) for key in keys}  # noqa: B023

    return {
        "EarlyStopping, epochs of rising values": answers(epochs, "my_acc", "my_auc", "acc_of_mine", "mine"),
        "ReduceLROnPlateau reduces": answers(reduced, "my_acc", "acc_of_mine", "my_auc", "mine"),
        "ModelCheckpoint, files of rising values": answers(
            saved, "my_acc", "acc_of_mine", "fmeasure_x", "mine"
        ),
    }


@scenario("MON-6")
def auto_mode_against_a_metric(keras: Any, folder: Path) -> Any:
    model = model_of(keras, metrics=[keras.metrics.MeanAbsoluteError(name="my_acc")])
    with heard_warnings() as texts:
        trained = tried(lambda: len(fit(model, (keras.callbacks.EarlyStopping("my_acc"),)).epoch))
    return {"epochs": trained, "warned": any("my_acc" in text for text in texts)}


@scenario("MON-4")
def unknown_mode(keras: Any, folder: Path) -> Any:
    """The loss falls, and then counts as better: two epochs without an improvement end the second run."""
    with heard_warnings() as texts:
        stopping = keras.callbacks.EarlyStopping("loss", patience=1, mode="sideways")
        still = keras.callbacks.EarlyStopping("loss", patience=1, mode="sideways")
    model = model_of(keras, optimizer=keras.optimizers.SGD(0.0))
    return {
        "warned": any("sideways" in text for text in texts),
        "epochs of a falling loss": len(fit(model_of(keras), (stopping,), 4).epoch),
        "epochs of a loss that stays": len(fit(model, (still,), 4).epoch),
    }


@scenario("RP-1")
def smallest_rate(keras: Any, folder: Path) -> Any:
    reducing = keras.callbacks.ReduceLROnPlateau(
        "score", factor=0.5, patience=1, min_lr=0.004, min_delta=0.0, mode="min"
    )
    rates = rates_after(keras, [1.0] * 6, reducing)
    return {"rates": rates}


def rates_after(keras: Any, values: Any, reducing: Any) -> Any:
    rates = []
    seeing = listener(keras, on_epoch_end=lambda self, epoch, logs=None: rates.append(rate_of(self.model)))
    fit(model_of(keras), (scores(keras, values), reducing, seeing), epochs=len(values))
    return rates


@scenario("RP-2")
def cooldown(keras: Any, folder: Path) -> Any:
    def rates(length: int) -> Any:
        reducing = keras.callbacks.ReduceLROnPlateau(
            "score", factor=0.5, patience=1, cooldown=length, min_delta=0.0, mode="min"
        )
        return rates_after(keras, [1.0] * 6, reducing)

    return {f"cooldown of {length}": rates(length) for length in (0, 1, 2)}


@scenario("RP-3")
def rate_in_the_logs(keras: Any, folder: Path) -> Any:
    reducing = keras.callbacks.ReduceLROnPlateau("score", factor=0.5, patience=1, mode="min")
    history = fit(model_of(keras), (scores(keras, [1.0, 1.0, 1.0]), reducing), epochs=3).history
    logged = [values for key, values in history.items() if key in ("lr", "learning_rate")]
    return {"rates in the logs": [float(rate) for rate in logged[0]] if logged else None}


@scenario("TN-1")
def nan_ends_training(keras: Any, folder: Path) -> Any:
    def heard(bad: float) -> Any:
        events: Any = []
        y = np.where(X > 2.5, np.float32(bad), Y)
        callbacks = (recorder(keras, events, ("on_train_batch_end", "on_epoch_end", "on_train_end")),)
        fit(model_of(keras), (keras.callbacks.TerminateOnNaN(), *callbacks), 2, data=(X, y), batch_size=1)
        return events

    return {"NaN": heard(float("nan")), "infinite": heard(float("inf"))}


@scenario("TN-2")
def nan_raises(keras: Any, folder: Path) -> Any:
    raising = keras.callbacks.TerminateOnNaN(raise_error=True)
    events: Any = []
    watching = recorder(keras, events, ("on_train_batch_end", "on_epoch_end", "on_train_end"))
    y = np.full_like(Y, np.nan)
    try:
        fit(model_of(keras), (raising, watching), data=(X, y))
    except RuntimeError:
        return {"raised": True, "heard": events}
    return {"raised": False, "heard": events}
