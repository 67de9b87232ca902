"""Keras's legacy HDF5 format: what is written, and what is read of it."""

import io
import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from minifit.errors import ArgumentError, FileFormatError, MinifitWarning
from minifit.saving import legacy
from minifit.saving.description import LayerWeights, ModelDescription, OptimizerVariables, Weight
from minifit.saving.hdf5 import image


def dense(name: str, inputs: int = 2, outputs: int = 3) -> LayerWeights:
    numbers = np.arange(inputs * outputs, dtype=np.float32).reshape(inputs, outputs)
    weights = [Weight(f"{name}/kernel:0", numbers), Weight(f"{name}/bias:0", np.ones(outputs, np.float32))]
    return LayerWeights(name, "Dense", weights)


def model_of(*layers: LayerWeights) -> LayerWeights:
    return LayerWeights("model", "Sequential", [], {"layers": list(layers)}, kind="graph")


def described(*layers: LayerWeights, **kwargs: Any) -> ModelDescription:
    return ModelDescription(model_of(*layers), **kwargs)


def opened(model: ModelDescription) -> h5py.File:
    return h5py.File(io.BytesIO(image(legacy.tree(model))), "r")


def names(group: h5py.Group, attribute: str = "weight_names") -> list[str]:
    return [name.decode() for name in group.attrs[attribute]]


def optimizer(class_name: str, slots: tuple[str, ...], **extra: Any) -> OptimizerVariables:
    weights = dense("a").weights
    state = {
        "iterations": np.array(5),
        "slots": [{s: w.value * (i + 2) for i, s in enumerate(slots)} for w in weights],
    }
    return OptimizerVariables(class_name, slots, weights, {"learning_rate": None, **state, **extra})


def test_weights_alone_lie_at_the_root() -> None:
    with opened(described(dense("b"), LayerWeights("drop", "Dropout"), dense("a"))) as file:
        assert names(file, "layer_names") == ["b", "drop", "a"]
        assert file.attrs["keras_version"] == "2.7.0"
        assert file.attrs["backend"] == "tensorflow"
        assert names(file["b"]) == ["b/kernel:0", "b/bias:0"]
        assert names(file["drop"]) == []
        assert file["b"]["b/kernel:0"].shape == (2, 3)
        assert names(file["top_level_model_weights"]) == []


def test_a_whole_model() -> None:
    config = {"class_name": "Sequential", "config": {"layers": []}}
    model = described(
        dense("a"), config=config, training={"loss": "mse"}, optimizer=optimizer("Adam", ("m", "v"))
    )
    with opened(model) as file:
        assert json.loads(file.attrs["model_config"]) == config
        assert json.loads(file.attrs["training_config"]) == {"loss": "mse"}
        assert names(file["model_weights"], "layer_names") == ["a"]
        found = names(file["optimizer_weights"])
        slots = ["a/kernel/m", "a/bias/m", "a/kernel/v", "a/bias/v"]
        assert found == ["Adam/iter:0", *(f"Adam/{s}:0" for s in slots)]
        assert file["optimizer_weights/Adam/iter:0"][()] == 5
        assert file["optimizer_weights/Adam/iter:0"].dtype == np.int64


def test_a_configuration_above_64_kb_is_one_string_as_keras_has_it() -> None:
    config = {"class_name": "Sequential", "config": {"name": "x" * 200_000}}
    with opened(described(config=config)) as file:
        assert json.loads(file.attrs["model_config"]) == config
        assert h5py.check_string_dtype(file.attrs.get_id("model_config").dtype).length is None


@pytest.mark.slow
def test_many_names_are_split_up() -> None:
    layers = [dense(f"{i:04d}" + "x" * 100) for i in range(1000)]
    with opened(described(*layers)) as file:
        assert "layer_names" not in file.attrs
        found = [*names(file, "layer_names0"), *names(file, "layer_names1")]
        assert found == [layer.name for layer in layers]
    with legacy.reading(image(legacy.tree(described(*layers)))) as stored:  # type: ignore[arg-type]
        assert len(stored.weights_for(model_of(*layers))) == 2000


def test_names_that_differ_by_a_slash_and_weights_of_one_name() -> None:
    one = np.ones(1, np.float32)
    twice = LayerWeights("a/b", "Block", [Weight("w:0", one), Weight("w:0", one * 2), Weight("w:0", one * 3)])
    inner = LayerWeights("a", "Block", [Weight("c/d:0", one * 4)])
    with opened(described(twice, inner)) as file:
        assert names(file["a/b"]) == ["w:0", "w_1:0", "w_2:0"]
        assert file["a/b/w_2:0"][0] == 3
        assert file["a/c/d:0"][0] == 4


@pytest.mark.parametrize(
    ("wanted", "called"),
    [
        (["w:0", "w:0", "w_1:0"], ["w:0", "w_1:0", "w_1_1:0"]),
        (["w_1:0", "w:0", "w:0"], ["w_1:0", "w:0", "w_2:0"]),
        (["a", "a/b:0"], ["a", "a_b:0"]),
        (["a/b", "a"], ["a/b", "a_1"]),
        (["a//b:0", "./a/b:0", "/c"], ["a/b:0", "a/b_1:0", "c"]),
    ],
)
def test_weights_make_way_for_each_other(wanted: list[str], called: list[str]) -> None:
    arrays = [np.full(1, i, np.float32) for i in range(len(wanted))]
    layer = LayerWeights("x", "X", [Weight(n, a) for n, a in zip(wanted, arrays, strict=True)])
    with opened(described(layer)) as file:
        assert names(file["x"]) == called
    with reading(described(layer)) as stored:
        assert [np.asarray(array) for _, array in stored.weights_for(model_of(layer))] == arrays


def test_weights_make_way_for_layers() -> None:
    one = np.ones(1, np.float32)
    outer = LayerWeights("a", "A", [Weight("a/kernel:0", one)])
    layers = [outer, LayerWeights("a/a/kernel:0", "A", [Weight("b", one * 2)]), LayerWeights("b", "B")]
    with opened(described(*layers)) as file:
        assert names(file["a"]) == ["a/kernel_1:0"]
        assert names(file["a/a/kernel:0"]) == ["b"]
    with reading(described(*layers)) as stored:
        assert [np.asarray(array) for _, array in stored.weights_for(model_of(*layers))] == [1, 2]


def test_layers_whose_names_are_one_path_are_refused() -> None:
    with pytest.raises(ArgumentError, match=r"remain different in a file\. Received: a second 'a/b'"):
        legacy.tree(described(dense("a//b"), dense("a/b")))


def reading(model: ModelDescription) -> Any:
    return legacy.reading(image(legacy.tree(model)))  # type: ignore[arg-type]


def test_weights_are_found_by_their_place() -> None:
    with reading(described(dense("a"), LayerWeights("drop", "Dropout"), dense("b"))) as stored:
        model = model_of(dense("other"), dense("names"))
        found = stored.weights_for(model)
        assert [w.name for w, _ in found] == [
            "other/kernel:0",
            "other/bias:0",
            "names/kernel:0",
            "names/bias:0",
        ]
        assert np.asarray(found[0][1]).tolist() == [[0, 1, 2], [3, 4, 5]]
        assert stored.config is None
        assert stored.numbers == 18


def test_weights_are_found_by_the_layers_names() -> None:
    with reading(described(dense("a"), dense("b"))) as stored:
        assert [w.name for w, _ in stored.weights_for(model_of(dense("b"), dense("c")), by_name=True)] == [
            "b/kernel:0",
            "b/bias:0",
        ]


def test_layers_that_do_not_fit() -> None:
    with reading(described(dense("a"), dense("b"))) as stored:
        with pytest.raises(FileFormatError, match=r"this one has 1. Received: a file with 2 \(a, b\)"):
            stored.weights_for(model_of(dense("a")))
        with pytest.raises(FileFormatError, match=r"shape \(2, 4\) for an array of shape \(2, 3\)"):
            stored.weights_for(model_of(dense("a", 2, 4), dense("b")))
        fewer = LayerWeights("a", "Dense", dense("a").weights[:1])
        with pytest.raises(FileFormatError, match="1 weights for 2 arrays"):
            stored.weights_for(model_of(fewer, dense("b")), by_name=True)
        with pytest.warns(MinifitWarning, match="'a' were not changed"):
            found = stored.weights_for(model_of(fewer, dense("b")), by_name=True, skip_mismatch=True)
        assert [w.name for w, _ in found] == ["b/kernel:0", "b/bias:0"]


@pytest.mark.parametrize(
    ("class_name", "slots", "extra"),
    [
        ("SGD", (), {}),
        ("Adam", ("m", "v"), {}),
        ("Nadam", ("m", "v"), {"m_schedule": np.float32(0.5)}),
        ("Ftrl", ("accumulator", "linear"), {}),
    ],
)
def test_an_optimizers_state_comes_back(
    class_name: str, slots: tuple[str, ...], extra: dict[str, Any]
) -> None:
    written = optimizer(class_name, slots, **extra)
    with reading(described(config={}, optimizer=written)) as stored:
        state = stored.optimizer_state(class_name, slots, written.weights, model_of())
        assert state["learning_rate"] is None
        assert state["iterations"] == 5
        assert state.get("m_schedule") == extra.get("m_schedule")
        for found, saved in zip(state["slots"], written.state["slots"], strict=True):
            assert list(found) == list(saved)
            assert all((found[slot] == saved[slot]).all() for slot in slots)


def test_ftrl_goes_weight_by_weight() -> None:
    with opened(described(config={}, optimizer=optimizer("Ftrl", ("accumulator", "linear")))) as file:
        assert names(file["optimizer_weights"])[1:3] == [
            "Ftrl/a/kernel/accumulator:0",
            "Ftrl/a/kernel/linear:0",
        ]


def test_an_optimizers_state_that_does_not_fit() -> None:
    whole = described(config={}, optimizer=optimizer("Adam", ("m", "v")))
    with reading(whole) as stored, pytest.raises(FileFormatError, match="Received: 5 arrays"):
        stored.optimizer_state("SGD", ("momentum",), dense("a").weights, model_of())
    with reading(described(config={})) as stored:
        assert stored.optimizer_state("Adam", ("m", "v"), dense("a").weights, model_of()) is None


def test_iterations_that_are_no_count() -> None:
    bad = optimizer("SGD", ())
    bad.state["iterations"] = np.array(-1)  # type: ignore[index]
    with (
        reading(described(config={}, optimizer=bad)) as stored,
        pytest.raises(FileFormatError, match="counts its"),
    ):
        stored.optimizer_state("SGD", (), [], model_of())


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "[" * 100_000])
def test_a_configuration_that_is_no_object(text: str) -> None:
    root = legacy.tree(described(config={}))
    root.attributes["model_config"] = text
    with pytest.raises(FileFormatError, match="object in JSON"), legacy.reading(image(root)):  # type: ignore[arg-type]
        pass


def test_parts_that_are_missing(tmp_path: Path) -> None:
    for remove in ("layer_names", "a", "kernel:0", "weight_names is a number"):
        root: Any = legacy.tree(described(dense("a")))
        if remove == "layer_names":
            del root.attributes["layer_names"]
        elif remove == "a":
            del root.members["a"]
        elif remove == "kernel:0":
            del root.members["a"].members["a"].members["kernel:0"]
        else:
            root.members["a"].attributes["weight_names"] = 3
        with pytest.raises(FileFormatError), legacy.reading(image(root)) as stored:  # type: ignore[arg-type]
            stored.weights_for(model_of(dense("a")))
