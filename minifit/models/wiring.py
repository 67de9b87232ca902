"""The graph of a model: its inputs and outputs, and the walk that computes one from the other."""

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
    """The part of a model that is a graph. A model that is none calls its layers itself.

    Attributes
    ----------
    _graph : Graph or None
    _inputs_like, _outputs_like : nested None
        How the inputs and outputs are nested.
    """

    layers: Any
    _graph: Graph | None
    _laid_out: bool
    _inputs_like: Any
    _outputs_like: Any

    # -- its graph --------------------------------------------------------------------------------------

    def _connect(self, inputs: Any, outputs: Any) -> None:
        """Take the graph between symbols. A list of one is that one, as in tf.keras."""
        inputs, outputs = (
            ends[0] if isinstance(ends, list) and len(nest.flatten(ends)) == 1 else ends
            for ends in (inputs, outputs)
        )
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
        return results[: 1 if self._outputs_like is None else len(nest.flatten(self._outputs_like))]

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
        """The shape of a batch of inputs, its first dimension None; nested as they are."""
        return self._built_shapes("input shape")[0]

    @property
    def output_shape(self) -> Any:
        """The shape of a batch of outputs, its first dimension None; nested as they are."""
        return self._built_shapes("output shape")[1]

    @property
    def output_shapes(self) -> list[ShapeLike]:
        """The shapes of all outputs, in order; none of a model that has steps of its own and no `call`."""
        if self._graph is not None:
            return [symbol.shape for symbol in self._first(self._graph.outputs)]
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

    # -- forward ------------------------------------------------------------------------------------------

    if TYPE_CHECKING:  # so that a subclass may leave out arguments
        call: Callable[..., Any]

    def call(  # type: ignore[no-redef]
        self, inputs: Any, training: bool | None = None, mask: None = None
    ) -> Any:
        """Return the output for a batch of inputs. A subclass that is no graph defines it."""
        if self._graph is None:
            raise NotImplementedError(f"{type(self).__name__} must define call(inputs, training=None)")

        def apply(node: Node, given: Any, kwargs: dict[str, Any]) -> Any:
            if not kwargs:
                return node.layer.run(given, training, kwargs)
            told = kwargs.get("training", training)
            return node.layer.run(given, told, {k: v for k, v in kwargs.items() if k != "training"})

        return self._packed(self._graph.walk(self._fed(inputs), apply))

    def _packed(self, results: Sequence[Any]) -> Any:
        """Return the outputs among the results of the graph, nested as the model returns them."""
        if self._outputs_like is None:
            return results[0]
        return nest.pack(self._outputs_like, self._first(results))

    def pack_outputs(self, columns: Sequence[Any]) -> Any:
        """Return what stands for the outputs, nested as the model returns them."""
        return pack_shapes(self.output_shape, columns) if self._graph is None else self._packed(columns)

    def _fed(self, inputs: Any) -> Sequence[Any]:
        """Return the tensors for the inputs of the graph in order, in the shapes that these have."""
        return self._fitted([inputs] if isinstance(inputs, Tensor) else self._in_order(inputs))

    def check_fit(self, inputs: Sequence[Any]) -> None:
        """See that batches, of which nothing but the shape is asked, fit the inputs of the graph."""
        for x, symbol in zip(inputs, self._inputs_for(inputs), strict=True):
            self._shape_fitting(x.shape, symbol)

    def _fitted(self, leaves: Sequence[Any]) -> Sequence[Any]:
        """Return tensors or arrays in the order of the inputs of the graph, in the shapes that these have."""
        symbols = self._inputs_for(leaves)
        if len(leaves) == 1 and _array(leaves[0]).shape[1:] == symbols[0].row_shape:
            return leaves
        return [
            x if _array(x).shape[1:] == symbol.row_shape else self._fitting(x, symbol)
            for x, symbol in zip(leaves, symbols, strict=True)
        ]

    def _inputs_for(self, leaves: Sequence[Any]) -> list[Symbol]:
        """Return the inputs of the graph, of which there are as many as leaves."""
        graph = self._need_graph("inputs")
        if len(leaves) != len(graph.inputs):
            raise ArgumentError(
                f"The model {self.name!r} takes {len(graph.inputs)} inputs: {self.input_keys}. "
                f"Received: {len(leaves)}. Pass a list with one for each."
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
        """Return a batch in the shape of an input; a last axis of 1 may be left out, or be one too many."""
        shape = self._shape_fitting(x.shape, symbol)
        return x if shape == x.shape else x.reshape(*shape)

    def _shape_fitting(self, given: ShapeLike, symbol: Symbol) -> ShapeLike:
        """Return the shape that a batch of a shape has as an input."""
        expected = symbol.shape
        shape = given
        if len(given) == len(expected) - 1 and (len(given) == 1 or expected[-1] == 1):
            shape = (*given, 1)
        elif len(given) == len(expected) + 1 and given[-1] == 1:
            shape = given[:-1]
        if len(shape) != len(expected) or any(
            e not in (None, n) for e, n in zip(expected, shape, strict=True)
        ):
            todo = "Reshape the data, or give the first layer another input_shape."
            if len(given) < len(expected):
                todo = "Reshape the data; x[None] makes a single sample a batch of one."
            raise ShapeError(
                f"{self._who_expects(symbol)} expects input of shape {without_batch(expected)}. "
                f"Received: {without_batch(given)}. {todo}"
            )
        return shape

    def _who_expects(self, symbol: Symbol) -> str:
        return f"Input {symbol.name!r} of model {self.name!r}"

    def _lowers(self) -> bool:
        """Return whether it is a graph, and does with it what a graph does."""
        own = [name for name in vars(self) if callable(getattr(type(self), name, None))]
        as_graph = self._graph is not None and type(self).call is Wired.call and type(self).run is Wired.run
        return as_graph and not own and not self._loss_functions

    def lower(self, program: Any, inputs: Any, training: bool, **kwargs: Any) -> Any:
        """Write down the layers of the graph in their order."""

        def apply(node: Node, given: Any, kwargs: dict[str, Any]) -> Any:
            return node.layer.lowered(program, given, training, kwargs)

        leaves = [inputs] if not nest.is_nested(inputs) else self._in_order(inputs)
        return self._packed(self._need_graph("graph").walk(self._fitted(leaves), apply))

    @property
    def is_chain(self) -> bool:
        """True for a graph of layers that follow one another, each called once and with nothing else."""
        graph = self._graph
        return (
            graph is not None
            and graph.straight
            and not any(node.kwargs or len(node.layer._nodes) > 1 for node in graph.nodes)
        )

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


def _array(x: Any) -> Any:
    """Return the array of a tensor, whose shape is found quicker; other things as they are."""
    return x.value if isinstance(x, Tensor) else x
