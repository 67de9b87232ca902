"""Eight models that people train, with minifit and with whichever peers are installed: a step, and the first epoch.

They have what the layers of `steps` leave out: dropout, batch normalization, embeddings, penalties, weights of samples
and of classes, Adam, RMSprop and momentum. Every cell of the tables is a process that finds nothing compiled.
"""

import argparse
import time

from tests.benchmarks import record, steps
from tests.benchmarks.implementations import IMPLEMENTATIONS
from tests.benchmarks.pythons import Failed, Pythons, known, run
from tests.benchmarks.recipes import RECIPES
from tests.benchmarks.record import Section
from tests.benchmarks.text import NONE, Row, number, plain
from tests.benchmarks.trainers import TRAINERS


def add(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    names = ", ".join(RECIPES)
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help=f"all of {names} without")
    parser.add_argument("--implementations", nargs="+", metavar="NAME", help=", ".join(TRAINERS))
    parser.add_argument("--seconds", type=float, default=1.0, help="the least to spend on a cell (1)")
    parser.add_argument("--rounds", type=int, help="without: as many as begin within --minutes, at most 5")
    parser.add_argument("--minutes", type=float, default=8.0)


def measured(options: argparse.Namespace, pythons: Pythons) -> Section:
    """Go through the cells, in rounds, and print what comes out."""
    names = known("workload", options.workloads, RECIPES)
    print("A training step, float32, shuffled, and the first epoch with nothing compiled. Measured are:")
    chosen = pythons.chosen(options.implementations, of=TRAINERS)
    seconds: dict[str, dict[str, list[float]]] = {name: {} for name in names}
    first: dict[str, dict[str, list[float]]] = {name: {} for name in names}
    began, rounds = time.perf_counter(), 0
    while steps.wanted(rounds, time.perf_counter() - began, options):
        rounds += 1
        for name in names:
            print(f"round {rounds}, {name} ({RECIPES[name].shape}):", flush=True)
            for peer, python in chosen.items():
                try:
                    found = run(python, "models", implementation=peer, recipe=name, seconds=options.seconds)
                except Failed as error:
                    print(f"    {peer} failed: {error}", flush=True)
                    continue
                seconds[name].setdefault(peer, []).append(found["step"])
                first[name].setdefault(peer, []).append(found["first"])
                print(f"    {peer} {number(found['step'] * 1e6)} us, {number(found['first'])} s", flush=True)
    return {
        "made": record.made(),
        "rounds": rounds,
        "workloads": {name: RECIPES[name].shape for name in names},
        "versions": {name: pythons.version(name) for name in chosen},
        "seconds": seconds,
        "first": first,
    }


def first_epochs(section: Section) -> list[Row]:
    """A table of the seconds of first epochs: a row for each implementation, a column for each workload."""
    found = record.medians({"seconds": section["first"]})
    rows: list[Row] = [["", *found]]
    for name in section["versions"]:
        cells = [number(times[name]) if name in times else NONE for times in found.values()]
        rows.append([IMPLEMENTATIONS[name].title, *cells])
    return rows


def report(section: Section) -> str:
    """The tables of `steps`, and that of first epochs."""
    return f"{steps.report(section)}\n\nseconds of the first epoch\n{plain(first_epochs(section))}"
