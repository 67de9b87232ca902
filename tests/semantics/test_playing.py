"""The player tells apart what is returned, what does not exist and what goes wrong."""

import ast
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from minifit.semantics import playing
from minifit.semantics.playing import AbsentError, agree, cannot_ask, plain, play, scenario, verdict


@pytest.fixture
def scenes(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """An empty table of scenarios."""
    table: dict[str, Any] = {}
    monkeypatch.setattr(playing, "SCENARIOS", table)
    monkeypatch.setattr(playing, "UNASKED", {})
    return table


def raising(error: BaseException) -> Any:
    def function(keras: Any, folder: Path) -> Any:
        raise error

    return function


def test_what_is_returned_becomes_plain(scenes: dict[str, Any]) -> None:
    scenes["A-1"] = lambda keras, folder: {"a": (np.float32(1 / 3), np.arange(2)), 1: float("nan")}
    assert play("A-1", None) == {"returned": {"a": [0.333333, [0, 1]], "1": "nan"}}


def test_the_folder_is_empty_and_goes(scenes: dict[str, Any]) -> None:
    def function(keras: Any, folder: Path) -> Any:
        (folder / "file").write_text("x")
        return str(folder) if len(list(folder.iterdir())) == 1 else "not empty"

    scenes["A-1"] = function
    assert not Path(play("A-1", None)["returned"]).exists()


@pytest.mark.parametrize(
    "error",
    [
        TypeError("f() got an unexpected keyword argument 'name'"),
        AttributeError("module 'x.y' has no attribute 'name'"),
        AttributeError("type object 'X' has no attribute 'name'"),
        ValueError("Unrecognized keyword arguments passed to Dense: {'name': 1}"),
        AbsentError("name"),
    ],
)
def test_what_does_not_exist(scenes: dict[str, Any], error: Exception) -> None:
    scenes["A-1"] = raising(error)
    assert play("A-1", None) == {"lacks": "name"}


@pytest.mark.parametrize(
    "error",
    [
        TypeError("unsupported operand"),
        AttributeError("'NoneType' object has no attribute 'name'"),
        KeyError("unexpected keyword argument 'name'"),
        ZeroDivisionError("division by zero"),
        SystemExit("the end"),
    ],
)
def test_any_other_exception_is_an_outcome(scenes: dict[str, Any], error: BaseException) -> None:
    scenes["A-1"] = raising(error)
    outcome = play("A-1", None)
    assert outcome == {"raised": type(error).__name__, "message": str(error)}
    assert verdict(outcome, {"raised": type(error).__name__}) == "agrees", "the words are for the reader"
    assert verdict(outcome, {"raised": "OSError"}) == "differs"


def test_a_module_without_the_name(scenes: dict[str, Any]) -> None:
    scenes["A-1"] = lambda keras, folder: keras.Sequential
    assert play("A-1", ModuleType("empty")) == {"lacks": "Sequential"}


def test_an_adapter_declares_what_cannot_be_asked(scenes: dict[str, Any]) -> None:
    scenes["A-1"] = scenes["B-1"] = scenes["B-2"] = lambda keras, folder: 1
    adapter = SimpleNamespace(cannot_be_asked={"A": "no letters", "B-1": "no number"})
    assert play("A-1", adapter) == {"unasked": "no letters"}
    assert play("B-1", adapter) == {"unasked": "no number"}
    assert play("B-2", adapter) == {"returned": 1}


def test_a_rule_has_one_scenario(scenes: dict[str, Any]) -> None:
    scenario("A-1")(lambda keras, folder: 1)
    with pytest.raises(ValueError, match="A-1"):
        scenario("A-1")(lambda keras, folder: 2)
    with pytest.raises(ValueError, match="A-1"):
        cannot_ask("no reason", "A-1")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (1.0, 1.00001, True),
        (1.0, 1.001, False),
        (0, 1e-9, True),
        (True, 1, False),
        ([1, 2], [1, 2, 3], False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, False),
        ("nan", "nan", True),
        (None, 0, False),
    ],
)
def test_when_two_outcomes_agree(one: Any, other: Any, same: bool) -> None:
    assert agree(one, other) is same


def test_verdicts() -> None:
    expected = {"returned": 1}
    assert verdict({"returned": 1}, expected) == "agrees"
    assert verdict({"returned": 2}, expected) == "differs"
    assert verdict({"raised": "KeyError"}, expected) == "differs"
    assert verdict({"lacks": "x"}, expected) == "has no such thing"
    assert verdict({"unasked": "x"}, expected) == "cannot be asked"


def test_numbers_keep_six_digits() -> None:
    assert plain(123.456789) == 123.457
    assert plain(10**9) == 10**9
    assert plain(float("-inf")) == "-inf"


SOURCES = Path(playing.__file__).parent
PLAYED = [
    *(
        SOURCES / f"{name}.py"
        for name in ("adapter", "asking", "playing", "stage", "record", "rules", "__init__")
    ),
    *sorted((SOURCES / "scenarios").glob("*.py")),
    *sorted((SOURCES / "runs").glob("*.py")),
]


@pytest.mark.parametrize("file", PLAYED, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_what_is_played_runs_beside_any_framework(file: Path) -> None:
    """Under Python 3.9, with NumPy, the standard library and the kit itself, and no other part of minifit."""
    tree = ast.parse(file.read_text(encoding="utf-8"), feature_version=(3, 9))
    imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {
        alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }
    ours = {name for name in imported if name.startswith("minifit")}
    assert all(name.startswith("minifit.semantics") for name in ours)
    others = {name.partition(".")[0] for name in imported - ours} - sys.stdlib_module_names
    assert others <= {"numpy", "h5py", "requests"}
