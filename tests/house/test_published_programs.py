"""Programs for tf.keras as people publish them print under the stand-in what they printed with TensorFlow 2.7.4."""

import re
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from minifit import standin
from minifit.randomness import set_random_seed

FOLDER = Path(__file__).parents[2] / "examples" / "standin"

PROGRAMS = sorted(file.stem for file in FOLDER.glob("*.out") if file.stem != "test_suite")

SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(1, 5))]


def test_every_program_was_recorded() -> None:
    others = {"record", "test_suite"}
    assert {file.stem for file in FOLDER.glob("*.py")} - others == set(PROGRAMS)
    assert len(PROGRAMS) == 18


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_prints_what_was_recorded(
    program: str,
    seed: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if program == "multi_worker_strategy":
        pytest.importorskip("mpi4py")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    set_random_seed(seed)
    with standin.installed():
        runpy.run_path(str(FOLDER / f"{program}.py"), run_name="__main__")
    assert capsys.readouterr().out == (FOLDER / f"{program}.out").read_text(encoding="utf-8")


def test_the_tests_of_a_suite_end_as_was_recorded(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-p", "minifit.standin.plugin", "-p", "no:cacheprovider", "-v"]
    done = subprocess.run(
        [*command, "--rootdir", str(tmp_path), "--standin", str(FOLDER / "test_suite.py")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    found = "".join(f"{line}\n" for line in re.findall(r"::(\S+ (?:PASSED|FAILED|ERROR)) ", done.stdout))
    assert found == (FOLDER / "test_suite.out").read_text(encoding="utf-8"), done.stdout + done.stderr
    assert done.returncode == 0
