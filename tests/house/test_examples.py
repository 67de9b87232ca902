"""Every example runs, as a person would run it, and shows what it promises."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.distribute.processes import run_workers

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.py"))

WORKERS = "15_workers.py"


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
    if example.name == WORKERS and importlib.util.find_spec("mpi4py") is None:
        pytest.skip("there is no MPI")
    assert run(example, root).strip()


def test_the_quickstart_learns_the_digits(root: Path) -> None:
    printed = run(root / "examples" / "quickstart.py", root)
    found = re.search(r"Validation accuracy: ([\d.]+)%", printed)
    assert found and float(found[1]) >= 96
    assert "Epoch 1/30" in printed
    assert "was read as" in printed


@pytest.mark.slow
def test_two_workers_print_what_one_does(root: Path, tmp_path: Path) -> None:
    example = root / "examples" / WORKERS
    script = f"import runpy; runpy.run_path({str(example)!r}, run_name='__main__')"
    two = run_workers(2, script, tmp_path).printed
    assert {"best.weights.h5", "rows.csv"} <= {file.name for file in tmp_path.iterdir()}
    assert two[1] == "", "only the chief prints"
    (count, *lines), (others, *expected) = two[0].splitlines(), run(example, root).splitlines()
    assert (count, others) == ("2 workers", "1 worker")
    assert len(lines) == len(expected) == 10
    for line, other in zip(lines, expected, strict=True):
        assert NUMBER.sub("", line) == NUMBER.sub("", other)
        assert numbers_of(line) == pytest.approx(numbers_of(other), rel=1e-3, abs=2e-4)


NUMBER = re.compile(r"\d+\.\d+")


def numbers_of(line: str) -> list[float]:
    """The numbers with a point in a line."""
    return [float(text) for text in NUMBER.findall(line)]
