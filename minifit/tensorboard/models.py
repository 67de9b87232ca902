"""The views of a model in TensorBoard besides its graph: its weights, its outputs and its embedding tables.

The default names of layers are numbered across all models of the process (``dense_4``), as in Keras. Two runs of one
process would then have different tags, and TensorBoard could not overlay their curves. So here the numbers start again
in every model.
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
"""The number of rows of validation data for histograms of layers' outputs."""


def shown_names(layers: Sequence[Layer]) -> dict[str, str]:
    """Return the name of each layer of a model in TensorBoard, by its own name."""
    bases = {layer.name: _base_of(layer) for layer in layers}
    taken = {name for name, base in bases.items() if base is None}
    shown = {name: name for name in taken}
    for name, base in bases.items():
        if base is not None:
            shown[name] = _free(base, taken)
            taken.add(shown[name])
    for name in [name for name in bases if name.removesuffix("_input") in shown and name.endswith("_input")]:
        # the input of a chain is named after its first layer
        shown[name] = f"{shown[name.removesuffix('_input')]}_input"
    return shown


def _base_of(layer: Layer) -> str | None:
    """Return the default name of a layer without its number; None for a name that the user chose."""
    if isinstance(layer, InputLayer):
        return "input" if re.fullmatch(r"input_\d+", layer.name) else None
    if not layer.auto_named:
        return None
    return getattr(layer, "_base_name", None) or snake_case(type(layer).__name__)


def _free(base: str, taken: set[str]) -> str:
    # the only name that Keras numbers from 1
    count = int(base == "input")
    name = f"{base}_{count}" if count else base
    while name in taken:
        count += 1
        name = f"{base}_{count}"
    return name


def weights_of(layer: Layer, shown: str) -> Iterator[tuple[str, Parameter]]:
    """Yield the weights of a layer and of the layers inside it, with their names in TensorBoard."""
    for weight in layer.own_weights():
        yield f"{shown}/{weight.name.removeprefix(f'{layer.name}/')}", weight
    inside = shown_names(layer.layers_inside())
    for inner in layer.layers_inside():
        yield from weights_of(inner, f"{shown}/{inside[inner.name]}")


def weights(layers: Sequence[Layer], images: bool) -> Iterator[Value]:
    """Yield a histogram of every weight, and its image if `images` is True and the shape allows one."""
    shown = shown_names(layers)
    for layer in layers:
        for name, weight in weights_of(layer, shown[layer.name]):
            tag = name.replace(":", "_")
            yield histogram_value(tag, weight.value)
            pixels = weight_as_images(weight.value) if images else None
            if pixels is not None:
                # two values with the same tag would hide each other
                yield image_value(f"{tag}/image", pixels)


def activations(layers: Sequence[Layer], outputs: Mapping[str, Array]) -> Iterator[Value]:
    """Yield a histogram of every layer's output, by the layer's name.

    Further outputs of a layer have the keys ``name:1``, ``name:2``, ...
    """
    shown = shown_names(layers)
    for key, output in outputs.items():
        name, _, number = (key, "", "") if key in shown else key.rpartition(":")
        tag = f"{shown[name]}/activation"
        yield histogram_value(f"{tag}_{number}" if number else tag, output)


def first_rows(data: Batches) -> Any:
    """Return some inputs, nested as the model receives them: the first rows of arrays, or else the next batch."""
    inputs = data.inputs if isinstance(data, ArrayBatches) else data.peek().inputs
    rows = [np.asarray(x[:ROWS]) for x in inputs]
    return rows[0] if len(rows) == 1 else nest.map_leaves(rows.__getitem__, data.form.x)


def embeddings(layers: Sequence[Layer]) -> list[Embedding]:
    """Return the layers that the projector shows."""
    return [layer for layer in layers if isinstance(layer, Embedding)]


def write_embeddings(layers: Sequence[Layer], log_dir: str, epoch: int, metadata: Any) -> None:
    """Write the tables of all `Embedding` layers at an epoch, and the configuration that lists them."""
    shown, tables = shown_names(layers), []
    for layer in embeddings(layers):
        name = shown[layer.name]
        path = f"train/keras_embedding-{epoch}-{re.sub(r'[^-.0-9A-Za-z]', '_', name)}.tsv"
        write_table(os.path.join(log_dir, path), layer.embeddings.value)
        labels = metadata.get(layer.name) if isinstance(metadata, dict) else metadata
        tables.append(Table(f"{name}/embeddings", path, labels))
    if tables:
        write_config(log_dir, tables)
