"""An adapter lends the names of Keras to another framework, and what it has not is absent."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from minifit.semantics.adapter import (
    Callback,
    Input,
    Model,
    Relay,
    TorchModel,
    history_of,
    layers,
    optimizers,
)
from minifit.semantics.asking import ask, module_named
from minifit.semantics.playing import AbsentError
from minifit.semantics.report import report
from minifit.semantics.stage import HOOKS


@pytest.fixture
def loop(root: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The adapter of a bare loop, as docs/conformance.md shows it."""
    monkeypatch.syspath_prepend(root / "docs" / "adapters")
    yield module_named("loop_as_keras")
    del sys.modules["loop_as_keras"]


def test_a_bare_loop_is_asked(loop: Any) -> None:
    text = report(ask(loop, ["FIT-3", "FIT-10", "FIT-12", "FIT-22", "ES-1", "PB-1", "early-000"]))
    assert "✗ FIT-3" in text
    assert "✓ FIT-10" in text
    assert "– ES-1" in text
    assert "· PB-1" in text
    assert "Runs: has no such thing 1\n" in text


def test_a_loop_that_skips_what_a_callback_wrote_is_told_apart(loop: Any) -> None:
    class Forgetful(loop.Sequential):  # type: ignore[misc]
        def fit(self, *arguments: Any, **options: Any) -> Any:
            history = super().fit(*arguments, **options)
            return history_of([{"loss": value} for value in history.history["loss"]])

    loop.Sequential = Forgetful
    assert "✗ FIT-10" in report(ask(loop, ["FIT-10"]))


def test_every_hook_does_nothing() -> None:
    callback: Any = Callback()
    for hook in HOOKS:
        getattr(callback, hook)(0, {})


class Table(Model):
    """A model whose weights are tables of zeros."""

    def build(self, dense: Any) -> Any:
        return [np.zeros((inputs, units)) for inputs, units, *_ in dense]

    def arrays(self) -> Any:
        return self.module


def test_weights_are_copied_out_and_written_in_place() -> None:
    model = Table([Input((2,)), layers.Dense(3), layers.Dense(1)])
    memory = model.arrays()[0]
    model.get_weights()[0][...] = 5
    assert memory.sum() == 0
    model.set_weights([np.ones((2, 3)), np.ones((3, 1))])
    assert memory.sum() == 6


class Parameter:
    """A parameter of torch, as far as an adapter reads it."""

    def __init__(self, *shape: int) -> None:
        self.array = np.zeros(shape)

    def detach(self) -> Any:
        return self

    def numpy(self) -> Any:
        return self.array


class Stack(list[Any]):
    """A ``Sequential`` of torch."""

    def parameters(self) -> Any:
        return [parameter for layer in self for parameter in layer]


def test_a_model_on_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    def linear(inputs: int, units: int, bias: bool) -> Any:
        return [Parameter(units, inputs), *[Parameter(units)] * bias]

    nn = SimpleNamespace(Linear=linear, ReLU=tuple, Sequential=lambda *layers: Stack(layers))
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(nn=nn))
    monkeypatch.setitem(sys.modules, "torch.nn", nn)
    model = TorchModel([Input((2,)), layers.Dense(3, activation="relu"), layers.Dense(1, use_bias=False)])
    assert len(model.module) == 3
    assert [array.shape for array in model.get_weights()] == [(2, 3), (3,), (3, 1)]
    model.set_weights([np.ones((2, 3)), np.ones(3), np.ones((3, 1))])
    assert model.module.parameters()[0].array.sum() == 6


def test_what_an_adapter_does_not_have_is_absent() -> None:
    model = Table([Input((2,)), layers.Dense(3)])
    with pytest.raises(AbsentError, match="evaluate"):
        model.evaluate([1])
    with pytest.raises(AbsentError, match="mae"):
        model.compile(optimizers.SGD(), loss="mae")
    with pytest.raises(AbsentError, match="relu"):
        Table([Input((2,)), layers.Dense(3, activation="relu")])
    with pytest.raises(TypeError, match="unexpected keyword"):
        layers.Dense(3, name="x")  # type: ignore[call-arg]


def test_the_rate_is_that_of_the_optimizer_of_the_framework() -> None:
    sgd = optimizers.SGD(0.1)
    assert sgd.learning_rate == 0.1
    sgd.groups = [{"lr": 0.5}]
    sgd.learning_rate = 0.25
    assert sgd.groups == [{"lr": 0.25}]


def test_a_relay_counts_batches() -> None:
    heard: list[Any] = []

    class Heard(Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            heard.append(("train", batch))

        def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
            heard.append(("test", batch))

    relay = Relay(Heard(), None)
    for epoch in range(2):
        relay.edge("epoch", "begin", epoch, {})
        for phase in ("train", "train", "test"):
            relay.batch(phase, "begin", {})
            relay.batch(phase, "end", {})
        relay.edge("test", "begin", {})
        relay.batch("test", "end", {})
    assert heard == [("train", 0), ("train", 1), ("test", 0), ("test", 0)] * 2


def test_a_relay_gives_what_was_written_into_the_logs() -> None:
    class Writer(Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            logs["score"] = epoch
            logs["loss"] = 2.0

    assert Relay(Writer(), None).epoch_end(3, {"loss": 1.0, "other": 5.0}) == {"score": 3, "loss": 2.0}


def test_a_history_of_rows() -> None:
    history = history_of([{"loss": 2}, {"loss": 1, "score": 3}])
    assert history.epoch == [0, 1]
    assert history.history == {"loss": [2, 1], "score": [3]}
