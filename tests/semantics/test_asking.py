"""A framework is asked in this process, or under another Python that has nothing of minifit."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import minifit
from minifit.semantics.asking import ask, ask_under, askable, module_named, setup

THEIRS = """
import sys

if "minifit.console" in sys.modules:
    raise ImportError("the other Python is given the kit alone")
"""


def test_modules_and_attributes_of_modules() -> None:
    assert module_named("minifit.callbacks") is minifit.callbacks
    assert module_named("minifit.callbacks.Callback") is minifit.callbacks.Callback


def test_a_module_that_does_not_exist() -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        module_named("no_such_module")
    with pytest.raises(AttributeError, match="no_such_name"):
        module_named("minifit.no_such_name")


def test_rules_and_runs_are_answered_by_name() -> None:
    answers = ask(SimpleNamespace(cannot_be_asked={"ES": "a", "runs": "b"}), ["ES-1", "hooks-000"])
    assert answers == {"ES-1": {"unasked": "a"}, "hooks-000": {"unasked": "b"}}


def test_names_that_can_be_asked() -> None:
    assert askable("ES-1")
    assert askable("hooks-000")
    assert not askable("PB-6")
    assert not askable("ES")


def test_another_python_is_lent_the_kit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "theirs.py").write_text(THEIRS, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    words, answers = ask_under(sys.executable, "theirs", ["ES-1", "hooks-000"])
    assert words == setup()
    assert answers == {"ES-1": {"lacks": "callbacks"}, "hooks-000": {"lacks": "callbacks"}}


def test_what_another_python_says_when_it_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(subprocess.CalledProcessError) as caught:
        ask_under(sys.executable, "no_such_module", ["ES-1"])
    assert "No module named 'no_such_module'" in caught.value.stderr
