"""What callbacks cost a step: the first one that watches batches, and every hook after that.

The step is small (Dense(10) on 20 numbers, batches of 16), so that what is around it shows. "The first watcher" is
what a step takes with one callback that has both batch hooks and does nothing in them, less what it takes with none.
"A hook" is the difference between ten such callbacks and one, over their 18 hooks.
"""

import argparse
from typing import Any

from tests.benchmarks import record
from tests.benchmarks.implementations import IMPLEMENTATIONS, LIBRARIES
from tests.benchmarks.pythons import Pythons, run
from tests.benchmarks.record import Section
from tests.benchmarks.text import Row, number, plain


def add(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--implementations", nargs="+", metavar="NAME", help=", ".join(LIBRARIES))


def measured(options: argparse.Namespace, pythons: Pythons) -> Section:
    """Every library in a process of its own."""
    print("Measured are:")

    def measure(python: str, name: str) -> Any:
        return run(python, "hooks", library=name, rounds=options.rounds)

    return record.of_libraries("hooks", options.implementations, pythons, measure)


def table(section: Section) -> list[Row]:
    """A row for each library."""
    rows: list[Row] = [["microseconds", "a step unwatched", "the first watcher", "a hook"]]
    for name, found in section["hooks"].items():
        cells = [number(found[what] * 1e6) for what in ("unwatched", "first", "hook")]
        rows.append([IMPLEMENTATIONS[name].title, *cells])
    return rows


def report(section: Section) -> str:
    """The table."""
    return f"{record.where(section)}\n\n{plain(table(section))}"
