"""The views of a model in TensorBoard beside its graph: its weights, its results on data, its tables of words.

A layer without a name of its own is counted over all models of the process (``dense_4``), as in Keras. Two runs of one
process would then have other tags, and TensorBoard could not lay them over each other. So here it is counted within its
model.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from minifit import nest
from minifit.arrays import Array
from minifit.data import ArrayBatches, Batches
from minifit.layers import Embedding, InputLayer
from minifit.layers.base import Layer, snake_case
from minifit.parameters import Parameter
from minifit.tensorboard.events import Value
from minifit.tensorboard.histograms import histogram_value
from minifit.tensorboard.images import image_value, weight_as_images
from minifit.tensorboard.projector import Table, write_config, write_table

ROWS = 1024
"""Of the validation data, for histograms of what layers make of it."""


def shown_names(layers: Sequence[Layer]) -> dict[str, str]:
    """Return what each layer of a model is called, by its name."""
    bases = {layer.name: _base_of(layer) for layer in layers}
    taken = {name for name, base in bases.items() if base is None}
    shown = {name: name for name in taken}
    for name, base in bases.items():
        if base is not None:
            shown[name] = _free(base, taken)
            taken.add(shown[name])
    for name in [name for name in bases if name.removesuffix("_input") in shown and name.endswith("_input")]:
        shown[name] = (
            f"{shown[name.removesuffix('_input')]}_input"  # what the input of a chain is called after
        )
    return shown


def _base_of(layer: Layer) -> str | None:
    """Return what the name of a layer is counted from; None for a name of the user's choice."""
    if isinstance(layer, InputLayer):
        return "input" if re.fullmatch(r"input_\d+", layer.name) else None
    if not layer.auto_named:
        return None
    return getattr(layer, "_base_name", None) or snake_case(type(layer).__name__)


def _free(base: str, taken: set[str]) -> str:
    count = int(base == "input")  # the only name that Keras counts from 1
    name = f"{base}_{count}" if count else base
    while name in taken:
        count += 1
        name = f"{base}_{count}"
    return name


def weights_of(layer: Layer, shown: str) -> Iterator[tuple[str, Parameter]]:
    """Yield the weights of a layer that is shown under a name, and those of layers inside it, with their own names."""
    for weight in layer.own_weights():
        yield f"{shown}/{weight.name.removeprefix(f'{layer.name}/')}", weight
    inside = shown_names(layer.layers_inside())
    for inner in layer.layers_inside():
        yield from weights_of(inner, f"{shown}/{inside[inner.name]}")


def weights(layers: Sequence[Layer], images: bool) -> Iterator[Value]:
    """A histogram of every weight, and an image of it where one is wanted and can be made."""
    shown = shown_names(layers)
    for layer in layers:
        for name, weight in weights_of(layer, shown[layer.name]):
            tag = name.replace(":", "_")
            yield histogram_value(tag, weight.value)
            pixels = weight_as_images(weight.value) if images else None
            if pixels is not None:
                yield image_value(f"{tag}/image", pixels)  # two values of one tag hide each other


def activations(layers: Sequence[Layer], outputs: Mapping[str, Array]) -> Iterator[Value]:
    """Yield a histogram of what every layer made of data, given by the layer's name.

    Further results of a layer are those with ``:1``, ``:2``, ... behind the name.
    """
    shown = shown_names(layers)
    for key, output in outputs.items():
        name, _, number = (key, "", "") if key in shown else key.rpartition(":")
        tag = f"{shown[name]}/activation"
        yield histogram_value(f"{tag}_{number}" if number else tag, output)


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
