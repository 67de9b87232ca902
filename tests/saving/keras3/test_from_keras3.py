"""Configurations of Keras 3: what is translated, what is refused by name, and what is no configuration at all."""

import copy
from contextlib import suppress
from typing import Any

import pytest

from minifit.errors import FileFormatError, MinifitError, UnknownNameError
from minifit.saving.keras3.from_keras3 import Reader, model_from_keras3, training_from_keras3
from tests.fuzz.mutations import ODD


def thing(
    module: str | None, class_name: str, registered: str | None = None, **config: Any
) -> dict[str, Any]:
    return {"module": module, "class_name": class_name, "config": config, "registered_name": registered}


def layer(class_name: str, **config: Any) -> dict[str, Any]:
    return thing(
        "keras.layers", class_name, name="x", dtype=thing("keras", "DTypePolicy", name="float32"), **config
    )


def model(*layers: Any, **compiled: Any) -> dict[str, Any]:
    made = thing("keras", "Sequential", name="m", trainable=True, layers=list(layers))
    return {**made, "compile_config": compiled} if compiled else made


def function(name: str) -> dict[str, Any]:
    return {"module": "builtins", "class_name": "function", "config": name, "registered_name": "function"}


def read(entry: Any, *custom: str, family: str = "layers") -> Any:
    return Reader(custom).object(family, entry)


def test_a_model() -> None:
    config = model_from_keras3(
        model(layer("InputLayer", batch_shape=[None, 3], optional=False), layer("Dense", units=2))
    )
    assert config["class_name"] == "Sequential"
    assert config["config"]["name"] == "m"
    assert config["config"]["layers"][0]["config"]["batch_input_shape"] == [None, 3]
    assert config["config"]["layers"][1] == {
        "class_name": "Dense", "config": {"name": "x", "dtype": "float32", "units": 2}
    }  # fmt: skip


def test_what_it_was_compiled_with() -> None:
    stored = model(
        optimizer=thing("keras.optimizers", "SGD", learning_rate=0.1, use_ema=False, ema_momentum=0.99),
        loss={"out": "mse"},
        loss_weights=[0.5],
        metrics=[["mae", "auc"], thing("keras.metrics", "AUC", name="a", dtype="float32")],
        weighted_metrics=[function("own")],
        steps_per_execution=3,
        jit_compile=True,
    )
    assert training_from_keras3(stored, {"own"}) == {
        "optimizer_config": {"class_name": "SGD", "config": {"learning_rate": 0.1}},
        "loss": "mse",
        "loss_weights": 0.5,
        "metrics": [
            "mae",
            {"class_name": "AUC", "config": {}},
            {"class_name": "AUC", "config": {"name": "a"}},
        ],
        "weighted_metrics": ["own"],
        "steps_per_execution": 3,
    }
    assert training_from_keras3(model()) is None
    assert training_from_keras3({**model(), "compile_config": None}) is None
    adam = training_from_keras3(model(optimizer="adam", loss=None))
    assert adam is not None
    assert adam["optimizer_config"] == {"class_name": "adam", "config": {}}
    assert adam["loss"] is None


def test_a_schedule() -> None:
    rate = thing(
        "keras.optimizers.schedules", "CosineDecay", decay_steps=3, warmup_target=None, warmup_steps=0
    )
    found = read(thing("keras.optimizers", "SGD", learning_rate=rate), family="optimizers")
    assert found["config"]["learning_rate"] == {"class_name": "CosineDecay", "config": {"decay_steps": 3}}


def test_nadam_is_that_of_keras_3() -> None:
    assert read(thing("keras.optimizers", "Nadam"), family="optimizers")["config"] == {"decay": 1.0}


@pytest.mark.parametrize(("word", "ours"), [("mean", "sum_over_batch_size"), (None, "none"), ("sum", "sum")])
def test_reductions(word: str | None, ours: str) -> None:
    assert read(thing("keras.losses", "Hinge", reduction=word), family="losses")["config"] == {
        "reduction": ours
    }


def test_numbers_of_seed_generators_and_arrays() -> None:
    seed = thing("keras.random", "SeedGenerator", seed=7, name="s")
    array = {"class_name": "__numpy__", "config": {"value": [1.0, 2.0], "dtype": "float64"}}
    assert read(layer("Dropout", rate=0.1, seed=seed))["config"]["seed"] == 7
    assert read(layer("Rescaling", scale=array))["config"]["scale"] == [1.0, 2.0]


def test_a_layer_as_an_activation() -> None:
    config = read(layer("Dense", units=2, activation=layer("LeakyReLU", negative_slope=0.25)))["config"]
    assert config["activation"]["class_name"] == "LeakyReLU"
    assert config["activation"]["config"]["alpha"] == 0.25


def test_input_of_whole_numbers() -> None:
    assert read(thing("keras.layers", "InputLayer", dtype="int32"))["config"]["dtype"] == "float32"


def test_names_of_older_versions() -> None:
    found = read(thing("keras.initializers", "OrthogonalInitializer", gain=2.0), family="initializers")
    assert found == {"class_name": "Orthogonal", "config": {"gain": 2.0}}


def test_objects_of_ones_own() -> None:
    mine = thing("my.layers", "Mine", "my>Mine", dtype="float32", trainable=True)
    assert read(mine, "Mine")["class_name"] == "Mine"
    assert read(mine, "my>Mine")["class_name"] == "my>Mine"
    assert read(thing(None, "Mine", "Mine"), "Mine")["class_name"] == "Mine"
    assert read(layer("Activation", activation=function("my>odd")), "odd")["config"]["activation"] == "odd"
    assert (
        read(layer("Activation", activation="hard_sigmoid"), "hard_sigmoid")["config"]["activation"]
        == "hard_sigmoid"
    )
    assert (
        model_from_keras3(thing(None, "Mine", "Mine", name="m", layers=[]), ["Mine"])["class_name"] == "Mine"
    )


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (thing("my.layers", "Mine", "my>Mine"), "'Mine' of module 'my.layers'.*custom_objects"),
        (thing(None, "Mine", "Mine"), "'Mine' of module None.*custom_objects"),
        (thing("my.layers", "Dense", units=2), "'Dense' of module 'my.layers'"),  # not the one of Keras
        (thing("os", "system", command="true"), "'system' of module 'os'"),
        (thing("keras.layers", "Conv2D"), "file's layer.*'Conv2D'.*custom_objects"),
        (thing("keras.layers", "Dens"), "Did you mean 'Dense'"),
        (thing("keras.layers", "TFSMLayer", filepath="/"), "'TFSMLayer'"),
        (layer("Activation", activation={**function("f"), "module": "os"}), "function.*'f' of module 'os'"),
    ],
)
def test_what_is_nobodys_is_named(entry: Any, words: str) -> None:
    with pytest.raises(UnknownNameError, match=words):
        read(entry)


@pytest.mark.parametrize(
    ("family", "entry", "words"),
    [
        (
            "layers",
            layer("Lambda", function={"class_name": "__lambda__", "config": {"code": ""}}),
            "'Lambda'.*Code is",
        ),
        (
            "layers",
            layer("Dense", activation={"class_name": "__lambda__", "config": {"code": ""}}),
            "__lambda__",
        ),
        ("layers", layer("Dense", activation="hard_sigmoid"), "hard_sigmoid.*relu6"),
        ("layers", layer("Dense", activation=function("hard_sigmoid")), "hard_sigmoid"),
        ("layers", thing("keras.layers", "Dense", dtype="float16"), "dtype='float16'.*float32"),
        (
            "layers",
            thing("keras.layers", "Dense", dtype=thing("keras", "DTypePolicy", name="mixed_float16")),
            "mixed_",
        ),
        ("layers", thing("keras.layers", "Dense", dtype="int32"), "dtype='int32'"),
        ("layers", layer("Dense", lora_rank=4), "Dense with lora_rank=4"),
        ("layers", layer("InputLayer", optional=True), "optional=True"),
        ("layers", layer("BatchNormalization", renorm=True), "renorm=True"),
        ("layers", layer("BatchNormalization", synchronized=True), "synchronized=True"),
        ("layers", layer("LayerNormalization", rms_scaling=True), "rms_scaling=True"),
        ("layers", layer("Normalization", invert=True), "invert=True"),
        ("layers", thing("keras.optimizers", "SGD"), "keras.optimizers.SGD among the layers"),
        ("initializers", thing("keras.initializers", "HeNormal", input_axes=[0]), "input_axes"),
        ("optimizers", thing("keras.optimizers", "SGD", use_ema=True), "use_ema=True"),
        ("optimizers", thing("keras.optimizers", "SGD", loss_scale_factor=2.0), "loss_scale_factor=2.0"),
        (
            "optimizers",
            thing("keras.optimizers", "SGD", gradient_accumulation_steps=2),
            "gradient_accumulation_steps=2",
        ),
        (
            "schedules",
            thing("keras.optimizers.schedules", "CosineDecay", warmup_target=1.0),
            "warmup_target=1.0",
        ),
        (
            "losses",
            thing("keras.losses", "Hinge", reduction="mean_with_sample_weight"),
            "mean_with_sample_weight",
        ),
        ("losses", thing("keras.losses", "SparseCategoricalCrossentropy", ignore_class=0), "ignore_class=0"),
        ("metrics", thing("keras.metrics", "CategoricalCrossentropy", axis=1), "axis=1"),
        ("metrics", thing("keras.metrics", "Mean", dtype="float64"), "float64"),
    ],
)
def test_what_only_keras_3_has_is_refused_by_name(family: str, entry: Any, words: str) -> None:
    with pytest.raises((FileFormatError, UnknownNameError), match=words):
        read(entry, family=family)


def test_a_class_of_models_of_ones_own_is_named() -> None:
    with pytest.raises(UnknownNameError, match=r"file's model.*'Mine' of module None.*custom_objects"):
        model_from_keras3(thing(None, "Mine", "Mine", name="m", layers=[]))


def test_other_models_are_named() -> None:
    with pytest.raises(FileFormatError, match=r"a file with a Cloud of 'keras'.*load its weights"):
        model_from_keras3(thing("keras", "Cloud", name="m", layers=[]))


WHOLE = model(
    layer("InputLayer", batch_shape=[None, 3]),
    layer("Dense", units=2, activation="relu", kernel_initializer=thing("keras.initializers", "Zeros")),
    layer("BatchNormalization", axis=-1),
    optimizer=thing("keras.optimizers", "SGD", learning_rate=0.1),
    loss=thing("keras.losses", "Hinge", reduction="sum"),
    metrics=["mse", function("mse"), thing("keras.metrics", "Mean")],
)


def places(value: Any) -> Any:
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield (key,)
        yield from ((key, *inner) for inner in places(value[key]))


@pytest.mark.parametrize("place", list(places(WHOLE)), ids=str)
def test_nonsense_anywhere_is_an_error_of_minifit_or_none(place: tuple[Any, ...]) -> None:
    for odd in [*ODD, *range(-1, 1)]:
        broken = copy.deepcopy(WHOLE)
        *above, last = place
        holder: Any = broken
        for key in above:
            holder = holder[key]
        holder[last] = odd
        for translate in (model_from_keras3, training_from_keras3):
            with suppress(MinifitError):
                translate(broken)


def test_a_function_without_a_name() -> None:
    with pytest.raises(FileFormatError, match="the name of a function"):
        Reader({}).object("losses", {"class_name": "function", "module": "builtins"})
