"""Whole processes: the import, the documentation's first example, and what compiling takes.

Each process is timed from outside and begins with no compiled kernels on the disk, except where it says "cached".
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any, NamedTuple

from tests.benchmarks import record
from tests.benchmarks.implementations import IMPLEMENTATIONS
from tests.benchmarks.pythons import ROOT, SETTINGS, Pythons
from tests.benchmarks.record import Section
from tests.benchmarks.text import Row, number, plain

BASE = "import numpy"


class Process(NamedTuple):
    """What is started, with what in its environment, and whether it finds compiled kernels."""

    python: str
    arguments: tuple[str, ...]
    environment: dict[str, str]
    cached: bool = False


def processes(pythons: Pythons) -> dict[str, Process]:
    """All that are measured, by their titles."""
    here, example = sys.executable, ("-m", "tests.benchmarks.example")
    numpy, numba = {"MINIFIT_KERNELS": "numpy"}, {"MINIFIT_KERNELS": "numba"}
    found = {
        BASE: Process(here, ("-c", "import numpy"), {}),
        "import minifit": Process(here, ("-c", "import minifit"), {}),
        "the example": Process(here, (*example, "minifit"), {}),
        "a longer training, NumPy kernels": Process(here, (*example, "minifit", "long"), numpy),
        "the same, compiled kernels, nothing cached": Process(here, (*example, "minifit", "long"), numba),
        "the same, compiled kernels, cached": Process(
            here, (*example, "minifit", "long"), numba, cached=True
        ),
    }
    modules = {
        "keras_jax": "keras",
        "keras_torch": "keras",
        "keras_tensorflow": "keras",
        "tf_keras": "tensorflow.keras",
    }
    for name, module in modules.items():
        python = pythons.of(name)
        if python is not None:
            backend = {"KERAS_BACKEND": name.partition("_")[2]} if module == "keras" else {}
            title = f"the example, {IMPLEMENTATIONS[name].title}"
            found[title] = Process(python, (*example, module), backend)
    return found


def add(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("--rounds", type=int, default=5)


def measured(options: argparse.Namespace, pythons: Pythons) -> Section:
    """Start every process once a round."""
    there = processes(pythons)
    found: dict[str, dict[str, list[float]]] = {title: {"seconds": [], "megabytes": []} for title in there}
    with tempfile.TemporaryDirectory() as full:
        for process in there.values():  # bytecode is written, files are read from the disk
            watched(process, full)
        for done in range(options.rounds):
            print(f"round {done + 1}", flush=True)
            for title, process in there.items():
                with tempfile.TemporaryDirectory() as empty:
                    seconds, megabytes, _ = watched(process, full if process.cached else empty)
                found[title]["seconds"].append(seconds)
                if megabytes is not None:
                    found[title]["megabytes"].append(megabytes)
    return {"made": record.made(), "processes": found}


def watched(process: Process, cache: str) -> tuple[float, float | None, float | None]:
    """Seconds that it took; where the system tells, the most megabytes it held and the processor's seconds."""
    environment: Any = os.environ | SETTINGS | process.environment | {"NUMBA_CACHE_DIR": cache}
    began = time.perf_counter()
    started = subprocess.Popen(
        [process.python, *process.arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    if sys.platform == "win32":
        status, megabytes, processor = started.wait(), None, None
    else:
        _, ended, usage = os.wait4(started.pid, 0)
        status = started.returncode = os.waitstatus_to_exitcode(ended)
        megabytes = usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
        processor = usage.ru_utime + usage.ru_stime
    seconds = time.perf_counter() - began
    if status:
        raise SystemExit(f"{' '.join([process.python, *process.arguments])} ended with {status}.")
    return seconds, megabytes, processor


def table(section: Section) -> list[Row]:
    """A row for each process."""
    base = statistics.median(section["processes"][BASE]["seconds"])
    rows: list[Row] = [["a whole process", "milliseconds", f"of {BASE}", "megabytes"]]
    for title, found in section["processes"].items():
        seconds = statistics.median(found["seconds"])
        megabytes = statistics.median(found["megabytes"]) if found["megabytes"] else None
        rows.append([title, number(seconds * 1e3), number(seconds / base), number(megabytes)])
    return rows


def report(section: Section) -> str:
    """The table."""
    return f"{record.where(section)}\n\n{plain(table(section))}"
