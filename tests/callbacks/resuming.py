"""Runs that can be interrupted anywhere, and what must be equal when they have come to their end.

As a program, ``python -m tests.callbacks.resuming SETUP FOLDER``, it trains the run that SETUP (JSON) describes,
with a backup in the folder, and prints a line at every hook: whoever started it may kill it at any instant and
start it again.
"""

import hashlib
import json
import os
import random
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import h5py
import numpy as np

from minifit import Sequential, callbacks, console, layers, ops, optimizers, schedules
from minifit.arrays import Array
from minifit.callbacks import Callback
from minifit.callbacks.base import HOOKS
from minifit.tensor import Tensor
from minifit.tensorboard.events import read_events
from minifit.utils import Sequence, clear_session, set_random_seed

N = 22
RANDOM = np.random.default_rng(0)
X = RANDOM.standard_normal((N, 5)).astype(np.float32)
Y = RANDOM.integers(0, 3, N)


class Momentum(optimizers.Optimizer):
    """An optimizer as a user writes it."""

    slot_names = ("velocity",)

    def __init__(self, learning_rate: float = 0.05, name: str = "Momentum", **kwargs: Any) -> None:
        super().__init__(learning_rate, name, **kwargs)

    def _update(self, kernels: ModuleType, w: Array, g: Array, slots: tuple[Array, ...], rate: float) -> None:
        velocity = slots[0]
        velocity *= np.float32(0.8)
        velocity -= np.float32(rate) * g
        w += velocity


class Shift(layers.Layer):
    """A layer as a user writes it, with a weight to learn and one that only counts."""

    def build(self, input_shape: Any) -> None:
        self.offset = self.add_weight("offset", (input_shape[-1],), initializer="zeros")
        self.count = self.add_weight("count", (1,), initializer="zeros", trainable=False)

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        if training:
            self.count.value += 1
        return ops.tanh(inputs + self.offset * float(1 + self.count.value[0] / 100))


OPTIMIZERS: dict[str, Callable[[], Any]] = {
    "sgd": lambda: optimizers.SGD(0.1),
    "momentum": lambda: optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    "decay": lambda: optimizers.SGD(0.1, decay=0.1, clipnorm=0.5),
    "schedule": lambda: optimizers.SGD(schedules.ExponentialDecay(0.1, 5, 0.9)),
    "adam": lambda: optimizers.Adam(0.01, amsgrad=True, weight_decay=0.01),
    "adamw": lambda: optimizers.AdamW(0.01),
    "rmsprop": lambda: optimizers.RMSprop(0.01, momentum=0.5, centered=True),
    "adagrad": lambda: optimizers.Adagrad(0.05),
    "adadelta": lambda: optimizers.Adadelta(1.0),
    "adamax": lambda: optimizers.Adamax(0.01),
    "nadam": lambda: optimizers.Nadam(0.01),
    "ftrl": lambda: optimizers.Ftrl(0.05, l1_regularization_strength=0.01),
    "own": Momentum,
}

DATA = ("arrays", "memmap", "dataset", "sequence", "mixed sequence", "generator")

LAYERS: dict[str, Callable[[], layers.Layer]] = {
    "dropout": lambda: layers.Dropout(0.3),
    "seeded dropout": lambda: layers.Dropout(0.3, seed=5),
    "noise": lambda: layers.GaussianNoise(0.1),
    "normalization": layers.BatchNormalization,
    "layer normalization": layers.LayerNormalization,
    "own": Shift,
}


@dataclass(frozen=True)
class Setup:
    """Everything that a run is made of, as plain data."""

    optimizer: str = "sgd"
    layers: tuple[str, ...] = ()
    data: str = "arrays"
    shuffle: bool = True
    validation: bool = False
    class_weight: bool = False
    metrics: tuple[str, ...] = ()
    batch_size: int = 4
    epochs: int = 6
    unit: int = 1
    save_freq: Any = "epoch"
    double_checkpoint: bool = False
    callbacks: tuple[str, ...] = ()
    first: bool = False  # whether the backup stands first in the list of callbacks
    watched: bool = True  # whether somebody looks at every batch, so that none are trained together

    def model(self) -> Sequential:
        clear_session()  # names of layers stand in files
        set_random_seed(3)
        inner = [LAYERS[name]() for name in self.layers]
        model = Sequential(
            [
                layers.Dense(6, activation="tanh", input_shape=(5,)),
                *inner,
                layers.Dense(3, activation="softmax"),
            ]
        )
        model.compile(
            OPTIMIZERS[self.optimizer](),
            "sparse_categorical_crossentropy",
            metrics=list(self.metrics),
            steps_per_execution=self.unit,
        )
        return model


class Batches:
    """Batches by their number, which differ from epoch to epoch by what the user's own code draws."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __len__(self) -> int:
        return (N + self.size - 1) // self.size

    def __getitem__(self, index: int) -> tuple[Array, Array]:
        rows = slice(index * self.size, (index + 1) * self.size)
        scale = np.float32(1 + np.random.random() / 10 + random.random() / 10)
        return X[rows] * scale, Y[rows]


class Mixed(Sequence):
    """A `Sequence` as a user writes it, which mixes its rows anew after every epoch."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.random = np.random.default_rng(4)
        self.rows = np.arange(N)

    def __len__(self) -> int:
        return N // self.size

    def __getitem__(self, index: int) -> tuple[Array, Array]:
        rows = self.rows[index * self.size : (index + 1) * self.size]
        return X[rows], Y[rows]

    def on_epoch_end(self) -> None:
        self.random.shuffle(self.rows)


def endless(size: int) -> Iterator[tuple[Array, Array]]:
    while True:
        for start in range(0, N, size):
            yield X[start : start + size], Y[start : start + size]


class Smoothed(Callback):
    """A callback with a state of its own, as a user writes it; what it keeps goes into the logs."""

    def __init__(self) -> None:
        self.mean: Any = None
        self.begun = 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.begun += 1
        rate = self.model.optimizer.learning_rate
        if not callable(rate):  # a schedule is fixed
            rate.assign(rate * 0.9)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.mean = logs["loss"] if self.mean is None else 0.5 * self.mean + 0.5 * logs["loss"]
        logs["smoothed"], logs["begun"] = self.mean, float(self.begun)

    def get_state(self) -> dict[str, Any]:
        return {"mean": self.mean, "begun": self.begun}

    def set_state(self, state: dict[str, Any]) -> None:
        self.mean, self.begun = state["mean"], state["begun"]


class Journal(Callback):
    """A file with a line for every batch, as a user writes it: on a resume it is cut to where it was."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.begun = False

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if not self.begun:
            self.path.write_bytes(b"")
            self.begun = True

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        with self.path.open("a") as file:
            file.write(f"{batch} {logs['loss']!r}\n")

    def get_state(self) -> dict[str, Any]:
        return {"size": self.path.stat().st_size}

    def set_state(self, state: dict[str, Any]) -> None:
        os.truncate(self.path, state["size"])
        self.begun = True


class Shaken(Callback):
    """Moves the weights by what it draws from the global generators, and looks at the model in between."""

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        moved = [w + np.random.normal(0, 0.01, w.shape) * random.random() for w in self.model.get_weights()]
        self.model.set_weights(moved)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs["seen"] = self.model.evaluate(X, Y, verbose=0, return_dict=True)["loss"]
        if logs["seen"] < 0.4:
            self.model.stop_training = True


CALLBACKS: dict[str, Callable[[Path], Callback]] = {
    "early stopping": lambda _: callbacks.EarlyStopping(
        "loss", patience=2, min_delta=0.02, restore_best_weights=True
    ),
    "scheduler": lambda _: callbacks.LearningRateScheduler(lambda epoch, lr: lr * 0.9),
    "plateau": lambda _: callbacks.ReduceLROnPlateau(
        "loss", factor=0.5, patience=2, min_delta=0.05, cooldown=1
    ),
    "rows": lambda folder: callbacks.CSVLogger(folder / "rows.csv"),
    "appended rows": lambda folder: callbacks.CSVLogger(folder / "appended.csv", append=True),
    "best": lambda folder: callbacks.ModelCheckpoint(
        folder / "best.h5", "loss", save_best_only=True, save_weights_only=True
    ),
    "whole models": lambda folder: callbacks.ModelCheckpoint(folder / "models" / "{epoch}-{loss:.5f}.h5"),
    "some batches": lambda folder: callbacks.ModelCheckpoint(
        folder / "batches" / "{epoch}-{batch}.h5", save_freq=4, save_weights_only=True
    ),
    "means": lambda _: callbacks.BaseLogger(),
    "finite": lambda _: callbacks.TerminateOnNaN(),
    "board": lambda folder: callbacks.TensorBoard(folder / "logs", update_freq=3, profile_batch=0),
    "bar": lambda _: callbacks.ProgbarLogger("steps"),
    "own": lambda _: Smoothed(),
    "own file": lambda folder: Journal(folder / "journal.txt"),
    "own noise": lambda _: Shaken(),
}
"""Each makes files of its own, if any, in the folder that it is given."""

ADDED_TO = ("logs/*/*",)
"""Files that a run which begins anew does not empty, as patterns."""


class Diary(Callback):
    """Writes down what every hook is told, by its epoch and batch, and may end the run at one of them."""

    def __init__(self, tell: Callable[[str], None], watched: bool = True) -> None:
        self.tell = tell
        self.watched = watched
        self.told: dict[str, Any] = {}
        self.epoch = 0

    def watches(self, hook: str) -> bool:
        return self.watched


def _writing(hook: str) -> Callable[..., None]:
    def write(self: Diary, *args: Any) -> None:
        if "batch" in hook and not self.watched:
            return  # how many are trained together is a matter of time
        *index, logs = args
        if hook == "on_epoch_begin":
            self.epoch = index[0]
        where = (
            hook
            if hook in ("on_train_begin", "on_train_end")
            else " ".join(map(str, [hook, self.epoch, *index]))
        )
        self.told[where] = dict(logs or {})
        self.tell(where)

    return write


for _hook in HOOKS:
    if "predict" not in _hook and _hook not in ("on_batch_begin", "on_batch_end"):
        setattr(Diary, _hook, _writing(_hook))


@dataclass
class Outcome:
    """What must be equal at the end."""

    weights: list[str]
    optimizer: dict[str, Any]
    told: dict[str, Any]
    files: dict[str, str]


def fit(setup: Setup, folder: Path, tell: Callable[[str], None], backup: bool = True) -> Outcome:
    """Train in a new model, from the beginning or from the backup that is there."""
    folder.mkdir(parents=True, exist_ok=True)
    model, diary = setup.model(), Diary(tell, setup.watched)
    listed: list[Callback] = [CALLBACKS[name](folder) for name in setup.callbacks]
    if backup:
        saving = callbacks.BackupAndRestore(
            folder / "backup", save_freq=setup.save_freq, double_checkpoint=setup.double_checkpoint
        )
        listed.insert(0 if setup.first else len(listed), saving)
    options: dict[str, Any] = {"epochs": setup.epochs, "verbose": 0, "callbacks": [*listed, diary]}
    if setup.validation:
        options["validation_data"] = (X[:7], Y[:7])
    if setup.class_weight:
        options["class_weight"] = {0: 0.5, 1: 2.0, 2: 1.0}
    if setup.data == "generator":
        model.fit(endless(setup.batch_size), steps_per_epoch=5, **options)
    elif setup.data in ("sequence", "mixed sequence"):
        batches = Batches if setup.data == "sequence" else Mixed
        model.fit(batches(setup.batch_size), shuffle=setup.shuffle, **options)
    else:
        with rows(setup.data, folder) as (x, y):
            model.fit(x, y, batch_size=setup.batch_size, shuffle=setup.shuffle, **options)
    return outcome(model, diary, folder)


@contextmanager
def rows(kind: str, folder: Path) -> Iterator[tuple[Any, Any]]:
    """The samples as what has rows."""
    if kind == "dataset":
        with h5py.File("samples", "w", driver="core", backing_store=False) as file:
            yield file.create_dataset("x", data=X, chunks=(3, 5)), file.create_dataset("y", data=Y)
    elif kind == "memmap":
        X.tofile(folder / "x.bin")
        yield np.memmap(folder / "x.bin", X.dtype, "r", shape=X.shape), Y
    else:
        yield X, Y


def outcome(model: Sequential, diary: Diary, folder: Path) -> Outcome:
    """Everything that is left of a run."""
    state = model.optimizer.get_state(model.weights)
    files = sorted(p for p in folder.rglob("*") if p.is_file() and ".tfevents." not in p.name)
    digests = {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}
    return Outcome(
        [w.tobytes().hex() for w in model.get_weights()],
        json.loads(json.dumps(state, default=lambda a: np.asarray(a).tobytes().hex())),
        json.loads(json.dumps(diary.told, default=repr)),
        digests | {str(p.relative_to(folder)): shown(p) for p in sorted(folder.glob("logs/*"))},
    )


def shown(folder: Path) -> str:
    """What TensorBoard shows of a folder: tags with steps and values, whichever files they are in."""
    values: dict[str, list[Any]] = {}
    for file in sorted(folder.iterdir()):
        for event in read_events(file):
            for value in event.values:
                tensor = (
                    value.tensor if isinstance(value.tensor, bytes) else np.asarray(value.tensor).tobytes()
                )
                digest = hashlib.sha256(tensor).hexdigest()
                values.setdefault(value.tag, []).append((event.step, digest))
    return json.dumps(values, sort_keys=True)


class Interrupted(Exception):
    """What ends a run in the middle."""


class Bomb:
    """Goes off when it is told of a hook for the n-th time since the first backup was there."""

    def __init__(self, folder: Path, after: int, error: type[BaseException] = Interrupted) -> None:
        self.file, self.left, self.error = folder / "backup" / "backup.h5", after, error

    def __call__(self, where: str) -> None:
        if self.left < 0 or not self.file.exists():
            return
        self.left -= 1
        if self.left < 0:
            raise self.error(where)


def agree(uninterrupted: Outcome, resumed: Outcome) -> None:
    """See that a resumed run has left what an uninterrupted one leaves, and was told what that was told."""
    assert resumed.files == uninterrupted.files
    assert resumed.weights == uninterrupted.weights
    assert resumed.optimizer == uninterrupted.optimizer
    differing = [k for k, v in resumed.told.items() if v != uninterrupted.told[k]]
    assert not differing, differing
    after = list(uninterrupted.told)
    first = min(
        after.index(k) for k in resumed.told if k.split()[0] not in ("on_train_begin", "on_epoch_begin")
    )
    skipped = [k for k in after[first:] if k not in resumed.told]
    assert not skipped, skipped


def _tupled(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def main() -> None:
    """Train, printing every hook as it is called, and at the end the outcome."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever the one who started us ignores
    described: dict[str, Any] = json.loads(sys.argv[1])
    setup = Setup(**{k: _tupled(v) for k, v in described.items()})
    ended = fit(setup, Path(sys.argv[2]), console.say)
    console.say(json.dumps({"outcome": asdict(ended)}))


if __name__ == "__main__":
    main()
