"""A cold start is quick because importing loads NumPy and nothing else from outside the standard library."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import minifit

# Names that Python itself and the installer's start-up files bring are there before, and so do not count.
PROGRAM = """
import json, sys
before = set(sys.modules)
{statement}
new = {{name.split(".")[0] for name in set(sys.modules) - before}}
print(json.dumps(sorted(new - set(sys.stdlib_module_names))))
"""


def python(program: str, root: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", program]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


def loaded_by(statement: str, root: Path) -> set[str]:
    """The top-level packages outside the standard library that a fresh interpreter loads for a statement."""
    done = python(PROGRAM.format(statement=statement), root)
    assert done.returncode == 0, done.stderr
    # NumPy's compiled parts register their shared runtime under these two names.
    return {n for n in json.loads(done.stdout) if n != "cython_runtime" and not n.startswith("_cython_")}


def test_importing_minifit_loads_numpy_at_most(root: Path) -> None:
    assert loaded_by("import minifit", root) <= {"minifit", "numpy"}


@pytest.mark.parametrize("name", minifit.__all__)
def test_a_public_name_loads_numpy_at_most(name: str, root: Path) -> None:
    assert loaded_by(f"from minifit import {name}", root) == {"minifit", "numpy"}


def test_the_folder_kernels_is_not_a_package_of_its_own(root: Path) -> None:
    done = python("import kernels", root)
    assert done.returncode != 0
    assert "minifit.kernels" in done.stderr, "the error should say what to import instead"
