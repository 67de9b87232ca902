"""`make bench ARGS=compile`: what it costs to compile each instruction of programs.

make bench ARGS=compile                     all of them
make bench ARGS="compile dense adam"        these

The processor time is counted, which other programs on the machine change little. An inner function counts for the
first instruction that calls it, so the order matters: that of `minifit.kernels.instructions`, or as they are named.
"""

import argparse
import time
from collections.abc import Sequence
from typing import NamedTuple

from minifit.kernels import instructions, machine
from tests.benchmarks.text import Row, number, plain


class Cost(NamedTuple):
    """The cost of an instruction in seconds, and the bytes of its code."""

    name: str
    numba: float
    llvm: float
    size: int


def add(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("names", nargs="*", metavar="INSTRUCTION")


def main(options: argparse.Namespace) -> None:
    """Print the table."""
    unknown = sorted(set(options.names) - set(instructions.TABLE))
    if unknown:
        raise SystemExit(
            f"There is no instruction {unknown[0]!r}. There are: {', '.join(instructions.TABLE)}."
        )
    print(plain(table(costs(options.names or list(instructions.TABLE)))))


def costs(names: Sequence[str]) -> list[Cost]:
    """Compile instructions, keep nothing."""
    # the first of a process pays for what Numba imports
    instructions.TABLE["finish"].lower()
    found = []
    for name in names:
        began = time.process_time()
        parts = instructions.TABLE[name].lower()
        between = time.process_time()
        code = machine.make(machine.simplify(name, parts))
        found.append(Cost(name, between - began, time.process_time() - between, len(code)))
    return found


def table(found: Sequence[Cost]) -> list[Row]:
    """The dearest first, and the sum."""
    head = ["", "Numba ms", "LLVM ms", "bytes"]
    dearest = sorted(found, key=lambda cost: -cost.numba - cost.llvm)
    whole = Cost("all", *(sum(figures) for figures in zip(*(cost[1:] for cost in found), strict=True)))
    rows = [[c.name, number(c.numba * 1e3), number(c.llvm * 1e3), f"{c.size:,}"] for c in (*dearest, whole)]
    return [head, *rows]
