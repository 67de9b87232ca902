"""Models with several outputs, and with a training step of their own."""

import contextlib
from pathlib import Path
from typing import Any

import numpy as np

from minifit.semantics.playing import scenario
from minifit.semantics.stage import X, Y, backing_up, listener, model_of, unless_absent


def two_outputs(keras: Any, **options: Any) -> Any:
    """Return the model of two outputs ``a = x`` and ``b = 2 x``, which SGD with a rate of 0 leaves as they are."""
    x = keras.Input((1,))
    heads = [keras.layers.Dense(1, use_bias=False, name=name)(x) for name in ("a", "b")]
    model = keras.Model(x, heads)
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
        "one": list(single.history.history),
    }


@scenario("MO-2")
def total_loss(keras: Any, folder: Path) -> Any:
    return dict(sorted(logs_of(two_outputs(keras, loss_weights=[1.0, 0.5])).items()))


@scenario("MO-3")
def output_without_a_loss(keras: Any, folder: Path) -> Any:
    model = two_outputs(keras, loss=["mse", None], metrics=[["mae"], ["mae"]])
    return dict(sorted(logs_of(model).items()))


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
        outputs = logs.get("outputs", sorted(logs))
        seen.append("one" if hasattr(outputs, "shape") else [type(outputs).__name__, len(outputs)])

    watching = listener(keras, on_predict_batch_end=look)
    model_of(keras).predict(X, callbacks=[watching], verbose=0)
    two_outputs(keras).predict(X, callbacks=[watching], verbose=0)
    x = keras.Input((1,))
    by_name = keras.Model(x, {"a": keras.layers.Dense(1)(x)})
    by_name.predict(X, callbacks=[watching], verbose=0)
    return seen


@scenario("MO-7")
def metrics_of_layers(keras: Any, folder: Path) -> Any:
    class Reporting(keras.layers.Layer):  # type: ignore[misc]
        def call(self, x: Any) -> Any:
            self.add_metric(7.0 + 0.0 * x, name="reported", aggregation="mean")
            return x

    model = keras.Sequential([keras.Input((1,)), Reporting(), keras.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    model.fit(X, Y, verbose=0)
    return list(model.history.history)


@scenario("MO-8")
def dict_of_a_train_step(keras: Any, folder: Path) -> Any:
    seen: Any = {}

    class Own(keras.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.dense = keras.layers.Dense(1)

        def call(self, x: Any) -> Any:
            return self.dense(x)

        def train_step(self, *arguments: Any) -> Any:
            logs = {"mine": np.float32(3.0), "loss": np.float32(4.0)}
            return (
                logs if len(arguments) == 1 else (logs, arguments[0])
            )  # Keras on JAX hands its state around

    def look(self: Any, batch: int, logs: Any = None) -> None:
        seen.update({key: [float(value), type(value).__name__] for key, value in logs.items()})

    model = Own()
    model.compile("sgd", "mse", run_eagerly=True)
    history = model.fit(X, Y, verbose=0, callbacks=[listener(keras, on_train_batch_end=look)]).history
    return {"hook": seen, "History": {key: float(values[0]) for key, values in history.items()}}


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
        "three lists of metrics": answer(metrics=[["mae"]] * 3),
    }


@scenario("MO-10")
def resumed_run_of_two_outputs(keras: Any, folder: Path) -> Any:
    def fail(self: Any, epoch: int, logs: Any = None) -> None:
        if epoch == 2:
            raise ZeroDivisionError

    def train(*callbacks: Any) -> Any:
        model = two_outputs(keras, optimizer=keras.optimizers.SGD(0.01, momentum=0.9))
        logs_of(model, epochs=4, callbacks=list(callbacks))
        return [float(np.asarray(weight)[0, 0]) for weight in model.get_weights()]

    whole = train()
    place = str(folder / "backup")
    with contextlib.suppress(ZeroDivisionError):
        train(backing_up(keras, place), listener(keras, on_epoch_begin=fail))
    return {"resumed as whole": np.allclose(train(backing_up(keras, place)), whole, rtol=1e-6)}
