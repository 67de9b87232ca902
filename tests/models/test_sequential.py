"""`Sequential`, all of it that a user sees, against what tf.keras 2.7 does."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minifit import Sequential
from minifit.arrays import Array
from minifit.callbacks import Callback, EarlyStopping, History, LambdaCallback
from minifit.errors import (
    ArgumentError,
    ArgumentTypeError,
    GradientError,
    NotBuiltError,
    NotCompiledError,
    ShapeError,
    UnknownNameError,
)
from minifit.layers import Activation, Dense, Dropout, Flatten, InputLayer, Layer, Reshape
from minifit.layers.base import clear_names
from minifit.optimizers import SGD, Adam, RMSprop
from minifit.randomness import set_random_seed
from minifit.tensor import Tensor
from tests.small_models import small_model

X = np.sin(np.arange(24, dtype=np.float32)).reshape(8, 3)
Y = np.cos(np.arange(8, dtype=np.float32))


@pytest.fixture(autouse=True)
def _begin_anew() -> Iterator[None]:
    """Names count from the start, as in a fresh program."""
    clear_names()
    yield
    clear_names()


def bits(model: Sequential) -> list[bytes]:
    return [w.tobytes() for w in model.get_weights()]


def line(factor: float = 0.0, rate: float = 0.0, **compiling: Any) -> Sequential:
    """``y = factor * x``."""
    model = Sequential([Dense(1, use_bias=False, input_shape=(1,))])
    model.compile(SGD(rate), **{"loss": "mse", **compiling})
    model.set_weights([[[factor]]])
    return model


# -- layers --------------------------------------------------------------------------------------------------


def test_weights_that_are_found_by_their_layers_stay_where_they_are() -> None:
    model = Sequential([Dense(2, input_shape=(3,)), Dense(1)])
    found = [layer.weights[0].value for layer in model.layers]
    assert all(w.value is v for w, v in zip(model.weights[::2], found, strict=True))


def test_layers_by_list_by_tuple_alone_or_one_by_one() -> None:
    a, b = Dense(2), Dense(3)
    assert Sequential([a, b]).layers == Sequential((a, b)).layers == [a, b]
    assert Sequential(a).layers == [a]
    model = Sequential()
    assert model.layers == []
    model.add(a)
    model.add(b)
    assert model.layers == [a, b]
    model.layers.clear()
    assert model.layers == [a, b], "the list is a copy"


def test_names_count_up_as_in_keras() -> None:
    assert [Dense(1).name, Dense(1).name, Dense(1, name="mine").name, Dense(1).name] == [
        "dense",
        "dense_1",
        "mine",
        "dense_2",
    ]
    assert [Sequential().name, Sequential(name="mine").name, Sequential().name] == [
        "sequential",
        "mine",
        "sequential_1",
    ]
    assert Dropout(0.5).name == "dropout"


def test_repr_says_what_it_is() -> None:
    model = Sequential([Dense(1), Dropout(0.5)], name="mine")
    assert repr(model) == "<Sequential mine: 2 layers>"
    assert repr(model.layers[0]) == "<Dense dense>"


def test_add_after_training_and_train_on() -> None:
    model = small_model(optimizer=Adam(0.01))
    model.fit(X, Y, verbose=0)
    old = model.get_weights()
    model.add(Dense(2, name="new"))
    assert model.output_shape == (None, 2)
    assert [w.tobytes() for w in old] == bits(model)[:4], "their numbers stay"
    before = bits(model)
    model.fit(X, Y, verbose=0)
    assert all(now != then for now, then in zip(bits(model), before, strict=True))


def test_pop() -> None:
    model = small_model()
    assert model.pop() is None  # type: ignore[func-returns-value]
    assert model.output_shape == (None, 4)
    assert len(model.get_weights()) == 2
    assert model.predict(X).shape == (8, 4)
    model.fit(X, np.zeros((8, 4)), verbose=0)
    model.pop()
    assert not model.built
    with pytest.raises(ArgumentTypeError, match="a model without layers"):
        model.pop()
    model.add(Dense(2))
    assert model.predict(np.zeros((3, 5))).shape == (3, 2), "it can be built anew for another width"


def test_get_layer() -> None:
    model = Sequential([Dense(1, name="a"), Dense(2, name="b")])
    assert model.get_layer("b") is model.get_layer(index=1) is model.get_layer(index=-1) is model.layers[1]
    for wrong in ({}, {"name": "a", "index": 0}, {"index": 2}, {"index": -3}):
        with pytest.raises(ArgumentError, match="Received"):
            model.get_layer(**wrong)
    with pytest.raises(UnknownNameError, match="Did you mean 'a'"):
        model.get_layer("A")


def test_a_layer_that_cannot_be_built_is_not_added() -> None:
    class Refuses(Layer):
        def build(self, input_shape: Any) -> None:
            raise RuntimeError("no")

    model = small_model()
    with pytest.raises(RuntimeError):
        model.add(Refuses())
    assert len(model.layers) == 2


def test_a_layer_shared_by_two_models() -> None:
    shared = Dense(4, "tanh", name="shared")
    first = Sequential([InputLayer((3,)), shared, Dense(1)])
    second = Sequential([InputLayer((3,)), Dense(3), shared, Dense(2)])
    first.compile(SGD(0.1), "mse")
    second.compile(SGD(0.1, momentum=0.9), "mse")
    assert first.layers[0] is second.layers[1]
    for model, targets in ((first, Y), (second, np.zeros((8, 2)))):
        before = shared.get_weights()[0].tobytes(), bits(model)
        model.fit(X, targets, epochs=2, verbose=0)
        assert shared.get_weights()[0].tobytes() != before[0]
        assert all(now != then for now, then in zip(bits(model), before[1], strict=True))
    assert np.array_equal(first.get_weights()[0], second.get_weights()[2])


def test_sharing_a_layer_gives_the_gradients_of_an_unshared_one() -> None:
    shared = Dense(4, "tanh")
    Sequential([InputLayer((3,)), shared])  # the layer lives in the memory of this one
    model = Sequential([InputLayer((3,)), shared, Dense(1)])
    model.compile(SGD(0.125), "mse")
    model.set_weights(small_model().get_weights())
    alone = small_model()
    for one in (model, alone):
        one.fit(X, Y, epochs=3, batch_size=3, shuffle=False, verbose=0)
    assert bits(model) == bits(alone)


# -- building ------------------------------------------------------------------------------------------------


def test_an_unbuilt_model_has_no_weights() -> None:
    model = Sequential([Dense(4), Dense(1)])
    assert not model.built
    for ask in ("weights", "input_shape", "variables"):
        with pytest.raises(NotBuiltError, match="before it is built"):
            getattr(model, ask)
    with pytest.raises(NotBuiltError):
        model.count_params()
    with pytest.raises(NotBuiltError):
        model.set_weights([])


def test_an_unbuilt_model_has_no_trainable_weights_either() -> None:
    with pytest.raises(NotBuiltError):
        _ = Sequential([Dense(4)]).trainable_weights


def test_an_unbuilt_model_has_no_output_shape() -> None:
    with pytest.raises(NotBuiltError, match="The model 'sequential' has no output shape"):
        _ = Sequential([Dense(4)]).output_shape


@pytest.mark.parametrize(
    "build",
    [
        lambda m: m.build((None, 3)),
        lambda m: m.build((8, 3)),
        lambda m: m.predict(X),
        lambda m: m(X),
        lambda m: m.fit(X, Y, verbose=0),
        lambda m: m.evaluate(X, Y, verbose=0),
        lambda m: m.train_on_batch(X, Y),
        lambda m: m.predict_on_batch(X),
        lambda m: m.fit(iter([(X, Y)]), verbose=0),
    ],
)
def test_the_first_data_builds_a_model(build: Any) -> None:
    model = Sequential([Dense(4), Dense(1)])
    model.compile("sgd", "mse")
    build(model)
    assert model.built
    assert model.input_shape == (None, 3)
    assert model.output_shape == (None, 1)
    assert model.count_params() == 3 * 4 + 4 + 4 + 1
    assert model.predict(X[:5]).shape == (5, 1)


@pytest.mark.parametrize(
    "first",
    [
        lambda: [Dense(4, input_shape=(3,))],
        lambda: [Dense(4, input_shape=[3])],
        lambda: [Dense(4, input_dim=3)],
        lambda: [Dense(4, batch_input_shape=(None, 3))],
        lambda: [Dense(4, batch_input_shape=(16, 3))],
        lambda: [InputLayer((3,)), Dense(4)],
        lambda: [InputLayer(input_shape=(3,), batch_size=16), Dense(4)],
    ],
)
def test_a_declared_shape_builds_a_model_at_once(first: Any) -> None:
    model = Sequential(first())
    assert model.built
    assert [layer.name for layer in model.layers] == ["dense"]
    assert model.count_params() == 16
    assert [w.name for w in model.weights] == ["dense/kernel:0", "dense/bias:0"]
    assert model.predict(X).shape == (8, 4)


def test_building_again_changes_nothing() -> None:
    model = small_model()
    before = bits(model)
    model.build((None, 7))
    assert model.input_shape == (None, 3)
    assert bits(model) == before


def test_a_build_that_fails_leaves_the_model_unbuilt() -> None:
    model = Sequential([Dense(4)])
    with pytest.raises(ShapeError):
        model.build((None,))
    assert not model.built
    model.build((None, 3))
    assert model.count_params() == 16


# -- weights -------------------------------------------------------------------------------------------------


def test_get_weights_gives_copies() -> None:
    model = small_model()
    given = model.get_weights()
    assert [w.shape for w in given] == [(3, 4), (4,), (4, 1), (1,)]
    assert {w.dtype for w in given} == {np.dtype("f4")}
    before = bits(model)
    for w in given:
        w[...] = 7
    assert bits(model) == before


def test_set_weights_takes_all_that_converts() -> None:
    model = small_model()
    model.set_weights([np.ones((3, 4), int), [1, 2, 3, 4], np.ones((4, 1), "f8"), (5,)])
    assert [w.tolist() for w in model.get_weights()[1:]] == [[1, 2, 3, 4], [[1]] * 4, [5]]


@pytest.mark.parametrize(
    "wrong",
    [
        [np.ones((3, 4)), np.ones(4), np.ones((4, 1)), np.ones(2)],
        [np.ones((3, 4)), np.ones(4), np.ones((4, 1))],
        [np.ones((3, 4)), np.ones(4), np.ones((4, 1)), np.ones(1), np.ones(1)],
        [np.ones((3, 4)), np.ones(4), np.ones((1, 4)), np.ones(1)],
        [np.ones((3, 4)), np.ones(4), np.ones((4, 1)), 1.0],
        [np.ones((3, 4)), np.ones(4), np.ones((4, 1)), ["a"]],
        [np.ones((3, 4)), np.ones(4), np.ones((4, 1)), [None]],
        [],
    ],
)
def test_set_weights_is_all_or_nothing(wrong: Any) -> None:
    model = small_model()
    before = bits(model)
    with pytest.raises((ShapeError, ArgumentTypeError)):
        model.set_weights(wrong)
    assert bits(model) == before


def test_weights_by_kind() -> None:
    model = small_model()
    model.layers[0].trainable = False
    assert [w.name for w in model.weights] == [
        "dense/kernel:0",
        "dense/bias:0",
        "dense_1/kernel:0",
        "dense_1/bias:0",
    ]
    assert [w.name for w in model.trainable_weights] == ["dense_1/kernel:0", "dense_1/bias:0"]
    assert [w.name for w in model.non_trainable_weights] == ["dense/kernel:0", "dense/bias:0"]
    assert model.trainable
    model.trainable = False
    assert model.trainable_variables == []
    assert model.variables == model.non_trainable_variables == model.weights


@pytest.mark.parametrize("optimizer", [SGD(0.1), SGD(0.1, momentum=0.9), Adam(0.01), RMSprop(0.01)])
def test_frozen_weights_stay_bit_for_bit_and_thaw_at_the_next_compile(optimizer: Any) -> None:
    model = small_model(optimizer=optimizer)
    model.fit(X, Y, verbose=0)
    first = model.layers[0]
    first.trainable = False
    model.compile(optimizer, model.loss)
    before = bits(model)
    model.fit(X, Y, epochs=3, batch_size=3, verbose=0)
    model.train_on_batch(X, Y)
    after = bits(model)
    assert after[:2] == before[:2]
    assert after[2] != before[2]
    first.trainable = True
    model.compile(optimizer, model.loss)
    model.fit(X, Y, verbose=0)
    assert bits(model)[0] != before[0]
    assert bits(model)[1] != before[1]


def test_losses_are_what_regularizers_add() -> None:
    model = Sequential([Dense(1, kernel_regularizer="l2", use_bias=False, input_shape=(1,)), Dense(1)])
    model.layers[0].set_weights([[[3.0]]])
    assert [float(loss) for loss in model.losses] == pytest.approx([0.09])


# -- forward -------------------------------------------------------------------------------------------------


def test_calling_a_model_gives_a_tensor_with_a_gradient() -> None:
    model = small_model()
    y = model(X)
    assert isinstance(y, Tensor)
    assert np.allclose(y.numpy(), model.predict(X), atol=1e-6)
    y.sum().backward()
    assert model.weights[0].grad is not None


def test_calling_without_layers_is_the_identity() -> None:
    assert np.array_equal(Sequential()(X).numpy(), X)


def test_training_reaches_the_layers() -> None:
    model = Sequential([Dropout(0.5, input_shape=(1000,))])
    x = np.ones((1, 1000), np.float32)
    assert np.array_equal(model(x).numpy(), x)
    assert set(np.unique(model(x, training=True).numpy())) == {0.0, 2.0}


@pytest.mark.parametrize("batch_size", [None, 1, 3, 8, 100])
def test_predict_gives_float32_in_the_order_of_the_data(batch_size: int | None) -> None:
    model = line(2.0)
    found = model.predict(np.arange(7), batch_size=batch_size)
    assert found.dtype == np.float32
    assert found.tolist() == [[2.0 * n] for n in range(7)]


def test_predict_needs_no_compiling_and_takes_any_source() -> None:
    model = Sequential([Dense(1, use_bias=False, kernel_initializer="ones")])
    x = np.arange(6.0).reshape(3, 2)
    expected = x.sum(1, keepdims=True).tolist()
    assert model.predict(x).tolist() == expected
    assert model.predict(x.tolist()).tolist() == expected
    assert model.predict(iter([x[:2], x[2:]])).tolist() == expected
    assert model.predict(iter([(x[:2],), (x[2:], None)])).tolist() == expected
    assert model.predict(x, steps=1, batch_size=2).tolist() == expected[:2]
    assert model.predict_on_batch(x).tolist() == expected
    assert model.predict([x]).tolist() == expected


def test_what_predict_returned_is_not_written_to_again() -> None:
    model = small_model()
    first = model.predict(X)
    kept = first.copy()
    model.predict(-X)
    model.fit(X, Y, verbose=0)
    assert np.array_equal(first, kept)


# -- compile and what it gives -------------------------------------------------------------------------------


def test_compile_without_an_optimizer_takes_rmsprop() -> None:
    model = Sequential([Dense(1)])
    model.compile(loss="mse")
    assert isinstance(model.optimizer, RMSprop)
    model.fit(X, Y, verbose=0)


def test_compiling_again_keeps_weights_and_forgets_metrics() -> None:
    model = small_model(metrics=["mae"])
    model.fit(X, Y, verbose=0)
    before, optimizer = bits(model), model.optimizer
    assert model.metrics_names == ["loss", "mae"]
    model.compile(optimizer, "mae")
    assert bits(model) == before
    assert model.metrics_names == []
    assert int(model.optimizer.iterations) == 1
    model.compile("sgd", "mse")
    assert int(model.optimizer.iterations) == 0


def test_a_compile_that_fails_changes_nothing() -> None:
    model = small_model()
    optimizer = model.optimizer
    usual: dict[str, Any] = {"optimizer": "adam", "loss": "mae"}
    wrong: dict[str, Any]
    for wrong in ({"optimizer": "nope"}, {"loss": "nope"}, {"metrics": ["nope"]}, {"steps_per_execution": 0}):
        with pytest.raises(ArgumentError):
            model.compile(**(usual | wrong))
    assert model.optimizer is optimizer
    assert model.loss == "mse"
    assert model.fit(X, Y, batch_size=8, verbose=0).history == small_model().fit(X, Y, verbose=0).history


def test_metrics_names_are_known_after_the_first_data() -> None:
    model = small_model(metrics=["mae"])
    assert (model.metrics_names, model.metrics) == ([], [])
    model.evaluate(X, Y, verbose=0)
    assert model.metrics_names == ["loss", "mae"]
    assert Sequential().metrics_names == []


def test_reset_metrics() -> None:
    model = line(metrics=["mae"])
    model.train_on_batch([[1.0]], [2.0])
    assert [float(m.result()) for m in model.metrics] == [4.0, 2.0]
    model.reset_metrics()
    assert [float(m.result()) for m in model.metrics] == [0.0, 0.0]
    Sequential().reset_metrics()


def test_metrics_after_fit_are_those_of_the_validation() -> None:
    model = line(metrics=["mae"])
    model.fit([[1.0]], [2.0], verbose=0, validation_data=([[1.0]], [3.0]))
    assert [float(m.result()) for m in model.metrics] == [9.0, 3.0]


# -- evaluate, and one batch ---------------------------------------------------------------------------------


def test_what_evaluate_returns() -> None:
    x, y = [[1.0], [1.0]], [1.0, 3.0]
    alone, metered = line(), line(metrics=["mae"])
    assert alone.evaluate(x, y, verbose=0) == 5.0
    assert type(alone.evaluate(x, y, verbose=0)) is float
    assert alone.evaluate(x, y, verbose=0, return_dict=True) == {"loss": 5.0}
    assert metered.evaluate(x, y, verbose=0) == [5.0, 2.0]
    assert {type(v) for v in metered.evaluate(x, y, verbose=0)} == {float}
    assert metered.evaluate(x, y, verbose=0, return_dict=True) == {"loss": 5.0, "mae": 2.0}
    assert metered.evaluate(x, y, verbose=0, sample_weight=[1.0, 0.0]) == [0.5, 2.0]
    assert metered.evaluate(x, y, verbose=0, batch_size=1, steps=1) == [1.0, 1.0]
    assert metered.evaluate(iter([(x, y), (x, y)]), verbose=0) == [5.0, 2.0]


def test_evaluate_changes_nothing() -> None:
    model = small_model(optimizer=Adam(0.1))
    model.fit(X, Y, verbose=0)
    before = bits(model)
    history = model.history
    model.evaluate(X, Y, verbose=0)
    model.test_on_batch(X, Y)
    assert bits(model) == before
    assert int(model.optimizer.iterations) == 1
    assert model.history is history


def test_one_batch_at_a_time() -> None:
    model = line(rate=0.25, metrics=["mae"])
    assert model.test_on_batch([[1.0]], [2.0]) == [4.0, 2.0]
    assert model.train_on_batch([[1.0]], [2.0], return_dict=True) == {"loss": 4.0, "mae": 2.0}
    assert model.predict_on_batch([[1.0]]).tolist() == [[1.0]]
    assert model.test_on_batch([[1.0]], [2.0], return_dict=True) == {"loss": 1.0, "mae": 1.0}
    assert line().train_on_batch([[1.0]], [3.0], sample_weight=[0.5]) == 4.5
    assert line().train_on_batch([[1.0], [1.0]], [0, 1], class_weight={0: 1.0, 1: 6.0}) == 3.0


def test_metrics_may_run_on_over_batches() -> None:
    model = line()
    assert model.train_on_batch([[1.0], [1.0]], [1.0, 3.0]) == 5.0
    assert model.train_on_batch([[1.0], [1.0]], [0.0, 0.0], reset_metrics=False) == 2.5
    assert model.test_on_batch([[1.0], [1.0]], [0.0, 0.0], reset_metrics=False) == pytest.approx(10 / 6)
    assert model.train_on_batch([[1.0]], [2.0]) == 4.0


def test_train_on_batch_is_one_step_of_fit() -> None:
    fitted, stepped = small_model(optimizer=Adam(0.1)), small_model(optimizer=Adam(0.1))
    fitted.fit(X, Y, batch_size=4, shuffle=False, verbose=0)
    for rows in (slice(0, 4), slice(4, 8)):
        stepped.train_on_batch(X[rows], Y[rows])
    assert bits(fitted) == bits(stepped)


# -- what may be passed as data ------------------------------------------------------------------------------

DTYPES = ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", ">f4", ">i4", "longdouble"]


@pytest.mark.parametrize("kernels", ["numpy", "numba"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_data_of_every_dtype(dtype: str, kernels: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", kernels)
    x = (np.arange(24).reshape(8, 3) % 2).astype(dtype)
    y = (np.arange(8) % 2).astype(dtype)
    found = []
    for given in ((x, y), (x.astype("f4"), y.astype("f4"))):
        model = small_model(metrics=["mae"])
        history = model.fit(*given, batch_size=3, epochs=2, verbose=0, validation_split=0.25).history
        found.append((history, bits(model), model.predict(given[0]).tobytes()))
    assert found[0] == found[1]


@pytest.mark.parametrize(
    "same",
    [
        lambda a: a.tolist(),
        lambda a: tuple(map(tuple, a.tolist())) if a.ndim == 2 else tuple(a.tolist()),
        list,
        np.asfortranarray,
        lambda a: np.repeat(a, 2, axis=0)[::2],
        lambda a: a[::-1].copy()[::-1],
        lambda a: [a],
        np.ma.masked_array,
        Tensor,
    ],
    ids=[
        "list",
        "tuple",
        "list of rows",
        "Fortran",
        "strided",
        "reversed",
        "list of one",
        "masked",
        "tensor",
    ],
)
def test_data_of_every_form(same: Any) -> None:
    expected, model = small_model(), small_model()
    expected.fit(X, Y, batch_size=3, shuffle=False, verbose=0)
    model.fit(same(X), same(Y), batch_size=3, shuffle=False, verbose=0)
    assert bits(model) == bits(expected)
    assert np.array_equal(model.predict(same(X)), expected.predict(X))


def test_data_is_only_read() -> None:
    x, y, w = X.copy(), Y.copy(), np.ones(8, np.float32)
    for array in (x, y, w):
        array.flags.writeable = False
    for shuffle in (True, False):
        model = small_model()
        model.fit(x, y, sample_weight=w, shuffle=shuffle, verbose=0, validation_split=0.25)
        model.evaluate(x, y, verbose=0)
        model.predict(x)


@pytest.mark.parametrize("make", [lambda: Dense(1, input_shape=(1,)), lambda: Dense(1)])
def test_x_of_rank_1_is_one_feature(make: Any) -> None:
    model = Sequential([make()])
    model.compile("sgd", "mse")
    x = np.arange(4.0)
    model.fit(x, x, verbose=0)
    assert model.input_shape == (None, 1)
    assert np.array_equal(model.predict(x), model.predict(x[:, None]))
    assert np.array_equal(model(x).numpy(), model.predict(x))
    assert model.evaluate(x, x, verbose=0) == model.evaluate(x[:, None], x, verbose=0)


@pytest.mark.parametrize("y", [Y[:, None], Y.astype(float)[:, None]])
def test_targets_of_rank_1_and_2_are_the_same_for_one_output(y: Array) -> None:
    one, two = small_model(), small_model()
    one.fit(X, Y, verbose=0, shuffle=False)
    two.fit(X, y, verbose=0, shuffle=False)
    assert bits(one) == bits(two)


def test_samples_of_more_dimensions() -> None:
    model = Sequential([Flatten(), Dense(1)])
    model.compile("sgd", "mse")
    model.fit(np.zeros((4, 2, 3)), np.zeros(4), verbose=0)
    assert model.input_shape == (None, 2, 3)
    assert model.predict(np.zeros((5, 2, 3))).shape == (5, 1)


def test_a_training_of_arrays_equals_one_of_their_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", "numpy")

    def batches() -> Iterator[Any]:
        for n in range(0, 8, 3):
            yield X[n : n + 3].tolist(), Y[n : n + 3].astype(float), np.ones(len(Y[n : n + 3]))

    one, two, three = small_model(), small_model(), small_model()
    one.fit(X, Y, batch_size=3, shuffle=False, verbose=0)
    two.fit(batches(), verbose=0)
    three.fit(batches(), steps_per_epoch=3, verbose=0)
    assert bits(one) == bits(two) == bits(three)


# -- fit -----------------------------------------------------------------------------------------------------


def test_fit_returns_the_history_and_keeps_it() -> None:
    model = small_model()
    history = model.fit(X, Y, epochs=3, verbose=0)
    assert isinstance(history, History)
    assert model.history is history
    assert history.model is model
    assert history.epoch == [0, 1, 2]
    assert history.params == {"verbose": 0, "epochs": 3, "steps": 1}
    assert len(history.history["loss"]) == 3
    assert {type(v) for v in history.history["loss"]} == {float}
    again = model.fit(X, Y, verbose=0)
    assert again is not history
    assert history.epoch == [0, 1, 2]


def test_a_history_of_ones_own_is_used() -> None:
    mine = History()
    model = small_model()
    assert model.fit(X, Y, verbose=0, callbacks=[mine]) is mine
    model.fit(X, Y, verbose=0, callbacks=[mine])
    assert (mine.epoch, len(mine.history["loss"])) == ([0], 2)


def test_the_documentations_example() -> None:
    """The example of `tf.keras.callbacks.EarlyStopping`, which says that it runs for four epochs."""
    callback = EarlyStopping(monitor="loss", patience=3)
    model = Sequential([Dense(10)])
    model.compile(SGD(), loss="mse")
    history = model.fit(
        np.arange(100).reshape(5, 20), np.zeros(5), epochs=10, batch_size=1, callbacks=[callback], verbose=0
    )
    assert len(history.history["loss"]) == 4
    assert not np.isfinite(history.history["loss"][-1])


def test_initial_epoch_and_steps() -> None:
    history = small_model().fit(X, Y, epochs=5, initial_epoch=3, verbose=0)
    assert history.epoch == [3, 4]


class Rows(Callback):
    """Which rows each epoch saw, told from a layer that looks at its input."""

    def __init__(self) -> None:
        self.epochs: list[list[float]] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epochs.append([])

    def model_of(self, **compiling: Any) -> Sequential:
        rows = self

        class Looks(Layer):
            def call(self, inputs: Tensor, training: bool = False) -> Tensor:
                if training:
                    rows.epochs[-1] += inputs.numpy().ravel().tolist()
                return inputs

        model = Sequential([InputLayer((1,)), Looks(), Dense(1)])
        model.compile("sgd", "mse")
        return model


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"batch_size": 4}, [[*range(12)]] * 2),
        ({"batch_size": 4, "steps_per_epoch": 2}, [[*range(8)], [8, 9, 10, 11, 0, 1, 2, 3]]),
        ({"batch_size": 4, "steps_per_epoch": 1}, [[0, 1, 2, 3], [4, 5, 6, 7]]),
        ({"steps_per_epoch": 2}, [[*range(12)]] * 2),
        ({"batch_size": 5}, [[*range(12)]] * 2),
    ],
)
def test_which_rows_an_epoch_sees(options: dict[str, Any], expected: list[list[int]]) -> None:
    rows = Rows()
    x = np.arange(12.0)
    rows.model_of().fit(x, x, epochs=2, shuffle=False, verbose=0, callbacks=[rows], **options)
    assert rows.epochs == expected


def test_shuffling_sees_every_row_once_in_a_new_order() -> None:
    rows = Rows()
    x = np.arange(12.0)
    rows.model_of().fit(x, x, epochs=4, batch_size=5, verbose=0, callbacks=[rows])
    assert [sorted(epoch) for epoch in rows.epochs] == [[*range(12)]] * 4
    assert len({tuple(epoch) for epoch in [*rows.epochs, [*range(12)]]}) == 5


@pytest.mark.parametrize(
    ("n", "fraction", "train"),
    [
        (5, 0.25, 3),
        (5, 0.5, 2),
        (5, 0.1, 4),
        (5, 0.2, 4),
        (5, 0.21, 3),
        (5, 0.7, 1),
        (10, 0.3, 7),
        (10, 0.7, 3),
    ],
)
def test_validation_split_holds_the_last_rows_back(n: int, fraction: float, train: int) -> None:
    rows = Rows()
    x = np.arange(float(n))
    history = rows.model_of().fit(x, x, validation_split=fraction, verbose=0, callbacks=[rows]).history
    assert sorted(rows.epochs[0]) == [*range(train)]
    assert len(history["val_loss"]) == 1


def test_validation_split_also_splits_the_weights() -> None:
    model = line()
    w = np.array([1.0, 1.0, 0.0, 2.0])
    history = model.fit(
        np.ones((4, 1)), [1.0, 2.0, 3.0, 4.0], sample_weight=w, validation_split=0.5, verbose=0
    ).history
    assert history == {"loss": [2.5], "val_loss": [16.0]}


def test_validation_data_goes_before_validation_split() -> None:
    """As documented: "`validation_data` will override `validation_split`"."""
    history = (
        line()
        .fit(np.ones((4, 1)), np.ones(4), validation_split=0.5, validation_data=([[1.0]], [3.0]), verbose=0)
        .history
    )
    assert history == {"loss": [1.0], "val_loss": [9.0]}


VALIDATION = (np.ones((2, 1)), np.array([1.0, 3.0]))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (VALIDATION, 5.0),
        ([*VALIDATION], 5.0),
        ((*VALIDATION, np.array([2.0, 0.0])), 1.0),
        ((*VALIDATION, None), 5.0),
        ((VALIDATION[0].tolist(), VALIDATION[1].tolist()), 5.0),
        (iter([VALIDATION]), 5.0),
    ],
)
def test_forms_of_validation_data(data: Any, expected: float) -> None:
    assert line().fit([[1.0]], [1.0], validation_data=data, verbose=0).history["val_loss"] == [expected]


@pytest.mark.parametrize("data", [None, (), []])
def test_no_validation_data(data: Any) -> None:
    assert list(line().fit([[1.0]], [1.0], validation_data=data, verbose=0).history) == ["loss"]


@pytest.mark.parametrize(
    ("freq", "epochs"),
    [
        (1, [0, 1, 2, 3, 4]),
        (2, [1, 3]),
        (7, []),
        ([1, 5], [0, 4]),
        ((2,), [1]),
        ({3}, [2]),
        (range(2, 4), [1, 2]),
    ],
)
def test_validation_freq(freq: Any, epochs: list[int]) -> None:
    validated: list[int] = []
    seen = LambdaCallback(
        on_epoch_end=lambda epoch, logs: validated.append(epoch) if "val_loss" in logs else None
    )
    line().fit(
        [[1.0]],
        [1.0],
        epochs=5,
        validation_data=VALIDATION,
        validation_freq=freq,
        verbose=0,
        callbacks=[seen],
    )
    assert validated == epochs


@pytest.mark.parametrize(
    ("options", "batches"),
    [
        ({}, 5),
        ({"validation_batch_size": 5}, 2),
        ({"validation_steps": 3}, 3),
        ({"validation_steps": 2, "validation_batch_size": 3}, 2),
    ],
)
def test_validation_batch_size_is_the_batch_size_unless_given(options: dict[str, Any], batches: int) -> None:
    count: list[int] = []
    seen = LambdaCallback(on_test_batch_end=lambda batch, logs: count.append(batch))
    data = np.ones((10, 1)), np.ones(10)
    line().fit([[1.0]], [1.0], batch_size=2, validation_data=data, verbose=0, callbacks=[seen], **options)
    assert count == [*range(batches)]


def test_an_early_stop_keeps_what_there_is() -> None:
    model = small_model()
    stop = LambdaCallback(on_epoch_end=lambda epoch, logs: setattr(model, "stop_training", epoch == 1))
    assert model.fit(X, Y, epochs=9, verbose=0, callbacks=[stop]).epoch == [0, 1]
    assert model.stop_training


@pytest.mark.parametrize("verbose", [1, "auto", 2])
def test_fit_speaks_unless_it_is_told_not_to(verbose: Any, capsys: pytest.CaptureFixture[str]) -> None:
    small_model().fit(X, Y, verbose=0)
    assert capsys.readouterr().out == ""
    small_model().fit(X, Y, verbose=verbose, epochs=2)
    said = capsys.readouterr().out
    assert "Epoch 1/2" in said
    assert "loss: " in said


# -- in the middle of a fit ----------------------------------------------------------------------------------


def epochs_of(model: Sequential, *callbacks: Callback) -> tuple[dict[str, list[float]], list[bytes]]:
    np.random.seed(0)
    history = model.fit(
        X, Y, epochs=4, batch_size=3, verbose=0, validation_split=0.25, callbacks=list(callbacks)
    )
    return history.history, bits(model)


@pytest.mark.rule("FIT-7")
@pytest.mark.parametrize(
    "hook",
    ["on_train_begin", "on_epoch_begin", "on_batch_begin", "on_batch_end", "on_test_end", "on_epoch_end"],
)
def test_evaluating_inside_a_callback_disturbs_nothing(hook: str) -> None:
    model = small_model(optimizer=Adam(0.01), metrics=["mae"])
    found: list[Any] = []

    def evaluate(*_: Any) -> None:
        found.append(model.evaluate(X[:2], Y[:2], verbose=0))
        found.append(model.predict(X[:2]).tolist())

    assert epochs_of(model, LambdaCallback(**{hook: evaluate})) == epochs_of(
        small_model(optimizer=Adam(0.01), metrics=["mae"])
    )
    assert len(found[0]) == 2
    assert found[0] != found[-2] or hook == "on_train_begin"


def test_a_fit_of_another_model_inside_a_callback_disturbs_nothing() -> None:
    def other(*_: Any) -> None:
        small_model().fit(X, Y, verbose=0, shuffle=False)

    model = small_model(optimizer=Adam(0.01))
    assert epochs_of(model, LambdaCallback(on_batch_end=other)) == epochs_of(
        small_model(optimizer=Adam(0.01))
    )


def test_a_fit_of_the_same_model_inside_a_callback_keeps_the_place() -> None:
    model = small_model()
    inner: list[list[int]] = []

    def again(epoch: int, logs: Any) -> None:
        if epoch == 1:
            inner.append(model.fit(X, Y, epochs=3, verbose=0).epoch)

    history = model.fit(X, Y, epochs=3, verbose=0, callbacks=[LambdaCallback(on_epoch_end=again)])
    assert inner == [[0, 1, 2]]
    assert history.epoch == [0, 1, 2]
    assert int(model.optimizer.iterations) == 6
    assert not model.training_state.running


def test_a_stop_of_the_inner_fit_does_not_stop_the_outer_one() -> None:
    model = small_model()

    def stop(*_: Any) -> None:
        model.stop_training = True

    def again(epoch: int, logs: Any) -> None:
        if epoch == 0:
            model.fit(X, Y, epochs=5, verbose=0, callbacks=[LambdaCallback(on_epoch_end=stop)])

    assert model.fit(X, Y, epochs=3, verbose=0, callbacks=[LambdaCallback(on_epoch_end=again)]).epoch == [
        0,
        1,
        2,
    ]


def test_a_step_by_hand_inside_a_callback_keeps_the_sums() -> None:
    model = line()
    seen: list[float] = []

    def step(batch: int, logs: Any) -> None:
        model.train_on_batch([[1.0]], [100.0])
        seen.append(logs["loss"])

    history = model.fit(
        np.ones((4, 1)), np.ones(4), batch_size=2, verbose=0, callbacks=[LambdaCallback(on_batch_end=step)]
    )
    assert seen == [1.0, 1.0]
    assert history.history == {"loss": [1.0]}


# -- the same again ------------------------------------------------------------------------------------------


def build_and_fit(dropout: bool = False) -> tuple[list[bytes], dict[str, list[float]]]:
    thin = [Dropout(0.5)] if dropout else []
    model = Sequential([Dense(8, "relu"), *thin, Dense(1)])
    model.compile("adam", "mse")
    history = model.fit(X, Y, batch_size=3, epochs=3, verbose=0).history
    return bits(model), history


def test_the_seed_of_numpy_alone_repeats_a_run() -> None:
    np.random.seed(0)
    first = build_and_fit()
    np.random.seed(0)
    assert build_and_fit() == first
    np.random.seed(1)
    assert build_and_fit()[0] != first[0]


def test_without_a_seed_every_run_is_another() -> None:
    assert build_and_fit()[0] != build_and_fit()[0]


def test_set_random_seed_repeats_bit_for_bit() -> None:
    set_random_seed(5)
    first, second = build_and_fit(), build_and_fit()
    assert first[0] != second[0], "two models are two models"
    set_random_seed(5)
    assert [build_and_fit(), build_and_fit()] == [first, second]


@pytest.mark.parametrize("seed", [np.random.seed, set_random_seed])
def test_with_dropout_too(seed: Any) -> None:
    seed(0)
    first = build_and_fit(dropout=True)
    seed(0)
    assert build_and_fit(dropout=True) == first


PROGRAM = """
import numpy as np
import minifit
{seed}
model = minifit.Sequential([minifit.layers.Dense(8, "relu"), minifit.layers.Dropout(0.5), minifit.layers.Dense(1)])
model.compile("adam", "mse")
x = np.sin(np.arange(24.0)).reshape(8, 3)
losses = model.fit(x, np.cos(np.arange(8.0)), batch_size=3, epochs=3, verbose=0).history["loss"]
print(losses, [w.tobytes().hex() for w in model.get_weights()])
"""


@pytest.mark.parametrize(
    "seed", ["np.random.seed(0)", "from minifit.randomness import set_random_seed; set_random_seed(0)"]
)
def test_a_seed_repeats_a_run_in_another_process(seed: str, root: Path) -> None:
    def run() -> str:
        program = PROGRAM.format(seed=seed)
        return subprocess.run(
            [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True
        ).stdout

    first = run()
    assert len(first) > 200
    assert run() == first


# -- as data -------------------------------------------------------------------------------------------------

# What TensorFlow 2.7 writes for this model, byte for byte.
JSON = (
    '{"class_name": "Sequential", "config": {"name": "sequential", "layers": [{"class_name": "InputLayer", '
    '"config": {"batch_input_shape": [null, 4], "dtype": "float32", "sparse": false, "ragged": false, '
    '"name": "dense_input"}}, {"class_name": "Dense", "config": {"name": "dense", "trainable": true, '
    '"batch_input_shape": [null, 4], "dtype": "float32", "units": 5, "activation": "relu", "use_bias": true, '
    '"kernel_initializer": {"class_name": "GlorotUniform", "config": {"seed": null}}, "bias_initializer": '
    '{"class_name": "Zeros", "config": {}}, "kernel_regularizer": {"class_name": "L2", "config": {"l2": '
    '0.009999999776482582}}, "bias_regularizer": null, "activity_regularizer": null, "kernel_constraint": '
    'null, "bias_constraint": null}}, {"class_name": "Dropout", "config": {"name": "dropout", "trainable": '
    'true, "dtype": "float32", "rate": 0.5, "noise_shape": null, "seed": null}}, {"class_name": "Flatten", '
    '"config": {"name": "flatten", "trainable": true, "dtype": "float32", "data_format": "channels_last"}}, '
    '{"class_name": "Activation", "config": {"name": "activation", "trainable": true, "dtype": "float32", '
    '"activation": "softmax"}}]}, "keras_version": "2.7.0", "backend": "tensorflow"}'
)


def full_model() -> Sequential:
    return Sequential(
        [
            Dense(5, "relu", kernel_regularizer="l2", input_shape=(4,)),
            Dropout(0.5),
            Flatten(),
            Activation("softmax"),
        ]
    )


def test_to_json_is_that_of_keras() -> None:
    assert full_model().to_json() == JSON
    assert json.loads(full_model().to_json(indent=2))["class_name"] == "Sequential"


def test_the_configuration_of_an_unbuilt_model() -> None:
    config = Sequential([Dense(5)]).get_config()
    assert list(config) == ["name", "layers"]
    assert [entry["class_name"] for entry in config["layers"]] == ["Dense"]
    assert "batch_input_shape" not in config["layers"][0]["config"]


@pytest.mark.parametrize("build", [lambda m: m.build((None, 4)), lambda m: m.predict(np.zeros((7, 4)))])
def test_the_configuration_of_a_model_built_later(build: Any) -> None:
    model = Sequential([Dense(5)])
    build(model)
    first, second = model.get_config()["layers"]
    assert first == {
        "class_name": "InputLayer",
        "config": {
            "batch_input_shape": (None, 4),
            "dtype": "float32",
            "sparse": False,
            "ragged": False,
            "name": "dense_input",
        },
    }
    assert "batch_input_shape" not in second["config"]


def test_an_input_layer_keeps_its_name() -> None:
    model = Sequential([InputLayer((4,), name="mine"), Dense(5)])
    assert model.get_config()["layers"][0]["config"]["name"] == "mine"


def test_an_input_layer_without_a_name_counts_from_1() -> None:
    model = Sequential([InputLayer((4,)), Dense(5)])
    assert model.get_config()["layers"][0]["config"]["name"] == "input_1"


@pytest.mark.parametrize(
    "make", [full_model, lambda: Sequential([Dense(5)]), lambda: Sequential([InputLayer((4,)), Dense(2)])]
)
def test_from_config_makes_an_equal_model(make: Any) -> None:
    model = make()
    other = Sequential.from_config(model.get_config())
    assert other.get_config() == model.get_config()
    assert other.built == model.built
    from_json = Sequential.from_config(json.loads(model.to_json())["config"])
    assert from_json.to_json() == model.to_json()
    if model.built:
        other.set_weights(model.get_weights())
        assert np.array_equal(other.predict(np.ones((2, 4))), model.predict(np.ones((2, 4))))


class Doubles(Layer):
    def call(self, inputs: Tensor) -> Tensor:
        return inputs * 2.0


def test_layers_of_ones_own_are_given_by_name() -> None:
    config = Sequential([InputLayer((1,)), Doubles()]).get_config()
    with pytest.raises(UnknownNameError, match=r"There is no layer of that name. Received: 'Doubles'"):
        Sequential.from_config(config)
    model = Sequential.from_config(config, custom_objects={"Doubles": Doubles})
    assert model.predict([[1.0]]).tolist() == [[2.0]]


def test_compiling_and_training_do_not_change_the_configuration() -> None:
    model = small_model()
    before = model.get_config()
    model.fit(X, Y, verbose=0)
    assert model.get_config() == before


def test_summary_is_printed_or_handed_on(capsys: pytest.CaptureFixture[str]) -> None:
    lines: list[str] = []
    full_model().summary(print_fn=lines.append)
    assert capsys.readouterr().out == ""
    assert lines[0] == 'Model: "sequential"'
    assert [row.split()[0] for row in lines[4:8]] == ["dense", "dropout", "flatten", "activation"]
    assert lines[-4] == "Total params: 25"
    full_model().summary(line_length=80)
    assert "_" * 80 + "\n" in capsys.readouterr().out


# -- before its time -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call",
    [
        lambda m: m.fit(X, Y),
        lambda m: m.evaluate(X, Y),
        lambda m: m.train_on_batch(X, Y),
        lambda m: m.test_on_batch(X, Y),
    ],
)
def test_training_and_judging_need_compile(call: Any) -> None:
    with pytest.raises(NotCompiledError, match=r"Compile the model first: model\.compile"):
        call(Sequential([Dense(1)]))


def test_a_loss_in_numpy_is_refused() -> None:
    model = small_model(loss=lambda y_true, y_pred: np.square(np.asarray(y_true) - np.asarray(y_pred)))
    with pytest.raises(GradientError, match=r"minifit\.ops"):
        model.fit(X, Y, verbose=0)


def test_a_stranger_among_the_keywords() -> None:
    nope: dict[str, Any] = {"nope": 1}
    with pytest.raises(TypeError, match="nope"):
        small_model().fit(X, Y, **nope)
    with pytest.raises(TypeError, match="nope"):
        small_model().compile(**nope)


def test_many_layers_are_laid_out_once() -> None:
    """At each layer it would take time that grows with the square of their number."""
    model = Sequential([Dense(1, input_shape=(1,)) for _ in range(20)])
    one_by_one = Sequential()
    one_by_one.build((None, 1))
    for _ in range(20):
        one_by_one.add(Dense(1))
    for made in (model, Sequential.from_config(model.get_config()), one_by_one):
        assert made.weights[0].buffer is not None
        assert made.weights[0].buffer.layout == 1
        assert {w.buffer for w in made.weights} == {made.weights[0].buffer}


def test_a_name_is_free_again_once_its_layer_is_gone() -> None:
    model = Sequential([Dense(1, input_shape=(1,), name="a")])
    with pytest.raises(ArgumentError, match="a second 'b'"):
        for _ in range(2):
            model.add(Dense(1, name="b"))
    model.pop()
    model.add(Dense(2, name="b"))
    with pytest.raises(ShapeError):
        model.add(Reshape((7,), name="c"))
    model.add(Dense(3, name="c"))
    assert [layer.name for layer in model.layers] == ["a", "b", "c"]


def test_a_layer_that_comes_twice_is_one_layer_in_a_configuration_too() -> None:
    layer = Dense(3)
    model = Sequential([Dense(3, input_shape=(3,)), layer, layer, Dense(1)])
    again = Sequential.from_config(model.get_config())
    assert again.layers[1] is again.layers[2]
    assert len(again.weights) == len(model.weights) == 6
    unnamed = {"class_name": "Dense", "config": {"units": 3}}
    assert len(Sequential.from_config([unnamed, unnamed]).layers) == 2
