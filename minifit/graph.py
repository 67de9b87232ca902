"""A model as a graph: which layer is called on the results of which others.

A layer that is called on a `Symbol` computes nothing. It notes the call as a `Node` and returns symbols for its
results, with their shapes. A `Graph` is the part between some symbols and others, and all that is done with it is one
walk: its nodes are in topological order, each behind all those whose results it takes, so going through them once
computes everything. What a node's layer returns is kept under its symbols, where every later node finds it.

A symbol that several nodes take fans out. Nothing is to be done for its gradient: the numbers that stand for it are one
tensor, and `Tensor.backward` adds up what comes back to a tensor from all that was made of it.
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
    """The result of a layer while a graph is made: a shape, and its origin.

    Parameters
    ----------
    shape : tuple of int or None
        With the batch in front, which is None.
    node : Node
        The call that it is a result of.
    index : int
        Its place among the results of that call.

    Attributes
    ----------
    row_shape : tuple of int or None
        The shape without the batch in front.
    """

    __slots__ = ("index", "node", "row_shape", "shape")
    dtype = FLOAT

    def __init__(self, shape: ShapeLike, node: "Node", index: int) -> None:
        self.shape: Any = quick(shape)
        self.row_shape = shape[1:]
        self.node, self.index = node, index

    @property
    def name(self) -> str:
        """The name of the layer that it is a result of."""
        return str(self.node.layer.name)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def rank(self) -> int:
        """The number of axes, as TensorFlow calls it."""
        return len(self.shape)

    def of_op(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return the symbol for the result of an op, which becomes a layer of the graph."""
        return as_layer[0](function, args, kwargs)

    def __repr__(self) -> str:
        return f"<Symbol of shape {self.shape} made by layer {self.name!r}>"


as_layer: list[Callable[..., Any]] = []
"""Turns an op on symbols into the call of a layer. Layers stand above this file: theirs puts it here."""


class Node:
    """A call of a layer on symbols.

    Parameters
    ----------
    layer : Layer
    inputs : Symbol, or symbols and constants nested in lists, tuples and dicts
        The first argument of the call.
    kwargs : dict
        The further arguments, by name.

    Attributes
    ----------
    outputs : Symbol, or nested symbols
        What the call returned.
    parents : list of Symbol
        All symbols among the arguments.
    size : int
        How many numbers it returns for a sample.
    """

    __slots__ = ("inputs", "kwargs", "layer", "outputs", "parents", "plain", "size")

    def __init__(self, layer: Any, inputs: Any, kwargs: dict[str, Any]) -> None:
        self.layer, self.inputs, self.kwargs = layer, inputs, kwargs
        self.outputs: Any = None
        self.size = 0
        self.parents = [s for s in nest.flatten([inputs, kwargs]) if isinstance(s, Symbol)]
        self.plain = (
            isinstance(inputs, Symbol) and len(self.parents) == 1
        )  # one tensor in, and nothing else nested

    @property
    def fed(self) -> Any:
        """The inputs; of an op on a number and a symbol, as ``1 - x``, the symbol."""
        alone = not isinstance(self.inputs, Symbol) and not nest.is_nested(self.inputs)
        return self.parents[0] if alone and self.parents else self.inputs

    def returns(self, shapes: Any) -> Any:
        """Make the symbols for results of these shapes, nested as they are, and return them."""
        self.outputs = pack_shapes(shapes, self.symbols(flat_shapes(shapes)))
        return self.outputs

    def symbols(self, shapes: Sequence[ShapeLike]) -> list[Symbol]:
        """Make the symbols for results of these shapes, in order."""
        self.size = sum(prod(n or 1 for n in shape[1:]) for shape in shapes)
        return [Symbol(shape, self, i) for i, shape in enumerate(shapes)]

    def arguments(self, known: dict[Symbol, Any]) -> tuple[Any, dict[str, Any]]:
        """Return the arguments of the call with what stands for each symbol now."""

        def now(leaf: Any) -> Any:
            return known[leaf] if isinstance(leaf, Symbol) else leaf

        return nest.map_leaves(now, self.inputs), {k: nest.map_leaves(now, v) for k, v in self.kwargs.items()}

    def follows(self, symbol: Any) -> bool:
        """Return whether this takes a symbol and nothing else, and makes one."""
        return self.plain and self.inputs is symbol and isinstance(self.outputs, Symbol)

    def __repr__(self) -> str:
        return f"<Node {self.layer.name}: {self.parents} -> {self.outputs}>"


class Graph:
    """The calls that lead from some symbols to others.

    Parameters
    ----------
    inputs, outputs : list of Symbol

    Attributes
    ----------
    nodes : list of Node
        The calls in topological order, without those that the inputs are results of.
    layers : list of Layer
        The layers, each once, in the order of tf.keras: the deeper, counted from the outputs, the earlier; and those
        of the inputs among them.
    straight : bool
        True for a chain: each call takes what the last one made.

    Raises
    ------
    ArgumentError
        When an output does not depend on the inputs alone.
    """

    def __init__(self, inputs: Sequence[Symbol], outputs: Sequence[Symbol]) -> None:
        self.inputs, self.outputs = list(inputs), list(outputs)
        self._order()
        self.straight = self._is_straight()

    def walk(self, feeds: Sequence[Any], apply: Callable[[Node, Any, dict[str, Any]], Any]) -> list[Any]:
        """Go through all nodes and return what stands for the outputs in the end.

        Parameters
        ----------
        feeds : list
            What stands for each of the inputs: tensors, shapes, names, ...
        apply : callable
            ``apply(node, inputs, kwargs)`` returns what the node makes of its arguments, nested like its outputs.
        """
        if self.straight:
            made = feeds[0]
            for node in self.nodes:
                made = apply(node, made, node.kwargs)
            return [made]
        known = dict(zip(self.inputs, feeds, strict=True))
        for node in self.nodes:
            given, kwargs = (known[node.inputs], node.kwargs) if node.plain else node.arguments(known)
            made, symbols = apply(node, given, kwargs), node.outputs
            if type(symbols) is Symbol:
                known[symbols] = made
            else:
                known.update(zip(nest.flatten(symbols), nest.flatten(made), strict=True))
        return [known[symbol] for symbol in self.outputs]

    def append(self, node: Node) -> None:
        """Let the graph of a chain end with one more call."""
        self.straight = self.straight and node.follows(self.outputs[0])
        self.nodes.append(node)
        if node.layer not in self._known:
            self._known.add(node.layer)
            self.layers.append(node.layer)
        self.outputs = nest.flatten(node.outputs)

    def pop(self) -> None:
        """Take off the last call of a chain."""
        last = self.nodes.pop()
        if all(node.layer is not last.layer for node in self.nodes):
            self._known.remove(last.layer)
            self.layers.remove(last.layer)
        self.outputs = nest.flatten(self.nodes[-1].outputs) if self.nodes else list(self.inputs)
        self.straight = self._is_straight()

    def _is_straight(self) -> bool:
        """Return whether each node takes what the last one made, and nothing else."""
        ends = [*self.inputs, *(node.outputs for node in self.nodes)]
        follow = all(node.follows(before) for before, node in zip(ends, self.nodes, strict=False))
        return len(self.inputs) == len(self.outputs) == 1 and follow and self.outputs[0] is ends[-1]

    def _order(self) -> None:
        """Put the nodes and the layers in order."""
        given = {symbol.node for symbol in self.inputs}
        finished, first_met = self._found(given)
        depths: dict[Node, int] = {}
        of_layer: dict[Any, int] = {}
        for node in reversed(finished):
            depth = depths[node] = of_layer[node.layer] = max(
                depths.get(node, 0), of_layer.get(node.layer, 0)
            )
            for parent in node.parents if node not in given else ():
                depths[parent.node] = max(depths.get(parent.node, 0), depth + 1)
        for symbol in self.inputs:
            if symbol.node.layer not in of_layer:  # no output needs it
                of_layer[symbol.node.layer], first_met[symbol.node.layer] = 0, -1
        self.nodes = sorted((n for n in finished if n not in given), key=lambda n: -depths[n])
        self.layers = sorted(of_layer, key=lambda layer: (-of_layer[layer], first_met[layer]))
        self._known = set(self.layers)

    def _found(self, given: set[Node]) -> tuple[list[Node], dict[Any, int]]:
        """Return all nodes, each behind those that it needs, and the layers in the order in which they were met."""
        done: dict[Node, None] = {}
        met: dict[Any, int] = {}
        for output in self.outputs:
            path = [] if output.node in done else [(output.node, 0)]  # each with its parent that comes next
            while path:
                node, place = path.pop()
                parents = [] if node in given else node.parents
                if place == 0:
                    met.setdefault(node.layer, len(met))
                    if not parents and node not in given:
                        raise self._disconnected(node)
                if place == len(parents):
                    done[node] = None
                    continue
                path.append((node, place + 1))
                before = parents[place].node
                if before not in done:
                    path.append((before, 0))
        return list(done), met

    def _disconnected(self, node: Node) -> ArgumentError:
        return ArgumentError(
            f"The outputs of a model depend on its inputs alone, {[s.name for s in self.inputs]}. Received: an output "
            f"that depends on {node.layer.name!r}, too: the graph is disconnected. Add it to the inputs, or call the "
            "layers on the inputs that are given."
        )

    # -- for pickle and copy: flat, since a chain of a thousand layers is too deep for pickle -----------------

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
        """Make the nodes, and tell the layers about them."""
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
            vars(layer).setdefault("_nodes", []).append(node)  # of a layer that refers back to its model
            if node.parents:
                self.nodes.append(node)
        self.inputs = [symbol(place) for place in state["inputs"]]
        self.outputs = [symbol(place) for place in state["outputs"]]
        self.layers = state["layers"]
        self._known = set(self.layers)
        self.straight = self._is_straight()


class _Place:
    """A symbol of a graph as numbers: which result of which call. No tuple, since it is a leaf."""

    def __init__(self, node: int, index: int) -> None:
        self.node, self.index = node, index


class _Shape:
    """A leaf that holds a shape."""

    def __init__(self, shape: ShapeLike) -> None:
        self.shape = shape


# -- shapes, which are tuples themselves, nested in tuples, lists and dicts ----------------------------------


def is_shape(value: Any) -> bool:
    """Return whether this is one shape, not several."""
    return isinstance(value, tuple | list) and all(n is None or isinstance(n, int) for n in value)


def flat_shapes(shapes: Any) -> list[ShapeLike]:
    """Return the shapes of a nested value in order."""
    if is_shape(shapes):
        return [tuple(shapes)]
    if not nest.is_nested(shapes):
        raise ArgumentTypeError(
            f"A shape is a tuple of integers and None. Received: {shapes!r}. Return for example (None, 20)."
        )
    entries = [shapes[key] for key in sorted(shapes)] if isinstance(shapes, dict) else shapes
    return [shape for entry in entries for shape in flat_shapes(entry)]


def map_shapes(function: Callable[[ShapeLike], Any], shapes: Any) -> Any:
    """Return what a function makes of each shape, nested as they are."""
    return pack_shapes(shapes, [function(shape) for shape in flat_shapes(shapes)])


def pack_shapes(shapes: Any, leaves: Sequence[Any]) -> Any:
    """Return leaves nested as shapes are."""
    return nest.pack(_with_leaves(shapes), leaves)


def _with_leaves(shapes: Any) -> Any:
    """Return a value nested like shapes, with None for each of these."""
    if is_shape(shapes):
        return None
    if isinstance(shapes, dict):
        return {key: _with_leaves(value) for key, value in shapes.items()}
    return type(shapes)(_with_leaves(entry) for entry in shapes)
