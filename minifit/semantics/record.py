"""The record of other frameworks: record.json, written by tests/semantics/record.py, and how to read it."""

import ast
import hashlib
import json
import re
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from minifit.semantics.playing import SCENARIOS, Outcome, agree, verdict

FILE = Path(__file__).with_name("record.json")

TESTS = Path(__file__).with_name("tests.json")
"""The file that names the tests of each rule; `make pages` writes it from the marks on the tests."""

OURS = "minifit"
"""Name of minifit among the frameworks of the record."""

SIGNS = {"agrees": "✓", "differs": "✗", "has no such thing": "–", "cannot be asked": "·"}
"""The sign of each verdict in tables."""


class Framework(NamedTuple):
    """A framework of the record: its name in tables, a short one for headings, and what it ran on."""

    name: str
    short: str
    setup: str


@cache
def load() -> dict[str, Any]:
    """Return the record as its file has it."""
    record: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return record


def frameworks() -> list[Framework]:
    """Return the frameworks of the record other than minifit."""
    return [Framework(**entry) for entry in load()["frameworks"]]


def outcomes(number: str) -> dict[str, Outcome]:
    """Return what each framework did in the scenario of a rule, by name, minifit first.

    Parameters
    ----------
    number : str
        Number of a rule.

    Returns
    -------
    dict of str to dict
        One entry per framework: ``returned`` and what the scenario returned, ``raised`` and the class of an
        exception, or ``lacks`` and a name. Empty for a rule that other frameworks cannot be asked.
    """
    found: dict[str, Outcome] = load()["outcomes"].get(number, {})
    return found


def agreement(number: str) -> dict[str, str]:
    """Return how each framework stands to a rule, by name, minifit first.

    Parameters
    ----------
    number : str
        Number of a rule.

    Returns
    -------
    dict of str to str
        ``"agrees"``, ``"differs"``, ``"has no such thing"`` or ``"cannot be asked"``.
    """
    return {
        name: verdict_of(number, name) for name in (OURS, *(framework.name for framework in frameworks()))
    }


def reason_unasked(number: str) -> str:
    """Return why other frameworks cannot be asked a rule; an empty string for a rule with a scenario."""
    reason: str = load()["unasked"].get(number, "")
    return reason


def scenario_of(number: str) -> str:
    """Return the file and the function of a rule's scenario, as ``"FILE::FUNCTION"``; an empty string without one."""
    place: str = load()["scenarios"].get(number, {}).get("place", "")
    return place


@cache
def load_tests() -> dict[str, list[str]]:
    """Return the tests of all rules as their file has them."""
    found: dict[str, list[str]] = json.loads(TESTS.read_text(encoding="utf-8"))
    return found


def proven_by(number: str) -> list[str]:
    """Return the tests of minifit that prove a rule, each as ``"FILE::FUNCTION"``."""
    return load_tests().get(number, [])


def verdict_of(number: str, framework: str) -> str:
    """Return the verdict on one framework and one rule, a key of `SIGNS`."""
    if framework == OURS:
        return "agrees"
    if reason_unasked(number):
        return "cannot be asked"
    seen = outcomes(number)
    return verdict(seen[framework], seen[OURS])


def differing(outcome: Outcome, expected: Outcome) -> Outcome:
    """Return an outcome without the parts that are as expected, where both are dicts with the same keys."""
    one, other = outcome.get("returned"), expected.get("returned")
    if not isinstance(one, dict) or not isinstance(other, dict) or list(one) != list(other):
        return outcome
    return {"returned": {key: one[key] for key in one if not agree(one[key], other[key])}}


def in_words(outcome: Outcome) -> str:
    """Return an outcome as a short phrase."""
    kind, value = next(iter(outcome.items()))
    if kind == "returned":
        return f"returned {json.dumps(value, ensure_ascii=False)}"
    message = outcome.get("message")
    return f"{kind} {value}: {message}" if message else f"{kind} {value}"


def place_of(number: str) -> str:
    """Return the file and the function of a scenario that is registered."""
    function = SCENARIOS[number]
    return f"{function.__module__.replace('.', '/')}.py::{function.__name__}"


def fingerprint(number: str) -> str:
    """Return a hash of the source that a scenario runs, however wrapped: its own, and that of helpers.

    Helpers are the stage, and all other functions of the scenario's file that are no scenarios.
    """
    file, _, name = place_of(number).partition("::")
    parts = [FILE.with_name("stage.py").read_text(encoding="utf-8"), *sources(Path(file).stem, name)]
    text = "".join("".join(parts).split())
    without_trailing_commas = re.sub(r",(?=[)\]}])", "", text)
    return hashlib.sha256(without_trailing_commas.encode()).hexdigest()[:16]


def sources(module: str, name: str) -> list[str]:
    """Return the source of a scenario and of the helpers in its file."""
    text = (FILE.parent / "scenarios" / f"{module}.py").read_text(encoding="utf-8")
    return [
        ast.get_source_segment(text, node) or ""
        for node in ast.parse(text).body
        if getattr(node, "name", "") == name
        or isinstance(node, (ast.ClassDef, ast.Assign))
        or (isinstance(node, ast.FunctionDef) and not node.decorator_list)
    ]
