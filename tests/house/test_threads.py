"""Models trained in several threads, or in a process of their own, are those of a single thread bit for bit."""

import multiprocessing
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import pytest

from minifit import Sequential
from minifit.arrays import Array
from minifit.callbacks import Callback, LambdaCallback
from minifit.errors import BusyError
from minifit.layers import Dense, Dropout

WORKERS = 4


KINDS = ("ops", "chain", "large chain")
"""Trained op by op; by the kernel for chains; by that one with products that go to the BLAS and its threads."""


def data(seed: int) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(60, 4)), rng.integers(0, 3, 60)


def new_model(seed: int, kind: str = "ops") -> Sequential:
    """A model whose every random number follows from `seed`."""
    units = 400 if kind == "large chain" else 8
    regularizer = "l2" if kind == "ops" else None
    model = Sequential(
        [
            Dense(units, "relu", input_shape=(4,), activity_regularizer=regularizer, name="first"),
            *([Dropout(0.3, name="thin")] if kind == "ops" else [Dense(units, "tanh", name="second")]),
            Dense(3, "softmax", name="last"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    rng = np.random.default_rng(seed)
    model.set_weights([rng.normal(size=w.shape) / len(w) ** 0.5 for w in model.weights])
    model.training_state.streams.set_state({"root": seed, "positions": {}})
    return model


def trained(seed: int, kind: str = "ops") -> tuple[list[bytes], dict[str, list[float]], bytes]:
    return finish(new_model(seed, kind), seed)


def finish(model: Sequential, seed: int) -> tuple[list[bytes], dict[str, list[float]], bytes]:
    x, y = data(seed)
    history = model.fit(x, y, batch_size=7, epochs=6, verbose=0, validation_split=0.2).history
    return [w.tobytes() for w in model.get_weights()], history, model.predict(x).tobytes()


@pytest.mark.slow
@pytest.mark.parametrize("kernels", ["numpy", "numba"])
@pytest.mark.parametrize("kind", KINDS)
def test_threads_do_not_touch_each_other(kind: str, kernels: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", kernels)
    alone = [trained(seed, kind) for seed in range(WORKERS)]
    assert len({found[2] for found in alone}) == WORKERS, "four different models"
    gate = threading.Barrier(WORKERS)

    def work(seed: int) -> tuple[list[bytes], dict[str, list[float]], bytes]:
        gate.wait()
        return trained(seed, kind)

    with ThreadPoolExecutor(WORKERS) as pool:
        assert list(pool.map(work, range(WORKERS))) == alone


def test_a_model_may_be_made_in_one_thread_and_trained_in_another() -> None:
    model = new_model(7)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(finish, model, 7).result() == trained(7)


@pytest.mark.parametrize("kind", KINDS)
def test_a_spawned_process_computes_the_same(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", "numba")
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(trained, (3, kind)) == trained(3, kind)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings(
    "ignore:.*fork.*:DeprecationWarning"
)  # NumPy's BLAS has threads, and knows what a fork is
@pytest.mark.parametrize("kind", KINDS)
def test_a_forked_process_computes_the_same(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", "numba")
    before = trained(3, kind)  # the parent has compiled, and its BLAS has threads
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map(partial(trained, kind=kind), [3, 3]) == [before, before]
    assert trained(3, kind) == before


# -- one model in several threads ----------------------------------------------------------------------------


def overlapping(calls: dict[str, Callable[[Callable[[], Any]], Any]]) -> dict[str, Any]:
    """The results of calls in threads of their own, each of which waits in its middle until all have come there."""
    gate = threading.Barrier(len(calls))
    with ThreadPoolExecutor(len(calls)) as pool:
        running = {name: pool.submit(call, gate.wait) for name, call in calls.items()}
        return {name: future.result() for name, future in running.items()}


def waiting(meet: Callable[[], Any], hook: str) -> LambdaCallback:
    """A callback that waits for the others, once."""
    meetings = iter([meet])
    return LambdaCallback(**{hook: lambda *_: next(meetings, int)()})


def test_evaluations_that_overlap_are_independent() -> None:
    model = new_model(1)
    parts = {str(seed): data(seed) for seed in range(3)}
    alone = {name: model.evaluate(x, y, 7, verbose=0) for name, (x, y) in parts.items()}

    def evaluate(x: Array, y: Array, meet: Callable[[], Any]) -> Any:
        return model.evaluate(x, y, 7, verbose=0, callbacks=[waiting(meet, "on_test_batch_end")])

    assert overlapping({name: partial(evaluate, *xy) for name, xy in parts.items()}) == alone
    assert not model.training_state.running

    class Stop(Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.model.stop_training = True

    assert model.fit(*data(1), epochs=5, verbose=0, callbacks=[Stop()]).epoch == [0]
    assert model.stop_training


@pytest.mark.parametrize("kernels", ["numpy", "numba"])
def test_what_other_threads_ask_of_a_model_does_not_reach_its_fit(
    kernels: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", kernels)
    x, y = data(5)
    plain = finish(new_model(5), 5)
    model = new_model(5)
    other_x, other_y = data(6)

    def fit(meet: Callable[[], Any]) -> Any:
        options: dict[str, Any] = {"batch_size": 7, "epochs": 6, "verbose": 0, "validation_split": 0.2}
        history = model.fit(x, y, **options, callbacks=[waiting(meet, "on_train_batch_end")]).history
        return [w.tobytes() for w in model.get_weights()], history, model.predict(x).tobytes()

    def asking(ask: Callable[[], Any]) -> Callable[[Callable[[], Any]], None]:
        def call(meet: Callable[[], Any]) -> None:
            meet()
            for _ in range(5):
                assert np.isfinite(np.asarray(ask())).all()

        return call

    found = overlapping(
        {
            "fit": fit,
            "evaluate": asking(lambda: model.evaluate(other_x, other_y, verbose=0)),
            "predict": asking(lambda: model.predict(other_x)),
            "call": asking(lambda: model(other_x)),
            "test_on_batch": asking(lambda: model.test_on_batch(other_x, other_y)),
        }
    )
    assert found["fit"] == plain
    assert not model.training_state.running


def test_a_fit_that_begins_during_an_evaluation_is_a_fit_like_any_other() -> None:
    model = new_model(2)
    model.evaluate(*data(2), verbose=0)
    held = model.metrics[1]

    def fit(meet: Callable[[], Any]) -> Any:
        meet()  # the evaluation is in its middle
        history = model.fit(*data(2), epochs=2, verbose=0, callbacks=[waiting(meet, "on_train_end")]).history
        return history, model.training_state.epoch

    def evaluate(meet: Callable[[], Any]) -> Any:
        both = LambdaCallback(on_test_batch_end=lambda batch, logs: batch == 0 and (meet(), meet()))
        return model.evaluate(*data(2), verbose=0, callbacks=[both])

    found = overlapping({"fit": fit, "evaluate": evaluate})
    assert found["fit"][1] == 2
    assert model.metrics[1] is held
    assert held.result() == found["evaluate"][1]


@pytest.mark.parametrize("kernels", ["numpy", "numba"])
def test_an_evaluation_does_not_take_the_sums_of_a_fit_that_began_during_another(
    kernels: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", kernels)
    x, y = data(8)
    options: dict[str, Any] = {"batch_size": 7, "epochs": 2, "verbose": 0}
    alone = new_model(8).fit(x, y, **options).history
    model = new_model(8)

    def fit(meet: Callable[[], Any]) -> Any:
        meet()  # the evaluation is in its middle
        begun = waiting(
            lambda: (meet(), meet()), "on_train_batch_end"
        )  # it ends meanwhile, and another comes
        return model.fit(x, y, **options, callbacks=[begun]).history

    def evaluate(meet: Callable[[], Any]) -> None:
        both = LambdaCallback(on_test_batch_end=lambda batch, logs: batch == 0 and (meet(), meet()))
        model.evaluate(*data(9), verbose=0, callbacks=[both])
        model.evaluate(*data(9), verbose=0)
        meet()

    assert overlapping({"fit": fit, "evaluate": evaluate})["fit"] == alone


def test_two_fits_of_one_model_at_a_time_are_refused_by_name() -> None:
    model = new_model(3)
    x, y = data(3)
    refused: list[str] = []

    def from_elsewhere(*_: Any) -> None:
        with ThreadPoolExecutor(1) as pool:
            for call in (lambda: model.fit(x, y, verbose=0), lambda: model.train_on_batch(x, y)):
                error = pool.submit(call).exception()
                assert isinstance(error, BusyError)
                refused.append(str(error))

    nested = LambdaCallback(on_epoch_end=lambda *_: model.fit(x, y, verbose=0, callbacks=[elsewhere]))
    elsewhere = LambdaCallback(on_train_batch_end=from_elsewhere)
    model.fit(x, y, steps_per_epoch=1, verbose=0, callbacks=[nested, elsewhere])
    assert len(refused) == 2 * 3
    assert all(
        "one thread can train a model at a time. Received: a second training" in text for text in refused
    )
    assert not model.training_state.running
    model.fit(x, y, verbose=0)


def test_a_model_that_several_threads_call_first_is_built_once() -> None:
    class Slow(Dense):
        def build(self, input_shape: Any) -> None:
            time.sleep(0.02)
            super().build(input_shape)

    x, _ = data(4)

    def call(meet: Callable[[], Any]) -> Any:
        meet()
        return model.predict(x)

    for _ in range(3):
        model = Sequential([Slow(5), Slow(2)])
        found = overlapping({str(i): call for i in range(WORKERS)})
        assert all((result == found["0"]).all() for result in found.values())
        assert len(model.weights) == 4
