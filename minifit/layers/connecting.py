"""A layer's place in graphs: the symbols that it was called on and those that it returned, and their shapes."""

from typing import Any

from minifit import nest
from minifit.errors import NotBuiltError, UnconnectedError, quoted
from minifit.graph import Graph, Node, ShapeLike, Symbol


class Connected:
    """The part that layers and models have in common: calls on symbols, and shapes.

    Attributes
    ----------
    _nodes : list of Node
        The calls, in their order.
    _shapes : tuple or None
        The shapes of the inputs and the outputs that the layer was built for.
    """

    name: Any
    _graph: Graph | None = None  # of a model that is one
    _nodes: list[Node]
    _shapes: tuple[Any, Any] | None

    @property
    def input(self) -> Any:
        """The symbols that the layer was called on; of several calls those of the first, as in tf.keras."""
        return self._first_node("input").inputs

    @property
    def output(self) -> Any:
        """The symbols for the results of the call; of several calls those of the first, as in tf.keras."""
        return self._first_node("output").outputs

    def get_input_at(self, node_index: int) -> Any:
        """Return the symbols of one of several calls, counted from 0."""
        return self._nodes[node_index].inputs

    def get_output_at(self, node_index: int) -> Any:
        """Return the symbols for the results of one of several calls, counted from 0."""
        return self._nodes[node_index].outputs

    def get_input_shape_at(self, node_index: int) -> Any:
        """Return the shape of the inputs of one of several calls, nested as they are."""
        return nest.map_leaves(shape_of, self.get_input_at(node_index))

    def get_output_shape_at(self, node_index: int) -> Any:
        """Return the shape of the results of one of several calls, nested as they are."""
        return nest.map_leaves(shape_of, self.get_output_at(node_index))

    @property
    def inbound_nodes(self) -> list[Node]:
        """The calls of the layer on symbols."""
        return list(self._nodes)

    def _first_node(self, which: str) -> Node:
        if not self._nodes:
            raise UnconnectedError(
                f"A layer has an {which} once it was called in a graph. Received: {self.name!r}, which was not. "
                "Call it on an Input, or put it into a Sequential."
            )
        return self._nodes[0]

    @property
    def input_shape(self) -> Any:
        """The input's shape, its first dimension None; nested as inputs are."""
        return self._built_for("input_shape", 0)

    @property
    def output_shape(self) -> Any:
        """The output's shape, its first dimension None; nested as outputs are."""
        return self._built_for("output_shape", 1)

    def _built_for(self, name: str, which: int) -> Any:
        ends = [node.outputs if which else node.fed for node in self._nodes]
        found = [nest.map_leaves(shape_of, end) for end in ends] or (
            [] if self._shapes is None else [self._shapes[which]]
        )
        if any(shape != found[0] for shape in found):
            raise UnconnectedError(
                f"{name} is that of all calls of a layer. Received: {self.name!r}, called on different shapes: "
                f"{quoted(found)}. Look at its inbound_nodes."
            )
        if not found:
            raise NotBuiltError(
                f"A layer has shapes once it is built. Received: {self.name!r}, which is not. Call it or its model."
            )
        return found[0]


def shape_of(value: Any) -> ShapeLike:
    """Return the shape of a tensor or a symbol, with a free batch dimension; that of a plain number is ()."""
    shape: ShapeLike = getattr(value, "shape", ())
    return shape if isinstance(value, Symbol) or not shape else (None, *shape[1:])
