"""The parts of a configuration of a graph."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import h5py
import pytest

from minifit.saving.graph_config import calls_before, is_graph, is_reference, outputs_of, references, replaced


def in_tf27(name: str) -> Any:
    archive = zipfile.ZipFile(Path(__file__).parent / "files" / "tf27.zip")
    with archive, h5py.File(io.BytesIO(archive.read(f"{name}.h5"))) as file:
        return json.loads(file.attrs["model_config"])


def test_a_model_in_a_graph_has_been_called_before() -> None:
    kinds = {e["name"]: calls_before(e) for e in in_tf27("models-in-graph")["config"]["layers"]}
    assert {name for name, before in kinds.items() if before} == {"chain", "graph"}
    assert calls_before({"config": {"layers": [{"class_name": "Dense"}]}}) == 0
    assert calls_before({}) == 0


def test_the_number_of_outputs() -> None:
    assert [outputs_of(in_tf27(name)) for name in ("two", "dicts", "three-deep", "graph-in-chain")] == [
        2,
        2,
        1,
        1,
    ]
    assert outputs_of({"class_name": "Net", "config": {}}) is outputs_of(None) is None
    assert not is_graph(None)


@pytest.mark.parametrize("value", [["a", 0, 0], ("a", 1, 2, {"x": 3}), ["_CONSTANT_VALUE", -1, 2.5, {}]])
def test_references(value: Any) -> None:
    assert is_reference(value)


@pytest.mark.parametrize(
    "value", [["a", 0], ["a", 0, 0.5], ["a", True, 0], [1, 0, 0], ["a", 0, 0, 3], "abc", {"a": 0}, None, []]
)
def test_what_is_none(value: Any) -> None:
    assert not is_reference(value)


def test_nested_references() -> None:
    value = {"b": [["x", 0, 0], 3], "a": ["y", 1, 0, {}]}
    assert [r[0] for r in references(value)] == ["y", "x"]
    assert replaced(value, lambda r: r[0], str) == {"b": ["x", "3"], "a": "y"}
