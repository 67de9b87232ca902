"""Configurations in Keras 3's form, compared with those that Keras 3 itself has written."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

import minifit
from minifit import Sequential, layers, metrics, optimizers
from minifit.errors import ArgumentError
from minifit.models.files import describe
from minifit.saving.keras3.families import FAMILIES
from minifit.saving.keras3.from_keras3 import Reader
from minifit.saving.keras3.to_keras3 import to_keras3, write_name, write_nested, write_object, write_training
from minifit.tables import serialize
from tests.saving.files.cases_keras3 import OBJECTS
from tests.saving.keras3.test_differences import KERAS3_LAYERS

ARCHIVE = Path(__file__).parents[1] / "files" / "keras3.zip"
UNWRITTEN = ("delta", "axis", "gain")
"""Arguments of Huber, CosineSimilarity and Identity that Keras 3 reads and does not write."""


@pytest.fixture(scope="module")
def written_by_keras() -> Any:
    with zipfile.ZipFile(ARCHIVE) as archive:
        return json.loads(archive.read("objects.json"))


def same(ours: Any, theirs: Any) -> bool:
    """Equal as far as we say something, numbers but for the rounding to float32."""
    if isinstance(ours, dict):
        return all(
            n in UNWRITTEN or (v is None and n not in theirs) or same(v, theirs[n]) for n, v in ours.items()
        )
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(ours, float):
        return isinstance(theirs, int | float) and ours == pytest.approx(theirs, rel=1e-6)
    return bool(ours == theirs)


def plain(value: Any) -> Any:
    return json.loads(json.dumps(value))


@pytest.mark.parametrize("name", OBJECTS)
def test_an_object_is_written_as_keras_writes_it(name: str, written_by_keras: Any) -> None:
    family = name.partition(".")[0]
    ours = plain(write_object(family, plain(serialize(OBJECTS[name](minifit)))))
    theirs = written_by_keras[name]
    if family == "optimizers":
        theirs["config"]["name"] = ours["config"]["name"]
    assert same(ours, theirs), (ours, theirs)
    assert ours["module"] == theirs["module"]


@pytest.mark.parametrize("name", OBJECTS)
def test_an_object_of_keras_is_read_as_minifits_own(name: str, written_by_keras: Any) -> None:
    family = name.partition(".")[0]
    read = Reader(()).object(family, written_by_keras[name])
    ours = plain(serialize(OBJECTS[name](minifit)))
    ours["config"]["name"] = read["config"].get("name")
    assert read["class_name"] == ours["class_name"]
    assert same(read["config"], ours["config"]), (read, ours)


def test_every_class_is_compared() -> None:
    classes = {
        f"{family}.{member.__name__}"
        for family, (_, table) in FAMILIES.items()
        for member in table.values()
        if isinstance(member, type)
    }
    of_several_or_numbers = {f"layers.{name}" for name in KERAS3_LAYERS} | {"layers.StringLookup"}
    assert classes - set(OBJECTS) - of_several_or_numbers == {
        "layers.AddLoss",
        "layers.AddMetric",
        "layers.InputLayer",
        "layers.Lambda",
        "layers.TFOpLambda",
        "layers.ThresholdedReLU",
        "metrics.MeanMetricWrapper",
    }


def model(*made: Any, **compiling: Any) -> Any:
    built = Sequential([layers.InputLayer(input_shape=(3,), name="in"), *made], name="model")
    built.compile(**{"optimizer": "sgd", "loss": "mse", **compiling})
    described = describe(built, True)
    return to_keras3(described.config, described.training)  # type: ignore[arg-type]


def test_a_model() -> None:
    written = model(layers.Dense(2, name="a"), metrics=["mae"], loss_weights=0.5)
    assert written["module"] == "keras"
    assert written["config"]["name"] == "model"
    assert written["config"]["build_input_shape"] == written["build_config"]["input_shape"] == [None, 3]
    first, second = written["config"]["layers"]
    assert first["config"] == {
        "name": "in", "batch_shape": [None, 3], "dtype": "float32", "sparse": False, "ragged": False
    }  # fmt: skip
    assert second["config"]["dtype"]["config"] == {"name": "float32"}
    compiled = written["compile_config"]
    assert compiled["loss"] == "mse"
    assert compiled["metrics"] == ["mae"]
    assert compiled["loss_weights"] == [0.5]
    assert compiled["steps_per_execution"] == 1
    json.dumps(written)


def test_a_model_that_is_not_compiled() -> None:
    described = describe(Sequential([layers.Dense(1, input_shape=(3,))]), True)
    assert described.config is not None
    assert "compile_config" not in to_keras3(described.config)


def test_classes_and_functions_of_ones_own() -> None:
    written = write_object(
        "layers", {"class_name": "Mine", "config": {"dtype": "float32", "activation": "odd"}}
    )
    assert (written["module"], written["registered_name"]) == (None, "Mine")
    assert written["config"]["dtype"]["class_name"] == "DTypePolicy"
    assert written["config"]["activation"]["config"] == "odd"
    assert written["config"]["activation"]["class_name"] == "function"
    inner = write_object(
        "layers", {"class_name": "Mine", "config": {"inside": {"class_name": "L2", "config": {"l2": 1}}}}
    )
    assert inner["config"]["inside"]["module"] == "keras.regularizers"
    other = write_object(
        "layers", {"class_name": "Mine", "config": {"x": {"class_name": "Other", "config": {}}}}
    )
    assert other["config"]["x"]["registered_name"] == "Other"


def test_names_of_functions() -> None:
    assert write_name("losses", "huber_loss") == "huber"
    assert write_name("losses", "kullback_leibler_divergence") == "kl_divergence"
    assert write_name("losses", "mse") == "mse"
    assert write_name("metrics", "accuracy") == "accuracy"
    assert write_name("metrics", "kld")["class_name"] == "KLDivergence"
    assert write_name("metrics", "kld")["config"]["name"] == "kld"
    assert write_name("metrics", "huber_loss")["config"] == "huber"
    assert write_name("losses", "my_own")["config"] == "my_own"


@pytest.mark.parametrize("family", ["activations", "losses", "metrics"])
def test_keras_knows_every_name_that_is_written(family: str) -> None:
    with zipfile.ZipFile(ARCHIVE) as archive:
        known = json.loads(archive.read("known.json"))
    functions = [name for name, member in FAMILIES[family].table.items() if not isinstance(member, type)]
    assert len(functions) > 10
    for name in functions:
        if name != "hard_sigmoid":
            written = write_name(family, name)
            if isinstance(written, str):
                assert written in known[family], name
            elif written["class_name"] == "function":
                assert written["config"] in known["losses"], name
            else:
                assert written["class_name"] in known[family], name


def test_the_mean_of_a_function() -> None:
    named = metrics.MeanMetricWrapper(metrics.mean_squared_error, "own")
    ((written,),) = write_nested("metrics", [[serialize(named)]])
    assert written["class_name"] == "MeanMetricWrapper"
    assert written["config"]["fn"]["config"] == "mean_squared_error"
    wrapped = {"class_name": "MeanMetricWrapper", "config": {"name": "own", "fn": "cosine_similarity"}}
    written = write_nested("metrics", {"out": wrapped})["out"]
    assert written["class_name"] == "CosineSimilarity"  # the function of that name is a loss in Keras 3
    assert written["config"] == {"name": "own"}


def test_decay_becomes_a_schedule() -> None:
    optimizer = serialize(optimizers.SGD(0.5, decay=0.1))
    rate = write_training({"optimizer_config": optimizer})["optimizer"]["config"]["learning_rate"]
    assert rate["class_name"] == "InverseTimeDecay"
    assert rate["module"] == "keras.optimizers.schedules"
    assert rate["config"] == {
        "initial_learning_rate": 0.5, "decay_steps": 1, "decay_rate": 0.1, "staircase": False
    }  # fmt: skip
    schedule = optimizers.schedules.InverseTimeDecay(0.5, 1, 0.1)
    decayed = optimizers.SGD(0.5, decay=0.1)
    for step in (0, 1, 7):
        decayed.iterations.assign(step)
        assert float(schedule(step)) == pytest.approx(decayed.rate())


@pytest.mark.parametrize(
    ("family", "entry", "words"),
    [
        ("layers", layers.Dense(1, "hard_sigmoid"), "hard_sigmoid.*relu6"),
        ("layers", layers.Activation("hard_sigmoid"), "hard_sigmoid"),
        ("layers", layers.Lambda(lambda x: x), "Lambda.*Code is neither"),
        ("layers", layers.BatchNormalization(axis=[1, 2]), r"axis=\[1, 2\].*one axis"),
        ("optimizers", optimizers.Nadam(), "schedule_decay=0.004.*schedule_decay=1"),
        ("optimizers", optimizers.SGD(0.1, clipnorm=1.0, clipvalue=2.0), "clipnorm=1.0 and clipvalue=2.0"),
        (
            "optimizers",
            optimizers.SGD(optimizers.schedules.ExponentialDecay(0.1, 2, 0.5), decay=0.1),
            "decay=0.1 and a schedule",
        ),
    ],
)
def test_what_keras_3_does_not_have_is_refused_by_name(family: str, entry: Any, words: str) -> None:
    with pytest.raises(ArgumentError, match=words) as caught:
        write_object(family, serialize(entry))
    assert ".h5" in str(caught.value)


@pytest.mark.parametrize("name", ["crossentropy", "ce"])
def test_metrics_that_only_tf_keras_finds_by_the_shapes(name: str) -> None:
    with pytest.raises(ArgumentError, match="Use the full name of the metric"):
        write_name("metrics", name)
