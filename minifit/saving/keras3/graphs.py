"""The translation of graphs between the forms of Keras 3 and tf.keras 2.7.

tf.keras 2.7 stores a call of a layer as the origin of its first argument, followed by the further arguments:
``[[["dense", 0, 0, {"training": True}]]]``. Keras 3 stores positional and keyword arguments; the result of another call
among them is a tensor with a history: ``["dense", 0, 0]``. Both refer to a result by the layer's name, the index of the
call and the index of the result. A model in the graph was already called once when it was created: tf.keras 2.7
therefore counts its calls from 1, Keras 3 only if it is a graph, and only in the inputs and outputs of the outer graph.

Operations on tensors are layers in tf.keras 2.7 and separate classes in Keras 3: see `minifit.operations`.
"""

from collections.abc import Callable, Mapping
from inspect import Parameter, signature
from typing import Any

from minifit import layers, operations
from minifit.errors import FileFormatError
from minifit.saving.description import Config
from minifit.saving.graph_config import (
    CONSTANT,
    OPERATIONS,
    calls_before,
    is_graph,
    is_reference,
    replaced,
)
from minifit.saving.keras3.rows import refuse_to_read, refuse_to_write

IN_KERAS = "keras.src.ops."
"""The prefix of the modules of operations in Keras 3."""

Shapes = Mapping[tuple[Any, ...], tuple[int | None, ...]]
Names = Mapping[str, Any]


# -- into Keras 3 --------------------------------------------------------------------------------------------


class Writer:
    """A writer of the calls of one graph in Keras 3's form.

    Parameters
    ----------
    arguments : dict
        The graph in the form of tf.keras 2.7.
    shapes : dict
        The shapes of its tensors, by `path` and reference.
    path : tuple of str
        The names of the models that contain the graph.
    """

    def __init__(self, arguments: Config, shapes: Shapes, path: tuple[str, ...]) -> None:
        self.arguments, self.shapes, self.path = arguments, shapes, path
        self.before = {entry["name"]: calls_before(entry) for entry in arguments["layers"]}
        self.graphs = {entry["name"] for entry in arguments["layers"] if is_graph(entry.get("config"))}

    def entry(self, entry: Config, written: Callable[[Config], Config]) -> Config:
        """Return a layer with its calls; `written` returns it without them."""
        if entry["class_name"] in OPERATIONS:
            return self._operation(entry)
        calls = [self._call(call) for call in entry["inbound_nodes"]]
        return {**written(entry), "name": entry["name"], "inbound_nodes": calls}

    def ends(self, name: str) -> Any:
        """Return the inputs or outputs of the graph, as ``input_layers`` or ``output_layers``."""

        def end(row: list[Any]) -> list[Any]:
            call = row[1] - self.before.get(row[0], 0) + (row[0] in self.graphs)
            return [row[0], call, row[2]]

        ends = self.arguments[name]
        # tf.keras 2.7 writes a list even for a single one.
        single = isinstance(ends, list) and len(ends) == 1 and is_reference(ends[0])
        return replaced(ends[0] if single else ends, end)

    def _call(self, call: Any) -> Config:
        first, kwargs = self._arguments(call)
        if isinstance(first, list) and len(first) == 1:
            first = first[0]
        return {"args": [first], "kwargs": kwargs}

    def _arguments(self, call: Any) -> tuple[Any, dict[str, Any]]:
        """Return the first argument of a call, and the others by name."""
        kwargs: dict[str, Any] = {}

        def reference(row: list[Any]) -> Any:
            kwargs.update(row[3] if len(row) == 4 else {})
            return row[2] if row[0] == CONSTANT else self._tensor(row)

        first = replaced(call, reference)
        return first, {name: replaced(value, self._tensor) for name, value in kwargs.items()}

    def _tensor(self, row: list[Any]) -> Config:
        history = [row[0], row[1] - self.before.get(row[0], 0), row[2]]
        shape = self.shapes.get((*self.path, *history), (None,))
        config = {"shape": list(shape), "dtype": "float32", "keras_history": history}
        return {"class_name": "__keras_tensor__", "config": config}

    def _operation(self, entry: Config) -> Config:
        name = entry["config"]["function"]
        operation = operations.named(name)
        if not operation.keras3:
            refuse_to_write(f"{name} as a part of a graph")
        module, _, class_name = operation.keras3.partition(".")
        attributes: dict[str, Any] = {}
        calls = []
        for call in entry["inbound_nodes"]:
            first, kwargs = self._arguments(call)
            args = [_operand(first)]
            for argument in operation.further:
                if argument.tensorflow not in kwargs:
                    continue
                value = kwargs[argument.tensorflow]
                if argument.attribute:
                    attributes[argument.keras3] = value
                else:
                    args.append(
                        _written_index(value) if operation.keras3 == "numpy.GetItem" else _operand(value)
                    )
            calls.append({"args": args, "kwargs": {}})
        return {
            "module": IN_KERAS + module,
            "class_name": class_name,
            "config": {"name": entry["name"], **attributes},
            "registered_name": class_name,
            "name": entry["name"],
            "inbound_nodes": calls,
        }


def _operand(value: Any) -> Any:
    """Return an argument of an operation; lists of numbers become arrays."""
    numbers = isinstance(value, list) and not _has_tensors(value)
    return {"class_name": "__numpy__", "config": {"value": value, "dtype": "float32"}} if numbers else value


def _has_tensors(value: Any) -> bool:
    return any(_has_tensors(v) if isinstance(v, list) else isinstance(v, Mapping) for v in value)


def _written_index(index: Any) -> Any:
    """Return an index in Keras 3's form."""
    if isinstance(index, list):
        return [_written_index(entry) for entry in index]
    if isinstance(index, Mapping):
        special = index.get("class_name") == "__ellipsis__"
        return {"class_name": "__ellipsis__", "config": {}} if special else _slice(index)
    return {"class_name": "__ellipsis__", "config": {}} if index in ("Ellipsis", "...") else index


def _slice(index: Mapping[str, Any]) -> Config:
    # A tensor.
    if "class_name" in index:
        return dict(index)
    return {
        "class_name": "__slice__",
        "config": {part: index.get(part) for part in ("start", "stop", "step")},
    }


# -- out of Keras 3 ------------------------------------------------------------------------------------------


class Reading:
    """A reader of the calls of one graph in Keras 3's form.

    Parameters
    ----------
    custom : dict
        The `custom_objects` by name, for the names of their calls' arguments.
    value : callable
        ``value(argument, value)`` reads the value of an argument.
    """

    def __init__(self, custom: Any, value: Callable[[str, Any], Any]) -> None:
        self.custom = custom if isinstance(custom, Mapping) else {}
        self.value = value
        self.before: dict[str, int] = {}
        self.graphs: set[str] = set()

    def entries(self, listed: list[Any], read: Callable[[Any], Any]) -> list[Config]:
        """Return all layers with their calls; `read` returns a layer without them."""
        entries = []
        for entry in listed:
            if not isinstance(entry, Mapping) or not isinstance(entry.get("name"), str):
                raise _strange("a layer of a graph with a name", entry)
            name = entry["name"]
            layer = _operation_read(entry) if _is_operation(entry) else read(entry)
            if not isinstance(layer, Mapping):
                raise _strange("a layer of a graph", entry)
            entries.append({**layer, "name": name})
            self.before[name] = calls_before(entries[-1])
            if is_graph(entries[-1].get("config")):
                self.graphs.add(name)
        for entry, layer in zip(listed, entries, strict=True):
            calls = entry.get("inbound_nodes")
            if not isinstance(calls, list):
                raise _strange("the calls of a layer", calls)
            layer["inbound_nodes"] = [self._call(call, entry, layer) for call in calls]
        return entries

    def ends(self, stored: Any) -> Any:
        """Return the inputs or outputs of the graph."""

        def end(row: list[Any]) -> list[Any]:
            return [row[0], row[1] + self.before.get(row[0], 0) - (row[0] in self.graphs), row[2]]

        found = replaced(stored, end)
        return [found] if is_reference(found) else found

    def _call(self, call: Any, entry: Mapping[str, Any], layer: Config) -> Any:
        if not isinstance(call, Mapping) or not isinstance(call.get("args", []), list):
            raise _strange("a call with args and kwargs", call)
        kwargs = call.get("kwargs") or {}
        if not isinstance(kwargs, Mapping):
            raise _strange("the arguments of a call by name", kwargs)
        args = list(call.get("args") or [])
        # Keras 3 writes a mask for every call of a model, even if there is none.
        named = {name: value for name, value in kwargs.items() if not _is_unset(name, value)}
        if layer["class_name"] in OPERATIONS:
            return self._operation_called(entry, args, named)
        names = argument_names(layer["class_name"], self.custom)
        if not args and names and names[0] in named:
            args = [named.pop(names[0])]
        if not args or len(args) > 1 + len(names[1:]):
            raise _strange(f"a call of {entry['name']} with its arguments", call)
        named = {**dict(zip(names[1:], args[1:], strict=False)), **named}
        further = {name: self._further(name, value) for name, value in named.items()}
        first = self._first(args[0], further)
        return first if isinstance(first, dict | list) and not is_reference(first) else [first]

    def _operation_called(self, entry: Mapping[str, Any], args: list[Any], named: dict[str, Any]) -> Any:
        operation = _operation_of(entry)
        config = entry.get("config") or {}
        places = [a for a in operation.further if not a.attribute]
        if not args or len(args) - 1 > len(places):
            raise _strange(f"a call of {entry['class_name']} with its arguments", args)
        values = {a.tensorflow: v for a, v in zip(places, args[1:], strict=False)}
        values |= {a.tensorflow: named.pop(a.keras3) for a in places if a.keras3 in named}
        values |= {
            a.tensorflow: config[a.keras3] for a in operation.further if a.attribute and a.keras3 in config
        }
        if named:
            refuse_to_read(f"{entry['class_name']} with {next(iter(named))}={next(iter(named.values()))!r}")
        if operation.keras3 == "numpy.GetItem":
            further = {name: _read_index(value) for name, value in values.items()}
        else:
            further = {name: self._further(name, value) for name, value in values.items()}
        return self._first(args[0], further)

    def _first(self, value: Any, kwargs: dict[str, Any]) -> Any:
        """Return the first argument of a call, with the other arguments after each leaf."""
        if _is_tensor(value):
            return [*self._reference(value), kwargs]
        if isinstance(value, list):
            return [self._first(entry, kwargs) for entry in value]
        if isinstance(value, Mapping) and "class_name" not in value:
            return {key: self._first(entry, kwargs) for key, entry in value.items()}
        return [CONSTANT, -1, self.value("", value), kwargs]

    def _further(self, name: str, value: Any) -> Any:
        if _is_tensor(value):
            return self._reference(value)
        if isinstance(value, list):
            return [self._further(name, entry) for entry in value]
        if isinstance(value, Mapping) and "class_name" not in value:
            return {key: self._further(name, entry) for key, entry in value.items()}
        return self.value(name, value)

    def _reference(self, tensor: Mapping[str, Any]) -> list[Any]:
        config = tensor.get("config")
        history: Any = config.get("keras_history") if isinstance(config, Mapping) else None
        if not is_reference(history) or len(history) != 3 or not isinstance(history[2], int):
            raise _strange("a tensor with the call that made it", history)
        return [history[0], history[1] + self.before.get(history[0], 0), history[2]]


def argument_names(class_name: str, custom: Names) -> list[str]:
    """Return the names of the positional arguments of a layer's call."""
    kind = custom.get(class_name) or layers.TABLE.get(class_name)
    call = getattr(kind, "call", None)
    if call is None:
        return ["inputs", "training", "mask"]
    kinds = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    return [p.name for p in signature(call).parameters.values() if p.kind in kinds][1:]


def _is_tensor(value: Any) -> bool:
    return isinstance(value, Mapping) and value.get("class_name") == "__keras_tensor__"


def _is_unset(name: str, value: Any) -> bool:
    """Return whether an argument is `mask` or `training` and None."""
    if name not in ("mask", "training"):
        return False
    if isinstance(value, list):
        return all(_is_unset(name, entry) for entry in value)
    if isinstance(value, Mapping):
        return all(_is_unset(name, entry) for entry in value.values())
    return value is None


def _is_operation(entry: Mapping[str, Any]) -> bool:
    module = entry.get("module")
    return isinstance(module, str) and module.startswith((IN_KERAS, "keras.src.activations."))


def _operation_of(entry: Mapping[str, Any]) -> operations.Operation:
    name = f"{str(entry['module']).rpartition('.')[2]}.{entry.get('class_name')}"
    operation = operations.BY_KERAS3.get("nn.Relu" if name == "activations.ReLU" else name)
    if operation is None:
        refuse_to_read(f"the operation {name!r} in a graph", "minifit has no such operation")
    return operation


def _operation_read(entry: Mapping[str, Any]) -> Config:
    """Return an operation as the layer of tf.keras 2.7."""
    operation = _operation_of(entry)
    config = entry.get("config") or {}
    if not isinstance(config, Mapping):
        raise _strange("the arguments of an operation", config)
    known = {"name", *(argument.keras3 for argument in operation.further)}
    for name, value in config.items():
        if name not in known and not operation.is_idle(name, value) and value != 0:
            refuse_to_read(f"{entry['class_name']} with {name}={value!r}")
    class_name = OPERATIONS[operation.keras3 == "numpy.GetItem"]
    arguments = {
        "name": entry["name"],
        "trainable": True,
        "dtype": "float32",
        "function": operation.tensorflow,
    }
    return {"class_name": class_name, "config": arguments}


def _read_index(index: Any) -> Any:
    """Return an index in the form of tf.keras 2.7."""
    if isinstance(index, list):
        return [_read_index(entry) for entry in index]
    if isinstance(index, Mapping):
        parts = index.get("config")
        if index.get("class_name") == "__slice__" and isinstance(parts, Mapping):
            return {part: parts.get(part) for part in ("start", "stop", "step")}
        if index.get("class_name") == "__ellipsis__":
            return {"class_name": "__ellipsis__"}
        raise _strange("an index of numbers and slices", index)
    return index


def _strange(expected: str, received: Any) -> FileFormatError:
    return FileFormatError(
        f"A file of Keras 3 has {expected} here. Received: {str(received)[:80]}. Save the model again from Keras."
    )
