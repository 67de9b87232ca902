"""`Sequential`: a chain of layers as a model."""

from collections.abc import Mapping, Sequence
from typing import Any

from minifit import nest
from minifit.arrays import Array
from minifit.data import Names
from minifit.errors import ArgumentError, ArgumentTypeError, quoted
from minifit.graph import Graph, Symbol
from minifit.layers import Input, InputLayer, Layer
from minifit.models import configs
from minifit.models.model import Model
from minifit.models.wiring import same_name
from minifit.registration import custom_object_scope
from minifit.tables import described
from minifit.tensor import Context


class Sequential(Model):
    """A chain of layers: the output of each is the input of the next.

    Parameters
    ----------
    layers : Layer or list of Layer, optional
        The first may be an `Input`. `add` appends further layers.
    name : str, optional
        ``sequential``, ``sequential_1``, ... when None.

    Attributes
    ----------
    layers : list of Layer
    optimizer : Optimizer
        Set by `compile`.
    history : History
        The return value of the last `fit`.
    stop_training : bool
        Set it to True in a callback to end training.
    training_state : TrainingState
        The complete state of the training: everything that determines its further course.

    Examples
    --------
    >>> import numpy as np
    >>> from minifit.layers import Dense
    >>> model = Sequential([Dense(8, activation="relu", input_shape=(4,)), Dense(1)])
    >>> model.compile("sgd", loss="mse")
    >>> model.fit(np.zeros((5, 4)), np.zeros(5), verbose=0).epoch
    [0]

    References
    ----------
    ``tf.keras.Sequential`` (TensorFlow 2.7).
    """

    _base_name = "sequential"

    def __init__(self, layers: Any = None, name: str | None = None) -> None:
        super().__init__(name=name)
        self._layers: list[Layer] = []
        self._names: set[str] = set()
        for layer in _as_list(layers):
            self.add(layer)

    @property
    def has_call(self) -> bool:
        """True: a chain can be called once the shape of its input is known."""
        return True

    def add(self, layer: Layer) -> None:
        """Append a layer. It is built at once if the shape of its input is known.

        Raises
        ------
        ArgumentTypeError, ArgumentError
            When it is not a layer, or when another layer has its name.
        BusyError
            While the model is being trained.
        """
        self._need_rest("changed")
        if isinstance(layer, Symbol) and isinstance(layer.node.layer, InputLayer):
            layer = layer.node.layer
        if not isinstance(layer, Layer):
            raise ArgumentTypeError(
                f"A model consists of layers. Received: {layer!r} of type {type(layer).__name__}. "
                "Add, for example, layers.Dense(10)."
            )
        if "built" not in vars(layer):
            raise ArgumentError(
                f"A layer's __init__ must call that of Layer first. Received: a {type(layer).__name__} that did not. "
                "Begin with super().__init__()."
            )
        if layer.name in self._names and not any(layer is known for known in self._layers):
            raise same_name(layer.name)
        if isinstance(layer, InputLayer):
            self._begin_with(layer)
            return
        self._layers.append(layer)
        try:
            if self._graph is not None:
                self._follow_with(layer)
            elif len(self._layers) == 1 and (shape := self._shape_of_first(layer)) is not None:
                self.build(shape)
        except BaseException:
            self._layers.pop()
            raise
        self._names.add(layer.name)

    def _shape_of_first(self, layer: Layer) -> Any:
        """Return the input shape that the first layer declares, or has if it is a model."""
        if isinstance(layer, Model):
            return layer.input_shape if layer.built and layer._shapes is not None else None
        return layer.batch_input_shape

    def _begin_with(self, layer: InputLayer) -> None:
        if self._layers or self.built:
            raise ArgumentError(
                f"An InputLayer must come first. Received: {layer.name!r} after other layers. Put it at the beginning."
            )
        if layer.batch_input_shape is None:
            raise ArgumentError(
                "An InputLayer needs the shape of a sample. Received: no shape. Pass, for example, input_shape=(20,)."
            )
        self._start(layer.output)

    def _start(self, symbol: Symbol) -> None:
        """Begin the graph with a symbol and append all layers."""
        self._graph, self._inputs_like, self._outputs_like = Graph([symbol], [symbol]), None, None
        try:
            for layer in self._layers:
                self._follow_with(layer)
        except BaseException:
            self._graph = None
            raise
        self._settle()

    def _follow_with(self, layer: Layer) -> None:
        """Append a layer to the graph."""
        graph = self._need_graph("graph")
        calls = len(layer._nodes)
        with Context(recording=False, streams=self._streams()):
            result = layer(graph.outputs[0] if self._outputs_like is None else self.output)
        graph.append(layer._nodes[calls])
        self._outputs_like = nest.map_leaves(lambda _: None, result)
        self._settle()

    @property
    def _data_names(self) -> Names:
        """The names of the input and the output, which are known before the model is built."""
        if self._graph is not None or not self._layers or isinstance(self._layers[-1], Model):
            return super()._data_names
        return Names([f"{self._layers[0].name}_input"], [self._layers[-1].name])

    def ready_for(self, inputs: Sequence[Array], form: Any = 0) -> None:
        """Build for a batch of inputs and check that it fits; a list or dict of one input counts as that input."""
        super().ready_for(inputs, 0 if len(inputs) == 1 else form)

    def _build(self, input_shape: Any, like: Any = None, **kwargs: Any) -> None:
        """Create the graph for input of this shape."""
        first = self._layers[0] if self._layers else None
        name = None if first is None else f"{first.name}_input"
        if isinstance(first, Model) and first._graph is not None and isinstance(input_shape, list | dict):
            raise ArgumentError(
                f"A chain has one input. Received: {first.name!r} with several. Use Model(inputs, outputs)."
            )
        self._start(Input(batch_shape=input_shape, name=name))

    def pop(self) -> None:
        """Remove the last layer.

        Raises
        ------
        ArgumentTypeError
            When the model has no layers.
        BusyError
            While the model is being trained.
        """
        self._need_rest("changed")
        if not self._layers:
            raise ArgumentTypeError(
                "pop() removes the last layer. Received: a model without layers. Add a layer first."
            )
        last = self._layers.pop()
        if not any(last is layer for layer in self._layers):
            self._names.remove(last.name)
        if not self._layers:
            self._graph, self._shapes, self.built = None, None, False
        elif self._graph is not None:
            self._graph.pop()
            self._outputs_like = nest.map_leaves(lambda _: None, self._graph.nodes[-1].outputs)
            self._settle()

    @property
    def layers(self) -> list[Layer]:
        """The layers in order, without an `InputLayer`. Their weights are in their final place in memory."""
        self._lay_out()
        return list(self._layers)

    def layers_inside(self) -> list[Layer]:
        """Return the layers of the chain and those held by attributes of a subclass, each once."""
        if self._containers:
            self._search_containers()
        # As many names as layers: no layer occurs twice.
        if not self._inner and len(self._names) == len(self._layers):
            return list(self._layers)
        return list(dict.fromkeys((*self._layers, *self._inner)))

    def _who_expects(self, symbol: Symbol) -> str:
        return f"Layer {self._layers[0].name if self._layers else self.name!r}"

    def get_config(self) -> dict[str, Any]:
        """Return the layers as plain data, in Keras's form."""
        first = [] if self._graph is None else [self._graph.inputs[0].node.layer]
        return {"name": self.name, "layers": [described(layer) for layer in (*first, *self._layers)]}

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any] | list[Any], custom_objects: Mapping[str, Any] | None = None
    ) -> "Sequential":
        """Return a model with the same layers and new weights.

        Parameters
        ----------
        config : dict
            The return value of `get_config`, or only its list of layers.
        custom_objects : dict, optional
            Your own layer classes by name.

        Raises
        ------
        ArgumentError
            When `config` is not the configuration of a model.
        UnknownNameError
            For a layer class that is neither minifit's nor in `custom_objects`.
        """
        entries: Any = config.get("layers") if isinstance(config, Mapping) else config
        if not isinstance(entries, list | tuple) or not all(_describes_layer(e) for e in entries):
            raise ArgumentError(
                "The configuration of a model is a dict whose 'layers' are a list of dicts with a class_name and a "
                f"config. Received: {quoted(config)}. Pass the result of get_config()."
            )
        model = cls(name=config.get("name") if isinstance(config, Mapping) else None)
        with custom_object_scope(custom_objects):
            layers: list[Any] = []
            for entry in entries:
                # Equal entries with a name are one layer that occurs twice.
                first = entries.index(entry)
                repeated = first < len(layers) and "name" in (entry.get("config") or ())
                layers.append(layers[first] if repeated else configs.make_layer(entry))
                model.add(layers[-1])
        return model


configs.MODELS["Sequential"] = Sequential


def _describes_layer(entry: Any) -> bool:
    return (
        isinstance(entry, Mapping)
        and "class_name" in entry
        and isinstance(entry.get("config") or {}, Mapping | list)
    )


def _as_list(layers: Any) -> list[Any]:
    if layers is None:
        return []
    return list(layers) if isinstance(layers, list | tuple) else [layers]
