"""Writes files in Keras 3's formats and checks them.

``python exchange_keras3.py write|check LIBRARY FOLDER [CASE ...]``

LIBRARY is ``keras`` (run it with a Python that has keras 3.15.1 and jax) or ``minifit``. `write` makes files of every
case after three epochs, the whole model and the weights alone, and a JSON of what the model predicts and how its next
three epochs go. `check` loads each file and compares. What `write keras` makes is kept, packed, as ``keras3.zip``;
``pack keras FOLDER`` does that.
"""

import io
import json
import os
import sys
import zipfile
from contextlib import redirect_stdout
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))  # the root of the project

from tests.saving.files.cases import custom, seen, set_all, train
from tests.saving.files.cases_keras3 import KERAS3, OBJECTS, PREDICTED
from tests.saving.files.exchange import worst

ALL = KERAS3


def write(K: Any, folder: Path) -> None:
    if K.__name__ == "keras":
        written = {name: K.saving.serialize_keras_object(make(K)) for name, make in OBJECTS.items()}
        (folder / "objects.json").write_text(json.dumps(written))
        families = ("activations", "losses", "metrics")
        names = {f: list(map(str, import_module(f"keras.src.{f}").ALL_OBJECTS_DICT)) for f in families}
        (folder / "known.json").write_text(json.dumps(names))
        versions = {module: version(module) for module in ("keras", "jax", "h5py", "numpy")}
        (folder / "versions.json").write_text(json.dumps({**versions, "python": sys.version.split()[0]}))
    for name, make in ALL.items():
        model = make(K)
        set_all(model)
        for layer in model.layers:
            if hasattr(
                layer, "finalize_state"
            ):  # Normalization of Keras keeps what it was adapted to otherwise
                layer.finalize_state()
        train(model, name)
        model.save(str(folder / f"{name}.keras"))
        model.save_weights(str(folder / f"{name}.weights.h5"))
        (folder / f"{name}.json").write_text(json.dumps(quietly_seen(model, name), default=np.ndarray.tolist))


def check(K: Any, folder: Path) -> int:
    wrong = 0
    for name in ALL:
        try:
            differences = [difference(model, name, folder) for model in loaded(K, name, folder)]
        except Exception as error:
            differences = [f"{type(error).__name__}: {error}"]
        good = all(isinstance(d, float) and d < 1e-4 for d in differences)
        wrong += not good
        print("  " if good else "! ", name, *differences)
    print(f"{wrong} of {len(ALL)} disagree")
    return wrong


def loaded(K: Any, name: str, folder: Path) -> list[Any]:
    """The model from its file, and a new one with the weights and the optimizer's state from theirs."""
    fresh = ALL[name](K)
    if not fresh.built:
        fresh.build((None, 3))
    if K.__name__ == "keras":  # which has no place for the state before
        fresh.optimizer.build(fresh.trainable_variables)
    fresh.load_weights(str(folder / f"{name}.weights.h5"))
    return [K.models.load_model(str(folder / f"{name}.keras"), custom(K)), fresh]


def difference(model: Any, name: str, folder: Path) -> Any:
    """How far the model is from what the other library has told of it."""
    told, found = json.loads((folder / f"{name}.json").read_text()), quietly_seen(model, name)
    told["history"], found["history"] = ({"loss": one["history"]["loss"]} for one in (told, found))
    for key in ("history", "after") if name in PREDICTED else ():
        del told[key], found[key]
    return worst(told, json.loads(json.dumps(found, default=np.ndarray.tolist)))


def quietly_seen(model: Any, name: str) -> Any:
    """What `seen` returns, without the bars that Keras draws."""
    with redirect_stdout(io.StringIO()):
        return seen(model, name)


def pack(folder: Path) -> None:
    """One archive of the files, without times."""
    with zipfile.ZipFile(Path(__file__).with_name("keras3.zip"), "w", compresslevel=9) as archive:
        for file in sorted(folder.iterdir()):
            archive.writestr(zipfile.ZipInfo(file.name), file.read_bytes(), zipfile.ZIP_DEFLATED)


def library(name: str) -> Any:
    os.environ.setdefault("KERAS_BACKEND", "jax")
    return import_module(name)


if __name__ == "__main__":
    ALL = {name: make for name, make in ALL.items() if name in sys.argv[4:] or not sys.argv[4:]}
    what, name, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    if what == "pack":
        pack(folder)
    elif what == "write":
        write(library(name), folder)
    else:
        sys.exit(check(library(name), folder) > 0)
