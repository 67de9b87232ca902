"""The table that ``model.summary()`` prints."""

from collections.abc import Iterator, Sequence
from typing import Any

from minifit.checks import positive
from minifit.errors import ArgumentError, NotBuiltError, UnconnectedError
from minifit.graph import Graph
from minifit.layers import InputLayer, Layer
from minifit.parameters import Parameter

_CHAIN = (65, (0.45, 0.85, 1.0))
_GRAPH = (98, (0.33, 0.55, 0.67, 1.0))
"""Width of a table, and the ends of its columns as shares of the width."""

_HEADER = ("Layer (type)", "Output Shape", "Param #", "Connected to")
_TRAINABLE = 11
"""Characters of the column that `show_trainable` adds."""

_BREAKS = ("),", "},", "],", "',")
"""Texts after which a cell continues on the next line, as in tf.keras."""


def summary_lines(
    model: Any,
    graph: Graph | None = None,
    line_length: int | None = None,
    positions: Sequence[float] | None = None,
    expand_nested: bool = False,
    show_trainable: bool = False,
) -> list[str]:
    """Return a table of a model's layers, output shapes and numbers of parameters, as lines of text.

    Parameters
    ----------
    model : Model
        An object with `name`, `layers` and weights.
    graph : Graph, optional
        Graph of a model whose class is not a chain. If the graph branches or shares layers, another column lists the
        inputs of each layer.
    line_length : int, default 65, or 98 with that column
    positions : three or four growing numbers, optional
        Ends of the columns: shares of the line if at most 1, else characters.
    expand_nested : bool, default False
        Whether to list the layers of nested models, each inside a border.
    show_trainable : bool, default False
        Whether to add a last column with ``Y`` or ``N`` for each layer.
    """
    connected = graph is not None and not is_chain(graph)
    default_width, default_ends = _GRAPH if connected else _CHAIN
    width = default_width if line_length is None else positive("line_length", line_length, example=80)
    ends = _checked_ends(positions or default_ends, default_ends, width)
    width = max(width, ends[-1])
    header = list(_HEADER if connected else _HEADER[:3])
    if show_trainable:
        width += _TRAINABLE
        ends.append(width)
        header.append("Trainable")
    table = _Table(graph if connected else None, width, ends, expand_nested, show_trainable)
    table.spaced = connected or (expand_nested and any(map(_layers_of, model.layers)))
    lines = [f'Model: "{model.name}"', "_" * width, next(table.row(header)), "=" * width]
    for layer in model.layers:
        lines += table.layer(layer)
    return [line.rstrip() for line in (*lines, "=" * width, *_counts(model), "_" * width)]


def is_chain(graph: Graph) -> bool:
    """Return True if each layer is called once, on the result of the previous one."""
    if len(graph.inputs) != 1 or len({node.layer for node in graph.nodes}) != len(graph.nodes):
        return False
    before = graph.inputs[0].node
    for node in graph.nodes:
        if len(node.parents) != 1 or node.parents[0].node is not before:
            return False
        before = node
    return True


def connections(layer: Layer, graph: Graph) -> list[str]:
    """Return the inputs of a layer in a graph: for each the layer, the number of its call, and that of the result."""
    nodes = set(graph.nodes)
    return [
        f"{symbol.node.layer.name}[{symbol.node.layer._nodes.index(symbol.node)}][{symbol.index}]"
        for node in layer._nodes
        if node in nodes
        for symbol in node.parents
    ]


def shape_of(layer: Layer) -> str:
    """Return the shape of a layer's output in the words of Keras."""
    try:
        shape = layer.output_shape
    except UnconnectedError:
        return "multiple"
    except NotBuiltError:
        return "?"
    return f"[{shape}]" if isinstance(layer, InputLayer) else str(shape)


class _Table:
    """Rows of cells.

    Parameters
    ----------
    graph : Graph or None
        Graph for the column with the inputs of each layer; None without that column.
    width : int
    ends : list of int
        Ends of the columns.
    expand_nested, show_trainable : bool
        As for `summary_lines`.

    Attributes
    ----------
    spaced : bool
        Whether an empty line follows each layer.
    """

    spaced = False

    def __init__(
        self, graph: Graph | None, width: int, ends: list[int], expand_nested: bool, show_trainable: bool
    ) -> None:
        self._graph, self._width, self._ends = graph, width, ends
        self._expand_nested, self._show_trainable = expand_nested, show_trainable

    def layer(self, layer: Layer, level: int = 0, last: bool = False) -> Iterator[str]:
        """Yield the row of a layer and those of its nested layers, each level inside one more border."""
        title = f"{layer.name} ({type(layer).__name__})"
        cells = [title, shape_of(layer), str(layer.count_params()) if layer.built else "0 (unused)"]
        if self._graph is not None:
            cells.append(str(connections(layer, self._graph)))
        if self._show_trainable:
            cells.append("Y" if layer.trainable else "N")
        yield from self.row(cells, level)
        inside = _layers_of(layer) if self._expand_nested else []
        if inside:
            yield self._line("¯", level + 1)
            for inner in inside:
                yield from self.layer(inner, level + 1, inner is inside[-1])
            yield self._line("¯", level)
        if self.spaced and not last and not inside:
            yield self._line(" ", level)

    def row(self, cells: Sequence[str], level: int = 0) -> Iterator[str]:
        """Yield the lines of a row: a cell that is too long continues on the next line."""
        rest = list(cells)
        while any(rest):
            line = "|" * level + " "
            for i, end in enumerate(self._ends):
                # two spaces separate the columns
                free = end - level - len(line) - (2 if i < len(self._ends) - 1 else 0)
                part = _up_to_a_break(rest[i][: max(free, 1)])
                rest[i] = rest[i][len(part) :]
                line = (line + part).ljust(end - level)
            yield line + "|" * level

    def _line(self, character: str, level: int) -> str:
        return "|" * level + character * (self._width - 2 * level) + "|" * level


def _up_to_a_break(text: str) -> str:
    ends = [text.find(b) + len(b) for b in _BREAKS if b in text]
    return text[: min(ends)] if ends else text


def _layers_of(layer: Layer) -> list[Layer]:
    """Return the layers of a nested model; none for any other layer."""
    return list(getattr(layer, "layers", ()))


def _counts(model: Any) -> list[str]:
    """Return the lines with the numbers of parameters; each weight counts once."""

    def count(weights: Sequence[Parameter]) -> int:
        return sum(w.value.size for w in dict.fromkeys(weights))

    total, trainable = count(model.weights), count(model.trainable_weights)
    return [
        f"Total params: {total:,}",
        f"Trainable params: {trainable:,}",
        f"Non-trainable params: {total - trainable:,}",
    ]


def _checked_ends(positions: Sequence[float], default: Sequence[float], width: int) -> list[int]:
    """Return the ends of the columns in characters."""
    try:
        ends = [int(width * p) if p <= 1 else int(p) for p in positions]
    except (TypeError, ValueError):
        ends = []
    if len(ends) != len(default) or any(b <= a for a, b in zip([0, *ends], ends, strict=False)):
        number = {3: "three", 4: "four"}[len(default)]
        raise ArgumentError(
            f"positions must be {number} growing numbers: the ends of the columns, as shares of the line or in "
            f"characters. Received: positions={positions!r}. Leave it out for {list(default)}."
        )
    return ends
