"""Pictures of models: what pydot is given, what is written, and what is shown where something is missing."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pydot
import pytest

from minifit import Input, Model, Sequential
from minifit.errors import ArgumentError, MissingPackageError, NotBuiltError
from minifit.layers import Dense
from minifit.utils import model_to_dot, plot_model
from tests.utils.test_drawing import branching, nested


def labels(graph: Any) -> list[str]:
    return [node.get_label() for node in graph.get_nodes() if node.get_name() != "node"]


def test_boxes_and_lines() -> None:
    graph: Any = model_to_dot(branching(), rankdir="LR", dpi=50)
    assert type(graph).__name__ == "Dot"
    assert (graph.get_rankdir(), graph.get_dpi(), graph.get_concentrate()) == ("LR", 50, True)
    assert labels(graph)[:3] == ['"x|InputLayer"', '"z|InputLayer"', '"h|Dense"']
    assert len(graph.get_edges()) == 8


@pytest.mark.parametrize(
    ("shown", "label"),
    [
        ({"show_layer_names": False}, "Dense"),
        ({"show_dtype": True}, "h|Dense|float32"),
        ({"show_layer_activations": True}, "h|{Dense|relu}"),
        ({"show_shapes": True}, "h|Dense|{input:|output:}|{{(None,\\ 4)}|{(None,\\ 3)}}"),
    ],
)
def test_what_a_box_shows(shown: dict[str, Any], label: str) -> None:
    assert labels(model_to_dot(branching(), **shown))[2] == f'"{label}"'


def test_models_inside_are_clusters() -> None:
    graph: Any = model_to_dot(nested(), expand_nested=True)
    (cluster,) = graph.get_subgraphs()
    assert cluster.get_label() == '"inner"' and labels(cluster)[1:] == ['"a|Dense"', '"b|Softmax"']
    assert len(labels(graph)) == 3
    part: Any = model_to_dot(nested(), subgraph=True)
    assert type(part).__name__ == "Cluster" and part.get_label() == '"outer"'
    assert not model_to_dot(nested()).get_subgraphs()


def test_names_with_characters_that_mean_something() -> None:
    model = Sequential([Dense(1, input_shape=(2,), name='a|{b} "c" <d>')])
    assert labels(model_to_dot(model))[1] == '"a\\|\\{b\\}\\ \\"c\\"\\ \\<d\\>|Dense"'


def test_a_part_of_the_layers() -> None:
    assert labels(model_to_dot(branching(), layer_range=["h", "d"])) == [
        '"h|Dense"',
        '"g|Dense"',
        '"c|Concatenate"',
        '"d|Add"',
    ]


def test_a_picture_is_written_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []

    def create(self: Any, prog: Any = None, format: str = "ps", encoding: Any = None) -> bytes:
        made.append((self.get_rankdir(), self.get_dpi(), format, labels(self)[2]))
        return b"picture"

    monkeypatch.setattr(pydot.Dot, "create", create)
    model = branching()
    plot_model(model, tmp_path / "m.SVG", True, True, False, "BT", False, 30, ["x", "h"], True)
    assert (tmp_path / "m.SVG").read_bytes() == b"picture"
    plot_model(model, str(tmp_path / "plain"))
    assert [p.name for p in sorted(tmp_path.iterdir())] == ["m.SVG", "plain"]
    assert made[0] == (
        "BT",
        30,
        "svg",
        '"{Dense|relu}|float32|{input:|output:}|{{(None,\\ 4)}|{(None,\\ 3)}}"',
    )
    assert made[1][2] == "png"


def test_the_text_of_graphviz_needs_no_graphviz(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    plot_model(branching(), tmp_path / "m.dot")
    assert (tmp_path / "m.dot").read_text().startswith("digraph G {")


def test_without_pydot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setitem(sys.modules, "pydot", None)
    with pytest.warns(UserWarning, match=r"drawn as text.*pip install minifit-training\[plot\]") as warned:
        assert plot_model(branching(), tmp_path / "m.png", show_shapes=True) is None
    assert warned[0].filename == __file__
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == 'Model: "branching"' and lines[3].endswith(" h (Dense)  (None, 4) -> (None, 3)")
    assert not list(tmp_path.iterdir())
    with pytest.raises(MissingPackageError, match=r"needs the package pydot.*training\[plot\]"):
        model_to_dot(branching())


def test_without_graphviz(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.warns(UserWarning, match=r"drawn as text.*https://graphviz.org/download"):
        plot_model(branching(), tmp_path / "m.png")
    assert "h (Dense)" in capsys.readouterr().out and not list(tmp_path.iterdir())


def test_a_notebook_gets_the_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    display = SimpleNamespace(
        Image=lambda filename: ("image", filename), SVG=lambda filename: ("svg", filename)
    )
    notebook = SimpleNamespace(get_ipython=object, display=display)
    monkeypatch.setitem(sys.modules, "IPython", notebook)
    monkeypatch.setattr(pydot.Dot, "create", lambda *_, **__: b"picture")
    for end, kind in ((".png", "image"), (".svg", "svg")):
        path = str(tmp_path / f"m{end}")
        assert plot_model(branching(), path) == (kind, path)
    assert plot_model(branching(), tmp_path / "m.pdf") is None


def test_a_format_that_graphviz_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def create(*_: Any, **__: Any) -> bytes:
        raise AssertionError('"dot" with args returned code: 1')

    monkeypatch.setattr(pydot.Dot, "create", create)
    with pytest.raises(ArgumentError, match=r"format that Graphviz draws.*Received: 'xyz'"):
        plot_model(branching(), tmp_path / "m.xyz")


def test_what_cannot_be_drawn() -> None:
    with pytest.raises(NotBuiltError, match="before drawing it"):
        plot_model(Sequential([Dense(1)]))
    with pytest.raises(ArgumentError, match="rankdir must be one of TB, LR, BT, RL"):
        model_to_dot(Model(x := Input((2,)), Dense(1)(x)), rankdir="up")
