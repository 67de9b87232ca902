"""Whatever has weights and can compute an output can be trained: here a model that is no Sequential."""

from typing import Any

import numpy as np
import pytest

from minifit import ops
from minifit.arrays import Array
from minifit.callbacks import Callback, CallbackList
from minifit.errors import NotCompiledError
from minifit.parameters import Parameter, ParameterBuffer
from minifit.tensor import Tensor, constant
from minifit.training.trainer import Trainer

X = np.linspace(-1, 1, 32, dtype=np.float32)[:, None]
Y = 3 * X + 1


class Line(Trainer):
    """``slope * x + offset``, with no layers at all."""

    def __init__(self) -> None:
        super().__init__()
        self.slope = Parameter("slope", np.zeros((1, 1)))
        self.offset = Parameter("offset", np.zeros(1))
        ParameterBuffer().adopt([self.slope, self.offset])
        self.seen: list[bool] = []

    @property
    def weights(self) -> list[Parameter]:
        return [self.slope, self.offset]

    @property
    def trainable_weights(self) -> list[Parameter]:
        return self.weights

    @property
    def output_shape(self) -> tuple[int | None, ...]:
        return (None, 1)

    def ready_for(self, x: Array) -> None:
        assert x.shape[1:] == (1,)

    def forward(self, x: Array, training: bool) -> Tensor:
        self.seen.append(training)
        return ops.dense(constant(x), self.slope, self.offset)

    def numbers_in_a_step(self, samples: int) -> int:
        return samples + 2


def trained(epochs: int = 60) -> Line:
    model = Line()
    model.compile("sgd", "mse", metrics=["mae"])
    model.optimizer.lr = 0.2
    model.fit(X, Y, batch_size=8, epochs=epochs, verbose=0)
    return model


def test_it_learns() -> None:
    model = trained()
    np.testing.assert_allclose([float(w.value.item()) for w in model.weights], [3, 1], atol=1e-3)
    loss, mae = model.evaluate(X, Y, verbose=0)
    assert loss < 1e-5
    assert mae < 1e-2
    np.testing.assert_allclose(model.predict(X), Y, atol=1e-2)


def test_forward_is_told_what_it_is_for() -> None:
    model = trained(epochs=1)
    assert model.seen == [True] * 4
    model.seen.clear()
    model.evaluate(X, Y, batch_size=32, verbose=0)
    model.predict(X, batch_size=32)
    assert model.seen == [False, False]


def test_before_compile() -> None:
    model = Line()
    with pytest.raises(NotCompiledError, match=r"Call model\.compile"):
        model.fit(X, Y)
    np.testing.assert_array_equal(model.predict(X), np.zeros((32, 1)))


def test_a_ready_made_list_of_callbacks_is_taken_as_it_is() -> None:
    told = []

    class Tells(Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            told.append((epoch, self.params, self.model))

    model = trained(epochs=1)
    made = CallbackList([Tells()], epochs=9)
    assert model.fit(X, Y, epochs=2, callbacks=made) is None  # it has no History
    assert told == [(0, {"epochs": 9}, None), (1, {"epochs": 9}, None)]


@pytest.mark.parametrize("verbose", ["auto", 1, 2])
def test_verbose(verbose: Any, capsys: pytest.CaptureFixture[str]) -> None:
    model = trained(epochs=1)
    model.fit(X, Y, epochs=2, verbose=verbose)
    assert [line.split(" - ")[0] for line in capsys.readouterr().out.splitlines()] == [
        "Epoch 1/2",
        "Epoch 2/2",
    ]


def test_one_batch_at_a_time() -> None:
    model = trained(epochs=1)
    before = model.test_on_batch(X, Y)
    assert model.train_on_batch(X, Y) == pytest.approx(before)
    assert model.train_on_batch(X, Y, return_dict=True)["loss"] < before[0]
    np.testing.assert_array_equal(model.predict_on_batch(X), model.predict(X))
