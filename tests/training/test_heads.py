"""Heads: what `compile` takes for several outputs, in normal form; names are those of tf.keras 2.7."""

from typing import Any

import numpy as np
import pytest

from minifit import losses, metrics
from minifit.data import Batch
from minifit.errors import ArgumentError, ArgumentTypeError, DataError, UnknownNameError
from minifit.parameters import Variable
from minifit.tensor import Tensor
from minifit.training.heads import by_output, metrics_by_output
from minifit.training.objective import Objective
from minifit.undo import Undo

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


def test_the_loss_is_the_weighted_sum_and_each_output_has_its_own_without_the_weight() -> None:
    logs = updated(Objective("mse", ["mae"], loss_weights=[10.0, 0.5])).logs()
    assert logs == {"loss": 12.0, "a_loss": 1.0, "b_loss": 4.0, "a_mae": 1.0, "b_mae": 2.0}


def test_what_layers_add_counts_in_the_total_alone() -> None:
    logs = updated(Objective("mse"), extra=[Tensor(3.0)]).logs()
    assert logs == {"loss": 8.0, "a_loss": 1.0, "b_loss": 4.0}


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
