"""The configuration of a graph in the form of tf.keras 2.7, with functions on its parts.

Each layer is listed with its calls. A reference to a result consists of the layer's name, the index of the call and the
index of the result: ``["dense", 0, 0]``. In the first argument of a call, each reference is followed by the further
arguments: ``["dense", 0, 0, {"training": True}]``.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

CONSTANT = "_CONSTANT_VALUE"
"""The layer's name in the entry of a first argument that is not the result of a call."""

OPERATIONS = ("TFOpLambda", "SlicingOpLambda")
"""The layers that are operations on tensors. Their first argument is listed directly, not in a list of one."""

SHARED = "shared_object_id"
"""The key of a number that is the same in all descriptions of one layer."""


def is_graph(arguments: Any) -> bool:
    """Return whether the arguments of a model are those of a graph."""
    return isinstance(arguments, Mapping) and {"layers", "input_layers", "output_layers"} <= set(arguments)


def calls_before(entry: Mapping[str, Any]) -> int:
    """Return the number of calls of a layer that precede those in the graph that lists it.

    A model with known inputs was already called on them when it was created.
    """
    arguments = entry.get("config")
    if is_graph(arguments):
        return 1
    inner = arguments.get("layers") if isinstance(arguments, Mapping) else None
    first = inner[0] if isinstance(inner, list) and inner else None
    return int(isinstance(first, Mapping) and first.get("class_name") == "InputLayer")


def is_reference(value: Any) -> bool:
    """Return whether a list is a reference to a result of a call, possibly followed by arguments."""
    return (
        isinstance(value, list | tuple)
        and len(value) in (3, 4)
        and isinstance(value[0], str)
        and _is_count(value[1])
        and (value[0] == CONSTANT or _is_count(value[2]))
        and (len(value) == 3 or isinstance(value[3], Mapping))
    )


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def replaced(
    value: Any, reference: Callable[[Any], Any], plain: Callable[[Any], Any] = lambda value: value
) -> Any:
    """Return a nested value with each reference replaced by `reference(value)`, each other leaf by `plain(value)`."""
    if is_reference(value):
        return reference(value)
    if isinstance(value, list | tuple):
        return [replaced(entry, reference, plain) for entry in value]
    if isinstance(value, Mapping):
        return {key: replaced(entry, reference, plain) for key, entry in value.items()}
    return plain(value)


def references(value: Any) -> Iterator[Any]:
    """Yield the references in a nested value; dicts are read in the order of their sorted keys."""
    if is_reference(value):
        yield value
    elif isinstance(value, list | tuple):
        for entry in value:
            yield from references(entry)
    elif isinstance(value, Mapping):
        for key in sorted(value, key=str):
            yield from references(value[key])


def outputs_of(config: Any) -> int | None:
    """Return the number of outputs of a model according to its configuration; None if that does not tell."""
    arguments: Any = config.get("config") if isinstance(config, Mapping) else None
    if is_graph(arguments):
        return len(list(references(arguments["output_layers"])))
    return 1 if isinstance(arguments, Mapping) and isinstance(arguments.get("layers"), list) else None
