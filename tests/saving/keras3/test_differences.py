"""The table of what differs."""

import json
from typing import Any

import pytest

from minifit import layers
from minifit.errors import ArgumentError, FileFormatError
from minifit.saving.keras3.differences import DIFFERENCES
from minifit.saving.keras3.families import FAMILIES
from minifit.saving.keras3.from_keras3 import Reader
from minifit.saving.keras3.rows import ByFunction, Difference, Named, NamedByClass
from minifit.saving.keras3.to_keras3 import write_object
from minifit.tables import serialize

ROWS = [(family, row) for family, rows in DIFFERENCES.items() for row in rows]


def test_the_families_are_those_that_are_known() -> None:
    assert set(DIFFERENCES) - set(FAMILIES) == {"models", "compile"}


@pytest.mark.parametrize(("family", "row"), ROWS, ids=str)
def test_a_row_is_about_classes_that_exist(family: str, row: Difference) -> None:
    for name in row.classes.split(", ") if row.classes else ():
        assert name in FAMILIES[family].table, name


@pytest.mark.parametrize(
    ("family", "row"), [r for r in ROWS if isinstance(r[1], Named | NamedByClass | ByFunction)], ids=str
)
def test_a_name_that_is_translated_is_one_of_minifits(family: str, row: Named) -> None:
    assert all(name in FAMILIES[family].table for name in row.keras2.split(", "))
    if isinstance(row, NamedByClass):
        assert row.keras3 in FAMILIES[family].table


@pytest.mark.parametrize(("family", "row"), ROWS, ids=str)
def test_every_row_says_what_minifit_does(family: str, row: Difference) -> None:
    assert row.keras2 or row.keras3
    assert row.effect
    assert "None" not in (row.keras2, row.keras3)


# -- layers of several inputs, and of numbers -------------------------------------------------------------------

POLICY = {
    "module": "keras",
    "class_name": "DTypePolicy",
    "config": {"name": "float32"},
    "registered_name": None,
}
NAMED = {"name": "x", "trainable": True, "dtype": POLICY}
BINS = {"epsilon": 0.01, "output_mode": "int", "sparse": False, "name": "x", "dtype": "float32"}
LOOKUP = {
    **NAMED,
    "invert": False,
    "max_tokens": None,
    "num_oov_indices": 1,
    "oov_token": -1,
    "mask_token": 0,
    "output_mode": "count",
    "sparse": False,
    "pad_to_max_tokens": False,
    "vocabulary_dtype": "int64",
    "idf_weights": None,
    "vocabulary": [5, 6],
    "vocabulary_size": 3,
    "oov_method": "floormod",
    "salt": None,
}

KERAS3_LAYERS: dict[str, tuple[layers.Layer, dict[str, Any]]] = {
    "Add": (layers.Add(name="x"), NAMED),
    "Average": (layers.Average(name="x"), NAMED),
    "CategoryEncoding": (
        layers.CategoryEncoding(4, "count", name="x"),
        {**NAMED, "num_tokens": 4, "output_mode": "count"},
    ),
    "Concatenate": (layers.Concatenate(1, name="x"), {**NAMED, "axis": 1}),
    "Discretization": (
        layers.Discretization([1.0, 2.0], name="x"),
        {**BINS, "bin_boundaries": [1.0, 2.0], "num_bins": None},
    ),
    "Dot": (layers.Dot((1, 2), True, name="x"), {**NAMED, "axes": [1, 2], "normalize": True}),
    "IntegerLookup": (
        layers.IntegerLookup(vocabulary=[5, 6], mask_token=0, output_mode="count", name="x"),
        LOOKUP,
    ),
    "Maximum": (layers.Maximum(name="x"), NAMED),
    "Minimum": (layers.Minimum(name="x"), NAMED),
    "Multiply": (layers.Multiply(name="x"), NAMED),
    "Subtract": (layers.Subtract(name="x"), NAMED),
}
"""Layers, and their arguments in files of Keras 3.15.1."""


def as_stored(value: Any) -> Any:
    return json.loads(json.dumps(value))


def read(class_name: str, config: dict[str, Any]) -> Any:
    stored = {"module": "keras.layers", "class_name": class_name, "config": config, "registered_name": None}
    return layers.deserialize(Reader(()).object("layers", as_stored(stored)))


@pytest.mark.parametrize("name", KERAS3_LAYERS)
def test_such_a_layer_is_written_and_read(name: str) -> None:
    layer, theirs = KERAS3_LAYERS[name]
    ours = write_object("layers", as_stored(serialize(layer)))
    assert ours["class_name"] == name
    assert ours["config"].items() <= as_stored(theirs).items()
    unwritten = (
        "output_mode",
        "sparse",
        "vocabulary_dtype",
        "idf_weights",
        "vocabulary_size",
        "oov_method",
        "salt",
    )
    assert {n for n in theirs if n not in unwritten} <= set(ours["config"])
    assert as_stored(read(name, theirs).get_config()) == as_stored(layer.get_config())


def test_boundaries_that_keras_has_learned() -> None:
    layer = read("Discretization", {**BINS, "bin_boundaries": [0.0, 0.5], "num_bins": 10})
    assert layer.bin_boundaries == [0.0, 0.5]
    assert read("Discretization", {**BINS, "bin_boundaries": None, "num_bins": 4}).num_bins == 4


@pytest.mark.parametrize(
    "name, config, says",
    [
        (
            "Discretization",
            {**BINS, "bin_boundaries": [0.0], "output_mode": "one_hot"},
            "output_mode='one_hot'",
        ),
        ("IntegerLookup", {**LOOKUP, "oov_method": "farmhash"}, "IntegerLookup with oov_method='farmhash'"),
        ("IntegerLookup", {**LOOKUP, "vocabulary_dtype": "int32"}, "vocabulary_dtype='int32'"),
        ("IntegerLookup", {**LOOKUP, "salt": [1, 2]}, "salt="),
        ("IntegerLookup", {**LOOKUP, "output_mode": "tf_idf"}, "output_mode='tf_idf'"),
    ],
)
def test_what_only_keras_3_can_do(name: str, config: dict[str, Any], says: str) -> None:
    with pytest.raises(FileFormatError, match=says):
        read(name, config)


def test_a_lookup_with_weights_is_not_written() -> None:
    layer = layers.StringLookup(vocabulary=["a"], output_mode="tf_idf", idf_weights=[0.5])
    with pytest.raises(
        ArgumentError, match=r"StringLookup with output_mode='tf_idf'\. Keras 3 stores its weights"
    ):
        write_object("layers", as_stored(serialize(layer)))
