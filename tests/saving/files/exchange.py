"""Writes the files of one library and checks those of the other.

``python exchange.py write|check KERAS FOLDER [CASE ...]``

KERAS is ``tf27`` (run it with a Python that has tensorflow 2.7.4) or ``minifit``. `write` makes a file of every case
after three epochs, and a JSON of what the model predicts and how its next three epochs go. `check` loads each file
and compares. What `write tf27` makes is kept, packed, as ``tf27.zip``; `pack` does that.
"""

import json
import os
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))  # the root of the project

from tests.saving.files.cases import CASES, custom, seen, set_all, train
from tests.saving.files.cases_graphs import WEIGHTS_ALONE

ALL = CASES


def library(name: str) -> Any:
    if name == "minifit":
        import minifit

        return minifit
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from importlib import import_module

    return import_module("tensorflow").keras


def write(K: Any, folder: Path) -> None:
    for name, make in ALL.items():
        model = make(K)
        set_all(model)
        train(model, name)
        if name not in WEIGHTS_ALONE:
            model.save(str(folder / f"{name}.h5"))
        model.save_weights(str(folder / f"{name}.only.h5"))
        told = seen(model, name)
        (folder / f"{name}.json").write_text(json.dumps(told, default=np.ndarray.tolist))


def check(K: Any, folder: Path) -> int:
    wrong = 0
    for name, make in ALL.items():
        try:
            fresh = make(K)
            if fresh.built:
                fresh.load_weights(str(folder / f"{name}.only.h5"))
            model = fresh
            if name not in WEIGHTS_ALONE:
                model = K.models.load_model(str(folder / f"{name}.h5"), custom(K))
            for layer in model.layers:
                if hasattr(
                    layer, "finalize_state"
                ):  # tf.keras forgets it after load_model, not after load_weights
                    layer.finalize_state()
            told = json.loads((folder / f"{name}.json").read_text())
            found = json.loads(json.dumps(seen(model, name), default=np.ndarray.tolist))
            if name in WEIGHTS_ALONE:  # the optimizer begins anew
                told, found = ({"predicted": one["predicted"]} for one in (told, found))
            difference = worst(told, found)
        except Exception as error:
            difference = f"{type(error).__name__}: {error}"
        good = isinstance(difference, float) and difference < 1e-4
        wrong += not good
        print("  " if good else "! ", name, difference)
    print(f"{wrong} of {len(ALL)} disagree")
    return wrong


def worst(a: Any, b: Any) -> Any:
    """The largest relative difference, or what is not comparable."""
    if isinstance(a, dict):
        if sorted(a) != sorted(b):
            return f"keys {sorted(a)} and {sorted(b)}"
        found = [worst(a[k], b[k]) for k in a]
        return next((f for f in found if isinstance(f, str)), None) or max(found, default=0.0)
    a, b = np.asarray(a, float), np.asarray(b, float)
    if a.shape != b.shape:
        return f"shapes {a.shape} and {b.shape}"
    return float((np.abs(a - b) / np.maximum(1.0, np.abs(a))).max(initial=0.0))


def pack(folder: Path) -> None:
    """One archive of the files, without times."""
    with zipfile.ZipFile(
        Path(__file__).with_name("tf27.zip"), "w", zipfile.ZIP_DEFLATED, compresslevel=9
    ) as archive:
        for file in sorted(folder.iterdir()):
            archive.writestr(zipfile.ZipInfo(file.name), file.read_bytes(), zipfile.ZIP_DEFLATED)


if __name__ == "__main__":
    ALL = {name: make for name, make in ALL.items() if name in sys.argv[4:] or not sys.argv[4:]}
    what, keras, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    if what == "pack":
        pack(folder)
    elif what == "write":
        write(library(keras), folder)
    else:
        sys.exit(check(library(keras), folder) > 0)
