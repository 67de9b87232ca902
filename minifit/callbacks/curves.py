"""The picture of a training: how loss and metrics went from epoch to epoch.

What belongs together is drawn together: ``accuracy`` and ``val_accuracy`` on the same axes. matplotlib is an extra
and imported only here; its `pyplot`, which is global, is not touched.
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
"""Inches of one metric's axes."""

ACROSS = 3
"""As many axes stand side by side, before another row begins."""

FEW = 30
"""With so many epochs at most each one gets a dot, so that a single one is seen."""


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
        The epochs that they belong to, counted from 1. Values of unknown place are taken as those of the first epochs.
    path, metrics, ax
        As in `History.plot`.
    """
    curves = {key: numbers for key, values in history.items() if (numbers := _numbers(values))}
    names = _chosen(curves, metrics)
    axes = _new_axes(len(names)) if ax is None else _as_given(ax, names)
    for each, name in zip(axes, names, strict=True):
        _draw_metric(each, name, curves, places)
    figure = axes[0].get_figure(root=True)
    assert figure is not None
    if path is not None:
        _save(figure, path)
    return figure


def _numbers(values: Sequence[Any]) -> list[float] | None:
    """Return the values of a key as numbers; None where one is no single number."""
    found = [float(number) for value in values if (number := single(value)) is not None]
    return found if len(found) == len(values) else None


def _chosen(curves: Mapping[str, Any], metrics: str | Sequence[str] | None) -> list[str]:
    """The metrics to draw, each once: ``loss`` stands for ``val_loss``, too."""
    known = list(dict.fromkeys(key.removeprefix(VALIDATION) for key in curves))
    if not known:
        raise ArgumentError(
            "Only epochs can be drawn. Received: a history without any. Train the model first."
        )
    if metrics is None:
        return known
    wanted = [metrics] if isinstance(metrics, str) else list(metrics)
    if not wanted:
        raise ArgumentError(
            f"metrics must name something to draw. Received: metrics={metrics!r}. "
            f"Leave it out, or choose from: {', '.join(map(repr, known))}."
        )
    for name in wanted:
        if name not in curves and name not in known:
            raise UnknownNameError.of("metric in this history", name, known)
    return list(dict.fromkeys(name.removeprefix(VALIDATION) for name in wanted))


def _new_axes(n: int) -> "list[Axes]":
    """Axes in a figure of their own, which `pyplot` does not know."""
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
    # Notebooks ask for this; by themselves they know only the figures of pyplot.
    figure._repr_png_ = partial(_png, figure)  # type: ignore[attr-defined]
    return [figure.add_subplot(down, across, place + 1) for place in range(n)]


def _as_given(ax: Any, names: list[str]) -> "list[Axes]":
    """The caller's axes, one for each metric."""
    axes = list(np.ravel(np.asarray(ax, dtype=object)))
    if not all(hasattr(each, "get_figure") and hasattr(each, "plot") for each in axes):
        raise ArgumentTypeError(
            f"ax must be Axes of matplotlib. Received: ax={ax!r}. Make some by plt.subplots, or leave it out."
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
    if name == "lr" and min(curves["lr"]) > 0 and max(curves["lr"]) >= 10 * min(curves["lr"]):
        ax.set_yscale("log")  # rates are divided, and the small ones would all look like zero


def _save(figure: "Figure", path: str | os.PathLike[str]) -> None:
    """Write the picture, whole or not at all; PNG where the name has no suffix."""
    if not isinstance(path, str | os.PathLike):
        raise ArgumentTypeError(
            f"path must be a file's name. Received: path={path!r}. Pass for example path='history.png'."
        )
    name = os.fspath(path)
    suffix = os.path.splitext(name)[1][1:].lower()
    kinds = figure.canvas.get_supported_filetypes()
    if suffix and suffix not in kinds:
        raise ArgumentError(
            f"path must end in the suffix of a picture that matplotlib can write. Received: path={name!r}. "
            f"Take one of: {', '.join(sorted(kinds))}."
        )
    with atomic.writing(name if suffix else f"{name}.png") as file:
        figure.savefig(file, format=suffix or "png")


def _png(figure: "Figure") -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()
