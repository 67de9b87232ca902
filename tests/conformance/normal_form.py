"""The normal form of what is recorded: plain JSON, without what may differ from run to run."""

import csv
import io
import json
import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import numpy as np

from minifit.tensorboard.events import read_events

Json = Any


def number(value: Any) -> Json:
    """A number with seven digits, arrays as lists; NaN and infinity, for which JSON has no word, as strings."""
    if value is None or isinstance(value, bool | str | int):
        return value
    array = np.asarray(value)
    if array.ndim:
        return [number(v) for v in array.tolist()]
    plain = array.item()
    if isinstance(plain, float):
        return float(f"{plain:.7g}") if math.isfinite(plain) else str(plain)
    return plain


def logs_as_json(logs: Mapping[str, Any] | None) -> Json:
    return {key: number(value) for key, value in sorted((logs or {}).items())}


def shapes(logs: Mapping[str, Any] | None) -> Json:
    """Of predictions only the shapes, one for each output."""

    def of(value: Any) -> Json:
        return [of(v) for v in value] if isinstance(value, list) else f"array{np.shape(value)}"

    return {key: of(value) for key, value in (logs or {}).items()}


def result(returned: Any) -> Json:
    """What fit, evaluate, predict and their like returned."""
    if hasattr(returned, "history"):
        history = {key: number(values) for key, values in sorted(returned.history.items())}
        return {"epoch": list(returned.epoch), "history": history}
    if isinstance(returned, list):
        return [number(value) for value in returned]
    return logs_as_json(returned) if isinstance(returned, dict) else number(returned)


def standard_name(error: BaseException) -> str:
    """The standard class that an error belongs to: how it is caught, whatever it is called."""
    return next(c.__name__ for c in type(error).__mro__ if c.__module__ == "builtins")


# -- event files -------------------------------------------------------------------------------------------


def event_files(folder: Path) -> Json:
    """What TensorBoard would show: steps by folder, page and tag, with the values of scalars that are no speeds."""
    found: dict[str, Json] = {}
    for file in sorted(folder.rglob("*tfevents*")):
        tags = found.setdefault(file.parent.relative_to(folder).as_posix(), {"tags": {}})["tags"]
        for event in read_events(file):
            for value in event.values:
                if value.plugin == "graph_keras_model" or value.tag.endswith("/activation"):
                    continue
                exact = value.plugin == "scalars" and "steps_per_second" not in value.tag
                entry = [event.step, float(np.asarray(value.tensor))] if exact else event.step
                tags.setdefault(f"{value.plugin} {value.tag}", []).append(entry)
    return found


# -- weights -----------------------------------------------------------------------------------------------


def fingerprint(model: Any) -> list[float]:
    """One number for each array of weights."""
    return [float(f"{np.abs(w.astype(float)).sum():.6g}") for w in model.get_weights()]


def learning_rate(model: Any) -> float:
    return float(model.optimizer.learning_rate)


def moments_of(wanted: list[float], moments: Iterable[tuple[Json, list[float]]]) -> list[Json]:
    """The epochs or batches after which the weights had this fingerprint."""

    def same(found: list[float]) -> bool:
        near = (abs(a - b) <= 1e-4 * max(1e-3, abs(b)) for a, b in zip(wanted, found, strict=False))
        return len(wanted) == len(found) and all(near)

    return [when for when, found in moments if same(found)]


# -- files, messages, requests -----------------------------------------------------------------------------

_WORDS = {
    " improved from": "improved",
    "did not improve": "not_improved",
    "saving model": "saving",
    "early stopping": "early_stop",
    "ReduceLROnPlateau": "plateau",
    "LearningRateScheduler": "schedule",
}


def messages(printed: str) -> list[Json]:
    """Which callback spoke at which epoch; the other words are free."""
    found: list[Json] = []
    for line in printed.splitlines():
        if told := re.match(r"\s*Epoch 0*(\d+): (.*)", line):
            kinds = (kind for words, kind in _WORDS.items() if words in told[2])
            found.append([int(told[1]), next(kinds, "other")])
        elif "Restoring model weights" in line:
            found.append([None, "restoring"])
        elif "Invalid loss" in line:
            found.append([None, "invalid_loss"])
    return found


def files_in(folder: Path) -> list[str]:
    """All files, by their paths in the folder; the parts of one event file or backup count as one."""
    names = set()
    for file in folder.rglob("*"):
        if file.is_file():
            name = file.relative_to(folder).as_posix()
            name = re.sub(r"events\.out\.tfevents.*", "events", name)
            name = re.sub(r"(\.index|\.data-\d+-of-\d+|\.tmp)$", "", name)
            names.add("bk/*" if name.startswith("bk/") else name)
    return sorted(names)


def cells(text: str) -> list[list[Json]]:
    """The cells of a CSV file, numbers as numbers; the separator is not looked at."""
    rows = csv.reader(io.StringIO(re.sub(r"[;\t|]", ",", text)))
    return [[_cell(c) for c in row] for row in rows]


def _cell(text: str) -> Json:
    try:
        return number(float(f"{float(text):.6g}"))
    except ValueError:
        return text


def request_body(text: str) -> Json:
    """The JSON in a request: all of the body, or the fields of a form."""
    if text.startswith("{"):
        return json.loads(text)
    return {key: json.loads(values[0]) for key, values in parse_qs(text).items()}
