"""Single calls of a small model, as an agent that learns or a service makes them: predict, train_on_batch, fit."""

import argparse
from typing import Any

from tests.benchmarks import record
from tests.benchmarks.callers import CALLERS, CALLS
from tests.benchmarks.implementations import IMPLEMENTATIONS
from tests.benchmarks.pythons import Pythons, run
from tests.benchmarks.record import Section
from tests.benchmarks.text import Row, number, plain


def add(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("--seconds", type=float, default=0.5, help="to spend on each call (0.5)")
    parser.add_argument("--implementations", nargs="+", metavar="NAME", help=", ".join(CALLERS))


def measured(options: argparse.Namespace, pythons: Pythons) -> Section:
    """Every library in a process of its own."""
    print("Single calls of 8-64-64-4, Adam, batches of 32. Measured are:")

    def measure(python: str, name: str) -> Any:
        return run(python, "calls", name=name, seconds=options.seconds)

    return record.of_libraries("calls", options.implementations, pythons, measure, of=CALLERS)


def table(section: Section) -> list[Row]:
    """A row for each library, a column for each call."""
    rows: list[Row] = [["microseconds", *CALLS]]
    for name, found in section["calls"].items():
        rows.append([IMPLEMENTATIONS[name].title, *(number(found[call] * 1e6) for call in CALLS)])
    return rows


def report(section: Section) -> str:
    """The table."""
    return f"{record.where(section)}\n\n{plain(table(section))}"
