"""The normal form of what is recorded: plain JSON, without what may differ when a run is played again."""

import csv
import io
import json
import math
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import numpy as np

from minifit.semantics.stage import fields, records

Json = Any


def number(value: Any) -> Json:
    """Return a number with seven digits, an array as lists; NaN and infinity, which JSON lacks, as strings."""
    if value is None or isinstance(value, (bool, str, int)):
        return value
    array = np.asarray(value)
    if array.ndim:
        return [number(v) for v in array.tolist()]
    plain = array.item()
    if isinstance(plain, float):
        return float(f"{plain:.7g}") if math.isfinite(plain) else str(plain)
    return plain


def logs_as_json(logs: Any) -> Json:
    """Return logs, or None, with their keys sorted."""
    return {key: number(value) for key, value in sorted((logs or {}).items())}


def shapes(logs: Any) -> Json:
    """Return the shapes of predictions, one for each output."""

    def of(value: Any) -> Json:
        return [of(v) for v in value] if isinstance(value, list) else f"array{np.shape(value)}"

    return {key: of(value) for key, value in (logs or {}).items()}


def result(returned: Any) -> Json:
    """Return what fit, evaluate, predict and their like returned."""
    if hasattr(returned, "history"):
        history = {key: number(values) for key, values in sorted(returned.history.items())}
        return {"epoch": [int(epoch) for epoch in returned.epoch], "history": history}
    if isinstance(returned, (list, tuple)):
        return [number(value) for value in returned]
    return logs_as_json(returned) if isinstance(returned, dict) else number(returned)


def standard_name(error: BaseException) -> str:
    """Return the name of the standard class by which an error is caught."""
    return next(c.__name__ for c in type(error).__mro__ if c.__module__ == "builtins")


# -- event files -------------------------------------------------------------------------------------------


def event_files(folder: Path) -> Json:
    """Return what TensorBoard would show: steps by folder, page and tag, with the values of scalars but speeds."""
    found: dict[str, Any] = {}
    for file in sorted(folder.rglob("*tfevents*")):
        tags = found.setdefault(file.parent.relative_to(folder).as_posix(), {"tags": {}})["tags"]
        for step, value in values_in(file):
            tag, plugin = value[1][0].decode(), plugin_of(value)
            if plugin == "graph_keras_model" or tag.endswith("/activation"):
                continue
            if plugin == "images" and tag.endswith("/image"):
                tag = tag[: -len("/image")]
            exact = plugin == "scalars" and "steps_per_second" not in tag
            tags.setdefault(f"{plugin} {tag}", []).append([step, scalar(value)] if exact else step)
    return found


Message = dict[int, list[Any]]
"""The fields of a protocol buffer's message by their numbers."""


def message(data: bytes) -> Message:
    """Return the fields of a message by their numbers."""
    found: Message = {}
    for key, value in fields(data):
        found.setdefault(key, []).append(value)
    return found


def values_in(file: Path) -> Iterator[tuple[int, Message]]:
    """Yield the step and the message of each value in an event file."""
    for event in map(message, records(file.read_bytes())):
        for summary in event.get(5, []):
            for value in message(summary).get(1, []):
                yield event.get(2, [0])[0], message(value)


def plugin_of(value: Message) -> str:
    """Return the page of TensorBoard that a value belongs to."""
    name: bytes = message(message(value[9][0])[1][0])[1][0]
    return name.decode()


def scalar(value: Message) -> float:
    """Return the number in a value: a tensor of float32 or float64, whose one entry stands in one of three fields."""
    tensor = message(value[8][0])
    form = {1: "<f4", 2: "<f8"}[tensor[1][0]]
    content = next(tensor[key][0] for key in (4, 5, 6) if key in tensor)
    return float(np.frombuffer(content, form)[0])


# -- weights -----------------------------------------------------------------------------------------------


def fingerprint(model: Any) -> list[float]:
    """Return one number for each array of weights."""
    return [float(f"{np.abs(np.asarray(w, float)).sum():.6g}") for w in model.get_weights()]


def moments_of(wanted: list[float], moments: Iterable[tuple[Json, list[float]]]) -> list[Json]:
    """Return the epochs or batches after which the weights had this fingerprint."""

    def same(found: list[float]) -> bool:
        near = (abs(a - b) <= 1e-4 * max(1e-3, abs(b)) for a, b in zip(wanted, found))
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
    """Return which callback spoke at which epoch; the other words are free."""
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
    """Return the paths of all files in a folder; the parts of one event file or backup count as one."""
    names = set()
    for file in folder.rglob("*"):
        if file.is_file():
            name = file.relative_to(folder).as_posix()
            name = re.sub(r"events\.out\.tfevents.*", "events", name)
            name = re.sub(r"(\.index|\.data-\d+-of-\d+|\.tmp)$", "", name)
            names.add("bk/*" if name.startswith("bk/") else name)
    return sorted(names)


def cells(text: str) -> list[list[Json]]:
    """Return the cells of a CSV file, numbers as numbers, whatever the separator."""
    rows = csv.reader(io.StringIO(re.sub(r"[;\t|]", ",", text)))
    return [[_cell(c) for c in row] for row in rows]


def _cell(text: str) -> Json:
    try:
        return number(float(f"{float(text):.6g}"))
    except ValueError:
        return text


def request_body(text: str) -> Json:
    """Return the JSON in a request: all of the body, or the fields of a form."""
    if text.startswith("{"):
        return json.loads(text)
    return {key: json.loads(values[0]) for key, values in parse_qs(text).items()}
