"""`Model`: layers that are called in some order, as one layer that trains.

There are four ways to make one. `Sequential` is a chain. ``Model(inputs, outputs)`` is what lies between symbols: a
graph. A subclass has layers as attributes and calls them in `call`, as it likes. And each of these may stand in another
model, since a model is a layer.
"""

from collections.abc import Callable, Sequence
from math import prod
from threading import RLock
from typing import Any

import numpy as np

from minifit import console, nest
from minifit.arrays import FLOAT, Array, without_batch
from minifit.errors import ArgumentError, ArgumentTypeError, NotBuiltError, ShapeError, UnknownNameError
from minifit.graph import Graph, Node, ShapeLike, Symbol, flat_shapes, map_shapes, pack_shapes
from minifit.layers import Input, InputLayer, Layer
from minifit.layers.additions import AddLoss, AddMetric
from minifit.layers.base import unique_name
from minifit.models import configs, files
from minifit.parameters import Parameter, ParameterBuffer
from minifit.saving.atomic import PathLike
from minifit.saving.graph_config import is_graph
from minifit.saving.load_status import LoadStatus
from minifit.tensor import Context, Tensor, constant
from minifit.training.trainer import Trainer
from minifit.utils.summary import summary_lines

_building = RLock()


class Model(Trainer):
    """Layers as one: what trains, predicts, is saved, and is a layer itself.

    Parameters
    ----------
    inputs : Symbol, or list or dict of Symbol
        From `Input`. A dict gives the inputs the names under which data is passed.
    outputs : Symbol, or nested symbols
        What layers made of the inputs; the model returns it nested in the same way.
    name : str, optional
        ``model``, ``model_1``, ... when None; a subclass is called after its class.
    trainable : bool, default True
        Whether training changes the weights of its layers.

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

    Raises
    ------
    ArgumentError, ArgumentTypeError
        When inputs are no symbols, when the outputs depend on anything else, or when two layers have one name.

    Examples
    --------
    >>> from minifit.layers import Dense, Input
    >>> x = Input((4,))
    >>> y = Dense(8, activation="relu")(x)
    >>> model = Model(x, Dense(1)(y))
    >>> model.output_shape
    (None, 1)

    References
    ----------
    ``tf.keras.Model`` (TensorFlow 2.7).
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Make a `Functional` of inputs and outputs, as Keras does."""
        graph = cls is Model and bool(args or "inputs" in kwargs)
        return super().__new__(Functional if graph else cls)

    def __init__(
        self,
        inputs: Any = None,
        outputs: Any = None,
        name: str | None = None,
        trainable: bool = True,
        **kwargs: Any,
    ) -> None:
        if (inputs is None) != (outputs is None):
            raise ArgumentError(
                "A graph lies between inputs and outputs. Received: one of them. Pass both, or none for a subclass "
                "with a call of its own."
            )
        if isinstance(name, str | None) and not name and self._base_name is not None:
            super().__init__(unique_name(self._base_name), trainable, **kwargs)
            self.auto_named = True
        else:
            super().__init__(name, trainable, **kwargs)
        self._graph: Graph | None = None
        self._inputs_like: Any = None  # how they are nested; leaves are None
        self._outputs_like: Any = None
        self._inputs_form: Any = 0  # how the data was nested that a model without a graph saw last
        self._buffer = ParameterBuffer()
        self._laid_out = True  # whether the weights that can be learned lie side by side
        if inputs is not None:
            self._connect(inputs, outputs)

    _base_name: str | None = None  # of models whose class does not name them

    def __setattr__(self, name: str, value: Any) -> None:
        """Own layers and weights; not before there is a model to own them."""
        if "_buffer" not in vars(self) and isinstance(value, Layer | Parameter):
            raise ArgumentError(
                f"A model's __init__ must call that of Model. Received: {type(self).__name__}.{name}, set without. "
                "Begin it with super().__init__(), before anything else."
            )
        super().__setattr__(name, value)

    def _streams(self) -> Any:
        """Return where its layers draw random numbers from."""
        return self.training_state.streams

    # -- its graph --------------------------------------------------------------------------------------

    def _connect(self, inputs: Any, outputs: Any) -> None:
        """Take the graph between symbols."""
        starts, ends = _symbols("inputs", inputs), _symbols("outputs", outputs)
        if len(set(starts)) < len(starts):
            raise ArgumentError(
                f"Each input comes once. Received: {[s.name for s in starts]}. Leave one out."
            )
        if any(not isinstance(s.node.layer, InputLayer) for s in starts):
            starts, ends = _cut_out(starts, ends)
        self._graph = Graph(starts, ends)
        self._inputs_like = nest.map_leaves(_nothing, inputs)
        self._outputs_like = nest.map_leaves(_nothing, outputs)
        self._check_names()
        self._settle()

    def _check_names(self) -> None:
        seen: dict[str, Layer] = {}
        for layer in self.layers:
            if seen.setdefault(layer.name, layer) is not layer:
                raise same_name(layer.name)

    def _settle(self) -> None:
        """Count as built, with the shapes that the graph has."""
        graph = self._need_graph("graph")
        shapes = [[s.shape for s in symbols] for symbols in (graph.inputs, graph.outputs)]
        self._shapes = (
            nest.pack(self._inputs_like, shapes[0]),
            nest.pack(self._outputs_like, self._first(shapes[1])),
        )
        self.built, self._laid_out = True, False

    def _first(self, results: Sequence[Any]) -> Sequence[Any]:
        """Return the outputs among the results of the graph; losses and metrics that were added come behind."""
        return results[: len(nest.flatten(self._outputs_like))]

    def _need_graph(self, wanted: str) -> Graph:
        if self._graph is None:
            raise NotBuiltError(
                f"The model {self.name!r} has no {wanted}: its layers are called in call(). Received: a model that is "
                "no graph. Make it of inputs and outputs, or of a chain with an input_shape."
            )
        return self._graph

    @property
    def input(self) -> Any:
        """The symbols for the inputs, nested as they were given."""
        return nest.pack(self._inputs_like, self._need_graph("input").inputs)

    @property
    def output(self) -> Any:
        """The symbols for the outputs, nested as they were given."""
        return nest.pack(self._outputs_like, self._first(self._need_graph("output").outputs))

    @property
    def inputs(self) -> list[Symbol] | None:
        """The symbols for the inputs in order; None for a model that is no graph."""
        return None if self._graph is None else list(self._graph.inputs)

    @property
    def outputs(self) -> list[Symbol] | None:
        """The symbols for the outputs in order; None for a model that is no graph."""
        return None if self._graph is None else list(self._first(self._graph.outputs))

    @property
    def input_names(self) -> list[str] | None:
        """The names of the inputs; None for a model that takes what `call` takes."""
        return None if self._graph is None else [s.name for s in self._graph.inputs]

    @property
    def input_keys(self) -> list[str] | None:
        """The keys of data that is a dict, in the order of the inputs; None if any will do."""
        return sorted(self._inputs_like) if isinstance(self._inputs_like, dict) else self.input_names

    @property
    def output_names(self) -> list[str]:
        """The names of the outputs, in order: those of their layers, or ``output_1``, ... for a subclass."""
        if self._graph is None:
            return [] if self._shapes is None else _pseudo_names(self._shapes[1])
        names: list[str] = []
        for symbol in self._first(self._graph.outputs):
            name, count = symbol.name, 0
            while name in names:
                count += 1
                name = f"{symbol.name}_{count}"
            names.append(name)
        return names

    @property
    def input_shape(self) -> Any:
        """The shape of a batch of inputs, its first dimension None; nested as they are."""
        return self._built_shapes("input shape")[0]

    @property
    def output_shape(self) -> Any:
        """The shape of a batch of outputs, its first dimension None; nested as they are."""
        return self._built_shapes("output shape")[1]

    @property
    def output_shapes(self) -> list[ShapeLike]:
        """The shapes of all outputs, in order; none of a model that has steps of its own and no `call`."""
        return [] if self._shapes is None else flat_shapes(self.output_shape)

    def _built_shapes(self, wanted: str) -> tuple[Any, Any]:
        self._need_built(wanted)
        assert self._shapes is not None
        return self._shapes

    def _need_built(self, wanted: str) -> None:
        if not self.built or self._shapes is None:
            raise NotBuiltError(
                f"The model {self.name!r} has no {wanted} before it is built. Received: a model that has not seen "
                "data. Call build((None, features)), give the first layer an input_shape, or let it see data."
            )

    # -- its layers -------------------------------------------------------------------------------------

    @property
    def layers(self) -> list[Layer]:
        """The layers directly in it: of a graph, the nearer to the inputs the earlier."""
        self._lay_out()
        return self.layers_inside()

    def layers_inside(self) -> list[Layer]:
        """Return the layers of the graph, and those that attributes hold, each once."""
        held = super().layers_inside()
        return held if self._graph is None else list(dict.fromkeys([*self._graph.layers, *held]))

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """Return a layer by its name or its place.

        Raises
        ------
        ArgumentError, UnknownNameError
            When there is no such layer, or not exactly one of both is given.
        """
        if (name is None) == (index is None):
            raise ArgumentError(
                f"get_layer takes a name or an index. Received: name={name!r}, index={index!r}. Pass one of them."
            )
        layers = self.layers
        if index is not None:
            if not -len(layers) <= index < len(layers):
                raise ArgumentError(
                    f"index must be below the number of layers, {len(layers)}. Received: index={index}. "
                    "Count from 0, or from -1 at the end."
                )
            return layers[index]
        by_name = {layer.name: layer for layer in layers}
        if name not in by_name:
            raise UnknownNameError.of("layer", str(name), by_name)
        return by_name[name]

    def add_loss(self, losses: Any, **kwargs: Any) -> None:
        """Add to the loss: a symbol of the graph, or inside `call` what a batch adds.

        Parameters
        ----------
        losses : Symbol, tensor, function without arguments that returns a tensor, or list of them

        References
        ----------
        ``tf.keras.Model.add_loss`` (TensorFlow 2.7).
        """
        for loss in nest.flatten(losses):
            if isinstance(loss, Symbol):
                self._append(AddLoss()(loss))
            else:
                super().add_loss(loss, **kwargs)

    def add_metric(self, value: Any, name: str | None = None, aggregation: str | None = "mean") -> None:
        """Report the mean of a value over the batches of an epoch: a symbol of the graph, or a tensor inside `call`.

        Parameters
        ----------
        value : Symbol or tensor
        name : str
            The key in the logs.
        aggregation : "mean"
            Nothing else is supported, as in tf.keras.

        References
        ----------
        ``tf.keras.Model.add_metric`` (TensorFlow 2.7).
        """
        if isinstance(value, Symbol):
            self._append(AddMetric(metric_name=name, aggregation=aggregation)(value))
        else:
            super().add_metric(value, name, aggregation)

    def _append(self, symbol: Symbol) -> None:
        """Let the graph compute one more symbol, which the model does not return."""
        self._need_rest("changed")
        graph = self._need_graph("graph to add to")
        self._graph = Graph(graph.inputs, [*graph.outputs, symbol])
        self._check_names()

    # -- building ---------------------------------------------------------------------------------------

    def build(self, input_shape: Any = None) -> None:
        """Make the weights for inputs of these shapes, their first dimensions None; nothing if they exist.

        Parameters
        ----------
        input_shape : tuple, or tuples nested as `call` takes its inputs
        """
        with _building:  # a second thread waits, and finds them
            if self.built:
                return
            if input_shape is None:
                raise ArgumentError(
                    "build needs the shape of the input. Received: None. Pass for example (None, 20)."
                )
            self._build(map_shapes(lambda shape: (None, *shape[1:]) if shape else shape, input_shape))

    def _build(self, input_shape: Any) -> None:
        with Context(recording=False, streams=self._streams()):
            self._shapes = input_shape, self._tried(input_shape, {})
        self.built, self._laid_out = True, False

    def build_for(self, input_shape: Any, **kwargs: Any) -> Any:
        """Build the model if it is not built yet; returns the shape of its output, nested as that is."""
        if not self.built:
            self.build(input_shape)
            self.built = True  # where a subclass has a build of its own
        if self._shapes is None or kwargs or input_shape != self._shapes[0]:
            with Context(recording=False, streams=self._streams()):
                output_shape = self._tried(input_shape, kwargs)
            self._shapes = self._shapes or (input_shape, output_shape)
            self._laid_out = False
            return output_shape
        return self._shapes[1]

    def ready_for(self, inputs: Sequence[Array], form: Any = 0) -> None:
        """Build for a batch of inputs and see that it fits; `form` nests their places as the user gave them."""
        if not self.built and not self._computes():
            return  # its own steps call its layers, or `call` says that there is none
        if not self.built:
            shapes = [(None, *(x.shape[1:] if x.ndim > 1 else (1,))) for x in inputs]
            self.build_for(nest.map_leaves(lambda place: shapes[place], form))
        if self._graph is None:
            self._inputs_form = form
        else:
            self._fed([constant(np.asarray(x)) for x in inputs])

    def _computes(self) -> bool:
        """Return whether the model has a graph or a `call`; one that has neither may have steps of its own."""
        return self._graph is not None or type(self).call is not Model.call or "call" in vars(self)

    def adopt_weights(self) -> None:
        """Let all weights that can be learned lie side by side, those of models inside each where these keep them."""
        with _building:
            self._laid_out = True
            for layer in self.layers_inside():
                if isinstance(layer, Model):
                    layer.adopt_weights()
            self._buffer.adopt([w for w in self.all_weights() if w.trainable])

    def _lay_out(self) -> None:
        if not self._laid_out:
            self.adopt_weights()

    # -- its weights ------------------------------------------------------------------------------------

    @property
    def weights(self) -> list[Parameter]:
        """All weights, layer by layer, each once."""
        self._need_weights()
        found = [w for layer in self._layers_with_weights() for w in layer.weights]
        return list(dict.fromkeys([*found, *self.own_weights()]))

    @property
    def trainable_weights(self) -> list[Parameter]:
        """The weights that training changes: those of layers that are not frozen."""
        self._need_weights()
        if not self.trainable:
            return []
        found = [w for layer in self._layers_with_weights() for w in layer.trainable_weights]
        return list(dict.fromkeys([*found, *(w for w in self.own_weights() if w.trainable)]))

    @property
    def non_trainable_weights(self) -> list[Parameter]:
        """The weights that training leaves alone."""
        trained = set(self.trainable_weights)
        return [w for w in self.weights if w not in trained]

    variables = weights
    trainable_variables = trainable_weights
    non_trainable_variables = non_trainable_weights

    def _need_weights(self) -> None:
        """Raise if there are no weights yet, and lay out those of new layers."""
        if self._lacks_weights():
            self._need_built("weights")
        self._lay_out()

    def _lacks_weights(self) -> bool:
        """Return whether its weights come with the first call; a model without a call has what its layers have."""
        return not self.built and self.has_call and not all(layer.built for layer in self.layers_inside())

    def _layers_with_weights(self) -> list[Layer]:
        return [x for x in self.layers_inside() if not (isinstance(x, Model) and x._lacks_weights())]

    def count_params(self) -> int:
        """Return how many numbers the weights hold."""
        return sum(w.value.size for w in self.weights)

    # -- forward ----------------------------------------------------------------------------------------

    def call(self, inputs: Any, training: bool | None = None, mask: None = None) -> Any:
        """Return the output for a batch of inputs. A subclass that is no graph defines it."""
        if self._graph is None:
            raise NotImplementedError(f"{type(self).__name__} must define call(inputs, training=None)")

        def apply(node: Node, given: Any, kwargs: dict[str, Any]) -> Any:
            if not kwargs:
                return node.layer.run(given, training, kwargs)
            told = kwargs.get("training", training)
            return node.layer.run(given, told, {k: v for k, v in kwargs.items() if k != "training"})

        results = self._graph.walk(self._fed(inputs), apply)
        return (
            results[0] if self._outputs_like is None else nest.pack(self._outputs_like, self._first(results))
        )

    @property
    def has_call(self) -> bool:
        """Whether it is a graph, or has a `call` of its own."""
        return self._graph is not None or type(self).call is not Model.call or "call" in vars(self)

    def forward(self, inputs: Sequence[Array], training: bool) -> tuple[Tensor, ...]:
        """Return the outputs in order for the columns of a batch, inside a step."""
        tensors = [constant(x if x.dtype == FLOAT else x.astype(FLOAT)) for x in inputs]
        if self._graph is not None:
            given = nest.pack(self._inputs_like, tensors)
        else:
            tensors = [t.reshape(-1, 1) if t.ndim == 1 else t for t in tensors]
            given = nest.map_leaves(tensors.__getitem__, self._inputs_form)
        result = self.run(given, training, {})
        return (result,) if type(result) is Tensor else tuple(nest.flatten(result))

    def pack_outputs(self, columns: Sequence[Any]) -> Any:
        """Return what stands for the outputs, nested as the model returns them."""
        return pack_shapes(self.output_shape, columns)

    def _fed(self, inputs: Any) -> list[Any]:
        """Return the tensors for the inputs of the graph in order, in the shapes that these have."""
        graph = self._need_graph("inputs")
        leaves = [inputs] if isinstance(inputs, Tensor) else self._in_order(inputs)
        if len(leaves) != len(graph.inputs):
            raise ArgumentError(
                f"The model {self.name!r} takes {len(graph.inputs)} inputs: {self.input_keys}. "
                f"Received: {len(leaves)}. Pass a list with one for each."
            )
        return [
            x if x.shape[1:] == symbol.shape[1:] else self._fitting(x, symbol)
            for x, symbol in zip(leaves, graph.inputs, strict=True)
        ]

    def _in_order(self, inputs: Any) -> list[Any]:
        """Return the leaves of nested inputs; those of a dict by name."""
        keys = self.input_keys
        if isinstance(inputs, dict) and keys is not None:
            missing = [key for key in keys if key not in inputs]
            if missing:
                raise UnknownNameError.of("input", missing[0], inputs)
            return [inputs[key] for key in keys]
        return nest.flatten(inputs)

    def _fitting(self, x: Tensor, symbol: Symbol) -> Tensor:
        """Return a batch in the shape of an input; (n,) may stand for (n, 1)."""
        expected, given = symbol.shape, x.shape
        if x.ndim == 1 and len(expected) == 2:
            x = x.reshape(-1, 1)
        if x.ndim != len(expected) or any(e not in (None, n) for e, n in zip(expected, x.shape, strict=True)):
            todo = "Reshape the data, or give the first layer another input_shape."
            if len(given) < len(expected):
                todo = "Reshape the data; x[None] makes a single sample a batch of one."
            raise ShapeError(
                f"{self._who_expects(symbol)} expects input of shape {without_batch(expected)}. "
                f"Received: {without_batch(given)}. {todo}"
            )
        return x

    def _who_expects(self, symbol: Symbol) -> str:
        return f"Input {symbol.name!r} of model {self.name!r}"

    def layers_in_turn(self) -> Sequence[Layer]:
        """Return the layers, if a step may take them one after another; none where the model is no chain."""
        graph = self._graph
        own = type(self).call is not Model.call or "call" in vars(self)
        if graph is None or own or len(graph.inputs) != 1 or len(graph.outputs) != 1:
            return ()
        before, chain = graph.inputs[0], []
        for node in graph.nodes:
            if node.inputs is not before or node.kwargs or not isinstance(node.outputs, Symbol):
                return ()
            if len(node.layer._nodes) > 1:
                return ()
            chain.append(node.layer)
            before = node.outputs
        return chain if before is graph.outputs[0] else ()

    def layer_outputs(self, x: Any) -> dict[str, Array]:
        """Beyond Keras: return what every layer of a graph makes of a batch of inputs, by its name, as in `predict`.

        Further results of a layer, as of its second call, are found under its name with ``:1``, ``:2``, ... behind it.
        """
        made: dict[str, Array] = {}

        def apply(node: Node, given: Any, kwargs: dict[str, Any]) -> Any:
            result = node.layer.run(given, False, {k: v for k, v in kwargs.items() if k != "training"})
            for tensor in nest.flatten(result):
                key = name = node.layer.name
                while key in made:
                    key = f"{name}:{int(key.removeprefix(name)[1:] or 0) + 1}"
                made[key] = tensor.numpy()
            return result

        if self._graph is not None:
            with Context(recording=False, streams=self._streams()):
                self._graph.walk(self._fed(self._tensors_of(x)), apply)
        return made

    def numbers_in_a_step(self, samples: int) -> int:
        """Return how many numbers a step goes through: the parameters, and every layer's output for each sample."""
        if self._graph is not None:
            shapes = [shape for node in self._graph.nodes for shape in flat_shapes_of(node.outputs)]
        else:
            inside = [layer for layer in self.layers_within() if layer._shapes is not None]
            shapes = [shape for layer in inside for shape in flat_shapes(layer._shapes[1])]
        return self.count_params() + samples * sum(prod(n or 1 for n in shape[1:]) for shape in shapes)

    # -- as data ----------------------------------------------------------------------------------------

    def summary(
        self,
        line_length: int | None = None,
        positions: Sequence[float] | None = None,
        print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
    ) -> None:
        """Print the layers, their output shapes and their numbers of parameters.

        Parameters
        ----------
        line_length : int, default 65
        positions : list of float, optional
            Where the columns end, as parts of the line.
        print_fn : callable, optional
            Called with each line, instead of printing it.
        expand_nested : bool, default False
            Whether the layers of models in the model are listed, each inside a border.
        show_trainable : bool, default False
            Whether a last column says ``Y`` or ``N`` for each layer.

        Raises
        ------
        OSError
            When the table cannot be printed, as ``print`` does.
        """
        self._need_built("summary")
        for line in summary_lines(self, self._graph, line_length, positions, expand_nested, show_trainable):
            (print_fn or console.show)(line)

    def get_config(self) -> dict[str, Any]:
        """Return the graph as plain data, in Keras's form.

        Raises
        ------
        NotImplementedError
            For a subclass that is no graph and defines no get_config of its own.
        """
        if self._graph is None:
            raise NotImplementedError(
                f"Only a graph of layers can be described. {type(self).__name__} calls its layers in call(): define "
                "get_config and from_config, or save its weights alone with save_weights."
            )
        return configs.of_graph(self)

    @classmethod
    def from_config(cls, config: Any, custom_objects: Any = None) -> Any:
        """Return a model of the same layers with weights of its own.

        Parameters
        ----------
        config : dict
            What `get_config` returned.
        custom_objects : dict, optional
            Layer classes of your own, by name.

        Raises
        ------
        ArgumentError
            When `config` is no such description.
        UnknownNameError
            For a layer that is neither minifit's nor among `custom_objects`.
        """
        if cls.get_config is not Model.get_config and not is_graph(config):
            return cls(**config)
        inputs, outputs, more = configs.symbols_of(config, custom_objects)
        made = cls(inputs=inputs, outputs=outputs, name=config.get("name"))
        for symbol in more:
            made._append(symbol)
        return made

    def describe(self) -> list[Any]:
        """Return the layers and their connections, without names and without what weights begin with."""
        return configs.described(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}: {len(self.layers_inside())} layers>"

    # -- files ------------------------------------------------------------------------------------------

    def save(
        self,
        filepath: PathLike,
        overwrite: bool = True,
        include_optimizer: bool = True,
        save_format: str | None = None,
        signatures: None = None,
        options: dict[str, Any] | None = None,
        save_traces: bool = True,
    ) -> None:
        """Write the model to a file: its layers, weights, what it was compiled with, and the optimizer's state.

        Parameters
        ----------
        filepath : str or PathLike
            A missing folder is made. The file appears whole or not at all; what was there before stays until then.
            A folder, or a name that ends with a separator, gets the file ``keras_model.h5``, and `load_model` reads it
            from there.
        overwrite : bool, default True
            Whether to replace a file that is there without asking.
        include_optimizer : bool, default True
            Whether to write what it was compiled with and the optimizer's state.
        save_format : {"h5", "keras"}, optional
            By default the name's end decides. "h5" is the legacy HDF5 format of Keras whatever the name; TensorFlow's
            own formats are refused.
        signatures : None
            There are none here.
        options : dict, optional
            "compression" ("gzip"), "compression_opts" (0 to 9) and "shuffle" (bool) of the arrays.
        save_traces : bool
            Accepted as in Keras.

        Raises
        ------
        NotBuiltError
            When the model has no weights yet.
        OSError
            When the file cannot be written.
        FileFormatError
            When it is to go into a folder that holds a model of TensorFlow's own format.

        References
        ----------
        ``tf.keras.Model.save`` (TensorFlow 2.7).
        """
        files.save(self, filepath, overwrite, include_optimizer, save_format, signatures, options)

    def save_weights(
        self,
        filepath: PathLike,
        overwrite: bool = True,
        save_format: str | None = None,
        options: dict[str, Any] | None = None,
    ) -> None:
        """Write the weights alone; the arguments are those of `save`.

        References
        ----------
        ``tf.keras.Model.save_weights`` (TensorFlow 2.7).
        """
        files.save_weights(self, filepath, overwrite, save_format, options)

    def load_weights(
        self, filepath: PathLike, by_name: bool = False, skip_mismatch: bool = False, options: None = None
    ) -> LoadStatus:
        """Take the weights from a file that `save_weights`, `save` or Keras has written.

        Keras 3's formats also hold what the optimizer remembers, which a compiled model takes too.

        Parameters
        ----------
        filepath : str or PathLike
        by_name : bool, default False
            Whether a layer takes the weights of the layer of its name, and keeps its own when there is none;
            otherwise they are taken in order.
        skip_mismatch : bool, default False
            Whether layers that do not fit are left as they are, with a warning. In the legacy format it counts
            together with `by_name`, which Keras 3's formats do not know.
        options : None
            There are none for reading: a file says how it is stored.

        Returns
        -------
        LoadStatus
            Its ``assert_consumed()`` raises when `by_name` or `skip_mismatch` left weights out.

        Raises
        ------
        NotBuiltError
            When the model has no weights yet.
        FileFormatError
            When the file is damaged or does not fit; the model stays as it was.
        OSError
            When the file cannot be opened.

        References
        ----------
        ``tf.keras.Model.load_weights`` (TensorFlow 2.7).
        """
        return files.load_weights(self, filepath, by_name, skip_mismatch, options)

    def to_json(self, **kwargs: Any) -> str:
        """Return the configuration as JSON in Keras's form; the keywords are those of ``json.dumps``."""
        return files.to_json(self, **kwargs)


class Functional(Model):
    """A model that was made of inputs and outputs."""

    _base_name = "model"


configs.MODELS.update({"Functional": Functional, "Model": Functional})


def _nothing(_: Any) -> None:
    return None


def same_name(name: str) -> ArgumentError:
    """Return the error for two layers of a model with one name."""
    return ArgumentError(
        f"Layers of a model need names of their own. Received: a second {name!r}. "
        "Make another layer, or pass another name."
    )


def _symbols(which: str, value: Any) -> list[Symbol]:
    leaves = nest.flatten(value)
    wrong = next((leaf for leaf in leaves if not isinstance(leaf, Symbol)), None)
    if not leaves or wrong is not None:
        raise ArgumentTypeError(
            f"The {which} of a model are symbols, made by Input and by layers called on it. "
            f"Received: {wrong!r} of type {type(wrong).__name__}. Begin with minifit.Input((20,))."
        )
    return leaves


def _cut_out(starts: list[Symbol], ends: list[Symbol]) -> tuple[list[Symbol], list[Symbol]]:
    """Return inputs and outputs of a graph that begins in the middle of another, with calls of its own."""
    fresh = [s if isinstance(s.node.layer, InputLayer) else Input(s.shape[1:]) for s in starts]
    made = Graph(starts, ends).walk(fresh, lambda node, given, kwargs: node.layer(given, **kwargs))
    return fresh, made


def flat_shapes_of(symbols: Any) -> list[ShapeLike]:
    """Return the shapes of nested symbols."""
    return [symbol.shape for symbol in nest.flatten(symbols)]


def _pseudo_names(shapes: Any) -> list[str]:
    """Return the names of outputs that no layers name, as in Keras: ``output_1``, ..., or the keys of a dict."""
    return ["_".join(path) if named else f"output_{'_'.join(path) or 1}" for named, path in _paths(shapes)]


def _paths(shapes: Any) -> list[tuple[bool, list[str]]]:
    """Return for each shape whether a dict is outermost, and the keys and places, from 1, that lead to it."""
    if isinstance(shapes, dict):
        return [(True, [str(key), *path]) for key in sorted(shapes) for _, path in _paths(shapes[key])]
    if isinstance(shapes, list | tuple) and any(isinstance(entry, list | tuple | dict) for entry in shapes):
        return [(False, [str(i), *path]) for i, entry in enumerate(shapes, 1) for _, path in _paths(entry)]
    return [(False, [])]
