"""The translation of a model's configuration from the form of Keras 3 to that of tf.keras 2.7, which minifit uses."""

from collections.abc import Collection, Mapping
from typing import Any, NoReturn

from minifit.errors import FileFormatError, UnknownNameError, quoted, suggestion
from minifit.layers.base import snake_case
from minifit.saving.description import Config
from minifit.saving.graph_config import SHARED, is_graph, outputs_of
from minifit.saving.keras3.differences import DIFFERENCES
from minifit.saving.keras3.families import BY_SHAPE, FAMILIES, FAMILY_OF, flat, refuse_named, renamed
from minifit.saving.keras3.graphs import Reading
from minifit.saving.keras3.rows import Named, refuse_to_read


def model_from_keras3(stored: Any, custom: Collection[str] = ()) -> Config:
    """Return a model's configuration, see `ModelDescription`.

    Parameters
    ----------
    stored : dict
        The content of ``config.json``.
    custom : collection of str
        The names in `custom_objects`.

    Raises
    ------
    FileFormatError, UnknownNameError
        When minifit does not have such a model.
    """
    return Reader(custom).model(stored)


def training_from_keras3(stored: Any, custom: Collection[str] = ()) -> Config | None:
    """Return the arguments of `compile`, see `ModelDescription`; the parameters are those of `model_from_keras3`."""
    arguments = stored.get("compile_config") if isinstance(stored, Mapping) else None
    return Reader(custom).training(arguments, outputs_of(stored)) if arguments else None


class Reader:
    """A reader of configurations of Keras 3; `custom` has the names of the caller's objects."""

    def __init__(self, custom: Collection[str]) -> None:
        self.custom = custom

    def model(self, stored: Any) -> Config:
        """Return a whole model."""
        name, arguments = parts(stored)
        own, module = self.own_name(stored, name), stored.get("module")
        if own is None and not str(module).startswith("keras"):
            raise unknown("model", name, module, ())
        if own is None and module not in MODELS.get(name, ()):
            raise FileFormatError(
                f"minifit reads Sequential models and graphs. Received: a file with a {name} of {module!r}. "
                "Save one of these, or build the model here and load its weights."
            )
        if own is not None and not isinstance(arguments.get("layers"), list):
            return {"class_name": own, "config": {k: self.value(k, v) for k, v in arguments.items()}}
        return {"class_name": own or name, "config": self.layers(arguments)}

    def layers(self, arguments: Mapping[str, Any]) -> Config:
        """Return the arguments of a model that lists its layers: a chain or a graph."""
        listed = arguments.get("layers")
        if not isinstance(listed, list) or not isinstance(arguments.get("name"), str):
            raise strange("a model with a name and a list of layers", arguments)
        if not is_graph(arguments):
            return {"name": arguments["name"], "layers": [self.layer(entry) for entry in listed]}
        reading = Reading(self.custom, self.value)
        return {
            "name": arguments["name"],
            "layers": reading.entries(listed, self.layer),
            "input_layers": reading.ends(arguments["input_layers"]),
            "output_layers": reading.ends(arguments["output_layers"]),
        }

    def layer(self, entry: Any) -> Config:
        """Return a layer of a model, which may be a model."""
        name, arguments = parts(entry)
        inner = is_graph(arguments) or (name in MODELS and entry.get("module") in MODELS[name])
        layer: Config = self.model(entry) if inner else self.object("layers", entry)
        if SHARED in entry and isinstance(layer, dict):
            layer[SHARED] = entry[SHARED]
        return layer

    def object(self, family: str, entry: Any) -> Any:
        """Return an object in tf.keras 2.7's form, a function as its name, or an array as a list."""
        class_name, arguments = parts(entry)
        if class_name == "function":
            return self.function(family, entry)
        if class_name in PLAIN:
            return arguments.get(PLAIN[class_name])
        own = self.own_name(entry, class_name)
        if own is None:
            family, class_name = built_in(family, entry)
        class_name = own or class_name
        refuse_named(family, class_name, refuse_name)
        config = {name: self.value(name, value) for name, value in arguments.items()}
        for row in DIFFERENCES.get(family, ()):
            if row.concerns(class_name):
                row.read(class_name, config)
        return {"class_name": class_name, "config": config}

    def own_name(self, entry: Mapping[str, Any], name: str) -> str | None:
        """Return the name of a user's class or function in `custom_objects`; Keras registers ``package>Name``."""
        registered = entry.get("registered_name")
        candidates = [r for r in (registered, name) if isinstance(r, str)]
        candidates += [c.rpartition(">")[2] for c in candidates]
        return next((c for c in candidates if c in self.custom), None)

    def function(self, family: str, entry: Mapping[str, Any]) -> Any:
        """Return a function as its name."""
        name = entry.get("config")
        if not isinstance(name, str):
            raise strange("the name of a function", name)
        own = self.own_name(entry, name)
        if own is None and entry.get("module") not in ("builtins", *(f.module for f in FAMILIES.values())):
            raise unknown("function", name, entry.get("module"), ())
        return own or self.name(family, name)

    def value(self, argument: str, value: Any) -> Any:
        """Return the value of an argument of any class."""
        if isinstance(value, Mapping):
            if "class_name" in value and "config" in value:
                return self.object(FAMILY_OF.get(argument.rpartition("_")[2], ""), value)
            return {name: self.value(name, inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.value(argument, inner) for inner in value]
        if isinstance(value, str) and argument == "activation":
            return self.name("activations", value)
        return value

    def name(self, family: str, name: str) -> Any:
        """Return a function of a family as its name; Keras 3 also accepts ``auc`` for the metric `AUC`."""
        if name in self.custom or family not in FAMILIES:
            return name
        refuse_named(family, name, refuse_name)
        table = FAMILIES[family].table
        if name in table or name.lower() in BY_SHAPE:
            return name
        classes = {snake_case(n): n for n, member in table.items() if isinstance(member, type)}
        return {"class_name": classes[name], "config": {}} if name in classes else name

    def training(self, stored: Any, outputs: int | None = 1) -> Config:
        """Return the arguments of `compile`, nested by output unless there is only one output."""
        if not isinstance(stored, Mapping):
            raise strange("the arguments of compile", stored)
        arguments = {
            "loss": self.nested("losses", stored.get("loss")),
            "loss_weights": stored.get("loss_weights"),
            "metrics": self.nested("metrics", stored.get("metrics")),
            "weighted_metrics": self.nested("metrics", stored.get("weighted_metrics")),
        }
        if outputs == 1:
            arguments = {name: flat(value) or None for name, value in arguments.items()}
            arguments |= {name: only(arguments[name] or []) for name in ("loss", "loss_weights")}
        return {
            "optimizer_config": self.optimizer(stored.get("optimizer")),
            **arguments,
            "steps_per_execution": stored.get("steps_per_execution"),
        }

    def optimizer(self, stored: Any) -> Config:
        """Return an optimizer from its configuration or its name."""
        if isinstance(stored, str):
            stored = {"module": "keras.optimizers", "class_name": stored, "config": {}}
        optimizer: Config = self.object("optimizers", stored)
        return optimizer

    def nested(self, family: str, stored: Any) -> Any:
        """Return losses or metrics with their nesting in lists and dicts."""
        if isinstance(stored, list):
            return [self.nested(family, entry) for entry in stored]
        if isinstance(stored, Mapping) and "class_name" not in stored:
            return {name: self.nested(family, entry) for name, entry in stored.items()}
        if stored is None:
            return None
        return self.name(family, stored) if isinstance(stored, str) else self.object(family, stored)


MODELS = {
    "Sequential": ("keras", "keras.models"),
    "Functional": ("keras.src.models.functional", "keras.models", "keras"),
    "Model": ("keras", "keras.models"),
}
"""The kinds of models that minifit also has, with their modules in Keras 3."""

PLAIN = {"DTypePolicy": "name", "SeedGenerator": "seed", "__numpy__": "value", "__tensor__": "value"}
"""The objects of Keras 3 that are replaced by one of their arguments."""


def built_in(family: str, entry: Mapping[str, Any]) -> tuple[str, str]:
    """Return the family and minifit's name of a class of Keras, actual where a member of `family` is expected."""
    name, module = entry["class_name"], entry.get("module")
    actual = next((f for f, (keras, _) in FAMILIES.items() if keras == module), None)
    if actual is None:
        raise unknown("class", name, module, ())
    # A layer may be an activation.
    if family and actual != family and (family, actual) != ("activations", "layers"):
        refuse_to_read(f"{module}.{name} among the {family}", "minifit does not have it there")
    name = {keras3: keras2 for keras2, keras3 in renamed(actual, Named).items()}.get(name, name)
    if name not in FAMILIES[actual].table:
        raise unknown(FAMILIES[actual].table.kind, name, module, FAMILIES[actual].table)
    return actual, name


def parts(entry: Any) -> tuple[str, Mapping[str, Any]]:
    """Return the class name of an object in a file and its arguments (none for a function)."""
    if not isinstance(entry, Mapping) or not isinstance(entry.get("class_name"), str):
        raise strange("an object with a class_name", entry)
    arguments = entry.get("config") or {}
    if entry["class_name"] == "function":
        return "function", {}
    if not isinstance(arguments, Mapping):
        raise strange("an object with a config", entry)
    return entry["class_name"], arguments


def refuse_name(what: str, why: str) -> NoReturn:
    """Raise the error for a name that means something else in minifit."""
    refuse_to_read(
        what, why, "Save it without that, or pass your own object under that name in custom_objects"
    )


def only(entries: list[Any]) -> Any:
    """Return the single entry for a model with one output; several are returned as a list, which `compile` refuses."""
    return entries[0] if len(entries) == 1 else entries or None


def strange(expected: str, received: Any) -> FileFormatError:
    """Return the error for a value other than Keras writes at this point."""
    text = received if isinstance(received, str) else repr(received)
    return FileFormatError(
        f"A file of Keras 3 has {expected} here. Received: {text[:80]}. Save the model again from Keras."
    )


def unknown(kind: str, name: str, module: Any, known: Collection[str]) -> UnknownNameError:
    """Return the error for a class or function that is neither minifit's nor the caller's."""
    near = f" {suggestion(name, known)}" if known else ""
    short = name if len(name) < 40 else f"{name[:30]}..."
    return UnknownNameError(
        f"A file's {kind} must be one of minifit's or in custom_objects. Received: {short!r} of module "
        f"{quoted(module)}.{near} Pass custom_objects={{{short!r}: ...}} with your own class or function."
    )
