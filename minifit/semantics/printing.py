"""Rules as text for a terminal: a table of all frameworks by section, and a rule in full."""

import textwrap

from minifit.semantics.record import (
    OURS,
    SIGNS,
    agreement,
    differing,
    frameworks,
    in_words,
    outcomes,
    proven_by,
    reason_unasked,
    scenario_of,
)
from minifit.semantics.rules import RULES, SOURCES

LEGEND = ", ".join(f"{sign} {word}" for word, sign in SIGNS.items())

COLUMN = 10
"""Width of the column of a framework."""


def table(numbers: list[str]) -> str:
    """Return rules as a table by section, with the sign of every framework below its name, and a legend."""
    lines: list[str] = []
    section = ""
    for number in numbers:
        if RULES[number].section != section:
            section = RULES[number].section
            lines += ["", *head(section)] if lines else head(section)
        lines.append(in_short(number))
    return "\n".join([*lines, "", LEGEND])


def head(section: str) -> list[str]:
    """Return the title of a section, and the names of the frameworks and their versions in columns."""
    names = [OURS.split(), *(framework.name.split() for framework in frameworks())]
    rows = ([words[row] if row < len(words) else "" for words in names] for row in range(2))
    return [section, *("".join([" " * 8, *(f"{word:{COLUMN}}" for word in row)]).rstrip() for row in rows)]


def in_short(number: str) -> str:
    """Return a rule as a line, with the sign of every framework."""
    signs = "".join(f"{SIGNS[word]:{COLUMN}}" for word in agreement(number).values())
    return f"{number:8}{signs}{RULES[number].promise}"


def in_full(number: str) -> str:
    """Return a rule with its source, its scenario, what each framework does and the tests that prove it."""
    rule = RULES[number]
    lines = [f"{number}  {rule.promise}", "", f"Section: {rule.section}"]
    lines.append(f"Source: {rule.source}. {SOURCES[rule.source]}")
    if rule.reason:
        lines.append(f"Reason: {rule.reason}")
    return "\n".join([*lines, "", *answers(number), "", "Tests:", *indented(proven_by(number))])


def answers(number: str) -> list[str]:
    """Return the lines about the scenario of a rule and what each framework does in it."""
    if reason_unasked(number):
        return [f"Other frameworks cannot be asked: {reason_unasked(number)}."]
    seen = outcomes(number)
    lines = [f"Scenario: {scenario_of(number)}"]
    for name, word in agreement(number).items():
        outcome = seen[name] if name == OURS else differing(seen[name], seen[OURS])
        more = f": {in_words(outcome)}" if name == OURS or word != "agrees" else ""
        lines.append(f"{SIGNS[word]} {name:22}{word}{more}")
    return lines


def indented(lines: list[str]) -> list[str]:
    """Return lines with two spaces in front."""
    return [textwrap.indent(line, "  ") for line in lines]
