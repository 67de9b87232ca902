"""Every argument that is documented as a number takes every kind of number, and refuses by name what is none.

Found by introspection: the docstrings say which arguments are numbers, so that no class is forgotten.
"""

import inspect
import json
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from minifit import (
    activations,
    callbacks,
    constraints,
    initializers,
    layers,
    losses,
    metrics,
    optimizers,
    regularizers,
)
from minifit.callbacks import Callback
from minifit.errors import MinifitError
from minifit.optimizers import schedules
from tests.house.kinds import LISTS, NO_NUMBER, REAL, WHOLE

FAMILIES: list[ModuleType] = [
    callbacks,
    constraints,
    initializers,
    layers,
    losses,
    metrics,
    optimizers,
    regularizers,
    schedules,
]

NEEDED: dict[str, Any] = {
    "axes": 1,
    "backup_dir": "backup",
    "boundaries": [2, 4],
    "decay_rate": 0.5,
    "decay_steps": 4,
    "dims": (2, 1),
    "filename": "log.csv",
    "filepath": "weights.h5",
    "first_decay_steps": 4,
    "function": activations.relu,
    "initial_learning_rate": 0.5,
    "input_dim": 4,
    "learning_rate": 0.5,
    "n": 2,
    "name": "own",
    "num_tokens": 4,
    "output_dim": 2,
    "rate": 0.5,
    "scale": 0.5,
    "schedule": lambda epoch: 0.5,
    "stddev": 0.5,
    "target_shape": (4, 1),
    "units": 2,
    "values": [0.5, 0.25, 0.125],
}
"""Arguments that a class cannot be made without, by their names."""

BESIDE: dict[tuple[str, str], dict[str, Any]] = {
    ("AUC", "num_labels"): {"multi_label": True},
    ("IntegerLookup", "idf_weights"): {"vocabulary": [1, 2], "output_mode": "tf_idf"},
    ("StringLookup", "idf_weights"): {"vocabulary": ["a", "b"], "output_mode": "tf_idf"},
    ("InputLayer", "batch_size"): {"input_shape": (2,)},
}
"""What an argument cannot be given without."""

LINE = re.compile(r"^    (?P<names>[\w, ]+) : (?P<kind>int|float)\b(?P<more>.*)$", re.MULTILINE)
SEVERAL = re.compile(
    r"^    (?P<names>[\w, ]+) : .*(?:list|sequence|tuple) of (?P<kind>int|float)\b(?P<more>)", re.MULTILINE
)


def classes() -> Iterator[type]:
    for family in FAMILIES:
        for name in family.__all__:
            made = getattr(family, name)
            if inspect.isclass(made) and made.__name__ == name:
                yield made


def documented(pattern: re.Pattern[str]) -> list[tuple[type, str, str]]:
    """Each class with an argument of its own or of a base, and the kind that the docstring says."""
    found: dict[tuple[type, str], str] = {}
    for kind in classes():
        taken = inspect.signature(kind).parameters
        by_keyword = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in taken.values())
        for owner in kind.__mro__:
            text = (
                inspect.cleandoc(owner.__doc__ or "")
                .split("Parameters\n----")[-1]
                .split("\nAttributes\n---")[0]
            )
            for match in pattern.finditer("\n".join("    " + line for line in text.splitlines())):
                if " or " in match["more"] or match["names"] == "verbose":
                    continue  # lists, too; whether to say something
                for name in match["names"].split(", "):
                    if name in taken or (by_keyword and issubclass(kind, optimizers.Optimizer)):
                        found.setdefault((kind, name), match["kind"])
    return [(kind, name, number) for (kind, name), number in found.items()]


NUMBERS = documented(LINE)
LISTED = documented(SEVERAL)


def ids(cases: list[tuple[type, str, str]]) -> list[str]:
    return [f"{kind.__name__}-{name}" for kind, name, _ in cases]


def needed(kind: type) -> dict[str, Any]:
    parameters = inspect.signature(kind).parameters.values()
    named = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    rate = {"learning_rate": 0.1} if kind is optimizers.Optimizer else {}  # subclasses may set theirs later
    return {**rate, **{p.name: NEEDED[p.name] for p in named if p.default is p.empty}}


def made(kind: type, name: str, value: Any) -> Any:
    return kind(**{**needed(kind), **BESIDE.get((kind.__name__, name), {}), name: value})


def configuration(one: Any, name: str) -> Any:
    """What an object remembers of the argument, in a form that can be written to a file."""
    if not hasattr(one, "get_config") or isinstance(one, Callback):
        return getattr(one, name, None)
    config = one.get_config()
    config.pop("name", None)
    json.dumps(config)
    return config


def example(kind: type, name: str, number: str) -> Any:
    """A value that the argument may have, and every kind of number holds exactly."""
    given = needed(kind).get(name)
    if given is not None:
        return given
    if number == "int":
        default = inspect.signature(kind).parameters[name].default
        return default if isinstance(default, int) and 0 < default < 200 else 2
    return -0.5 if name == "learning_rate_power" else 0.5


@pytest.mark.parametrize(("kind", "name", "number"), NUMBERS, ids=ids(NUMBERS))
def test_a_number_of_every_kind(kind: type, name: str, number: str, tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    value = example(kind, name, number)
    expected = configuration(made(kind, name, value), name)
    for what, convert in (WHOLE if number == "int" else {**WHOLE, **REAL}).items():
        given = convert(value) if number == "int" or what in REAL else None
        if given is not None:
            assert configuration(made(kind, name, given), name) == expected, what


@pytest.mark.parametrize(("kind", "name", "number"), NUMBERS, ids=ids(NUMBERS))
def test_what_is_no_number_is_refused_by_name(
    kind: type, name: str, number: str, tmp_path: Any, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    for what, value in {**NO_NUMBER, "nan": float("nan"), "np.nan": np.float32("nan")}.items():
        try:
            made(kind, name, value)
        except MinifitError as error:
            assert re.search(rf"\b{name}\b", str(error)), (what, str(error))
            assert "Received" in str(error), what
        else:
            pytest.fail(f"{kind.__name__}({name}={what}) is taken")


@pytest.mark.parametrize(("kind", "name", "number"), LISTED, ids=ids(LISTED))
def test_numbers_in_whatever_lists_them(
    kind: type, name: str, number: str, tmp_path: Any, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    values: Any = needed(kind).get(name) or ([1, 2] if number == "int" else [0.25, 0.5])
    expected = configuration(made(kind, name, list(values)), name)
    for what, convert in LISTS.items():
        assert configuration(made(kind, name, convert(values)), name) == expected, what


def test_the_docstrings_were_read() -> None:
    assert len(NUMBERS) > 100
    assert {name for _, name, _ in LISTED} >= {"thresholds", "boundaries", "values", "axis", "label_weights"}
