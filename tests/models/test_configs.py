"""Graphs as plain data."""

import copy
import json
from typing import Any

import pytest

from minifit import ops
from minifit.errors import ArgumentError
from minifit.layers import Dense, Input
from minifit.models import Model, Sequential
from minifit.models.configs import described


def graph() -> Any:
    a, b = Input((3,), name="a"), Input((2,), name="b")
    shared = Dense(2, name="shared")
    inner = Sequential([Dense(2, input_shape=(2,), name="i")], name="inner")
    y = ops.concatenate([shared(a), inner(b) * 2.0])
    return Model([a, b], [Dense(1, name="y")(y), shared(a)], name="graph")


def entry(config: dict[str, Any], name: str) -> Any:
    return next(layer for layer in config["layers"] if layer["name"] == name)


def test_the_form_is_that_of_keras() -> None:
    config = json.loads(json.dumps(graph().get_config()))
    assert list(config) == ["name", "layers", "input_layers", "output_layers"]
    assert config["input_layers"] == [["a", 0, 0], ["b", 0, 0]]
    assert config["output_layers"] == [["y", 0, 0], ["shared", 1, 0]]
    assert entry(config, "shared")["inbound_nodes"] == [[["a", 0, 0, {}]], [["a", 0, 0, {}]]]
    operations = {e["config"]["function"]: e for e in config["layers"] if e["class_name"] == "TFOpLambda"}
    assert operations["math.multiply"]["inbound_nodes"] == [["inner", 1, 0, {"y": 2.0}]]
    both = operations["concat"]["inbound_nodes"][0]
    assert [row[0] for row in both] == ["shared", operations["math.multiply"]["name"]]


def test_the_order_of_the_layers_does_not_matter() -> None:
    config = json.loads(json.dumps(graph().get_config()))
    config["layers"].reverse()
    again = Model.from_config(config)
    names = {layer["name"] for layer in config["layers"]}
    assert {layer.name for layer in again.layers} == names


def _cycle(config: Any) -> None:
    entry(config, "shared")["inbound_nodes"][0] = [["y", 0, 0, {}]]


def _missing_layer(config: Any) -> None:
    entry(config, "y")["inbound_nodes"] = [[["nothing", 0, 0, {}]]]


def _missing_call(config: Any) -> None:
    config["output_layers"][0] = ["y", 3, 0]


def _missing_result(config: Any) -> None:
    config["output_layers"][0] = ["y", 0, 5]


def _no_inputs(config: Any) -> None:
    entry(config, "y")["inbound_nodes"] = [[]]


def _twice(config: Any) -> None:
    config["layers"].append(entry(config, "y"))


def _no_ends(config: Any) -> None:
    config["output_layers"] = []


@pytest.mark.parametrize(
    "damage", [_cycle, _missing_layer, _missing_call, _missing_result, _no_inputs, _twice, _no_ends]
)
def test_damaged_descriptions_are_refused(damage: Any) -> None:
    config = copy.deepcopy(json.loads(json.dumps(graph().get_config())))
    damage(config)
    with pytest.raises(ArgumentError, match="Pass the result of get_config"):
        Model.from_config(config)


def test_names_do_not_count_in_what_a_captured_state_is_of() -> None:
    one, other = graph(), graph()
    assert described(one) == described(other)
    x = Input((3,))
    assert described(Model(x, Dense(1)(x))) != described(Model(x, Dense(2)(x)))
