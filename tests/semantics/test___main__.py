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


def test_a_rule_in_lower_case(capsys: pytest.CaptureFixture[str]) -> None:
    main(["es-4"])
    assert RULES["ES-4"].promise in capsys.readouterr().out


def test_a_module_that_is_not_there() -> None:
    with pytest.raises(SystemExit, match=r"can import\. Received: no_such_module\. Start in the folder"):
        main(["play", "no_such_module", "ES-4"])


def test_a_module_that_lacks_another_one_keeps_its_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lacking.py").write_text("import no_such_module\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        main(["play", "lacking", "ES-4"])


ENDS = """
from minifit import Sequential, Input, layers, optimizers

class callbacks:
    def __getattr__(self, name):
        raise SystemExit(3)

callbacks = callbacks()
"""


@pytest.mark.parametrize(("flags", "status"), [([], 0), (["--strict"], 1)])
def test_an_adapter_that_ends_the_process_differs(tmp_path: Path, flags: list[str], status: int) -> None:
    (tmp_path / "ends.py").write_text(ENDS, encoding="utf-8")
    command = [sys.executable, "-m", "minifit.semantics", "play", "ends", "ES-4", "nan-000", *flags]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == status
    assert "✗ ES-4" in done.stdout
    assert "this    raised SystemExit: 3" in done.stdout
    assert "Runs: differs 1\n" in done.stdout
    assert "Asking ends 2 questions" in done.stderr


def test_strict_is_content_where_nothing_differs(tmp_path: Path) -> None:
    assert "✓ ES-4" in played_in(tmp_path, "ES-4", "--strict")


def test_an_adapter_that_excludes_what_does_not_exist(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mistaken.py").write_text("cannot_be_asked = {'ES-99': 'a'}\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    with pytest.raises(SystemExit, match=r"cannot_be_asked has rules.* Received: 'ES-99'\. Take it out"):
        main(["play", "mistaken", "ES-4"])


@pytest.mark.skipif(sys.platform == "win32", reason="pipes break otherwise there")
def test_a_reader_that_has_seen_enough() -> None:
    command = [sys.executable, "-m", "minifit.semantics"]
    started = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert started.stdout is not None and started.stderr is not None
    started.stdout.close()
    assert started.stderr.read() == b""
    started.stderr.close()
    assert started.wait() == 1


def test_another_python_that_has_no_such_module() -> None:
    with pytest.raises(SystemExit, match="No module named 'no_such_module'"):
        main(["play", "no_such_module", "ES-4", "--python", sys.executable])
