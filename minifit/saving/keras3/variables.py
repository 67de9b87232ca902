"""The layout of a model's variables in Keras 3: arrays named 0, 1, 2, ... in groups of an HDF5 file.

The weights of a layer are in ``layers/dense_1/vars``, where ``dense_1`` is the second `Dense` of the model, whatever
its name. The variables of an optimizer are in ``optimizer/vars``: the number of steps, the learning rate unless there
is a schedule, then the slots of the trained weights.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np

from minifit.arrays import Array
from minifit.errors import ArgumentError, FileFormatError
from minifit.layers.base import snake_case
from minifit.saving.description import (
    LayerWeights,
    ModelDescription,
    OptimizerVariables,
    StoredArray,
    Weight,
    remembered,
)
from minifit.saving.groups import Attribute, Group

Place: TypeAlias = tuple[str, list[Weight], list[StoredArray]]
"""A layer's name, the weights of the layer itself, and its arrays in a file."""


def tree(model: ModelDescription, scheduled: bool = False) -> Group:
    """Return the HDF5 tree of a model, without the learning rate if Keras 3 has a schedule instead."""
    root = _layer(model.model, set())
    root.members.setdefault("layers", Group())
    if model.optimizer is not None:
        places = places_in_keras(model.model, model.optimizer.weights)
        arrays = _variables(model.optimizer, scheduled, places)
        root.members["optimizer"] = Group(members={"vars": _numbered(arrays)})
    return root


# -- layers --------------------------------------------------------------------------------------------------


def _layer(layer: LayerWeights, seen: set[LayerWeights]) -> Group:
    """Return the group of a layer with its inner layers; a shared layer is written where Keras finds it first."""
    seen.add(layer)
    made = Group()
    if layer.weights:
        arrays = [_as_keras_has_it(layer, weight) for weight in layer.own()]
        made.members["vars"] = _numbered(arrays, {"name": layer.name})
    for attribute, inner in _attributes(layer):
        if isinstance(inner, list):
            made.members[attribute] = _several(inner, seen)
        elif inner not in seen:
            made.members[attribute] = _layer(inner, seen)
    return made


def _several(layers: Sequence[LayerWeights], seen: set[LayerWeights]) -> Group:
    """Return the groups of several layers, named by their classes; layers without weights have none."""
    made = Group()
    for place, layer in zip(_places(layers), layers, strict=True):
        if layer not in seen and layer.all_weights():
            made.members[place] = _layer(layer, seen)
    return made


def _attributes(layer: LayerWeights) -> list[tuple[str, LayerWeights | list[LayerWeights]]]:
    """Return the attributes that hold layers, in the order in which Keras 3 visits them."""
    return sorted(
        layer.inner.items(),
        key=lambda item: (
            not (layer.kind == "graph" and item[0] == "layers"),
            item[0].startswith("_"),
            item[0],
        ),
    )


def _as_keras_has_it(layer: LayerWeights, weight: Weight) -> Array:
    """Return a weight's values; the number of samples that `Normalization` has seen is an integer in Keras."""
    if layer.class_name == "Normalization" and weight.name.endswith("/count:0"):
        return weight.value.clip(0, np.float32(2**31 - 128)).astype(np.int32)
    return weight.value


def _numbered(arrays: Sequence[Array], attributes: dict[str, Attribute] | None = None) -> Group:
    return Group(attributes or {}, {str(i): array for i, array in enumerate(arrays)})


def _places(layers: Sequence[LayerWeights]) -> list[str]:
    """Return Keras 3's names of the groups of layers: ``dense``, ``dropout``, ``dense_1``, ..."""
    seen: Counter[str] = Counter()
    places = []
    for layer in layers:
        name = snake_case(layer.class_name)
        places.append(f"{name}_{seen[name]}" if seen[name] else name)
        seen[name] += 1
    if len(set(places)) < len(places):
        raise ArgumentError(
            "Keras 3 numbers layers by class, so the names of classes must remain different with numbers. "
            f"Received: layers at {', '.join(places)}. Rename one of your own classes."
        )
    return places


def places_of(model: LayerWeights, root: Group) -> Iterator[Place]:
    """Yield every layer, including inner ones, with its arrays in the file; then arrays of layers not in the model."""
    yield from _of_one(model, root, set())


def _of_one(layer: LayerWeights, stored: Group, seen: set[LayerWeights]) -> Iterator[Place]:
    seen.add(layer)
    yield layer.name, layer.own(), arrays_in(group_in(stored, "vars"))
    for attribute, inner in _attributes(layer):
        there = group_in(stored, attribute)
        if isinstance(inner, list):
            yield from _of_several(inner, there, seen)
        elif inner not in seen:
            yield from _of_one(inner, there, seen)


def _of_several(layers: Sequence[LayerWeights], stored: Group, seen: set[LayerWeights]) -> Iterator[Place]:
    places = _places(layers)
    for place, layer in zip(places, layers, strict=True):
        if layer not in seen:
            yield from _of_one(layer, group_in(stored, place), seen)
    for place in stored.members:
        if place not in places and (group := group_in(stored, place)).numbers:
            yield place, [], arrays_in(group_in(group, "vars"))


# -- the optimizer -------------------------------------------------------------------------------------------

TOGETHER = ("m", "v", "accum_grad", "accum_var", "accumulator", "linear")
"""The slots that Keras 3 orders by weight; each of the others follows for all weights."""


def places_in_keras(model: LayerWeights | None, weights: Sequence[Weight]) -> list[int]:
    """Return the indices of trained weights in Keras 3's order: a model's own come before those of its layers."""
    index = {id(weight.value): i for i, weight in enumerate(weights)}
    order = [] if model is None else [index[id(w.value)] for w in _in_keras(model) if id(w.value) in index]
    return list(dict.fromkeys([*order, *range(len(weights))]))


def _in_keras(layer: LayerWeights) -> Iterator[Weight]:
    yield from layer.own()
    for inner in layer.layers:
        yield from _in_keras(inner)


def _order(slot_names: Sequence[str], places: Sequence[int]) -> list[tuple[int, str]]:
    """Return the indices of weights with their slots, in the order in which Keras 3 creates the slots."""
    together = [slot for slot in slot_names if slot in TOGETHER]
    apart = [slot for slot in slot_names if slot not in TOGETHER]
    first = [(place, slot) for place in places for slot in together]
    return first + [(place, slot) for slot in apart for place in places]


def _variables(optimizer: OptimizerVariables, scheduled: bool, places: Sequence[int]) -> list[Array]:
    """Return the variables of an optimizer in Keras 3's order."""
    state = optimizer.state
    steps = np.asarray(state["iterations"])
    variables = [steps.astype(np.int32) if steps < 2**31 else steps]
    if state["learning_rate"] is not None and not scheduled:
        variables.append(np.asarray(state["learning_rate"], np.float32))
    for place, slot in _order(optimizer.slot_names, places):
        variables.append(state["slots"][place][slot])
    if "m_schedule" in state:
        variables.append(np.asarray(state["m_schedule"], np.float32))
    return variables


def optimizer_state(
    root: Group,
    class_name: str,
    slot_names: Sequence[str],
    weights: Sequence[Weight],
    model: LayerWeights | None = None,
) -> dict[str, Any] | None:
    """Return the state of an optimizer, see `StoredModel.optimizer_state`."""
    arrays = arrays_in(group_in(group_in(root, "optimizer"), "vars"))
    if not arrays:
        return None
    order = _order(slot_names, places_in_keras(model, weights))
    extra = ["m_schedule"] if class_name == "Nadam" else []
    # First come the steps made and, unless there is a schedule, the learning rate.
    begin = len(arrays) - len(order) - len(extra)
    if order and [a.shape for a in arrays] in ([()], [(), ()]) and not np.asarray(arrays[0]).any():
        # The optimizer has not made a step.
        return None
    first, rest = arrays[: max(begin, 0)], arrays[max(begin, 0) :]
    if extra and rest and rest[-1].shape != ():
        # Older versions of Keras 3 store it first.
        rest = [*rest[1:], rest[0]]
    shapes = [*((),) * begin, *(weights[place].value.shape for place, _ in order), *((),) * len(extra)]
    if begin not in (1, 2) or [a.shape for a in (*first, *rest)] != shapes:
        raise FileFormatError(
            f"The state of an optimizer must fit the {len(weights)} weights that {class_name} trains. "
            f"Received: {len(arrays)} arrays, or arrays of other shapes. Compile the model as it was saved."
        )
    read = [np.asarray(array) for array in rest]
    rate = _rate(np.asarray(first[1])) if begin == 2 else None
    state = remembered(len(weights), order, read[: len(order)], np.asarray(first[0]), rate)
    return {**state, **dict(zip(extra, read[len(order) :], strict=True))}


def _rate(stored: Array) -> Array:
    if not stored >= 0:
        raise FileFormatError(
            f"A learning rate is not negative. Received: {stored} in a file. Compile the model again."
        )
    return stored


# -- groups --------------------------------------------------------------------------------------------------


def group_in(group: Group, name: str) -> Group:
    """Return a group in another one; an empty group when there is none."""
    member = group.members.get(name, Group())
    if not isinstance(member, Group):
        raise FileFormatError(
            f"A file of Keras 3 has a group {name!r} here. Received: an array. Copy the file again."
        )
    return member


def arrays_in(group: Group) -> list[StoredArray]:
    """Return the arrays of a group in the order of their numbers."""
    arrays: list[Any] = [group.members.get(str(i)) for i in range(len(group.members))]
    if any(array is None or isinstance(array, Group) for array in arrays):
        raise FileFormatError(
            "Variables in a file of Keras 3 are arrays named 0, 1, 2, ... "
            f"Received: {', '.join(group.members)[:80]}. Copy the file again."
        )
    return arrays
