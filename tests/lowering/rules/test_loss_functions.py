"""Every loss of the library is a program that comes to the same as its definition, op by op in plain NumPy."""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minifit import Sequential, losses
from minifit.arrays import Array
from minifit.layers import Activation, Dense, Layer
from tests.lowering.agreeing import assert_agree, assert_refused

RNG = np.random.default_rng(8)
X = RNG.standard_normal((11, 3)).astype(np.float32)
REAL = RNG.standard_normal((11, 20)).astype(np.float32)
REAL[3] = 0
COUNTS = RNG.integers(0, 5, (11, 20)).astype(np.float32)
YES_NO = (REAL > 0).astype(np.float32)
SIGNS = YES_NO * 2 - 1
IDS = RNG.integers(20, size=11)
ONE_HOT = np.eye(20, dtype=np.float32)[IDS]
SHARES = RNG.dirichlet(np.ones(20), 11).astype(np.float32)


def model_of(
    loss: Any, last: str = "linear", outputs: int = 20, **compiling: Any
) -> Callable[[], Sequential]:
    """Return what makes a small model; of probabilities its loss knows no logits."""

    def make() -> Sequential:
        layers: list[Layer] = [Dense(4, "tanh", name="a"), Dense(outputs, name="b")]
        if last in ("squeezed", "shares"):
            layers.append(Dense(outputs, "sigmoid" if last == "squeezed" else "softmax", name="c"))
            layers.append(Dense(outputs, use_bias=False, kernel_initializer="identity", name="d"))
        else:
            layers.append(Activation(last, name="c"))
        model = Sequential(layers)
        model.build((None, 3))
        rng = np.random.default_rng(3)
        weights = [rng.standard_normal(w.shape).astype(np.float32) / 2 for w in model.weights]
        if last in ("squeezed", "shares"):
            weights[-1] = np.eye(outputs, dtype=np.float32)
        model.set_weights(weights)
        model.compile("sgd", loss, **compiling)
        return model

    return make


CASES: dict[str, tuple[Any, str, Array]] = {
    "mse": ("mse", "linear", REAL),
    "mse, whole numbers": ("mse", "linear", COUNTS.astype(np.int32)),
    "mse, one target for twenty": ("mse", "linear", REAL[:, 0]),
    "mae": ("mae", "linear", REAL),
    "mape": ("mape", "linear", REAL),
    "msle": ("msle", "linear", COUNTS),
    "huber": (losses.Huber(0.3), "linear", REAL),
    "log_cosh": ("log_cosh", "linear", REAL),
    "poisson": ("poisson", "sigmoid", COUNTS),
    "kld": ("kld", "softmax", SHARES),
    "kld, linear": ("kld", "linear", SHARES),
    "hinge": ("hinge", "linear", SIGNS),
    "hinge of yes and no": ("hinge", "linear", YES_NO),
    "squared_hinge": ("squared_hinge", "tanh", SIGNS),
    "squared_hinge of yes and no": ("squared_hinge", "linear", YES_NO),
    "categorical_hinge": ("categorical_hinge", "linear", ONE_HOT),
    "cosine": ("cosine_similarity", "linear", REAL),
    "binary": ("binary_crossentropy", "sigmoid", YES_NO),
    "binary of probabilities": ("binary_crossentropy", "squeezed", YES_NO),
    "binary of logits": (losses.BinaryCrossentropy(from_logits=True), "linear", YES_NO),
    "binary, smoothed": (losses.BinaryCrossentropy(label_smoothing=0.2), "sigmoid", YES_NO.astype(np.int64)),
    "categorical": ("categorical_crossentropy", "softmax", SHARES),
    "categorical of probabilities": ("categorical_crossentropy", "shares", ONE_HOT),
    "categorical of logits": (losses.CategoricalCrossentropy(from_logits=True), "linear", ONE_HOT),
    "categorical, smoothed": (
        losses.CategoricalCrossentropy(label_smoothing=0.2),
        "softmax",
        ONE_HOT.astype(int),
    ),
    "sparse": ("sparse_categorical_crossentropy", "softmax", IDS),
    "sparse, floats": ("sparse_categorical_crossentropy", "softmax", IDS.astype(np.float32)),
    "sparse of probabilities": ("sparse_categorical_crossentropy", "shares", IDS[:, None]),
    "sparse of logits": (losses.SparseCategoricalCrossentropy(from_logits=True), "linear", IDS),
}


@pytest.mark.parametrize("name", CASES)
def test_agrees(name: str) -> None:
    loss, last, y = CASES[name]
    assert_agree(model_of(loss, last), X, y)


def test_every_loss_of_the_library_has_a_case() -> None:
    functions = {f for f in losses.TABLE.values() if inspect.isfunction(f)}
    covered = {getattr(losses.get(loss), "fn", losses.get(loss)) for loss, *_ in CASES.values()}
    assert functions == covered


def test_a_cosine_along_the_samples_goes_op_by_op() -> None:
    assert_refused(
        model_of(losses.CosineSimilarity(axis=0)), X, REAL, "a cosine along the axis 0", batch_size=11
    )
