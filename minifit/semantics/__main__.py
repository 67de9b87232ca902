"""``python -m minifit.semantics ES-4``: a rule, and what each framework does; ``ES`` is all rules that begin so.

Without an argument every rule is a line. ``play their_module`` plays the scenarios on a module that has the names of
Keras, or on an adapter that lends them to another framework, and prints what agrees with minifit.
"""

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from minifit.console import show
from minifit.semantics import RULES, SOURCES, scenarios
from minifit.semantics.playing import SCENARIOS, UNASKED, Outcome, play, verdict
from minifit.semantics.record import OURS, SIGNS, frameworks, in_words, outcomes, verdict_of

USAGE = (
    "Give a rule (ES-4), the letters in front (ES), nothing for all rules, "
    "or play and a module: python -m minifit.semantics play their_module [RULE ...]"
)

LEGEND = ", ".join(f"{sign} {word}" for word, sign in SIGNS.items())

assert scenarios.__all__, "importing the scenarios registers them"


def main(arguments: list[str]) -> None:
    """Print what the arguments ask for."""
    if arguments[:1] == ["play"]:
        if len(arguments) == 1:
            sys.exit(USAGE)
        sys.path.insert(0, str(Path.cwd()))
        show(report(import_module(arguments[1]), chosen(arguments[2:])))
    elif len(arguments) > 1 or arguments[:1] in (["-h"], ["--help"]):
        sys.exit(USAGE)
    else:
        numbers = chosen(arguments)
        show(in_full(numbers[0]) if len(numbers) == 1 else "\n".join([*map(in_short, numbers), "", LEGEND]))


def chosen(names: list[str]) -> list[str]:
    """Return the rules that numbers or the letters in front of them name; all rules without names."""
    numbers = [n for n in RULES if not names or n in names or n.partition("-")[0] in names]
    unknown = [
        name for name in names if name not in RULES and not any(n.startswith(f"{name}-") for n in RULES)
    ]
    if unknown:
        sys.exit(f"There is no such rule. Received: {', '.join(unknown)}\n{USAGE}")
    return numbers


def in_short(number: str) -> str:
    """Return a rule as a line, with the sign of every framework."""
    names = [OURS, *(framework.name for framework in frameworks())]
    signs = " ".join(SIGNS[verdict_of(number, name)] for name in names)
    return f"{number:8}{signs}  {RULES[number].promise}"


def in_full(number: str) -> str:
    """Return a rule with its source and what each framework does."""
    rule = RULES[number]
    lines = [f"{number}  {rule.promise}", "", f"Source: {rule.source}. {SOURCES[rule.source]}"]
    if rule.reason:
        lines.append(f"Reason: {rule.reason}")
    lines.append("")
    if number in UNASKED:
        return "\n".join([*lines, f"Other frameworks cannot be asked: {UNASKED[number]}."])
    seen = outcomes(number)
    for name in (OURS, *(framework.name for framework in frameworks())):
        words = verdict_of(number, name)
        more = f": {in_words(seen[name])}" if name == OURS or words != "agrees" else ""
        lines.append(f"{name:24}{words}{more}")
    return "\n".join(lines)


def report(keras: Any, numbers: list[str]) -> str:
    """Play scenarios on a framework and return the table of what agrees."""
    counts = dict.fromkeys(SIGNS, 0)
    lines = []
    for number in numbers:
        if number not in SCENARIOS:
            continue
        expected = outcomes(number)[OURS]
        outcome = play(number, keras)
        word = verdict(outcome, expected)
        counts[word] += 1
        lines.append(f"{SIGNS[word]} {number:8}{RULES[number].promise}")
        lines += [f"  {text}" for text in explained(outcome, expected, word)]
    summary = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    return "\n".join([*lines, "", f"{summary or 'None of these rules has a scenario'}.", LEGEND])


def explained(outcome: Outcome, expected: Outcome, word: str) -> list[str]:
    """Return the lines below a rule on which a framework does not agree."""
    if word == "agrees":
        return []
    if word == "differs":
        return [f"minifit {in_words(expected)}", f"this    {in_words(outcome)}"]
    return [f"{word}: {next(iter(outcome.values()))}"]


if __name__ == "__main__":
    main(sys.argv[1:])
