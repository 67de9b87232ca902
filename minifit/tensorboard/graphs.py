"""The graph page of TensorBoard for a model: its layers as Keras describes them, and as operations.

TensorBoard reads the description in the form of Keras 3, of which it takes names, classes and connections. Layers are
called what they are called everywhere in TensorBoard (`minifit.tensorboard.models`).
"""

import json
from typing import Any

from minifit import nest
from minifit.graph import Graph, Node, Symbol
from minifit.layers.base import Layer
from minifit.tensorboard import wire
from minifit.tensorboard.events import Value
from minifit.tensorboard.models import shown_names, weights_of

# -- as Keras describes it -----------------------------------------------------------------------------------


def keras_graph(model: Any) -> Value | None:
    """Return the layers of a model and how they are connected; None for a model that is no graph."""
    if model._graph is None:
        return None
    text = json.dumps(_entry(model, model.name)).encode("ascii")
    return Value("keras", "graph_keras_model", text, b"1")


def _entry(layer: Any, name: str) -> dict[str, Any]:
    """A layer, or a model with its layers."""
    kind = type(layer).__name__.encode("ascii", "replace").decode()
    config: dict[str, Any] = {"name": name, "dtype": "float32"}
    graph: Graph | None = layer._graph
    if graph is not None:
        shown = shown_names(graph.layers)
        calls: dict[Layer, list[Node]] = {inner: [] for inner in graph.layers}
        for node in graph.nodes:
            calls[node.layer].append(node)
        config["layers"] = [
            {**_entry(inner, shown[inner.name]), "inbound_nodes": [_call(node, shown) for node in nodes]}
            for inner, nodes in calls.items()
        ]
        config["input_layers"] = [shown[symbol.name] for symbol in graph.inputs]
        config["output_layers"] = [_history(symbol, shown) for symbol in graph.outputs]
    return {"class_name": kind, "name": name, "config": config}


def _call(node: Node, shown: dict[str, str]) -> dict[str, Any]:
    """A call by what it takes."""
    tensors = [
        {"class_name": "__keras_tensor__", "config": {"keras_history": _history(symbol, shown)}}
        for symbol in node.parents
    ]
    return {"args": [tensors], "kwargs": {}}


def _history(symbol: Symbol, shown: dict[str, str]) -> list[Any]:
    """Return the origin of a value: the layer, which of its calls, which of the results.

    For a result of a model it is the layer inside: TensorBoard itself finds that one for some of the lines alone.
    """
    name, call = shown[symbol.name], symbol.node.layer._nodes.index(symbol.node)
    graph: Graph | None = symbol.node.layer._graph
    while graph is not None:
        symbol = graph.outputs[symbol.index]
        name = f"{name}/{shown_names(graph.layers)[symbol.name]}"
        graph = symbol.node.layer._graph
    return [name, call, symbol.index]


# -- as operations -------------------------------------------------------------------------------------------


class _Name(str):
    """The name of an operation: what stands for a symbol when the graph is walked."""


def op_graph(model: Any) -> bytes:
    """Return the layers and their weights as a GraphDef, without which the graph page begins with an error.

    GraphDef is ``1 node``, once for each; a node is ``1 name``, ``2 op``, ``3 input`` (the name of another, once for
    each). Source: graph.proto and node_def.proto. The layers of a model that is no graph are not connected.
    """
    nodes: dict[str, bytes] = {}
    if model._graph is None:
        shown = shown_names(model.layers)
        for layer in model.layers:
            _add_layer(nodes, layer, shown[layer.name], [])
    else:
        shown = shown_names(model._graph.layers)
        inputs = [_Name(shown[symbol.name]) for symbol in model._graph.inputs]
        for name in inputs:
            nodes[name] = _node(name, "Placeholder")
        _walk(nodes, model._graph, inputs, "")
    return b"".join(wire.nested(1, node) for node in nodes.values())


def _walk(nodes: dict[str, bytes], graph: Graph, inputs: list[Any], scope: str) -> list[Any]:
    """Add the operations of a graph, inside the name of its model; return the names of its results."""
    shown = shown_names(graph.layers)

    def apply(node: Node, given: Any, kwargs: dict[str, Any]) -> Any:
        taken = [leaf for leaf in nest.flatten([given, kwargs]) if isinstance(leaf, _Name)]
        name = f"{scope}{shown[node.layer.name]}"
        inner: Graph | None = node.layer._graph
        if inner is not None:
            results = _walk(nodes, inner, taken, f"{name}/")[: len(nest.flatten(node.outputs))]
        else:
            call = _add_layer(nodes, node.layer, name, taken)
            results = [_Name(f"{call}:{i}" if i else call) for i in range(len(nest.flatten(node.outputs)))]
        return nest.pack(node.outputs, results)

    return graph.walk(inputs, apply)


def _add_layer(nodes: dict[str, bytes], layer: Layer, name: str, taken: list[Any]) -> str:
    """Add a call of a layer, and its weights with the first one; return the name of the call."""
    variables = [weight.partition(":")[0] for weight, _ in weights_of(layer, name)]
    for variable in variables:
        nodes.setdefault(variable, _node(variable, "Variable"))
    call, count = f"{name}/call", 0
    while call in nodes:
        count += 1
        call = f"{name}/call_{count}"
    nodes[call] = _node(call, type(layer).__name__, *taken, *variables)
    return call


def _node(name: str, op: str, *inputs: str) -> bytes:
    return b"".join(
        wire.nested(n, text.encode()) for n, text in [(1, name), (2, op), *((3, i) for i in inputs)]
    )
