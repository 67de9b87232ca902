"""Graphs to and from plain data in the form of tf.keras 2.7, which `minifit.saving.graph_config` explains."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from minifit import layers, nest
from minifit.errors import FileFormatError, quoted
from minifit.graph import Node, Symbol
from minifit.registration import custom_object_scope
from minifit.saving.graph_config import (
    CONSTANT,
    OPERATIONS,
    SHARED,
    calls_before,
    is_graph,
    references,
    replaced,
)
from minifit.tables import described as class_and_config
from minifit.tensor import Tensor
from minifit.training.trainable import Trainable

MODELS: dict[str, Any] = {}
"""The model classes by name; each module adds its own."""

_NAMES_NOTHING = ("name", "trainable", "batch_input_shape", "dtype")


# -- to plain data -------------------------------------------------------------------------------------------


def of_graph(model: Any) -> dict[str, Any]:
    """Return the configuration of a model that is a graph."""
    place = places(model)
    described_layers = {layer: entry_of(layer) for layer in model._graph.layers}
    before = {layer: calls_before(entry) for layer, entry in described_layers.items()}

    def reference(leaf: Any) -> Any:
        if isinstance(leaf, Symbol):
            layer = leaf.node.layer
            return _Row([layer.name, place[leaf.node] + before[layer], leaf.index])
        return plain_value(leaf)

    def call(node: Node) -> Any:
        kwargs = {k: nest.map_leaves(reference, v) for k, v in node.kwargs.items()}

        def first(leaf: Any) -> _Row:
            row = reference(leaf)
            return _Row([*(row if isinstance(leaf, Symbol) else [CONSTANT, -1, row]), kwargs])

        in_list = not nest.is_nested(node.inputs) and type(node.layer).__name__ not in OPERATIONS
        return nest.map_leaves(first, [node.inputs] if in_list else node.inputs)

    calls: dict[Any, list[Any]] = {layer: [] for layer in model._graph.layers}
    for node in sorted(model._graph.nodes, key=place.__getitem__):
        calls[node.layer].append(_as_lists(call(node)))
    entries = [
        {**described_layers[layer], "name": layer.name, "inbound_nodes": inbound}
        for layer, inbound in calls.items()
    ]
    ends = [
        nest.map_leaves(reference, value if nest.is_nested(value) else [value])
        for value in (model.input, model.output)
    ]
    return {
        "name": model.name,
        "layers": entries,
        "input_layers": _as_lists(ends[0]),
        "output_layers": _as_lists(ends[1]),
    }


def entry_of(layer: Any) -> dict[str, Any]:
    """Return the class and the configuration of a layer; tf.keras has a separate class for indexing."""
    entry = class_and_config(layer)
    slicing = entry["config"].get("function") == SLICING if type(layer) is layers.TFOpLambda else False
    return {**entry, "class_name": OPERATIONS[1]} if slicing else entry


SLICING = "__operators__.getitem"


def plain_value(value: Any) -> Any:
    """Return an argument of a call in JSON's types: arrays as lists, slices and ellipses as dicts."""
    if isinstance(value, Tensor):
        return value.numpy().tolist()
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, slice):
        return {"start": value.start, "stop": value.stop, "step": value.step}
    return {"class_name": "__ellipsis__"} if value is ... else value


def places(model: Any) -> dict[Node, int]:
    """Return each call in a graph with its index among the calls of its layer in this graph."""
    graph = model._graph
    inside = {symbol.node for symbol in graph.inputs} | set(graph.nodes)
    return {
        node: i for layer in graph.layers for i, node in enumerate(n for n in layer._nodes if n in inside)
    }


class _Row:
    """A list that counts as one leaf."""

    def __init__(self, entries: list[Any]) -> None:
        self.entries = entries

    def __iter__(self) -> Iterator[Any]:
        return iter(self.entries)


def _as_lists(value: Any) -> Any:
    """Return plain lists and dicts."""
    if isinstance(value, _Row):
        return [_as_lists(entry) for entry in value]
    if isinstance(value, list | tuple):
        return [_as_lists(entry) for entry in value]
    return {k: _as_lists(v) for k, v in value.items()} if isinstance(value, dict) else value


def described(model: Any) -> list[Any]:
    """Return the layers of a model and their connections, without names and initializers."""
    inside = model.layers_inside()
    number = {layer: i for i, layer in enumerate(inside)}
    entries: list[Any] = [
        {"class_name": type(layer).__name__, "layers": layer.describe()}
        if isinstance(layer, Trainable)
        else {"class_name": type(layer).__name__, **_deciding(layer)}
        for layer in inside
        if type(layer) is not layers.InputLayer
    ]
    if model._graph is not None and not model.is_chain:
        place = places(model)

        def where(leaf: Any) -> Any:
            return (
                f"{number[leaf.node.layer]}/{place[leaf.node]}/{leaf.index}"
                if isinstance(leaf, Symbol)
                else leaf
            )

        entries.append(
            [
                [number[n.layer], nest.map_leaves(where, n.inputs), nest.map_leaves(where, n.kwargs)]
                for n in model._graph.nodes
            ]
        )
    return entries


def _deciding(layer: Any) -> dict[str, Any]:
    """Return the arguments of a layer that still matter once it has weights."""
    return {
        k: v
        for k, v in layer.get_config().items()
        if k not in _NAMES_NOTHING and not k.endswith("_initializer")
    }


# -- from plain data -----------------------------------------------------------------------------------------


@contextmanager
def sharing_layers() -> Iterator[None]:
    """Load configuration entries with the same number as one shared layer while the block runs."""
    before = _shared.set({})
    try:
        yield
    finally:
        _shared.reset(before)


_shared: ContextVar[dict[Any, Any] | None] = ContextVar("shared layers", default=None)


def make_layer(entry: Any) -> Any:
    """Return the layer or model that an entry of a configuration describes."""
    shared, number = _shared.get(), entry.get(SHARED) if isinstance(entry, Mapping) else None
    if shared is None or not isinstance(number, int):
        return _make(entry)
    if number not in shared:
        shared[number] = _make(entry)
    return shared[number]


def _make(entry: Any) -> Any:
    if isinstance(entry, Mapping) and entry.get("class_name") in MODELS:
        return MODELS[entry["class_name"]].from_config(entry.get("config") or {})
    if isinstance(entry, Mapping):
        name = entry.get("class_name")
        entry = {
            "class_name": OPERATIONS[0] if name == OPERATIONS[1] else name,
            "config": entry.get("config"),
        }
    return layers.TABLE.make(entry)


def symbols_of(config: Any, custom_objects: Mapping[str, Any] | None = None) -> tuple[Any, Any, list[Symbol]]:
    """Return the inputs and outputs that a configuration describes, and the symbols of added losses and metrics.

    Raises
    ------
    FileFormatError
        When `config` does not describe a graph, has a cycle, or refers to missing calls.
    """
    if not is_graph(config) or not _are_entries(entries := config["layers"]):
        raise FileFormatError(
            "The configuration of a graph is a dict with 'layers', 'input_layers' and 'output_layers'. "
            f"Received: {quoted(config)}. Pass the result of get_config()."
        )
    with custom_object_scope(custom_objects):
        by_name = {entry["name"]: make_layer(entry) for entry in entries}
    if len(by_name) < len(entries):
        raise FileFormatError(
            f"Layers of a graph need different names. Received: {quoted([e['name'] for e in entries])}. "
            "Pass the result of get_config()."
        )
    calls = {
        (entry["name"], i): call
        for entry in entries
        for i, call in enumerate(entry["inbound_nodes"], calls_before(entry))
    }
    results = _Calls(by_name, calls)
    inputs = _ends(config["input_layers"], results)
    outputs = _ends(config["output_layers"], results)
    for key in calls:
        results.of(key)
    returned = set(nest.flatten(outputs))
    more = [s for s in results.ends() if s not in returned and type(s.node.layer) in ANCILLARY]
    return inputs, outputs, more


ANCILLARY = (layers.AddLoss, layers.AddMetric)
"""The layers whose results a model computes without returning them."""


class _Calls:
    """The calls of a graph, performed when their results are needed."""

    def __init__(self, layers_by_name: dict[str, Any], calls: dict[tuple[str, int], Any]) -> None:
        self._layers, self._calls = layers_by_name, calls
        self._results: dict[tuple[str, int], list[Symbol]] = {
            (name, 0): nest.flatten(layer.output)
            for name, layer in layers_by_name.items()
            if isinstance(layer, layers.InputLayer) and layer.built
        }

    def symbol(self, row: Any) -> Symbol:
        """Return the symbol for a reference ``[layer, call, result]``."""
        results = self.of((row[0], row[1]))
        if not 0 <= row[2] < len(results):
            raise self._missing(row[:3])
        symbol: Symbol = results[row[2]]
        return symbol

    def ends(self) -> list[Symbol]:
        """Return all results."""
        return [symbol for results in self._results.values() for symbol in results]

    def of(self, key: tuple[str, int]) -> list[Symbol]:
        """Return the results of a call, after performing the calls that it depends on."""
        path = [key]
        pending: set[tuple[str, int]] = set()
        while path:
            current_key = path[-1]
            if current_key in self._results:
                path.pop()
                continue
            if current_key not in self._calls:
                raise self._missing(current_key)
            needed = [k for k in self._needed(current_key) if k not in self._results]
            if not needed:
                self._results[current_key] = self._call(current_key)
                continue
            pending.add(current_key)
            if any(k in pending for k in needed):
                raise FileFormatError(
                    f"A graph has no cycles. Received: a call of layer {quoted(current_key[0])} that needs its own "
                    "result. Pass the result of get_config()."
                )
            path += needed
        return self._results[key]

    def _needed(self, key: tuple[str, int]) -> list[tuple[str, int]]:
        rows = [row for row in references(self._calls[key]) if row[0] != CONSTANT]
        inside = [row for r in references(self._calls[key]) if len(r) > 3 for row in references(r[3])]
        # The calls of a layer are performed in their order.
        previous = (key[0], key[1] - 1)
        ahead = [previous] if previous in self._calls else []
        return [*ahead, *((row[0], row[1]) for row in (*rows, *inside))]

    def _call(self, key: tuple[str, int]) -> list[Symbol]:
        call, layer = self._calls[key], self._layers[key[0]]
        rows = list(references(call))
        if not rows:
            raise FileFormatError(
                f"A call in a graph has inputs. Received: a call of layer {quoted(key[0])} without any. "
                "Pass the result of get_config()."
            )
        inputs = replaced(call, lambda row: row[2] if row[0] == CONSTANT else self.symbol(row))
        alone = isinstance(inputs, list) and len(inputs) == 1 and type(layer).__name__ not in OPERATIONS
        kwargs = rows[0][3] if len(rows[0]) > 3 else {}
        further = {
            name: replaced(value, self.symbol)
            for name, value in kwargs.items()
            if name not in ("mask", "training") or value is not None
        }
        return nest.flatten(layer(inputs[0] if alone else inputs, **further))

    def _missing(self, row: Any) -> FileFormatError:
        return FileFormatError(
            "A graph may only refer to results of its own calls. "
            f"Received: {quoted(list(row))}. Pass the result of get_config()."
        )


def _are_entries(entries: Any) -> bool:
    """Return whether a value is a list of descriptions of a graph's layers."""
    return isinstance(entries, list | tuple) and all(
        isinstance(entry, Mapping)
        and "class_name" in entry
        and isinstance(entry.get("name"), str)
        and isinstance(entry.get("inbound_nodes"), list | tuple)
        for entry in entries
    )


def _ends(value: Any, results: _Calls) -> Any:
    """Return the inputs or outputs of a graph; a list of one symbol counts as that symbol."""
    rows = list(references(value))
    if not rows:
        raise FileFormatError(
            "The inputs and outputs of a graph must refer to results of calls. "
            f"Received: {quoted(value)}. Pass the result of get_config()."
        )
    if len(rows) == 1 and not isinstance(value, Mapping):
        return results.symbol(rows[0])
    return replaced(value, results.symbol)
