"""Heads: what `compile` takes for several outputs, in normal form; names are those of tf.keras 2.7."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minifit import Input, Model, losses, metrics, models, nest, ops
from minifit.callbacks import (
    BackupAndRestore,
    Callback,
    CSVLogger,
    EarlyStopping,
    LambdaCallback,
    ModelCheckpoint,
)
from minifit.data import Batch
from minifit.errors import ArgumentError, ArgumentTypeError, DataError, UnknownNameError
from minifit.layers import Dense, Dropout
from minifit.parameters import Variable
from minifit.tensor import Tensor
from minifit.training.heads import by_output, metrics_by_output
from minifit.training.objective import Objective
from minifit.undo import Undo
from minifit.utils import set_random_seed
from tests.callbacks.recording import Recorder

NAMES = ["a", "b"]
SHAPES = [(4, 1), (4, 3)]


def resolved(
    *args: Any, targets: Any = SHAPES, names: Any = NAMES, shapes: Any = SHAPES, **kwargs: Any
) -> Objective:
    objective = Objective(*args, **kwargs)
    objective.resolve(names, targets, shapes)
    return objective


# -- in normal form ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("mse", ["mse", "mse"]),
        (None, [None, None]),
        (["mse", None], ["mse", None]),
        ({"b": "mae"}, [None, "mae"]),
        ({"b": "mae", "a": "mse"}, ["mse", "mae"]),
        (
            {"class_name": "MeanSquaredError", "config": {}},
            [{"class_name": "MeanSquaredError", "config": {}}] * 2,
        ),
    ],
)
def test_one_a_list_or_a_dict(given: Any, expected: Any) -> None:
    assert by_output("loss", given, NAMES) == expected


@pytest.mark.rule("MO-5")
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, [[], []]),
        ("mae", [["mae"], ["mae"]]),
        (["mae", "mse"], [["mae", "mse"], ["mae", "mse"]]),
        ([["mae"], ["mse"]], [["mae"], ["mse"]]),
        ([["mae", "mse"], None], [["mae", "mse"], []]),
        (["mae", ["mse"]], [["mae"], ["mse"]]),
        ([[], ["mse"]], [[], ["mse"]]),
        ({"b": "mae"}, [[], ["mae"]]),
        ({"b": ["mae", "mse"], "a": ["acc"]}, [["acc"], ["mae", "mse"]]),
    ],
)
def test_metrics_by_output(given: Any, expected: Any) -> None:
    assert metrics_by_output("metrics", given, NAMES) == expected


@pytest.mark.parametrize("what", ["loss", "metrics", "weighted_metrics", "loss_weights"])
def test_a_name_of_no_output_is_refused_with_the_nearest(what: str) -> None:
    arguments = {"loss": "mse", what: {"colour": 1.0 if what == "loss_weights" else "mse"}}
    with pytest.raises(UnknownNameError, match=rf"no output for {what} .*'colour'\. Did you mean 'colours'"):
        resolved(**arguments, names=["shape", "colours"])


@pytest.mark.rule("MO-9")
@pytest.mark.parametrize(
    "arguments",
    [
        {"loss": ["mse"]},
        {"loss": ["mse"] * 3},
        {"loss": "mse", "metrics": [["mae"]]},
        {"loss": "mse", "loss_weights": [1.0]},
    ],
)
def test_a_list_has_an_entry_for_each_output(arguments: Any) -> None:
    with pytest.raises(ArgumentError, match=r"a dict by their names: \['a', 'b'\]\. Received: [13] for 2\."):
        resolved(**arguments)


def test_what_cannot_be_used_is_refused_before_the_outputs_are_known() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'mse'"):
        Objective({"a": "msee"})
    with pytest.raises(UnknownNameError, match="Did you mean 'mae'"):
        Objective("mse", [["mae"], ["maee"]])
    with pytest.raises(ArgumentTypeError, match="loss_weights must be a number"):
        Objective("mse", loss_weights={"a": "1"})


# -- names ---------------------------------------------------------------------------------------------------


@pytest.mark.rule("MO-1")
@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ({"loss": "mse"}, ["loss", "a_loss", "b_loss"]),
        ({"loss": ["mse", None]}, ["loss", "a_loss"]),
        ({"loss": {"b": "mse"}, "metrics": "mae"}, ["loss", "b_loss", "a_mae", "b_mae"]),
        (
            {"loss": "mse", "metrics": ["mae"], "weighted_metrics": ["mae", "mse"]},
            [
                "loss",
                "a_loss",
                "b_loss",
                "a_mae",
                "a_weighted_mae",
                "a_mse",
                "b_mae",
                "b_weighted_mae",
                "b_mse",
            ],
        ),
        (
            {"loss": "mse", "metrics": {"b": metrics.MeanAbsoluteError(name="x")}},
            ["loss", "a_loss", "b_loss", "b_x"],
        ),
        (
            {"loss": "mse", "metrics": [metrics.MeanAbsoluteError()]},
            ["loss", "a_loss", "b_loss", "a_mean_absolute_error", "b_mean_absolute_error"],
        ),
        ({"loss": None, "metrics": ["mae"]}, ["loss", "a_mae", "b_mae"]),
    ],
)
def test_names_of_several_outputs(arguments: Any, names: list[str]) -> None:
    assert resolved(**arguments).names == names


@pytest.mark.rule("MO-1")
def test_a_single_output_has_no_prefix() -> None:
    one = resolved("mse", ["mae"], targets=[(4, 1)], shapes=[(4, 1)], names=["a"])
    assert one.names == ["loss", "mae"]
    assert (
        resolved({"a": "mse"}, {"a": "mae"}, targets=[(4, 1)], shapes=[(4, 1)], names=["a"]).names
        == one.names
    )


def test_two_keys_that_would_be_one_are_refused() -> None:
    with pytest.raises(ArgumentError, match="two called 'a_b_loss'"):
        resolved("mse", {"a": metrics.MeanAbsoluteError(name="b_loss")}, names=["a", "a_b"])


def test_metrics_of_layers_come_last() -> None:
    objective = resolved("mse", ["mae"])
    objective.bring_along([metrics.Mean("extra")])
    assert objective.names[-2:] == ["b_mae", "extra"]
    assert list(objective.logs()) == objective.names


def test_accuracy_goes_by_the_shapes_of_each_output() -> None:
    shapes = [(4, 1), (4, 3), (4, 3)]
    objective = resolved(
        "mse", ["acc"], names=["a", "b", "c"], shapes=shapes, targets=[(4, 1), (4, 1), (4, 3)]
    )
    functions = [metric.fn.__name__ for metric in objective.metrics]  # type: ignore[attr-defined]
    assert functions == ["binary_accuracy", "sparse_categorical_accuracy", "categorical_accuracy"]


def test_a_metric_that_is_given_once_is_another_for_every_output() -> None:
    given = metrics.MeanAbsoluteError(name="m")
    first, second = resolved("mse", [given]).metrics
    assert len({id(first), id(second), id(given)}) == 3
    assert resolved("mse", {"a": [given]}).metrics == [given], "given for one output, it is that output's"


# -- a batch -------------------------------------------------------------------------------------------------


def column(*values: float) -> Any:
    return np.array(values, np.float32)[:, None]


X, ONES, TWOS = (column(0, 0), column(1, 1), column(2, 2))


def updated(
    objective: Objective, targets: Any = (ONES, TWOS), weights: Any = (), extra: Any = ()
) -> Objective:
    shapes = [(2, 1), (2, 1)]
    objective.resolve(NAMES, [None if t is None else t.shape for t in targets], shapes)
    batch = Batch((X,), targets, weights)
    outputs = (Tensor(X), Tensor(X))
    loss = objective.loss_of(batch, outputs, extra)
    objective.update(batch, outputs, loss, Undo())
    return objective


@pytest.mark.rule("MO-2")
def test_the_loss_is_the_weighted_sum_and_each_output_has_its_own_without_the_weight() -> None:
    logs = updated(Objective("mse", ["mae"], loss_weights=[10.0, 0.5])).logs()
    assert logs == {"loss": 12.0, "a_loss": 1.0, "b_loss": 4.0, "a_mae": 1.0, "b_mae": 2.0}


@pytest.mark.rule("MO-2")
def test_what_layers_add_counts_in_the_total_alone() -> None:
    logs = updated(Objective("mse"), extra=[Tensor(3.0)]).logs()
    assert logs == {"loss": 8.0, "a_loss": 1.0, "b_loss": 4.0}


@pytest.mark.rule("MO-3")
def test_an_output_without_a_loss_or_without_targets_adds_nothing() -> None:
    assert updated(Objective({"b": "mse"})).logs() == {"loss": 4.0, "b_loss": 4.0}
    logs = updated(Objective("mse", ["mae"]), targets=(ONES, None)).logs()
    assert logs == {"loss": 1.0, "a_loss": 1.0, "b_loss": 0.0, "a_mae": 1.0, "b_mae": 0.0}


def test_one_column_of_targets_or_weights_is_for_every_output() -> None:
    weights = (np.array([1.0, 0.0], np.float32),)
    logs = updated(Objective("mse", weighted_metrics=["mae"]), targets=(TWOS,), weights=weights).logs()
    assert logs == {"loss": 4.0, "a_loss": 2.0, "b_loss": 2.0, "a_mae": 2.0, "b_mae": 2.0}


def test_targets_for_too_many_outputs_are_refused() -> None:
    with pytest.raises(DataError, match=r"The model has 2 outputs\. Received: targets for 3"):
        updated(Objective("mse"), targets=(ONES, ONES, ONES))


def test_a_loss_weight_that_is_a_variable_counts_from_the_next_batch_on_and_is_captured() -> None:
    weight = Variable(1.0)
    objective = updated(Objective("mse", loss_weights={"b": weight}))
    saved = objective.get_state()
    weight.assign(0.0)
    objective.reset()
    assert updated(objective).logs()["loss"] == 1.0
    objective.set_state(saved)
    assert float(weight) == 1.0
    assert objective.logs() == {"loss": 5.0, "a_loss": 1.0, "b_loss": 4.0}


def test_all_sums_are_captured() -> None:
    saved = updated(Objective("mse", ["mae"])).get_state()
    other = updated(Objective("mse", ["mae"]), targets=(TWOS, TWOS))
    other.set_state(saved)
    assert other.logs() == updated(Objective("mse", ["mae"])).logs()


def test_an_objective_apart_has_sums_of_its_own() -> None:
    objective = updated(Objective("mse", ["mae"]))
    apart = objective.apart()
    apart.reset()
    updated(apart, targets=(TWOS, TWOS))
    assert apart.logs() == {"loss": 8.0, "a_loss": 4.0, "b_loss": 4.0, "a_mae": 2.0, "b_mae": 2.0}
    assert objective.logs() == {"loss": 5.0, "a_loss": 1.0, "b_loss": 4.0, "a_mae": 1.0, "b_mae": 2.0}


def test_an_undone_batch_leaves_all_sums_as_they_were() -> None:
    objective, undo = updated(Objective("mse", ["mae"])), Undo()
    before = objective.logs()
    batch, outputs = Batch((X,), (TWOS, TWOS)), (Tensor(X), Tensor(X))
    objective.update(batch, outputs, objective.loss_of(batch, outputs, ()), undo)
    assert objective.logs() != before
    undo.undo()
    assert objective.logs() == before


# -- as data -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        {"loss": {"a": "mse", "b": "mae"}, "metrics": {"b": ["mse", "acc"]}, "loss_weights": {"a": 0.5}},
        {"loss": ["mse", None], "metrics": ["mae"], "weighted_metrics": [["mae"], []]},
        {"loss": losses.Huber(), "metrics": [[metrics.AUC()], ["mae"]], "loss_weights": [1.0, 2.0]},
    ],
)
def test_a_configuration_makes_an_equal_objective(arguments: Any) -> None:
    objective = resolved(**arguments)
    config = objective.get_config()
    again = resolved(
        losses.get(config["loss"]) if isinstance(arguments["loss"], losses.Loss) else config["loss"],
        metrics.resolve.deserialize(config["metrics"]),
        metrics.resolve.deserialize(config["weighted_metrics"]),
        config["loss_weights"],
    )
    assert again.names == objective.names
    assert [head.factor for head in again.heads] == [head.factor for head in objective.heads]
    assert again.get_config() == config


def test_the_metrics_of_a_configuration_are_listed_by_output() -> None:
    config = resolved({"a": "mse", "b": "mae"}, {"b": ["mae"]}, loss_weights={"b": 2}).get_config()
    assert config["loss"] == {"a": "mse", "b": "mae"}
    assert [[m["config"]["name"] for m in each] for each in config["metrics"]] == [[], ["b_mae"]]
    assert (config["weighted_metrics"], config["loss_weights"]) == (None, {"b": 2.0})


# -- what callbacks see --------------------------------------------------------------------------------------

DATA = np.sin(np.arange(30, dtype=np.float32)).reshape(10, 3)
TARGETS = {"a": DATA[:, :1] * 2, "b": np.arange(10) % 3}


class Noted(Dense):
    """Reports the mean of what it computes, and adds to the loss."""

    def call(self, inputs: Any) -> Any:
        y = super().call(inputs)
        self.add_metric(ops.mean(y), name="height")
        self.add_loss(0.5)
        return y


def two_outputs(form: str = "list", **compiled: Any) -> Any:
    set_random_seed(0)
    x = Input((3,))
    hidden = Dropout(0.2)(Noted(4, "tanh")(x))
    a, b = Dense(1, name="a")(hidden), Dense(3, "softmax", name="b")(hidden)
    model = Model(x, [a, b] if form == "list" else {"a": a, "b": b})
    model.compile("adam", **{"loss": {"a": "mse", "b": "sparse_categorical_crossentropy"}, **compiled})
    return model


FIT: dict[str, Any] = {"batch_size": 4, "epochs": 3, "verbose": 0, "validation_split": 0.3}
KEYS = ["loss", "a_loss", "b_loss", "a_mae", "b_acc", "height"]


@pytest.mark.rule("MO-1")
@pytest.mark.rule("MO-4")
@pytest.mark.rule("MO-7")
@pytest.mark.parametrize("form", ["list", "dict"])
def test_hooks_and_history_have_every_key_in_order(form: str) -> None:
    model = two_outputs(form, metrics={"b": "acc", "a": ["mae"]})
    recorder = Recorder()
    history = model.fit(DATA, TARGETS, callbacks=[recorder], **FIT).history
    validated = [f"val_{key}" for key in KEYS]
    assert list(history) == KEYS + validated
    logs = {hook: list(logs) for hook, *_, logs in recorder.events if logs}
    assert logs["train_batch_end"] == logs["test_batch_end"] == KEYS
    assert logs["epoch_end"] == KEYS + validated
    assert model.metrics_names == KEYS
    returned = model.evaluate(DATA, TARGETS, verbose=0)
    assert dict(zip(KEYS, returned, strict=True)) == model.evaluate(
        DATA, TARGETS, verbose=0, return_dict=True
    )
    assert [m.name for m in model.metrics] == KEYS


@pytest.mark.rule("MO-2")
def test_the_total_of_a_fit_is_the_weighted_sum_and_what_layers_add() -> None:
    logs = two_outputs(loss_weights={"a": 2.0}).evaluate(DATA, TARGETS, verbose=0, return_dict=True)
    assert logs["loss"] == pytest.approx(2 * logs["a_loss"] + logs["b_loss"] + 0.5)


@pytest.mark.rule("MO-4")
def test_callbacks_monitor_any_output_and_files_are_named_after_any(tmp_path: Path) -> None:
    model = two_outputs(metrics={"b": "acc"})
    pattern = tmp_path / "{epoch}-{val_b_acc:.2f}-{a_loss:.3f}.weights.h5"
    model.fit(
        DATA,
        TARGETS,
        callbacks=[
            EarlyStopping(monitor="val_b_acc", patience=0),
            ModelCheckpoint(pattern, monitor="val_a_loss", save_weights_only=True),
            CSVLogger(tmp_path / "log.csv"),
        ],
        **FIT,
    )
    rows = [dict(zip(*rows, strict=True)) for rows in csv_rows(tmp_path / "log.csv")]
    assert sorted(rows[0]) == sorted(["epoch", *(p + k for p in ("", "val_") for k in KEYS if k != "a_mae")])
    files = [f"{i}-{float(r['val_b_acc']):.2f}-{float(r['a_loss']):.3f}" for i, r in enumerate(rows, 1)]
    assert sorted(f.name.removesuffix(".weights.h5") for f in tmp_path.glob("*.h5")) == files


def csv_rows(path: Path) -> list[tuple[list[str], list[str]]]:
    header, *lines = (line.split(",") for line in path.read_text().splitlines())
    return [(header, line) for line in lines]


@pytest.mark.rule("MO-6")
@pytest.mark.parametrize("form", ["list", "dict"])
def test_predictions_are_nested_as_the_model_returns_them(form: str) -> None:
    model, seen = two_outputs(form), []
    watch = LambdaCallback(on_predict_batch_end=lambda batch, logs: seen.append(logs["outputs"]))
    found = model.predict(DATA, batch_size=4, callbacks=[watch])
    assert [type(outputs) for outputs in (found, *seen)] == [list if form == "list" else dict] * 4
    parts = [nest.flatten(outputs) for outputs in seen]
    for i, column in enumerate(nest.flatten(found)):
        np.testing.assert_array_equal(np.concatenate([part[i] for part in parts]), column)
    assert [part[1].shape for part in parts] == [(4, 3), (4, 3), (2, 3)]


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
@pytest.mark.parametrize("after", [0, 2, 4])
def test_a_run_with_two_outputs_resumes_exactly(after: int, tmp_path: Path) -> None:
    def run(*callbacks: Callback) -> Any:
        model = two_outputs(metrics=["acc"], weighted_metrics={"a": "mae"})
        history = model.fit(DATA, TARGETS, callbacks=list(callbacks), **FIT).history
        return {k: v[-1] for k, v in history.items()}, [w.tobytes() for w in model.get_weights()]

    whole = run()
    with pytest.raises(KeyboardInterrupt):
        run(BackupAndRestore(tmp_path / "b", save_freq=1), Dies(after))
    assert run(BackupAndRestore(tmp_path / "b", save_freq=1)) == whole


def test_a_model_that_returns_a_dict_is_compiled_and_fed_by_its_keys(tmp_path: Path) -> None:
    x = Input((2,))
    model = Model(x, {"a": Dense(1, name="b")(x), "b": Dense(1, name="a")(x), "c": Dense(1, name="first")(x)})
    kinds, weights = {"a": "mse", "b": "mae"}, {"a": 3.0, "b": 5.0}
    model.compile("sgd", kinds, metrics={"a": "mae", "b": "mse"}, loss_weights=weights)
    data = np.ones((4, 2)), {"a": np.zeros((4, 1)), "b": np.ones((4, 1)), "c": np.ones((4, 1))}
    found = model.evaluate(*data, verbose=0, return_dict=True)
    assert list(found) == ["loss", "b_loss", "a_loss", "b_mae", "a_mse"]
    predicted = {key: float(value[0, 0]) for key, value in model.predict(data[0], verbose=0).items()}
    np.testing.assert_allclose(found["b_loss"], predicted["a"] ** 2, rtol=1e-5)
    np.testing.assert_allclose(found["a_loss"], abs(predicted["b"] - 1), rtol=1e-5)
    np.testing.assert_allclose(found["loss"], 3 * found["b_loss"] + 5 * found["a_loss"], rtol=1e-5)
    model.save(tmp_path / "kept.h5")
    assert models.load_model(tmp_path / "kept.h5").evaluate(*data, verbose=0, return_dict=True) == found
    with pytest.raises(UnknownNameError, match=r"Received: 'first'\. Known: 'a', 'b', 'c'"):
        model.fit(data[0], {**data[1], "first": data[1]["c"]}, verbose=0)
