"""A model as a graph of layer calls.

A layer called on a `Symbol` computes nothing. It records the call as a `Node` and returns symbols for its results,
with their shapes. A `Graph` holds the nodes between its input and output symbols in topological order: each node comes
after all the nodes whose results it uses, so one walk computes the whole graph. The walk stores the results of each
node under the node's symbols, where later nodes look them up.

Several nodes may use one symbol. Its gradient needs no extra work: all of them receive the same tensor, and
`Tensor.backward` adds up the gradients that reach a tensor.
"""

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from minifit import nest
from minifit.arrays import FLOAT
from minifit.errors import ArgumentError, ArgumentTypeError
from minifit.symbolic import Symbolic
from minifit.tensor_shape import Shaped, quick

ShapeLike = tuple[int | None, ...]


class Symbol(Symbolic, Shaped):
    """The result of a layer while a graph is built: a shape, and the call that returned it.

    Parameters
    ----------
    shape : tuple of int or None
        The shape, with the batch axis, None, in front.
    node : Node
        The call that returned it.
    index : int
        Its index among the results of that call.

    Attributes
    ----------
    row_shape : tuple of int or None
        The shape without the batch axis.
    """

    __slots__ = ("index", "node", "row_shape", "shape")
    dtype = FLOAT

    def __init__(self, shape: ShapeLike, node: "Node", index: int) -> None:
        self.shape: Any = quick(shape)
        self.row_shape = shape[1:]
        self.node, self.index = node, index

    @property
    def name(self) -> str:
        """The name of the layer that returned it."""
        return str(self.node.layer.name)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def rank(self) -> int:
        """The number of axes, under TensorFlow's name."""
        return len(self.shape)

    def of_op(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return the symbol for the result of an op, which becomes a layer of the graph."""
        return as_layer[0](function, args, kwargs)

    def __repr__(self) -> str:
        return f"<Symbol of shape {self.shape} made by layer {self.name!r}>"


as_layer: list[Callable[..., Any]] = []
"""The function that turns an op on symbols into a layer call. Layers are a higher floor; their module registers it."""


class Node:
    """A call of a layer on symbols.

    Parameters
    ----------
    layer : Layer
    inputs : Symbol, or symbols and constants nested in lists, tuples and dicts
        The first argument of the call.
    kwargs : dict
        The other arguments, by name.

    Attributes
    ----------
    outputs : Symbol, or nested symbols
        The results of the call.
    parents : list of Symbol
        All symbols among the arguments.
    size : int
        The number of values that the call returns per sample.
    """

    __slots__ = ("inputs", "kwargs", "layer", "outputs", "parents", "plain", "size")

    def __init__(self, layer: Any, inputs: Any, kwargs: dict[str, Any]) -> None:
        self.layer, self.inputs, self.kwargs = layer, inputs, kwargs
        self.outputs: Any = None
        self.size = 0
        self.parents = [s for s in nest.flatten([inputs, kwargs]) if isinstance(s, Symbol)]
        # one symbol as the input, and no other among the arguments
        self.plain = isinstance(inputs, Symbol) and len(self.parents) == 1

    @property
    def fed(self) -> Any:
        """The inputs; for an op on a number and a symbol, such as ``1 - x``, the symbol."""
        alone = not isinstance(self.inputs, Symbol) and not nest.is_nested(self.inputs)
        return self.parents[0] if alone and self.parents else self.inputs

    def returns(self, shapes: Any) -> Any:
        """Set `outputs` to symbols for results of these shapes, nested alike, and return them."""
        self.outputs = pack_shapes(shapes, self.symbols(flat_shapes(shapes)))
        return self.outputs

    def symbols(self, shapes: Sequence[ShapeLike]) -> list[Symbol]:
        """Return symbols for results of these shapes, in order, and set `size`."""
        self.size = sum(prod(n or 1 for n in shape[1:]) for shape in shapes)
        return [Symbol(shape, self, i) for i, shape in enumerate(shapes)]

    def arguments(self, known: dict[Symbol, Any]) -> tuple[Any, dict[str, Any]]:
        """Return the arguments of the call with each symbol replaced by its known value."""

        def value(leaf: Any) -> Any:
            return known[leaf] if isinstance(leaf, Symbol) else leaf

        kwargs = {k: nest.map_leaves(value, v) for k, v in self.kwargs.items()}
        return nest.map_leaves(value, self.inputs), kwargs

    def follows(self, symbol: Any) -> bool:
        """Return whether the call takes only this symbol and returns one symbol."""
        return self.plain and self.inputs is symbol and isinstance(self.outputs, Symbol)

    def __repr__(self) -> str:
        return f"<Node {self.layer.name}: {self.parents} -> {self.outputs}>"


class Graph:
    """The layer calls that lead from the input symbols to the output symbols.

    Parameters
    ----------
    inputs, outputs : list of Symbol

    Attributes
    ----------
    nodes : list of Node
        The calls in topological order, without those that returned the inputs.
    layers : list of Layer
        The layers, those of the inputs included, each once. The order is that of tf.keras: by depth, counted from the
        outputs, the deepest first.
    straight : bool
        True for a chain: each call takes only the result of the call before it.

    Raises
    ------
    ArgumentError
        When an output depends on more than the inputs.
    """

    def __init__(self, inputs: Sequence[Symbol], outputs: Sequence[Symbol]) -> None:
        self.inputs, self.outputs = list(inputs), list(outputs)
        self._order()
        self.straight = self._is_straight()

    def walk(self, feeds: Sequence[Any], apply: Callable[[Node, Any, dict[str, Any]], Any]) -> list[Any]:
        """Visit all nodes in order and return the values of the outputs.

        Parameters
        ----------
        feeds : list
            A value for each of the inputs: tensors, shapes, names, ...
        apply : callable
            ``apply(node, inputs, kwargs)`` returns the node's results for these arguments, nested like its outputs.
        """
        if self.straight:
            value = feeds[0]
            for node in self.nodes:
                value = apply(node, value, node.kwargs)
            return [value]
        known = dict(zip(self.inputs, feeds, strict=True))
        for node in self.nodes:
            inputs, kwargs = (known[node.inputs], node.kwargs) if node.plain else node.arguments(known)
            results, symbols = apply(node, inputs, kwargs), node.outputs
            if type(symbols) is Symbol:
                known[symbols] = results
            else:
                known.update(zip(nest.flatten(symbols), nest.flatten(results), strict=True))
        return [known[symbol] for symbol in self.outputs]

    def append(self, node: Node) -> None:
        """Add one call to the end of a chain."""
        self.straight = self.straight and node.follows(self.outputs[0])
        self.nodes.append(node)
        if node.layer not in self._known:
            self._known.add(node.layer)
            self.layers.append(node.layer)
        self.outputs = nest.flatten(node.outputs)

    def pop(self) -> None:
        """Remove the last call of a chain."""
        last = self.nodes.pop()
        if all(node.layer is not last.layer for node in self.nodes):
            self._known.remove(last.layer)
            self.layers.remove(last.layer)
        self.outputs = nest.flatten(self.nodes[-1].outputs) if self.nodes else list(self.inputs)
        self.straight = self._is_straight()

    def _is_straight(self) -> bool:
        """Return whether each node takes only the result of the node before it."""
        ends = [*self.inputs, *(node.outputs for node in self.nodes)]
        follow = all(node.follows(before) for before, node in zip(ends, self.nodes, strict=False))
        return len(self.inputs) == len(self.outputs) == 1 and follow and self.outputs[0] is ends[-1]

    def _order(self) -> None:
        """Sort the nodes and the layers."""
        sources = {symbol.node for symbol in self.inputs}
        finished, first_visit = self._search(sources)
        depths: dict[Node, int] = {}
        layer_depths: dict[Any, int] = {}
        for node in reversed(finished):
            depth = depths[node] = layer_depths[node.layer] = max(
                depths.get(node, 0), layer_depths.get(node.layer, 0)
            )
            for parent in node.parents if node not in sources else ():
                depths[parent.node] = max(depths.get(parent.node, 0), depth + 1)
        for symbol in self.inputs:
            # no output depends on this input
            if symbol.node.layer not in layer_depths:
                layer_depths[symbol.node.layer], first_visit[symbol.node.layer] = 0, -1
        self.nodes = sorted((n for n in finished if n not in sources), key=lambda n: -depths[n])
        self.layers = sorted(layer_depths, key=lambda layer: (-layer_depths[layer], first_visit[layer]))
        self._known = set(self.layers)

    def _search(self, sources: set[Node]) -> tuple[list[Node], dict[Any, int]]:
        """Search depth first from the outputs.

        Return all nodes, each after its parents, and for each layer the position of its first visit.
        """
        finished: dict[Node, None] = {}
        first_visit: dict[Any, int] = {}
        for output in self.outputs:
            # pairs of a node and the index of the parent to visit next
            path = [] if output.node in finished else [(output.node, 0)]
            while path:
                node, index = path.pop()
                parents = [] if node in sources else node.parents
                if index == 0:
                    first_visit.setdefault(node.layer, len(first_visit))
                    if not parents and node not in sources:
                        raise self._disconnected(node)
                if index == len(parents):
                    finished[node] = None
                    continue
                path.append((node, index + 1))
                parent = parents[index].node
                if parent not in finished:
                    path.append((parent, 0))
        return list(finished), first_visit

    def _disconnected(self, node: Node) -> ArgumentError:
        return ArgumentError(
            f"The outputs of a model may depend only on its inputs, {[s.name for s in self.inputs]}. Received: an "
            f"output that also depends on {node.layer.name!r}: the graph is disconnected. Add it to the inputs, or "
            "call the layers on the model's inputs."
        )

    # -- pickle and copy as a flat list, since pickle cannot nest as deep as a chain of a thousand layers -----

    def __getstate__(self) -> dict[str, Any]:
        nodes = [*dict.fromkeys(symbol.node for symbol in self.inputs), *self.nodes]
        number = {node: i for i, node in enumerate(nodes)}

        def flat(leaf: Any) -> Any:
            return _Place(number[leaf.node], leaf.index) if isinstance(leaf, Symbol) else leaf

        calls = [
            (
                node.layer,
                None if i < len(nodes) - len(self.nodes) else nest.map_leaves(flat, node.inputs),
                {k: nest.map_leaves(flat, v) for k, v in node.kwargs.items()},
                nest.map_leaves(lambda s: _Shape(s.shape), node.outputs),
            )
            for i, node in enumerate(nodes)
        ]
        return {
            "calls": calls,
            "inputs": [flat(s) for s in self.inputs],
            "outputs": [flat(s) for s in self.outputs],
            "layers": self.layers,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Rebuild the nodes and register them with their layers."""
        results: list[list[Symbol]] = []

        def symbol(leaf: Any) -> Any:
            return results[leaf.node][leaf.index] if isinstance(leaf, _Place) else leaf

        self.nodes = []
        for layer, inputs, kwargs, shapes in state["calls"]:
            node = Node(
                layer,
                nest.map_leaves(symbol, inputs),
                {k: nest.map_leaves(symbol, v) for k, v in kwargs.items()},
            )
            leaves = node.symbols([leaf.shape for leaf in nest.flatten(shapes)])
            node.outputs = nest.pack(shapes, leaves)
            results.append(leaves)
            # a layer that refers back to its model may not be restored yet, and has no _nodes then
            vars(layer).setdefault("_nodes", []).append(node)
            if node.parents:
                self.nodes.append(node)
        self.inputs = [symbol(place) for place in state["inputs"]]
        self.outputs = [symbol(place) for place in state["outputs"]]
        self.layers = state["layers"]
        self._known = set(self.layers)
        self.straight = self._is_straight()


class _Place:
    """A symbol as two indices, of its call and among the results of the call. Not a tuple, which would be nested."""

    def __init__(self, node: int, index: int) -> None:
        self.node, self.index = node, index


class _Shape:
    """A shape as a leaf."""

    def __init__(self, shape: ShapeLike) -> None:
        self.shape = shape


# -- shapes, themselves tuples, nested in tuples, lists and dicts --------------------------------------------


def is_shape(value: Any) -> bool:
    """Return whether a value is one shape, not several."""
    return isinstance(value, tuple | list) and all(n is None or isinstance(n, int) for n in value)


def flat_shapes(shapes: Any) -> list[ShapeLike]:
    """Return the shapes of a nested value in order."""
    if is_shape(shapes):
        return [tuple(shapes)]
    if not nest.is_nested(shapes):
        raise ArgumentTypeError(
            f"A shape is a tuple of integers and None. Received: {shapes!r}. Use for example (None, 20)."
        )
    entries = [shapes[key] for key in sorted(shapes)] if isinstance(shapes, dict) else shapes
    return [shape for entry in entries for shape in flat_shapes(entry)]


def map_shapes(function: Callable[[ShapeLike], Any], shapes: Any) -> Any:
    """Apply a function to each shape and return the results, nested alike."""
    return pack_shapes(shapes, [function(shape) for shape in flat_shapes(shapes)])


def pack_shapes(shapes: Any, leaves: Sequence[Any]) -> Any:
    """Return leaves nested like shapes."""
    return nest.pack(_with_leaves(shapes), leaves)


def _with_leaves(shapes: Any) -> Any:
    """Return a value nested like shapes, with None in place of each shape."""
    if is_shape(shapes):
        return None
    if isinstance(shapes, dict):
        return {key: _with_leaves(value) for key, value in shapes.items()}
    return type(shapes)(_with_leaves(entry) for entry in shapes)
