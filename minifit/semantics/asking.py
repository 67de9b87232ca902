"""The questions of the kit put to a framework, in this process or under another Python.

The other Python needs the framework, with NumPy, and nothing of minifit: it is lent the files of the kit, which run
under Python 3.9 too.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from minifit.semantics import scenarios
from minifit.semantics.playing import SCENARIOS, AdapterError, Outcome, play
from minifit.semantics.runs import ALL, GROUPS, RUNS, ask_run

assert scenarios.__all__, "importing the scenarios registers them"

FOUNDATIONS = {"tensorflow": "tensorflow", "tensorflow-cpu": "tensorflow", "jax": "jax", "torch": "torch"}
"""The packages that a framework runs on, with the module of each: those in use are named among the answers."""

LEND = """\
import sys
from importlib.util import module_from_spec, spec_from_file_location
place = sys.argv[1]
spec = spec_from_file_location("minifit", place + "/__init__.py", submodule_search_locations=[place])
sys.modules["minifit"] = module_from_spec(spec)
spec.loader.exec_module(sys.modules["minifit"])
from minifit.semantics.asking import answer
answer(*sys.argv[2:])
"""
"""The program of the other Python: it has minifit from the folder that it is given, and answers."""


def module_named(name: str) -> Any:
    """Return a framework by the name of its module, or of an attribute of one, as ``tensorflow.keras`` is in 2.7."""
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        parent, _, child = name.rpartition(".")
        if not parent or error.name != name:
            raise
        return getattr(import_module(parent), child)


def setup() -> str:
    """Return what this process runs on, in words."""
    parts: Any = []
    for name, module in FOUNDATIONS.items():
        try:
            parts += [f"{name} {version(name)}"] if module in sys.modules else []
        except ImportError:
            continue
    return ", ".join([*parts, f"Python {platform.python_version()}"])


def ask(keras: Any, names: Any) -> dict[str, Outcome]:
    """Return the outcome of each rule's scenario and each recorded run by its name.

    Raises
    ------
    AdapterError
        When ``keras.cannot_be_asked`` names anything but rules, runs and groups of them.
    """
    known = {*SCENARIOS, *(number.partition("-")[0] for number in SCENARIOS), *RUNS, *GROUPS, ALL}
    unknown = [key for key in getattr(keras, "cannot_be_asked", {}) if key not in known]
    if unknown:
        raise AdapterError(
            "cannot_be_asked has rules that have a scenario, runs, and groups of them. "
            f"Received: {', '.join(map(repr, unknown))}. Take it out."
        )
    return {name: ask_run(name, keras) if name in RUNS else play(name, keras) for name in names}


def askable(name: str) -> bool:
    """Tell whether this is the name of a run, or of a rule that has a scenario."""
    return name in RUNS or name in SCENARIOS


def answer(file: str, module: str, *names: str) -> None:
    """Write the setup and the outcomes of this Python into a file."""
    outcomes = ask(module_named(module), names)
    Path(file).write_text(json.dumps({"setup": setup(), "outcomes": outcomes}), encoding="utf-8")


def ask_under(python: str, module: str, names: Any) -> tuple[str, dict[str, Outcome]]:
    """Ask a framework in a process of another Python, in the current folder.

    Parameters
    ----------
    python : str
        The program of a Python that has the framework, 3.9 or newer.
    module : str
        The name of the framework's module, or of an adapter's.
    names : iterable of str
        Rules and runs.

    Returns
    -------
    setup : str
        What it ran on.
    outcomes : dict
        By name, as in `ask`.

    Raises
    ------
    subprocess.CalledProcessError
        When the process fails, with what it wrote to stderr in ``stderr``.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "answers.json")
        environment = {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONDONTWRITEBYTECODE": "1", **os.environ}
        place = str(Path(__file__).resolve().parents[1])
        command = [python, "-c", LEND, place, str(file), module, *names]
        subprocess.run(
            command,
            env=environment,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
        )
        answers = json.loads(file.read_text(encoding="utf-8"))
    return answers["setup"], answers["outcomes"]
