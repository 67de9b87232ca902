from typing import Any

import numpy as np
import pytest

from minifit import Sequential
from minifit.callbacks import Callback
from minifit.data import Dataset
from minifit.errors import ShapeError
from minifit.layers import Dense, Input
from minifit.training.predicted import joined
from minifit.workers import ALONE
from tests.distribute.threads import ThreadWorkers, run_threads

X = np.random.default_rng(0).normal(size=(23, 3)).astype(np.float32)
SIZES = [5, 4, 7, 2]
"""Batches of four workers: of all, of all but a last one without rows for two, of a last one with 2, of fewer rows."""


class Own(Sequential):
    """A model with a step of its own."""

    def predict_step(self, data: Any) -> Any:
        return super().predict_step(data)


def made(kind: type[Sequential]) -> Any:
    model = kind([Input((3,)), Dense(2, name="one")])
    model.set_weights([np.arange(6.0).reshape(3, 2), np.ones(2)])
    return model


def test_outputs_of_one_worker() -> None:
    outputs = [(np.zeros((2, 1)), np.zeros(2)), (np.ones((1, 1)), np.ones(1))]
    assert [column.shape for column in joined(ALONE, outputs, [])] == [(3, 1), (3,)]


@pytest.mark.parametrize("kernels", ["numpy", "numba"])
@pytest.mark.parametrize("size", SIZES)
def test_rows_of_all_workers_in_order(size: int, kernels: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", kernels)
    expected = made(Sequential).predict(X, batch_size=size)
    data = Dataset.from_tensor_slices(X).map(lambda x: x).batch(size)

    def predict(workers: ThreadWorkers) -> Any:
        model = made(Sequential)
        return [
            model.predict(X, batch_size=size),
            model.predict(data),
            made(Own).predict(X, batch_size=size),
            model.predict(X, batch_size=size, steps=2),
        ]

    for whole, piped, own, two in run_threads(4, predict):
        np.testing.assert_allclose(whole, expected, rtol=1e-6)
        np.testing.assert_allclose(piped, expected, rtol=1e-6)
        np.testing.assert_allclose(own, expected, rtol=1e-6)
        assert len(two) == 2 * size


def test_watched_batches() -> None:
    expected = made(Sequential).predict(X)

    class Look(Callback):
        def __init__(self) -> None:
            self.seen: list[Any] = []

        def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
            self.seen.append((batch, logs["outputs"]))

    class Lazy(Look):
        def watches(self, hook: str) -> bool:
            return False

    def predict(workers: ThreadWorkers) -> Any:
        look, lazy = Look(), Lazy()
        made(Sequential).predict(X, batch_size=5, callbacks=[look])
        made(Sequential).predict(X, batch_size=5, callbacks=[lazy])
        return look.seen, lazy.seen

    for watched, lazily in run_threads(2, predict):
        for seen in (watched, lazily):
            assert [batch for batch, _ in seen] == [0, 1, 2, 3, 4]
            assert [len(outputs) for _, outputs in seen] == [5, 5, 5, 5, 3]
            np.testing.assert_allclose(np.concatenate([outputs for _, outputs in seen]), expected, rtol=1e-6)


def test_several_outputs_keep_their_nesting() -> None:
    class Two(Sequential):
        def predict_step(self, data: Any) -> Any:
            return {"a": self(data), "b": data[:, 0]}

    for result in run_threads(3, lambda workers: made(Two).predict(X, batch_size=4)):
        assert result["a"].shape == (23, 2)
        assert result["b"].tolist() == X[:, 0].tolist()


def test_a_step_that_returns_other_rows() -> None:
    class One(Sequential):
        def predict_step(self, data: Any) -> Any:
            return data[:1]

    with pytest.raises(ShapeError, match=r"1 rows for 2 samples"):
        run_threads(2, lambda workers: made(One).predict(X[:4]))
