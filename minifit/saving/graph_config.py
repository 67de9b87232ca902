"""The configuration of a graph in the form of tf.keras 2.7: plain functions on what it is made of.

Each layer is listed with the calls that were made of it. A result of a call is named by the layer, by which of its
calls it was, and by which of the results of that: ``["dense", 0, 0]``. In the first argument of a call the further
ones stand behind each name: ``["dense", 0, 0, {"training": True}]``.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

CONSTANT = "_CONSTANT_VALUE"
"""The place of the layer's name where the first argument of a call is no result of another."""

OPERATIONS = ("TFOpLambda", "SlicingOpLambda")
"""Layers that are operations on tensors. What they are called with is listed as it is, not in a list of one."""

SHARED = "shared_object_id"
"""The key of a number that is the same wherever one and the same layer is described."""


def is_graph(arguments: Any) -> bool:
    """Return whether the arguments of a model are those of a graph."""
    return isinstance(arguments, Mapping) and {"layers", "input_layers", "output_layers"} <= set(arguments)


def calls_before(entry: Mapping[str, Any]) -> int:
    """Return how many calls of a layer count ahead of those in the graph that lists it.

    A model that knows its inputs has been called on them when it was made.
    """
    arguments = entry.get("config")
    if is_graph(arguments):
        return 1
    inner = arguments.get("layers") if isinstance(arguments, Mapping) else None
    first = inner[0] if isinstance(inner, list) and inner else None
    return int(isinstance(first, Mapping) and first.get("class_name") == "InputLayer")


def is_reference(value: Any) -> bool:
    """Return whether a list names a result of a call, perhaps with arguments behind."""
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
    """Return a nested value with something else in the place of each reference, and of each other leaf."""
    if is_reference(value):
        return reference(value)
    if isinstance(value, list | tuple):
        return [replaced(entry, reference, plain) for entry in value]
    if isinstance(value, Mapping):
        return {key: replaced(entry, reference, plain) for key, entry in value.items()}
    return plain(value)


def references(value: Any) -> Iterator[Any]:
    """Yield the references in a nested value, a dict in the order of its sorted keys."""
    if is_reference(value):
        yield value
    elif isinstance(value, list | tuple):
        for entry in value:
            yield from references(entry)
    elif isinstance(value, Mapping):
        for key in sorted(value, key=str):
            yield from references(value[key])


def outputs_of(config: Any) -> int | None:
    """Return how many outputs a model has by its class and arguments; None where these do not say."""
    arguments: Any = config.get("config") if isinstance(config, Mapping) else None
    if is_graph(arguments):
        return len(list(references(arguments["output_layers"])))
    return 1 if isinstance(arguments, Mapping) and isinstance(arguments.get("layers"), list) else None
