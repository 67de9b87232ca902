"""Keras's legacy HDF5 format, as tf.keras 2.7 writes and reads it.

One file has the weights of every layer in order and, for a whole model, its configuration as JSON, what `compile`
was given and what the optimizer remembers. Weights are found by their place, not by their name.
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
"""Bytes of a list of names that fit into one attribute, as Keras reckons; longer ones are split up."""

BUILT = "build_config"
"""The key of what a model by its `call` was built for. tf.keras has no such models in files; Keras 3 has this key."""

TOP_LEVEL = "top_level_model_weights"
"""The group of the weights of a model that belong to none of its layers."""


def write(path: PathLike, model: ModelDescription, options: dict[str, Any] | None = None) -> None:
    """Write a model, or its weights alone when it comes without a configuration.

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
    """A file that is open for reading.

    Raises
    ------
    FileFormatError
        When it is no such file.
    """
    with hdf5.reading(path) as root:
        yield Stored(root)


# -- writing -------------------------------------------------------------------------------------------------


def tree(model: ModelDescription) -> Group:
    """What is written."""
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
    made = Group({"backend": "tensorflow", "keras_version": "2.7.0"})
    made.attributes.update(_names("layer_names", [layer.name for layer in layers]))
    # The groups of all layers come first: their names are fixed, while weights make way.
    placed: dict[tuple[str, ...], tuple[Group, LayerWeights]] = {}
    for layer in sorted(layers, key=lambda layer: layer.name):
        path = tuple(_parts(layer.name))
        if path in placed:
            raise ArgumentError(
                "Layers need names that stay apart in a file. "
                f"Received: a second {quoted(layer.name)}. Give one another name."
            )
        group = _group(made, path)
        assert group is not None, "there are only groups yet"
        placed[path] = group, layer
    for group, layer in placed.values():
        _fill(group, [(w.name, w.value) for w in layer.all_weights()])
    if (TOP_LEVEL,) not in placed:
        top = made.members.setdefault(TOP_LEVEL, Group())
        assert isinstance(top, Group)
        _fill(top, [(w.name, w.value) for w in model.own()])
    elif model.weights:
        raise ArgumentError(
            f"The group {TOP_LEVEL!r} in a file is for weights of the model itself. Received: a layer of that name. "
            "Give it another name."
        )
    return made


def _fill(group: Group, arrays: Sequence[tuple[str, Array]]) -> None:
    """Put arrays into a layer's group. A name that is taken is counted: a second ``a:0`` is called ``a_1:0``."""
    names = []
    for wanted, array in arrays:
        above = _group(group, _parts(wanted)[:-1])
        if above is None:  # an array has the name that a group would need
            wanted, above = wanted.replace("/", "_"), group
        *before, name = _parts(wanted)
        base, colon, end = name.rpartition(":")
        count = 0
        while name in above.members:
            count += 1
            name = f"{base}_{count}:{end}" if colon else f"{end}_{count}"
        names.append("/".join([*before, name]))
        above.members[name] = array
    group.attributes.update(_names("weight_names", names))


def _group(root: Group, path: Sequence[str]) -> Group | None:
    """The group at a path, made if need be; None where an array is in the way."""
    for part in path:
        inner = root.members.setdefault(part, Group())
        if not isinstance(inner, Group):
            return None
        root = inner
    return root


def _parts(path: str) -> list[str]:
    """The groups that a path leads through, as HDF5 reads it."""
    return [part for part in path.split("/") if part not in ("", ".")]


def _names(name: str, values: Sequence[str]) -> dict[str, list[str]]:
    """A list of names as one attribute, or as several that are small enough: ``name0``, ``name1``, ..."""
    encoded = np.array([utf8("A name in a file", v) for v in values], "S")
    if encoded.itemsize > LIMIT:
        raise ArgumentError(
            f"A name in a file has at most {LIMIT} bytes. Received: one of {encoded.itemsize}. Give a shorter name."
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
    """What an optimizer remembers, in Keras's order."""
    name, state = optimizer.class_name, optimizer.state
    found = [(f"{name}/iter:0", np.asarray(state["iterations"], np.int64))]
    if "m_schedule" in state:
        found.append((f"{name}/momentum_cache:0", np.asarray(state["m_schedule"], np.float32)))
    for place, slot in _order(name, optimizer.slot_names, len(optimizer.weights)):
        weight = optimizer.weights[place].name.partition(":")[0]
        found.append((f"{name}/{weight}/{slot}:0", state["slots"][place][slot]))
    return found


def _order(class_name: str, slot_names: Sequence[str], weights: int) -> list[tuple[int, str]]:
    """The places of the weights and the slots, in the order in which Keras makes them."""
    if class_name == "Ftrl":
        return [(place, slot) for place in range(weights) for slot in slot_names]
    return [(place, slot) for slot in slot_names for place in range(weights)]


def is_one(root: Group) -> bool:
    """Whether a tree is of this format, as it is of any name in tf.keras 2.7."""
    return _has(root, "layer_names") or "model_weights" in root.members


# -- reading -------------------------------------------------------------------------------------------------


class Stored(StoredModel):
    """A file in this format: a whole model, or weights alone."""

    def __init__(self, root: Group) -> None:
        self._config = _json(root, "model_config")
        training = _json(root, "training_config")
        self._training = training if training is None else unprefixed(training, output_names(self._config))
        self._root = root
        self.numbers = root.numbers

    @property
    def config(self) -> Config | None:
        """What the file says about the model."""
        return self._config

    @property
    def training(self) -> Config | None:
        """The arguments of `compile` that it holds."""
        return self._training

    @property
    def input_shape(self) -> Any:
        """The shape that the model was built for, as far as the file says it."""
        return built_for(self._config)

    def weights_for(
        self, model: LayerWeights, by_name: bool = False, skip_mismatch: bool = False
    ) -> list[tuple[Weight, StoredArray]]:
        """Return which stored array goes into which weight: layer by layer in order, or by the layers' names."""
        if skip_mismatch and not by_name:
            raise ArgumentError(
                "skip_mismatch counts together with by_name. Received: skip_mismatch=True, by_name=False. "
                "Pass by_name=True too."
            )
        root = self._weights()
        stored = self._layers(root)
        layers = model.layers
        if by_name:
            named = {layer.name: layer for layer in layers}
            pairs = [(named[name], arrays) for name, arrays in stored if name in named]
        else:
            wanted = [layer for layer in layers if layer.all_weights()]
            filled = [(name, arrays) for name, arrays in stored if arrays]
            if len(wanted) != len(filled):
                raise FileFormatError(
                    f"A file fits a model with as many layers that have weights: this one has {len(wanted)}. "
                    f"Received: a file with {len(filled)} ({_listed([name for name, _ in filled])}). "
                    "Build the model as it was saved, or pass by_name=True."
                )
            pairs = [(layer, arrays) for layer, (_, arrays) in zip(wanted, filled, strict=True)]
        own = self._of_the_model(root, [name for name, _ in stored])
        if own or (model.weights and not by_name):
            pairs.append((LayerWeights(model.name, model.class_name, model.weights), own))
        found = []
        for layer, arrays in pairs:
            weights = layer.all_weights()
            trouble = misfit(weights, arrays)
            if trouble is None:
                found += list(zip(weights, arrays, strict=True))
            elif skip_mismatch:
                console.warn(f"The weights of layer {layer.name!r} were left as they are: {trouble}.")
            else:
                raise FileFormatError(
                    f"A file must fit the weights of the model. Received: layer {layer.name!r} with {trouble}. "
                    "Build the model as it was saved, or pass by_name=True and skip_mismatch=True to leave it out."
                )
        return found

    def unread(self, used: Sequence[tuple[Weight, StoredArray]]) -> int:
        """Return the number of weights in the file beside `used`."""
        root = self._weights()
        stored = self._layers(root)
        own = self._of_the_model(root, [name for name, _ in stored])
        return len(own) + sum(len(arrays) for _, arrays in stored) - len(used)

    def _weights(self) -> Group:
        """Return the group that has those of the layers."""
        if _has(self._root, "layer_names"):
            return self._root
        inner = self._root.members.get("model_weights")
        if not isinstance(inner, Group):
            raise FileFormatError(
                "A file of weights lists its layers. Received: a file without 'layer_names'. "
                "Pass one that save or save_weights has written."
            )
        return inner

    def _layers(self, root: Group) -> list[tuple[str, list[StoredArray]]]:
        return [(name, _arrays(_at(root, name), name)) for name in _list(root, "layer_names")]

    def _of_the_model(self, root: Group, layers: Sequence[str]) -> list[StoredArray]:
        """Return the arrays of the model itself; older files have none."""
        group = root.members.get(TOP_LEVEL)
        return [] if group is None or TOP_LEVEL in layers else _arrays(group, TOP_LEVEL)

    def optimizer_state(
        self, class_name: str, slot_names: Sequence[str], weights: Sequence[Weight], model: LayerWeights
    ) -> dict[str, Any] | None:
        """What the optimizer remembered; None when the file says nothing about it."""
        if "optimizer_weights" not in self._root.members:
            return None
        arrays = _arrays(self._root.members["optimizer_weights"], "optimizer_weights")
        extra = ["m_schedule"] if class_name == "Nadam" else []
        order = _order(class_name, slot_names, len(weights))
        shapes = [(), *((),) * len(extra), *(weights[place].value.shape for place, _ in order)]
        if [a.shape for a in arrays] != shapes:
            raise FileFormatError(
                f"What an optimizer remembers must fit it and the weights it trains: {len(shapes)} arrays. "
                f"Received: {len(arrays)} arrays or other shapes. Compile the model again."
            )
        read = [np.asarray(a) for a in arrays]
        state = remembered(len(weights), order, read[1 + len(extra) :], read[0])
        return {**state, **dict(zip(extra, read[1:], strict=False))}


def built_for(config: Any) -> Any:
    """Return what a configuration says about what the model was built for; None where it does not."""
    build = config.get(BUILT) if isinstance(config, dict) else None
    return build.get("input_shape") if isinstance(build, dict) else None


def _json(root: Group, name: str) -> Config | None:
    text = root.attributes.get(name)
    if text is None:
        return None
    try:
        found = parsed(text, root.numbers) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise FileFormatError(
            f"{name} in a model file is an object in JSON. Received: {str(text)[:60]!r}. Copy the file again."
        )
    return found


def _arrays(group: Any, name: str) -> list[StoredArray]:
    if not isinstance(group, Group):
        raise FileFormatError(
            f"A layer in a file is a group. Received: an array at {name!r}. Copy the file again."
        )
    found = []
    for weight in _list(group, "weight_names"):
        member = _at(group, weight)
        if isinstance(member, Group):
            raise FileFormatError(
                f"A weight in a file is an array. Received: a group at {name}/{weight!r}. Copy the file again."
            )
        found.append(member)
    return found


def _at(group: Group, path: str) -> Any:
    found: Any = group
    for part in _parts(path):
        found = found.members.get(part) if isinstance(found, Group) else None
    if found is None:
        raise FileFormatError(f"A file has what it lists. Received: a file without {path!r}. Copy it again.")
    return found


def _has(group: Group, name: str) -> bool:
    return name in group.attributes or f"{name}0" in group.attributes


def _list(group: Group, name: str) -> list[str]:
    """A list of names, which may be split up."""
    if name in group.attributes:
        parts = [group.attributes[name]]
    else:
        parts = []
        while (value := group.attributes.get(f"{name}{len(parts)}")) is not None:
            parts.append(value)
    found: list[str] = []
    for part in parts:
        if isinstance(part, np.ndarray) and part.size == 0:  # so Keras writes an empty list
            continue
        if not isinstance(part, list):
            raise FileFormatError(
                f"{name} in a model file is a list of names. Received: {str(part)[:60]!r}. Copy the file again."
            )
        found += part
    return found


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
