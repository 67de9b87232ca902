"""The program prints rules, and plays the recorded runs and the scenarios on other frameworks."""

import subprocess
import sys
from pathlib import Path

import pytest

from minifit.semantics import RULES
from minifit.semantics.__main__ import chosen, main
from minifit.semantics.runs import RUNS


def test_a_rule_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    main(["ES-2"])
    printed = capsys.readouterr().out
    assert RULES["ES-2"].promise in printed
    assert RULES["ES-2"].reason in printed
    assert "✗ tf.keras 2.7.4        differs: returned" in printed


def test_rules_by_their_letters(capsys: pytest.CaptureFixture[str]) -> None:
    main(["ES"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[3:8]] == ["ES-1", "ES-2", "ES-3", "ES-4", "ES-5"]


def test_all_rules(capsys: pytest.CaptureFixture[str]) -> None:
    main([])
    printed = capsys.readouterr().out
    assert all(rule.promise in printed for rule in RULES.values())


@pytest.mark.parametrize(
    "arguments",
    [["XX"], ["ES-99"], ["hooks"], ["play"], ["play", "--differences"], ["play", "os", "xx"], ["ES", "MON"]],
)
def test_what_it_does_not_know(arguments: list[str]) -> None:
    with pytest.raises(SystemExit, match=r"python -m minifit\.semantics"):
        main(arguments)


def test_names_of_runs_and_rules_together() -> None:
    everything = [*RUNS, *RULES]
    assert chosen([], everything) == everything
    assert chosen(["runs"], everything) == list(RUNS)
    assert chosen(["nan", "ES-1"], everything) == ["nan-000", "nan-001", "nan-002", "ES-1"]


def played_in(folder: Path, *arguments: str) -> str:
    (folder / "theirs.py").write_text(
        "from minifit import *\nfrom minifit import callbacks\n", encoding="utf-8"
    )
    command = [sys.executable, "-m", "minifit.semantics", "play", "theirs", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=True)
    return done.stdout


def test_as_a_program_on_a_module_in_this_folder(tmp_path: Path) -> None:
    printed = played_in(tmp_path, "ES-4", "nan-000")
    assert "✓ ES-4" in printed
    assert "Runs: agrees 1\n" in printed


def test_under_another_python(tmp_path: Path) -> None:
    printed = played_in(tmp_path, "ES-4", "--python", sys.executable)
    assert printed.startswith("theirs on ")
    assert "✓ ES-4" in printed


def test_another_python_that_has_no_such_module() -> None:
    with pytest.raises(SystemExit, match="No module named 'no_such_module'"):
        main(["play", "no_such_module", "ES-4", "--python", sys.executable])
