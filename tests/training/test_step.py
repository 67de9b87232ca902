"""The training step: a step is done or not done, whatever interrupts it; what it adds up; what it costs."""

import signal
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from types import FrameType
from typing import Any, NamedTuple

import numpy as np
import pytest

from minifit import Sequential, ops
from minifit.arrays import Array
from minifit.callbacks import Callback
from minifit.constraints import MaxNorm, NonNeg
from minifit.layers import Dense, Dropout, Layer
from minifit.optimizers import SGD, Adam
from minifit.tensor import Tensor, current
from minifit.training import threads
from tests.interrupting import ctrl_c
from tests.small_models import small_model as new_model

X = np.sin(np.arange(12, dtype=np.float32)).reshape(4, 3)
Y = np.cos(np.arange(4, dtype=np.float32)).reshape(4, 1)
ENGINES = ("numpy", "numba")


@pytest.fixture(autouse=True)
def interrupts_raise() -> Iterator[None]:
    with ctrl_c():
        yield


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("MINIFIT_KERNELS", request.param)
    return str(request.param)


def weights_of(model: Sequential) -> list[bytes]:
    return [w.tobytes() for w in model.get_weights()]


# -- a step is done or not done ------------------------------------------------------------------------------


@contextmanager
def interrupted(at: int) -> Iterator[list[str]]:
    """Ctrl-C at the n-th line that minifit executes from here on; tells which function it hit."""
    seen, hit = 0, []

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal seen
        if not frame.f_globals.get("__name__", "").startswith("minifit"):
            return None
        if event == "line":
            seen += 1
            if seen > at:
                hit.append(f"{frame.f_globals['__name__']}.{frame.f_code.co_name}")
                sys.settrace(None)
                signal.raise_signal(signal.SIGINT)
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield hit
    finally:
        sys.settrace(before)


class Interrupt(Callback):
    """Ctrl-C at the n-th line of minifit in the second batch."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.hit: list[str] = []
        self._manager: Any = None

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        if batch == 1:
            self._manager = interrupted(self.at)
            self.hit = self._manager.__enter__()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.release()

    def release(self) -> None:
        if self._manager is not None:
            self._manager.__exit__(None, None, None)
            self._manager = None


@pytest.fixture(autouse=True)
def _no_look_at_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten times a second a step looks at them, and executes more lines, and takes more memory, than another."""
    monkeypatch.setattr(threads, "_due", float("inf"))


class Watcher(Callback):
    """The weights after every batch."""

    def __init__(self) -> None:
        self.weights: list[list[bytes]] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.weights.append(weights_of(self.model))


def lines_of_a_step(make: Callable[[], Sequential]) -> int:
    """How many lines of minifit the second batch executes."""
    low, high = 0, 5000
    while low < high:
        middle = (low + high) // 2
        callback = Interrupt(middle)
        try:
            make().fit(X, Y, batch_size=2, shuffle=False, verbose=0, callbacks=[callback])
        except KeyboardInterrupt:
            low = middle + 1
        else:
            high = middle
    return low


class BrokenOff(NamedTuple):
    """A model after a Ctrl-C in its second step."""

    where: str
    model: Sequential
    left_open: bool  # whether ops outside still find the context of the step


def whole_steps(make: Callable[[], Sequential]) -> list[list[bytes]]:
    """The weights before the first batch and after every one."""
    watcher, model = Watcher(), make()
    start = weights_of(model)
    model.fit(X, Y, batch_size=2, shuffle=False, verbose=0, callbacks=[watcher])
    return [start, *watcher.weights]


def broken_off(make: Callable[[], Sequential]) -> Iterator[BrokenOff]:
    """A Ctrl-C at each line of the second step in turn."""
    count = lines_of_a_step(make)
    assert count > 50
    for at in range(count):
        yield copy_context().run(_break_off, make(), at)


def _break_off(model: Sequential, at: int) -> BrokenOff:
    outside, callback = current(), Interrupt(at)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, batch_size=2, shuffle=False, verbose=0, callbacks=[callback])
    return BrokenOff(callback.hit[0], model, current() is not outside)


@pytest.mark.slow
def test_ctrl_c_never_leaves_weights_half_updated(engine: str) -> None:
    states, found = whole_steps(new_model), set()
    for where, model, _ in broken_off(new_model):
        assert weights_of(model) in states[1:], where
        assert not model.training_state.running, where
        found.add(states.index(weights_of(model)))
    assert found == {1, 2}, "before the update and after it"


@pytest.mark.slow
def test_after_ctrl_c_the_model_trains_as_if_nothing_had_happened() -> None:
    states = whole_steps(new_model)
    for where, model, _ in broken_off(new_model):
        if weights_of(model) == states[1]:
            model.fit(X[2:], Y[2:], batch_size=2, verbose=0, shuffle=False)
        assert weights_of(model) == states[2], where


@pytest.mark.slow
def test_after_ctrl_c_ops_are_outside_of_the_step_again() -> None:
    left_open = [where for where, _, left_open in broken_off(new_model) if left_open]
    assert not left_open


def with_a_frozen_layer() -> Sequential:
    """What is trained lies in two stretches of memory."""
    model = new_model(Dense(3, name="frozen"))
    model.get_layer("frozen").trainable = False
    model.compile(model.optimizer, model.loss)
    return model


@pytest.mark.slow
def test_ctrl_c_with_a_frozen_layer_in_the_middle() -> None:
    states = whole_steps(with_a_frozen_layer)
    for where, model, _ in broken_off(with_a_frozen_layer):
        assert weights_of(model) in states[1:], where


class Fails(Exception):
    """A user's own error."""


@pytest.mark.parametrize(
    "optimizer", [lambda: SGD(0.125), lambda: SGD(0.125, momentum=0.9), lambda: Adam(0.1)]
)
def test_an_error_in_a_metric_leaves_the_weights_of_the_last_whole_step(
    optimizer: Callable[[], Any], engine: str
) -> None:
    calls = 0

    def metric(y_true: Any, y_pred: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise Fails
        return np.zeros(len(y_true))

    model, watcher = new_model(optimizer=optimizer(), metrics=[metric]), Watcher()
    with pytest.raises(Fails):
        model.fit(X, Y, batch_size=2, shuffle=False, verbose=0, callbacks=[watcher])
    assert [weights_of(model)] == watcher.weights
    assert int(model.optimizer.iterations) == 1


class FailsAt(Layer):
    """Fails at the n-th batch of training."""

    def __init__(self, at: int) -> None:
        super().__init__(name="fails")
        self.left = at

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        if training:
            self.left -= 1
            if self.left < 0:
                raise Fails
        return inputs


@pytest.mark.parametrize("at", [0, 1])
def test_an_error_in_a_layer_leaves_the_weights_of_the_last_whole_step(at: int) -> None:
    model, watcher = new_model(FailsAt(at)), Watcher()
    before = weights_of(model)
    with pytest.raises(Fails):
        model.fit(X, Y, batch_size=2, shuffle=False, verbose=0, callbacks=[watcher])
    assert weights_of(model) == [before, *watcher.weights][-1]
    assert len(watcher.weights) == at


def test_an_error_in_a_generator_leaves_the_weights_of_the_last_whole_step() -> None:
    def batches() -> Iterator[tuple[Array, Array]]:
        yield X[:2], Y[:2]
        raise Fails

    model, watcher = new_model(), Watcher()
    with pytest.raises(Fails):
        model.fit(batches(), verbose=0, callbacks=[watcher])
    assert [weights_of(model)] == watcher.weights


# -- what is learned -----------------------------------------------------------------------------------------


class Unused(Layer):
    """Has a weight that the output does not depend on."""

    def build(self, input_shape: Any) -> None:
        self.idle = self.add_weight("idle", (3,), initializer="ones")

    def call(self, inputs: Tensor) -> Tensor:
        return inputs


class SometimesUsed(Unused):
    """Uses its weight in every second batch."""

    batches = 0

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        self.batches += training
        return inputs * ops.sum(self.idle) if self.batches % 2 == 1 else inputs


def test_a_weight_that_is_not_used_stays_as_it_is() -> None:
    model = new_model(Unused(name="unused"))
    with_it = weights_of(model)[2]
    model.fit(X, Y, batch_size=2, epochs=3, verbose=0, shuffle=False)
    assert weights_of(model)[2] == with_it
    without = new_model()
    values = model.get_weights()
    again = new_model(Unused(name="unused")).get_weights()
    without.set_weights([*again[:2], *again[3:]])
    without.fit(X, Y, batch_size=2, epochs=3, verbose=0, shuffle=False)
    assert weights_of(without) == [values[i].tobytes() for i in (0, 1, 3, 4)]


def test_the_gradient_of_an_earlier_batch_is_not_used_again() -> None:
    model, seen = new_model(SometimesUsed(name="unused")), []

    class Look(Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            seen.append(self.model.get_weights()[2].tobytes())

    start = weights_of(model)[2]
    model.fit(X, Y, batch_size=1, verbose=0, shuffle=False, callbacks=[Look()])
    assert seen[0] != start
    assert seen[1] == seen[0]
    assert seen[2] != seen[1]
    assert seen[3] == seen[2]


def test_everything_frozen_trains_nothing_and_reports_the_loss() -> None:
    model = new_model()
    model.trainable = False
    model.compile(model.optimizer, model.loss)
    before = weights_of(model)
    losses = model.fit(X, Y, epochs=2, verbose=0).history["loss"]
    assert weights_of(model) == before
    assert losses == pytest.approx([model.evaluate(X, Y, verbose=0)] * 2)


def test_a_constraint_holds_after_every_batch(engine: str) -> None:
    np.random.seed(0)
    model = Sequential(
        [Dense(4, kernel_constraint=NonNeg(), bias_constraint=MaxNorm(0.01), input_shape=(3,)), Dense(1)]
    )
    model.compile(SGD(0.02), "mse")
    held = []

    class Look(Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            kernel, bias = self.model.get_weights()[:2]
            held.append(bool((kernel >= 0).all()) and float(np.linalg.norm(bias)) <= 0.01 + 1e-6)

    model.fit(X, Y, batch_size=1, epochs=3, verbose=0, callbacks=[Look()])
    assert held == [True] * 12
    assert (model.get_weights()[0] == 0).any(), "the constraint had something to do"


def test_regularizers_count_in_every_loss_and_in_no_metric() -> None:
    model = Sequential([Dense(1, kernel_regularizer="l2", use_bias=False, input_shape=(1,))])
    model.compile(SGD(0.0), "mse", metrics=["mse"])
    model.set_weights([[[3.0]]])
    x, y = np.array([[1.0], [2.0]]), np.array([1.0, 2.0])
    mse, penalty = (2.0**2 + 4.0**2) / 2, 0.01 * 9
    history = model.fit(x, y, batch_size=1, verbose=0, validation_data=(x, y)).history
    assert history["loss"] == pytest.approx([mse + penalty])
    assert history["val_loss"] == pytest.approx([mse + penalty])
    assert history["mse"] == history["val_mse"] == pytest.approx([mse])
    assert model.evaluate(x, y, verbose=0) == pytest.approx([mse + penalty, mse])
    assert model.train_on_batch(x, y) == pytest.approx([mse + penalty, mse])
    assert model.test_on_batch(x, y) == pytest.approx([mse + penalty, mse])


def test_a_regularizer_pulls_its_weight() -> None:
    model = Sequential([Dense(1, kernel_regularizer="l2", use_bias=False, input_shape=(1,))])
    model.compile(SGD(0.5), "mse")
    model.set_weights([[[3.0]]])
    model.train_on_batch(np.zeros((2, 1)), np.zeros((2, 1)))
    assert model.get_weights()[0][0, 0] == pytest.approx(3 - 0.5 * 2 * 0.01 * 3)


def test_a_frozen_layers_regularizer_still_counts() -> None:
    model = Sequential([Dense(1, kernel_regularizer="l2", use_bias=False, input_shape=(1,))])
    model.compile(SGD(0.5), "mse")
    model.set_weights([[[3.0]]])
    model.layers[0].trainable = False
    model.compile(model.optimizer, model.loss)
    assert model.train_on_batch(np.zeros((2, 1)), np.zeros((2, 1))) == pytest.approx(0.09)
    assert model.get_weights()[0][0, 0] == 3


def test_an_activity_regularizer_is_a_mean_over_the_batch() -> None:
    model = Sequential([Dense(1, activity_regularizer="l2", use_bias=False, input_shape=(1,))])
    model.compile(SGD(0.5), "mse")
    model.set_weights([[[3.0]]])
    x = np.array([[1.0], [2.0]])
    penalty = 0.01 * (3.0**2 + 6.0**2) / 2
    assert model.evaluate(x, 3 * x, verbose=0) == pytest.approx(penalty)
    assert model.evaluate(x, 3 * x, batch_size=1, verbose=0) == pytest.approx(penalty)
    assert model.train_on_batch(x, 3 * x) == pytest.approx(penalty)
    slope = 0.01 * 2 * 3 * (1.0**2 + 2.0**2) / 2
    assert model.get_weights()[0][0, 0] == pytest.approx(3 - 0.5 * slope)


class AddsLoss(Layer):
    """Adds the mean of what goes through to the loss."""

    def call(self, inputs: Tensor) -> Tensor:
        self.add_loss(ops.mean(inputs))
        return inputs


def test_what_a_layer_adds_belongs_to_its_batch_alone() -> None:
    model = Sequential([Dense(1, use_bias=False, input_shape=(1,)), AddsLoss()])
    model.compile(SGD(0.0), loss=None)
    model.set_weights([[[2.0]]])
    x = np.array([[1.0], [2.0], [6.0], [7.0]])
    assert model.fit(x, batch_size=1, epochs=2, verbose=0).history["loss"] == pytest.approx([8.0, 8.0])
    assert model.evaluate(x, verbose=0) == pytest.approx(8.0)


def test_loss_and_metrics_are_those_before_the_update() -> None:
    model = Sequential([Dense(1, use_bias=False, input_shape=(1,))])
    model.compile(SGD(0.25), "mse", metrics=["mae"])
    model.set_weights([[[0.0]]])
    assert model.train_on_batch([[1.0]], [[2.0]]) == [4.0, 2.0]
    assert model.get_weights()[0][0, 0] == 1.0
    assert model.train_on_batch([[1.0]], [[2.0]]) == [1.0, 1.0]


def test_dropout_works_in_training_only() -> None:
    model = Sequential([Dropout(0.5, input_shape=(1000,)), Dense(1, use_bias=False)])
    model.compile(SGD(0.0), lambda y_true, y_pred: y_pred)
    model.set_weights([np.ones((1000, 1))])
    x = np.ones((1, 1000))
    assert model.evaluate(x, [0.0], verbose=0) == 1000.0
    thinned = [model.train_on_batch(x, [0.0]) for _ in range(5)]
    assert len(set(thinned)) > 1, "a new mask for every batch"
    assert all(800 < value < 1200 for value in thinned)
    assert model.predict(x)[0, 0] == 1000.0


# -- what it costs -------------------------------------------------------------------------------------------


class Quiet(Callback):
    """Watches every batch and keeps nothing."""

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        pass


class Peak(Callback):
    """The most memory that an epoch allocated beyond what there was when it began, in bytes."""

    def __init__(self) -> None:
        self.peaks: list[int] = []
        self._before = 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        tracemalloc.start() if epoch == 0 else tracemalloc.reset_peak()
        self._before = tracemalloc.get_traced_memory()[0]

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.peaks.append(tracemalloc.get_traced_memory()[1] - self._before)

    def release(self) -> None:
        tracemalloc.stop()


STEPS = 4
ROWS = 2048


def peaks(watched: bool, loss: str = "mse", optimizer: str = "sgd") -> list[int]:
    classes = loss != "mse"
    model = Sequential(
        [
            Dense(128, "relu", input_shape=(16,)),
            Dense(128, "tanh"),
            Dense(4, "softmax" if classes else None),
        ]
    )
    model.compile(optimizer, loss, metrics=["accuracy"] if classes else [])
    x = np.random.default_rng(0).normal(size=(STEPS * ROWS, 16)).astype(np.float32)
    y = np.eye(4, dtype=np.float32)[np.arange(len(x)) % 4]
    peak = Peak()
    callbacks = [peak, Quiet()] if watched else [peak]
    model.fit(x, y, batch_size=ROWS, epochs=3, shuffle=False, verbose=0, callbacks=callbacks)
    return peak.peaks


@pytest.mark.parametrize(("loss", "optimizer"), [("mse", "sgd"), ("categorical_crossentropy", "adam")])
@pytest.mark.parametrize("watched", [True, False])
def test_after_the_first_epoch_a_step_allocates_next_to_nothing(
    watched: bool, loss: str, optimizer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", "numba")  # the reference is written to be read, and may allocate
    first, *others = peaks(watched, loss, optimizer)
    assert first > 4e6, "activations and gradients of megabytes"
    few_numbers_a_row = 24 * ROWS if loss != "mse" else 0  # for the metric; an activation has 128 a row
    assert max(others) < 4 * 1024 * STEPS + few_numbers_a_row


@pytest.mark.slow
@pytest.mark.parametrize("watched", [True, False])
def test_memory_does_not_grow(watched: bool, engine: str) -> None:
    first, second, third = peaks(watched)
    assert second < first / 2
    assert third <= second + 2048
