"""The translation of a model's configuration from the form of tf.keras 2.7, which minifit uses, to that of Keras 3."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from minifit.saving.description import Config
from minifit.saving.graph_config import SHARED, is_graph, outputs_of
from minifit.saving.keras3.differences import DIFFERENCES
from minifit.saving.keras3.families import BY_SHAPE, FAMILIES, FAMILY_OF, flat, refuse_named, renamed
from minifit.saving.keras3.graphs import Shapes, Writer
from minifit.saving.keras3.rows import ByFunction, Named, NamedByClass, refuse_to_write

GRAPH: Config = {
    "module": "keras.src.models.functional",
    "class_name": "Functional",
    "registered_name": "Functional",
}
CHAIN: Config = {"module": "keras", "class_name": "Sequential", "registered_name": None}

EMPTY: Shapes = MappingProxyType({})


def to_keras3(
    config: Config, training: Config | None = None, shapes: Shapes = EMPTY, input_shape: Any = None
) -> Config:
    """Return the content of ``config.json``.

    Parameters
    ----------
    config, training, shapes, input_shape
        See `ModelDescription`.

    Raises
    ------
    ArgumentError
        When Keras 3 does not have such a model.
    """
    document = write_model(config, shapes, ())
    if input_shape is not None and "build_config" not in document:
        document["build_config"] = {"input_shape": input_shape}
    if training is not None:
        document["compile_config"] = write_training(training, outputs_of(config))
    return document


def write_model(entry: Mapping[str, Any], shapes: Shapes, path: tuple[str, ...]) -> Config:
    """Return a model in Keras 3's form; `path` has the names of the outer models and, for an inner model, its own."""
    class_name, arguments = entry["class_name"], entry["config"]
    if is_graph(arguments):
        known, inner = GRAPH, _graph(arguments, shapes, path)
    elif is_chain(arguments):
        known, inner = CHAIN, _chain(arguments, shapes, path)
    else:
        return write_object("", entry)
    own = {"module": None, "class_name": class_name.rpartition(">")[2], "registered_name": class_name}
    model: Config = {**(known if class_name == known["class_name"] else own), "config": inner}
    if "build_input_shape" in inner:
        model["build_config"] = {"input_shape": inner["build_input_shape"]}
    return model


def is_chain(arguments: Any) -> bool:
    """Return whether these are the arguments of a chain of layers."""
    listed = arguments.get("layers") if isinstance(arguments, Mapping) else None
    entries = isinstance(listed, list) and all(isinstance(e, Mapping) and "class_name" in e for e in listed)
    return entries and isinstance(arguments.get("name"), str)


def _chain(arguments: Config, shapes: Shapes, path: tuple[str, ...]) -> Config:
    inner = {"name": arguments["name"], "trainable": True}
    inner["layers"] = [write_layer(entry, shapes, path) for entry in arguments["layers"]]
    shape = next((e["config"].get("batch_input_shape") for e in arguments["layers"]), None)
    return inner if shape is None else {**inner, "build_input_shape": shape}


def _graph(arguments: Config, shapes: Shapes, path: tuple[str, ...]) -> Config:
    writer = Writer(arguments, shapes, path)
    return {
        "name": arguments["name"],
        "trainable": bool(arguments.get("trainable", True)),
        "layers": [
            writer.entry(e, lambda entry: write_layer(entry, shapes, path)) for e in arguments["layers"]
        ],
        "input_layers": writer.ends("input_layers"),
        "output_layers": writer.ends("output_layers"),
    }


def write_layer(entry: Mapping[str, Any], shapes: Shapes, path: tuple[str, ...]) -> Config:
    """Return a layer of a model, which may be a model."""
    arguments = entry.get("config")
    if is_graph(arguments) or is_chain(arguments):
        made = write_model(entry, shapes, (*path, arguments["name"]))  # type: ignore[index]
    else:
        made = write_object("layers", entry)
    return {**made, SHARED: entry[SHARED]} if SHARED in entry else made


def write_object(family: str, entry: Mapping[str, Any]) -> Config:
    """Return a member of a family, ``{"class_name": ..., "config": ...}``, in Keras 3's form."""
    class_name = entry["class_name"]
    if is_graph(entry.get("config")) or (class_name == "Sequential" and is_chain(entry.get("config"))):
        return write_model(entry, EMPTY, ())
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
    """Return the value of an argument of any class."""
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
    """Return the family of a value by the argument's name, else by its class name: an activation may be a layer."""
    family = FAMILY_OF.get(argument.rpartition("_")[2], "")
    if family and class_name in FAMILIES[family].table:
        return family
    return next((name for name, (_, table) in FAMILIES.items() if class_name in table), family)


def write_name(family: str, name: str) -> Any:
    """Return a function of a family from its name; functions that Keras 3 does not have are the user's own."""
    refuse_named(family, name, refuse_to_write)
    by_class = renamed(family, NamedByClass)
    if name in by_class:
        return write_object(family, {"class_name": by_class[name], "config": {"name": name}})
    by_function = renamed(family, ByFunction)
    if name not in by_function and (name in FAMILIES[family].table or name.lower() in BY_SHAPE):
        return renamed(family, Named).get(name, name)
    return function_called(by_function.get(name, name))


def function_called(name: str) -> Config:
    """Return a function in Keras 3's form."""
    return {"module": "builtins", "class_name": "function", "config": name, "registered_name": "function"}


def write_training(training: Config, outputs: int | None = 1) -> Config:
    """Return the arguments of `compile`, nested by output unless there is only one output."""
    arguments = {
        "loss": write_nested("losses", training.get("loss")),
        "loss_weights": training.get("loss_weights"),
        "metrics": write_nested("metrics", training.get("metrics")),
        "weighted_metrics": write_nested("metrics", training.get("weighted_metrics")),
    }
    if outputs == 1:
        arguments["loss"] = next(iter(flat(arguments["loss"])), None)
        arguments |= {
            name: flat(arguments[name]) or None for name in ("loss_weights", "metrics", "weighted_metrics")
        }
    return {
        "optimizer": write_object("optimizers", training["optimizer_config"]),
        **arguments,
        "run_eagerly": False,
        "steps_per_execution": training.get("steps_per_execution") or 1,
        "jit_compile": "auto",
    }


def write_nested(family: str, entries: Any) -> Any:
    """Return losses or metrics with their nesting in lists and dicts."""
    if isinstance(entries, list | tuple):
        return [write_nested(family, entry) for entry in entries]
    if isinstance(entries, Mapping):
        if "class_name" in entries:
            return write_object(family, unwrapped(family, entries))
        return {name: write_nested(family, entry) for name, entry in entries.items()}
    return write_name(family, entries) if isinstance(entries, str) else entries


def unwrapped(family: str, entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the mean of a function as the class that computes the same, if Keras 3 has only the class."""
    config = entry["config"]
    by_class = renamed(family, NamedByClass)
    function = config.get("fn") if entry["class_name"] == "MeanMetricWrapper" else None
    if isinstance(function, str) and function in by_class:
        return {"class_name": by_class[function], "config": {n: v for n, v in config.items() if n != "fn"}}
    return entry
