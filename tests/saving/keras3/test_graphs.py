"""Graphs in Keras 3's form and in that of tf.keras 2.7: those that the two have written say the same."""

import copy
import io
import json
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import h5py
import pytest

from minifit.errors import ArgumentError, FileFormatError, MinifitError, UnknownNameError
from minifit.layers import Layer
from minifit.saving.keras3.from_keras3 import model_from_keras3, training_from_keras3
from minifit.saving.keras3.graphs import argument_names
from minifit.saving.keras3.to_keras3 import to_keras3

FILES = Path(__file__).parents[1] / "files"
BOTH = ("two", "listed", "dicts", "merging", "arithmetic", "graph-in-chain", "models-in-graph", "three-deep")


@cache
def in_tf27(name: str) -> Any:
    with (
        zipfile.ZipFile(FILES / "tf27.zip") as archive,
        h5py.File(io.BytesIO(archive.read(f"{name}.h5"))) as f,
    ):
        return json.loads(f.attrs["model_config"])


@cache
def in_keras3(name: str) -> Any:
    with zipfile.ZipFile(FILES / "keras3.zip") as archive:
        inner = zipfile.ZipFile(io.BytesIO(archive.read(f"{name}.keras")))
    return json.loads(inner.read("config.json"))


def in_order(model: Any) -> Any:
    """A model with its operations named by their places, and without what only says how they came about."""
    text = json.dumps(model)
    for i, entry in enumerate(model["config"]["layers"]):
        if entry["class_name"].endswith("OpLambda") or ".ops." in (entry.get("module") or ""):
            text = text.replace(f'"{entry["name"]}"', f'"operation {i}"')
    return plain(json.loads(text))


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        left_out = ("shape", "mask", "dtype", "name", "trainable", "seed", "shared_object_id")
        return {
            k: plain(v) for k, v in value.items() if k not in left_out and v is not None and v is not False
        }
    if isinstance(value, float):
        return round(value, 6)
    return [plain(v) for v in value] if isinstance(value, list) else value


def calls(model: Any) -> Any:
    """The calls of a model, of the models in it too, and its ends."""
    config = model["config"]
    return [
        [
            (e["class_name"], e.get("inbound_nodes"), calls(e) if "layers" in e["config"] else None)
            for e in config["layers"]
        ],
        config.get("input_layers"),
        config.get("output_layers"),
    ]


@pytest.mark.parametrize("name", BOTH)
def test_a_graph_of_keras_3_reads_like_that_of_tf_keras(name: str) -> None:
    read, theirs = calls(in_order(model_from_keras3(in_keras3(name)))), calls(in_order(in_tf27(name)))
    if name == "arithmetic":  # written with other functions here and there
        read, theirs = ([c[0] for c in each[0] if "Op" not in c[0]] for each in (read, theirs))
    assert read == theirs


@pytest.mark.parametrize("name", BOTH)
def test_a_graph_of_tf_keras_is_written_as_keras_3_writes_it(name: str) -> None:
    written, theirs = calls(in_order(to_keras3(in_tf27(name)))), calls(in_order(in_keras3(name)))
    if name == "arithmetic":
        written, theirs = (
            {json.dumps(c) for c in each[0] if c[0] in ("Dense", "Clip", "Where", "Negative")}
            for each in (written, theirs)
        )
        written, theirs = len(written), len(theirs)
    assert written == theirs


@pytest.mark.parametrize("name", BOTH)
def test_a_graph_comes_back(name: str) -> None:
    ours = model_from_keras3(in_keras3(name))
    assert model_from_keras3(to_keras3(ours)) == ours


def test_shapes_of_tensors_are_written() -> None:
    shapes = {("a", 0, 0): (None, 3), ("b", 0, 0): (None, 2), ("inner", "x", 0, 0): (None, 9)}
    written = to_keras3(in_tf27("two"), shapes=shapes)
    tensors = [e["inbound_nodes"][0]["args"][0] for e in written["config"]["layers"] if e["name"] == "shared"]
    assert tensors[0]["config"] == {"shape": [None, 3], "dtype": "float32", "keras_history": ["a", 0, 0]}


def test_what_several_outputs_were_compiled_with() -> None:
    training = training_from_keras3(in_keras3("two"))
    assert training is not None
    assert training["loss"] == {"one": "mse", "two": "mae"}
    assert training["loss_weights"] == {"one": 0.5, "two": 2.0}
    assert training["metrics"]["one"][0] == "mae"
    listed = training_from_keras3(in_keras3("listed"))
    assert listed is not None
    assert listed["loss"][1:] == [None, "binary_crossentropy"]
    assert listed["metrics"] == [["mae"], None, ["mse"]]
    again = to_keras3(model_from_keras3(in_keras3("listed")), listed)["compile_config"]
    assert again["metrics"] == [["mae"], None, ["mse"]]


def test_names_of_arguments() -> None:
    class Own(Layer):
        def call(self, inputs: Any, other: Any = None, *, factor: float = 1.0) -> Any:
            return inputs

    assert argument_names("Own", {"Own": Own}) == ["inputs", "other"]
    assert argument_names("Dense", {}) == ["inputs"]
    assert argument_names("Sequential", {})[:2] == ["inputs", "training"]


def operation(module: str, class_name: str, args: list[Any], **config: Any) -> Any:
    """A graph of one operation."""
    first: Any = {
        "module": "keras.layers", "class_name": "InputLayer", "config": {"batch_shape": [None, 2], "name": "in"},
        "registered_name": None, "name": "in", "inbound_nodes": [],
    }  # fmt: skip
    made = {
        "module": f"keras.src.ops.{module}", "class_name": class_name, "config": {"name": "op", **config},
        "registered_name": class_name, "name": "op", "inbound_nodes": [{"args": args, "kwargs": {}}],
    }  # fmt: skip
    graph = {
        "name": "g",
        "layers": [first, made],
        "input_layers": ["in", 0, 0],
        "output_layers": ["op", 0, 0],
    }
    return {"module": "keras.src.models.functional", "class_name": "Functional", "config": graph}


X = {
    "class_name": "__keras_tensor__",
    "config": {"shape": [None, 2], "dtype": "float32", "keras_history": ["in", 0, 0]},
}
ELLIPSIS = {"class_name": "__ellipsis__", "config": {}}
FIRST = [{"class_name": "__ellipsis__"}, 0]


@pytest.mark.parametrize(
    ("stored", "call"),
    [
        (operation("numpy", "Add", [X, 2.0]), ["in", 0, 0, {"y": 2.0}]),
        (operation("numpy", "Subtract", [2.0, X]), ["_CONSTANT_VALUE", -1, 2.0, {"y": ["in", 0, 0]}]),
        (operation("numpy", "Sum", [X], axis=1, keepdims=True), ["in", 0, 0, {"axis": 1, "keepdims": True}]),
        (operation("numpy", "Max", [X], axis=1, initial=None), ["in", 0, 0, {"axis": 1}]),
        (operation("numpy", "GetItem", [X, [ELLIPSIS, 0]]), ["in", 0, 0, {"slice_spec": FIRST}]),
        (operation("nn", "Softmax", [X], axis=-1), ["in", 0, 0, {}]),
        (operation("numpy", "Concatenate", [[X, X]], axis=1), [["in", 0, 0, {"axis": 1}]] * 2),
    ],
)  # fmt: skip
def test_operations(stored: Any, call: Any) -> None:
    read = model_from_keras3(stored)
    entry = read["config"]["layers"][1]
    assert entry["class_name"] == ("SlicingOpLambda" if "slice" in str(call) else "TFOpLambda")
    assert entry["inbound_nodes"] == [call]
    assert model_from_keras3(to_keras3(read)) == read


@pytest.mark.parametrize(
    ("stored", "words"),
    [
        (operation("numpy", "Fliplr", [X]), "the operation 'numpy.Fliplr'"),
        (operation("numpy", "Max", [X], initial=3.0), "Max with initial=3.0"),
        (operation("nn", "Softmax", [X], axis=1), "Softmax with axis=1"),
        (operation("numpy", "Add", []), "a call of Add"),
        (operation("numpy", "Add", [X, 1, 2]), "a call of Add"),
        (operation("numpy", "GetItem", [X, {"class_name": "x"}]), "an index of numbers"),
        (operation("numpy", "Exp", [{**X, "config": {"keras_history": ["in", "0", 0]}}]), "a tensor with the call"),
        (operation("numpy", "Exp", [{**X, "config": 3}]), "a tensor with the call"),
    ],
)  # fmt: skip
def test_operations_that_are_not_known_are_named(stored: Any, words: str) -> None:
    with pytest.raises(FileFormatError, match=words):
        model_from_keras3(stored)


def test_an_operation_that_keras_3_lacks_is_refused_when_written() -> None:
    graph = copy.deepcopy(model_from_keras3(operation("numpy", "Exp", [X])))
    graph["config"]["layers"][1]["config"]["function"] = "keras.metrics.mean_squared_error"
    with pytest.raises(ArgumentError, match=r"keras.metrics.mean_squared_error as a part of a graph"):
        to_keras3(graph)
    graph["config"]["layers"][1]["config"]["function"] = "os.system"
    with pytest.raises(UnknownNameError, match="no operation of that name"):
        to_keras3(graph)


def places(value: Any) -> Any:
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from places(value[key])


@pytest.mark.parametrize("odd", [None, 3, "x", [], {}, [["x", 0, 0]]], ids=str)
def test_nonsense_anywhere_is_an_error_of_minifit_or_none(odd: Any) -> None:
    whole = in_keras3("models-in-graph")
    for i in range(0, len(list(places(whole["config"]))), 7):
        broken = copy.deepcopy(whole)
        holder, key = list(places(broken["config"]))[i]
        holder[key] = odd
        try:
            model_from_keras3(broken)
        except MinifitError:
            continue
