"""Several workers: steps with one and with more, and the reduction beside MPI's own.

The same global batch is divided (strong scaling), or each worker has a batch of the workload's size (weak scaling).
Every worker has one thread of BLAS. The cells of a round take turns, forward and backward; the median of the rounds
counts.
"""

import argparse
import json
import statistics
import sys
from pathlib import Path
from typing import Any

from tests.benchmarks import record
from tests.benchmarks.pythons import Pythons, known, result
from tests.benchmarks.recipes import RECIPES
from tests.benchmarks.record import Section
from tests.benchmarks.text import Row, number, plain
from tests.benchmarks.workloads import WORKLOADS

NAMES = ("digits", "mnist", "mnist256", "wide", "kerasmlp", "smalldrop", "batchnorm", "tabular")
BATCHES = {name: w.batch for name, w in (WORKLOADS | RECIPES).items() if name in NAMES}

SIZES = (4, 64, 1024, 16_384, 131_072, 1_048_576, 4_194_304, 25_000_000)
"""Bytes of the messages that are timed by themselves."""

SETTINGS = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
}

MPIEXEC = Path(sys.executable).with_name("mpiexec")


def add(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help=f"all of {', '.join(NAMES)} without")
    parser.add_argument("--workers", type=int, default=2, help="how many to compare with one (2)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.5, help="the least to spend on a cell (0.5)")


def measured(options: argparse.Namespace, pythons: Pythons) -> Section:
    """Go through the cells, in rounds, and print what comes out."""
    names, count = known("workload", options.workloads, BATCHES), options.workers
    if not MPIEXEC.exists():
        raise SystemExit(f"There is no {MPIEXEC}: pip install mpi4py mpich.")
    cells = {"one": (1, 1), "strong": (count, 1), "weak": (count, count)}
    seconds: dict[str, dict[str, list[float]]] = {name: {cell: [] for cell in cells} for name in names}
    sizes: dict[str, int] = {}
    reductions: dict[str, dict[str, list[float]]] = {str(s): {"bare": [], "minifit": []} for s in SIZES}
    for turn in range(options.rounds):
        for name in names:
            print(f"round {turn + 1}, microseconds a step on {name}:", flush=True)
            for cell, (workers, factor) in list(cells.items())[:: -1 if turn % 2 else 1]:
                found = together(workers, "step", workload=name, factor=factor, seconds=options.seconds)
                seconds[name][cell].append(found["step"])
                sizes[name] = found["bytes"]
                print(f"    {cell:6} {number(found['step'] * 1e6)}", flush=True)
        for size, pair in together(count, "reduction", sizes=SIZES).items():
            for way, time in zip(("bare", "minifit"), pair, strict=True):
                reductions[size][way].append(time)
    return {
        "made": record.made(),
        "workers": count,
        "rounds": options.rounds,
        "batches": {name: BATCHES[name] for name in names},
        "bytes": sizes,
        "seconds": seconds,
        "reductions": reductions,
    }


def together(workers: int, job: str, **given: Any) -> Any:
    """The result of a job of `shares.py` that so many processes do together."""
    command = [str(MPIEXEC), "-n", str(workers), sys.executable, "-m", "tests.benchmarks.shares"]
    return result([*command, json.dumps({"job": job, **given})], **SETTINGS)


# -- what is shown -----------------------------------------------------------------------------------------


def scaling(section: Section) -> list[Row]:
    """A row for each workload: steps, how much faster workers are, and what that leaves of their number."""
    count = section["workers"]
    rows: list[Row] = [
        [
            "microseconds a step",
            "batch",
            "KB",
            "1 worker",
            f"{count} workers, same batch",
            "times as fast",
            f"{count} workers, batch each",
            "times as many rows a second",
        ]
    ]
    for name, times in record.medians(section).items():
        one, strong, weak = times["one"], times["strong"], times["weak"]
        rows.append(
            [
                name,
                f"{section['batches'][name]:,}",
                f"{section['bytes'][name] / 1000:,.0f}",
                *(number(one * 1e6), number(strong * 1e6), number(one / strong)),
                *(number(weak * 1e6), number(count * one / weak)),
            ]
        )
    return rows


def reductions(section: Section) -> list[Row]:
    """A row for each size of a message; the ratio is the median of those of the rounds."""
    rows: list[Row] = [["bytes", "MPI's Allreduce, microseconds", "minifit", "minifit : MPI"]]
    for size, times in section["reductions"].items():
        ratio = statistics.median(m / b for b, m in zip(times["bare"], times["minifit"], strict=True))
        each = (number(statistics.median(times[way]) * 1e6) for way in ("bare", "minifit"))
        rows.append([f"{int(size):,}", *each, number(ratio)])
    return rows


def report(section: Section) -> str:
    """The tables."""
    return f"{record.where(section)}\n\n{plain(scaling(section))}\n\n{plain(reductions(section))}"
