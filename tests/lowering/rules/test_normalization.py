"""Normalizations and tables in a program: the same numbers as op by op, the moving averages among them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minifit import Sequential, ops
from minifit.callbacks import Callback
from minifit.errors import DataError
from minifit.layers import (
    Activation,
    BatchNormalization,
    Dense,
    Embedding,
    Flatten,
    Layer,
    LayerNormalization,
    Normalization,
    Reshape,
    UnitNormalization,
)
from minifit.optimizers import SGD, Adam
from tests.lowering.agreeing import assert_agree, assert_refused, engine
from tests.training.resuming import same

RNG = np.random.default_rng(0)
X = RNG.standard_normal((22, 24)).astype(np.float32)  # the last batch is a partial one
Y = RNG.standard_normal((22, 3)).astype(np.float32)
WORDS = RNG.integers(0, 9, (22, 5)).astype(np.float32)


def chain(
    *layers: Callable[[], Any], width: int = 24, optimizer: Any = lambda: SGD(0.05)
) -> Callable[[], Any]:
    """Return a function that makes a model with these layers between two of Dense."""

    def make() -> Any:
        model = Sequential([Dense(width, use_bias=False), *(each() for each in layers), Flatten(), Dense(3)])
        model.compile(optimizer(), "mse")
        model.build((None, 24))
        return model

    return make


def words(*layers: Callable[[], Any], optimizer: Any = lambda: SGD(0.05)) -> Callable[[], Any]:
    """Return a function that makes a model of sequences of five words of nine."""

    def make() -> Any:
        model = Sequential(
            [Embedding(9, 4, input_length=5), *(each() for each in layers), Flatten(), Dense(3)]
        )
        model.compile(optimizer(), "mse")
        return model

    return make


def cube() -> Any:
    """Samples of two axes."""
    return Reshape((6, 4))


def block() -> Any:
    """Samples of three axes."""
    return Reshape((2, 3, 4))


CHAINS = {
    "features": chain(BatchNormalization),
    "features that fill no vector": chain(lambda: BatchNormalization(momentum=0.5, epsilon=0.1), width=35),
    "without a scale": chain(lambda: BatchNormalization(scale=False)),
    "without a center": chain(lambda: BatchNormalization(center=False)),
    "with neither": chain(lambda: BatchNormalization(scale=False, center=False)),
    "frozen": chain(lambda: BatchNormalization(trainable=False)),
    "two": chain(BatchNormalization, lambda: Activation("relu"), BatchNormalization),
    "steps and features": chain(cube, BatchNormalization),
    "the unbiased variance": chain(block, lambda: BatchNormalization(momentum=0.3)),
    "the features of steps": chain(cube, lambda: BatchNormalization(axis=1)),
    "two axes": chain(cube, lambda: BatchNormalization(axis=[1, 2])),
    "two axes around one": chain(block, lambda: BatchNormalization(axis=[3, 1])),
    "rows": chain(LayerNormalization),
    "rows that fill no vector": chain(lambda: LayerNormalization(epsilon=0.1), width=35),
    "rows without a scale": chain(lambda: LayerNormalization(scale=False)),
    "rows without a center": chain(lambda: LayerNormalization(center=False)),
    "rows of steps": chain(cube, LayerNormalization),
    "rows over two axes": chain(cube, lambda: LayerNormalization(axis=[1, 2])),
    "rows over the first axis": chain(cube, lambda: LayerNormalization(axis=1)),
    "rows over two axes in another order": chain(block, lambda: LayerNormalization(axis=[3, 1])),
    "length 1": chain(UnitNormalization),
    "length 1 over an axis": chain(cube, lambda: UnitNormalization(axis=1)),
    "given moments": chain(lambda: Normalization(mean=0.3, variance=2.0)),
    "given moments of features": chain(lambda: Normalization(mean=X[0], variance=X[1] ** 2)),
    "no deviation": chain(lambda: Normalization(mean=0.0, variance=0.0)),
}

TABLES = {
    "words": words(),
    "words, Adam": words(optimizer=lambda: Adam(0.01)),
    "words with moving averages": words(BatchNormalization),
}


@pytest.mark.parametrize("name", CHAINS)
def test_both_engines_normalize_the_same(name: str) -> None:
    assert_agree(CHAINS[name], X, Y)


@pytest.mark.parametrize("name", TABLES)
def test_both_engines_learn_the_same_tables(name: str) -> None:
    assert_agree(TABLES[name], WORDS, Y)


@pytest.mark.parametrize("size", [1, 7, 22])
def test_batches_of_any_size_move_the_same_averages(size: int) -> None:
    assert_agree(CHAINS["features"], X, Y, batch_size=size)


def adapted() -> Any:
    """Return a model that begins with a layer that has learned its moments."""
    layer = Normalization()
    layer.adapt(X * 3 + 1)
    model = Sequential([layer, Dense(3)])
    model.compile(SGD(0.05), "mse")
    return model


def test_learned_moments() -> None:
    assert_agree(adapted, X, Y)


def test_moments_that_are_learned_between_two_trainings_count() -> None:
    predicted = []
    for kernels in ("numpy", "numba"):
        np.random.seed(0)
        model = adapted()
        with engine(kernels):
            for data in (X, X * 5):
                model.layers[0].adapt(data)
                model.fit(X, Y, batch_size=4, verbose=0)
            predicted.append(model.predict(X, verbose=0))
    np.testing.assert_allclose(predicted[0], predicted[1], rtol=1e-4, atol=1e-5)


class Run:
    """A training whose moving averages move."""

    def model(self) -> Any:
        return CHAINS["two"]()

    def fit(self, model: Any, *callbacks: Callback) -> Any:
        with engine("numba"):
            return model.fit(X, Y, batch_size=4, epochs=3, verbose=0, callbacks=list(callbacks))


@pytest.mark.parametrize("at", [0, 5, 8])
def test_a_resumed_run_has_the_same_averages(at: int) -> None:
    same(Run(), at, batches=True)


class Freeze(Callback):
    """Freezes a layer within an epoch."""

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        if batch == 2:
            self.model.layers[1].trainable = False


def test_a_layer_frozen_within_a_run_moves_no_averages() -> None:
    averages = []
    for kernels in ("numpy", "numba"):
        np.random.seed(0)
        model = CHAINS["features"]()
        with engine(kernels), pytest.warns(UserWarning, match="trainable"):
            model.fit(X, Y, batch_size=4, verbose=0, callbacks=[Freeze()])
        averages.append([w.numpy() for w in model.layers[1].weights])
    for one, other in zip(*averages, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_a_batch_that_is_refused_moves_nothing() -> None:
    wrong, outcomes = WORDS.copy(), []
    wrong[9, 3] = 9
    for kernels in ("numpy", "numba"):
        np.random.seed(0)
        model = TABLES["words with moving averages"]()
        with engine(kernels), pytest.raises(DataError, match=r"Received: 9 at \(1, 3\)"):
            model.fit(wrong, Y, batch_size=4, shuffle=False, verbose=0)
        assert int(model.optimizer.iterations) == 2
        outcomes.append(model.get_weights())
    for one, other in zip(*outcomes, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("number", [-1, 9, np.nan, np.inf, -np.inf])
def test_no_row_is_read_that_a_table_does_not_have(number: float) -> None:
    wrong = WORDS.copy()
    wrong[9, 3] = number
    model = TABLES["words"]()
    with engine("numba"), pytest.raises(DataError, match="has rows from 0 to 8"):
        model.fit(wrong, Y, batch_size=4, shuffle=False, verbose=0)
    with engine("numba"), pytest.raises(DataError, match="has rows from 0 to 8"):
        model.predict(wrong, batch_size=4, verbose=0)


def test_fractions_of_rows_are_cut_off() -> None:
    assert_agree(TABLES["words"], WORDS - 0.5, Y)


def test_rows_in_another_shape_are_the_batch_still() -> None:
    def make() -> Any:
        model = Sequential([Reshape((1, 5)), Embedding(9, 4), Flatten(), Dense(3)])
        model.compile(SGD(0.05), "mse")
        model.build((None, 5))
        return model

    assert_agree(make, WORDS, Y)


def test_computed_rows_go_op_by_op() -> None:
    def make() -> Any:
        model = Sequential([Dense(5, activation="relu"), Embedding(900, 4), Flatten(), Dense(3)])
        model.compile(SGD(0.01), "mse")
        model.build((None, 5))
        return model

    assert_refused(make, WORDS, Y, "a table whose rows are chosen by computed numbers")


def test_a_normalization_over_other_axes_is_refused() -> None:
    class Own(Layer):
        def call(self, inputs: Any) -> Any:
            return ops.normalize(
                inputs, np.zeros((1, 1), np.float32), np.ones((1, 1), np.float32), None, None, 0.0
            )

        lower = Layer.lower_by_call

    assert_refused(chain(Own), X, Y, "a normalization that is not one of columns")
