"""``pytest --standin``, the line of the configuration, and the fixture, each in a run of pytest of its own."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

IN_USE = """
import tensorflow as tf
from keras.layers import Dense

def test_it_is_in_use():
    assert "minifit" in tf.__version__ and Dense is tf.keras.layers.Dense
"""

FOR_ONE_TEST = """
import sys

def test_one(standin):
    import tensorflow
    assert "minifit" in tensorflow.__version__

def test_other():
    assert "tensorflow" not in sys.modules
"""

NOTHING = """
import sys

def test_nothing_is_installed():
    assert not [finder for finder in sys.meta_path if type(finder).__module__.startswith("minifit")]
"""


def pytest_run(folder: Path, code: str, *arguments: str, name: str = "test_it.py") -> str:
    """Return the output of a run of pytest over one file; only this plugin is loaded."""
    (folder / name).write_text(code)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "minifit.standin.plugin",
        "-p",
        "no:cacheprovider",
        *arguments,
    ]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_the_option(tmp_path: Path) -> None:
    assert "1 passed" in pytest_run(tmp_path, IN_USE, "--standin")


def test_it_is_there_before_a_conftest(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("import tensorflow\n")
    assert "1 passed" in pytest_run(tmp_path, IN_USE, "--standin")


def test_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\nstandin = true\n")
    assert "1 passed" in pytest_run(tmp_path, IN_USE)


def test_the_fixture_is_for_one_test(tmp_path: Path) -> None:
    assert "2 passed" in pytest_run(tmp_path, FOR_ONE_TEST)


def test_it_does_nothing_until_it_is_asked(tmp_path: Path) -> None:
    assert "1 passed" in pytest_run(tmp_path, NOTHING)


def test_importing_it_imports_nothing_but_the_standard_library(root: Path) -> None:
    program = (
        "import json, sys; before = set(sys.modules); import minifit.standin.plugin; "
        "print(json.dumps(sorted({n.split('.')[0] for n in set(sys.modules) - before})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True
    )
    assert set(json.loads(done.stdout)) - set(sys.stdlib_module_names) == {"minifit"}


def test_pytest_finds_it_by_its_entry_point(root: Path) -> None:
    """Under the name of its module: another one makes a second plugin of ``-p minifit.standin.plugin``."""
    with (root / "pyproject.toml").open("rb") as file:
        points = tomllib.load(file)["project"]["entry-points"]["pytest11"]
    assert points == {"minifit.standin.plugin": "minifit.standin.plugin"}


@pytest.mark.parametrize("real", ["tensorflow", "keras"])
def test_a_plugin_that_has_imported_the_real_one(tmp_path: Path, real: str) -> None:
    (tmp_path / f"{real}.py").write_text("")
    (tmp_path / "early.py").write_text(f"import {real}\n")
    said = pytest_run(tmp_path, IN_USE, "-p", "early", "--standin")
    assert "1 passed" not in said
    assert f"has imported {real}" in said
