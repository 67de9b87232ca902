"""Models with several outputs, and with a training step of their own."""

import contextlib
from pathlib import Path
from typing import Any

import numpy as np

from minifit.semantics.playing import AbsentError, scenario
from minifit.semantics.stage import X, Y, backing_up, listener, model_of, unless_absent


def two_outputs(keras: Any, kind: Any = None, **options: Any) -> Any:
    """Return the model of two outputs ``a = x`` and ``b = 2 x``, which SGD with a rate of 0 leaves as they are."""
    x = keras.Input((1,))
    heads = [keras.layers.Dense(1, use_bias=False, name=name)(x) for name in ("a", "b")]
    model = (kind or keras.Model)(x, heads)
    settings: Any = {"optimizer": keras.optimizers.SGD(0.0), "loss": ["mse", "mse"]}
    settings.update(options)
    model.compile(**settings)
    model.set_weights([np.full((1, 1), 1.0), np.full((1, 1), 2.0)])
    return model


def logs_of(model: Any, **options: Any) -> Any:
    """Return the values of one epoch with zeros as targets."""
    settings: Any = {"epochs": 1, "verbose": 0, "batch_size": 4, "shuffle": False}
    settings.update(options)
    history = model.fit(X, [0.0 * Y, 0.0 * Y], **settings).history
    return {key: values[0] for key, values in history.items()}


@scenario("MO-1")
def names_in_logs(keras: Any, folder: Path) -> Any:
    options = {"metrics": [["mae"], ["mae"]], "weighted_metrics": [["mse"], ["mse"]]}
    single = model_of(keras, metrics=["mae"])
    single.fit(X, Y, verbose=0)
    return {
        "two": list(logs_of(two_outputs(keras, **options))),
        "two, one without a loss": list(logs_of(two_outputs(keras, loss=["mse", None]))),
        "one": list(single.history.history),
    }


@scenario("MO-2")
def total_loss(keras: Any, folder: Path) -> Any:
    return dict(sorted(logs_of(two_outputs(keras, loss_weights=[1.0, 0.5])).items()))


@scenario("MO-3")
def output_without_a_loss(keras: Any, folder: Path) -> Any:
    model = two_outputs(keras, loss=["mse", None], metrics=[["mae"], ["mae"]])
    logs = logs_of(model)
    return {"b_loss is there": "b_loss" in logs, "b_mae": logs["b_mae"]}


@scenario("MO-4")
def names_of_validation(keras: Any, folder: Path) -> Any:
    model = two_outputs(keras, metrics=[["mae"], ["mae"]])
    stopping = keras.callbacks.EarlyStopping("val_b_loss", patience=1, mode="min")
    data = (X, [0.0 * Y, 0.0 * Y])
    logs = logs_of(model, validation_data=data, callbacks=[stopping], epochs=5)
    return {"names": sorted(logs), "epochs": len(model.history.epoch)}


@scenario("MO-5")
def forms_of_metrics(keras: Any, folder: Path) -> Any:
    def names(metrics: Any) -> Any:
        return [name for name in logs_of(two_outputs(keras, metrics=metrics)) if "loss" not in name]

    forms = {
        "flat": ["mae", "mse"],
        "lists": [["mae"], ["mse"]],
        "by name": {"b": ["mae"]},
    }
    answers: Any = {}
    for form, metrics in forms.items():
        try:
            answers[form] = names(metrics)
        except ValueError:
            answers[form] = "refused"
    return answers


@scenario("MO-6")
def nesting_of_predictions(keras: Any, folder: Path) -> Any:
    seen: Any = []

    def look(self: Any, batch: int, logs: Any = None) -> None:
        outputs = logs.get("outputs")
        one = hasattr(outputs, "shape") or outputs is None
        seen.append(("one" if hasattr(outputs, "shape") else "no outputs") if one else kind(outputs))

    def kind(outputs: Any) -> Any:
        return [type(outputs).__name__, len(outputs)]

    watching = listener(keras, on_predict_batch_end=look)
    model_of(keras).predict(X, callbacks=[watching], verbose=0)
    two_outputs(keras).predict(X, callbacks=[watching], verbose=0)
    x = keras.Input((1,))
    by_name = keras.Model(x, {"a": keras.layers.Dense(1)(x)})
    by_name.predict(X, callbacks=[watching], verbose=0)
    return seen


@scenario("MO-7")
def metrics_of_layers(keras: Any, folder: Path) -> Any:
    absent: Any = []

    class Reporting(keras.layers.Layer):  # type: ignore[misc]
        def call(self, x: Any) -> Any:
            try:
                self.add_metric(7.0 + 0.0 * x, name="reported", aggregation="mean")
            except (AttributeError, RuntimeError) as error:  # in Keras 3 the method says that it is no more
                absent.append(error)
            return x

    model = keras.Sequential([keras.Input((1,)), Reporting(), keras.layers.Dense(1)])
    if absent:
        raise AbsentError("add_metric")
    model.compile("sgd", "mse", metrics=["mae"])
    model.fit(X, Y, verbose=0)
    return list(model.history.history)


@scenario("MO-11")
def metrics_that_are_attributes(keras: Any, folder: Path) -> Any:
    class Own(keras.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.dense = keras.layers.Dense(1)
            self.counted = keras.metrics.Mean(name="attribute")

        def call(self, x: Any) -> Any:
            if not hasattr(keras.Model, "compute_metrics"):
                self.counted.update_state(7.0)
            return self.dense(x)

        def compute_metrics(self, *arguments: Any, **keywords: Any) -> Any:
            self.counted.update_state(7.0)  # where Keras on JAX allows it
            return super().compute_metrics(*arguments, **keywords)

    model = Own()
    model.compile("sgd", "mse", metrics=["mae"])
    logs = model.fit(X, Y, verbose=0).history
    return {"names": list(logs), "attribute": logs.get("attribute")}


@scenario("MO-8")
def dict_of_a_step(keras: Any, folder: Path) -> Any:
    seen: Any = {}

    def look(name: str) -> Any:
        def note(self: Any, batch: int, logs: Any = None) -> None:
            seen[name] = {key: float(logs[key]) for key in sorted(logs)}

        return note

    looking = listener(keras, on_train_batch_end=look("train"), on_test_batch_end=look("test"))
    model = model_of_steps(keras)
    history = model.fit(X, Y, verbose=0, validation_data=(X, Y), callbacks=[looking]).history
    return {"hooks": seen, "History": {key: float(history[key][0]) for key in sorted(history)}}


def model_of_steps(keras: Any) -> Any:
    """Return a model whose steps return numbers of NumPy."""

    class Own(keras.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.dense = keras.layers.Dense(1)

        def call(self, x: Any) -> Any:
            return self.dense(x)

        def train_step(self, *arguments: Any) -> Any:
            logs = {"mine": np.float32(3.0), "loss": np.float32(4.0)}
            # Keras on JAX hands its state around
            return logs if len(arguments) == 1 else (logs, arguments[0])

        test_step = train_step

    model = Own()
    model.compile("sgd", "mse", run_eagerly=True)
    return model


@scenario("MO-12")
def plain_numbers_of_a_step(keras: Any, folder: Path) -> Any:
    kinds: Any = []

    def look(self: Any, batch: int, logs: Any = None) -> None:
        kinds.extend(type(value).__name__ for value in logs.values())

    looking = listener(keras, on_train_batch_end=look, on_test_batch_end=look)
    model_of_steps(keras).fit(X, Y, verbose=0, validation_data=(X, Y), callbacks=[looking])
    return {"types": kinds}


@scenario("MO-9")
def wrong_numbers(keras: Any, folder: Path) -> Any:
    def answer(**options: Any) -> str:
        try:
            logs_of(two_outputs(keras, **options))
        except Exception as error:
            unless_absent(error)
            return "refused"
        return "accepted"

    return {
        "three losses": answer(loss=["mse"] * 3),
        "one loss in a list": answer(loss=["mse"]),
        "three weights": answer(loss_weights=[1.0, 1.0, 1.0]),
        "one weight in a list": answer(loss_weights=[1.0]),
        "three lists of metrics": answer(metrics=[["mae"]] * 3),
        "one list of metrics": answer(metrics=[["mae"]]),
    }


@scenario("MO-10")
def resumed_runs_of_other_models(keras: Any, folder: Path) -> Any:
    def fail(self: Any, epoch: int, logs: Any = None) -> None:
        if epoch == 2:
            raise ZeroDivisionError

    class Own(keras.Model):  # type: ignore[misc]
        def train_step(self, *arguments: Any) -> Any:
            return super().train_step(*arguments)

    def resumed_as_whole(kind: Any, place: str) -> bool:
        def train(*callbacks: Any) -> Any:
            model = two_outputs(keras, kind, optimizer=keras.optimizers.SGD(0.01, momentum=0.9))
            logs_of(model, epochs=4, callbacks=list(callbacks))
            return [float(np.asarray(weight)[0, 0]) for weight in model.get_weights()]

        whole = train()
        with contextlib.suppress(ZeroDivisionError):
            train(backing_up(keras, place), listener(keras, on_epoch_begin=fail))
        return np.allclose(train(backing_up(keras, place)), whole, rtol=1e-6)

    return {
        "several outputs": resumed_as_whole(keras.Model, str(folder / "one")),
        "a train_step of its own": resumed_as_whole(Own, str(folder / "other")),
    }
