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
from minifit.semantics.playing import SCENARIOS, UNASKED, play, without_message  # noqa: E402
from minifit.semantics.record import FILE, OURS, fingerprint, place_of  # noqa: E402


def record(asked: dict[str, tuple[str, str]], everything: bool) -> None:
    """Write the record; `asked` has the Python and the module of each framework by its name."""
    empty: dict[str, Any] = {"frameworks": [], "scenarios": {}}
    old = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else empty
    entries = {n: {"place": place_of(n), "hash": fingerprint(n)} for n in RULES if n in SCENARIOS}
    frameworks = {entry["name"]: entry for entry in old["frameworks"]}
    current = [n for n, entry in entries.items() if old["scenarios"].get(n) == entry and not everything]
    kept = {number: old["outcomes"][number] for number in current}
    outcomes: Any = {number: {} for number in entries}
    for name, (python, module) in asked.items():
        setup, played = ask_under(python, module, [n for n in entries if name not in kept.get(n, {})])
        frameworks[name] = {"name": name, "short": " ".join(name.split()[:2]), "setup": setup}
        for number, outcome in played.items():
            outcomes[number][name] = without_message(outcome)
    for number in entries:
        others = {**kept.get(number, {}), **outcomes[number]}
        ordered = {name: others[name] for name in frameworks if name in others}
        outcomes[number] = {OURS: play(number, minifit), **ordered}
    text = {
        "frameworks": list(frameworks.values()),
        "scenarios": entries,
        "unasked": {number: UNASKED[number] for number in RULES if number in UNASKED},
        "outcomes": outcomes,
    }
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
