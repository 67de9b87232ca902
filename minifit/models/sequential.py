"""`Sequential`: a model that is a chain, the output of each layer the input of the next."""

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
        May also be added one by one with `add`. The first may be an `Input`.
    name : str, optional
        ``sequential``, ``sequential_1``, ... when None.

    Attributes
    ----------
    layers : list of Layer
    optimizer : Optimizer
        Set by `compile`.
    history : History
        What the last `fit` returned.
    stop_training : bool
        Set it in a callback to end training.
    training_state : TrainingState
        Everything that decides how training goes on.

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
        self._names: set[str] = set()  # of its layers
        for layer in _as_list(layers):
            self.add(layer)

    @property
    def has_call(self) -> bool:
        """True: a chain is called, if only it knows the shape of its input."""
        return True

    def add(self, layer: Layer) -> None:
        """Add a layer at the end. It is built at once if the shape of its input is known.

        Raises
        ------
        ArgumentTypeError, ArgumentError
            When it is no layer, or its name is taken.
        BusyError
            While the model is being trained.
        """
        self._need_rest("changed")
        if isinstance(layer, Symbol) and isinstance(layer.node.layer, InputLayer):
            layer = layer.node.layer
        if not isinstance(layer, Layer):
            raise ArgumentTypeError(
                f"A model is made of layers. Received: {layer!r} of type {type(layer).__name__}. "
                "Add for example layers.Dense(10)."
            )
        if "built" not in vars(layer):
            raise ArgumentError(
                f"A layer's __init__ must call that of Layer. Received: a {type(layer).__name__} that did not. "
                "Begin it with super().__init__(), before anything else."
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
        """Return the shape of input that the first layer declares, or that a model has."""
        if isinstance(layer, Model):
            return layer.input_shape if layer.built and layer._shapes is not None else None
        return layer.batch_input_shape

    def _begin_with(self, layer: InputLayer) -> None:
        if self._layers or self.built:
            raise ArgumentError(
                f"An InputLayer comes first. Received: {layer.name!r} after other layers. Put it at the beginning."
            )
        if layer.batch_input_shape is None:
            raise ArgumentError(
                "An InputLayer says the shape of a sample. Received: none. Pass input_shape=(20,)."
            )
        self._start(layer.output)

    def _start(self, symbol: Symbol) -> None:
        """Begin the graph, and let all layers that are there follow."""
        self._graph, self._inputs_like, self._outputs_like = Graph([symbol], [symbol]), None, None
        try:
            for layer in self._layers:
                self._follow_with(layer)
        except BaseException:
            self._graph = None
            raise
        self._settle()

    def _follow_with(self, layer: Layer) -> None:
        """Let the graph end with one more layer."""
        graph = self._need_graph("graph")
        calls = len(layer._nodes)
        with Context(recording=False, streams=self._streams()):
            result = layer(graph.outputs[0] if self._outputs_like is None else self.output)
        graph.append(layer._nodes[calls])
        self._outputs_like = nest.map_leaves(lambda _: None, result)
        self._settle()

    @property
    def _data_names(self) -> Names:
        """The names of the one input and output, which are known before the model is built."""
        if self._graph is not None or not self._layers or isinstance(self._layers[-1], Model):
            return super()._data_names
        return Names([f"{self._layers[0].name}_input"], [self._layers[-1].name])

    def ready_for(self, inputs: Sequence[Array], form: Any = 0) -> None:
        """Build for a batch of inputs and see that it fits; a list or dict of one input is as good as the input."""
        super().ready_for(inputs, 0 if len(inputs) == 1 else form)

    def _build(self, input_shape: Any, like: Any = None, **kwargs: Any) -> None:
        """Make the graph for input of this shape."""
        first = self._layers[0] if self._layers else None
        named = None if first is None else f"{first.name}_input"
        if isinstance(first, Model) and first._graph is not None and isinstance(input_shape, list | dict):
            raise ArgumentError(
                f"A chain has one input. Received: {first.name!r} with several. Make Model(inputs, outputs)."
            )
        self._start(Input(batch_shape=input_shape, name=named))

    def pop(self) -> None:
        """Take the last layer off.

        Raises
        ------
        ArgumentTypeError
            When there is none.
        BusyError
            While the model is being trained.
        """
        self._need_rest("changed")
        if not self._layers:
            raise ArgumentTypeError(
                "pop() takes the last layer off. Received: a model without layers. Nothing is left to do."
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
        """The layers in order, without an `InputLayer`; their weights lie where they stay."""
        self._lay_out()
        return list(self._layers)

    def layers_inside(self) -> list[Layer]:
        """Return the layers, and those that attributes of a subclass hold, each once."""
        if self._containers:
            self._look_into_containers()
        if not self._inner and len(self._names) == len(self._layers):
            return list(self._layers)  # no layer comes twice
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
        """Return a model of the same layers with weights of its own.

        Parameters
        ----------
        config : dict
            What `get_config` returned, or only its list of layers.
        custom_objects : dict, optional
            Layer classes of your own, by name.

        Raises
        ------
        ArgumentError
            When `config` is no such description.
        UnknownNameError
            For a layer that is neither minifit's nor among `custom_objects`.
        """
        entries: Any = config.get("layers") if isinstance(config, Mapping) else config
        if not isinstance(entries, list | tuple) or not all(_describes_layer(e) for e in entries):
            raise ArgumentError(
                "The configuration of a model is a dict whose 'layers' are a list of dicts with a class_name and a "
                f"config. Received: {quoted(config)}. Pass what get_config() returned."
            )
        made = cls(name=config.get("name") if isinstance(config, Mapping) else None)
        with custom_object_scope(custom_objects):
            ready: list[Any] = []
            for entry in entries:
                before = entries.index(
                    entry
                )  # an entry that comes again, by name, is a layer that comes twice
                same = before < len(ready) and "name" in (entry.get("config") or ())
                ready.append(ready[before] if same else configs.make_layer(entry))
                made.add(ready[-1])
        return made


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
