"""``python -m minifit.trace script.py args...``: runs a program with a trace of all its fits and evaluations.

``-m module args...`` runs a module, ``-c code args...`` a string of code. The program needs no change. When it ends,
also with an exception, a table of its events is printed. Options precede the program: ``-o trace.html`` writes an HTML
page instead, ``--no-batches`` lets batches run together as they do without the trace. With several workers, the trace
of the chief is shown.
"""

import sys

from minifit import console, observing, programs
from minifit.callbacks import HookTrace

STARTER = "python -m minifit.trace [-o trace.html] [--no-batches]"


def main(arguments: list[str]) -> None:
    """Run the program that the arguments name, and show its trace."""
    if arguments[:1] in (["-h"], ["--help"]):
        console.say(f"{STARTER} program args...\n\n{__doc__}".rstrip())
        return
    path, batches, rest = options(arguments)
    program = programs.named(rest, STARTER)
    trace = HookTrace(batches)
    observing.EVERYWHERE.append(trace)
    try:
        programs.run(program)
    finally:
        observing.EVERYWHERE.remove(trace)
        # with several workers, only the chief shows its trace; a program that failed before any event has none
        if trace.rank == 0 and (trace.events or sys.exception() is None):
            show(trace, path)


def show(trace: HookTrace, path: str | None) -> None:
    """Print the table of a trace, or write its page."""
    if path is None:
        trace.table()
    else:
        trace.html(path)
        console.say(f"The trace is in {path}.")


def options(arguments: list[str]) -> tuple[str | None, bool, list[str]]:
    """Return the path of the page, the choice to watch every batch, and the arguments that name the program."""
    path, batches, rest = None, True, list(arguments)
    while rest:
        if rest[0] == "--no-batches":
            batches, rest = False, rest[1:]
        elif rest[0] == "-o" and len(rest) > 1:
            path, rest = rest[1], rest[2:]
        else:
            break
    return path, batches, rest


if __name__ == "__main__":
    main(sys.argv[1:])
