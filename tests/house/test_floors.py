"""Every file stands on a floor and imports only downwards, so the code can be read from the ground up.

On one floor a file may import those named before it. Files inside one package folder may import each other as
long as they go in no circle. An import inside a function counts like any other; minifit has but three.
"""

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]

FLOORS = [
    [
        "errors",
        "workers",
        "interrupts",
        "arrays",
        "numbers",
        "nest",
        "checks",
        "randomness",
        "console",
        "progress_bar",
        "signatures",
        "settings",
        "tensor_shape",
        "observing",
        "programs",
    ],
    ["kernels"],
    ["undo", "symbolic", "tensor", "ops", "nonlinearities", "operations"],
    [
        "registration",
        "tables",
        "parameters",
        "tape",
        "initializers",
        "activations",
        "regularizers",
        "constraints",
        "losses",
        "metrics",
        "schedules",
        "optimizers",
        "functions",
        "lowering",
    ],
    ["graph", "layers", "data", "saving", "datasets", "utils", "tensorboard", "summary", "distribute"],
    ["callbacks"],
    ["training"],
    ["models"],
    ["standin", "semantics", "trace", "monitor"],
]
"""Files and package folders of minifit by floor, from the ground up; on each floor in their order."""

PLACE = {name: (floor, place) for floor, names in enumerate(FLOORS) for place, name in enumerate(names)}
LATE = {
    ("minifit.kernels", "minifit.kernels.compiled"),
    ("minifit.kernels.compiled", "minifit.kernels.compiled_arrays"),
    ("minifit.kernels.compiled", "minifit.kernels.instructions"),
    ("minifit.kernels.written", "minifit.kernels.instructions"),
    ("minifit.training.plan", "minifit.lowering.rules"),
    ("minifit.saving.formats", "minifit.saving.legacy"),
    ("minifit.saving.formats", "minifit.saving.keras3.files"),
}
"""Who may import what inside a function: kernels load LLVM, compiling them Numba, and most programs write no model."""

TOP = (len(FLOORS), 0)  # minifit/__init__.py may import everything, and nothing imports it


def source_files() -> Iterator[tuple[str, Path]]:
    """Every module's dotted name and file, a package under its own name."""
    for folder, package in ((ROOT / "minifit", "minifit"), (ROOT / "kernels", "minifit.kernels")):
        for file in sorted(folder.rglob("*.py")):
            inside = file.relative_to(folder).with_suffix("").parts
            if package == "minifit" and inside[0] == "kernels":
                continue  # the link to kernels/
            yield ".".join([package, *(part for part in inside if part != "__init__")]), file


MODULES = dict(source_files())


class Import(NamedTuple):
    """A name of a module that a file imports, and whether it does so inside a function."""

    line: int
    name: str
    late: bool

    @property
    def own(self) -> bool:
        """Whether it is of minifit."""
        return self.name.split(".")[0] == "minifit"


def imports(code: str) -> list[Import]:
    """Return each module that a file's text imports, once for every name."""
    tree = ast.parse(code)
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    inside = {node for function in functions for node in ast.walk(function)}
    found: list[Import] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [Import(node.lineno, alias.name, node in inside) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            source = "." * node.level + (node.module or "")
            for alias in node.names:
                inner = f"{source}.{alias.name}"
                is_module = inner in MODULES or (source == "minifit" and alias.name in PLACE)
                found.append(Import(node.lineno, inner if is_module else source, node in inside))
    return found


@cache
def imports_of(module: str) -> list[Import]:
    """Return what a module imports."""
    return imports(MODULES[module].read_text(encoding="utf-8"))


def place(module: str) -> tuple[int, int]:
    return TOP if module == "minifit" else PLACE[module.split(".")[1]]


def unit(module: str) -> str:
    """The file or package folder on a floor that the module belongs to."""
    return ".".join(module.split(".")[:2])


def upward(module: str, found: list[Import]) -> list[str]:
    """The imports that go up or sideways, in words."""
    return [
        f"line {i.line}: {i.name}"
        for i in found
        if i.own and unit(i.name) != unit(module) and place(i.name) >= place(module)
    ]


def hidden(module: str, found: list[Import]) -> list[str]:
    """The imports from minifit that stand inside functions, in words."""
    return [f"line {i.line}: {i.name}" for i in found if i.own and i.late and (module, i.name) not in LATE]


def test_every_file_has_a_floor() -> None:
    homeless = sorted({unit(m) for m in MODULES if m != "minifit" and m.split(".")[1] not in PLACE})
    assert not homeless, f"give them a place in FLOORS: {homeless}"


@pytest.mark.parametrize("module", sorted(MODULES))
def test_imports_go_down(module: str) -> None:
    wrong = upward(module, imports_of(module))
    assert not wrong, f"{module} imports from its own floor or above: {wrong}"


@pytest.mark.parametrize("module", sorted(MODULES))
def test_no_import_of_minifit_inside_a_function(module: str) -> None:
    found = hidden(module, imports_of(module))
    assert not found, f"an import inside a function hides a circle, move what both need down: {found}"


@pytest.mark.parametrize("module", sorted(MODULES))
def test_no_relative_imports(module: str) -> None:
    relative = [i.line for i in imports_of(module) if i.name.startswith(".")]
    assert not relative, f"write them out from `minifit` on: lines {relative}"


@pytest.mark.parametrize("module", sorted(MODULES))
def test_the_name_kernels_is_never_imported(module: str) -> None:
    bare = [i.line for i in imports_of(module) if i.name.split(".")[0] == "kernels"]
    assert not bare, f"it is called minifit.kernels: lines {bare}"


def test_no_circles() -> None:
    graph = {module: {i.name for i in imports_of(module) if i.own} for module in MODULES}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' -> '.join(error.args[1])}")


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("minifit.arrays", "import minifit.ops"),  # up
        ("minifit.arrays", "from minifit import tensor"),
        ("minifit.arrays", "from minifit.console import say"),  # later on the same floor
        ("minifit.losses", "from minifit.metrics import Mean"),
        ("minifit.callbacks.base", "from minifit.training.loop import fit"),
        ("minifit.models", "from minifit import Sequential"),  # the house's own door
        ("minifit.layers.dense", "def f():\n    from minifit.callbacks.base import Callback"),
        ("minifit.layers.dense", "if TYPE_CHECKING:\n    from minifit.models import Sequential"),
    ],
)
def test_a_wrong_import_is_seen(module: str, line: str) -> None:
    assert upward(module, imports(line))


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("minifit.console", "from minifit.errors import MinifitWarning"),
        ("minifit.tensor", "from minifit.kernels import reference"),
        ("minifit.callbacks.history", "from minifit.callbacks.base import Callback"),
        ("minifit.utils.io", "import h5py"),
    ],
)
def test_a_right_import_passes(module: str, line: str) -> None:
    assert not upward(module, imports(line))


def test_an_import_in_a_function_is_seen() -> None:
    assert hidden("minifit.ops", imports("def f():\n    from minifit import errors"))
    assert not hidden("minifit.ops", imports("def f():\n    import h5py"))
