"""Metrics of several outputs in the form of tf.keras 2.7."""

from typing import Any

import pytest

from minifit.saving.legacy_compile import output_names, prefixed, unprefixed


def graph(outputs: Any) -> Any:
    return {
        "class_name": "Functional",
        "config": {"layers": [], "input_layers": [], "output_layers": outputs},
    }


def metric(name: str) -> Any:
    return {"class_name": "MeanSquaredError", "config": {"name": name}}


@pytest.mark.parametrize(
    ("config", "names"),
    [
        (graph([["one", 0, 0], ["two", 0, 0]]), ["one", "two"]),
        (graph([["one", 0, 0], ["one", 1, 0], ["one", 0, 1]]), ["one", "one_1", "one_2"]),
        (graph({"q": ["second", 0, 0], "p": ["first", 0, 0]}), ["first", "second"]),
        (graph([["x", 0, 0], [["y", 0, 0], {"a": ["z", 0, 0]}]]), ["x", "y", "z"]),
        ({"class_name": "Sequential", "config": {"layers": []}}, []),
        (graph("nonsense"), []),
        (None, []),
    ],
)
def test_names_of_outputs(config: Any, names: list[str]) -> None:
    assert output_names(config) == names


def test_names_of_metrics_begin_with_the_outputs() -> None:
    ours = {"loss": "mse", "metrics": [[metric("mae"), metric("x")], []], "weighted_metrics": None}
    theirs = prefixed(ours, ["one", "two"])
    assert theirs["metrics"] == [[metric("one_mae"), metric("one_x")], []]
    assert prefixed(theirs, ["one", "two"]) == theirs
    assert unprefixed(theirs, ["one", "two"]) == ours
    assert ours["metrics"][0][0] == metric("mae")  # type: ignore[index]


def test_a_single_output_has_no_prefix() -> None:
    ours = {"metrics": [metric("mae")]}
    assert prefixed(ours, ["one"]) == unprefixed(ours, ["one"]) == ours


def test_an_output_without_metrics_is_a_list_of_none_in_tf_keras() -> None:
    theirs = {"metrics": [[metric("one_mae")], [None]], "weighted_metrics": [[None], None]}
    assert unprefixed(theirs, ["one", "two"]) == {
        "metrics": [[metric("mae")], []],
        "weighted_metrics": [[], None],
    }


@pytest.mark.parametrize("metrics", [3, {}, [1], [[3], ["mae"]], [{"config": 3}, {"config": {"name": 3}}]])
def test_nonsense_stays_for_compile_to_refuse(metrics: Any) -> None:
    assert unprefixed({"metrics": metrics}, ["one", "two"]) == {"metrics": metrics}
