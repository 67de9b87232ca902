"""What is shown of a model, and under which names."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minifit import Input, Model, Sequential, layers, nest
from minifit.data import batches_of
from minifit.tensorboard import models


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


def test_outputs_of_layers_are_those_of_predict() -> None:
    model = Sequential([layers.Dense(4, "tanh", input_shape=(3,)), layers.Dropout(0.5), layers.Dense(2)])
    x = np.random.default_rng(0).standard_normal((5, 3))
    outputs = model.layer_outputs(x)
    assert list(outputs) == [layer.name for layer in model.layers]
    np.testing.assert_allclose(outputs[model.layers[-1].name], model.predict(x), rtol=1e-6)
    dense, dropped, _ = outputs.values()
    np.testing.assert_array_equal(dense, dropped)


def test_outputs_of_a_graph() -> None:
    x, z = Input((3,), name="x"), Input((3,), name="z")
    shared = layers.Dense(2, name="d")
    first, second = shared(x), shared(z)
    inner = Sequential([layers.ReLU(input_shape=(2,), name="r")], name="inner")
    model = Model([x, z], [layers.Add(name="sum")([inner(first), second])])
    outputs = model.layer_outputs([np.ones((5, 3)), np.zeros((5, 3))])
    assert sorted(outputs) == ["d", "d:1", "inner", "sum"]
    assert not outputs["d:1"].any() and outputs["d"].any()
    tags = {v.tag for v in models.activations(model.layers, outputs)}
    assert tags == {f"{name}/activation" for name in ("d", "inner", "sum")} | {"d/activation_1"}


@pytest.mark.rule("TB-7")
def test_inputs_without_a_name_are_counted_within_their_model() -> None:
    for _ in range(2):
        x, z = Input((3,)), Input((3,))
        inner = Sequential([layers.Dense(2, input_shape=(3,))])
        model = Model([x, z], layers.Add()([inner(x), inner(z)]))
        shown = models.shown_names(model.layers)
        assert sorted(shown.values()) == ["add", "input_1", "input_2", "sequential"]
        assert [v.tag for v in models.weights(model.layers, images=False)] == [
            "sequential/dense/kernel_0",
            "sequential/dense/bias_0",
        ]


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
