"""Models trained in several threads, or in a process of their own, are those of a single thread bit for bit."""

import multiprocessing
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest

from minifit import Sequential
from minifit.arrays import Array
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
