"""The two modules of kernels can stand for each other."""

import ast
import inspect
from pathlib import Path

import pytest

from minifit.kernels import compiled, reference

KERNELS = [name for name in reference.__all__ if name != "FUSED_ACTIVATIONS"]


def test_both_have_the_same_names() -> None:
    assert compiled.__all__ == reference.__all__
    assert compiled.FUSED_ACTIVATIONS == ("linear", "relu", "sigmoid", "tanh")


@pytest.mark.parametrize("name", KERNELS)
def test_both_take_the_same_arguments(name: str) -> None:
    assert inspect.signature(getattr(compiled, name)) == inspect.signature(getattr(reference, name))


def test_compiled_functions_use_compiled_functions_and_constants_of_their_own_file_only(root: Path) -> None:
    """Numba's cache does not notice a change in another file, so code that it kept would go stale."""
    for file in sorted((root / "kernels").glob("compiled_*.py")):
        tree = ast.parse(file.read_text())
        imported = {
            alias.asname or alias.name
            for node in tree.body
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("minifit")
            for alias in node.names
        }
        for function in tree.body:
            if isinstance(function, ast.FunctionDef) and function.decorator_list:
                body = [node for statement in function.body for node in ast.walk(statement)]
                used = {node.id for node in body if isinstance(node, ast.Name)}
                assert not used & imported, f"{file.name}: {function.name}"
