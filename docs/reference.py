"""Generates the reference of public names from their docstrings, each under a heading to link to.

Docstrings are in NumPy's format. Parameters, attributes, returned values and errors become lists, examples become
blocks, and the numbers of rules become links.
"""

import ast
import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple

from minifit.semantics import RULES

STARS = {"VAR_POSITIONAL": "*", "VAR_KEYWORD": "**"}
SECTION = re.compile(r"^(\w[\w ]*)\n-{3,}\n", re.MULTILINE)
LISTS = {"Parameters", "Attributes", "Returns", "Yields", "Raises"}
OBJECT = re.compile(r"<[\w.]*?(\w+) object at \w+>")
NUMBER = re.compile(r"(?<![\w\"])([A-Z]+-\d+)(?![\w\"])")


def arguments(value: Any) -> str:
    """Return the arguments of a callable, such as ``(units, activation=None)``; nothing for any other object."""
    if not callable(value):
        return ""
    parts = []
    for parameter in inspect.signature(value).parameters.values():
        stars = STARS.get(parameter.kind.name, "")
        parts.append(f"{stars}{parameter.name}")
        if parameter.default is not parameter.empty:
            parts[-1] += f"={shown_default(parameter.default)}"
    return f"({', '.join(part for part in parts if part != 'self')})"


def shown_default(value: Any) -> str:
    """Return the text of a default value, without addresses in memory and paths of files."""
    return value.__name__ if isinstance(value, ModuleType) else OBJECT.sub(r"\1()", repr(value))


class Constant(NamedTuple):
    """The text of a constant: its value if that is short, and the docstring below it in the source."""

    text: str


def constant(module: ModuleType, name: str) -> Constant:
    """Return a constant of a module, which may import it from another module."""
    body = ast.parse(inspect.getsource(module)).body
    for place, node in enumerate(body):
        if isinstance(node, ast.ImportFrom) and name in (alias.name for alias in node.names):
            return constant(import_module(node.module or ""), name)
        targets = getattr(node, "targets", [getattr(node, "target", None)])
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            docstring = ast.get_docstring(ast.Module(body[place + 1 :], []))
            value = repr(getattr(module, name))
            return Constant(
                " ".join(filter(None, [f"The constant {value}." if len(value) < 50 else "", docstring]))
            )
    raise LookupError(f"{module.__name__} must define {name} or import it")


def also(others: list[str], before: str = "") -> str:
    """Return the sentence that lists aliases; nothing without aliases."""
    return f"{before}Also {', '.join(f'`{other}`' for other in others)}." if others else ""


def entry(name: str, value: Any, others: list[str], level: int = 2) -> list[str]:
    """Return the lines of a public name: its heading, signature and docstring, and the methods of a class."""
    lines = [f"{'#' * level} {name}", ""]
    if inspect.isclass(value) and issubclass(value, BaseException):
        lines += [f"A subclass of {' and '.join(f'`{base.__name__}`' for base in value.__bases__)}.", ""]
    elif callable(value):
        lines += ["```text", *signature(name, value), "```", ""]
    if others:
        lines += [also(others), ""]
    lines += described(text_of(value))
    members = dict(methods(value)) if inspect.isclass(value) else {}
    brief = {method: function for method, function in members.items() if not is_long(value, method, function)}
    if brief:
        lines += ["**Methods**", "", *(in_a_line(*each) for each in brief.items()), ""]
    lines += inherited(value) if inspect.isclass(value) else []
    for method, function in members.items():
        lines += [] if method in brief else entry(f"{name}.{method}", function, [], level + 1)
    return lines


def inherited(kind: type) -> list[str]:
    """Return the line that links to the methods of a base on another page."""
    package = kind.__module__.split(".")[:2]
    for base in kind.__mro__[1:]:
        other = base.__module__.split(".")[:2]
        if base.__name__ not in PUBLIC_BASES or other[0] != "minifit" or other == package:
            continue
        if base.__name__ in getattr(import_module(".".join(other)), "__all__", ()):
            return [f"And the methods of [`{base.__name__}`]({other[1]}.md#{base.__name__.lower()}).", ""]
    return []


def is_long(kind: type, method: str, function: Any) -> bool:
    """Return True if a method has a separate entry: if its docstring has sections, or it is a hook of a callback."""
    hook = kind.__name__ == "Callback" and method.startswith("on_")
    return hook or bool(SECTION.search(inspect.getdoc(function) or ""))


def in_a_line(method: str, function: Any) -> str:
    """Return a method as an item of a list."""
    return f"- `{method}{arguments(function)}`: {linked(' '.join(text_of(function).split()))}"


def text_of(value: Any) -> str:
    """Return the docstring of a module, class or function; for a constant, its text."""
    return value.text if isinstance(value, Constant) else inspect.getdoc(value) or ""


def signature(name: str, value: Any) -> Iterator[str]:
    """Yield the lines of a call; a long call has one argument on each line."""
    inside = arguments(value)[1:-1]
    if len(name) + len(inside) < 90:
        yield f"{name}({inside})"
        return
    yield f"{name}("
    for part in re.split(r", (?=\*{0,2}\w+(?:=|,|$))", inside):
        yield f"    {part},"
    yield ")"


def methods(kind: type) -> Iterator[tuple[str, Any]]:
    """Yield the public methods of a class that no public base has."""
    known = {name for base in kind.__mro__[1:] if base.__name__ in PUBLIC_BASES for name in dir(base)}
    for name in dir(kind):
        function = inspect.getattr_static(kind, name)
        function = getattr(function, "__func__", function)
        if name.startswith("_") or name in known or not inspect.isfunction(function):
            continue
        if (function.__module__ or "").startswith("minifit."):
            yield name, function


PUBLIC_BASES = {
    "Callback",
    "Layer",
    "Loss",
    "Metric",
    "Optimizer",
    "Initializer",
    "Regularizer",
    "Constraint",
}
PUBLIC_BASES |= {
    "LearningRateSchedule",
    "Mean",
    "Model",
    "Configurable",
    "Fixed",
    "Tensor",
    "Variable",
    "object",
}
"""Bases whose methods are described on their own entry, or nowhere because they are Python's."""


def described(docstring: str) -> list[str]:
    """Return the lines of a docstring as Markdown."""
    begin, *rest = SECTION.split(docstring)
    lines = [*linked(begin).strip().splitlines(), ""]
    for title, text in zip(rest[::2], rest[1::2], strict=True):
        lines += [f"**{title}**", ""]
        if title in LISTS:
            lines += [*items(text), ""]
        elif title == "Examples":
            lines += ["```python-console", *text.strip().splitlines(), "```", ""]
        else:
            lines += [*linked(text).strip().splitlines(), ""]
    return lines


def items(text: str) -> Iterator[str]:
    """Yield a section of fields as a list."""
    for field in re.split(r"\n(?=\S)", text.strip()):
        head, *rest = field.splitlines()
        name, colon, kind = head.partition(" : ")
        about = linked(" ".join(line.strip() for line in rest))
        if colon:
            yield f"- `{name}` ({kind}){': ' + about if about else ''}"
        else:
            yield f"- `{name}`{': ' + about if about else ''}"


def linked(text: str) -> str:
    """Return a text with links to the rules that it names."""

    def link(match: re.Match[str]) -> str:
        number = match[1]
        return f"[{number}](semantics.md#{number.lower()})" if number in RULES else number

    return NUMBER.sub(link, text)
