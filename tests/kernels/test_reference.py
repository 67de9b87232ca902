"""The reference is what runs where Numba does not; and the door to both modules, `minifit.kernels` itself."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from minifit import kernels
from minifit.errors import UnknownNameError
from minifit.kernels import reference


def fresh(code: str, root: Path, *folders: Path) -> str:
    """Run code in a new interpreter that sees the project, and `folders` before it; its output."""
    path = os.pathsep.join(map(str, [*folders, root]))
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


def test_the_engines_have_their_modules() -> None:
    assert kernels.load("numpy") is reference
    assert kernels.load("numba").__name__ == "minifit.kernels.compiled"
    assert kernels.numba_available()


def test_an_unknown_engine_is_an_error_with_the_nearest_name() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'numba'"):
        kernels.load("nunba")


def test_the_folder_is_refused_under_another_name(root: Path) -> None:
    code = """
try:
    import kernels
except ImportError as error:
    print(error)
"""
    text = fresh(code, root)
    assert "imported as 'minifit.kernels'" in text
    assert "Received: an import as 'kernels'" in text
    assert "Write 'import minifit.kernels'" in text


def test_importing_the_reference_leaves_numba_alone(root: Path) -> None:
    code = """
import sys
import minifit.kernels, minifit.kernels.reference
minifit.kernels.load("numpy")
print("numba" in sys.modules)
"""
    assert fresh(code, root) == "False"


def test_without_numba_the_reference_runs(root: Path) -> None:
    code = """
import sys
sys.modules["numba"] = None
from minifit import kernels
print(kernels.numba_available(), kernels.load("numba").__name__)
"""
    assert fresh(code, root) == "False minifit.kernels.reference"


@pytest.mark.parametrize("error", ["ImportError", "SystemError", "AttributeError"])
def test_a_broken_numba_counts_as_none(error: str, root: Path, tmp_path: Path) -> None:
    (tmp_path / "numba.py").write_text(f"raise {error}('Numba needs another NumPy')\n")
    code = "from minifit import kernels; print(kernels.numba_available(), kernels.load('numba').__name__)"
    assert fresh(code, root, tmp_path) == "False minifit.kernels.reference"
