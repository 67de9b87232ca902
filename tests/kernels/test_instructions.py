"""Every instruction is in the table, under its own name."""

import re
from pathlib import Path

import pytest

from minifit.kernels import instructions


@pytest.mark.parametrize("name", instructions.TABLE)
def test_it_has_its_name(name: str) -> None:
    assert instructions.TABLE[name].name == name


def test_none_is_left_out(root: Path) -> None:
    made = re.compile(r"^@(instruction|each|slope|pair|row_slopes|row_values\(.*\))$", re.MULTILINE)
    texts = [file.read_text(encoding="utf-8") for file in (root / "kernels").glob("*.py")]
    assert sum(len(made.findall(text)) for text in texts) == len(instructions.TABLE)
