"""Several workers together come to what one worker does with the same whole batches, on both engines."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minifit import Model, Sequential, ops, optimizers
from minifit.arrays import Array
from minifit.callbacks import Callback
from minifit.errors import WorkerError
from minifit.layers import Concatenate, Dense, Embedding, Flatten, Input, Layer
from minifit.metrics import AUC, Mean, Metric, Precision
from minifit.tape import GradientTape
from minifit.training import runner
from minifit.workers import ALONE, Workers
from tests.distribute.threads import ThreadWorkers, run_threads
from tests.lowering.agreeing import engine

X = np.random.default_rng(0).standard_normal((38, 6)).astype(np.float32)
Y = np.random.default_rng(1).integers(0, 3, 38)
ENGINES = pytest.mark.parametrize("kernels", ["numpy", "numba"])
CLOSE: Any = {"rtol": 2e-5, "atol": 2e-6}


class Watching(Callback):
    """Keeps the logs of every batch."""

    def __init__(self) -> None:
        self.batches: list[dict[str, Any]] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.batches.append(dict(logs))


Outcome = dict[str, Any]
Make = Callable[[], Model]


def seeded(model: Model) -> Model:
    """Give a model the same weights and streams each time."""
    rng = np.random.default_rng(7)
    for w in model.weights:
        w.assign(0.5 * rng.standard_normal(w.shape))
    model.training_state.streams.set_state({"root": 3, "positions": {}})
    return model


def trained(make: Make, workers: Workers, watch: bool = False, **options: Any) -> Outcome:
    """Train a model that a function makes, and return what it comes to."""
    model = seeded(make())
    model.workers = workers
    watching = Watching()
    given = {"x": X, "y": Y, "batch_size": 8, "epochs": 3, **options}
    history = model.fit(**given, verbose=0, callbacks=[watching] if watch else [])
    judged = model.evaluate(given["x"], given["y"], batch_size=8, verbose=0, return_dict=True)
    return {
        "history": history.history,
        "weights": [w.numpy() for w in model.weights],
        "judged": judged,
        "batches": watching.batches,
        "reason": ""
        if model.training_state.engine == "numpy"
        else re.sub(r"_\d+", "", model.engine_report()),
    }


def assert_shared(make: Make, kernels: str, sizes: tuple[int, ...] = (2, 3), **options: Any) -> Outcome:
    """Assert that workers together come to what one does, and that all of them hold the same bits."""
    with engine(kernels):
        alone = trained(make, ALONE, **options)
        for size in sizes:
            outcomes = run_threads(size, lambda workers: trained(make, workers, **options))
            for each in outcomes:
                assert_close(each, alone)
                assert_same(each, outcomes[0])
            again = run_threads(size, lambda workers: trained(make, workers, **options))
            assert_same(again[0], outcomes[0])
    return alone


def assert_close(one: Outcome, other: Outcome) -> None:
    for name, values in other["history"].items():
        np.testing.assert_allclose(one["history"][name], values, err_msg=name, **CLOSE)
    for a, b in zip(one["weights"], other["weights"], strict=True):
        np.testing.assert_allclose(a, b, **CLOSE)
    for name, value in other["judged"].items():
        np.testing.assert_allclose(one["judged"][name], value, err_msg=name, **CLOSE)
    assert len(one["batches"]) == len(other["batches"]) and one["reason"] == other["reason"]
    for logs, expected in zip(one["batches"], other["batches"], strict=True):
        assert logs.keys() == expected.keys()
        for name in logs:
            np.testing.assert_allclose(logs[name], expected[name], err_msg=name, **CLOSE)


def assert_same(one: Outcome, other: Outcome) -> None:
    assert one["history"] == other["history"] and one["judged"] == other["judged"]
    assert one["batches"] == other["batches"]
    for a, b in zip(one["weights"], other["weights"], strict=True):
        np.testing.assert_array_equal(a, b)


def classifier(optimizer: Any = None, **options: Any) -> Callable[[], Model]:
    """Return a function that makes a classifier of X."""

    def make() -> Model:
        model = Sequential([Dense(8, activation="relu"), Dense(3, activation="softmax")])
        model.build((None, 6))
        given = {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"], **options}
        model.compile(optimizers.Adam(0.02) if optimizer is None else optimizer(), **given)
        return model

    return make


@ENGINES
@pytest.mark.parametrize(
    "options",
    [
        {"watch": True},
        {"shuffle": False, "validation_split": 0.2},
        {"batch_size": 5, "sample_weight": np.linspace(0.1, 2, 38)},
        {"batch_size": 37, "class_weight": {0: 1.0, 1: 0.2, 2: 3.0}},  # the last batch has one row
    ],
    ids=str,
)
def test_a_classifier(kernels: str, options: dict[str, Any]) -> None:
    assert_shared(classifier(), kernels, **options)


@ENGINES
@pytest.mark.parametrize(
    "optimizer",
    [
        lambda: optimizers.SGD(0.1),
        lambda: optimizers.SGD(0.1, momentum=0.9, clipnorm=0.05),
        lambda: optimizers.RMSprop(0.01, global_clipnorm=0.05),
        lambda: optimizers.AdamW(optimizers.schedules.ExponentialDecay(0.02, 2, 0.9), clipvalue=0.01),
    ],
)
def test_updates(kernels: str, optimizer: Any) -> None:
    assert_shared(classifier(optimizer), kernels)


def two_by_two() -> Model:
    """A model of two inputs and two outputs, with metrics that sum up in arrays."""
    a, b = Input((6,), name="a"), Input((2,), name="b")
    words = Flatten()(Embedding(5, 3)(b))
    both = Concatenate()([Dense(5, activation="tanh", kernel_regularizer="l2")(a), words])
    outputs = [
        Dense(1, activation="sigmoid", name="yes")(both),
        Dense(2, name="size", activity_regularizer="l1")(both),
    ]
    model = Model([a, b], outputs)
    model.compile(
        optimizers.Adam(0.02),
        {"yes": "binary_crossentropy", "size": "mse"},
        metrics={"yes": [AUC(num_thresholds=20), Precision(), "accuracy"], "size": "mae"},
        loss_weights={"yes": 0.3, "size": 2.0},
    )
    return model


@ENGINES
def test_several_inputs_and_outputs(kernels: str) -> None:
    rng = np.random.default_rng(5)
    x = [X, rng.integers(0, 5, (38, 2)).astype(np.float32)]
    y = [(Y > 0).astype(np.float32), X[:, :2]]
    alone = assert_shared(two_by_two, kernels, x=x, y=y, watch=True)
    assert kernels == "numpy" or "runs as a program" in alone["reason"]


class Largest(Metric):
    """A metric of the user's, with arrays and numbers of its own."""

    def __init__(self) -> None:
        super().__init__("largest")
        self.seen, self.total = 0, np.zeros(2)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.seen += len(y_pred)
        self.total = np.add(self.total, [np.sum(y_pred.numpy()), np.sum(y_true.numpy())])

    def result(self) -> float:
        return float(self.total[1] / max(self.seen, 1))

    def reset_state(self) -> None:
        self.seen, self.total = 0, np.zeros(2)


class Late(Largest):
    """A metric that makes its sums when it sees the first batch."""

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        if len(self.total) < 50:  # in the first batch
            self.total = np.zeros(50)
        self.seen += len(y_pred)
        self.total = self.total + len(y_pred)

    def reset_state(self) -> None:
        self.seen, self.total = 0, np.zeros(1)

    def result(self) -> float:
        return float(self.total.sum()) / max(self.seen, 1)


@pytest.mark.parametrize("kind", [Largest, Late])
def test_a_metric_of_the_users(kind: type[Metric]) -> None:
    def make() -> Model:
        return classifier(metrics=[kind()])()  # one of its own for each worker

    assert_shared(make, "numpy")


class Own(Model):
    """A model with steps of its own, of which logs and metrics are the user's."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden, self.last = Dense(8, activation="relu"), Dense(3)
        self.mean = Mean("mean_output")

    def call(self, inputs: Any) -> Any:
        return self.last(self.hidden(inputs))

    def train_step(self, data: Any) -> Any:
        x, y = data
        with GradientTape() as tape:
            outputs = self(x, training=True)
            loss = self.compiled_loss(y, outputs)
        weights = self.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        self.mean.update_state(outputs)
        self.compiled_metrics.update_state(y, outputs)
        logs = {m.name: m.result() for m in self.metrics}
        return {**logs, "half": float(ops.mean(outputs).numpy()) / 2}


def own() -> Model:
    model = Own()
    model.build((None, 6))
    model.compile(optimizers.Adam(0.02), "mse", metrics=["mae"])
    return model


def test_a_step_of_the_users() -> None:
    y = np.eye(3, dtype=np.float32)[Y]
    assert_shared(own, "numpy", y=y, batch_size=6, watch=True, shuffle=False)


class OfBatch(Own):
    """A model that notes the loss of each batch: in a metric, and in logs by the name of another metric."""

    def train_step(self, data: Any) -> Any:
        x, y = data
        with GradientTape() as tape:
            loss = self.compiled_loss(y, self(x, training=True))
        self.optimizer.minimize(loss, self.trainable_variables, tape=tape)
        self.mean.update_state(loss)
        return {"loss": loss, "mean_output": self.mean.result()}


def test_single_numbers_of_a_step_of_the_users() -> None:
    def make() -> Model:
        model = OfBatch()
        model.build((None, 6))
        model.compile("sgd", "mse")
        return model

    assert_shared(make, "numpy", y=np.eye(3, dtype=np.float32)[Y], batch_size=7, watch=True)


class Alone(Own):
    """A model that changes its weights by itself."""

    def train_step(self, data: Any) -> Any:
        x, y = data
        with GradientTape() as tape:
            loss = self.compiled_loss(y, self(x))
        for weight, grad in zip(
            self.trainable_variables, tape.gradient(loss, self.trainable_variables), strict=True
        ):
            weight.assign_sub(grad)
        return {"loss": float(loss.numpy())}


def test_weights_that_differ_are_refused() -> None:
    def train(workers: Workers) -> None:
        model = Alone()
        model.build((None, 6))
        model.compile("sgd", "mse")
        seeded(model).workers = workers
        model.fit(X, np.eye(3, dtype=np.float32)[Y], verbose=0)

    with pytest.raises(WorkerError, match="different weights after epoch 0"):
        run_threads(2, train)


class Uneven(Layer):
    """Draws numbers for rows in a shape that does not say so."""

    def call(self, inputs: Any) -> Any:
        return inputs + ops.random_normal((2 * len(inputs),)).value[: len(inputs), None]


def test_random_numbers_that_differ_are_refused() -> None:
    """The shares of the last six rows are not alike, so the streams would run apart."""

    def train(workers: Workers) -> None:
        model = Sequential([Dense(3, input_shape=(6,)), Uneven()])
        model.compile("sgd", "mse")
        seeded(model).workers = workers
        model.fit(X, np.eye(3, dtype=np.float32)[Y], batch_size=8, verbose=0)

    with pytest.raises(WorkerError, match="different numbers in epoch 0"):
        run_threads(4, train)


class Stopping(Callback):
    """Stops on one worker alone."""

    def __init__(self, rank: int, hook: str) -> None:
        self._rank, self._hook = rank, hook

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self._hook == "batch" and batch == 2:
            self.stop()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if self._hook == "epoch" and epoch == 1:
            self.stop()

    def stop(self) -> None:
        if self.model.workers.rank == self._rank:
            self.model.stop_training = True


@ENGINES
@pytest.mark.parametrize(("hook", "steps"), [("batch", 3), ("epoch", 10)])
def test_a_stop_on_one_is_a_stop_on_all(kernels: str, hook: str, steps: int) -> None:
    def train(workers: Workers) -> int:
        model = seeded(classifier()())
        model.workers = workers
        callbacks = [Stopping(1, hook)] if workers.rank == 1 or hook == "epoch" else []  # not the same on all
        model.fit(X, Y, batch_size=8, epochs=9, verbose=0, callbacks=callbacks)
        return int(model.optimizer.iterations.numpy())

    with engine(kernels):
        assert run_threads(3, train) == [steps] * 3


@ENGINES
def test_batches_that_nobody_watches_take_one_message_each(
    kernels: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "PAUSE", 60)  # no pause, however busy the machine is

    def messages(epochs: int) -> list[int]:
        def train(workers: ThreadWorkers) -> int:
            model = seeded(classifier()())
            model.workers = workers
            model.fit(X, Y, batch_size=2, epochs=epochs, verbose=0)
            return workers.messages

        return run_threads(2, train)

    with engine(kernels):
        first, second = messages(2), messages(3)
    assert all(19 <= more - less <= 25 for less, more in zip(first, second, strict=True))


@ENGINES
def test_single_batches(kernels: str) -> None:
    def train(workers: Workers) -> list[Array]:
        model = seeded(classifier()())
        model.workers = workers
        returned = [
            np.array(call(X[rows], Y[rows]))
            for rows in (slice(0, 7), slice(7, 8), slice(8, 20))
            for call in (model.train_on_batch, model.test_on_batch)
        ]
        return [*returned, *(w.numpy() for w in model.weights)]

    with engine(kernels):
        alone = train(ALONE)
        for outcome in run_threads(3, train):
            for a, b in zip(outcome, alone, strict=True):
                np.testing.assert_allclose(a, b, **CLOSE)


class Frozen(Layer):
    """A layer whose loss and metric are its own."""

    def build(self, input_shape: Any) -> None:
        self.w = self.add_weight("w", (input_shape[-1],), initializer="ones")

    def call(self, inputs: Any) -> Any:
        y = inputs * self.w
        self.add_loss(ops.mean(ops.square(y)))
        self.add_metric(y, name="mean_y", aggregation="mean")
        self.add_metric(ops.mean(y), name="mean_of_batches")
        return y


def transfer() -> Model:
    """A model with a frozen part out of another model, whose weights lie in another buffer."""
    before = Sequential([Dense(5, activation="relu")])
    before.build((None, 6))
    inside = Sequential([Dense(4, activation="tanh")])
    inside.build((None, 5))
    model = Sequential([before, inside, Frozen(), Dense(3, activation="softmax")])
    model.build((None, 6))
    before.trainable = False
    model.compile(optimizers.Adam(0.02), "sparse_categorical_crossentropy", weighted_metrics=["accuracy"])
    return model


@ENGINES
def test_parts_of_other_models_and_losses_of_layers(kernels: str) -> None:
    assert_shared(transfer, kernels, watch=True, batch_size=7)
