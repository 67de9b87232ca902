"""The names that a reader of a page has at hand: models, arrays and files that its blocks use and do not make."""

from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h5py
import numpy as np
import pytest

import minifit
from minifit import data, distribute, layers, ops

Names = dict[str, Any]
rng = np.random.default_rng(0)


def chain(inputs: int = 4, outputs: int = 1) -> minifit.Sequential:
    model = minifit.Sequential([layers.Dense(8, "relu", input_shape=(inputs,)), layers.Dense(outputs)])
    model.compile("sgd", "mse")
    return model


def plain() -> Iterator[Names]:
    """Yield a model with rows to train on."""
    x = rng.normal(size=(64, 4)).astype("float32")
    yield {"model": chain(), "x": x, "y": x.sum(axis=1)}


def sources() -> Iterator[Names]:
    """Yield what the blocks of data.md take their rows from, one after the other."""
    rows = 64
    columns: Names = {
        "images": rng.normal(size=(rows, 4)).astype("float32"),
        "ages": rng.normal(size=(rows, 1)).astype("float32"),
        "kinds": rng.integers(0, 3, rows),
        "scores": rng.normal(size=(rows, 1)).astype("float32"),
        "weights": np.ones(rows, "float32"),
    }
    image, age = layers.Input((4,), name="image"), layers.Input((1,), name="age")
    both = layers.Concatenate()([image, age])
    kind = layers.Dense(3, activation="softmax", name="kind")(both)
    model = minifit.Model([image, age], [kind, layers.Dense(1, name="score")(both)])
    model.compile("sgd", {"kind": "sparse_categorical_crossentropy", "score": "mse"})

    def batches() -> Iterator[Any]:
        inputs = {"image": columns["images"], "age": columns["ages"]}
        yield inputs, {"kind": columns["kinds"], "score": columns["scores"]}

    yield {"model": model, "file": {"images": columns["images"]}, "batches": batches, **columns}
    x = rng.normal(size=(rows, 64)).astype("float32")
    with h5py.File("data.h5", "w") as file:
        file["x"], file["y"] = x, x[:, :1]
    rng.integers(0, 256, (rows, 64), "uint8").tofile("x.bin")
    yield {"model": chain(64), "y": x[:, :1]}
    yield {"minifit": minifit, "mixed": lambda *columns: columns, "read": len}
    yield {"model": chain(64), "x": x, "y": x[:, 0], "x_test": x, "y_test": x[:, 0]}
    names = [str(number) for number in range(512)]
    yield {
        "model": chain(1),
        "names": names,
        "rows_of": lambda files: ((np.ones(1), np.ones(1)) for _ in files),
        "signature": (data.TensorSpec((1,), "float32"), data.TensorSpec((1,), "float32")),
        "strategy": distribute.MirroredStrategy(),
    }


class Scale(layers.Layer):
    """A layer of one's own."""

    def call(self, inputs: Any) -> Any:
        return inputs * 2.0


def cubic_error(y_true: Any, y_pred: Any) -> Any:
    return ops.mean(ops.abs(y_true - y_pred) ** 3, axis=-1)


def files() -> Iterator[Names]:
    """Yield a model that is saved as a whole."""
    yield {"model": chain(), "Scale": Scale, "cubic_error": cubic_error}


def listening() -> Iterator[Names]:
    """Yield a model to train while posts to a monitor arrive."""
    answer = SimpleNamespace(status_code=204, reason="No Content")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("requests.post", lambda *_, **__: answer)
        yield from plain()
        yield {}


def digits() -> Iterator[Names]:
    """Yield pictures and their classes."""
    yield {"x": rng.normal(size=(64, 64)).astype("float32"), "y": rng.integers(0, 10, 64)}


AT_HAND: dict[str, Callable[[], Iterator[Names]]] = {
    "docs/backup.md": plain,
    "docs/data.md": sources,
    "docs/files.md": files,
    "docs/monitor.md": listening,
    "docs/tensorboard.md": plain,
    "docs/trace.md": plain,
    "docs/workers.md": digits,
}
"""For each page that does not say all by itself, what is at hand before its first block, its second, and so on."""


def before_each(page: Path, root: Path) -> Generator[Names, None, None]:
    """Yield the names at hand before each block of a page; none where the page needs none."""
    make = AT_HAND.get(page.relative_to(root).as_posix())
    if make is not None:
        yield from make()
    while True:
        yield {}
