"""What TensorBoard shows of a model: its layers as a graph, its weights, what it makes of data, its tables of words.

A layer without a name of its own is counted over all models of the process (``dense_4``), as in Keras. Two runs of one
process would then have other tags, and TensorBoard could not lay them over each other. So here it is counted within its
model.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from minifit import nest
from minifit.arrays import Array
from minifit.data import ArrayBatches, Batches
from minifit.layers import Embedding
from minifit.layers.base import Layer, snake_case
from minifit.parameters import Parameter
from minifit.tensorboard import wire
from minifit.tensorboard.events import Value
from minifit.tensorboard.histograms import histogram_value
from minifit.tensorboard.images import image_value, weight_as_images
from minifit.tensorboard.projector import Table, write_config, write_table

ROWS = 1024
"""Of the validation data, for histograms of what layers make of it."""


def shown_names(layers: Sequence[Layer]) -> dict[str, str]:
    """What each layer of a model is called, by its name."""
    taken = {layer.name for layer in layers if not layer.auto_named}
    shown = {name: name for name in taken}
    for layer in layers:
        if layer.auto_named:
            shown[layer.name] = _free(snake_case(type(layer).__name__), taken)
            taken.add(shown[layer.name])
    return shown


def _free(base: str, taken: set[str]) -> str:
    name, count = base, 0
    while name in taken:
        count += 1
        name = f"{base}_{count}"
    return name


def _weights_of(layer: Layer, shown: str) -> Iterator[tuple[str, Parameter]]:
    """The weights of a layer that is shown under a name, and those of layers inside it, each with its own name."""
    for weight in layer._weights:
        yield f"{shown}/{weight.name.removeprefix(f'{layer.name}/')}", weight
    inside = shown_names(layer._inner)
    for inner in layer._inner:
        yield from _weights_of(inner, f"{shown}/{inside[inner.name]}")


def graph(layers: Sequence[Layer], model_json: str) -> Value:
    """A model's JSON, in which the layers have these names, as the graph page takes it."""
    shown, data = shown_names(layers), json.loads(model_json)
    for layer in data["config"]["layers"]:
        name = layer["config"]["name"]
        first = name.removesuffix("_input")  # what the input is called after
        layer["config"]["name"] = shown.get(name) or (f"{shown[first]}_input" if first in shown else name)
    return Value("keras", "graph_keras_model", json.dumps(data).encode(), b"1")


def op_graph(layers: Sequence[Layer]) -> bytes:
    """The layers and their weights as a GraphDef, without which the graph page begins with an error.

    GraphDef is ``1 node``, once for each; a node is ``1 name``, ``2 op``, ``3 input`` (the name of another, once for
    each). Source: graph.proto and node_def.proto.
    """
    shown, before = shown_names(layers), "input"
    nodes = [_node(before, "Placeholder")]
    for layer in layers:
        name = shown[layer.name]
        variables = [weight.partition(":")[0] for weight, _ in _weights_of(layer, name)]
        nodes += [_node(variable, "Variable") for variable in variables]
        nodes.append(_node(f"{name}/call", type(layer).__name__, before, *variables))
        before = f"{name}/call"
    return b"".join(wire.nested(1, node) for node in nodes)


def _node(name: str, op: str, *inputs: str) -> bytes:
    return b"".join(
        wire.nested(n, text.encode()) for n, text in [(1, name), (2, op), *((3, i) for i in inputs)]
    )


def weights(layers: Sequence[Layer], images: bool) -> Iterator[Value]:
    """A histogram of every weight, and an image of it where one is wanted and can be made."""
    shown = shown_names(layers)
    for layer in layers:
        for name, weight in _weights_of(layer, shown[layer.name]):
            tag = name.replace(":", "_")
            yield histogram_value(tag, weight.value)
            pixels = weight_as_images(weight.value) if images else None
            if pixels is not None:
                yield image_value(f"{tag}/image", pixels)  # two values of one tag hide each other


def activations(layers: Sequence[Layer], outputs: Mapping[str, Array]) -> Iterator[Value]:
    """A histogram of what every layer made of data, given by the layer's name."""
    shown = shown_names(layers)
    for name, output in outputs.items():
        yield histogram_value(f"{shown[name]}/activation", output)


def first_rows(data: Batches) -> Any:
    """Return inputs to look at, nested as they were given: the first rows of arrays, or the next batch of others."""
    inputs = data.inputs if isinstance(data, ArrayBatches) else data.peek().inputs
    rows = [np.asarray(x[:ROWS]) for x in inputs]
    return rows[0] if len(rows) == 1 else nest.map_leaves(rows.__getitem__, data.form.x)


def embeddings(layers: Sequence[Layer]) -> list[Embedding]:
    """The layers that the projector shows."""
    return [layer for layer in layers if isinstance(layer, Embedding)]


def write_embeddings(layers: Sequence[Layer], log_dir: str, epoch: int, metadata: Any) -> None:
    """Write the tables of all `Embedding` layers at an epoch, and the configuration that shows these."""
    shown, tables = shown_names(layers), []
    for layer in embeddings(layers):
        name = shown[layer.name]
        path = f"train/keras_embedding-{epoch}-{re.sub(r'[^-.0-9A-Za-z]', '_', name)}.tsv"
        write_table(os.path.join(log_dir, path), layer.embeddings.value)
        labels = metadata.get(layer.name) if isinstance(metadata, dict) else metadata
        tables.append(Table(f"{name}/embeddings", path, labels))
    if tables:
        write_config(log_dir, tables)
