"""The layers, weights and metrics that a layer owns: those held by its attributes, at any depth of lists and dicts.

A layer or weight is owned as soon as it is assigned to an attribute. A list or dict may grow later, so it is searched
whenever the weights are read.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from minifit.arrays import Array, numpy_ready
from minifit.errors import ArgumentTypeError, ShapeError
from minifit.metrics.base import Metric
from minifit.nest import leaves
from minifit.parameters import Parameter
from minifit.settings import changed, flagged

_LISTS = frozenset(
    (
        *(
            "_inner",
            "_weights",
            "_nodes",
            "_layers",
            "_lossy",
            "_losses_by_hand",
            "_loss_functions",
            "_added_metrics",
        ),
        *("_shapes", "_call_names", "_needed_names", "_initial_weights", "_containers", "_names"),
        *("_inputs_like", "_outputs_like", "_inputs_form"),
    )
)
"""The attributes in which layers and models do their own bookkeeping; users put no layers there."""

_PLAIN = frozenset((type(None), bool, int, float, str))
"""The types of values that can hold no layers or weights."""


class Owner:
    """The base class of layers and models, as owners of layers, weights and metrics.

    Attributes
    ----------
    _inner : list of Owner
        The layers held by attributes.
    _weights : list of Parameter
        The weights created with `add_weight` or held by attributes.
    _containers : dict
        The names of attributes to search again: lists, dicts, tuples that hold such, and attributes with metrics.
    """

    name: Any
    # True for user classes that define `lower`: a plain attribute may change what they emit into a program.
    _plain_counts = False
    _inner: "list[Any]"
    _weights: list[Parameter]
    _containers: dict[str, None]
    _trainable: bool
    _added_metrics: dict[str, Any]

    def __setattr__(self, name: str, value: Any) -> None:
        """Own the layers and weights of the new value, in the position of those of the old value.

        So a model never trains weights that it does not compute with, nor computes with weights that it does not train.
        """
        before = self.__dict__.get(name)
        super().__setattr__(name, value)
        if type(value) in _PLAIN and type(before) in _PLAIN and name != "_trainable":
            if self._plain_counts and value != before:
                changed()
            # Otherwise plans stay valid, so that a hook may count something on its model at every batch.
            return
        holds = isinstance(value, _HOLDERS) or isinstance(before, _HOLDERS)
        # The history that `fit` sets does not invalidate plans, either.
        if holds or name != "history":
            (flagged if name == "_trainable" else changed)()
        if name in _LISTS or not holds:
            return
        self._note_container(name, value)
        positions = [self._disown(part) for part in _parts(before) if not self._has(part)]
        self._own_parts(value, next((i for i in positions if i is not None), None))

    def _note_container(self, name: str, value: Any) -> None:
        """Add an attribute to the containers to search, or remove it from them."""
        containers = self.__dict__.setdefault("_containers", {})
        if _may_grow(value) or isinstance(value, Metric):
            containers[name] = None
        else:
            containers.pop(name, None)

    def __delattr__(self, name: str) -> None:
        before = self.__dict__.get(name)
        super().__delattr__(name)
        changed()
        self._containers.pop(name, None)
        for part in _parts(before):
            if not self._has(part):
                self._disown(part)

    def layers_inside(self) -> list[Any]:
        """Return the direct inner layers, each once."""
        if self._containers:
            self._search_containers()
        return list(self._inner)

    def layers_within(self) -> list[Any]:
        """Return this layer and all inner layers at any depth, each once and before its own inner layers."""
        pending: list[Any] = [self]
        layers: dict[int, Any] = {}
        while pending:
            layer = pending.pop()
            if id(layer) not in layers:
                layers[id(layer)] = layer
                pending += layer.layers_inside()[::-1]
        return list(layers.values())

    def own_weights(self) -> list[Parameter]:
        """Return the weights of this layer itself, without those of inner layers."""
        if self._containers:
            self._search_containers()
        return list(self._weights)

    def own_metrics(self) -> list[Metric]:
        """Return the metrics held by attributes of this layer."""
        values = vars(self)
        metrics = (m for name in self._containers for m in leaves(values[name]) if isinstance(m, Metric))
        return list(dict.fromkeys(metrics))

    # -- parts of the layer and of its inner layers ------------------------------------------------------

    @property
    def trainable(self) -> bool:
        """True if training may change the weights. Setting it also sets it for all inner layers."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        for layer in self.layers_within():
            layer._trainable = bool(value)

    @property
    def weights(self) -> list[Parameter]:
        """All weights: the trainable ones, then the others."""
        own = self.all_weights()
        others = [w for w in own if not w.trainable]
        return [w for w in own if w.trainable] + others if others else own

    def all_weights(self) -> list[Parameter]:
        """Return all weights, each once: those of the layer itself, then those of its inner layers in order."""
        weights, inner = self.own_weights(), self.layers_inside()
        for layer in inner:
            weights += layer.all_weights()
        return list(dict.fromkeys(weights)) if inner else weights

    @property
    def trainable_weights(self) -> list[Parameter]:
        """The weights that training updates; empty while ``trainable`` is False."""
        if not self.trainable:
            return []
        weights, inner = [w for w in self.own_weights() if w.trainable], self.layers_inside()
        for layer in inner:
            weights += layer.trainable_weights
        return list(dict.fromkeys(weights)) if inner else weights

    @property
    def non_trainable_weights(self) -> list[Parameter]:
        """The weights that training does not update."""
        trained = set(self.trainable_weights)
        return [w for w in self.weights if w not in trained]

    @property
    def variables(self) -> list[Parameter]:
        """The weights, under TensorFlow's name."""
        return self.weights

    @property
    def trainable_variables(self) -> list[Parameter]:
        """The trainable weights, under TensorFlow's name."""
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[Parameter]:
        """The non-trainable weights, under TensorFlow's name."""
        return self.non_trainable_weights

    @property
    def metrics(self) -> list[Any]:
        """The metrics of the layer and its inner layers: added in `call`, or held by attributes."""
        return self.metrics_within()

    def metrics_within(self) -> list[Metric]:
        """Return the metrics of the layer and its inner layers."""
        metrics: list[Metric] = []
        for layer in self.layers_within():
            if layer._added_metrics or layer._containers:
                metrics += [*layer._added_metrics.values(), *layer.own_metrics()]
        return list(dict.fromkeys(metrics))

    def get_weights(self) -> list[Array]:
        """Return copies of the weights."""
        return [w.numpy() for w in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Replace all weights, or none if one does not fit."""
        assign_all(self.name, self.weights, weights)

    # -- bookkeeping --------------------------------------------------------------------------------------

    def _search_containers(self) -> None:
        """Own the parts that were added to lists and dicts since the last search; disown removed layers."""
        values = vars(self)
        parts = [(name, part) for name in self._containers for part in _parts(values[name])]
        owned = {id(part) for part in (*self._inner, *self._weights)}
        for name, part in parts:
            if id(part) not in owned:
                owned.add(id(part))
                self._list_for(part).insert(self._position_for(name, part), part)
        held = {id(value) for value in values.values()} | {id(part) for _, part in parts}
        for layer in [layer for layer in self._inner if id(layer) not in held]:
            self._disown(layer)

    def _position_for(self, name: str, part: Any) -> int:
        """Return the position of a new part of a container: before those of later attributes, as in Keras."""
        attributes = [k for k in vars(self) if k not in _LISTS]
        later = attributes[attributes.index(name) + 1 :]
        later_parts = {id(other) for attribute in later for other in _parts(vars(self)[attribute])}
        parts = self._list_for(part)
        return next((i for i, other in enumerate(parts) if id(other) in later_parts), len(parts))

    def _list_for(self, part: Any) -> list[Any]:
        parts: list[Any] = self.__dict__.setdefault("_inner" if isinstance(part, Owner) else "_weights", [])
        return parts

    def _own_parts(self, value: Any, position: int | None = None) -> None:
        """Own the layers and weights in the value of an attribute, at a position or after the others."""
        for part in _parts(value):
            parts = self._list_for(part)
            if not any(part is other for other in parts):
                parts.insert(len(parts) if position is None else position, part)

    def _disown(self, part: Any) -> int | None:
        """Stop owning a layer or weight and return its former position, or None if it was not owned."""
        parts = self._list_for(part)
        position = next((i for i, other in enumerate(parts) if other is part), None)
        if position is None:
            return None
        for owner in part.layers_within() if isinstance(part, Owner) else ():
            for weight in owner.own_weights():
                _dismiss(weight)
        if isinstance(part, Parameter):
            _dismiss(part)
        del parts[position]
        return position

    def _has(self, part: Any) -> bool:
        """Return whether an attribute is this layer or weight, or a container that holds it."""
        return any(part is other for k, v in vars(self).items() if k not in _LISTS for other in _parts(v))


_HOLDERS = (list, dict, tuple, Owner, Parameter, Metric)
"""The types of values that are owned, or may contain owned ones."""


def _dismiss(weight: Parameter) -> None:
    if weight.buffer is not None:
        weight.buffer.dismiss(weight)


def _may_grow(value: Any) -> bool:
    """Return whether a value is a list or dict, or a tuple that holds one."""
    return isinstance(value, list | dict) or (isinstance(value, tuple) and any(map(_may_grow, value)))


def _parts(value: Any) -> "Iterator[Owner | Parameter]":
    """Yield the layers and weights in a nested value."""
    return (leaf for leaf in leaves(value) if isinstance(leaf, Owner | Parameter))


def assign_all(owner: str, weights: Sequence[Parameter], values: Sequence[Any]) -> None:
    """Assign all values after validating them: none is assigned if one does not fit."""
    values = list(values)
    if len(values) != len(weights):
        raise ShapeError(
            f"{owner!r} has {len(weights)} weights. Received: {len(values)} arrays. "
            "Pass one array for each weight, in the order of get_weights()."
        )
    arrays = [np.asarray(numpy_ready(v)) for v in values]
    for weight, array in zip(weights, arrays, strict=True):
        if array.shape != weight.shape:
            raise ShapeError(
                f"A weight keeps its shape: {weight.name} is {weight.shape}. Received: {array.shape}. "
                "Pass an array of that shape."
            )
        if array.dtype.kind not in "fiub":
            raise ArgumentTypeError(
                f"Weights are real numbers. Received: dtype {array.dtype} for {weight.name}. Pass floats."
            )
    for weight, array in zip(weights, arrays, strict=True):
        weight.assign(array)
