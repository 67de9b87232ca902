"""The graph page: the layers as TensorBoard reads them from Keras's description, and as operations."""

import json
import warnings
from typing import Any

import pytest

from minifit import Input, Model, Sequential
from minifit.layers import Add, Concatenate, Dense, Flatten, Layer
from minifit.tensorboard import graphs, wire


def operations(model: Any) -> list[tuple[str, str, list[str]]]:
    """The name, the kind and the inputs of each operation."""
    found = []
    for _, node in wire.fields(graphs.op_graph(model)):
        assert isinstance(node, bytes)
        parts = [(n, v.decode()) for n, v in wire.fields(node) if isinstance(v, bytes)]
        inputs = [text for n, text in parts if n == 3]
        found.append((dict(parts)[1], dict(parts)[2], inputs))
    return found


def page(model: Any) -> list[tuple[str, list[str]]]:
    """What TensorBoard makes of the description: names and inputs."""
    value = graphs.keras_graph(model)
    assert value is not None and (value.tag, value.plugin, value.content) == (
        "keras",
        "graph_keras_model",
        b"1",
    )
    assert isinstance(value.tensor, bytes)
    with warnings.catch_warnings():  # of TensorBoard's own
        warnings.simplefilter("ignore")
        from tensorboard.plugins.graph.keras_util import keras_model_to_graph_def
    return [(node.name, list(node.input)) for node in keras_model_to_graph_def(json.loads(value.tensor)).node]


@pytest.mark.rule("TB-10")
def test_a_chain() -> None:
    Dense(1)  # takes a name away
    model = Sequential([Dense(2, input_shape=(3,)), Flatten(), Dense(1, name="last")], name="m")
    assert page(model) == [
        ("m/dense_input", []),
        ("m/dense", ["m/dense_input"]),
        ("m/flatten", ["m/dense"]),
        ("m/last", ["m/flatten"]),
    ]
    assert operations(model) == [
        ("dense_input", "Placeholder", []),
        ("dense/kernel", "Variable", []),
        ("dense/bias", "Variable", []),
        ("dense/call", "Dense", ["dense_input", "dense/kernel", "dense/bias"]),
        ("flatten/call", "Flatten", ["dense/call"]),
        ("last/kernel", "Variable", []),
        ("last/bias", "Variable", []),
        ("last/call", "Dense", ["flatten/call", "last/kernel", "last/bias"]),
    ]


def connected(model: Any) -> dict[str, list[str]]:
    """The inputs of each operation but the weights."""
    return {
        name: [i for i in inputs if not i.endswith(("kernel", "bias"))]
        for name, op, inputs in operations(model)
        if op not in ("Variable", "Placeholder")
    }


@pytest.mark.rule("TB-10")
def test_several_inputs_and_outputs_and_a_layer_called_twice() -> None:
    for _ in range(2):
        x, z = Input((4,)), Input((4,), name="z")
        shared = Dense(3)
        h, g = shared(x), shared(z)
        model = Model([x, z], [Concatenate()([h, g]), Add(name="sum")([g, h, h])], name="m")
        assert page(model) == [
            ("m/input_1", []),
            ("m/z", []),
            ("m/dense", ["m/input_1", "m/z"]),
            ("m/concatenate", ["m/dense", "m/dense"]),
            ("m/sum", ["m/dense", "m/dense", "m/dense"]),
        ]
        assert connected(model) == {
            "dense/call": ["input_1"],
            "dense/call_1": ["z"],
            "concatenate/call": ["dense/call", "dense/call_1"],
            "sum/call": ["dense/call_1", "dense/call", "dense/call"],
        }
        assert [name for name, op, _ in operations(model) if op == "Variable"] == [
            "dense/kernel",
            "dense/bias",
        ]


@pytest.mark.rule("TB-10")
def test_models_in_models() -> None:
    for _ in range(2):
        a, b = Input((4,), name="a"), Input((4,), name="b")
        inner = Model([a, b], [Add()([a, b]), Dense(2)(b)], name="inner")
        chain = Sequential([Dense(3, input_shape=(4,)), Dense(4)])
        x, z = Input((4,), name="x"), Input((4,), name="z")
        added, two = inner([chain(x), z])
        model = Model([x, z], [Dense(1)(two), Dense(1)(added)], name="m")
        assert dict(page(model)) == {
            "m/x": [],
            "m/z": [],
            "m/sequential/dense_input": ["m/x"],
            "m/sequential/dense": ["m/sequential/dense_input"],
            "m/sequential/dense_1": ["m/sequential/dense"],
            "m/inner/a": ["m/sequential/dense_1"],
            "m/inner/b": ["m/z"],
            "m/inner/add": ["m/inner/a", "m/inner/b"],
            "m/inner/dense": ["m/inner/b"],
            "m/dense": ["m/inner/dense"],
            "m/dense_1": ["m/inner/add"],
        }
        assert connected(model) == {
            "sequential/dense/call": ["x"],
            "sequential/dense_1/call": ["sequential/dense/call"],
            "inner/add/call": ["sequential/dense_1/call", "z"],
            "inner/dense/call": ["z"],
            "dense/call": ["inner/dense/call"],
            "dense_1/call": ["inner/add/call"],
        }


class Halves(Layer):
    """A layer of two results."""

    def call(self, inputs: Any) -> Any:
        return inputs[:, :2], inputs[:, 2:]


def test_a_layer_of_several_results() -> None:
    x = Input((4,), name="x")
    first, second = Halves(name="halves")(x)
    model = Model(x, Add(name="sum")([second, first]), name="m")
    assert connected(model)["sum/call"] == ["halves/call:1", "halves/call"]
    assert dict(page(model))["m/sum"] == ["m/halves", "m/halves"]


class Own(Model):
    """A model that is no graph."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = Dense(2), Dense(2)

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        return self.second(self.first(inputs))


def test_a_model_that_is_no_graph_has_layers_alone() -> None:
    model = Own()
    model.build((None, 3))
    assert graphs.keras_graph(model) is None
    assert connected(model) == {"dense/call": [], "dense_1/call": []}
    x = Input((3,), name="x")
    outer = Model(x, Own()(x), name="m")
    assert page(outer) == [("m/x", []), ("m/own", ["m/x"])]
    assert connected(outer) == {"own/call": ["x"]}
