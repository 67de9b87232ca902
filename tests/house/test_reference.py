"""The reference says of public names what their docstrings say, and each is two clicks from the first page."""

import re
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest

from docs import build, reference
from minifit import callbacks, data, semantics
from tests.house import test_exports
from tests.house.test_floors import FLOORS


class Thing: ...


THING = Thing()


def example(units: int, *rest: Any, scale: float = 1.0, **options: Any) -> int:
    """Return the units, as rule ES-4 says and X-1 does not.

    Parameters
    ----------
    units : int
        Their number,
        counted from 1.
    rest
        More of them.

    Raises
    ------
    ValueError
        For none.

    Examples
    --------
    >>> example(3)
    3
    """
    return units


def test_a_docstring_becomes_lists_blocks_and_links() -> None:
    lines = reference.entry("example", example, ["other"])
    assert lines[0] == "## example"
    assert "example(units, *rest, scale=1.0, **options)" in lines
    assert "Also `other`." in lines
    assert "Return the units, as rule [ES-4](semantics.md#es-4) says and X-1 does not." in lines
    assert "- `units` (int): Their number, counted from 1." in lines
    assert "- `rest`: More of them." in lines
    assert "- `ValueError`: For none." in lines
    assert lines[lines.index("```python-console") :][:4] == [
        "```python-console",
        ">>> example(3)",
        "3",
        "```",
    ]


def test_a_long_call_has_a_line_for_each_argument() -> None:
    lines = list(reference.signature("EarlyStopping", callbacks.EarlyStopping))
    assert lines[0] == "EarlyStopping("
    assert "    restore_best_weights=False," in lines
    assert lines[-1] == ")"


def test_hooks_are_described_once() -> None:
    page = build.group("callbacks")
    assert "### Callback.on_epoch_end" in page
    assert "### EarlyStopping.on_epoch_end" not in page


def test_methods_of_models_are_found() -> None:
    page = build.group("models")
    for method in ("fit", "evaluate", "predict", "compile", "save", "summary"):
        assert page.count(f"### Model.{method}\n") == 1


def test_a_default_has_no_address() -> None:
    def function(kind: object = THING) -> None: ...

    assert reference.arguments(function) == "(kind=Thing())"


def test_a_default_has_no_path() -> None:
    def function(module: object = reference) -> None: ...

    assert reference.arguments(function) == "(module=docs.reference)"


def test_what_has_little_to_say_is_in_a_list() -> None:
    page = build.group("models")
    assert "- `compute_loss(" in page
    assert "### Model.compute_loss" not in page
    assert "And the methods of [`Layer`](layers.md#layer)." in page


def test_errors_have_their_bases_in_place_of_a_call() -> None:
    assert "A subclass of `MinifitError` and `ValueError`." in build.group("errors")


@pytest.mark.parametrize(
    ("module", "name", "text"),
    [
        (semantics, "RULES", 'All rules by number: ``RULES["ES-4"]``.'),
        (semantics, "OWN", "The constant 'minifit'. A source: minifit alone has this."),
        (data, "UNKNOWN_CARDINALITY", "The constant -2. The number of elements of a pipeline "),
    ],
)
def test_a_constant_has_the_text_below_it(module: ModuleType, name: str, text: str) -> None:
    assert reference.text_of(reference.constant(module, name)).startswith(text)


# -- two clicks --------------------------------------------------------------------------------------------

BESIDE = ["errors", "models.scikit_learn", "schedules", "standin"]
"""Public modules that `minifit` does not import by itself."""


def public_names(module: ModuleType, before: str = "") -> Iterator[tuple[str, str]]:
    """Yield the module and name of everything that a module lists, and what modules in it list."""
    for name in module.__all__:
        value = getattr(module, name)
        yield module.__name__, f"{before}{name}"
        if isinstance(value, ModuleType) and module.__name__ != "minifit":
            yield from public_names(value, f"{name}.")


NAMES = [
    name
    for module in ["minifit", *(f"minifit.{each}" for each in [*test_exports.MODULES, *BESIDE])]
    for name in public_names(import_module(module))
    if name[1] not in test_exports.MODULES
]
FIRST = (build.DOCS / "README.md").read_text(encoding="utf-8")


def linked_pages() -> dict[str, str]:
    """The text of each page that the first page links to."""
    links = re.findall(r"\]\((\w[\w-]*\.md)\)", FIRST)
    return {link: (build.DOCS / link).read_text(encoding="utf-8") for link in links}


def clicks(text: str, name: str) -> bool:
    """Return whether a table of a page has the name, as a link to its heading or beside that of its other name."""
    for row in re.findall(r"^\| \[`.*$", text, re.MULTILINE):
        own, place = re.match(r"\| \[`(.+?)`\]\(#(.+?)\)", row).groups()  # type: ignore[union-attr]
        there = f'<a id="{place}"></a>' in text or place == build.slug(own)
        if there and f"## {own}\n" in text and (own == name or f"`{name}`" in row.partition(" Also ")[2]):
            return True
    return False


def test_every_public_name_is_two_clicks_from_the_first_page() -> None:
    pages = linked_pages().values()
    lost = {
        (module, name)
        for module, name in NAMES
        if not any(clicks(text, each) for text in pages for each in {name, name.rpartition(".")[2]})
    }
    assert len(NAMES) > 400
    assert lost == set()


def test_a_name_that_is_on_no_page_is_seen() -> None:
    assert not clicks(linked_pages()["layers.md"], "Dens")
    assert clicks(linked_pages()["layers.md"], "Dense")


@pytest.mark.parametrize("name", FLOORS[-1])
def test_every_command_is_on_the_first_page(name: str) -> None:
    assert f"| `python -m minifit.{name}" in FIRST
