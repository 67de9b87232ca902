"""The connections of a layer in graphs: the symbols it was called on, the symbols it returned, and their shapes."""

from typing import Any

from minifit import nest
from minifit.errors import NotBuiltError, UnconnectedError, quoted
from minifit.graph import Graph, Node, ShapeLike, Symbol


class Connected:
    """The calls and shapes of a layer, as a common base of layers and models.

    Attributes
    ----------
    _nodes : list of Node
        The calls in order.
    _shapes : tuple or None
        The shapes of the inputs and the outputs that the layer was built for.
    """

    name: Any
    # Set only by models that are graphs.
    _graph: Graph | None = None
    _nodes: list[Node]
    _shapes: tuple[Any, Any] | None

    @property
    def input(self) -> Any:
        """The symbols that the layer was called on, in its first call if there are several, as in tf.keras."""
        return self._first_node("input").inputs

    @property
    def output(self) -> Any:
        """The symbols that the layer returned, in its first call if there are several, as in tf.keras."""
        return self._first_node("output").outputs

    def get_input_at(self, node_index: int) -> Any:
        """Return the input symbols of one call, counted from 0."""
        return self._nodes[node_index].inputs

    def get_output_at(self, node_index: int) -> Any:
        """Return the output symbols of one call, counted from 0."""
        return self._nodes[node_index].outputs

    def get_input_shape_at(self, node_index: int) -> Any:
        """Return the shape of the inputs of one call, nested as the inputs are."""
        return nest.map_leaves(shape_of, self.get_input_at(node_index))

    def get_output_shape_at(self, node_index: int) -> Any:
        """Return the shape of the outputs of one call, nested as the outputs are."""
        return nest.map_leaves(shape_of, self.get_output_at(node_index))

    @property
    def inbound_nodes(self) -> list[Node]:
        """The calls of the layer on symbols."""
        return list(self._nodes)

    def _first_node(self, attribute: str) -> Node:
        if not self._nodes:
            raise UnconnectedError(
                f"A layer has an {attribute} once it is called in a graph. Received: {self.name!r}, which was never "
                "called. Call it on an Input, or put it into a Sequential."
            )
        return self._nodes[0]

    @property
    def input_shape(self) -> Any:
        """The input's shape, its first dimension None; nested as inputs are."""
        return self._shape_of_calls("input_shape", 0)

    @property
    def output_shape(self) -> Any:
        """The output's shape, its first dimension None; nested as outputs are."""
        return self._shape_of_calls("output_shape", 1)

    def _shape_of_calls(self, attribute: str, side: int) -> Any:
        """Return the shape that all calls have in common, at their inputs (side 0) or their outputs (side 1)."""
        ends = [node.outputs if side else node.fed for node in self._nodes]
        shapes = [nest.map_leaves(shape_of, end) for end in ends] or (
            [] if self._shapes is None else [self._shapes[side]]
        )
        if any(shape != shapes[0] for shape in shapes):
            raise UnconnectedError(
                f"A layer has an {attribute} only if all its calls agree. Received: {self.name!r}, called with "
                f"different shapes: {quoted(shapes)}. Look at its inbound_nodes."
            )
        if not shapes:
            raise NotBuiltError(
                f"The layer {self.name!r} has no {attribute} before it is built. Call it, or call its model."
            )
        return shapes[0]


def shape_of(value: Any) -> ShapeLike:
    """Return the shape of a tensor or a symbol, its batch dimension None; the shape of a plain number is ()."""
    shape: ShapeLike = getattr(value, "shape", ())
    return shape if isinstance(value, Symbol) or not shape else (None, *shape[1:])
