"""``python -m minifit.semantics ES-4``: a rule, and what each framework does; ``ES`` is all rules that begin so.

Without an argument every rule is a line, with a sign for each framework. ``play their_module`` plays the recorded
runs of tf.keras and the scenarios of the rules on a module that has the names of Keras, or on an adapter that lends
them to another framework, and prints what agrees.
"""

import subprocess
import sys
from pathlib import Path

from minifit.console import show
from minifit.semantics import RULES
from minifit.semantics.asking import ask, ask_under, askable, module_named
from minifit.semantics.printing import in_full, table
from minifit.semantics.report import report
from minifit.semantics.runs import ALL, GROUPS, RUNS, group

USAGE = (
    "Give a rule (ES-4), the letters in front (ES), nothing for all rules, or play and a module:\n"
    "  python -m minifit.semantics play their_module [NAME ...] [--differences] [--python PYTHON]\n"
    "A NAME is a rule, its letters, a recorded run (early-003), its group "
    f"({', '.join(GROUPS)}) or {ALL}; without any, all are played."
)


def main(arguments: list[str]) -> None:
    """Print what the arguments ask for."""
    if arguments[:1] == ["play"]:
        play_on(arguments[1:])
    elif len(arguments) > 1 or arguments[:1] in (["-h"], ["--help"]):
        sys.exit(USAGE)
    else:
        numbers = chosen(arguments, list(RULES))
        show(in_full(numbers[0]) if len(numbers) == 1 else table(numbers))


def play_on(arguments: list[str]) -> None:
    """Play on a framework and print the report."""
    words, python = list(arguments), ""
    if "--python" in words[:-1]:
        place = words.index("--python")
        python = words[place + 1]
        del words[place : place + 2]
    differences = "--differences" in words
    module, *names = [word for word in words if word != "--differences"] or [""]
    if not module or module.startswith("-"):
        sys.exit(USAGE)
    asked = [name for name in chosen(names, [*RUNS, *RULES]) if askable(name)]
    sys.path.insert(0, str(Path.cwd()))
    if not python:
        show(report(ask(module_named(module), asked), differences))
        return
    try:
        setup, answers = ask_under(python, module, asked)
    except subprocess.CalledProcessError as error:
        sys.exit(f"{python} failed.\n{error.stderr}")
    show(f"{module} on {setup}\n\n{report(answers, differences)}")


def chosen(names: list[str], available: list[str]) -> list[str]:
    """Return those of the available rules and runs that are named, alone or by a group; all of them without names."""

    def words(name: str) -> set[str]:
        return {name, group(name), ALL} if name in RUNS else {name, name.partition("-")[0]}

    unknown = [name for name in names if not any(name in words(one) for one in available)]
    if unknown:
        sys.exit(f"There is no such rule or run. Received: {', '.join(unknown)}\n{USAGE}")
    return [one for one in available if not names or words(one) & set(names)]


if __name__ == "__main__":
    main(sys.argv[1:])
