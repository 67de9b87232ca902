"""Keras's legacy HDF5 format, as tf.keras 2.7 writes and reads it.

One file holds the weights of every layer in order and, for a whole model, its configuration as JSON, the arguments of
`compile` and the optimizer's state. Weights are matched by position, not by name.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from minifit import console
from minifit.arrays import Array
from minifit.checks import utf8
from minifit.errors import ArgumentError, FileFormatError, quoted
from minifit.saving import hdf5
from minifit.saving.atomic import PathLike
from minifit.saving.description import (
    Config,
    LayerWeights,
    ModelDescription,
    OptimizerVariables,
    StoredArray,
    StoredModel,
    Weight,
    misfit,
    remembered,
)
from minifit.saving.hdf5 import Group
from minifit.saving.legacy_compile import output_names, prefixed, unprefixed
from minifit.saving.texts import parsed

LIMIT = 64512
"""The maximum size in bytes of a list of names in one attribute, as in Keras; longer lists are split."""

BUILT = "build_config"
"""The key of the input shape of a model that defines `call`, as in Keras 3; tf.keras does not store such models."""

TOP_LEVEL = "top_level_model_weights"
"""The group of the weights of a model that belong to none of its layers."""


def write(path: PathLike, model: ModelDescription, options: dict[str, Any] | None = None) -> None:
    """Write a model, or only its weights if the description has no configuration.

    Parameters
    ----------
    path : str or PathLike
    model : ModelDescription
    options : dict, optional
        As for `hdf5.write`.
    """
    hdf5.write(path, tree(model), options)


@contextmanager
def reading(path: PathLike) -> Iterator[StoredModel]:
    """Yield the model in a file, which is open while the block runs.

    Raises
    ------
    FileFormatError
        When the file is not in this format.
    """
    with hdf5.reading(path) as root:
        yield Stored(root)


# -- writing -------------------------------------------------------------------------------------------------


def tree(model: ModelDescription) -> Group:
    """Return the HDF5 tree of a model."""
    weights = _layers(model.model)
    if model.config is None:
        return weights
    config = model.config
    if model.input_shape is not None:
        config = {**config, BUILT: {"input_shape": model.input_shape}}
    root = Group({"backend": "tensorflow", "keras_version": "2.7.0", "model_config": json.dumps(config)})
    if model.training is not None:
        root.attributes["training_config"] = json.dumps(prefixed(model.training, output_names(model.config)))
    root.members["model_weights"] = weights
    if model.optimizer is not None:
        optimizer = root.members["optimizer_weights"] = Group()
        _fill(optimizer, _variables(model.optimizer))
    return root


def _layers(model: LayerWeights) -> Group:
    layers = model.layers
    root = Group({"backend": "tensorflow", "keras_version": "2.7.0"})
    root.attributes.update(_names("layer_names", [layer.name for layer in layers]))
    # Create the groups of all layers first: their names are fixed, whereas weights can be renamed.
    placed: dict[tuple[str, ...], tuple[Group, LayerWeights]] = {}
    for layer in sorted(layers, key=lambda layer: layer.name):
        path = tuple(_parts(layer.name))
        if path in placed:
            raise ArgumentError(
                "Layers need names that remain different in a file. "
                f"Received: a second {quoted(layer.name)}. Rename one of them."
            )
        group = _group(root, path)
        assert group is not None, "there are only groups yet"
        placed[path] = group, layer
    for group, layer in placed.values():
        _fill(group, [(w.name, w.value) for w in layer.all_weights()])
    if (TOP_LEVEL,) not in placed:
        top = root.members.setdefault(TOP_LEVEL, Group())
        assert isinstance(top, Group)
        _fill(top, [(w.name, w.value) for w in model.own()])
    elif model.weights:
        raise ArgumentError(
            f"The group {TOP_LEVEL!r} in a file is for weights of the model itself. Received: a layer of that name. "
            "Rename the layer."
        )
    return root


def _fill(group: Group, arrays: Sequence[tuple[str, Array]]) -> None:
    """Add arrays to a layer's group. A repeated name gets a number: a second ``a:0`` becomes ``a_1:0``."""
    names = []
    for path, array in arrays:
        parent = _group(group, _parts(path)[:-1])
        if parent is None:
            # An array already has the name of a group in the path.
            path, parent = path.replace("/", "_"), group
        *groups, name = _parts(path)
        base, colon, end = name.rpartition(":")
        count = 0
        while name in parent.members:
            count += 1
            name = f"{base}_{count}:{end}" if colon else f"{end}_{count}"
        names.append("/".join([*groups, name]))
        parent.members[name] = array
    group.attributes.update(_names("weight_names", names))


def _group(root: Group, path: Sequence[str]) -> Group | None:
    """Return the group at a path, created if needed; None if an array has the name of a group in the path."""
    for part in path:
        inner = root.members.setdefault(part, Group())
        if not isinstance(inner, Group):
            return None
        root = inner
    return root


def _parts(path: str) -> list[str]:
    """Return the parts of a path, as HDF5 splits it."""
    return [part for part in path.split("/") if part not in ("", ".")]


def _names(name: str, values: Sequence[str]) -> dict[str, list[str]]:
    """Return a list of names as one attribute, or as several that are small enough: ``name0``, ``name1``, ..."""
    encoded = np.array([utf8("A name in a file", v) for v in values], "S")
    if encoded.itemsize > LIMIT:
        raise ArgumentError(
            f"A name in a file has at most {LIMIT} bytes. Received: a name of {encoded.itemsize}. Use a shorter name."
        )
    if encoded.nbytes <= LIMIT:
        return {name: list(values)}
    parts = 2
    while max(part.nbytes for part in np.array_split(encoded, parts)) > LIMIT:
        parts += 1
    split = [list(values[p[0] : p[-1] + 1]) for p in np.array_split(np.arange(len(values)), parts) if len(p)]
    return {f"{name}{i}": part for i, part in enumerate(split)}


# -- the optimizer -------------------------------------------------------------------------------------------


def _variables(optimizer: OptimizerVariables) -> list[tuple[str, Array]]:
    """Return the state of an optimizer as named arrays in Keras's order."""
    name, state = optimizer.class_name, optimizer.state
    variables = [(f"{name}/iter:0", np.asarray(state["iterations"], np.int64))]
    if "m_schedule" in state:
        variables.append((f"{name}/momentum_cache:0", np.asarray(state["m_schedule"], np.float32)))
    for index, slot in _order(name, optimizer.slot_names, len(optimizer.weights)):
        weight = optimizer.weights[index].name.partition(":")[0]
        variables.append((f"{name}/{weight}/{slot}:0", state["slots"][index][slot]))
    return variables


def _order(class_name: str, slot_names: Sequence[str], weights: int) -> list[tuple[int, str]]:
    """Return the indices of weights with their slots, in the order in which Keras creates the slots."""
    if class_name == "Ftrl":
        return [(index, slot) for index in range(weights) for slot in slot_names]
    return [(index, slot) for slot in slot_names for index in range(weights)]


def is_one(root: Group) -> bool:
    """Return whether a tree is in this format, which tf.keras 2.7 uses for any name."""
    return _has(root, "layer_names") or "model_weights" in root.members


# -- reading -------------------------------------------------------------------------------------------------


class Stored(StoredModel):
    """A file in this format, with a whole model or only weights."""

    def __init__(self, root: Group) -> None:
        self._config = _json(root, "model_config")
        training = _json(root, "training_config")
        self._training = training if training is None else unprefixed(training, output_names(self._config))
        self._root = root
        self.numbers = root.numbers

    @property
    def config(self) -> Config | None:
        """The configuration of the model."""
        return self._config

    @property
    def training(self) -> Config | None:
        """The arguments of `compile`."""
        return self._training

    @property
    def input_shape(self) -> Any:
        """The input shape for which the model was built, if the file has it."""
        return built_for(self._config)

    def weights_for(
        self, model: LayerWeights, by_name: bool = False, skip_mismatch: bool = False
    ) -> list[tuple[Weight, StoredArray]]:
        """Return weights paired with stored arrays, matching layers in order or by name."""
        if skip_mismatch and not by_name:
            raise ArgumentError(
                "skip_mismatch needs by_name=True in this format. Received: skip_mismatch=True, by_name=False. "
                "Pass by_name=True too."
            )
        root = self._weights()
        stored = self._layers(root)
        layers = model.layers
        if by_name:
            layers_by_name = {layer.name: layer for layer in layers}
            pairs = [(layers_by_name[name], arrays) for name, arrays in stored if name in layers_by_name]
        else:
            weighted = [layer for layer in layers if layer.all_weights()]
            filled = [(name, arrays) for name, arrays in stored if arrays]
            if len(weighted) != len(filled):
                raise FileFormatError(
                    f"A file must have as many layers with weights as the model: this one has {len(weighted)}. "
                    f"Received: a file with {len(filled)} ({_listed([name for name, _ in filled])}). "
                    "Build the model as it was saved, or pass by_name=True."
                )
            pairs = [(layer, arrays) for layer, (_, arrays) in zip(weighted, filled, strict=True)]
        own = self._of_the_model(root, [name for name, _ in stored])
        if own or (model.weights and not by_name):
            pairs.append((LayerWeights(model.name, model.class_name, model.weights), own))
        matches = []
        for layer, arrays in pairs:
            weights = layer.all_weights()
            mismatch = misfit(weights, arrays)
            if mismatch is None:
                matches += list(zip(weights, arrays, strict=True))
            elif skip_mismatch:
                console.warn(f"The weights of layer {layer.name!r} were not changed: {mismatch}.")
            else:
                raise FileFormatError(
                    f"A file must fit the weights of the model. Received: layer {layer.name!r} with {mismatch}. "
                    "Build the model as it was saved, or pass by_name=True and skip_mismatch=True to skip it."
                )
        return matches

    def unread(self, used: Sequence[tuple[Weight, StoredArray]]) -> int:
        """Return the number of weights in the file that are not in `used`."""
        root = self._weights()
        stored = self._layers(root)
        own = self._of_the_model(root, [name for name, _ in stored])
        return len(own) + sum(len(arrays) for _, arrays in stored) - len(used)

    def _weights(self) -> Group:
        """Return the group with the weights of the layers."""
        if _has(self._root, "layer_names"):
            return self._root
        inner = self._root.members.get("model_weights")
        if not isinstance(inner, Group):
            raise FileFormatError(
                "A file of weights lists its layers. Received: a file without 'layer_names'. "
                "Pass a file that save or save_weights wrote."
            )
        return inner

    def _layers(self, root: Group) -> list[tuple[str, list[StoredArray]]]:
        return [(name, _arrays(_at(root, name), name)) for name in _list(root, "layer_names")]

    def _of_the_model(self, root: Group, layers: Sequence[str]) -> list[StoredArray]:
        """Return the weights of the model itself; older files have none."""
        group = root.members.get(TOP_LEVEL)
        return [] if group is None or TOP_LEVEL in layers else _arrays(group, TOP_LEVEL)

    def optimizer_state(
        self, class_name: str, slot_names: Sequence[str], weights: Sequence[Weight], model: LayerWeights
    ) -> dict[str, Any] | None:
        """Return the state of the optimizer; None when the file has none."""
        if "optimizer_weights" not in self._root.members:
            return None
        arrays = _arrays(self._root.members["optimizer_weights"], "optimizer_weights")
        extra = ["m_schedule"] if class_name == "Nadam" else []
        order = _order(class_name, slot_names, len(weights))
        shapes = [(), *((),) * len(extra), *(weights[place].value.shape for place, _ in order)]
        if [a.shape for a in arrays] != shapes:
            raise FileFormatError(
                f"The state of an optimizer must fit it and the weights it trains: {len(shapes)} arrays. "
                f"Received: {len(arrays)} arrays or other shapes. Compile the model again."
            )
        values = [np.asarray(a) for a in arrays]
        state = remembered(len(weights), order, values[1 + len(extra) :], values[0])
        return {**state, **dict(zip(extra, values[1:], strict=False))}


def built_for(config: Any) -> Any:
    """Return the input shape for which a model was built from its configuration; None if it has none."""
    build = config.get(BUILT) if isinstance(config, dict) else None
    return build.get("input_shape") if isinstance(build, dict) else None


def _json(root: Group, name: str) -> Config | None:
    text = root.attributes.get(name)
    if text is None:
        return None
    try:
        value = parsed(text, root.numbers) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise FileFormatError(
            f"{name} in a model file is an object in JSON. Received: {str(text)[:60]!r}. Copy the file again."
        )
    return value


def _arrays(group: Any, name: str) -> list[StoredArray]:
    if not isinstance(group, Group):
        raise FileFormatError(
            f"A layer in a file is a group. Received: an array at {name!r}. Copy the file again."
        )
    arrays = []
    for weight in _list(group, "weight_names"):
        member = _at(group, weight)
        if isinstance(member, Group):
            raise FileFormatError(
                f"A weight in a file is an array. Received: a group at {name}/{weight!r}. Copy the file again."
            )
        arrays.append(member)
    return arrays


def _at(group: Group, path: str) -> Any:
    member: Any = group
    for part in _parts(path):
        member = member.members.get(part) if isinstance(member, Group) else None
    if member is None:
        raise FileFormatError(
            f"A file must contain all that it lists. Received: a file without {path!r}. Copy it again."
        )
    return member


def _has(group: Group, name: str) -> bool:
    return name in group.attributes or f"{name}0" in group.attributes


def _list(group: Group, name: str) -> list[str]:
    """Return a list of names, which may be split over several attributes."""
    if name in group.attributes:
        parts = [group.attributes[name]]
    else:
        parts = []
        while (value := group.attributes.get(f"{name}{len(parts)}")) is not None:
            parts.append(value)
    names: list[str] = []
    for part in parts:
        # Keras writes an empty list as an empty array.
        if isinstance(part, np.ndarray) and part.size == 0:
            continue
        if not isinstance(part, list):
            raise FileFormatError(
                f"{name} in a model file is a list of names. Received: {str(part)[:60]!r}. Copy the file again."
            )
        names += part
    return names


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
