"""The layers, weights and metrics that a layer owns: its attributes hold them, however deep in lists and dicts.

What becomes an attribute is owned at once. A list that is an attribute may grow later: it is looked at whenever the
weights are asked for.
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
"""The attributes in which layers and models keep lists of their own, where no user puts layers."""

_PLAIN = frozenset((type(None), bool, int, float, str))
"""The kinds of values that hold nothing and compute nothing."""


class Owner:
    """The base of layers and models as owners: parts belong to them.

    Attributes
    ----------
    _inner : list of Owner
        The layers that attributes of this one hold.
    _weights : list of Parameter
        Those that it made with `add_weight`, and those that attributes hold.
    _containers : dict
        The names of attributes that may come to hold more: lists, dicts, and tuples of such; and of those with metrics.
    """

    name: Any
    _plain_counts = (
        False  # True for the user's classes that are written down for programs, maybe by such a number
    )
    _inner: "list[Any]"
    _weights: list[Parameter]
    _containers: dict[str, None]
    _trainable: bool
    _added_metrics: dict[str, Any]

    def __setattr__(self, name: str, value: Any) -> None:
        """Own a layer or weight that becomes an attribute, in the place of what the attribute was.

        So no model learns weights that it does not compute with, or computes with some that it does not learn.
        """
        before = self.__dict__.get(name)
        super().__setattr__(name, value)
        if type(value) in _PLAIN and type(before) in _PLAIN and name != "_trainable":
            if self._plain_counts and value != before:
                changed()
            return  # no other step is planned by it, so that a hook may count something on its model at every batch
        holds = isinstance(value, _HOLDERS) or isinstance(before, _HOLDERS)
        if holds or name != "history":  # what `fit` leaves behind changes no plan, either
            (flagged if name == "_trainable" else changed)()
        if name in _LISTS or not holds:
            return
        self._note(name, value)
        places = [self._let_go(part) for part in _parts(before) if not self._has(part)]
        self._take_in(value, next((place for place in places if place is not None), None))

    def _note(self, name: str, value: Any) -> None:
        """Remember an attribute that is to be looked into whenever there is a question what is owned."""
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
                self._let_go(part)

    def layers_inside(self) -> list[Any]:
        """Return the layers directly in this one, each once."""
        if self._containers:
            self._look_into_containers()
        return list(self._inner)

    def layers_within(self) -> list[Any]:
        """Return this layer and all layers in it, each once, each ahead of those in it."""
        waiting: list[Any] = [self]
        found: dict[int, Any] = {}
        while waiting:
            layer = waiting.pop()
            if id(layer) not in found:
                found[id(layer)] = layer
                waiting += layer.layers_inside()[::-1]
        return list(found.values())

    def own_weights(self) -> list[Parameter]:
        """Return the weights of this layer itself, without those of layers in it."""
        if self._containers:
            self._look_into_containers()
        return list(self._weights)

    def own_metrics(self) -> list[Metric]:
        """Return the metrics that attributes of this layer hold."""
        values = vars(self)
        found = (m for name in self._containers for m in leaves(values[name]) if isinstance(m, Metric))
        return list(dict.fromkeys(found))

    # -- what it has, with all that is in it -------------------------------------------------------------

    @property
    def trainable(self) -> bool:
        """True if training may change the weights. Setting it sets it for all layers inside."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        for layer in self.layers_within():
            layer._trainable = bool(value)

    @property
    def weights(self) -> list[Parameter]:
        """All weights: those that can be trained, then the others."""
        own = self.all_weights()
        others = [w for w in own if not w.trainable]
        return [w for w in own if w.trainable] + others if others else own

    def all_weights(self) -> list[Parameter]:
        """Return all weights, each once: its own, then layer by layer those of layers inside."""
        found, inside = self.own_weights(), self.layers_inside()
        for layer in inside:
            found += layer.all_weights()
        return list(dict.fromkeys(found)) if inside else found

    @property
    def trainable_weights(self) -> list[Parameter]:
        """The weights that training changes; none while ``trainable`` is False."""
        if not self.trainable:
            return []
        found, inside = [w for w in self.own_weights() if w.trainable], self.layers_inside()
        for layer in inside:
            found += layer.trainable_weights
        return list(dict.fromkeys(found)) if inside else found

    @property
    def non_trainable_weights(self) -> list[Parameter]:
        """The weights that training leaves alone."""
        trained = set(self.trainable_weights)
        return [w for w in self.weights if w not in trained]

    @property
    def variables(self) -> list[Parameter]:
        """The weights, by TensorFlow's name for them."""
        return self.weights

    @property
    def trainable_variables(self) -> list[Parameter]:
        """The trainable weights, by TensorFlow's name for them."""
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[Parameter]:
        """The other weights, by TensorFlow's name for them."""
        return self.non_trainable_weights

    @property
    def metrics(self) -> list[Any]:
        """The metrics of the layer and of those inside: added in `call`, or held by attributes."""
        return self.metrics_within()

    def metrics_within(self) -> list[Metric]:
        """Return the metrics of the layer and of those inside."""
        found: list[Metric] = []
        for layer in self.layers_within():
            if layer._added_metrics or layer._containers:
                found += [*layer._added_metrics.values(), *layer.own_metrics()]
        return list(dict.fromkeys(found))

    def get_weights(self) -> list[Array]:
        """Return copies of the weights."""
        return [w.numpy() for w in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Replace all weights, or none if one does not fit."""
        assign_all(self.name, self.weights, weights)

    # -- keeping count ------------------------------------------------------------------------------------

    def _look_into_containers(self) -> None:
        """Own what was put into lists and dicts since they became attributes, and no longer what was taken out."""
        values = vars(self)
        parts = [(name, part) for name in self._containers for part in _parts(values[name])]
        known = {id(part) for part in (*self._inner, *self._weights)}
        for name, part in parts:
            if id(part) not in known:
                known.add(id(part))
                self._list_for(part).insert(self._place_in(name, part), part)
        held = {id(value) for value in values.values()} | {id(part) for _, part in parts}
        for layer in [layer for layer in self._inner if id(layer) not in held]:
            self._let_go(layer)

    def _place_in(self, name: str, part: Any) -> int:
        """Return the place of a new part of a container: ahead of what later attributes hold, as in Keras."""
        attributes = [k for k in vars(self) if k not in _LISTS]
        later = attributes[attributes.index(name) + 1 :]
        behind = {id(other) for attribute in later for other in _parts(vars(self)[attribute])}
        held = self._list_for(part)
        return next((i for i, other in enumerate(held) if id(other) in behind), len(held))

    def _list_for(self, part: Any) -> list[Any]:
        held: list[Any] = self.__dict__.setdefault("_inner" if isinstance(part, Owner) else "_weights", [])
        return held

    def _take_in(self, value: Any, place: int | None = None) -> None:
        """Own the layers and weights in the value of an attribute; they come at a place, or behind the others."""
        for part in _parts(value):
            held = self._list_for(part)
            if not any(part is other for other in held):
                held.insert(len(held) if place is None else place, part)

    def _let_go(self, part: Any) -> int | None:
        """Own a layer or weight no longer; returns the place that it had."""
        held = self._list_for(part)
        place = next((i for i, other in enumerate(held) if other is part), None)
        if place is None:
            return None
        for owner in part.layers_within() if isinstance(part, Owner) else ():
            for weight in owner.own_weights():
                _dismiss(weight)
        if isinstance(part, Parameter):
            _dismiss(part)
        del held[place]
        return place

    def _has(self, part: Any) -> bool:
        """Return whether an attribute is this layer or weight, or holds it in a list or dict."""
        return any(part is other for k, v in vars(self).items() if k not in _LISTS for other in _parts(v))


_HOLDERS = (list, dict, tuple, Owner, Parameter, Metric)
"""The kinds of values that are owned or may hold what is."""


def _dismiss(weight: Parameter) -> None:
    if weight.buffer is not None:
        weight.buffer.dismiss(weight)


def _may_grow(value: Any) -> bool:
    """Return whether a value is a list or dict, or a tuple that holds one."""
    return isinstance(value, list | dict) or (isinstance(value, tuple) and any(map(_may_grow, value)))


def _parts(value: Any) -> "Iterator[Owner | Parameter]":
    """The layers and weights among them."""
    return (leaf for leaf in leaves(value) if isinstance(leaf, Owner | Parameter))


def assign_all(owner: str, weights: Sequence[Parameter], values: Sequence[Any]) -> None:
    """Assign all values, after all have been looked at: none is assigned if one does not fit."""
    values = list(values)
    if len(values) != len(weights):
        raise ShapeError(
            f"{owner!r} has {len(weights)} weights. Received: {len(values)} arrays. "
            "Give one array for each weight, in the order of get_weights()."
        )
    arrays = [np.asarray(numpy_ready(v)) for v in values]
    for weight, array in zip(weights, arrays, strict=True):
        if array.shape != weight.shape:
            raise ShapeError(
                f"A weight keeps its shape: {weight.name} is {weight.shape}. Received: {array.shape}. "
                "Give an array of that shape."
            )
        if array.dtype.kind not in "fiub":
            raise ArgumentTypeError(
                f"Weights are real numbers. Received: dtype {array.dtype} for {weight.name}. Give floats."
            )
    for weight, array in zip(weights, arrays, strict=True):
        weight.assign(array)
