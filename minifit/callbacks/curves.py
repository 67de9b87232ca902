"""The plot of a training: loss and metrics over the epochs.

A metric and its validation values, such as ``accuracy`` and ``val_accuracy``, share their axes. matplotlib is an
optional dependency and imported only here; its global state, `pyplot`, is not touched.
"""

import io
import math
import os
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from minifit import interrupts
from minifit.checks import single
from minifit.errors import ArgumentError, ArgumentTypeError, MissingPackageError, UnknownNameError
from minifit.saving import atomic

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

VALIDATION = "val_"

WIDTH, HEIGHT = 4.8, 3.6
"""The size of one metric's axes, in inches."""

ACROSS = 3
"""The number of axes in a row of the figure."""

FEW = 30
"""The largest number of epochs that are marked with dots; a single epoch would not be visible as a line."""


def draw(
    history: Mapping[str, Sequence[Any]],
    places: Mapping[str, Sequence[int]],
    path: str | os.PathLike[str] | None,
    metrics: str | Sequence[str] | None,
    ax: "Axes | Sequence[Axes] | None",
) -> "Figure":
    """Draw the curves, as `History.plot` documents it.

    Parameters
    ----------
    history : dict from str to list
        The values of each key.
    places : dict from str to list of int
        The epochs of the values, counted from 1. Values without epochs are drawn at the first epochs.
    path, metrics, ax
        As in `History.plot`.
    """
    curves = {key: numbers for key, values in history.items() if (numbers := _numbers(values))}
    names = _selected(curves, metrics)
    axes = _new_axes(len(names)) if ax is None else _checked_axes(ax, names)
    for each, name in zip(axes, names, strict=True):
        _draw_metric(each, name, curves, places)
    figure = axes[0].get_figure(root=True)
    assert figure is not None
    if path is not None:
        _save(figure, path)
    return figure


def _numbers(values: Sequence[Any]) -> list[float] | None:
    """Return the values of a key as numbers; None if one of them is not a single number."""
    numbers = [float(number) for value in values if (number := single(value)) is not None]
    return numbers if len(numbers) == len(values) else None


def _selected(curves: Mapping[str, Any], metrics: str | Sequence[str] | None) -> list[str]:
    """Return the metrics to draw, each once: ``loss`` includes ``val_loss``."""
    known = list(dict.fromkeys(key.removeprefix(VALIDATION) for key in curves))
    if not known:
        raise ArgumentError(
            "A plot needs at least one epoch. Received: an empty history. Train the model first."
        )
    if metrics is None:
        return known
    names = [metrics] if isinstance(metrics, str) else list(metrics)
    if not names:
        raise ArgumentError(
            f"metrics must name at least one metric. Received: metrics={metrics!r}. "
            f"Leave it out, or choose from: {', '.join(map(repr, known))}."
        )
    for name in names:
        if name not in curves and name not in known:
            raise UnknownNameError.of("metric in this history", name, known)
    return list(dict.fromkeys(name.removeprefix(VALIDATION) for name in names))


def _new_axes(n: int) -> "list[Axes]":
    """Return axes in a new figure that is not registered with `pyplot`."""
    try:
        with interrupts.importing("matplotlib.figure"):
            from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingPackageError.of(
            "A plot", "matplotlib", error, install="minifit-training[plot]"
        ) from error
    across = min(n, ACROSS)
    down = math.ceil(n / across)
    figure = Figure(figsize=(WIDTH * across, HEIGHT * down), layout="constrained")
    # Notebooks call this method; without it they show only the figures of pyplot.
    figure._repr_png_ = partial(_png, figure)  # type: ignore[attr-defined]
    return [figure.add_subplot(down, across, place + 1) for place in range(n)]


def _checked_axes(ax: Any, names: list[str]) -> "list[Axes]":
    """Return the caller's axes, one for each metric."""
    axes = list(np.ravel(np.asarray(ax, dtype=object)))
    if not all(hasattr(each, "get_figure") and hasattr(each, "plot") for each in axes):
        raise ArgumentTypeError(
            f"ax must be Axes of matplotlib. Received: ax={ax!r}. Make them with plt.subplots, or leave it out."
        )
    if len(axes) != len(names):
        raise ArgumentError(
            f"ax must hold as many Axes as there are metrics. Received: {len(axes)} for {', '.join(names)}. "
            f"Make {len(names)}, or choose with metrics=."
        )
    return axes


def _draw_metric(
    ax: "Axes", name: str, curves: Mapping[str, Sequence[Any]], places: Mapping[str, Sequence[int]]
) -> None:
    with interrupts.importing("matplotlib.ticker"):
        from matplotlib.ticker import MaxNLocator

    drawn = {"training": name, "validation": VALIDATION + name}
    drawn = {label: key for label, key in drawn.items() if key in curves}
    for label, key in drawn.items():
        values, at = curves[key], places.get(key, ())
        if len(at) != len(values):
            at = range(1, len(values) + 1)
        ax.plot(at, values, label=label, marker="." if len(values) <= FEW else None)
    ax.set_title(name, parse_math=False)
    ax.set_xlabel("epoch")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
    ax.margins(x=0.02)
    ax.grid(alpha=0.3)
    if len(drawn) > 1:
        ax.legend()
    # rates usually fall by a factor; on a linear scale the small ones would all look like zero
    if name == "lr" and min(curves["lr"]) > 0 and max(curves["lr"]) >= 10 * min(curves["lr"]):
        ax.set_yscale("log")


def _save(figure: "Figure", path: str | os.PathLike[str]) -> None:
    """Write the picture, completely or not at all; as PNG if the name has no suffix."""
    if not isinstance(path, str | os.PathLike):
        raise ArgumentTypeError(
            f"path must be the name of a file. Received: path={path!r}. Pass for example path='history.png'."
        )
    name = os.fspath(path)
    suffix = os.path.splitext(name)[1][1:].lower()
    kinds = figure.canvas.get_supported_filetypes()
    if suffix and suffix not in kinds:
        raise ArgumentError(
            f"path must have the suffix of an image format that matplotlib can write. Received: path={name!r}. "
            f"Use one of: {', '.join(sorted(kinds))}."
        )
    with atomic.writing(name if suffix else f"{name}.png") as file:
        figure.savefig(file, format=suffix or "png")


def _png(figure: "Figure") -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()
