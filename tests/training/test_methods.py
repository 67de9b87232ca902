"""A method that is replaced in the middle counts in programs as it does op by op: it is never bypassed."""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minifit import Sequential, ops
from minifit.callbacks import LambdaCallback
from minifit.constraints import MaxNorm
from minifit.layers import Dense, Dropout
from minifit.layers.base import clear_names
from minifit.losses import MeanSquaredError
from minifit.metrics import MeanAbsoluteError, MeanMetricWrapper
from minifit.metrics.base import Mean
from minifit.optimizers import SGD
from minifit.randomness import set_random_seed
from minifit.regularizers import L2
from minifit.training.methods import Methods
from tests.lowering.agreeing import engine

X = np.random.default_rng(0).standard_normal((24, 3), np.float32)
Y = np.random.default_rng(1).standard_normal((24, 2), np.float32)
Change = Callable[[Any], None]


def new_model() -> Any:
    set_random_seed(0)
    clear_names()
    first = Dense(4, "tanh", input_shape=(3,), kernel_regularizer=L2(0.1), kernel_constraint=MaxNorm(2))
    model = Sequential([first, Dropout(0.2), Dense(2)])
    model.compile(SGD(0.05), MeanSquaredError(), metrics=[MeanAbsoluteError()])
    return model


def update_of_the_optimizer(_: Any, w: Any, g: Any, slots: Any, rate: float) -> None:
    w -= 0.5 * rate * g


ON_OBJECTS: dict[str, Change] = {
    "loss": lambda model: setattr(model.loss, "call", lambda t, p: ops.mean(ops.abs(p - t), -1)),
    "metric": lambda model: setattr(model.metrics[-1], "update_state", lambda *_, **__: None),
    "optimizer": lambda model: setattr(model.optimizer, "_update", update_of_the_optimizer),
    "function that adds to the loss": lambda model: model.layers[0].add_loss(
        lambda: ops.sum(ops.square(model.layers[0].kernel))
    ),
}

ON_CLASSES: dict[str, tuple[type, str, Any]] = {
    "layer": (Dropout, "call", lambda self, inputs, training=None: inputs * 2),
    "loss": (MeanSquaredError, "call", lambda self, t, p: ops.mean(ops.abs(p - t), -1)),
    "metric": (MeanMetricWrapper, "update_state", lambda self, t, p, sample_weight=None: None),
    "base of a metric": (Mean, "update_state", lambda self, values, sample_weight=None: None),
    "optimizer": (SGD, "_update", lambda self, *arguments: update_of_the_optimizer(*arguments)),
    "penalty": (L2, "__call__", lambda self, w: ops.sum(w)),
    "constraint": (MaxNorm, "__call__", lambda self, w: w * 0.5),
}


def assert_same(run: Callable[[], list[Any]]) -> None:
    with engine("numpy"):
        expected = run()
    with engine("numba"):
        found = run()
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def results(model: Any, history: Any) -> list[Any]:
    return [*history.history.values(), *(w.numpy().copy() for w in model.weights)]


@pytest.mark.parametrize("watched", [True, False])
@pytest.mark.parametrize("what", ON_OBJECTS)
def test_a_method_that_is_set_on_an_object_counts_from_the_next_batch_on(what: str, watched: bool) -> None:
    def run() -> list[Any]:
        model = new_model()

        def change(number: int, logs: Any = None) -> None:
            if number == 1:
                ON_OBJECTS[what](model)

        hook = "on_train_batch_end" if watched else "on_epoch_begin"
        callback: Any = LambdaCallback(**{hook: change})
        return results(model, model.fit(X, Y, batch_size=4, epochs=3, verbose=0, callbacks=[callback]))

    assert_same(run)


@pytest.mark.parametrize("what", ON_OBJECTS)
def test_a_method_that_is_set_between_calls_counts(what: str) -> None:
    def run() -> list[Any]:
        model = new_model()
        made = []
        for change in (None, ON_OBJECTS[what]):
            if change is not None:
                change(model)
            made += [model.train_on_batch(X, Y), model.test_on_batch(X, Y), model.evaluate(X, Y, verbose=0)]
        return made

    assert_same(run)


@pytest.mark.parametrize("what", ON_CLASSES)
def test_a_method_that_is_replaced_in_a_class_counts_from_the_next_epoch_or_call_on(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, name, function = ON_CLASSES[what]

    def run() -> list[Any]:
        model = new_model()
        with monkeypatch.context() as patch:
            callback = LambdaCallback(
                on_epoch_begin=lambda epoch, logs: patch.setattr(kind, name, function) if epoch == 1 else None
            )
            history = model.fit(X, Y, batch_size=4, epochs=2, verbose=0, callbacks=[callback])
        made = results(model, history)
        for _ in range(2):  # the second steps were kept
            made += [model.train_on_batch(X, Y), model.test_on_batch(X, Y), model.predict_on_batch(X)]
        with monkeypatch.context() as patch:
            patch.setattr(kind, name, function)
            made += [model.train_on_batch(X, Y), model.test_on_batch(X, Y), model.predict_on_batch(X)]
        return [*made, model.train_on_batch(X, Y), *results(model, history)]

    assert_same(run)


def test_nothing_is_replaced_as_long_as_nothing_is_set() -> None:
    model = new_model()
    methods = Methods([model.loss, model.optimizer, copy.copy(model.loss)], model.layers)
    model.fit(X, Y, verbose=0)
    model.optimizer.learning_rate = 0.5
    assert not methods.replaced()
    model.optimizer.step = lambda *_: None
    assert methods.replaced() and methods.replaced_on_objects()
