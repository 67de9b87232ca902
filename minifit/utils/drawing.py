"""A model as a drawing: boxes for layers, and lines from the layer that computes a value to those that use it.

A `Drawing` is plain data. `minifit.utils.plot_model` turns it into a picture with pydot. Without pydot it prints the
lines of text from here: each layer has a row, and each value that is still needed has a lane.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from minifit import activations
from minifit.errors import ArgumentError, NotBuiltError, UnconnectedError
from minifit.graph import Graph
from minifit.layers import Layer


@dataclass(eq=False)
class Box:
    """A layer in a drawing, or a model whose layers are drawn inside it.

    Attributes
    ----------
    name, kind : str
        Names of the layer and of its class.
    activation : str or None
    dtype : str
    inputs, outputs : str
        Shapes of the inputs and outputs, "?" if unknown.
    sources : list of Box
        Boxes whose results the layer uses, each once.
    inner : Drawing or None
        The layers inside, if they are shown.
    """

    name: str
    kind: str
    activation: str | None
    dtype: str
    inputs: str
    outputs: str
    sources: "list[Box]" = field(default_factory=list)
    inner: "Drawing | None" = None


@dataclass(eq=False)
class Drawing:
    """The boxes of a model in topological order.

    Attributes
    ----------
    name : str
    boxes : list of Box
    lines : list of tuple of Box
        Lines from one box to another. Boxes with inner boxes have no lines; those of their inner boxes begin and end
        there.
    """

    name: str
    boxes: list[Box]
    lines: list[tuple[Box, Box]]


def drawing_of(model: Any, expand_nested: bool = False, layer_range: Sequence[str] | None = None) -> Drawing:
    """Return the drawing of a model.

    Parameters
    ----------
    model : Model
        A model that is not a graph becomes a single box, as in Keras.
    expand_nested : bool
        Whether nested models are drawn with their layers.
    layer_range : two str, optional
        Names of the first and the last layer, or regular expressions for them.
    """
    graph = model._graph
    if graph is None:
        return Drawing(model.name, [_box(model)], [])
    chosen = set(_chosen(graph.layers, layer_range))
    boxes = {layer: _box(layer) for layer in graph.layers if layer in chosen}
    if expand_nested:
        for layer, box in boxes.items():
            box.inner = drawing_of(layer, True) if layer._graph is not None else None
    lines = [line for box in boxes.values() if box.inner for line in box.inner.lines]
    for node in graph.nodes:
        for place, symbol in enumerate(node.parents):
            if symbol.node.layer not in boxes or node.layer not in boxes:
                continue
            source, box = boxes[symbol.node.layer], boxes[node.layer]
            if source not in box.sources:
                box.sources.append(source)
            line = _end(source, symbol.node.layer, symbol.index), _begin(box, node.layer, place)
            if line not in lines:
                lines.append(line)
    return Drawing(model.name, list(boxes.values()), lines)


def _chosen(layers: Sequence[Layer], layer_range: Sequence[str] | None) -> Sequence[Layer]:
    """Return the layers from one to another by their names; all when no range is given."""
    if layer_range is None:
        return layers
    if len(layer_range) != 2 or not all(isinstance(name, str) for name in layer_range):
        raise ArgumentError(
            "layer_range must be the names of the first and the last layer. "
            f"Received: layer_range={layer_range!r}. Pass for example ['dense', 'dense_2']."
        )
    first, last = ([i for i, n in enumerate(layers) if re.match(name, n.name)] for name in layer_range)
    if not first or not last:
        missing = layer_range[0] if not first else layer_range[1]
        raise ArgumentError(
            f"layer_range must name layers of the model: {[layer.name for layer in layers]}. Received: {missing!r}. "
            "Pass the name of one of them, or a regular expression that matches its beginning."
        )
    begin, end = (min(first), max(last)) if min(first) <= max(last) else (min(last), max(first))
    return layers[begin : end + 1]


def _box(layer: Any) -> Box:
    activation = getattr(layer, "activation", None)
    return Box(
        layer.name,
        type(layer).__name__,
        None if activation is None else _name_of_activation(activation),
        str(getattr(layer, "input_dtype", None) or getattr(layer, "dtype", "float32")),
        _shape(layer, "input_shape"),
        _shape(layer, "output_shape"),
    )


def _name_of_activation(activation: Any) -> str:
    config = activations.serialize(activation)
    return str(config["class_name"] if isinstance(config, dict) else config)


def _shape(layer: Any, which: str) -> str:
    try:
        return str(getattr(layer, which))
    except UnconnectedError:
        return "multiple"
    except NotBuiltError:
        return "?"


def _begin(box: Box, layer: Any, place: int) -> Box:
    """Return the innermost box at which a line to an input ends."""
    while box.inner is not None:
        graph: Graph = layer._graph
        layer, place = graph.inputs[min(place, len(graph.inputs) - 1)].node.layer, 0
        box = _named(box.inner, layer.name)
    return box


def _end(box: Box, layer: Any, index: int) -> Box:
    """Return the innermost box from which a result comes."""
    while box.inner is not None:
        symbol = layer._graph.outputs[index]
        layer, index = symbol.node.layer, symbol.index
        box = _named(box.inner, layer.name)
    return box


def _named(drawing: Drawing, name: str) -> Box:
    return next(box for box in drawing.boxes if box.name == name)


# -- as text -------------------------------------------------------------------------------------------------

_ASCII = str.maketrans("●│─├┤┼╰╯┴", "o|-+++'''")


def text_lines(
    drawing: Drawing,
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = True,
    show_layer_activations: bool = False,
    ascii: bool = False,
) -> list[str]:
    """Return the drawing as lines of text, from the inputs at the top to the outputs.

    Parameters
    ----------
    drawing : Drawing
    show_shapes, show_dtype, show_layer_names, show_layer_activations : bool
        As for `plot_model`.
    ascii : bool, default False
        Whether to draw the lanes with only ASCII characters.
    """

    def words(box: Box) -> str:
        parts = [f"{box.name} ({box.kind})" if show_layer_names else box.kind]
        parts += [box.activation] if show_layer_activations and box.activation is not None else []
        parts += [box.dtype] if show_dtype else []
        parts += [f"{box.inputs} -> {box.outputs}"] if show_shapes else []
        return "  ".join(parts)

    rows = [(lanes.rstrip(), text) for lanes, text in _rows(drawing, words)]
    width = max((len(lanes) for lanes, _ in rows), default=0)
    lines = [f"{lanes.translate(_ASCII) if ascii else lanes:{width}} {text}".rstrip() for lanes, text in rows]
    return [f'Model: "{drawing.name}"', *lines]


def _rows(drawing: Drawing, words: Any) -> Iterator[tuple[str, str]]:
    """Yield the lanes and the words of each row."""
    # the box whose result runs down each lane
    lanes: list[Box | None] = []
    drawn: set[Box] = set()
    waiting = {box: sum(box in other.sources for other in drawing.boxes) for box in drawing.boxes}
    for box in drawing.boxes:
        sources = [i for i, lane in enumerate(lanes) if lane in box.sources]
        for source in box.sources:
            waiting[source] -= 1
        ending = [i for i in sources if waiting[lanes[i]] == 0]  # type: ignore[index]
        if ending:
            own = ending[0]
        else:
            free = [i for i, lane in enumerate(lanes) if lane is None]
            own = free[0] if free else len(lanes)
            lanes += [None] * (own + 1 - len(lanes))
        drawn.add(box)
        later = [source.name for source in box.sources if source not in drawn]
        again = f"  and, called again, behind {', '.join(later)}" if later else ""
        yield _lanes(lanes, own, sources, ending), words(box) + again
        for i in ending:
            lanes[i] = None
        lanes[own] = box if waiting[box] else None
        if box.inner is not None:
            beside = "".join("│ " if lane else "  " for lane in lanes)
            for inner, text in _rows(box.inner, words):
                yield f"{beside}  {inner}", text
        while lanes and lanes[-1] is None:
            lanes.pop()


def _lanes(lanes: Sequence[Box | None], own: int, sources: Sequence[int], ending: Sequence[int]) -> str:
    """Return one row of lanes: a dot where a result begins, and a line to it from its sources."""
    first, last = min([own, *sources]), max([own, *sources])
    drawn = ""
    for i, lane in enumerate(lanes):
        within = first < i < last
        if i == own:
            mark = "●"
        elif i in sources:
            marks = "╰┴╯" if i in ending else "├┼┤"
            mark = marks[1] if within else marks[0] if i == first else marks[2]
        else:
            mark = "│" if lane is not None else "─" if within else " "
        drawn += mark + ("─" if first <= i < last else " ")
    return drawn
