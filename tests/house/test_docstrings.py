"""The examples in docstrings run as they are printed."""

import doctest
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def with_examples() -> list[str]:
    """Every module that has a ``>>>`` somewhere."""
    files = [*(ROOT / "minifit").rglob("*.py"), *(ROOT / "kernels").rglob("*.py")]
    names = []
    for file in files:
        inside = file.relative_to(ROOT).with_suffix("").parts
        if inside[:2] != ("minifit", "kernels") and ">>> " in file.read_text(encoding="utf-8"):
            package = inside if inside[0] == "minifit" else ("minifit", *inside)
            names.append(".".join(part for part in package if part != "__init__"))
    return sorted(names)


@pytest.mark.parametrize("name", with_examples())
def test_examples_are_true(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    failed, _ = doctest.testmod(import_module(name), optionflags=flags)
    assert not failed, capsys.readouterr().out
