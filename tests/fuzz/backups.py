"""Backups whose seal is right and whose content is not: a run either goes on from one or is as it was before."""

import copy
import random
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from minifit import Sequential, callbacks, layers, optimizers
from minifit.errors import MESSAGE, MinifitError
from minifit.saving.backups import BackupFolder

ODD: list[Any] = [
    None, True, False, 0, -1, 7, 10**6, 10**12, 10**400, 0.5, -2.5, float("nan"), "", "x", "numpy", [], [[]], [None],
    {}, {"a": 1}, (), (1, 2), b"x", np.zeros(0), np.zeros(3), np.zeros((2, 2), np.float32), np.array(-1),
    np.arange(700, dtype=np.uint32), np.float32(3),
]  # fmt: skip
X = np.linspace(-1, 1, 24, dtype=np.float32).reshape(8, 3)
Y = X.sum(1)


class Mean(callbacks.Callback):
    """A callback of a user with a state."""

    def __init__(self) -> None:
        self.mean = 0.0
        self.seen = [1, 2]

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.mean = 0.9 * self.mean + logs["loss"]

    def get_state(self) -> dict[str, Any]:
        return {"mean": self.mean, "seen": self.seen}

    def set_state(self, state: dict[str, Any]) -> None:
        self.mean, self.seen = float(state["mean"]), [int(n) for n in state["seen"]]


def fit(folder: Path, epochs: int, *more: callbacks.Callback, data: str = "arrays") -> Sequential:
    """Train an equal model, in the same way each time."""
    np.random.seed(1)
    random.seed(1)
    made = [layers.Dense(3, "relu"), layers.Dropout(0.2), layers.BatchNormalization(), layers.Dense(1)]
    model = Sequential(made)
    model.build((None, 3))
    model.compile(optimizers.Adam(0.01), "mse", metrics=["mae", "RootMeanSquaredError"])
    own = [
        callbacks.EarlyStopping("loss", patience=50, restore_best_weights=True),
        callbacks.ReduceLROnPlateau("loss", patience=1),
        callbacks.ModelCheckpoint(str(folder / "best.h5"), save_best_only=True, monitor="loss"),
        callbacks.CSVLogger(str(folder / "log.csv"), append=True),
        callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.9),
        callbacks.BaseLogger(),
        Mean(),
    ]
    source: Any = (X, Y)
    if data == "generator":
        source = ((X[i % 8 : i % 8 + 1], Y[i % 8 : i % 8 + 1]) for i in range(10**9))
    given: dict[str, Any] = (
        {"x": X, "y": Y, "batch_size": 4} if data == "arrays" else {"x": source, "steps_per_epoch": 2}
    )
    model.fit(
        **given,
        epochs=epochs,
        verbose=0,
        callbacks=[*own, *more],
        validation_data=(X, Y) if data == "arrays" else None,
    )
    return model


class Watch(callbacks.Callback):
    """Compares all that a run has before and after a backup is put back in vain, in the place of `BackupAndRestore`."""

    acts_last = True

    def __init__(self, folder: BackupFolder) -> None:
        self.folder = folder
        self.message = ""

    def on_train_begin(self, logs: Any = None) -> None:
        state = self.model.training_state
        captured = self.folder.load()
        before = repr_of(state.capture())
        try:
            state.restore(captured)
        except MinifitError as error:
            self.message = f"{type(error).__name__}: {error}"
            assert repr_of(state.capture()) == before, self.message
            raise


def repr_of(value: Any) -> Any:
    """A value that can be compared, arrays by their bytes."""
    if isinstance(value, dict):
        return {k: repr_of(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [repr_of(v) for v in value]
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype.str, value.shape, value.tobytes()
    return repr(value)


def changed(chance: random.Random, original: Any) -> Any:
    """A captured state with one to three changes somewhere."""
    state = copy.deepcopy(original)
    for _ in range(chance.randint(1, 3)):
        places = list(_places(state))
        holder, key = chance.choice(places)
        # Large parts (such as the kind) would take nearly all changes; so half of them begin at the top.
        if chance.random() < 0.5:
            holder, key = state, chance.choice(list(state))
            while isinstance(holder[key], dict | list) and holder[key] and chance.random() < 0.7:
                holder = holder[key]
                key = (
                    chance.choice(list(holder)) if isinstance(holder, dict) else chance.randrange(len(holder))
                )
        way = chance.randrange(5)
        if way == 0:
            del holder[key]
        elif way == 1 and isinstance(holder, dict):
            holder[f"{key}x"] = holder.pop(key)
        elif way == 2 and isinstance(holder, list):
            holder.append(copy.deepcopy(holder[key]))
        elif way == 3:
            other, place = chance.choice(places)
            holder[key] = copy.deepcopy(
                other.get(place) if isinstance(other, dict) else (other[place:] or [None])[0]
            )
        else:
            holder[key] = copy.deepcopy(chance.choice(ODD))
    return state


def _places(value: Any) -> Any:
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])


def run(folder: Path, numbers: range, data: str) -> Counter[str]:
    """What became of the changed backups with these numbers; raises for an error that is not minifit's."""
    backups = BackupFolder(folder / "backup")
    fit(folder, 2, callbacks.BackupAndRestore(folder / "backup", delete_checkpoint=False), data=data)
    original = backups.load()
    found: Counter[str] = Counter()
    for number in numbers:
        backups.save(changed(random.Random(number), original))
        sealed = (folder / "backup" / "backup.h5").read_bytes()
        watch = Watch(backups)
        try:
            fit(folder, 3, watch, data=data)
            found["went on"] += 1
        except MinifitError as error:
            # After it was put back only a number that is right of its kind can fail: where a CSV file goes on.
            assert watch.message or "append=True" in str(error), f"case {number} is put back, then: {error}"
            assert len(str(error)) < MESSAGE, f"case {number}: {error}"
            found[type(error).__name__] += 1
        except Exception as error:
            raise AssertionError(f"case {number} leads to {type(error).__name__}: {error}") from error
        assert (folder / "backup" / "backup.h5").read_bytes() == sealed
    return found
