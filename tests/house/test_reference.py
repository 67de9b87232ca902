"""The reference of public names says what their docstrings say."""

from typing import Any

from docs import build, reference
from minifit import callbacks


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
