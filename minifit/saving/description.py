"""The description of a model as plain data, the intermediate form between a model and a file.

The modules of this package convert a description to a file of their format and back, without knowing a model class;
`minifit.models` converts a model to a description and back. Configurations in a description are always in the form of
tf.keras 2.7, whatever their form in the file.
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
    """An array that is still in its file: its shape and dtype are known, and ``np.asarray`` reads its values."""

    @property
    def shape(self) -> Shape:
        """The length of every axis."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of its values."""

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array: ...


@dataclass(eq=False)
class Weight:
    """A weight of a layer: its name, such as ``"dense/kernel:0"``, and its values, a view of the model's memory."""

    name: str
    value: Array
    trainable: bool = True


@dataclass(eq=False)
class LayerWeights:
    """The weights of a layer or a model. A shared layer or weight is one object here, too.

    Attributes
    ----------
    name, class_name : str
        Such as ``"dense_1"`` and ``"Dense"``.
    weights : list of Weight
        The weights of the layer itself, in the order of their creation.
    inner : dict of str to LayerWeights or list of LayerWeights
        The layers held by attributes, by the attribute's name; those of a model are its ``"layers"``.
    trainable : bool
        False for a frozen layer.
    kind : {"layer", "model", "graph"}
        A layer, a model that defines `call`, or a model that lists its layers (`Sequential`, `Model(inputs, outputs)`).
    """

    name: str
    class_name: str
    weights: list[Weight] = field(default_factory=list)
    inner: "dict[str, LayerWeights | list[LayerWeights]]" = field(default_factory=dict)
    trainable: bool = True
    kind: str = "layer"

    @property
    def layers(self) -> "list[LayerWeights]":
        """The direct inner layers, each once."""
        layers = (i for inner in self.inner.values() for i in (inner if isinstance(inner, list) else [inner]))
        return list(dict.fromkeys(layers))

    def own(self) -> list[Weight]:
        """Return the weights of the layer itself in Keras's order: trainable ones first."""
        return sorted(self.weights, key=lambda w: not w.trainable)

    def all_weights(self) -> list[Weight]:
        """Return all weights, also of inner layers, each once: those that are trained, then the others."""
        return list(dict.fromkeys([*self._trained(), *self._frozen()]))

    # The next three follow tf.keras: a layer lists its own weights first, a model those of its layers.

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
    """The state of an optimizer.

    Attributes
    ----------
    class_name : str
    slot_names : tuple of str
        The names in `Optimizer.slot_names`, for example ``("m", "v")``.
    weights : list of Weight
        The trained weights, in the order of the model.
    state : dict
        The result of `Optimizer.get_state` for these weights: "learning_rate" (None for a schedule), "iterations",
        "slots", a list with a dict of arrays by slot for every weight, and for some optimizers "m_schedule".
    """

    class_name: str
    slot_names: tuple[str, ...]
    weights: list[Weight]
    state: Mapping[str, Any]


@dataclass
class ModelDescription:
    """The content of a model file; entries that are None or empty are left out.

    Attributes
    ----------
    config : dict, optional
        ``{"class_name": "Sequential", "config": ...}``
    shapes : dict
        The shapes of the tensors in graphs of the model. A key consists of the names of the models that contain the
        graph, the layer's name, the index of its call and the index of the tensor.
    input_shape : tuple, optional
        The input shape for which a model that defines `call` was built.
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
        The total size of its arrays, which bounds the size of the model.
    remembers : bool
        Whether files of weights in this format include the optimizer's state.
    """

    numbers: int
    remembers: bool = False

    @property
    @abstractmethod
    def config(self) -> Config | None:
        """The `config` of `ModelDescription`."""

    @property
    @abstractmethod
    def training(self) -> Config | None:
        """The `training` of `ModelDescription`."""

    @property
    def input_shape(self) -> Any:
        """The `input_shape` of `ModelDescription`, in the form of the file."""
        return None

    @abstractmethod
    def weights_for(
        self, model: LayerWeights, by_name: bool = False, skip_mismatch: bool = False
    ) -> list[tuple[Weight, StoredArray]]:
        """Return the weights of a model paired with their stored arrays, which have the same shapes.

        Raises
        ------
        FileFormatError
            When they do not fit; with `skip_mismatch`, such layers are skipped with a warning that names them.
        """

    def unread(self, used: Sequence[tuple[Weight, StoredArray]]) -> int:
        """Return the number of weights in the file that `weights_for` did not use."""
        return 0

    @abstractmethod
    def optimizer_state(
        self, class_name: str, slot_names: Sequence[str], weights: Sequence[Weight], model: LayerWeights
    ) -> dict[str, Any] | None:
        """Read and return the argument of `Optimizer.set_state`; None when the file has no optimizer state.

        Parameters
        ----------
        class_name : str
        slot_names, weights
            The slots of the optimizer and the weights it trains, see `OptimizerVariables`.
        model : LayerWeights
            The model with these weights.

        Raises
        ------
        FileFormatError
            When the state in the file does not fit.
        """


def misfit(weights: Sequence[Weight], arrays: Sequence[StoredArray]) -> str | None:
    """Return a text about why stored arrays do not fit these weights; None when they fit."""
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
    """Return an optimizer's state from the arrays of a file; `order` has the weight's index and the slot of each."""
    by_weight: list[dict[str, Array]] = [{} for _ in range(weights)]
    for (index, slot), array in zip(order, slots, strict=True):
        by_weight[index][slot] = array
    rate = None if learning_rate is None else stored_rate(learning_rate)
    return {"iterations": steps_made(steps), "learning_rate": rate, "slots": by_weight}


def steps_made(stored: Array) -> Array:
    """Return the stored number of steps of an optimizer; raise unless it is a non-negative integer.

    Raises
    ------
    FileFormatError
    """
    if not (stored.dtype.kind in "iu" and stored >= 0):
        raise FileFormatError(
            f"An optimizer counts its steps from 0. Received: iterations={stored}. Compile the model again."
        )
    return stored


def stored_rate(stored: Array) -> Array:
    """Return the stored learning rate of an optimizer; raise unless it is a finite number of at least 0.

    Raises
    ------
    FileFormatError
    """
    if not (stored.shape == () and np.isfinite(stored) and stored >= 0):
        raise FileFormatError(
            f"A learning rate is a finite number of at least 0. Received: learning_rate={stored}. "
            "Compile the model again."
        )
    return stored
