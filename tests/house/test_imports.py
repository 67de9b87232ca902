"""A cold start is quick because importing loads NumPy and nothing else from outside the standard library."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import minifit
from tests.house.test_floors import MODULES

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
    assert loaded_by(f"from minifit import {name}", root) <= {"minifit", "numpy"}


def test_the_folder_kernels_is_not_a_package_of_its_own(root: Path) -> None:
    done = python("import kernels", root)
    assert done.returncode != 0
    assert "minifit.kernels" in done.stderr, "the error should say what to import instead"


# -- imports that an interrupt may not cut in two ---------------------------------------------------------------


def late_imports(tree: ast.AST, held: frozenset[str] = frozenset(), inside: bool = False) -> Iterator[str]:
    """The imports of other packages inside functions whose names no ``with interrupts.importing(...)`` says."""
    for node in ast.iter_child_nodes(tree):
        if inside:
            foreign = (
                name for name in imported(node) if name.partition(".")[0] not in sys.stdlib_module_names
            )
            yield from (f"line {node.lineno}: {name}" for name in foreign if name not in held)  # type: ignore[attr-defined]
        function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        yield from late_imports(node, held | named(node), inside or function)


def imported(node: ast.AST) -> list[str]:
    """The modules that a statement imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom) or node.module is None:
        return []
    ours = node.module.startswith("minifit")
    return [f"{node.module}.{alias.name}" for alias in node.names] if ours else [node.module]


def named(node: ast.AST) -> set[str]:
    """The modules for which a block holds interrupts."""
    calls = [item.context_expr for item in node.items] if isinstance(node, ast.With) else []
    return {
        str(word.value)
        for call in calls
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "interrupts.importing"
        for word in call.args
        if isinstance(word, ast.Constant)
    }


SCENARIOS = "minifit.semantics.scenarios."
"""Files that run on other frameworks, under Pythons that minifit itself does not run under."""


@pytest.mark.parametrize("module", sorted(name for name in MODULES if not name.startswith(SCENARIOS)))
def test_an_import_inside_a_function_holds_interrupts(module: str) -> None:
    """Half an import of h5py, Numba or requests cannot be repeated in the same process."""
    found = list(late_imports(ast.parse(MODULES[module].read_text(encoding="utf-8"))))
    assert not found, (
        f"write it into `with interrupts.importing(...)`, under the name that is imported: {found}"
    )


@pytest.mark.parametrize(
    "code",
    [
        "def f():\n    import h5py",
        "def f():\n    from h5py import h5d",
        "def f():\n    with interrupts.importing('h5py'):\n        import requests",
        "class A:\n    def f(self):\n        if self:\n            import requests",
        "def f():\n    from minifit.kernels import compiled",
    ],
)
def test_an_import_that_holds_none_is_seen(code: str) -> None:
    assert len(list(late_imports(ast.parse(code)))) == 1


@pytest.mark.parametrize(
    "code",
    [
        "import numpy",
        "def f():\n    import random",
        "def f():\n    with interrupts.importing('tqdm', 'h5py'):\n        import tqdm\n        import h5py",
        "def f():\n    with interrupts.importing('h5py'):\n        from h5py import h5d",
    ],
)
def test_an_import_that_needs_to_hold_none_passes(code: str) -> None:
    assert not list(late_imports(ast.parse(code)))
