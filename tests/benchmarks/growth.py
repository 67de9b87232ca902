"""How minifit grows: time against samples, layers and width, beside whichever peers are installed; memory against rows.

A cell whose epoch would last more than `--longest` seconds, judged by the cell before, is left out.
"""

import argparse
import sys
from typing import Any

from tests.benchmarks import record
from tests.benchmarks.implementations import IMPLEMENTATIONS
from tests.benchmarks.pythons import Failed, Pythons, run
from tests.benchmarks.record import Section
from tests.benchmarks.text import Row, number, plain
from tests.benchmarks.workloads import Workload

BATCH = 32


def of_samples(samples: int) -> Workload:
    """More rows for a small model."""
    return Workload(samples, (2, 16, 1), BATCH, "mse")


def of_depth(depth: int) -> Workload:
    """More layers of 64 units; the last has 10."""
    return Workload(200 * BATCH, (64,) * depth + (10,), BATCH, "classes")


def of_width(width: int) -> Workload:
    """Two hidden layers of more units."""
    return Workload((20 if width > 512 else 500) * BATCH, (64, width, width, 10), BATCH, "classes")


SERIES = {
    "samples": (of_samples, (1_000, 10_000, 100_000, 1_000_000, 10_000_000)),
    "depth": (of_depth, (1, 2, 4, 8, 16, 32, 64)),
    "width": (of_width, (1, 4, 16, 64, 256, 1024, 4096)),
}
STREAMED = (10_000, 100_000, 1_000_000, 10_000_000)
SOURCES = ("memmap", "h5py", "generator")


def add(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("--implementations", nargs="+", metavar="NAME", help=", ".join(IMPLEMENTATIONS))
    parser.add_argument("--seconds", type=float, default=0.3, help="the least to spend on a cell (0.3)")
    parser.add_argument(
        "--longest", type=float, default=12.0, help="seconds of the longest epoch to measure (12)"
    )
    parser.add_argument("--most", type=float, default=1e7, help="the most samples (1e7)")


def measured(options: argparse.Namespace, pythons: Pythons) -> Section:
    """All series."""
    print("Measured are:")
    names = options.implementations or [name for name in IMPLEMENTATIONS if name != "bare"]
    chosen = pythons.chosen(names)
    section: dict[str, Any] = {"made": record.made(), "versions": {n: pythons.version(n) for n in chosen}}
    for what, (workload_of, sizes) in SERIES.items():
        works = {size: workload_of(size) for size in sizes if what != "samples" or size <= options.most}
        print(f"microseconds a step against {what} ({', '.join(map(str, works))}):", flush=True)
        section[what] = {
            name: one_line(name, python, works, options.seconds, options.longest)
            for name, python in chosen.items()
        }
    section["memory"] = memory([rows for rows in STREAMED if rows <= options.most])
    return section


def one_line(name: str, python: str, works: dict[int, Workload], seconds: float, longest: float) -> list[Any]:
    """Pairs of size and seconds a step, for one implementation."""
    print(f"    {name}", end="", flush=True)
    pairs: list[Any] = []
    for size, work in works.items():
        if pairs and pairs[-1][1] * work.steps > longest:
            print(f"  (an epoch of {size:,} would last {pairs[-1][1] * work.steps:.0f} s or more)", end="")
            break
        try:
            found = run(python, "steps", implementation=name, work=list(work), seconds=seconds)
        except Failed as error:
            print(f"  failed at {size:,}: {error}", end="")
            break
        pairs.append([size, found])
        print(f"  {number(found * 1e6)}", end="", flush=True)
    print()
    return pairs


def memory(sizes: list[int]) -> dict[str, list[Any]]:
    """Pairs of rows and megabytes, for each source of streamed data; none where the system does not tell."""
    if not sys.platform.startswith("linux"):
        print("memory is left out: only Linux tells how much of it is a process's own")
        return {}
    print(f"megabytes of memory during a fit, 64 numbers a row ({', '.join(map(str, sizes))} rows):")
    found: dict[str, list[Any]] = {}
    for source in SOURCES:
        print(f"    {source}", end="", flush=True)
        found[source] = []
        for rows in sizes:
            megabytes = run(sys.executable, "streamed", source=source, rows=rows)
            found[source].append([rows, megabytes])
            print(f"  {megabytes}", end="", flush=True)
        print()
    return found


def table(section: Section, what: str) -> list[Row]:
    """Microseconds a step of a series, or megabytes; a row for each line."""
    lines = section[what]
    sizes = sorted({size for pairs in lines.values() for size, _ in pairs})
    factor = 1.0 if what == "memory" else 1e6
    rows: list[Row] = [[what, *(f"{size:,}" for size in sizes)]]
    for name, pairs in lines.items():
        by_size = dict(map(tuple, pairs))
        title = name if what == "memory" else IMPLEMENTATIONS[name].title
        rows.append([title, *(number(by_size[s] * factor) if s in by_size else number(None) for s in sizes)])
    return rows


def report(section: Section) -> str:
    """All tables."""
    tables = [
        f"{title}\n{plain(table(section, what))}"
        for what, title in (
            ("samples", "microseconds a step against samples (2-16-1, batch 32)"),
            ("depth", "microseconds a step against layers (64 units each, batch 32)"),
            ("width", "microseconds a step against width (64-width-width-10, batch 32)"),
            ("memory", "megabytes against rows of streamed data"),
        )
        if section[what]
    ]
    return "\n\n".join([record.where(section), *tables])
