"""The stand-in: an example beside the same written for minifit, and twenty tests beside TensorFlow.

Each process is timed from outside and begins with no compiled kernels on the disk, as in CI. The tests on TensorFlow
need a Python with TensorFlow 2.15 or older and pytest among the PEERS.
"""

import argparse
import os
import statistics
import sys
import tempfile
from typing import Any

from tests.benchmarks import record
from tests.benchmarks.cold import Process, watched
from tests.benchmarks.pythons import ROOT, Pythons
from tests.benchmarks.record import Section
from tests.benchmarks.text import Row, number, plain

DIRECT, LENT = "the example, written for minifit", "the example, `python -m minifit.standin`"
REAL, SUITE = "20 tests, TensorFlow", "20 tests, `pytest --standin`"

BASES = {LENT: DIRECT, SUITE: REAL}
"""The process that each one is compared with."""

PYTEST = ("-m", "pytest", "-q", "-c", os.devnull, "--rootdir", str(ROOT), "--noconftest",
          "--import-mode=importlib", "-p", "no:cacheprovider", "-p", "no:hypothesispytest")  # fmt: skip
"""pytest without what this project tells it, and without the plugin of a tool that only this project's tests use."""

WITHOUT = ("-p", "no:minifit.standin.plugin")
"""The plugin is found in this folder, and needs a later Python than TensorFlow 2.7 has."""


def processes(pythons: Pythons) -> dict[str, Process]:
    """All that are measured, by their titles."""
    here, real = sys.executable, pythons.of("tf_keras")
    example, suite = ("-m", "tests.benchmarks.example"), str(ROOT / "tests" / "benchmarks" / "suite.py")
    found = {
        DIRECT: Process(here, (*example, "minifit"), {}),
        LENT: Process(here, ("-m", "minifit.standin", *example, "tensorflow.keras"), {}),
        SUITE: Process(here, (*PYTEST, "--standin", suite), {}),
    }
    return found if real is None else found | {REAL: Process(real, (*PYTEST, *WITHOUT, suite), {})}


def add(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("--rounds", type=int, default=11)


def measured(options: argparse.Namespace, pythons: Pythons) -> Section:
    """Start every process once a round."""
    there = processes(pythons)
    found: dict[str, Any] = {title: {"seconds": [], "processor": []} for title in there}
    with tempfile.TemporaryDirectory() as bytecode:
        kept = {
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTHONPYCACHEPREFIX": bytecode,
        }  # as an installed package has it
        for done in range(options.rounds + 1):
            print(f"round {done}" if done else "a round that does not count", flush=True)
            for title, process in there.items():
                with tempfile.TemporaryDirectory() as empty:
                    seconds, _, processor = watched(process._replace(environment=kept), empty)
                if done:
                    found[title]["seconds"].append(seconds)
                    found[title]["processor"].append(processor)
    tensorflow = pythons.version("tf_keras") if REAL in there else None
    return {"made": record.made(), "tensorflow": tensorflow, "processes": found}


def medians(section: Section, title: str) -> tuple[float | None, float | None]:
    """Seconds, and seconds of the processor where the system tells, of a process; None where it was not measured."""
    figures = section["processes"].get(title, {"seconds": [], "processor": []})
    told = [[s for s in figures[key] if s is not None] for key in ("seconds", "processor")]
    seconds, processor = (statistics.median(each) if each else None for each in told)
    return seconds, processor


def ratio(section: Section, title: str) -> float | None:
    """The time of a process over that of the one it is compared with."""
    time, base = medians(section, title)[0], medians(section, BASES[title])[0]
    return time / base if time is not None and base else None


def table(section: Section) -> list[Row]:
    """A row for each process."""
    rows: list[Row] = [["a whole process", "seconds", "of the processor", "ratio"]]
    for title in section["processes"]:
        of_base = number(ratio(section, title)) if title in BASES else "1"
        rows.append([title, *map(number, medians(section, title)), of_base])
    return rows


def report(section: Section) -> str:
    """The table."""
    return f"{record.where(section)}\n\n{plain(table(section))}"
