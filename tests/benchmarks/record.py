"""The record: everything that was measured, where, when and with what, as JSON.

It has a section for each command that measures. A section is replaced as a whole, so that its figures come from one
run. Tables, pictures and pages are made from the record alone.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

import minifit
from minifit.saving import atomic
from tests.benchmarks.implementations import LIBRARIES
from tests.benchmarks.pythons import Failed, Pythons

Section = dict[str, Any]


def made() -> dict[str, str | int]:
    """Where and when a measurement is made, and with what."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "processor": processor(),
        "cores": cores(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "minifit": minifit.__version__,
        "numpy": np.__version__,
    }


def cores() -> int:
    """How many this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)  # not on macOS and Windows
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def processor() -> str:
    """What it is called."""
    if sys.platform.startswith("linux"):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
        if names:
            return names[0]
    if sys.platform == "darwin":
        asked = ["sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()
    return platform.processor() or platform.machine()


def where(section: Section) -> str:
    """That in a sentence, for a table or a page."""
    at = section["made"]
    plural = "s" * (at["cores"] != 1)
    return (
        f"{at['processor']}, {at['cores']} core{plural}, {at['system']}, Python {at['python']}, "
        f"NumPy {at['numpy']}, {at['date']}"
    )


def read(file: Path) -> dict[str, Section]:
    """All sections; none of a file that is not there.

    Raises
    ------
    SystemExit
        When the file is something else.
    """
    if not file.exists():
        return {}
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise SystemExit(f"A record must be JSON. Received: {file}, {error}. Give another name.") from error
    if not isinstance(found, dict) or not all(isinstance(s, dict) and "made" in s for s in found.values()):
        raise SystemExit(f"{file} is JSON, but no record of `make bench`. Give another name.")
    return found


def keep(file: Path, name: str, section: Section) -> None:
    """Put a section into the record, in place of what it had under this name."""
    sections = read(file) | {name: section}
    ordered = {name: sections[name] for name in sorted(sections)}
    atomic.write(file, json.dumps(ordered, indent=1) + "\n")


# -- the comparison ----------------------------------------------------------------------------------------

LIMITED = ("mnist256", "wide")
"""Workloads whose products are so large that they bound the time of a step; in small ones it is NumPy's calls."""


def medians(section: Section) -> dict[str, dict[str, float]]:
    """Seconds a step, by workload and implementation: the middle one of the rounds."""
    return {
        workload: {name: statistics.median(rounds) for name, rounds in times.items()}
        for workload, times in section["seconds"].items()
    }


def best(times: dict[str, float]) -> str | None:
    """The fastest peer on a workload."""
    peers = {name: time for name, time in times.items() if name not in ("minifit", "bare")}
    return min(peers, key=lambda name: peers[name], default=None)


def ratios(section: Section) -> dict[str, dict[str, float]]:
    """The time of minifit over that of each other one, and over the "best" peer's, by workload."""
    found: dict[str, dict[str, float]] = {"best": {}}
    for workload, times in medians(section).items():
        ours = times.get("minifit")
        for name, time in times.items():
            if ours is not None and name != "minifit" and (name != "bare" or workload in LIMITED):
                found.setdefault(name, {})[workload] = ours / time
        peer = best(times)
        if ours is not None and peer is not None:
            found["best"][workload] = ours / times[peer]
    return {name: by_workload for name, by_workload in found.items() if by_workload}


def of_libraries(
    what: str,
    names: list[str] | None,
    pythons: Pythons,
    measure: Callable[[str, str], Any],
    of: Mapping[str, Any] = LIBRARIES,
) -> Section:
    """The section of what is measured of every library, each in a process of its own; one that fails is left out.

    Parameters
    ----------
    what : str
        The key of the figures.
    names : list of str, optional
        Which libraries; all that are there when None.
    measure : callable
        Makes the figures of a Python and a library's name.
    of : mapping, default LIBRARIES
        The libraries that there are, by name.
    """
    found: dict[str, Any] = {}
    chosen = pythons.chosen(names, of=of)
    for name, python in chosen.items():
        print(f"    {name}", flush=True)
        try:
            found[name] = measure(python, name)
        except Failed as error:
            print(f"    {name} failed: {error}", flush=True)
    return {"made": made(), "versions": {name: pythons.version(name) for name in chosen}, what: found}
