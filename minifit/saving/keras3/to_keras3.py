"""A model's configuration from the form of tf.keras 2.7, which is minifit's own, into that of Keras 3."""

from collections.abc import Mapping
from typing import Any

from minifit.saving.description import Config
from minifit.saving.keras3.differences import DIFFERENCES
from minifit.saving.keras3.families import BY_SHAPE, FAMILIES, FAMILY_OF, flat, refuse_named, renamed
from minifit.saving.keras3.rows import ByFunction, Named, NamedByClass, refuse_to_write


def to_keras3(config: Config, training: Config | None = None) -> Config:
    """The content of ``config.json``.

    Parameters
    ----------
    config, training : dict
        As of `ModelDescription`.

    Raises
    ------
    ArgumentError
        When Keras 3 has no such model.
    """
    class_name, arguments = config["class_name"], config["config"]
    known = class_name == "Sequential"
    inner = {"name": arguments["name"], "trainable": True}
    inner["layers"] = [write_object("layers", entry) for entry in arguments["layers"]]
    made = {
        "module": "keras" if known else None,
        "class_name": class_name.rpartition(">")[2],
        "config": inner,
        "registered_name": None if known else class_name,
    }
    shape = next((e["config"].get("batch_input_shape") for e in arguments["layers"]), None)
    if shape is not None:
        inner["build_input_shape"] = shape
        made["build_config"] = {"input_shape": shape}
    if training is not None:
        made["compile_config"] = write_training(training)
    return made


def write_object(family: str, entry: Mapping[str, Any]) -> Config:
    """A member of a family, ``{"class_name": ..., "config": ...}``, in Keras 3's form."""
    class_name = entry["class_name"]
    refuse_named(family, class_name, refuse_to_write)
    config = {name: write_value(name, value) for name, value in (entry.get("config") or {}).items()}
    for row in DIFFERENCES.get(family, ()):
        if row.concerns(class_name):
            row.write(class_name, config)
    known = family in FAMILIES and class_name in FAMILIES[family].table
    return {
        "module": FAMILIES[family].module if known else None,
        "class_name": class_name.rpartition(">")[2],
        "config": config,
        "registered_name": None if known else class_name,
    }


def write_value(argument: str, value: Any) -> Any:
    """The value of an argument of some class."""
    if isinstance(value, Mapping):
        if "class_name" in value and "config" in value:
            return write_object(family_of(argument, value["class_name"]), value)
        return {name: write_value(name, inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [write_value(argument, inner) for inner in value]
    if isinstance(value, str) and argument in ("activation", "fn"):
        return write_name("activations", value) if argument == "activation" else function_called(value)
    return value


def family_of(argument: str, class_name: str) -> str:
    """The family of a value by the argument's name, else by the name of its class: an activation may be a layer."""
    family = FAMILY_OF.get(argument.rpartition("_")[2], "")
    if family and class_name in FAMILIES[family].table:
        return family
    return next((name for name, (_, table) in FAMILIES.items() if class_name in table), family)


def write_name(family: str, name: str) -> Any:
    """A function of a family by its name; those that Keras 3 does not know are the user's own."""
    refuse_named(family, name, refuse_to_write)
    by_class = renamed(family, NamedByClass)
    if name in by_class:
        return write_object(family, {"class_name": by_class[name], "config": {"name": name}})
    by_function = renamed(family, ByFunction)
    if name not in by_function and (name in FAMILIES[family].table or name.lower() in BY_SHAPE):
        return renamed(family, Named).get(name, name)
    return function_called(by_function.get(name, name))


def function_called(name: str) -> Config:
    """How Keras 3 writes a function."""
    return {"module": "builtins", "class_name": "function", "config": name, "registered_name": "function"}


def write_training(training: Config) -> Config:
    """The arguments of `compile`."""
    weights = flat(training.get("loss_weights"))
    return {
        "optimizer": write_object("optimizers", training["optimizer_config"]),
        "loss": next(iter(write_entries("losses", training.get("loss"))), None),
        "loss_weights": weights or None,
        "metrics": write_entries("metrics", training.get("metrics")) or None,
        "weighted_metrics": write_entries("metrics", training.get("weighted_metrics")) or None,
        "run_eagerly": False,
        "steps_per_execution": training.get("steps_per_execution") or 1,
        "jit_compile": "auto",
    }


def write_entries(family: str, entries: Any) -> list[Any]:
    """Losses or metrics, nested or not, as a list: a model has one output here."""
    return [
        write_name(family, e) if isinstance(e, str) else write_object(family, unwrapped(family, e))
        for e in flat(entries)
    ]


def unwrapped(family: str, entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """A mean of a function as the class that does the same, where Keras 3 has only that."""
    config = entry["config"]
    by_class = renamed(family, NamedByClass)
    function = config.get("fn") if entry["class_name"] == "MeanMetricWrapper" else None
    if isinstance(function, str) and function in by_class:
        return {"class_name": by_class[function], "config": {n: v for n, v in config.items() if n != "fn"}}
    return entry
