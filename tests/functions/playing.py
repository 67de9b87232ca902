"""Plays expressions as TensorFlow 2.7 did when they were recorded: shapes, dtypes, numbers and gradients."""

import json
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from minifit import standin
from tests.functions import expressions


@cache
def recorded() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(expressions.FILE.read_text(encoding="utf-8"))
    return found


@cache
def tensorflow() -> Any:
    names: dict[str, ModuleType] = {}
    with standin.installed():
        exec("import tensorflow; tensorflow.keras.backend", names)
    return names["tensorflow"]


_results: Any = expressions.results


def each(group: str) -> pytest.MarkDecorator:
    """The expressions of a group, as the parameters of a test."""
    return pytest.mark.parametrize("expression", expressions.EXPRESSIONS[group])


def play(group: str, expression: str) -> None:
    """See that an expression gives what TensorFlow gave."""
    wanted = recorded()[group][expression]
    with standin.installed():
        made = _results(expression, tensorflow(), "without" not in group)
    assert [(r["shape"], r["dtype"]) for r in made["results"]] == [
        (r["shape"], r["dtype"]) for r in wanted["results"]
    ]
    for own, other in zip(made["results"], wanted["results"], strict=True):
        np.testing.assert_allclose(own["values"], other["values"], rtol=2e-5, atol=2e-6)
    assert {n: g is None for n, g in made["gradients"].items()} == {
        n: g is None for n, g in wanted["gradients"].items()
    }
    for name, gradient in wanted["gradients"].items():
        if gradient is not None:
            np.testing.assert_allclose(made["gradients"][name], gradient, rtol=2e-4, atol=2e-5)
