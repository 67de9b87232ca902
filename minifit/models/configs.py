"""A graph as plain data in the form of tf.keras 2.7, and back.

Each layer is listed with the calls that were made of it. A result of a call is named by the layer, by which of its
calls it was, and by which of the results of that: ``["dense", 0, 0]``; the arguments by name stand behind.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from minifit import layers, nest
from minifit.errors import ArgumentError, quoted
from minifit.graph import Node, Symbol
from minifit.registration import custom_object_scope
from minifit.tables import described as class_and_config
from minifit.tensor import Tensor

CONSTANT = "_CONSTANT_VALUE"
"""The place of the layer's name where the first argument of a call is no symbol."""

MODELS: dict[str, Any] = {}
"""The kinds of models, by the names of their classes; each puts itself here."""

_NAMES_NOTHING = ("name", "trainable", "batch_input_shape", "dtype")


# -- to plain data -------------------------------------------------------------------------------------------


def of_graph(model: Any) -> dict[str, Any]:
    """Return the configuration of a model that is a graph."""
    place = places(model)

    def named(leaf: Any) -> Any:
        if isinstance(leaf, Symbol):
            return _Row([leaf.node.layer.name, place[leaf.node], leaf.index])
        return (
            leaf.numpy().tolist() if isinstance(leaf, Tensor) else leaf.tolist() if _is_array(leaf) else leaf
        )

    def call(node: Node) -> Any:
        kwargs = {k: nest.map_leaves(named, v) for k, v in node.kwargs.items()}

        def first(leaf: Any) -> _Row:
            row = named(leaf)
            return _Row([*(row if isinstance(leaf, Symbol) else [CONSTANT, -1, row]), kwargs])

        return nest.map_leaves(first, node.inputs if nest.is_nested(node.inputs) else [node.inputs])

    calls: dict[Any, list[Any]] = {layer: [] for layer in model._graph.layers}
    for node in sorted(model._graph.nodes, key=place.__getitem__):
        calls[node.layer].append(_as_lists(call(node)))
    entries = [
        {**class_and_config(layer), "name": layer.name, "inbound_nodes": inbound}
        for layer, inbound in calls.items()
    ]
    ends = [
        nest.map_leaves(named, value if nest.is_nested(value) else [value])
        for value in (model.input, model.output)
    ]
    return {
        "name": model.name,
        "layers": entries,
        "input_layers": _as_lists(ends[0]),
        "output_layers": _as_lists(ends[1]),
    }


def places(model: Any) -> dict[Node, int]:
    """Return for each call in a graph which one of its layer's it is, counted in this graph."""
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


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray | np.generic)


def described(model: Any) -> list[Any]:
    """Return the layers of a model and how they are connected, without names and without what weights begin with."""
    inside = model.layers_inside()
    number = {layer: i for i, layer in enumerate(inside)}
    made: list[Any] = [
        {"class_name": type(layer).__name__, "layers": layer.describe()}
        if hasattr(layer, "describe")
        else {"class_name": type(layer).__name__, **_deciding(layer)}
        for layer in inside
        if type(layer) is not layers.InputLayer
    ]
    if model._graph is not None and not model.layers_in_turn():
        place = places(model)

        def where(leaf: Any) -> Any:
            return (
                f"{number[leaf.node.layer]}/{place[leaf.node]}/{leaf.index}"
                if isinstance(leaf, Symbol)
                else leaf
            )

        made.append(
            [
                [number[n.layer], nest.map_leaves(where, n.inputs), nest.map_leaves(where, n.kwargs)]
                for n in model._graph.nodes
            ]
        )
    return made


def _deciding(layer: Any) -> dict[str, Any]:
    """Return the arguments of a layer that mean something once its weights are there."""
    return {
        k: v
        for k, v in layer.get_config().items()
        if k not in _NAMES_NOTHING and not k.endswith("_initializer")
    }


# -- from plain data -----------------------------------------------------------------------------------------


def describes_graph(config: Any) -> bool:
    """Return whether a configuration has the parts of a graph."""
    return isinstance(config, Mapping) and {"layers", "input_layers", "output_layers"} <= config.keys()


def make_layer(entry: Any) -> Any:
    """Return the layer or model that an entry of a configuration describes."""
    if isinstance(entry, Mapping) and entry.get("class_name") in MODELS:
        return MODELS[entry["class_name"]].from_config(entry.get("config") or {})
    return layers.TABLE.make(entry)


def symbols_of(config: Any, custom_objects: Mapping[str, Any] | None = None) -> tuple[Any, Any, list[Symbol]]:
    """Return the inputs and outputs of a graph that is described, and the symbols that it returns to nobody.

    Raises
    ------
    ArgumentError
        When this is no description of a graph, or one with a cycle, or of calls that are not there.
    """
    if not describes_graph(config) or not all(map(_is_entry, entries := config["layers"])):
        raise ArgumentError(
            "The configuration of a graph is a dict with 'layers', 'input_layers' and 'output_layers'. "
            f"Received: {quoted(config)}. Pass what get_config() returned."
        )
    with custom_object_scope(custom_objects):
        made = {str(entry["name"]): make_layer(entry) for entry in entries}
        if len(made) < len(entries):
            raise ArgumentError(
                f"Layers of a graph have names of their own. Received: {quoted([e['name'] for e in entries])}. "
                "Pass what get_config() returned."
            )
    calls = {
        (str(entry["name"]), i): call for entry in entries for i, call in enumerate(entry["inbound_nodes"])
    }
    results = _Calls(made, calls)
    inputs = _ends(config["input_layers"], results.symbol)
    outputs = _ends(config["output_layers"], results.symbol)
    for key in calls:
        results.of(key)
    known = set(nest.flatten(outputs))
    more = [s for s in results.ends() if s not in known and type(s.node.layer) in ANCILLARY]
    return inputs, outputs, more


ANCILLARY = (layers.AddLoss, layers.AddMetric)
"""The layers whose results a model computes without returning them."""


class _Calls:
    """The calls of a graph, made when their results are needed."""

    def __init__(self, made: dict[str, Any], calls: dict[tuple[str, int], Any]) -> None:
        self._made, self._calls = made, calls
        self._results: dict[tuple[str, int], list[Symbol]] = {
            (name, 0): nest.flatten(layer.output)
            for name, layer in made.items()
            if isinstance(layer, layers.InputLayer) and layer.built
        }

    def symbol(self, row: Any) -> Symbol:
        """Return the symbol that a row ``[layer, call, result]`` names."""
        results = self.of((row[0], row[1]))
        if not 0 <= row[2] < len(results):
            raise self._missing(row)
        found: Symbol = results[row[2]]
        return found

    def ends(self) -> list[Symbol]:
        """Return all results."""
        return [symbol for results in self._results.values() for symbol in results]

    def of(self, key: tuple[str, int]) -> list[Symbol]:
        """Return the results of a call, made after all that it needs."""
        path = [key]
        under_way: set[tuple[str, int]] = set()
        while path:
            now = path[-1]
            if now in self._results:
                path.pop()
                continue
            if now not in self._calls:
                raise self._missing(now)
            needed = [k for k in self._needed(now) if k not in self._results]
            if not needed:
                self._results[now] = self._call(now)
                continue
            under_way.add(now)
            if any(k in under_way for k in needed):
                raise ArgumentError(
                    f"A graph has no cycles. Received: a call of layer {quoted(now[0])} that needs its own result. "
                    "Pass what get_config() returned."
                )
            path += needed
        return self._results[key]

    def _needed(self, key: tuple[str, int]) -> list[tuple[str, int]]:
        rows = [row for row in _rows(self._calls[key]) if row[0] != CONSTANT]
        inside = [row for r in _rows(self._calls[key]) if len(r) > 3 for row in _rows(r[3])]
        before = [(key[0], key[1] - 1)] if key[1] else []  # calls of a layer are made in their order
        return [*before, *((row[0], row[1]) for row in (*rows, *inside))]

    def _call(self, key: tuple[str, int]) -> list[Symbol]:
        rows = list(_rows(self._calls[key]))
        if not rows:
            raise ArgumentError(
                f"A call in a graph has inputs. Received: one of layer {quoted(key[0])} without any. "
                "Pass what get_config() returned."
            )
        kwargs = dict(rows[0][3]) if len(rows[0]) > 3 else {}
        inputs = _replaced(self._calls[key], lambda row: row[2] if row[0] == CONSTANT else self.symbol(row))
        if isinstance(inputs, list) and len(inputs) == 1:
            inputs = inputs[0]
        extra = {
            k: _replaced(v, self.symbol)
            for k, v in kwargs.items()
            if k not in ("mask", "training") or v is not None
        }
        return nest.flatten(self._made[key[0]](inputs, **extra))

    def _missing(self, row: Any) -> ArgumentError:
        return ArgumentError(
            f"A graph names results of calls that it has. Received: {quoted(list(row))}. Pass what get_config() "
            "returned."
        )


def _is_entry(entry: Any) -> bool:
    return (
        isinstance(entry, Mapping)
        and "class_name" in entry
        and isinstance(entry.get("name"), str)
        and isinstance(entry.get("inbound_nodes"), list)
    )


def _is_row(value: Any) -> bool:
    """Return whether this names a result of a call: ``["dense", 0, 0]``, perhaps with arguments behind."""
    return (
        isinstance(value, list | tuple)
        and len(value) in (3, 4)
        and isinstance(value[0], str)
        and isinstance(value[1], int)
        and (value[0] == CONSTANT or isinstance(value[2], int))
        and (len(value) == 3 or isinstance(value[3], Mapping))
    )


def _rows(value: Any) -> Iterator[Any]:
    if _is_row(value):
        yield value
    elif nest.is_nested(value):
        for entry in value.values() if isinstance(value, dict) else value:
            yield from _rows(entry)


def _replaced(value: Any, row: Callable[[Any], Any]) -> Any:
    """Return a nested value with what a function makes of each row."""
    if _is_row(value):
        return row(value)
    if isinstance(value, Mapping):
        return {k: _replaced(v, row) for k, v in value.items()}
    return [_replaced(v, row) for v in value] if isinstance(value, list | tuple) else value


def _ends(value: Any, symbol: Callable[[Any], Symbol]) -> Any:
    """Return the inputs or outputs of a graph; a list of one stands for the one."""
    rows = list(_rows(value))
    if not rows or not nest.is_nested(value):
        raise ArgumentError(
            f"The ends of a graph name results of calls. Received: {quoted(value)}. Pass what get_config() returned."
        )
    if len(rows) == 1 and not isinstance(value, Mapping):
        return symbol(rows[0])
    return _replaced(value, symbol)
