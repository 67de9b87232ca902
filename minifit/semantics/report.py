"""The report on a framework: recorded runs in a table by feature, then the rules, a line each."""

from collections.abc import Iterable, Mapping

from minifit.semantics.playing import Outcome, verdict
from minifit.semantics.record import OURS, SIGNS, in_words, outcomes
from minifit.semantics.rules import RULES
from minifit.semantics.runs import GROUPS, RUNS, group, verdict_on_run
from minifit.semantics.runs.library import REFERENCE

LEGEND = ", ".join(f"{sign} {word}" for word, sign in SIGNS.items())

WIDTH = max(map(len, GROUPS.values()))


def report(answers: Mapping[str, Outcome], differences: bool = False) -> str:
    """Return the report on answers.

    Parameters
    ----------
    answers : dict
        Outcomes by the names of rules and runs.
    differences : bool, default False
        Whether the first difference of each run stands below the table.
    """
    runs = {name: verdict_on_run(name, answers[name]) for name in RUNS if name in answers}
    rules = {number: answers[number] for number in RULES if number in answers}
    parts = [table(runs)] if runs else []
    if differences:
        parts.append("\n".join(f"{name:22}{word}: {why}" for name, (word, why) in runs.items() if why))
    if rules:
        parts.append(list_of(rules))
    return "\n\n".join([*filter(None, parts), LEGEND])


def verdicts(answers: Mapping[str, Outcome]) -> dict[str, str]:
    """Return the verdict on each answer by the name of its rule or run."""
    return {
        name: verdict_on_run(name, outcome)[0] if name in RUNS else verdict(outcome, outcomes(name)[OURS])
        for name, outcome in answers.items()
    }


def table(runs: Mapping[str, tuple[str, str]]) -> str:
    """Return the table of recorded runs by feature."""
    lines = [f"The recorded runs of {REFERENCE}", ""]
    lines.append(" ".join([" " * WIDTH, " runs", *(f"{sign:>5}" for sign in SIGNS.values())]))
    for key, feature in GROUPS.items():
        words = [word for name, (word, _) in runs.items() if group(name) == key]
        if words:
            lines.append(" ".join([f"{feature:{WIDTH}}", f"{len(words):5}", *cells(words)]))
    return "\n".join([*lines, "", f"Runs: {summary(word for word, _ in runs.values())}"])


def cells(words: list[str]) -> list[str]:
    """Return how often each verdict occurs, nothing for never."""
    return [f"{words.count(word) or '':>5}" for word in SIGNS]


def list_of(rules: Mapping[str, Outcome]) -> str:
    """Return the rules, a line each and below it what differs."""
    lines = ["The rules", ""]
    words = []
    for number, outcome in rules.items():
        expected = outcomes(number)[OURS]
        words.append(verdict(outcome, expected))
        lines.append(f"{SIGNS[words[-1]]} {number:8}{RULES[number].promise}")
        lines += [f"  {text}" for text in explained(outcome, expected, words[-1])]
    return "\n".join([*lines, "", f"Rules: {summary(words)}"])


def summary(words: Iterable[str]) -> str:
    """Return how often each verdict occurs, in words."""
    words = list(words)
    return ", ".join(f"{word} {words.count(word)}" for word in SIGNS if word in words)


def explained(outcome: Outcome, expected: Outcome, word: str) -> list[str]:
    """Return the lines below a rule on which a framework does not agree."""
    if word == "agrees":
        return []
    if word == "differs":
        return [f"minifit {in_words(expected)}", f"this    {in_words(outcome)}"]
    return [f"{word}: {next(iter(outcome.values()))}"]
