"""The files around the code say what is true."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

import minifit

TARGETS = [
    "help",
    "run",
    "quick",
    "test",
    "check",
    "lint",
    "type",
    "rules",
    "bench",
    "profile",
    "soak",
    "exchange",
    "docs",
    "pages",
    "clean",
]
BESIDE_THE_CODE = [
    ".ci/run",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "DECISIONS.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "minifit/py.typed",
]


def project(root: Path) -> dict[str, Any]:
    with (root / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)


@pytest.mark.parametrize("name", BESIDE_THE_CODE)
def test_the_file_is_there(name: str, root: Path) -> None:
    assert (root / name).is_file()


@pytest.mark.parametrize("command", ["make run", "make test"])
def test_the_first_screen_of_the_readme_says_how_to_begin(command: str, root: Path) -> None:
    first_screen = (root / "README.md").read_text(encoding="utf-8").splitlines()[:40]
    assert any(command in line for line in first_screen)


@pytest.mark.parametrize("command", ["make test", "make check"])
def test_continuous_integration_runs_tests_and_checks(command: str, root: Path) -> None:
    lines = (root / ".ci/run").read_text(encoding="utf-8").splitlines()
    assert command in lines
    assert "set -euo pipefail" in lines


def test_make_check_looks_at_the_rules(root: Path) -> None:
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    (needed,) = re.findall(r"^check: (.*)$", makefile, re.MULTILINE)
    assert "rules" in needed.split()
    assert re.search(r"^rules: .*\n\t\$\(TEST\) .*tests/house/test_semantics\.py$", makefile, re.MULTILINE)


@pytest.mark.skipif(os.name == "nt", reason="Windows files have no such bit")
def test_continuous_integration_can_be_started(root: Path) -> None:
    assert os.access(root / ".ci/run", os.X_OK)


@pytest.mark.parametrize("target", TARGETS)
def test_the_makefile_has_its_targets(target: str, root: Path) -> None:
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{target}:", makefile, re.MULTILINE)
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert target in phony.split()
    if target != "help":
        assert f'@echo "make {target} ' in makefile, "say what it does in `make help`"


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("house/test_threads.py::test_a_spawned_process_computes_the_same", "it starts a process"),
        ("saving/test_atomic.py::test_killed_while_writing", "it starts a process"),
        ("kernels/test_compiled_checksums.py", "it compiles a kernel"),
    ],
)
def test_quick_skips_what_takes_long(place: str, reason: str, root: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "--quick", f"tests/{place}"]
    said = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    assert reason in said
    assert re.fullmatch(r"\d+ skipped in .*", said.splitlines()[-1])


def test_the_version_is_written_in_one_place(root: Path) -> None:
    assert project(root)["project"]["dynamic"] == ["version"]
    assert "version" not in project(root)["project"]
    files = [*(root / "minifit").rglob("*.py"), *(root / "kernels").rglob("*.py")]
    holders = {f for f in files if f'"{minifit.__version__}"' in f.read_text(encoding="utf-8")}
    assert holders == {root / "minifit/__init__.py"}


def test_the_changelog_knows_the_version(root: Path) -> None:
    headings = re.findall(r"^## \[(.+?)\]", (root / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0] == "Unreleased" or headings[0] == minifit.__version__


def test_the_run_time_dependencies_are_five(root: Path) -> None:
    names = [re.split(r"[<>=]", d)[0] for d in project(root)["project"]["dependencies"]]
    assert names == ["numpy", "numba", "h5py", "requests", "tqdm"]


def test_an_extra_is_what_the_tests_use(root: Path) -> None:
    data = project(root)
    extras = data["project"]["optional-dependencies"]
    assert extras == {"plot": ["matplotlib>=3.10", "pydot>=3.0"], "mpi": ["mpi4py>=4.0"]}
    dev = {each.partition(";")[0] for each in data["dependency-groups"]["dev"]}
    assert {each for extra in extras.values() for each in extra} <= dev


def test_kernels_is_linked_into_the_package(root: Path) -> None:
    assert (root / "minifit/kernels/__init__.py").is_file(), "CONTRIBUTING.md says what to do on Windows"
    assert os.path.samefile(root / "minifit/kernels", root / "kernels")
