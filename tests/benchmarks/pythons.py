"""Which Python has which peer, and how a worker is run under it.

Peers are optional. They are looked for in the Python that runs this, then in those that the environment variable
``PEERS`` names (paths with a colon between them; on Windows a semicolon).
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import minifit
from tests.benchmarks.implementations import IMPLEMENTATIONS, missing

ROOT = Path(__file__).parents[2]

SETTINGS = {
    "JAX_PLATFORMS": "cpu",
    "CUDA_VISIBLE_DEVICES": "",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "PYTHONPATH": str(ROOT),
}
"""What every worker is told: everything runs on the CPU, and TensorFlow is quiet."""


class Failed(Exception):
    """A worker ended without a result; the text is the last thing it said."""


def run(python: str, job: str, **given: Any) -> Any:
    """The result of one job of `worker.py`, done in a process of its own.

    Raises
    ------
    Failed
        When there is none.
    """
    return result([python, "-m", "tests.benchmarks.worker", json.dumps({"job": job, **given})])


def result(command: list[str], **settings: str) -> Any:
    """Return the last line that a command prints, in JSON; it has these environment variables, too.

    Raises
    ------
    Failed
        When there is nothing, or an error.
    """
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=os.environ | SETTINGS | settings,
            check=False,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
        )
    except OSError as error:
        raise Failed(str(error)) from error
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"]
        raise Failed(said[-1].strip())
    return json.loads(done.stdout.splitlines()[-1])


class Pythons:
    """The Pythons that may run a worker.

    Parameters
    ----------
    peers : str, optional
        Paths of more Pythons, as in ``PEERS``.

    Attributes
    ----------
    have : dict
        For every Python the modules it has, with their versions; the one that runs this is the first.
    """

    def __init__(self, peers: str = "") -> None:
        self.have: dict[str, Mapping[str, str]] = {
            sys.executable: {"minifit": minifit.__version__, **run(sys.executable, "versions")}
        }
        for python in filter(None, peers.split(os.pathsep)):
            try:
                self.have[python] = run(python, "versions")
            except Failed as error:
                raise SystemExit(
                    f"PEERS must name Pythons that start and have NumPy. Received: {python} ({error}). "
                    "Leave it out, or give the path of another one."
                ) from error

    def of(self, implementation: str) -> str | None:
        """The first Python that has what an implementation needs."""
        needs = IMPLEMENTATIONS[implementation].needs
        return next((python for python, have in self.have.items() if not missing(needs, have)), None)

    def version(self, implementation: str) -> str:
        """Of what an implementation needs, as "keras 3.15.1, jax 0.10.2"."""
        python = self.of(implementation)
        assert python is not None
        modules = [
            need.partition(">")[0].partition("<")[0] for need in IMPLEMENTATIONS[implementation].needs.split()
        ]
        return ", ".join(f"{module} {self.have[python][module]}" for module in modules)

    def chosen(self, wanted: list[str] | None, of: Mapping[str, Any] = IMPLEMENTATIONS) -> dict[str, str]:
        """The implementations that will be measured, with their Pythons; says which are not there.

        Raises
        ------
        SystemExit
            For a name that nobody knows.
        """
        names = known("implementation", wanted, of)
        found = {name: python for name in names if (python := self.of(name)) is not None}
        for name in names:
            if name in found:
                print(f"  {name:17} {self.version(name)}")
            else:
                print(f"  {name:17} is left out: no Python here has {IMPLEMENTATIONS[name].needs}")
        return found


def known(kind: str, wanted: list[str] | None, there: Mapping[str, Any]) -> list[str]:
    """The names that were asked for, or all of them.

    Raises
    ------
    SystemExit
        For one that is not there.
    """
    for name in wanted or []:
        if name not in there:
            raise SystemExit(f"There is no {kind} {name!r}. There are: {', '.join(there)}.")
    return list(wanted or there)
