"""`make bench`: how fast minifit is, beside its peers and beside the machine's limit.

make bench                                  the comparison on six workloads
make bench ARGS="digits wide --rounds 5"    on two of them, five times
make bench ARGS=cold                        another command
make bench PEERS=/path/to/python            with peers that are installed elsewhere
"""

import argparse
import os
import runpy
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

from tests.benchmarks import (
    calls,
    charts,
    cold,
    compiling,
    fits,
    growth,
    hooks,
    memory,
    models,
    record,
    standin,
    steps,
    threads,
    where,
    workers,
)
from tests.benchmarks.pythons import ROOT, Pythons
from tests.benchmarks.recipes import RECIPES
from tests.benchmarks.workloads import WORKLOADS

COMMANDS: dict[str, ModuleType] = {
    "steps": steps,
    "models": models,
    "calls": calls,
    "cold": cold,
    "fits": fits,
    "hooks": hooks,
    "threads": threads,
    "growth": growth,
    "memory": memory,
    "workers": workers,
    "standin": standin,
}
"""The measurements, each kept in a section of the record."""

COMPARISON = ("steps", "models", "calls")
"""The commands that `make bench` alone runs."""

IN_THE_PAGES = [name for name in COMMANDS if name != "memory"]
"""What the pages show; `all` measures these with their usual options."""

OWN = ROOT / "docs" / "benchmarks.json"
"""The record that the README and the documentation show."""


def parser() -> argparse.ArgumentParser:
    """For all commands."""
    top = argparse.ArgumentParser(
        prog="make bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = top.add_subparsers(dest="command", required=True)
    for name, module in COMMANDS.items():
        summary = (module.__doc__ or "").strip().splitlines()[0]
        command = commands.add_parser(name, help=summary, description=module.__doc__)
        command.add_argument("--record", type=Path, metavar="FILE", help="keep the figures in this JSON file")
        module.add(command)
    every = commands.add_parser("all", help="everything that the pages show")
    every.add_argument("--record", type=Path, default=OWN, metavar="FILE")
    where.add(commands.add_parser("profile", help="`make profile`", description=where.__doc__))
    compiling.add(commands.add_parser("compile", help="what compiling costs", description=compiling.__doc__))
    draw = commands.add_parser("draw", help="draw the pictures of a record anew")
    draw.add_argument("record", type=Path, nargs="?", default=OWN, metavar="FILE")
    return top


def main(arguments: list[str]) -> None:
    """Do what was asked for; the comparison, if no command is named."""
    if not arguments:
        each(COMPARISON, [])
        return
    if arguments[0] not in (*COMMANDS, "all", "profile", "compile", "draw", "-h", "--help"):
        if arguments[0] not in (*WORKLOADS, *RECIPES) and not arguments[0].startswith("-"):
            raise SystemExit(
                f"There is no command or workload {arguments[0]!r}. "
                f"Commands: {', '.join(COMMANDS)}, all, profile, compile, draw; "
                f"workloads: {', '.join([*WORKLOADS, *RECIPES])}."
            )
        arguments = ["models" if arguments[0] in RECIPES else "steps", *arguments]
    options = parser().parse_args(arguments)
    if options.command in ("profile", "compile"):
        (where if options.command == "profile" else compiling).main(options)
        return
    if options.command == "draw":
        shown(options.record)
        return
    if options.command == "all":
        each(IN_THE_PAGES, ["--record", str(options.record)])
        return
    if options.record is not None:
        record.read(options.record)  # before the work: a file that cannot be used is to be noticed now
    module = COMMANDS[options.command]
    with tempfile.TemporaryDirectory() as cache:
        os.environ["NUMBA_CACHE_DIR"] = cache  # all processes share what the first of them compiled
        section = module.measured(options, Pythons(os.environ.get("PEERS", "")))
    print("\n" + module.report(section))
    if options.record is not None:
        record.keep(options.record, options.command, section)
        print(f"\nkept in {options.record}")
        shown(options.record)


def each(commands: Iterable[str], options: list[str]) -> None:
    """Carry out several commands."""
    for name in commands:
        print(f"\n== {name}", flush=True)
        main([name, *options])


def shown(file: Path) -> None:
    """Draw the pictures of a record; for the project's own also write the pages that show it."""
    for picture in charts.draw(file):
        print(f"drew {picture}")
    if file.resolve() == OWN:
        runpy.run_path(str(ROOT / "docs" / "build.py"), run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1:])
