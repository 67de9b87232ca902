"""Every example runs, as a person would run it, and shows what it promises."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.py"))


def run(example: Path, root: Path) -> str:
    """What an example prints in a process of its own; any warning is an error."""
    environment = os.environ | {"PYTHONPATH": str(root), "PYTHONWARNINGS": "error"}
    done = subprocess.run(
        [sys.executable, str(example)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_it_runs_and_prints_something(example: Path, root: Path) -> None:
    assert run(example, root).strip()


def test_the_quickstart_learns_the_digits(root: Path) -> None:
    printed = run(root / "examples" / "quickstart.py", root)
    found = re.search(r"Validation accuracy: ([\d.]+)%", printed)
    assert found and float(found[1]) >= 96
    assert "Epoch 1/30" in printed
    assert "was taken for" in printed
