"""Plays the scenarios of the rules on other frameworks and writes minifit/semantics/record.json.

    python tests/semantics/record.py "tf.keras 2.7.4=PYTHON:tensorflow.keras" "Keras 3.15.1 on JAX=PYTHON:keras" ...

Each framework runs in a process of its own, under the PYTHON that has it (3.9 or newer, with `requests`);
``KERAS_BACKEND=jax`` comes from the caller. Only scenarios are played whose source has changed, or that a framework was
not asked yet; ``--all`` in front plays every one. docs/conformance.md says how to make the environments.
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

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from minifit.semantics import RULES, scenarios  # noqa: E402
from minifit.semantics.playing import SCENARIOS, play  # noqa: E402

assert scenarios.__all__, "importing the scenarios registers them"

DISTRIBUTIONS = ("tensorflow", "tensorflow-cpu", "jax")
"""The packages that a framework runs on, named with its version in the record."""


def framework(name: str) -> Any:
    """Return a framework's module; in TensorFlow 2.7 ``tensorflow.keras`` is an attribute, not a module."""
    parent, _, child = name.rpartition(".")
    return getattr(import_module(parent), child) if parent else import_module(name)


def setup() -> str:
    """Return what this process runs on, in words."""
    parts: Any = []
    for name in DISTRIBUTIONS:
        try:
            parts.append(f"{name} {version(name)}")
        except ImportError:
            continue
    return ", ".join([*parts, f"Python {platform.python_version()}"])


def outcomes_of(python: str, module: str, numbers: Any) -> Any:
    """Play scenarios in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "outcomes.json")
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONDONTWRITEBYTECODE": "1"}
        command = [python, str(Path(__file__).resolve()), "--play", module, str(file), *numbers]
        subprocess.run(command, cwd=folder, env=environment, check=True, stderr=subprocess.DEVNULL)
        return json.loads(file.read_text(encoding="utf-8"))


def record(asked: Any, everything: bool) -> None:
    """Write the record; `asked` has the Python and the module of each framework by its name."""
    from minifit.semantics.record import FILE, OURS, fingerprint

    old = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {"frameworks": [], "hashes": {}}
    hashes = {number: fingerprint(number) for number in RULES if number in SCENARIOS}
    frameworks = {entry["name"]: entry for entry in old["frameworks"]}
    current = [n for n, value in hashes.items() if old["hashes"].get(n) == value and not everything]
    kept = {number: old["outcomes"][number] for number in current}
    outcomes: Any = {number: {} for number in hashes}
    for name, (python, module) in asked.items():
        played = outcomes_of(python, module, [n for n in hashes if name not in kept.get(n, {})])
        frameworks[name] = {"name": name, "short": " ".join(name.split()[:2]), "setup": played.pop("setup")}
        for number, outcome in played.items():
            outcomes[number][name] = outcome
    import minifit

    for number in hashes:
        others = {**kept.get(number, {}), **outcomes[number]}
        ordered = {name: others[name] for name in frameworks if name in others}
        outcomes[number] = {OURS: play(number, minifit), **ordered}
    text = {"frameworks": list(frameworks.values()), "hashes": hashes, "outcomes": outcomes}
    FILE.write_text(json.dumps(text, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")


def main(arguments: Any) -> None:
    if arguments[:1] == ["--play"]:
        module = framework(arguments[1])
        played = {number: play(number, module) for number in arguments[3:]}
        Path(arguments[2]).write_text(json.dumps({"setup": setup(), **played}), encoding="utf-8")
        return
    asked = {}
    for argument in arguments:
        if argument == "--all":
            continue
        name, _, place = argument.partition("=")
        python, _, module = place.rpartition(":")
        asked[name] = python, module
    record(asked, "--all" in arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
