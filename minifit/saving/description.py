"""A model as plain data: what lies between a model and a file.

The modules of this package turn a description into a file of their format and back, and know no model class;
`minifit.models` turns a model into a description and back. Configurations are in the form of tf.keras 2.7 here,
whatever the form in the file.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

import numpy as np

from minifit.arrays import Array, Shape
from minifit.errors import FileFormatError

Config: TypeAlias = dict[str, Any]


class StoredArray(Protocol):
    """An array that is still in its file: what it declares is known, and ``np.asarray`` reads it."""

    @property
    def shape(self) -> Shape:
        """The length of every axis."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """The kind of number."""

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array: ...


@dataclass(eq=False)
class Weight:
    """A weight of a layer: its name, such as ``"dense/kernel:0"``, and its numbers, a view of the model's memory."""

    name: str
    value: Array
    trainable: bool = True


@dataclass(eq=False)
class LayerWeights:
    """The weights of a layer or a model. What several hold is one object here, too.

    Attributes
    ----------
    name, class_name : str
        Such as ``"dense_1"`` and ``"Dense"``.
    weights : list of Weight
        Its own, in the order in which it made them.
    inner : dict of str to LayerWeights or list of LayerWeights
        The layers that are attributes of it, by the attribute's name; those of a model are its ``"layers"``.
    trainable : bool
        False for a layer that is frozen.
    kind : {"layer", "model", "graph"}
        Whether it is a layer, a model by its `call`, or one that lists its layers (`Sequential`, `Model(inputs,
        outputs)`).
    """

    name: str
    class_name: str
    weights: list[Weight] = field(default_factory=list)
    inner: "dict[str, LayerWeights | list[LayerWeights]]" = field(default_factory=dict)
    trainable: bool = True
    kind: str = "layer"

    @property
    def layers(self) -> "list[LayerWeights]":
        """The layers directly in it, each once."""
        found = (i for inner in self.inner.values() for i in (inner if isinstance(inner, list) else [inner]))
        return list(dict.fromkeys(found))

    def own(self) -> list[Weight]:
        """Return its own weights as Keras keeps them: those that can be trained first."""
        return sorted(self.weights, key=lambda w: not w.trainable)

    def all_weights(self) -> list[Weight]:
        """Return its own and those of the layers in it, each once: those that are trained, then the others."""
        return list(dict.fromkeys([*self._trained(), *self._frozen()]))

    # The next three say what tf.keras says: a layer counts its own weights first, a model those of its layers.

    def _trained(self) -> list[Weight]:
        if not self.trainable:
            return []
        return self._joined([w for w in self.weights if w.trainable], [i._trained() for i in self.layers])

    def _frozen(self) -> list[Weight]:
        others = [w for w in self.weights if not w.trainable]
        if self.trainable:
            return self._joined(others, [i._frozen() for i in self.layers])
        if self.kind == "layer":
            return self._joined(self.own(), [i._variables() for i in self.layers])
        trained = self._joined([w for w in self.weights if w.trainable], [i._trained() for i in self.layers])
        return trained + self._joined(others, [i._frozen() for i in self.layers])

    def _variables(self) -> list[Weight]:
        if self.kind == "layer":
            return self.all_weights()
        return self._joined(self.own(), [i._variables() for i in self.layers])

    def _joined(self, own: list[Weight], inner: list[list[Weight]]) -> list[Weight]:
        of_layers = [w for weights in inner for w in weights]
        return own + of_layers if self.kind == "layer" else of_layers + own


@dataclass
class OptimizerVariables:
    """What an optimizer remembers.

    Attributes
    ----------
    class_name : str
    slot_names : tuple of str
        As of `Optimizer.slot_names`, for example ``("m", "v")``.
    weights : list of Weight
        The trained weights, in the order of the model.
    state : dict
        What `Optimizer.get_state` returns for these weights: "learning_rate" (None for a schedule), "iterations",
        "slots", a list with a dict of arrays by slot for every weight, and what some have beside ("m_schedule").
    """

    class_name: str
    slot_names: tuple[str, ...]
    weights: list[Weight]
    state: Mapping[str, Any]


@dataclass
class ModelDescription:
    """What is written to a file; what stays None or empty is left out.

    Attributes
    ----------
    config : dict, optional
        ``{"class_name": "Sequential", "config": ...}``
    shapes : dict
        The shapes of the tensors in graphs of the model: by the names of the models within which the graph lies, the
        layer's name, the number of its call and the number of the tensor.
    input_shape : tuple, optional
        What a model by its `call` was built for.
    training : dict, optional
        The arguments of `compile`: "loss", "metrics", "weighted_metrics", "loss_weights" and "optimizer_config",
        which is ``{"class_name": ..., "config": ...}``.
    model : LayerWeights
        The weights of the model and of all layers in it.
    optimizer : OptimizerVariables, optional
    """

    model: LayerWeights
    config: Config | None = None
    training: Config | None = None
    shapes: Mapping[tuple[Any, ...], tuple[int | None, ...]] = field(default_factory=dict)
    input_shape: Any = None
    optimizer: OptimizerVariables | None = None


class StoredModel(ABC):
    """A file that is open for reading. No array has been read yet, whatever the file declares.

    Attributes
    ----------
    numbers : int
        How many numbers all its arrays hold: a model that needs more cannot be in it.
    remembers : bool
        Whether its weights come with what the optimizer remembers.
    """

    numbers: int
    remembers: bool = False

    @property
    @abstractmethod
    def config(self) -> Config | None:
        """As of `ModelDescription`."""

    @property
    @abstractmethod
    def training(self) -> Config | None:
        """As of `ModelDescription`."""

    @property
    def input_shape(self) -> Any:
        """The `input_shape` of `ModelDescription`, as it lies in the file."""
        return None

    @abstractmethod
    def weights_for(
        self, model: LayerWeights, by_name: bool = False, skip_mismatch: bool = False
    ) -> list[tuple[Weight, StoredArray]]:
        """Return which stored array goes into which weight of a model; their shapes agree.

        Raises
        ------
        FileFormatError
            When they do not fit each other; with `skip_mismatch` such layers are left out and a warning names them.
        """

    def unread(self, used: Sequence[tuple[Weight, StoredArray]]) -> int:
        """Return the number of weights in the file beside those that `weights_for` found a place for."""
        return 0

    @abstractmethod
    def optimizer_state(
        self, class_name: str, slot_names: Sequence[str], weights: Sequence[Weight], model: LayerWeights
    ) -> dict[str, Any] | None:
        """What `Optimizer.set_state` takes, read; None when the file has no such state.

        Parameters
        ----------
        class_name : str
        slot_names, weights
            As of `OptimizerVariables`: what the optimizer remembers, and for which weights.
        model : LayerWeights
            The model that has these weights.

        Raises
        ------
        FileFormatError
            When the file has a state that does not fit.
        """


def misfit(weights: Sequence[Weight], arrays: Sequence[StoredArray]) -> str | None:
    """What keeps stored arrays from being these weights, in words; None when they fit."""
    if len(weights) != len(arrays):
        return f"{len(weights)} weights for {len(arrays)} arrays in the file"
    for weight, array in zip(weights, arrays, strict=True):
        if weight.value.shape != array.shape:
            return (
                f"{weight.name} of shape {weight.value.shape} for an array of shape {array.shape} in the file"
            )
    return None


def remembered(
    weights: int,
    order: Sequence[tuple[int, str]],
    slots: Sequence[Array],
    steps: Array,
    learning_rate: Array | None = None,
) -> dict[str, Any]:
    """An optimizer's state from the arrays of a file: `order` says which weight's slot each of `slots` is."""
    found: list[dict[str, Array]] = [{} for _ in range(weights)]
    for (place, slot), array in zip(order, slots, strict=True):
        found[place][slot] = array
    return {"iterations": steps_made(steps), "learning_rate": learning_rate, "slots": found}


def steps_made(stored: Array) -> Array:
    """The steps that an optimizer says it has made, if that can be.

    Raises
    ------
    FileFormatError
    """
    if not (stored.dtype.kind in "iu" and stored >= 0):
        raise FileFormatError(
            f"An optimizer counts its steps from 0. Received: iterations={stored}. Compile the model again."
        )
    return stored
