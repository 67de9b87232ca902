"""The record of other frameworks: record.json, written by tests/semantics/record.py, and how to read it."""

import hashlib
import inspect
import json
import re
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from minifit.semantics.playing import SCENARIOS, UNASKED, Outcome, verdict

FILE = Path(__file__).with_name("record.json")

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
    """Return what each framework did in the scenario of a rule, by name, minifit first."""
    found: dict[str, Outcome] = load()["outcomes"][number]
    return found


def verdict_of(number: str, framework: str) -> str:
    """Return the verdict on one framework and one rule, a key of `SIGNS`."""
    if framework == OURS:
        return "agrees"
    if number in UNASKED:
        return "cannot be asked"
    seen = outcomes(number)
    return verdict(seen[framework], seen[OURS])


def in_words(outcome: Outcome) -> str:
    """Return an outcome as a short phrase."""
    ((kind, value),) = outcome.items()
    if kind == "returned":
        return f"returned {json.dumps(value, ensure_ascii=False)}"
    return f"{kind} {value}"


def fingerprint(number: str) -> str:
    """Return a hash of the source of a scenario and of the helpers that all scenarios share, however wrapped."""
    helpers = Path(__file__).with_name("stage.py").read_text(encoding="utf-8")
    text = "".join((helpers + inspect.getsource(SCENARIOS[number])).split())
    without_trailing_commas = re.sub(r",(?=[)\]}])", "", text)
    return hashlib.sha256(without_trailing_commas.encode()).hexdigest()[:16]
