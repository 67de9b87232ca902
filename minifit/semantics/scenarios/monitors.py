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
    weight_of,
    weighted_by_epoch,
)


@scenario("ES-1")
def best_weights_at_the_end(keras: Any, folder: Path) -> Any:
    stopping = keras.callbacks.EarlyStopping("score", patience=9, restore_best_weights=True, mode="min")
    model = model_of(keras)
    fit(model, (weighted_by_epoch(keras), scores(keras, [3.0, 1.0, 2.0]), stopping), epochs=3)
    return {"weight of epoch": weight_of(model)}


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
    stopping = keras.callbacks.EarlyStopping("val_loss", patience=0)
    with heard_warnings() as texts:
        epochs = epochs_of(keras, [1.0, 1.0, 1.0], stopping)
    return {"epochs": epochs, "warnings": sum("val_loss" in text for text in texts)}


@scenario("MON-3")
def auto_mode(keras: Any, folder: Path) -> Any:
    def epochs(key: str) -> Any:
        stopping = keras.callbacks.EarlyStopping(key, patience=1, mode="auto")
        rising = scores(keras, [1.0, 2.0, 3.0, 4.0], key)
        try:
            return len(fit(model_of(keras), (rising, stopping), epochs=4).epoch)
        except ValueError:
            return "refused"

    def saved(key: str) -> int:
        place = str(folder / (key + "-{epoch}.weights.h5"))
        saving = keras.callbacks.ModelCheckpoint(place, key, save_best_only=True, save_weights_only=True)
        fit(model_of(keras), (scores(keras, [1.0, 2.0, 3.0], key), saving), epochs=3)
        return len(list(folder.glob(key + "-*")))

    def reduced(key: str) -> Any:
        model = model_of(keras)
        plateau = keras.callbacks.ReduceLROnPlateau(key, factor=0.5, patience=1, mode="auto")
        try:
            fit(model, (scores(keras, [1.0, 2.0, 3.0], key), plateau), epochs=3)
        except ValueError:
            return "refused"
        return rate_of(model) < 0.75 * RATE

    return {
        "rate reduced at rising values": {key: reduced(key) for key in ("acc_of_mine", "my_auc")},
        "epochs of rising values": {key: epochs(key) for key in ("my_acc", "my_auc", "acc_of_mine", "mine")},
        "files of rising values": {
            key: saved(key) for key in ("my_acc", "acc_of_mine", "fmeasure_x", "mine")
        },
    }


@scenario("MON-4")
def unknown_mode(keras: Any, folder: Path) -> Any:
    with heard_warnings() as texts:
        stopping = keras.callbacks.EarlyStopping("score", patience=1, mode="sideways")
    return {
        "warned": any("sideways" in text for text in texts),
        "epochs of rising values": epochs_of(keras, [1.0, 2.0, 3.0], stopping),
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
