"""The graph page of TensorBoard for a model: its layers in the format of Keras, and as operations.

TensorBoard reads the format of Keras 3 and uses its names, classes and connections. Layers have the same names as
everywhere in TensorBoard (`minifit.tensorboard.models`).
"""

import json
from typing import Any

from minifit import nest
from minifit.graph import Graph, Node, Symbol
from minifit.layers.base import Layer
from minifit.tensorboard import wire
from minifit.tensorboard.events import Value
from minifit.tensorboard.models import shown_names, weights_of

# -- in the format of Keras ----------------------------------------------------------------------------------


def keras_graph(model: Any) -> Value | None:
    """Return the layers of a model and their connections; None for a model without a graph."""
    if model._graph is None:
        return None
    text = json.dumps(_entry(model, model.name)).encode("ascii")
    return Value("keras", "graph_keras_model", text, b"1")


def _entry(layer: Any, name: str) -> dict[str, Any]:
    """Return the description of a layer, or of a model with its layers."""
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
    """Return the description of a call by its inputs."""
    tensors = [
        {"class_name": "__keras_tensor__", "config": {"keras_history": _history(symbol, shown)}}
        for symbol in node.parents
    ]
    return {"args": [tensors], "kwargs": {}}


def _history(symbol: Symbol, shown: dict[str, str]) -> list[Any]:
    """Return the origin of a value: the layer, the index of its call and the index of the result.

    The origin of a model's result is the layer inside it, which TensorBoard would find only for some of the edges.
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
    """The name of an operation, used in place of a symbol when the graph is walked."""


def op_graph(model: Any) -> bytes:
    """Return the layers and their weights as a GraphDef, without which the graph page begins with an error.

    The fields of GraphDef are ``1 node``, repeated; those of a node ``1 name``, ``2 op`` and ``3 input``, repeated (the
    name of another node). Source: graph.proto and node_def.proto. Without a graph, the layers are not connected.
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
    """Add the operations of a graph, in the scope of its model; return the names of its results."""
    shown = shown_names(graph.layers)

    def apply(node: Node, args: Any, kwargs: dict[str, Any]) -> Any:
        sources = [leaf for leaf in nest.flatten([args, kwargs]) if isinstance(leaf, _Name)]
        name = f"{scope}{shown[node.layer.name]}"
        inner: Graph | None = node.layer._graph
        if inner is not None:
            results = _walk(nodes, inner, sources, f"{name}/")[: len(nest.flatten(node.outputs))]
        else:
            call = _add_layer(nodes, node.layer, name, sources)
            results = [_Name(f"{call}:{i}" if i else call) for i in range(len(nest.flatten(node.outputs)))]
        return nest.pack(node.outputs, results)

    return graph.walk(inputs, apply)


def _add_layer(nodes: dict[str, bytes], layer: Layer, name: str, sources: list[Any]) -> str:
    """Add a call of a layer, and its weights with the first one; return the name of the call."""
    variables = [weight.partition(":")[0] for weight, _ in weights_of(layer, name)]
    for variable in variables:
        nodes.setdefault(variable, _node(variable, "Variable"))
    call, count = f"{name}/call", 0
    while call in nodes:
        count += 1
        call = f"{name}/call_{count}"
    nodes[call] = _node(call, type(layer).__name__, *sources, *variables)
    return call


def _node(name: str, op: str, *inputs: str) -> bytes:
    return b"".join(
        wire.nested(n, text.encode()) for n, text in [(1, name), (2, op), *((3, i) for i in inputs)]
    )
