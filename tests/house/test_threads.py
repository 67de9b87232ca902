"""Models trained in several threads, or in a process of their own, are those of a single thread bit for bit."""

import multiprocessing
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from minifit import Sequential
from minifit.arrays import Array
from minifit.layers import Dense, Dropout

WORKERS = 4


def data(seed: int) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(60, 4)), rng.integers(0, 3, 60)


def new_model(seed: int) -> Sequential:
    """A model whose every random number follows from `seed`."""
    model = Sequential(
        [
            Dense(8, "relu", input_shape=(4,), activity_regularizer="l2", name="first"),
            Dropout(0.3, name="thin"),
            Dense(3, "softmax", name="last"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    rng = np.random.default_rng(seed)
    model.set_weights([rng.normal(size=w.shape) for w in model.weights])
    model.training_state.streams.set_state({"root": seed, "positions": {}})
    return model


def trained(seed: int) -> tuple[list[bytes], dict[str, list[float]], bytes]:
    return finish(new_model(seed), seed)


def finish(model: Sequential, seed: int) -> tuple[list[bytes], dict[str, list[float]], bytes]:
    x, y = data(seed)
    history = model.fit(x, y, batch_size=7, epochs=6, verbose=0, validation_split=0.2).history
    return [w.tobytes() for w in model.get_weights()], history, model.predict(x).tobytes()


@pytest.mark.parametrize("kernels", ["numpy", "numba"])
def test_threads_do_not_touch_each_other(kernels: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", kernels)
    alone = [trained(seed) for seed in range(WORKERS)]
    assert len({found[2] for found in alone}) == WORKERS, "four different models"
    gate = threading.Barrier(WORKERS)

    def work(seed: int) -> tuple[list[bytes], dict[str, list[float]], bytes]:
        gate.wait()
        return trained(seed)

    with ThreadPoolExecutor(WORKERS) as pool:
        assert list(pool.map(work, range(WORKERS))) == alone


def test_a_model_may_be_made_in_one_thread_and_trained_in_another() -> None:
    model = new_model(7)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(finish, model, 7).result() == trained(7)


def test_a_spawned_process_computes_the_same() -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(trained, (3,)) == trained(3)
