"""The comparison: what a training step takes on six workloads, with minifit and with whichever peers are installed.

Every cell of the table is a process of its own. They run in turn, round after round, so that what else the machine does
meets all of them alike; the median of the rounds counts.
"""

import argparse
import statistics
import time
from math import prod

from tests.benchmarks import record
from tests.benchmarks.implementations import IMPLEMENTATIONS
from tests.benchmarks.pythons import Failed, Pythons, known, run
from tests.benchmarks.record import Section
from tests.benchmarks.text import NONE, Row, number, plain
from tests.benchmarks.workloads import WORKLOADS, Workload

MOST_ROUNDS = 5


def add(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    names = ", ".join(WORKLOADS)
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help=f"all of {names} without")
    parser.add_argument(
        "--implementations",
        nargs="+",
        metavar="NAME",
        help=f"all that are installed without; there are {', '.join(IMPLEMENTATIONS)}",
    )
    parser.add_argument(
        "--seconds", type=float, default=0.5, help="the least to spend on a cell in a round (0.5)"
    )
    parser.add_argument(
        "--rounds", type=int, help=f"{MOST_ROUNDS}, or what four minutes are enough for, without"
    )
    parser.add_argument(
        "--minutes", type=float, default=4.0, help="without --rounds: begin no round that lasts longer"
    )


def measured(options: argparse.Namespace, pythons: Pythons) -> Section:
    """Go through the cells, in rounds, and print what comes out."""
    names = known("workload", options.workloads, WORKLOADS)
    print("A training step, float32, SGD(0.01), shuffled. Measured are:")
    chosen = pythons.chosen(options.implementations)
    seconds: dict[str, dict[str, list[float]]] = {name: {} for name in names}
    began, rounds = time.perf_counter(), 0
    while wanted(rounds, time.perf_counter() - began, options):
        rounds += 1
        for name in names:
            print(f"round {rounds}, microseconds a step on {name} ({WORKLOADS[name]}):", flush=True)
            one_round(WORKLOADS[name], chosen, options.seconds, seconds[name])
    return {
        "made": record.made(),
        "rounds": rounds,
        "workloads": {name: list(WORKLOADS[name]) for name in names},
        "versions": {name: pythons.version(name) for name in chosen},
        "seconds": seconds,
    }


def wanted(done: int, spent: float, options: argparse.Namespace) -> bool:
    """Whether there is one more round to make."""
    if options.rounds is not None:
        return done < int(options.rounds)
    return not done or (done < MOST_ROUNDS and spent / done * (done + 1) < options.minutes * 60)


def one_round(work: Workload, chosen: dict[str, str], seconds: float, into: dict[str, list[float]]) -> None:
    """Measure every implementation once."""
    for name, python in chosen.items():
        print(f"    {name} ", end="", flush=True)
        try:
            found = run(python, "steps", implementation=name, work=list(work), seconds=seconds)
        except Failed as error:
            print(f"failed: {error}", flush=True)
            continue
        into.setdefault(name, []).append(found)
        print(number(found * 1e6), flush=True)


# -- what is shown -----------------------------------------------------------------------------------------


def times(section: Section) -> list[Row]:
    """A table of microseconds: a row for each implementation, a column for each workload."""
    found = record.medians(section)
    rows: list[Row] = [["", *found]]
    for name in section["versions"]:
        cells = [found[workload].get(name) for workload in found]
        rows.append([IMPLEMENTATIONS[name].title, *(number(None if c is None else c * 1e6) for c in cells)])
    return rows


def ratios(section: Section) -> list[Row]:
    """A table of ratios minifit : other, and their geometric mean where there is one for every workload."""
    workloads = list(section["seconds"])
    rows: list[Row] = [["minifit :", *workloads, "geometric mean"]]
    for name, by_workload in record.ratios(section).items():
        title = "the best peer" if name == "best" else IMPLEMENTATIONS[name].title
        cells = [number(by_workload.get(workload)) for workload in workloads]
        whole = len(by_workload) == len(workloads)
        rows.append([title, *cells, number(mean(by_workload)) if whole else NONE])
    return rows


def spread(section: Section) -> str:
    """How far the rounds are apart: whether the machine was quiet."""
    if section["rounds"] == 1:
        return "One round."
    widest, workload, name = max(
        ((max(rounds) - min(rounds)) / statistics.median(rounds), workload, name)
        for workload, times in section["seconds"].items()
        for name, rounds in times.items()
    )
    return (
        f"{section['rounds']} rounds, which differ by up to {widest * 100:.0f} % "
        f"({IMPLEMENTATIONS[name].title} on {workload})."
    )


def mean(by_workload: dict[str, float]) -> float:
    """The geometric mean: the right one for ratios."""
    return prod(by_workload.values()) ** (1 / len(by_workload))


def report(section: Section) -> str:
    """Both tables."""
    return "\n\n".join(
        [
            record.where(section),
            spread(section),
            "microseconds a step, median of the rounds\n" + plain(times(section)),
            "time of minifit over that of another; below 1 minifit is faster\n" + plain(ratios(section)),
        ]
    )
