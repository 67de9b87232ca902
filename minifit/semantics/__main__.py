"""``python -m minifit.semantics ES-4``: a rule, and what each framework does; ``ES`` is all rules that begin so.

Without an argument every rule is a line, with a sign for each framework. ``play their_module`` plays the recorded
runs of tf.keras and the scenarios of the rules on a module that has the names of Keras, or on an adapter that lends
them to another framework, and prints what agrees.
"""

import os
import subprocess
import sys
from pathlib import Path

from minifit.console import say, show
from minifit.semantics import RULES
from minifit.semantics.asking import ask, ask_under, askable, module_named
from minifit.semantics.playing import AdapterError, Outcome
from minifit.semantics.printing import in_full, table
from minifit.semantics.report import report, verdicts
from minifit.semantics.runs import ALL, GROUPS, RUNS, group

USAGE = (
    "Give a rule (ES-4), the letters in front (ES), nothing for all rules, or play and a module:\n"
    "  python -m minifit.semantics play their_module [NAME ...] [--differences] [--strict] [--python PYTHON]\n"
    "A NAME is a rule, its letters, a recorded run (early-003), its group "
    f"({', '.join(GROUPS)}) or {ALL}; without any, all are played. --differences adds the first difference of "
    "each run; --strict exits with 1 when anything differs."
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
    flags = [word for word in words if word.startswith("-")]
    module, *names = [word for word in words if word not in flags] or [""]
    if not module or not {*flags} <= {"--differences", "--strict"}:
        sys.exit(USAGE)
    asked = [name for name in chosen(names, [*RUNS, *RULES]) if askable(name)]
    sys.path.insert(0, str(Path.cwd()))
    # The report comes at the end, after minutes on some frameworks.
    say(f"Asking {module} {len(asked)} questions ...", sys.stderr)
    title, answers = answered(module, asked, python)
    show(f"{title}{report(answers, '--differences' in flags)}")
    if "--strict" in flags and "differs" in verdicts(answers).values():
        sys.exit(1)


def answered(module: str, asked: list[str], python: str) -> tuple[str, dict[str, Outcome]]:
    """Return a title and the answers of a framework, in this process or under another Python."""
    try:
        if not python:
            return "", ask(module_named(module), asked)
        setup, answers = ask_under(python, module, asked)
    except subprocess.CalledProcessError as error:
        sys.exit(f"{python} failed.\n{error.stderr}")
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise
        sys.exit(
            f"play takes a module that this Python can import. Received: {module}. Start in the folder of an "
            "adapter, or name the Python that has the framework with --python."
        )
    except AdapterError as error:
        sys.exit(str(error))
    return f"{module} on {setup}\n\n", answers


def chosen(names: list[str], available: list[str]) -> list[str]:
    """Return those of the available rules and runs that are named, alone or by a group; all of them without names.

    Names of rules may be in lower case.
    """

    def words(name: str) -> set[str]:
        return {name, group(name), ALL} if name in RUNS else {name, name.partition("-")[0]}

    letters = {number.partition("-")[0] for number in RULES}
    names = [name.upper() if name.upper() in {*RULES, *letters} else name for name in names]
    unknown = [name for name in names if not any(name in words(one) for one in available)]
    if unknown:
        sys.exit(f"There is no such rule or run. Received: {', '.join(unknown)}\n{USAGE}")
    return [one for one in available if not names or words(one) & set(names)]


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    # The reader of the pipe has seen enough, as `head` has.
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
