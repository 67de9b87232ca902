"""`plot_model`: a picture of a model, or a drawing as text if pydot or Graphviz is missing."""

import os
import sys
from collections.abc import Sequence
from typing import Any

from minifit import console, interrupts
from minifit.errors import ArgumentError, MissingPackageError, NotBuiltError
from minifit.saving import atomic
from minifit.utils.drawing import Box, Drawing, drawing_of, text_lines

__all__ = ["model_to_dot", "plot_model"]

_DIRECTIONS = ("TB", "LR", "BT", "RL")


def model_to_dot(
    model: Any,
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 96,
    subgraph: bool = False,
    layer_range: Sequence[str] | None = None,
    show_layer_activations: bool = False,
) -> Any:
    """Return a model as a pydot graph.

    Requires pydot: ``pip install minifit-training[plot]``.

    Parameters
    ----------
    model, show_shapes, show_dtype, show_layer_names, rankdir, expand_nested, dpi, layer_range, show_layer_activations
        As for `plot_model`.
    subgraph : bool, default False
        Whether to return a ``pydot.Cluster``, for use in another graph.

    Returns
    -------
    pydot.Dot or pydot.Cluster

    Raises
    ------
    MissingPackageError
        Without pydot.
    NotBuiltError, ArgumentError
        As for `plot_model`.

    References
    ----------
    ``tf.keras.utils.model_to_dot`` (TensorFlow 2.7).
    """
    drawing = _checked(model, rankdir, expand_nested, layer_range)
    pydot = _pydot()
    if pydot is None:
        raise MissingPackageError(
            "A graph of a model needs the package pydot. Install it: pip install minifit-training[plot]; "
            "without it, plot_model draws the model as text."
        )
    graph: Any
    if subgraph:
        graph = pydot.Cluster(graph_name=model.name, style="dashed", label=_quoted(model.name), labeljust="l")
    else:
        graph = pydot.Dot(rankdir=rankdir, concentrate=True, dpi=dpi)
        graph.set_node_defaults(shape="record")

    def label(box: Box) -> str:
        text = _escaped(box.kind)
        if show_layer_activations and box.activation is not None:
            text = f"{{{text}|{_escaped(box.activation)}}}"
        if show_layer_names:
            text = f"{_escaped(box.name)}|{text}"
        if show_dtype:
            text += f"|{_escaped(box.dtype)}"
        if show_shapes:
            text += f"|{{input:|output:}}|{{{{{_escaped(box.inputs)}}}|{{{_escaped(box.outputs)}}}}}"
        return f'"{text}"'

    _fill(pydot, graph, drawing, label)
    for source, target in drawing.lines:
        graph.add_edge(pydot.Edge(str(id(source)), str(id(target))))
    return graph


def plot_model(
    model: Any,
    to_file: str | os.PathLike[str] = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 96,
    layer_range: Sequence[str] | None = None,
    show_layer_activations: bool = False,
) -> Any:
    """Write a picture of a model to a file.

    Requires pydot, ``pip install minifit-training[plot]``, and the programs of Graphviz,
    https://graphviz.org/download. If one of them is missing, `plot_model` prints the model as text, from the inputs at
    the top, with a hint.

    Parameters
    ----------
    model : Model
        A built model. A model that is not a graph becomes a single box.
    to_file : str or PathLike, default "model.png"
        Its extension sets the format: png, svg, pdf, ...; dot is Graphviz's text, which needs only pydot.
    show_shapes : bool, default False
        Whether boxes show the shapes of inputs and outputs.
    show_dtype : bool, default False
        Whether boxes show the dtype.
    show_layer_names : bool, default True
        Whether boxes show the names of layers beside those of their classes.
    rankdir : {"TB", "LR", "BT", "RL"}, default "TB"
        Direction of the drawing: from top to bottom, from left to right, or the reverse.
    expand_nested : bool, default False
        Whether nested models are drawn with their layers.
    dpi : int, default 96
        Dots per inch.
    layer_range : list of two str, optional
        Names of the first and the last layer to draw, or regular expressions for them.
    show_layer_activations : bool, default False
        Whether boxes show activations.

    Returns
    -------
    IPython.display.Image or None
        The picture, in a notebook.

    Raises
    ------
    NotBuiltError
        If the model is not built.
    ArgumentError
        For any other `rankdir`, a format that Graphviz does not know, or a range without layers.
    OSError
        If the file cannot be written.

    References
    ----------
    ``tf.keras.utils.plot_model`` (TensorFlow 2.7).
    """
    _, end = os.path.splitext(os.fspath(to_file))
    kind = end[1:].lower() or "png"
    drawing = _checked(model, rankdir, expand_nested, layer_range)
    shown = (show_shapes, show_dtype, show_layer_names)
    try:
        graph = model_to_dot(
            model, *shown, rankdir, expand_nested, dpi, False, layer_range, show_layer_activations
        )
        content = _picture(graph, kind)
    except (MissingPackageError, FileNotFoundError) as error:
        if isinstance(error, MissingPackageError):
            reason = "the package pydot is missing. Install it: pip install minifit-training[plot]"
        else:
            reason = "the programs of Graphviz are missing. Install them: https://graphviz.org/download"
        for line in text_lines(drawing, *shown, show_layer_activations, console.only_ascii(sys.stdout)):
            console.show(line)
        console.warn(f"The model is drawn as text, and {os.fspath(to_file)} is not written: {reason}.")
        return None
    atomic.write(to_file, content)
    return _image(to_file, kind)


def _checked(model: Any, rankdir: str, expand_nested: bool, layer_range: Sequence[str] | None) -> Drawing:
    """Return the drawing of a model; raise an error if it cannot be drawn."""
    if rankdir not in _DIRECTIONS:
        raise ArgumentError(
            f"rankdir must be one of {', '.join(_DIRECTIONS)}. Received: rankdir={rankdir!r}. Pass one of them."
        )
    if not model.built:
        raise NotBuiltError(
            f"Build a model before drawing it. Received: {model.name!r}, which is not built. "
            "Call build((None, features)), give the first layer an input_shape, or call the model on data."
        )
    return drawing_of(model, expand_nested, layer_range)


def _fill(pydot: Any, graph: Any, drawing: Drawing, label: Any) -> None:
    """Add the boxes to a graph, and inner boxes to clusters."""
    for box in drawing.boxes:
        if box.inner is None:
            graph.add_node(pydot.Node(str(id(box)), label=label(box)))
            continue
        cluster = pydot.Cluster(
            graph_name=str(id(box)), style="dashed", label=_quoted(box.name), labeljust="l"
        )
        _fill(pydot, cluster, box.inner, label)
        graph.add_subgraph(cluster)


def _escaped(text: str) -> str:
    """Return a text for a record label, with the characters escaped that structure records."""
    return "".join(f"\\{c}" if c in '{}|<>"\\ ' else c for c in text)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _pydot() -> Any:
    """Return the package pydot; None if it is missing."""
    try:
        with interrupts.importing("pydot"):
            import pydot
    except ImportError:
        return None
    return pydot


def _picture(graph: Any, kind: str) -> bytes:
    """Return the content of a picture file; raise FileNotFoundError if Graphviz is missing."""
    if kind == "dot":
        return str(graph.to_string()).encode()
    try:
        content: bytes = graph.create(format=kind)
    # pydot raises AssertionError when Graphviz fails
    except AssertionError as error:
        raise ArgumentError(
            "The extension of to_file must be a format that Graphviz draws, such as png, svg and pdf. "
            f"Received: {kind!r}. Change the extension."
        ) from error
    return content


def _image(path: str | os.PathLike[str], kind: str) -> Any:
    """Return the picture in a notebook; None elsewhere."""
    if (
        "IPython" not in sys.modules
        or sys.modules["IPython"].get_ipython() is None
        or kind not in ("png", "svg")
    ):
        return None
    display = sys.modules["IPython"].display
    return (display.SVG if kind == "svg" else display.Image)(filename=os.fspath(path))
