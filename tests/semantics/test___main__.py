"""The program prints rules, and plays the scenarios on other frameworks."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import minifit
from minifit.semantics import RULES
from minifit.semantics.__main__ import main, report


def test_a_rule_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    main(["ES-2"])
    printed = capsys.readouterr().out
    assert RULES["ES-2"].promise in printed
    assert RULES["ES-2"].reason in printed
    assert "tf.keras 2.7.4          differs: returned" in printed


def test_rules_by_their_letters(capsys: pytest.CaptureFixture[str]) -> None:
    main(["ES"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:6] if line] == ["ES-1", "ES-2", "ES-3", "ES-4", "ES-5"]


def test_all_rules(capsys: pytest.CaptureFixture[str]) -> None:
    main([])
    printed = capsys.readouterr().out
    assert all(rule.promise in printed for rule in RULES.values())


@pytest.mark.parametrize("arguments", [["XX"], ["ES-99"], ["play"], ["ES", "MON"]])
def test_what_it_does_not_know(arguments: list[str]) -> None:
    with pytest.raises(SystemExit, match=r"python -m minifit\.semantics"):
        main(arguments)


def test_minifit_agrees_with_itself() -> None:
    assert "3 agrees" in report(minifit, ["ES-1", "ES-2", "ES-3"])


def test_a_framework_that_has_nothing() -> None:
    table = report(SimpleNamespace(cannot_be_asked={"ES-2": "no such rule"}), ["ES-2"])
    assert "· ES-2" in table
    assert "cannot be asked: no such rule" in table


def test_a_difference_shows_both() -> None:
    class Impatient(minifit.callbacks.EarlyStopping):
        def on_epoch_end(self, epoch: int, logs: object = None) -> None:
            self.model.stop_training = True

    other = SimpleNamespace(
        **{name: getattr(minifit, name) for name in ("Sequential", "Input", "layers", "optimizers")},
        callbacks=SimpleNamespace(Callback=minifit.callbacks.Callback, EarlyStopping=Impatient),
    )
    table = report(other, ["ES-4"])
    assert "✗ ES-4" in table
    assert 'minifit returned {"epochs": 2}' in table
    assert 'this    returned {"epochs": 1}' in table


def test_as_a_program_on_a_module_in_this_folder(tmp_path: Path) -> None:
    (tmp_path / "theirs.py").write_text(
        "from minifit import *\nfrom minifit import callbacks\n", encoding="utf-8"
    )
    command = [sys.executable, "-m", "minifit.semantics", "play", "theirs", "ES-4"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", check=True)
    assert "✓ ES-4" in done.stdout
