"""The curves show what was logged, each value at its epoch, and drawing changes nothing that is not its own."""

import io
import os
import pickle
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import imread

from minifit.callbacks.curves import draw
from minifit.errors import ArgumentError, ArgumentTypeError, MissingPackageError, UnknownNameError

HISTORY = {
    "loss": [0.9, 0.5, 0.4],
    "acc": [0.1, 0.3, 0.6],
    "val_loss": [1.0, 0.7, 0.8],
    "val_acc": [0.2, 0.2, 0.3],
}
PNG = b"\x89PNG\r\n\x1a\n"


def plot(
    history: Any = HISTORY, places: Any = None, path: Any = None, metrics: Any = None, ax: Any = None
) -> Figure:
    return draw(history, places or {}, path, metrics, ax)


def shown(axes: Axes) -> dict[Any, list[tuple[float, float]]]:
    """Each curve by its label, as points."""
    return {
        line.get_label(): [tuple(p) for p in np.asarray(line.get_xydata()).tolist()] for line in axes.lines
    }


def titles(figure: Figure) -> list[str]:
    return [axes.get_title() for axes in figure.axes]


# -- what is drawn -----------------------------------------------------------------------------------------


def test_training_and_validation_of_a_metric_are_together() -> None:
    figure = plot()
    assert titles(figure) == ["loss", "acc"]
    assert shown(figure.axes[0]) == {
        "training": [(1, 0.9), (2, 0.5), (3, 0.4)],
        "validation": [(1, 1.0), (2, 0.7), (3, 0.8)],
    }
    assert shown(figure.axes[1])["validation"] == [(1, 0.2), (2, 0.2), (3, 0.3)]
    assert all(axes.get_xlabel() == "epoch" for axes in figure.axes)
    legend = figure.axes[0].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["training", "validation"]


def test_each_value_lies_at_its_epoch() -> None:
    history = {"loss": [5, 4, 3, 2], "val_loss": [6, 3]}
    (axes,) = plot(history, {"loss": [1, 2, 3, 4], "val_loss": [2, 4]}).axes
    assert shown(axes)["validation"] == [(2, 6), (4, 3)]


@pytest.mark.parametrize("places", [{}, {"loss": [4, 5]}])
def test_values_of_unknown_places(places: Any) -> None:
    """Somebody may have filled the dictionary by hand."""
    (axes,) = plot({"loss": [5, 4, 3]}, places).axes
    assert shown(axes) == {"training": [(1, 5), (2, 4), (3, 3)]}


@pytest.mark.parametrize(
    ("metrics", "drawn"),
    [
        (None, ["loss", "acc"]),
        ("acc", ["acc"]),
        (["acc", "loss"], ["acc", "loss"]),
        (("acc", "val_acc"), ["acc"]),
        ("val_loss", ["loss"]),
    ],
)
def test_what_is_chosen(metrics: Any, drawn: list[str]) -> None:
    figure = plot(metrics=metrics)
    assert titles(figure) == drawn
    assert all(len(axes.lines) == 2 for axes in figure.axes)


def test_a_metric_of_the_validation_alone() -> None:
    figure = plot({"loss": [1.0], "val_f1": [0.5]})
    assert titles(figure) == ["loss", "f1"]
    assert shown(figure.axes[1]) == {"validation": [(1, 0.5)]}


def test_what_is_no_number_is_left_out() -> None:
    text = {"note": ["a", "b"], "arrays": [np.zeros(2), np.zeros(2)], "none": [None, 1.0]}
    assert titles(plot({**text, "loss": [1.0, 0.5], "count": [np.int64(1), 2]})) == ["loss", "count"]


def test_what_is_not_finite_leaves_a_gap() -> None:
    (axes,) = plot({"loss": [1.0, float("nan"), float("inf"), 2.0]}).axes
    axes.figure.canvas.print_figure(io.BytesIO())
    low, high = axes.get_ylim()
    assert 0 < low < 1 and 2 < high < 3


def test_names_are_not_taken_for_formulas() -> None:
    figure = plot({"a_$b$_c": [1.0]})
    figure.savefig(io.BytesIO())
    assert not figure.axes[0].title.get_parse_math()


def test_no_legend_for_a_single_curve() -> None:
    assert plot({"loss": [1.0]}).axes[0].get_legend() is None


@pytest.mark.parametrize("epochs", [1, 2, 3, 7, 25, 100, 1000])
def test_epochs_are_whole_numbers(epochs: int) -> None:
    (axes,) = plot({"loss": np.arange(epochs).tolist()}).axes
    low, high = axes.get_xlim()
    ticks = [float(t) for t in axes.get_xticks() if low <= t <= high]
    assert ticks
    assert all(t.is_integer() for t in ticks)
    assert min(ticks) >= (1 if epochs < 50 else 0)


def test_a_single_epoch_is_seen() -> None:
    (axes,) = plot({"loss": [1.0]}).axes
    assert axes.lines[0].get_marker() not in ("", "None", None)


@pytest.mark.parametrize(
    ("rates", "scale"),
    [([0.1, 0.01, 0.001], "log"), ([0.1, 0.05], "linear"), ([0.1, 0.0], "linear"), ([0.1], "linear")],
)
def test_learning_rates_that_are_divided(rates: list[float], scale: str) -> None:
    assert plot({"lr": rates}).axes[0].get_yscale() == scale


@pytest.mark.parametrize(("n", "across", "down"), [(1, 1, 1), (2, 2, 1), (3, 3, 1), (4, 3, 2), (7, 3, 3)])
def test_many_metrics_stand_in_rows(n: int, across: int, down: int) -> None:
    figure = plot({f"m{i}": [1.0] for i in range(n)})
    specification = figure.axes[0].get_subplotspec()
    assert specification is not None
    assert specification.get_gridspec().get_geometry() == (down, across)
    assert len(figure.axes) == n


# -- where it is drawn -------------------------------------------------------------------------------------


def test_into_given_axes() -> None:
    figure = Figure()
    axes = figure.subplots(1, 2)
    assert plot(ax=axes) is figure
    assert titles(figure) == ["loss", "acc"]
    assert plot(metrics="acc", ax=figure.add_subplot()) is figure
    assert plot(metrics=["acc"], ax=[figure.add_subplot()]) is figure


def test_two_runs_in_the_same_axes() -> None:
    axes = Figure().add_subplot()
    plot(metrics="loss", ax=axes)
    plot(metrics="loss", ax=axes)
    assert len(axes.lines) == 4


def test_into_a_part_of_a_figure() -> None:
    figure = Figure()
    part: Any = figure.subfigures()
    assert plot(metrics="loss", ax=part.add_subplot()) is figure


def test_the_number_of_axes_must_fit() -> None:
    with pytest.raises(ArgumentError, match=r"as many Axes as there are metrics\. Received: 1 for loss, acc"):
        plot(ax=Figure().add_subplot())


@pytest.mark.parametrize("ax", [3, "axes", Figure(), [None, None]])
def test_what_is_no_axes(ax: Any) -> None:
    with pytest.raises(ArgumentTypeError, match=r"ax must be Axes of matplotlib\. Received: ax="):
        plot(ax=ax)


# -- the file ----------------------------------------------------------------------------------------------


def test_a_png(tmp_path: Path) -> None:
    path = tmp_path / "pictures" / "history.png"
    figure = plot(path=path)
    assert path.read_bytes().startswith(PNG)
    height, width, _ = imread(path).shape
    assert [width, height] == [round(inches * figure.dpi) for inches in figure.get_size_inches()]
    assert os.listdir(path.parent) == ["history.png"]


def test_curves_are_in_the_picture(tmp_path: Path) -> None:
    plot({"loss": [1.0, 1.0]}, path=tmp_path / "a.png")
    line = np.array([0x1F, 0x77, 0xB4]) / 255  # matplotlib's first colour
    blue = np.abs(imread(tmp_path / "a.png")[:, :, :3] - line).max(axis=2) < 0.02
    rows, columns = np.nonzero(blue)
    assert np.ptp(columns) > 300
    assert np.ptp(rows) < 20


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "written", "begins"),
    [
        ("a", "a.png", PNG),
        ("a.PNG", "a.PNG", PNG),
        ("a.pdf", "a.pdf", b"%PDF"),
        ("a.svg", "a.svg", b"<?xml"),
        ("v1.2/a", "v1.2/a.png", PNG),
    ],
)
def test_the_suffix_decides(name: str, written: str, begins: bytes, tmp_path: Path) -> None:
    plot(path=str(tmp_path / name))
    assert (tmp_path / written).read_bytes().startswith(begins)


def test_a_suffix_that_is_no_picture(tmp_path: Path) -> None:
    with pytest.raises(
        ArgumentError, match=r"suffix of an image format.*Received: path='.*a\.npz'\. Use one of: .*png"
    ):
        plot(path=tmp_path / "a.npz")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("path", [3, b"a.png"])
def test_a_path_that_is_none(path: Any) -> None:
    with pytest.raises(ArgumentTypeError, match=r"path must be the name of a file\. Received: path="):
        plot(path=path)


def test_a_picture_that_fails_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.png"
    plot(path=path)
    before = path.read_bytes()

    def fail(self: Figure, file: io.BytesIO, **kwargs: Any) -> None:
        file.write(b"half")
        raise MemoryError

    monkeypatch.setattr(Figure, "savefig", fail)
    with pytest.raises(MemoryError):
        plot(path=path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["a.png"]


# -- what it leaves alone ----------------------------------------------------------------------------------

PROGRAM = """
import sys
from minifit.callbacks import History
assert "matplotlib" not in sys.modules
history = History()
history.on_epoch_end(0, {"loss": 1.0})
history.plot(sys.argv[1])
assert "matplotlib.pyplot" not in sys.modules
assert not [name for name in sys.modules if name.startswith("matplotlib.backends.backend_") and "agg" not in name]
"""


def test_pyplot_is_not_even_imported(tmp_path: Path, root: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    environment |= {"PYTHONPATH": str(root), "PYTHONWARNINGS": "error", "MPLBACKEND": "TkAgg"}
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "a.png")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "a.png").exists()


def test_a_notebook_shows_it() -> None:
    assert plot()._repr_png_().startswith(PNG)  # type: ignore[attr-defined]


def test_the_figure_can_be_pickled() -> None:
    again = pickle.loads(pickle.dumps(plot()))
    assert titles(again) == ["loss", "acc"]
    assert again._repr_png_().startswith(PNG)


def test_the_history_stays_as_it_is() -> None:
    history = {"loss": [0.9, 0.5], "note": ["a", "b"]}
    plot(history)
    assert history == {"loss": [0.9, 0.5], "note": ["a", "b"]}


# -- what is wrong -----------------------------------------------------------------------------------------


def test_without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(
        MissingPackageError, match=r"needs the package matplotlib.*pip install minifit-training\[plot\]"
    ) as caught:
        plot()
    assert isinstance(caught.value, ImportError)


@pytest.mark.parametrize("history", [{}, {"loss": []}, {"note": ["a"]}])
def test_nothing_to_draw(history: dict[str, Sequence[Any]]) -> None:
    with pytest.raises(ArgumentError, match=r"A plot needs at least one epoch\. Received: an empty history"):
        plot(history)


def test_nothing_chosen() -> None:
    with pytest.raises(
        ArgumentError, match=r"Received: metrics=\[\]\. Leave it out, or choose from: 'loss', 'acc'"
    ):
        plot(metrics=[])


@pytest.mark.parametrize("metrics", ["los", ["acc", "los"]])
def test_an_unknown_metric(metrics: Any) -> None:
    with pytest.raises(UnknownNameError, match=r"no metric in this history.*'los'.*Did you mean 'loss'\?"):
        plot(metrics=metrics)
