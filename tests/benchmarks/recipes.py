"""The models that people train: what `workloads.py` leaves out, as regularization, weights and other optimizers.

This file, `trainers.py` and `callers.py` also run under other Pythons, from 3.9 on: those that have a peer.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Part(NamedTuple):
    """A layer: its kind, its size or rate, the activation of a dense one and the factor of its L2 penalty."""

    kind: str
    size: float = 0
    activation: str = ""
    penalty: float = 0.0


def dense(units: int, activation: str = "", penalty: float = 0.0) -> Part:
    """A dense layer."""
    return Part("dense", units, activation, penalty)


class Recipe(NamedTuple):
    """A model, its data and how it is trained.

    The loss is "classes", "squares", "binary" or "inputs": a binary cross-entropy whose targets are the inputs. The
    weights are "" for none, "samples" or "classes". With `words` the inputs are whole numbers below it.
    """

    parts: tuple[Part, ...]
    inputs: int
    batch: int
    loss: str
    optimizer: str
    metric: str = ""
    weights: str = ""
    samples: int = 16000
    words: int = 0

    @property
    def steps(self) -> int:
        """Steps of an epoch; the samples fill their batches."""
        return self.samples // self.batch

    @property
    def outputs(self) -> int:
        """Units of the last layer."""
        return int(self.parts[-1].size)

    @property
    def shape(self) -> str:
        """The sizes of the layers with their kinds, the optimizer and the batch."""
        names = {"dropout": "drop", "norm": "norm", "embedding": "embed"}
        layers = [str(self.inputs)]
        for part in self.parts:
            if part.kind == "dense":
                layers.append(str(part.size))
            elif part.kind in names:
                layers.append(names[part.kind])
        return f"{'-'.join(layers)}, {self.optimizer}, batch {self.batch}"


DROPOUT, NORM, RELU = Part("dropout", 0.2), Part("norm"), Part("activation", activation="relu")

RECIPES = {
    "kerasmlp": Recipe(
        (dense(512, "relu"), DROPOUT, dense(512, "relu"), DROPOUT, dense(10)),
        *(784, 128, "classes", "rmsprop", "accuracy"),
        samples=12800,
    ),
    "smalldrop": Recipe(
        (dense(64, "relu"), Part("dropout", 0.3), dense(32, "relu"), Part("dropout", 0.3), dense(10)),
        *(64, 32, "classes", "adam", "accuracy"),
    ),
    "batchnorm": Recipe(
        (dense(128), NORM, RELU, dense(128), NORM, RELU, dense(10)), 64, 64, "classes", "adam", "accuracy"
    ),
    "tabular": Recipe(
        (dense(64, "relu", 1e-4), dense(64, "relu", 1e-4), dense(1)),
        *(32, 32, "squares", "adam", "mae", "samples"),
    ),
    "embed": Recipe(
        (Part("embedding", 16), Part("flatten"), dense(16, "relu"), dense(1)),
        *(20, 64, "binary", "adam", "binary_accuracy"),
        words=1000,
    ),
    "autoenc": Recipe((dense(64, "relu"), dense(784)), 784, 128, "inputs", "adam", samples=6400),
    "weighted": Recipe(
        (dense(32, "relu"), dense(10)), 64, 32, "classes", "sgd", "accuracy", weights="classes"
    ),
    "momentum": Recipe((dense(32, "tanh"), dense(10)), 64, 32, "classes", "momentum", "accuracy"),
}

RATES = {"sgd": 0.01, "momentum": 0.01, "adam": 1e-3, "rmsprop": 1e-3}

CLASS_WEIGHTS = {label: 1 + label / 10 for label in range(10)}


class Data(NamedTuple):
    """Inputs, targets and, where the recipe has them, a weight for each sample."""

    x: NDArray[Any]
    y: NDArray[Any]
    weights: NDArray[np.float32] | None


def data_for(recipe: Recipe) -> Data:
    """Random data, the same for all."""
    rng = np.random.default_rng(0)
    size = recipe.samples, recipe.inputs
    y: NDArray[Any]
    x = rng.integers(0, recipe.words, size).astype(np.int32) if recipe.words else rng.random(size, np.float32)
    if recipe.loss == "classes":
        y = rng.integers(0, recipe.outputs, recipe.samples).astype(np.int32)
    elif recipe.loss == "inputs":
        y = x
    elif recipe.loss == "binary":
        y = rng.integers(0, 2, (recipe.samples, 1)).astype(np.float32)
    else:
        y = rng.standard_normal((recipe.samples, 1), np.float32)
    weights = rng.random(recipe.samples, np.float32) if recipe.weights == "samples" else None
    return Data(x, y, weights)
