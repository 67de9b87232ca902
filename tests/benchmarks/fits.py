"""Many small fits in one process, as a test suite makes them: what each takes, and whether memory stays flat."""

import argparse
from typing import Any

from tests.benchmarks import record
from tests.benchmarks.implementations import IMPLEMENTATIONS, LIBRARIES
from tests.benchmarks.pythons import Pythons, run
from tests.benchmarks.record import Section
from tests.benchmarks.text import Row, number, plain

KINDS = {"again": "of one model", "anew": "each of a new model"}


def add(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("--count", type=int, default=1000, help="fits of each kind (1000)")
    parser.add_argument("--seconds", type=float, default=20.0, help="the most to spend on a kind (20)")
    parser.add_argument("--implementations", nargs="+", metavar="NAME", help=", ".join(LIBRARIES))


def measured(options: argparse.Namespace, pythons: Pythons) -> Section:
    """Every library in a process of its own."""
    print("A fit is one epoch of one batch of 16 samples, Dense(10) on 20 numbers. Measured are:")

    def measure(python: str, name: str) -> dict[str, Any]:
        limits = {"count": options.count, "seconds": options.seconds}
        return {kind: run(python, "fits", library=name, kind=kind, **limits) for kind in KINDS}

    return record.of_libraries("fits", options.implementations, pythons, measure)


def table(section: Section) -> list[Row]:
    """Two rows for each library."""
    rows: list[Row] = [["", "fits", "microseconds a fit", "KB more memory a fit"]]
    for name, kinds in section["fits"].items():
        for kind, found in kinds.items():
            title = f"{IMPLEMENTATIONS[name].title}, {KINDS[kind]}"
            rows.append(
                [title, str(found["count"]), number(found["seconds"] * 1e6), number(found["kilobytes"])]
            )
    return rows


def report(section: Section) -> str:
    """The table."""
    return (
        f"{record.where(section)}\n\n{plain(table(section))}\n"
        "Memory: how it grew over the second half of the fits."
    )
