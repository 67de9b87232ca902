"""What is shown of a model, and under which names."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minifit import Sequential, layers, nest
from minifit.data import batches_of
from minifit.tensorboard import models, wire


def names_in(graph: bytes) -> list[tuple[str, str, list[str]]]:
    found = []
    for _, node in wire.fields(graph):
        assert isinstance(node, bytes)
        parts = [(n, v.decode()) for n, v in wire.fields(node) if isinstance(v, bytes)]
        inputs = [text for n, text in parts if n == 3]
        found.append((dict(parts)[1], dict(parts)[2], inputs))
    return found


@pytest.mark.rule("TB-7")
def test_layers_are_counted_within_their_model() -> None:
    for _ in range(2):
        layers.Dense(1)  # takes a name away
        made = [
            layers.Dense(2, input_shape=(3,)),
            layers.ReLU(),
            layers.Dense(2),
            layers.Dense(1, name="dense"),
        ]
        shown = models.shown_names(Sequential(made).layers)
        assert [shown[layer.name] for layer in made] == ["dense_1", "re_lu", "dense_2", "dense"]


@pytest.mark.rule("TB-10")
def test_the_graphs() -> None:
    model = Sequential([layers.Dense(2, input_shape=(3,)), layers.Flatten(), layers.Dense(1, name="last")])
    value = models.graph(model.layers, model.to_json())
    assert (value.tag, value.plugin, value.content) == ("keras", "graph_keras_model", b"1")
    assert isinstance(value.tensor, bytes)
    described = json.loads(value.tensor)["config"]["layers"]
    assert [layer["config"]["name"] for layer in described] == ["dense_input", "dense", "flatten", "last"]
    assert names_in(models.op_graph(model.layers)) == [
        ("input", "Placeholder", []),
        ("dense/kernel", "Variable", []),
        ("dense/bias", "Variable", []),
        ("dense/call", "Dense", ["input", "dense/kernel", "dense/bias"]),
        ("flatten/call", "Flatten", ["dense/call"]),
        ("last/kernel", "Variable", []),
        ("last/bias", "Variable", []),
        ("last/call", "Dense", ["flatten/call", "last/kernel", "last/bias"]),
    ]


@pytest.mark.rule("TB-4")
def test_weights() -> None:
    model = Sequential([layers.Dense(2, input_shape=(3,)), layers.BatchNormalization(name="norm")])
    tags = [(v.plugin, v.tag) for v in models.weights(model.layers, images=True)]
    assert tags[:4] == [
        ("histograms", "dense/kernel_0"),
        ("images", "dense/kernel_0/image"),
        ("histograms", "dense/bias_0"),
        ("images", "dense/bias_0/image"),
    ]
    assert [t for p, t in tags[4:] if p == "histograms"] == [
        "norm/gamma_0",
        "norm/beta_0",
        "norm/moving_mean_0",
        "norm/moving_variance_0",
    ]
    assert all(v.plugin == "histograms" for v in models.weights(model.layers, images=False))


class Pair(layers.Layer):
    """Two layers inside one."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = layers.Dense(2), layers.Dense(2, name="last")

    def call(self, inputs: Any) -> Any:
        return self.second(self.first(inputs))


@pytest.mark.rule("TB-7")
def test_layers_inside_a_layer_are_counted_within_it() -> None:
    for _ in range(2):
        model = Sequential([Pair(), Pair(), layers.Dense(1)])
        model.build((None, 3))
        tags = [v.tag for v in models.weights(model.layers, images=False)]
        assert tags == [
            f"{name}/{weight}_0"
            for name in ("pair/dense", "pair/last", "pair_1/dense", "pair_1/last", "dense")
            for weight in ("kernel", "bias")
        ]
        ops = [name for name, _, _ in names_in(models.op_graph(model.layers))]
        assert ops[1:6] == [
            "pair/dense/kernel",
            "pair/dense/bias",
            "pair/last/kernel",
            "pair/last/bias",
            "pair/call",
        ]


def test_outputs_of_layers_are_those_of_predict() -> None:
    model = Sequential([layers.Dense(4, "tanh", input_shape=(3,)), layers.Dropout(0.5), layers.Dense(2)])
    x = np.random.default_rng(0).standard_normal((5, 3))
    outputs = model.layer_outputs(x)
    assert list(outputs) == [layer.name for layer in model.layers]
    np.testing.assert_allclose(outputs[model.layers[-1].name], model.predict(x), rtol=1e-6)
    dense, dropped, _ = outputs.values()
    np.testing.assert_array_equal(dense, dropped)


@pytest.mark.rule("TB-12")
def test_embeddings(tmp_path: Path) -> None:
    model = Sequential(
        [layers.Embedding(5, 2, input_length=3, name="a/b"), layers.Flatten(), layers.Dense(1)]
    )
    for epoch in (0, 3):
        models.write_embeddings(model.layers, str(tmp_path), epoch, {"a/b": "words.tsv"})
    assert sorted(p.name for p in (tmp_path / "train").iterdir()) == [
        "keras_embedding-0-a_b.tsv",
        "keras_embedding-3-a_b.tsv",
    ]
    config = (tmp_path / "projector_config.pbtxt").read_text(encoding="utf-8")
    assert 'tensor_path: "train/keras_embedding-3-a_b.tsv"' in config
    assert 'metadata_path: "words.tsv"' in config
    models.write_embeddings(model.layers[1:], str(tmp_path / "none"), 0, None)
    assert not (tmp_path / "none").exists()


def test_the_first_rows_are_nested_as_they_were_given() -> None:
    x, z = np.zeros((models.ROWS + 1, 2)), np.ones(models.ROWS + 1)
    for given, shapes in (
        (x, (models.ROWS, 2)),
        ([x], (models.ROWS, 2)),
        ({"z": z, "x": x}, {"z": (models.ROWS,), "x": (models.ROWS, 2)}),
        (iter([([x[:3], z[:3]],)]), [(3, 2), (3,)]),
    ):
        found = models.first_rows(batches_of(given))
        assert nest.map_leaves(np.shape, found) == shapes
