"""`make bench`: minifit beside a hand-written NumPy loop, and a whole small process beside bare NumPy.

Everything is measured in turn, in processes of their own, several times; what is printed are medians and
their ratios. Options: the names of workloads, `--rounds N`, `--seconds S` (for each measurement).
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.workloads import WORKLOADS

ROOT = Path(__file__).parents[2]


def output_of(*arguments: str, cache: str) -> str:
    """What a Python process prints."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "NUMBA_CACHE_DIR": cache}
    command = [sys.executable, *arguments]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout


def steps(names: list[str], rounds: int, seconds: float, cache: str) -> None:
    """The time of a training step on each workload."""
    print(
        f"{'workload':10} {'numpy':>12} {'minifit':>12}   ratio   (microseconds a step, median of {rounds})"
    )
    for name in names:
        times: dict[str, list[float]] = {"numpy": [], "minifit": []}
        for _ in range(rounds):
            for who, found in times.items():
                module = "tests.benchmarks.workloads"
                found.append(float(output_of("-m", module, who, name, str(seconds), cache=cache)))
        numpy, minifit = (statistics.median(found) for found in times.values())
        print(f"{name:10} {numpy:12.2f} {minifit:12.2f}   {minifit / numpy:5.2f}", flush=True)


def cold(rounds: int) -> None:
    """The whole process of the documentation's example beside ``import numpy``, nothing cached."""
    commands = {
        "import numpy": ["-c", "import numpy"],
        "the example": [str(Path(__file__).with_name("cold.py"))],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(max(rounds, 5)):
        for name, command in commands.items():
            with tempfile.TemporaryDirectory() as empty:
                began = time.perf_counter()
                output_of(*command, cache=empty)
                times[name].append(time.perf_counter() - began)
    base, whole = (statistics.median(found) for found in times.values())
    print(
        f"\ncold start: import numpy {base * 1e3:.0f} ms, the example {whole * 1e3:.0f} ms, {whole / base:.2f} times"
    )


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("workloads", nargs="*", default=list(WORKLOADS), help=", ".join(WORKLOADS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as cache:
        steps(options.workloads, options.rounds, options.seconds, cache)
    cold(options.rounds)


if __name__ == "__main__":
    main()
