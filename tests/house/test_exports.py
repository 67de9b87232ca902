"""What is public is listed here, exists, is documented and stands in order."""

import inspect
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest

import minifit

PUBLIC = {
    "GradientTape",
    "Input",
    "Model",
    "Sequential",
    "Variable",
    "activations",
    "callbacks",
    "constraints",
    "data",
    "datasets",
    "distribute",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "ops",
    "optimizers",
    "regularizers",
    "semantics",
    "summary",
    "utils",
}
"""Every name of `minifit` itself; a new one is a decision and is added here."""

MODULES = sorted(PUBLIC - {"GradientTape", "Input", "Model", "Sequential", "Variable"})


def in_order(names: list[str]) -> list[str]:
    """Sorted as ruff sorts such lists: ``SGD`` like a constant, then classes as ``Adam``, then ``get``."""

    def kind(name: str) -> int:
        return 0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2

    return sorted(set(names), key=lambda name: (kind(name), name))


def has_docstring(value: Any) -> bool:
    """Whether a module, class or function says what it is; plain values are described where they stand."""
    if isinstance(value, ModuleType) or inspect.isclass(value):
        return bool(value.__doc__)
    return not callable(value) or bool(inspect.getdoc(value))


def test_the_top_level_names() -> None:
    assert set(minifit.__all__) == PUBLIC
    assert set(dir(minifit)) >= PUBLIC


def test_an_unknown_top_level_name() -> None:
    with pytest.raises(AttributeError, match="module 'minifit' has no attribute 'Sequentail'"):
        _ = minifit.Sequentail  # type: ignore[attr-defined]


def test_the_list_of_the_top_level_is_sorted() -> None:
    assert minifit.__all__ == in_order(minifit.__all__)


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_a_top_level_name_exists_and_has_a_docstring(name: str) -> None:
    assert has_docstring(getattr(minifit, name))


@pytest.mark.parametrize("name", MODULES)
def test_a_module_lists_its_names_in_order(name: str) -> None:
    exported = import_module(f"minifit.{name}").__all__
    assert exported == in_order(exported)


@pytest.mark.parametrize("name", MODULES)
def test_everything_listed_exists_and_has_a_docstring(name: str) -> None:
    module = import_module(f"minifit.{name}")
    silent = [n for n in module.__all__ if not has_docstring(getattr(module, n))]
    assert not silent, f"no docstring: {silent}"


@pytest.mark.parametrize("name", MODULES)
def test_a_star_import_gives_what_is_listed(name: str) -> None:
    namespace: dict[str, Any] = {}
    exec(f"from minifit.{name} import *", namespace)
    assert set(namespace) - {"__builtins__"} == set(import_module(f"minifit.{name}").__all__)
