"""A step is whole or not taken, for every model and in both engines, whatever cuts it off and when.

A run is interrupted at one of its lines. What lasts (weights, averages, slots, counts, sums, random streams) must then
be what it is after so many whole steps as the optimizer has counted.
"""

import signal
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minifit import Sequential, ops
from minifit.callbacks import Callback
from minifit.constraints import Constraint
from minifit.layers import BatchNormalization, Dense, Dropout, GaussianNoise, Layer
from minifit.metrics import AUC, Metric
from minifit.optimizers import SGD, Adam, AdamW, Nadam, RMSprop
from minifit.schedules import LearningRateSchedule
from minifit.tensor import Tensor
from minifit.training import runner, threads
from tests.interrupting import Lines, ctrl_c

X = np.sin(np.arange(24.0)).reshape(8, 3).astype(np.float32)
Y = (X.sum(1) > 0).astype(np.float32)
BATCHES = 4
SEED = 7


class Halves(Constraint):
    """A user's constraint."""

    def __call__(self, w: Any) -> Any:
        return w * np.float32(0.5)


class Decays(LearningRateSchedule):
    """A user's schedule."""

    def __call__(self, step: Any) -> Any:
        return 0.1 / (1.0 + float(step))


class Counts(Layer):
    """A user's layer that changes a weight while it computes."""

    def build(self, input_shape: Any) -> None:
        self.seen = self.add_weight("seen", (), initializer="zeros", trainable=False)

    def call(self, inputs: Tensor) -> Tensor:
        self.seen.assign(self.seen.value + len(inputs))
        return inputs


class Own(SGD):
    """A user's optimizer, which counts for itself and moves the weights in two calls."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.seen = 0
        self.then: Callable[[], Any] = bool

    def step(self, *args: Any) -> None:
        self.seen += 1
        super().step(*args)
        self.then()

    def _update(self, kernels: Any, w: Any, g: Any, slots: Any, rate: float) -> None:
        w *= np.float32(0.9)
        super()._update(kernels, w, g, slots, rate)


def own_that(call: Callable[[Any], Any]) -> Own:
    optimizer = Own(0.1, momentum=0.5)
    optimizer.then = partial(call, False)
    return optimizer


class Largest(Metric):
    """A user's metric, with a sum in each of the three ways."""

    def __init__(self) -> None:
        super().__init__("largest")
        self.rows = self.add_weight("rows")
        self.largest, self.seen = 0.0, np.zeros(2)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.rows.assign_add(len(y_true))
        self.largest = max(self.largest, float(y_pred.numpy().max()))
        self.seen += 1

    def result(self) -> float:
        return self.largest


def model_of(*layers: Layer, optimizer: Any = None, frozen: str = "", **options: Any) -> Sequential:
    model = Sequential([Dense(4, "tanh", input_shape=(3,)), *layers, Dense(1, "sigmoid")])
    model.set_weights([np.sin(np.arange(w.value.size) + 1.0).reshape(w.shape) for w in model.weights])
    if frozen:
        model.get_layer(frozen).trainable = False
    model.compile(optimizer or SGD(0.1), **{"loss": "binary_crossentropy", **options})
    streams = model.training_state.streams
    streams.set_state({"root": SEED, "positions": {}})
    for name, seed in (("dropout", None), ("dropout", 3), ("gaussian_noise", None)):
        streams.get(name, seed)
    return model


MODELS: dict[str, Callable[[], Sequential]] = {
    "a chain": lambda: model_of(optimizer=Adam(0.1), metrics=["binary_accuracy"]),
    "a chain with a schedule": lambda: model_of(optimizer=SGD(Decays(), momentum=0.5)),
    "constraints": lambda: model_of(Dense(3, kernel_constraint="unit_norm", bias_constraint="non_neg")),
    "a user's constraint": lambda: model_of(Dense(3, kernel_constraint=Halves()), optimizer=Nadam(0.1)),
    "a frozen layer": lambda: model_of(Dense(4, name="ice"), optimizer=AdamW(0.1), frozen="ice"),
    "batch normalization": lambda: model_of(BatchNormalization(), optimizer=RMSprop(0.1, momentum=0.5)),
    "noise": lambda: model_of(Dropout(0.5), GaussianNoise(0.1), Dropout(0.2, seed=3), optimizer=Adam(0.1)),
    "metrics": lambda: model_of(metrics=["mae", AUC(5), Largest()], weighted_metrics=["mse"]),
    "a user's optimizer": lambda: model_of(BatchNormalization(), optimizer=Own(0.1, momentum=0.5)),
    "a user's layer": lambda: model_of(Counts(), optimizer=SGD(0.1, clipnorm=0.1, weight_decay=0.1)),
}


def state_of(model: Sequential) -> dict[str, Any]:
    """All that lasts of training, as plain data."""
    optimizer, objective = model.optimizer, model.training_state.objective
    assert objective is not None
    state = {
        "weights": [w.numpy() for w in model.weights],
        "optimizer": optimizer.get_state(model.weights),
        "sums": objective.get_state(),
        "streams": model.training_state.streams.get_state(),
        "frozen for good": [w.name for w in model.weights if w.trainable and not w.requires_grad],
    }
    return {name: flat(value) for name, value in state.items()}


def flat(value: Any) -> Any:
    """Arrays as what they hold."""
    if isinstance(value, dict):
        return {k: flat(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [flat(v) for v in value]
    return (value.dtype.str, value.tolist()) if isinstance(value, np.ndarray | np.generic) else value


class Watcher(Callback):
    """The state before the first batch and after every one."""

    def __init__(self) -> None:
        self.states: list[dict[str, Any]] = []

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        if not self.states:
            self.states.append(state_of(self.model))

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.states.append(state_of(self.model))


class Looks(Callback):
    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        pass


class Begins(Callback):
    """Begins to count lines when the epoch does."""

    def __init__(self, lines: Lines, at: int) -> None:
        self.lines, self.at = lines, at

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.lines.counted, self.lines.at = 0, (self.at,)


def fit(model: Sequential, *callbacks: Callback) -> None:
    model.fit(X, Y, 2, shuffle=False, verbose=0, callbacks=list(callbacks))


def interrupted_at(make: Callable[[], Sequential], at: int, watched: bool) -> tuple[Sequential, int]:
    """A model after a Ctrl-C before the n-th line of its epoch, and how many lines there were."""
    model, lines = make(), Lines()
    callbacks = [Begins(lines, at), *([Looks()] if watched else [])]
    try:
        # a Ctrl-C between the last lines of `fit` leaves the caller's context as it is there
        lines.run(lambda: copy_context().run(fit, model, *callbacks))
    except KeyboardInterrupt:
        return model, lines.counted
    assert not at
    return model, lines.counted


def check(make: Callable[[], Sequential], watched: bool, engine: str, instants: int | None) -> None:
    watcher, model = Watcher(), make()
    fit(model, watcher)
    assert len(watcher.states) == BATCHES + 1
    # the first such run of a process has more lines than the others, and these differ by a few: sets have no order
    count = [interrupted_at(make, 0, watched)[1] for _ in range(2)][-1] * 99 // 100
    found = set()
    for at in np.unique(np.linspace(1, count, instants or count, dtype=int)):
        model, _ = interrupted_at(make, at, watched)
        steps = int(model.optimizer.iterations)
        for name, expected in watcher.states[steps].items():
            assert state_of(model)[name] == expected, f"{name} after {steps} steps and a Ctrl-C at line {at}"
        state = model.training_state
        assert (state.epoch, state.batch) in [(0, steps), (1, 0)]
        found.add(steps)
    # unwatched batches may run in one call of compiled code, which has no line between them
    every = (watched or engine == "numpy") and not instants
    assert (found == set(range(BATCHES + 1))) if every else len(found) > 1


@pytest.fixture(params=["numpy", "numba"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("MINIFIT_KERNELS", request.param)
    # what looks at the clock has more lines on a busy machine
    monkeypatch.setattr(runner, "PAUSE", float("inf"))
    monkeypatch.setattr(threads, "_due", float("inf"))
    return request.param


@pytest.mark.slow
@pytest.mark.parametrize("watched", [True, False])
@pytest.mark.parametrize("name", MODELS)
def test_an_interrupt_leaves_whole_steps(name: str, watched: bool, engine: str) -> None:
    check(MODELS[name], watched, engine, 12)


@pytest.mark.soak
@pytest.mark.parametrize("watched", [True, False])
@pytest.mark.parametrize("name", MODELS)
def test_an_interrupt_at_any_line_leaves_whole_steps(name: str, watched: bool, engine: str) -> None:
    check(MODELS[name], watched, engine, None)


# -- the user's own code --------------------------------------------------------------------------------------


class Trouble(Callback):
    """Makes the user's functions fail, or interrupts them, in the second batch."""

    def __init__(self, act: Callable[[], Any]) -> None:
        self.act, self.on = act, False

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.on = batch == 1

    def __call__(self, result: Any) -> Any:
        if self.on:
            self.act()
        return result


class Fails(Exception):
    """A user's own error."""


def fail() -> None:
    raise Fails


class Calls(Layer):
    """A layer that calls a function when it computes."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        super().__init__()
        self.function = function

    def call(self, inputs: Tensor) -> Tensor:
        self.function(inputs)
        return inputs


def error_of(y_true: Any, y_pred: Any) -> Any:
    return ops.mean(ops.square(y_pred - y_true), -1)


USERS: dict[str, Callable[[Trouble], Sequential]] = {
    "layer": lambda call: model_of(BatchNormalization(), Dropout(0.5), Calls(call)),
    "loss": lambda call: model_of(Counts(), loss=lambda y, p: call(error_of(y, p))),
    "regularizer": lambda call: model_of(Counts(), Dense(2, kernel_regularizer=lambda w: call(ops.sum(w)))),
    "metric": lambda call: model_of(
        Counts(), metrics=[AUC(5), Largest(), lambda y, p: call(np.zeros(len(y)))]
    ),
    "learning rate": lambda call: model_of(Counts(), optimizer=Adam(lambda: call(0.1))),
    "constraint": lambda call: model_of(
        Counts(), Dense(2, kernel_constraint=Halves(), bias_constraint=call), optimizer=Nadam(0.1)
    ),
    "optimizer": lambda call: model_of(Counts(), optimizer=own_that(call)),
}


@pytest.mark.parametrize("act", [fail, lambda: signal.raise_signal(signal.SIGINT)], ids=["error", "Ctrl-C"])
@pytest.mark.parametrize("name", USERS)
def test_where_the_users_code_fails_the_step_is_not_taken(
    name: str, act: Callable[[], Any], engine: str
) -> None:
    """It may take any time, so it is interrupted at once."""
    watcher, after = Watcher(), list[str]()

    def act_and_go_on() -> None:
        act()
        after.append("the user's code went on")

    trouble = Trouble(act_and_go_on)
    model = USERS[name](trouble)
    with ctrl_c(), pytest.raises((Fails, KeyboardInterrupt)):
        fit(model, trouble, watcher)
    assert not after
    assert len(watcher.states) == 2, "one step was taken"
    assert state_of(model) == watcher.states[1]
    assert model.training_state.batch == 1


def test_layers_draw_random_numbers_that_undo_gives_back(root: Path) -> None:
    """A stream that is taken from `Context.generator` goes back to where it was when a step is not taken."""
    files = [file for file in (root / "minifit").rglob("*.py") if file.parent.name == "layers"]
    assert len(files) > 20
    assert not [file.name for file in files if "streams.get(" in file.read_text(encoding="utf-8")]
