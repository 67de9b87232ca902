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


AS_ELSEWHERE = """
from importlib.machinery import SourceFileLoader
import minifit.layers

def test_it_is_imported_as_elsewhere():
    assert type(minifit.layers.__loader__) is SourceFileLoader
"""


IMPORTED_BEFORE = """
import minifit
import pytest

pytest.register_assert_rewrite("minifit")  # as pytest does for every installed plugin
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


def test_it_is_gone_after_a_run(tmp_path: Path) -> None:
    (tmp_path / "run.py").write_text(
        "import pytest, sys\nfrom minifit.standin.installing import FINDER\nassert pytest.main(['test_it.py', "
        "'--standin', '-p', 'minifit.standin.plugin', '-p', 'no:cacheprovider']) == 0\nprint(FINDER in sys.meta_path)\n"
    )
    (tmp_path / "test_it.py").write_text(IN_USE)
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "run.py"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1:] == ["False"], done.stdout + done.stderr


@pytest.mark.parametrize(("given", "in_tests"), [(None, "0"), ("1", "1")])
def test_saving_does_not_wait_for_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str | None, in_tests: str
) -> None:
    monkeypatch.delenv("MINIFIT_FLUSH", raising=False)
    if given is not None:
        monkeypatch.setenv("MINIFIT_FLUSH", given)
    test = f"import os\ndef test_it():\n    assert os.environ['MINIFIT_FLUSH'] == {in_tests!r}\n"
    assert "1 passed" in pytest_run(tmp_path, test, "--standin")
    without = "import os\ndef test_it():\n    assert os.environ.get('MINIFIT_FLUSH') != '0'\n"
    assert "1 passed" in pytest_run(tmp_path, without)


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


@pytest.mark.parametrize("asserts", ["rewrite", "plain"])
def test_pytest_does_not_rewrite_the_library(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch, asserts: str
) -> None:
    """Installed from a wheel, that is, where pytest finds the plugin by itself and marks all that came with it."""
    (tmp_path / "test_it.py").write_text(AS_ELSEWHERE)
    installed = tmp_path / "minifit_training-0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: minifit-training\nVersion: 0\n")
    (installed / "entry_points.txt").write_text(
        "[pytest11]\nminifit.standin.plugin = minifit.standin.plugin\n"
    )
    (installed / "RECORD").write_text("minifit/__init__.py,,\nminifit/layers/__init__.py,,\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(tmp_path), str(root))))
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", raising=False)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--assert={asserts}"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "1 passed" in done.stdout, done.stdout + done.stderr


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


def test_a_run_in_which_it_was_imported_before_has_no_warning(tmp_path: Path) -> None:
    """``python -m minifit.standin -m pytest`` is one."""
    (tmp_path / "conftest.py").write_text(IMPORTED_BEFORE)
    assert "1 passed" in pytest_run(tmp_path, NOTHING, "-W", "error")
