"""The graph of a model: its inputs and outputs, and the walk that computes the outputs from the inputs."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from minifit import nest
from minifit.arrays import Array, without_batch
from minifit.errors import ArgumentError, ArgumentTypeError, NotBuiltError, ShapeError, UnknownNameError
from minifit.graph import Graph, Node, ShapeLike, Symbol, flat_shapes, pack_shapes
from minifit.layers import Input, InputLayer, Layer
from minifit.layers.additions import AddLoss, AddMetric
from minifit.tensor import Context, Tensor
from minifit.training.trainer import Trainer


class Wired(Trainer):
    """The graph part of a model. A model without a graph calls its layers itself.

    Attributes
    ----------
    _graph : Graph or None
    _inputs_like, _outputs_like : nested None
        The nesting of the inputs and of the outputs.
    """

    layers: Any
    _graph: Graph | None
    _laid_out: bool
    _inputs_like: Any
    _outputs_like: Any

    # -- the graph --------------------------------------------------------------------------------------

    def _connect(self, inputs: Any, outputs: Any) -> None:
        """Set the graph between symbols. A list of one symbol counts as that symbol, as in tf.keras."""
        inputs, outputs = (
            ends[0] if isinstance(ends, list) and len(nest.flatten(ends)) == 1 else ends
            for ends in (inputs, outputs)
        )
        starts, ends = _symbols("inputs", inputs), _symbols("outputs", outputs)
        if len(set(starts)) < len(starts):
            raise ArgumentError(
                f"A model takes each input once. Received: {[s.name for s in starts]}. Leave out the duplicate."
            )
        if any(not isinstance(s.node.layer, InputLayer) for s in starts):
            starts, ends = _cut_out(starts, ends)
        self._graph = Graph(starts, ends)
        self._inputs_like = nest.map_leaves(_nothing, inputs)
        self._outputs_like = nest.map_leaves(_nothing, outputs)
        self._check_names()
        self._settle()

    def _check_names(self) -> None:
        by_name: dict[str, Layer] = {}
        for layer in self.layers:
            if by_name.setdefault(layer.name, layer) is not layer:
                raise same_name(layer.name)

    def _settle(self) -> None:
        """Mark the model as built, with the shapes of the graph."""
        graph = self._need_graph("graph")
        shapes = [[s.shape for s in symbols] for symbols in (graph.inputs, graph.outputs)]
        self._shapes = (
            nest.pack(self._inputs_like, shapes[0]),
            nest.pack(self._outputs_like, self._first(shapes[1])),
        )
        self.built, self._laid_out = True, False

    def _first(self, results: Sequence[Any]) -> Sequence[Any]:
        """Return the outputs among the results of the graph; added losses and metrics follow them."""
        return results[: 1 if self._outputs_like is None else len(nest.flatten(self._outputs_like))]

    def _need_graph(self, attribute: str) -> Graph:
        if self._graph is None:
            raise NotBuiltError(
                f"The model {self.name!r} has no {attribute}: only a graph of layers has one, and this model calls its "
                "layers in call(). Build it from inputs and outputs, or as a chain with an input_shape."
            )
        return self._graph

    @property
    def input(self) -> Any:
        """The symbols of the inputs, nested as they were passed."""
        return nest.pack(self._inputs_like, self._need_graph("input").inputs)

    @property
    def output(self) -> Any:
        """The symbols of the outputs, nested as they were passed."""
        return nest.pack(self._outputs_like, self._first(self._need_graph("output").outputs))

    @property
    def inputs(self) -> list[Symbol] | None:
        """The symbols of the inputs in order; None for a model that is not a graph."""
        return None if self._graph is None else list(self._graph.inputs)

    @property
    def outputs(self) -> list[Symbol] | None:
        """The symbols of the outputs in order; None for a model that is not a graph."""
        return None if self._graph is None else list(self._first(self._graph.outputs))

    @property
    def input_names(self) -> list[str] | None:
        """The names of the inputs; None for a model that is not a graph."""
        return None if self._graph is None else [s.name for s in self._graph.inputs]

    @property
    def input_keys(self) -> list[str] | None:
        """The keys that a dict of data must have, in the order of the inputs; None if any are accepted."""
        return sorted(self._inputs_like) if isinstance(self._inputs_like, dict) else self.input_names

    @property
    def output_names(self) -> list[str]:
        """The names of the outputs in order: those of their layers, or ``output_1``, ... for a subclass."""
        if self._graph is None:
            return [] if self._shapes is None else _pseudo_names(self._shapes[1])
        symbols = self._first(self._graph.outputs)
        if len(symbols) == 1:
            return [symbols[0].name]
        names: list[str] = []
        for symbol in symbols:
            name, count = symbol.name, 0
            while name in names:
                count += 1
                name = f"{symbol.name}_{count}"
            names.append(name)
        return names

    @property
    def output_keys(self) -> list[str]:
        """The keys of targets, losses and metrics that are dicts, in the order of the outputs."""
        like = self._outputs_like
        plain = isinstance(like, dict) and not any(map(nest.is_nested, like.values()))
        return sorted(like) if plain else self.output_names

    @property
    def input_shape(self) -> Any:
        """The shape of a batch of inputs, its first dimension None; nested as the inputs are."""
        return self._built_shapes("input shape")[0]

    @property
    def output_shape(self) -> Any:
        """The shape of a batch of outputs, its first dimension None; nested as the outputs are."""
        return self._built_shapes("output shape")[1]

    @property
    def output_shapes(self) -> list[ShapeLike]:
        """The shapes of all outputs in order; empty for a model that defines its own steps and no `call`."""
        if self._graph is not None:
            return [symbol.shape for symbol in self._first(self._graph.outputs)]
        return [] if self._shapes is None else flat_shapes(self.output_shape)

    def _built_shapes(self, attribute: str) -> tuple[Any, Any]:
        self._need_built(attribute)
        assert self._shapes is not None
        return self._shapes

    def _need_built(self, attribute: str) -> None:
        if not self.built or self._shapes is None:
            raise NotBuiltError(
                f"The model {self.name!r} has no {attribute} before it is built. Call build((None, features)), give "
                "the first layer an input_shape, or call the model on data."
            )

    def add_loss(self, losses: Any, **kwargs: Any) -> None:
        """Add a symbol of the graph to the loss, or inside `call` a tensor computed from the batch.

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
            No other value is supported, as in tf.keras.

        References
        ----------
        ``tf.keras.Model.add_metric`` (TensorFlow 2.7).
        """
        if isinstance(value, Symbol):
            self._append(AddMetric(metric_name=name, aggregation=aggregation)(value))
        else:
            super().add_metric(value, name, aggregation)

    def _append(self, symbol: Symbol) -> None:
        """Make the graph compute one more symbol, which the model does not return."""
        self._need_rest("changed")
        graph = self._need_graph("graph to add to")
        self._graph = Graph(graph.inputs, [*graph.outputs, symbol])
        self._check_names()

    # -- forward ------------------------------------------------------------------------------------------

    if TYPE_CHECKING:
        # Lets the call of a subclass have fewer arguments.
        call: Callable[..., Any]

    def call(  # type: ignore[no-redef]
        self, inputs: Any, training: bool | None = None, mask: None = None
    ) -> Any:
        """Return the output for a batch of inputs. A subclass that is not a graph defines it."""
        if self._graph is None:
            raise NotImplementedError(f"{type(self).__name__} must define call(inputs, training=None)")

        def apply(node: Node, layer_inputs: Any, kwargs: dict[str, Any]) -> Any:
            if not kwargs:
                return node.layer.run(layer_inputs, training, kwargs)
            mode = kwargs.get("training", training)
            return node.layer.run(layer_inputs, mode, {k: v for k, v in kwargs.items() if k != "training"})

        return self._packed(self._graph.walk(self._fed(inputs), apply))

    def _packed(self, results: Sequence[Any]) -> Any:
        """Return the outputs among the results of the graph, nested as the model returns them."""
        if self._outputs_like is None:
            return results[0]
        return nest.pack(self._outputs_like, self._first(results))

    def pack_outputs(self, columns: Sequence[Any]) -> Any:
        """Return one value per output, nested as the model returns its outputs."""
        return pack_shapes(self.output_shape, columns) if self._graph is None else self._packed(columns)

    def _fed(self, inputs: Any) -> Sequence[Any]:
        """Return the tensors for the inputs of the graph, in their order and in their shapes."""
        return self._fitted([inputs] if isinstance(inputs, Tensor) else self._in_order(inputs))

    def check_fit(self, inputs: Sequence[Any]) -> None:
        """Raise unless the shapes of the batches fit the inputs of the graph; nothing but the shape is read."""
        for x, symbol in zip(inputs, self._inputs_for(inputs), strict=True):
            self._shape_fitting(x.shape, symbol)

    def _fitted(self, leaves: Sequence[Any]) -> Sequence[Any]:
        """Return tensors or arrays, in the order of the inputs of the graph, in the shapes of these inputs."""
        symbols = self._inputs_for(leaves)
        if len(leaves) == 1 and _array(leaves[0]).shape[1:] == symbols[0].row_shape:
            return leaves
        return [
            x if _array(x).shape[1:] == symbol.row_shape else self._fitting(x, symbol)
            for x, symbol in zip(leaves, symbols, strict=True)
        ]

    def _inputs_for(self, leaves: Sequence[Any]) -> list[Symbol]:
        """Return the inputs of the graph. Raise unless there is one per leaf."""
        graph = self._need_graph("inputs")
        if len(leaves) != len(graph.inputs):
            raise ArgumentError(
                f"The model {self.name!r} takes {len(graph.inputs)} inputs: {self.input_keys}. "
                f"Received: {len(leaves)}. Pass a list with one array for each."
            )
        return graph.inputs

    def _in_order(self, inputs: Any) -> list[Any]:
        """Return the leaves of nested inputs; those of a dict by name."""
        keys = self.input_keys
        if isinstance(inputs, dict) and keys is not None:
            missing = [key for key in keys if key not in inputs]
            if missing:
                raise UnknownNameError.of("input", missing[0], inputs)
            return [inputs[key] for key in keys]
        return nest.flatten(inputs)

    def _fitting(self, x: Any, symbol: Symbol) -> Any:
        """Return a batch in the shape of an input; a last axis of size 1 may be missing or superfluous."""
        shape = self._shape_fitting(x.shape, symbol)
        return x if shape == x.shape else x.reshape(*shape)

    def _shape_fitting(self, received: ShapeLike, symbol: Symbol) -> ShapeLike:
        """Return the shape that a batch of this shape takes as an input."""
        expected = symbol.shape
        shape = received
        if len(received) == len(expected) - 1 and (len(received) == 1 or expected[-1] == 1):
            shape = (*received, 1)
        elif len(received) == len(expected) + 1 and received[-1] == 1:
            shape = received[:-1]
        if len(shape) != len(expected) or any(
            e not in (None, n) for e, n in zip(expected, shape, strict=True)
        ):
            advice = "Reshape the data, or give the first layer another input_shape."
            if len(received) < len(expected):
                advice = "Reshape the data; x[None] makes a single sample a batch of one."
            raise ShapeError(
                f"{self._who_expects(symbol)} expects input of shape {without_batch(expected)}. "
                f"Received: {without_batch(received)}. {advice}"
            )
        return shape

    def _who_expects(self, symbol: Symbol) -> str:
        return f"Input {symbol.name!r} of model {self.name!r}"

    def _lowers(self) -> bool:
        """Return whether the model is a graph with the methods of a graph, not overridden."""
        own = [name for name in vars(self) if callable(getattr(type(self), name, None))]
        as_graph = self._graph is not None and type(self).call is Wired.call and type(self).run is Wired.run
        return as_graph and not own and not self._loss_functions

    def lower(self, program: Any, inputs: Any, training: bool, **kwargs: Any) -> Any:
        """Emit the layers of the graph in their order."""

        def apply(node: Node, layer_inputs: Any, kwargs: dict[str, Any]) -> Any:
            return node.layer.lowered(program, layer_inputs, training, kwargs)

        leaves = [inputs] if not nest.is_nested(inputs) else self._in_order(inputs)
        return self._packed(self._need_graph("graph").walk(self._fitted(leaves), apply))

    @property
    def is_chain(self) -> bool:
        """True for a graph of layers in a row, each called once, on the output of the layer before and nothing else."""
        graph = self._graph
        return (
            graph is not None
            and graph.straight
            and not any(node.kwargs or len(node.layer._nodes) > 1 for node in graph.nodes)
        )

    def layer_outputs(self, x: Any) -> dict[str, Array]:
        """Return the output of every layer of a graph for a batch of inputs, by layer name. Keras does not have this.

        The layers run in inference mode, as in `predict`. Further results of a layer, such as those of its second call,
        have its name with ``:1``, ``:2``, ... appended.
        """
        outputs: dict[str, Array] = {}

        def apply(node: Node, layer_inputs: Any, kwargs: dict[str, Any]) -> Any:
            result = node.layer.run(layer_inputs, False, {k: v for k, v in kwargs.items() if k != "training"})
            for tensor in nest.flatten(result):
                key = name = node.layer.name
                while key in outputs:
                    key = f"{name}:{int(key.removeprefix(name)[1:] or 0) + 1}"
                outputs[key] = tensor.numpy()
            return result

        if self._graph is not None:
            with Context(recording=False, streams=self._streams()):
                self._graph.walk(self._fed(self._tensors_of(x)), apply)
        return outputs


def _nothing(_: Any) -> None:
    return None


def same_name(name: str) -> ArgumentError:
    """Return the error for two layers of a model with one name."""
    return ArgumentError(
        f"Layers of a model need different names. Received: a second {name!r}. "
        "Create another layer, or pass another name."
    )


def _symbols(which: str, value: Any) -> list[Symbol]:
    leaves = nest.flatten(value)
    wrong = next((leaf for leaf in leaves if not isinstance(leaf, Symbol)), None)
    if not leaves or wrong is not None:
        raise ArgumentTypeError(
            f"The {which} of a model are symbols: results of Input and of layers called on symbols. "
            f"Received: {wrong!r} of type {type(wrong).__name__}. Begin with minifit.Input((20,))."
        )
    return leaves


def _cut_out(starts: list[Symbol], ends: list[Symbol]) -> tuple[list[Symbol], list[Symbol]]:
    """Return inputs and outputs for a graph that begins in the middle of another, by calling its layers again."""
    inputs = [s if isinstance(s.node.layer, InputLayer) else Input(s.shape[1:]) for s in starts]
    outputs = Graph(starts, ends).walk(
        inputs, lambda node, layer_inputs, kwargs: node.layer(layer_inputs, **kwargs)
    )
    return inputs, outputs


def _pseudo_names(shapes: Any) -> list[str]:
    """Return the names of a subclass's outputs, as in Keras: ``output_1``, ..., or the keys of a dict."""
    return ["_".join(path) if named else f"output_{'_'.join(path) or 1}" for named, path in _paths(shapes)]


def _paths(shapes: Any) -> list[tuple[bool, list[str]]]:
    """Return for each shape whether the outermost nesting is a dict, and the path of keys and 1-based positions."""
    if isinstance(shapes, dict):
        return [(True, [str(key), *path]) for key in sorted(shapes) for _, path in _paths(shapes[key])]
    if isinstance(shapes, list | tuple) and any(isinstance(entry, list | tuple | dict) for entry in shapes):
        return [(False, [str(i), *path]) for i, entry in enumerate(shapes, 1) for _, path in _paths(entry)]
    return [(False, [])]


def _array(x: Any) -> Any:
    """Return the array of a tensor, whose shape is quicker to read; return anything else unchanged."""
    return x.value if isinstance(x, Tensor) else x
