"""Steps that a user wrote: they are called, what they return is the logs, and a run resumes as any other."""

from collections.abc import Callable
from operator import add
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minifit import GradientTape, Input, Model, Sequential, ops
from minifit.callbacks import (
    BackupAndRestore,
    Callback,
    CSVLogger,
    EarlyStopping,
    LambdaCallback,
    ModelCheckpoint,
)
from minifit.errors import ArgumentError, ArgumentTypeError, NotBuiltError
from minifit.layers import Dense, Dropout
from minifit.losses import BinaryCrossentropy
from minifit.metrics import Mean, MeanSquaredError
from minifit.optimizers import SGD, Adam
from minifit.tensor import Tensor
from minifit.utils import set_random_seed

X = np.sin(np.arange(30, dtype=np.float32)).reshape(10, 3)
Y = np.cos(np.arange(10, dtype=np.float32)).reshape(10, 1)


class Written(Sequential):
    """A step as in Keras's guide: the library's own, written out."""

    def train_step(self, data: Any) -> Any:
        x, y, *weights = data
        with GradientTape() as tape:
            y_pred = self(x, training=True)
            weight = weights[0] if weights else None
            loss = self.compiled_loss(y, y_pred, weight, regularization_losses=self.losses)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        self.compiled_metrics.update_state(y, y_pred, *weights)
        return {m.name: m.result() for m in self.metrics}

    def test_step(self, data: Any) -> Any:
        x, y, *weights = data
        y_pred = self(x, training=False)
        weight = weights[0] if weights else None
        self.compiled_loss(y, y_pred, weight, regularization_losses=self.losses)
        self.compiled_metrics.update_state(y, y_pred, *weights)
        return {m.name: m.result() for m in self.metrics}


class Backward(Sequential):
    """A step by `backward`, with a metric and an optimizer as attributes."""

    def __init__(self, layers: Any) -> None:
        super().__init__(layers)
        self.tracker = Mean(name="total")
        self.own = Adam(0.05)

    def train_step(self, data: Any) -> Any:
        x, y = data
        for weight in self.trainable_weights:
            weight.grad = None
        loss = ops.mean(ops.square(y - self(x, training=True)))
        loss.backward()
        self.own.apply_gradients([(w.grad, w) for w in self.trainable_weights])
        self.tracker.update_state(loss)
        return {"total": self.tracker.result(), "last": loss}


def made(kind: Any, *more: Any, **compiled: Any) -> Any:
    np.random.seed(0)
    model = kind([Dense(4, "tanh", kernel_regularizer="l2", input_shape=(3,)), *more, Dense(1)])
    model.compile(SGD(0.125), "mse", **compiled)
    model.set_weights([np.sin(np.arange(w.value.size) + 1.0).reshape(w.shape) for w in model.weights])
    return model


def bits(model: Any) -> list[bytes]:
    return [w.tobytes() for w in model.get_weights()]


FIT: dict[str, Any] = {"batch_size": 4, "epochs": 3, "verbose": 0}


# -- the same as the library's own ---------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"steps_per_execution": 2}])
def test_the_librarys_step_written_out_trains_the_same(options: Any) -> None:
    ways = []
    for kind in (Sequential, Written):
        model = made(kind, Dropout(0.3), metrics=["mae"], weighted_metrics=["mse"], **options)
        weights = np.arange(10.0)
        history = model.fit(X, Y, sample_weight=weights, validation_data=(X, Y, weights), **FIT).history
        judged = model.evaluate(X, Y, verbose=0), model.train_on_batch(X, Y), model.test_on_batch(X, Y)
        ways.append((history, judged, model.metrics_names, bits(model)))
    assert ways[0] == ways[1]


class Super(Sequential):
    calls = 0

    def train_step(self, data: Any) -> Any:
        type(self).calls += 1
        return super().train_step(data)


def test_a_step_that_calls_super_is_the_librarys() -> None:
    Super.calls = 0
    model, plain = made(Super, metrics=["mae"]), made(Sequential, metrics=["mae"])
    assert model.fit(X, Y, **FIT).history == plain.fit(X, Y, **FIT).history
    assert Super.calls == 9
    assert bits(model) == bits(plain)


# -- what is overridden is called ----------------------------------------------------------------------------


def test_a_step_set_on_the_instance_is_called() -> None:
    model, seen = made(Sequential), []

    def step(data: Any) -> Any:
        seen.append(data)
        return {"loss": 1.0}

    model.train_step = step
    assert model.fit(X, Y, batch_size=5, verbose=0).history == {"loss": [1.0]}
    assert [(x.shape, y.shape) for x, y in seen] == [((5, 3), (5, 1))] * 2


def test_compute_loss_alone_is_called() -> None:
    class Own(Sequential):
        def compute_loss(
            self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None
        ) -> Any:
            return super().compute_loss(x, y, y_pred, sample_weight) * 0.0

    model = made(Own)
    before = bits(model)
    model.fit(X, Y, **FIT)
    assert bits(model) == before, "a loss times 0 has no gradient"


@pytest.mark.parametrize("how", ["fit", "train_on_batch", "evaluate", "test_on_batch"])
def test_reset_metrics_and_compute_metrics_are_called_where_nothing_else_is_overridden(how: str) -> None:
    class Own(Sequential):
        resets = 0

        def reset_metrics(self) -> None:
            self.resets += 1
            super().reset_metrics()

        def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any) -> Any:
            logs = super().compute_metrics(x, y, y_pred, sample_weight)
            return {**logs, "rows": len(x)}

    model = made(Own, metrics=["mae"])
    options: Any = {"verbose": 0} if how in ("fit", "evaluate") else {}
    found = getattr(model, how)(X, Y, **options)
    assert model.resets == 1
    if how == "fit":
        assert list(found.history) == ["loss", "mae", "rows"]
    else:
        assert len(found) == 3
        assert found[2] == 10


def test_only_a_test_step_of_ones_own_leaves_training_to_the_library() -> None:
    class Own(Sequential):
        def test_step(self, data: Any) -> Any:
            return {"loss": -1.0, "more": 2.0}

    model, plain = made(Own), made(Sequential)
    history = model.fit(X, Y, validation_data=(X, Y), **FIT).history
    assert history["loss"] == plain.fit(X, Y, **FIT).history["loss"]
    assert (history["val_loss"], history["val_more"]) == ([-1.0] * 3, [2.0] * 3)
    assert "the regularizer" in model.engine_report() or "program of compiled" in model.engine_report()


def test_predict_step_is_called_and_its_form_kept() -> None:
    class Own(Sequential):
        def predict_step(self, data: Any) -> Any:
            y = self(data, training=False)
            return {"once": y, "twice": y * 2}

    model, seen = made(Own), []
    watch = LambdaCallback(
        on_predict_batch_end=lambda batch, logs: seen.append(logs["outputs"]["once"].shape)
    )
    found = model.predict(X, batch_size=4, callbacks=[watch])
    np.testing.assert_array_equal(found["twice"], 2 * found["once"])
    assert found["once"].shape == (10, 1)
    assert seen == [(4, 1), (4, 1), (2, 1)]
    assert model.predict_on_batch(X[:2])["once"].shape == (2, 1)


def test_a_train_function_takes_batches_as_it_likes() -> None:
    class Own(Sequential):
        def make_train_function(self, force: bool = False) -> Any:
            def function(iterator: Any) -> Any:
                first, second = next(iterator), next(iterator)
                self.train_step(
                    (ops.concatenate([first[0], second[0]], 0), ops.concatenate([first[1], second[1]], 0))
                )
                return {"rows": len(first[0]) + len(second[0])}

            return function

    model, seen = made(Own), []
    watch = LambdaCallback(on_batch_end=lambda batch, logs: seen.append((batch, logs)))
    model.fit(X[:8], Y[:8], batch_size=2, verbose=0, callbacks=[watch])
    assert seen == [(1, {"rows": 4}), (3, {"rows": 4})]
    assert model.optimizer.iterations.numpy() == 2


def test_a_train_function_around_the_librarys_is_called_once_an_execution() -> None:
    class Own(Sequential):
        calls = 0

        def make_train_function(self, force: bool = False) -> Any:
            function = super().make_train_function(force)

            def counted(iterator: Any) -> Any:
                self.calls += 1
                return function(iterator)

            return counted

    model = made(Own, steps_per_execution=2)
    model.fit(X, Y, batch_size=2, verbose=0)
    assert model.calls == 3, "five batches, two at a time"
    assert model.optimizer.iterations.numpy() == 5


def test_the_data_is_as_it_was_given() -> None:
    seen: list[Any] = []

    class Own(Sequential):
        def train_step(self, data: Any) -> Any:
            seen.append(data)
            return {}

    model = made(Own)
    for data in ((X,), (X, Y), (X, Y, np.ones(10)), (X, {"a": Y, "b": [Y, Y]})):
        model.fit(*data[:2], sample_weight=data[2] if len(data) > 2 else None, verbose=0)
    alone, pair, triple, nested = seen
    assert isinstance(alone, Tensor)
    assert (type(pair), len(pair), len(triple)) == (tuple, 2, 3)
    assert (sorted(nested[1]), len(nested[1]["b"])) == (["a", "b"], 2)


def test_what_nothing_calls_is_refused_before_training() -> None:
    model = made(type("Own", (Sequential,), {"_make_train_function": lambda self: None}))
    for train in (model.fit, model.train_on_batch):
        with pytest.raises(ArgumentError, match=r"Received: Own\._make_train_function, which nothing calls"):
            train(X, Y)


@pytest.mark.parametrize("logs", [None, 1.0, [1.0], {1: 2.0}])
def test_logs_are_a_dict(logs: Any) -> None:
    class Own(Sequential):
        def train_step(self, data: Any) -> Any:
            return logs

    with pytest.raises(
        ArgumentTypeError, match=r"a dict of numbers by name\. Received: .* from train_step of Own"
    ):
        made(Own).fit(X, Y, verbose=0)


def test_a_function_that_takes_no_batch_is_an_error() -> None:
    class Own(Sequential):
        def make_train_function(self, force: bool = False) -> Any:
            return lambda iterator: {"loss": 0.0}

    with pytest.raises(ArgumentError, match="took none"):
        made(Own).fit(X, Y, verbose=0)


def test_an_error_of_the_step_itself_is_not_the_end_of_the_data() -> None:
    class Own(Sequential):
        def train_step(self, data: Any) -> Any:
            return next(iter([]))

    with pytest.raises(StopIteration):
        made(Own).fit(X, Y, verbose=0)


# -- metrics and logs ----------------------------------------------------------------------------------------


@pytest.mark.rule("MO-8", "MO-12")
def test_logs_become_plain_numbers() -> None:
    class Own(Sequential):
        def train_step(self, data: Any) -> Any:
            tensors = {"tensor": Tensor(1.5), "metric": Mean()(2.5)}
            return {**tensors, "whole": np.int64(3), "several": np.arange(2.0), "plain": 2}

    seen: list[Any] = []
    made(Own).fit(
        X,
        Y,
        batch_size=10,
        verbose=0,
        callbacks=[LambdaCallback(on_batch_end=lambda b, logs: seen.append(logs))],
    )
    assert [(type(v).__name__, v) for k, v in seen[0].items() if k != "several"] == [
        ("float", 1.5),
        ("float", 2.5),
        ("int", 3),
        ("int", 2),
    ]
    assert seen[0]["several"].tolist() == [0.0, 1.0]


def test_metrics_of_attributes_are_reset_at_every_epoch() -> None:
    model = made(Backward)
    assert [m.name for m in model.metrics] == ["total"]
    model.fit(X, Y, **FIT)
    assert model.tracker.count == 3


def test_only_the_metrics_that_are_named_are_reset() -> None:
    class Own(Backward):
        def __init__(self, layers: Any) -> None:
            super().__init__(layers)
            self.ever = Mean(name="ever")

        @property
        def metrics(self) -> Any:
            return [self.tracker]

        def train_step(self, data: Any) -> Any:
            self.ever.update_state(1.0)
            return super().train_step(data)

    model = made(Own)
    model.fit(X, Y, **FIT)
    assert (model.tracker.count, model.ever.count) == (3, 9)
    assert model.metrics_names == ["total"]


@pytest.mark.rule("MO-11")
def test_a_metric_that_is_an_attribute_comes_last_in_the_librarys_logs() -> None:
    class Own(Sequential):
        def __init__(self, layers: Any) -> None:
            super().__init__(layers)
            self.extra = Mean(name="extra")

    history = made(Own, metrics=["mae"]).fit(X, Y, verbose=0).history
    assert list(history) == ["loss", "mae", "extra"]


def test_evaluate_returns_the_metrics_and_then_other_names() -> None:
    class Own(Backward):
        def test_step(self, data: Any) -> Any:
            self.tracker.update_state(2.0)
            return {"z": 1.0, "b": 3.0, "total": self.tracker.result()}

    model = made(Own)
    assert model.evaluate(X, Y, verbose=0) == [2.0, 3.0, 1.0]
    assert model.evaluate(X, Y, verbose=0, return_dict=True) == {"z": 1.0, "b": 3.0, "total": 2.0}


# -- with callbacks ------------------------------------------------------------------------------------------


@pytest.mark.rule("MO-8")
def test_callbacks_watch_what_the_step_returns(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    model = made(Backward)
    history = model.fit(
        X,
        Y,
        batch_size=4,
        epochs=5,
        verbose=0,
        callbacks=[
            EarlyStopping(monitor="last", mode="max", patience=0),
            ModelCheckpoint(tmp_path / "{epoch}-{last:.3f}.h5", save_weights_only=True),
            CSVLogger(tmp_path / "log.csv"),
        ],
    )
    epochs = len(history.epoch)
    assert epochs < 5
    assert len(list(tmp_path.glob("*.h5"))) == epochs
    assert (tmp_path / "log.csv").read_text().splitlines()[0] == "epoch,last,total"
    assert not recwarn.list


def test_stop_training_counts_after_the_batch() -> None:
    class Own(Backward):
        def train_step(self, data: Any) -> Any:
            self.stop_training = True
            return super().train_step(data)

    model = made(Own)
    model.fit(X, Y, **FIT)
    assert model.tracker.count == 1


def test_a_model_with_a_step_of_its_own_may_set_its_loss() -> None:
    class Own(Backward):
        def compile(self, *args: Any, loss: Any = None, **kwargs: Any) -> None:
            super().compile(*args, **kwargs)
            self.loss = loss

    model = Own([Dense(1, input_shape=(3,))])
    model.compile("sgd", loss=np.mean)
    assert model.loss is np.mean
    model.compile("sgd")
    assert model.loss is None


def test_what_programs_look_at_besides() -> None:
    class Remembers(Dense):
        stateful, count = True, 0

        def reset_states(self) -> None:
            self.count += 1

    layer = Remembers(1, input_shape=(3,))
    model = Sequential([layer])
    model.compile("sgd", "mse", run_eagerly=True)
    assert model.run_eagerly
    model.run_eagerly = False
    assert not model.run_eagerly
    model.reset_states()
    assert layer.count == 1


# -- wholly or not at all ------------------------------------------------------------------------------------


class Fails(Exception):
    """A user's own error."""


@pytest.mark.parametrize("kind", [Written, Backward])
def test_a_step_that_breaks_off_leaves_nothing(kind: Any) -> None:
    class Breaks(kind):  # type: ignore[misc]
        broken = False

        def train_step(self, data: Any) -> Any:
            logs = super().train_step(data)
            if self.broken:
                raise Fails
            return logs

    model = made(Breaks, Dropout(0.5), metrics=["mae"])
    model.fit(X, Y, **FIT)

    def state() -> Any:
        optimizers = [
            o.get_state(model.weights) for o in (model.optimizer, getattr(model, "own", model.optimizer))
        ]
        streams = model.training_state.streams.get_state()
        return repr((bits(model), optimizers, streams, [m.get_state() for m in model.metrics]))

    before, model.broken = state(), True
    with pytest.raises(Fails):
        model.train_on_batch(X, Y, reset_metrics=False)
    assert state() == before


class Judged(Backward):
    """The same metric in training and in evaluations."""

    def test_step(self, data: Any) -> Any:
        self.tracker.update_state(9.0)
        return {"total": self.tracker.result()}


@pytest.mark.parametrize("kind", [Written, Judged])
def test_an_evaluation_in_a_hook_disturbs_no_sums(kind: Any) -> None:
    def trained(hook: Callable[..., Any]) -> Any:
        model = made(kind, metrics=["mae"])
        look = LambdaCallback(on_batch_end=lambda batch, logs: hook(model))
        return model.fit(X, Y, callbacks=[look], **FIT).history

    assert trained(lambda model: model.evaluate(X[:3], Y[:3], verbose=0)) == trained(lambda model: None)


# -- resumed -------------------------------------------------------------------------------------------------


class Dies(Callback):
    """Ends a run as a kill would, after so many batches."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.left = after

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt


@pytest.mark.rule("MO-10")
@pytest.mark.parametrize("kind", [Written, Backward])
@pytest.mark.parametrize("after", [2, 3, 4, 7])
def test_a_resumed_run_is_the_uninterrupted_one(kind: Any, after: int, tmp_path: Path) -> None:
    def run(*callbacks: Callback) -> tuple[Any, list[bytes]]:
        model = made(kind, Dropout(0.5), metrics=["mae"])
        np.random.seed(5)
        history = model.fit(X, Y, callbacks=list(callbacks), validation_data=(X, Y), **FIT).history
        return {k: v[-1] for k, v in history.items()}, bits(model)

    whole = run()
    backup = tmp_path / "backup"
    with pytest.raises(KeyboardInterrupt):
        run(BackupAndRestore(backup, save_freq=1), Dies(after))
    assert run(BackupAndRestore(backup, save_freq=1)) == whole


def test_logs_that_are_no_numbers_keep_no_run_from_being_resumed(tmp_path: Path) -> None:
    class Says(Backward):
        def train_step(self, data: Any) -> Any:
            return {**super().train_step(data), "word": "fine", "nothing": None}

    def run(*callbacks: Callback) -> Any:
        model = made(Says, Dropout(0.5))
        history = model.fit(X, Y, callbacks=list(callbacks), **FIT).history
        return {k: v[-1] for k, v in history.items()}, bits(model)

    whole = run()
    with pytest.raises(KeyboardInterrupt):
        run(BackupAndRestore(tmp_path / "b"), Dies(4))
    assert run(BackupAndRestore(tmp_path / "b")) == whole


def test_a_state_of_another_optimizer_among_the_attributes_is_refused() -> None:
    captured: list[Any] = []
    first = made(Backward)
    take = LambdaCallback(on_epoch_end=lambda epoch, logs: captured.append(first.training_state.capture()))
    first.fit(X, Y, callbacks=[take], verbose=0)
    other = made(Backward)
    other.own = SGD(0.1)
    put = LambdaCallback(on_train_begin=lambda logs: other.training_state.restore(captured[0]))
    with pytest.raises(ArgumentError, match="other optimizers: own, which was 'Adam' and is 'SGD' now"):
        other.fit(X, Y, callbacks=[put], verbose=0)


def test_the_report_names_the_step() -> None:
    assert "op by op, by train_step of Written" in made(Written).engine_report()


# -- models that are no chain --------------------------------------------------------------------------------


class Gan(Model):
    """Two models, each with an optimizer, as in Keras's guide; no call."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.generator = Sequential([Dense(3, input_shape=(size,))])
        self.discriminator = Sequential([Dense(4, "relu"), Dropout(0.2), Dense(1)])
        self.size = size
        self.d_loss, self.g_loss = Mean(name="d_loss"), Mean(name="g_loss")

    def compile(self, d_optimizer: Any, g_optimizer: Any, loss: Any) -> None:  # type: ignore[override]
        super().compile()
        self.d_optimizer, self.g_optimizer, self.loss_fn = d_optimizer, g_optimizer, loss

    @property
    def metrics(self) -> Any:
        return [self.d_loss, self.g_loss]

    def noise(self, rows: int) -> Any:
        return np.random.standard_normal((rows, self.size)).astype("f4")

    def train_step(self, real: Any) -> Any:
        rows = len(real)
        mixed = ops.concatenate([self.generator(self.noise(rows)), real], 0)
        labels = np.concatenate([np.ones((rows, 1), "f4"), np.zeros((rows, 1), "f4")])
        with GradientTape() as tape:
            loss = self.loss_fn(labels, self.discriminator(mixed))
        grads = tape.gradient(loss, self.discriminator.trainable_weights)
        self.d_optimizer.apply_gradients(zip(grads, self.discriminator.trainable_weights, strict=True))
        with GradientTape() as tape:
            fooled = self.discriminator(self.generator(self.noise(rows)))
            g_loss = self.loss_fn(np.zeros((rows, 1), "f4"), fooled)
        grads = tape.gradient(g_loss, self.generator.trainable_weights)
        self.g_optimizer.apply_gradients(zip(grads, self.generator.trainable_weights, strict=True))
        self.d_loss.update_state(loss)
        self.g_loss.update_state(g_loss)
        return {"d_loss": self.d_loss.result(), "g_loss": self.g_loss.result()}


def gan(build: bool = True) -> Gan:
    np.random.seed(0)
    model = Gan(2)
    if build:
        model.discriminator.build((None, 3))
    model.compile(Adam(0.01), Adam(0.01), BinaryCrossentropy(from_logits=True))
    return model


@pytest.mark.parametrize("build", [True, False])
def test_a_gan_as_in_the_guide_trains(build: bool) -> None:
    model = gan(build)
    history = model.fit(X, batch_size=5, epochs=2, verbose=0).history
    assert list(history) == ["d_loss", "g_loss"]
    assert history["d_loss"][0] > history["d_loss"][1] > 0
    assert model.d_optimizer.iterations.numpy() == model.g_optimizer.iterations.numpy() == 4
    assert len(model.weights) == 6


@pytest.mark.rule("MO-10")
@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_gan_resumes_with_both_of_its_optimizers(after: int, tmp_path: Path) -> None:
    def run(*callbacks: Callback) -> tuple[Any, list[bytes]]:
        model = gan()
        history = model.fit(X, batch_size=5, epochs=2, verbose=0, callbacks=list(callbacks)).history
        return {k: v[-1] for k, v in history.items()}, bits(model)

    whole = run()
    with pytest.raises(KeyboardInterrupt):
        run(BackupAndRestore(tmp_path / "b", save_freq=1), Dies(after))
    assert run(BackupAndRestore(tmp_path / "b", save_freq=1)) == whole


class Unbuilt(Model):
    """Layers that nothing but the step calls, and an optimizer in a list in a dict."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = Sequential([Dense(3, "tanh"), Dropout(0.2), Dense(1)])
        self.others = {"inner": [SGD(0.1, momentum=0.9)]}

    def train_step(self, data: Any) -> Any:
        x, y, weights = data
        with GradientTape() as tape:
            loss = ops.mean(ops.square(self.inner(x, training=True) - y) * ops.reshape(weights, (-1, 1)))
        self.others["inner"][0].minimize(loss, self.inner.trainable_weights, tape=tape)
        return {"loss": loss}


@pytest.mark.rule("MO-10")
@pytest.mark.parametrize(
    "weights", [{"sample_weight": np.arange(1.0, len(X) + 1)}, {"class_weight": {0: 1.0, 1: 3.0}}]
)
def test_layers_that_a_step_builds_and_optimizers_in_containers_resume(
    weights: dict[str, Any], tmp_path: Path
) -> None:
    classes = (np.arange(len(X)) % 2).reshape(-1, 1)

    def run(*callbacks: Callback) -> tuple[Any, list[bytes]]:
        set_random_seed(4)
        model = Unbuilt()
        model.compile()
        history = model.fit(X, classes, 3, 2, 0, list(callbacks), **weights).history
        return history["loss"][-1], bits(model)

    whole = run()
    with pytest.raises(KeyboardInterrupt):
        run(BackupAndRestore(tmp_path / "b", save_freq=1), Dies(2))
    assert run(BackupAndRestore(tmp_path / "b", save_freq=1)) == whole


def test_weights_of_a_model_that_only_its_step_builds_are_saved(tmp_path: Path) -> None:
    model = Unbuilt()
    model.compile()
    with pytest.raises(NotBuiltError):
        model.save_weights(tmp_path / "w.h5")
    saving = ModelCheckpoint(tmp_path / "w.h5", save_weights_only=True)
    model.fit(X, Y, sample_weight=np.ones(len(X)), verbose=0, callbacks=[saving])
    other = Unbuilt()
    other.inner.build((None, X.shape[1]))
    other.load_weights(tmp_path / "w.h5")
    assert bits(other) == bits(model)
    with pytest.raises(NotImplementedError, match="get_config"):
        model.save(tmp_path / "m.h5")


class SumsUp(Written):
    """A step that applies the gradients of two batches at once."""

    def __init__(self, layers: Any) -> None:
        super().__init__(layers)
        self.kept: list[Any] = []

    def train_step(self, data: Any) -> Any:
        x, y = data
        with GradientTape() as tape:
            loss = ops.mean(ops.square(self(x, training=True) - y))
        self.kept.append((x, tape.gradient(loss, self.trainable_variables)))
        if len(self.kept) == 2:
            (_, first), (_, second) = self.kept
            self.optimizer.apply_gradients(
                zip(map(add, first, second), self.trainable_variables, strict=True)
            )
        return {"loss": loss}


def test_what_a_step_keeps_of_a_batch_is_not_overwritten_by_the_next() -> None:
    model, by_hand = (SumsUp([Dense(1, input_shape=(3,), kernel_initializer="ones")]) for _ in range(2))
    model.compile(SGD(0.1))
    model.fit(X, Y, batch_size=5, shuffle=True, verbose=0)
    for x, _ in model.kept:
        assert all(any(np.array_equal(row, other) for other in X) for row in x.numpy())
    assert {row.tobytes() for x, _ in model.kept for row in x.numpy()} == {row.tobytes() for row in X}
    with GradientTape() as tape:
        loss = 2 * ops.mean(ops.square(by_hand(X) - Y))
    gradients = tape.gradient(loss, by_hand.trainable_variables)
    SGD(0.1).apply_gradients(zip(gradients, by_hand.trainable_variables, strict=True))
    np.testing.assert_allclose(model.get_weights()[0], by_hand.get_weights()[0], rtol=1e-5)


class Judges(Written):
    """An `evaluate` of its own, which tf.keras would call to validate."""

    def evaluate(self, *args: Any, **kwargs: Any) -> Any:
        return super().evaluate(*args, **kwargs)


def test_an_evaluate_that_a_validation_would_not_call_is_refused_before_training() -> None:
    model = made(Judges)
    before = bits(model)
    with pytest.raises(ArgumentError, match=r"Received: Judges\.evaluate, which fit never calls"):
        model.fit(X, Y, validation_data=(X, Y), verbose=0)
    assert bits(model) == before
    model.fit(X, Y, verbose=0)
    assert model.evaluate(X, Y, verbose=0)


class Two(Model):
    """Two outputs by name, and a step that counts in both."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = Dense(1), Dense(2)

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        return {"a": self.first(inputs), "b": self.second(inputs)}

    def train_step(self, data: Any) -> Any:
        return super().train_step(data)


def test_a_step_of_a_model_with_outputs_by_name_counts_in_each() -> None:
    model = Two()
    model.compile("sgd", {"a": "mse", "b": "mae"}, metrics={"b": ["mse"]})
    history = model.fit(X, {"a": Y, "b": np.hstack([Y, Y])}, verbose=0).history
    assert list(history) == ["loss", "a_loss", "b_loss", "b_mse"]
    assert history["loss"][0] == pytest.approx(history["a_loss"][0] + history["b_loss"][0])


def test_metrics_of_several_outputs_have_names_of_their_own() -> None:
    class Stepped(Model):
        def train_step(self, data: Any) -> Any:
            x, y = data
            with GradientTape() as tape:
                loss = self.compiled_loss(y, y_pred := self(x, training=True))
            self.optimizer.minimize(loss, self.trainable_variables, tape=tape)
            self.compiled_metrics.update_state(y, y_pred)
            return {m.name: m.result() for m in self.metrics}

    x = Input((2,))
    model = Stepped(x, [Dense(1, name="a")(x), Dense(1, name="b")(x)])
    model.compile(SGD(0.1), "mse", metrics={"a": MeanSquaredError(), "b": ["mae", MeanSquaredError()]})
    history = model.fit(np.ones((4, 2)), [np.ones((4, 1)), np.zeros((4, 1))], verbose=0).history
    named = ["a_mean_squared_error", "b_mae", "b_mean_squared_error"]
    assert list(history) == ["loss", "a_loss", "b_loss", *named]


def test_weights_of_a_model_without_a_call_are_saved_once_its_layers_are_built(tmp_path: Path) -> None:
    class Pair(Model):
        def __init__(self) -> None:
            super().__init__()
            self.coder, self.decoder = Dense(2), Dense(3)

        def train_step(self, data: Any) -> Any:
            with GradientTape() as tape:
                loss = ops.mean(ops.square(self.decoder(self.coder(data)) - data))
            self.optimizer.minimize(loss, self.trainable_variables, tape=tape)
            return {"loss": loss}

    model, other = Pair(), Pair()
    with pytest.raises(NotBuiltError, match="Only a model with weights"):
        model.save_weights(tmp_path / "none.h5")
    path = tmp_path / "kept.weights.h5"
    for each in (model, other):
        each.compile(SGD(0.1))
        each.fit(np.ones((4, 3)), verbose=0)
    model.fit(np.ones((4, 3)), verbose=0, callbacks=[ModelCheckpoint(path, save_weights_only=True)])
    other.load_weights(path)
    for ours, theirs in zip(other.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_settings_that_change_make_no_program_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", "numba")

    class Own(Sequential):
        def train_step(self, data: Any) -> Any:
            self.layers[0].activity_regularizer = None  # a setting
            return super().train_step(data)

    assert len(made(Own).fit(X, Y, **FIT).history["loss"]) == 3
