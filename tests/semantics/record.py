"""Plays the scenarios of the rules on other frameworks and writes minifit/semantics/record.json.

    python tests/semantics/record.py "tf.keras 2.7.4=PYTHON:tensorflow.keras" "Keras 3.15.1 on JAX=PYTHON:keras" ...

Each framework runs in a process of its own, under the PYTHON that has it (3.9 or newer, with `requests`);
``KERAS_BACKEND=jax`` comes from the caller. Only scenarios are played whose source has changed, or that a framework was
not asked yet; ``--all`` in front plays every one. docs/conformance.md says how to make the environments.
"""

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

import minifit  # noqa: E402
from minifit.semantics import RULES  # noqa: E402
from minifit.semantics.asking import ask_under  # noqa: E402
from minifit.semantics.playing import SCENARIOS, play  # noqa: E402
from minifit.semantics.record import FILE, OURS, fingerprint  # noqa: E402


def record(asked: dict[str, tuple[str, str]], everything: bool) -> None:
    """Write the record; `asked` has the Python and the module of each framework by its name."""
    old = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {"frameworks": [], "hashes": {}}
    hashes = {number: fingerprint(number) for number in RULES if number in SCENARIOS}
    frameworks = {entry["name"]: entry for entry in old["frameworks"]}
    current = [n for n, value in hashes.items() if old["hashes"].get(n) == value and not everything]
    kept = {number: old["outcomes"][number] for number in current}
    outcomes: Any = {number: {} for number in hashes}
    for name, (python, module) in asked.items():
        setup, played = ask_under(python, module, [n for n in hashes if name not in kept.get(n, {})])
        frameworks[name] = {"name": name, "short": " ".join(name.split()[:2]), "setup": setup}
        for number, outcome in played.items():
            outcomes[number][name] = outcome
    for number in hashes:
        others = {**kept.get(number, {}), **outcomes[number]}
        ordered = {name: others[name] for name in frameworks if name in others}
        outcomes[number] = {OURS: play(number, minifit), **ordered}
    text = {"frameworks": list(frameworks.values()), "hashes": hashes, "outcomes": outcomes}
    FILE.write_text(json.dumps(text, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")


def main(arguments: list[str]) -> None:
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
