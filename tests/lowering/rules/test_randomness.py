"""Dropout and noise in a program: the numbers that are drawn op by op, from the same streams in the same order."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minifit import Sequential, ops
from minifit.callbacks import Callback
from minifit.errors import DataError
from minifit.layers import (
    AlphaDropout,
    Dense,
    Dropout,
    GaussianDropout,
    GaussianNoise,
    Layer,
    Reshape,
    SpatialDropout1D,
)
from minifit.optimizers import SGD
from minifit.tensor import current
from tests.lowering.agreeing import Keep, assert_agree, assert_refused, engine
from tests.training.resuming import same

RNG = np.random.default_rng(0)
X = RNG.standard_normal((22, 12)).astype(np.float32)  # the last batch is a partial one
Y = RNG.standard_normal((22, 3)).astype(np.float32)


def chain(*layers: Callable[[], Any]) -> Callable[[], Any]:
    """Return a function that makes a model with these layers between two of Dense."""

    def make() -> Any:
        model = Sequential([Dense(12, activation="tanh"), *(each() for each in layers), Dense(3)])
        model.compile(SGD(0.01, momentum=0.5), "mse")
        model.build((None, 12))
        return model

    return make


def steps() -> Any:
    """Three steps of four features."""
    return Reshape((3, 4))


def flat() -> Any:
    """The features of all steps in a row."""
    return Reshape((12,))


CHAINS = {
    "half": chain(lambda: Dropout(0.5)),
    "none are kept": chain(lambda: Dropout(1.0)),
    "all are kept": chain(lambda: Dropout(0)),
    "a share that float32 rounds": chain(lambda: Dropout(0.3)),
    "one stream for two": chain(lambda: Dropout(0.2), lambda: Dense(7), lambda: Dropout(0.6)),
    "streams by seed": chain(
        lambda: Dropout(0.2, seed=4), lambda: Dropout(0.5), lambda: Dropout(0.2, seed=4)
    ),
    "alpha": chain(lambda: AlphaDropout(0.3)),
    "alpha, none are kept": chain(lambda: AlphaDropout(1)),
    "mask of a column": chain(lambda: Dropout(0.5, noise_shape=(None, 1))),
    "mask of the batch": chain(lambda: Dropout(0.5, noise_shape=(1, 12))),
    "alpha with a mask": chain(lambda: AlphaDropout(0.3, noise_shape=(None, 1))),
    "spatial": chain(steps, lambda: SpatialDropout1D(0.5), flat),
    "noise": chain(lambda: GaussianNoise(0.3)),
    "noise that multiplies": chain(lambda: GaussianDropout(0.3)),
    "noise of one stream for two": chain(
        lambda: GaussianNoise(0.3, seed=1), lambda: Dense(7), lambda: GaussianNoise(0.1, seed=1)
    ),
    "all kinds": chain(lambda: Dropout(0.2), lambda: GaussianNoise(0.2), lambda: GaussianDropout(0.2)),
}


@pytest.mark.parametrize("name", CHAINS)
def test_both_engines_draw_the_same(name: str) -> None:
    assert_agree(CHAINS[name], X, Y)


@pytest.mark.parametrize("size", [1, 7, 22])
@pytest.mark.parametrize("name", ["one stream for two", "noise of one stream for two"])
def test_batches_of_any_size_draw_the_same(name: str, size: int) -> None:
    assert_agree(CHAINS[name], X, Y, batch_size=size)


def test_more_noise_than_is_drawn_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch of 4 takes 48 normal numbers: two of them fit."""
    monkeypatch.setattr("minifit.lowering.streams.AHEAD", 100)
    assert_agree(CHAINS["noise"], X, Y)


def test_a_mask_for_batches_of_one_size_goes_op_by_op() -> None:
    make = chain(lambda: Dropout(0.5, noise_shape=(11, 12)))
    assert_refused(make, X, Y, "a noise_shape for batches of one size, in the layer", batch_size=11)


def test_what_is_no_number_is_not_dropped() -> None:
    layer = Dropout(0.9)
    model = Sequential([layer])
    model.compile(SGD(0.0), "mse")
    x = np.full((4, 20), np.nan, np.float32)
    with engine("numba"), pytest.warns(UserWarning, match="nan in row"):
        loss = model.fit(x, np.zeros((4, 20), np.float32), verbose=0).history["loss"][0]
    assert np.isnan(loss)


class Look(Callback):
    """Keeps the states of the streams at the end of an epoch."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.states = repr(self.model.training_state.streams.get_state())


@pytest.mark.parametrize("name", ["one stream for two", "noise of one stream for two"])
def test_a_loss_that_is_not_finite_ends_what_was_drawn_ahead(name: str) -> None:
    x, states = X.copy(), []
    x[9] = np.nan
    for kernels in ("numpy", "numba"):
        np.random.seed(0)
        model, look = CHAINS[name](), Look()
        with engine(kernels), pytest.warns(UserWarning, match="nan in row 9 of x"):
            model.fit(x, Y, batch_size=4, shuffle=False, verbose=0, callbacks=[look])
        states.append(look.states)
    assert states[0] == states[1]


@pytest.mark.parametrize("noisy", [lambda: Dropout(0.5), lambda: GaussianNoise(0.5)])
def test_a_batch_that_is_refused_draws_nothing(noisy: Callable[[], Any]) -> None:
    classes, states = np.zeros(22, np.int64), []
    classes[9] = 7
    for kernels in ("numpy", "numba"):
        np.random.seed(0)
        model = Sequential([Dense(5), noisy(), Dense(3, activation="softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy")
        with engine(kernels), pytest.raises(DataError, match="Received: 7"):
            model.fit(X, classes, batch_size=4, shuffle=False, verbose=0)
        states.append(repr(model.training_state.streams.get_state()))
    assert states[0] == states[1]


class Run:
    """A training with dropout and noise."""

    def model(self) -> Any:
        return chain(lambda: Dropout(0.4), lambda: GaussianNoise(0.2), lambda: AlphaDropout(0.3))()

    def fit(self, model: Any, *callbacks: Callback) -> Any:
        kept = Keep()
        with engine("numba"):
            model.fit(X, Y, batch_size=4, epochs=3, verbose=0, callbacks=[*callbacks, kept])
        assert not kept.reason


@pytest.mark.parametrize("at", [0, 2, 5, 8])
def test_a_resumed_run_draws_the_same(at: int) -> None:
    same(Run(), at, batches=True)


class Replace(Callback):
    """Puts equal generators in the place of those that were drawn from, in the middle of a run."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        streams = self.model.training_state.streams
        streams.set_state(streams.get_state())


def test_a_program_finds_the_generators_that_a_resume_made() -> None:
    weights = []
    for callbacks in ([], [Replace()]):
        np.random.seed(0)
        model = Run().model()
        Run().fit(model, *callbacks)
        weights.append(model.get_weights())
    for one, other in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_rate_that_is_set_counts_from_the_next_batch_on() -> None:
    class Set(Callback):
        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            if batch == 2:
                self.model.layers[1].rate = 0.9

    outcomes = []
    for kernels in ("numpy", "numba"):
        np.random.seed(0)
        model = CHAINS["half"]()
        with engine(kernels):
            model.fit(X, Y, batch_size=4, verbose=0, callbacks=[Set()])
        outcomes.append(model.get_weights())
    for one, other in zip(*outcomes, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_a_generator_of_ones_own_is_refused() -> None:
    class Own(Layer):
        def call(self, inputs: Any) -> Any:
            return ops.dropout(inputs, 0.5, np.random.default_rng(0))

        lower = Layer.lower_by_call

    assert_refused(chain(Own), X, Y, "a dropout whose generator is not a stream")


def test_a_stream_of_both_kinds_of_numbers_is_refused() -> None:
    class Both(Layer):
        def call(self, inputs: Any) -> Any:
            rng = current().generator("both")
            noise = rng.standard_normal(inputs.shape, dtype=np.float32)
            return ops.dropout(inputs, 0.5, rng) + noise

        def lower(self, program: Any, inputs: Any, training: bool) -> Any:
            y = ops.dropout(inputs, 0.5, program.stream("both"))
            return y + program.normals("both", None, inputs, 0.0, 1.0)

    assert_refused(chain(Both), X, Y, "both uniform and normal numbers")


@pytest.mark.parametrize("layer", [Dropout, AlphaDropout])
def test_a_call_that_was_replaced_in_a_base_counts(layer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Dropout, "call", lambda self, inputs, training=False: inputs * 0.5)
    assert_refused(chain(lambda: layer(0.5)), X, Y, f"of class {layer.__name__}")
