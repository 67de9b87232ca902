"""The contract of models: every class of models keeps it wholly."""

import inspect
from typing import Any

import pytest

from minifit import Model, Sequential
from minifit.models.model import Functional
from minifit.training.trainable import Trainable

PARTS = [
    name
    for name, part in vars(Trainable).items()
    if inspect.isfunction(function := getattr(part, "fget", part))
    and "raise NotImplementedError" in inspect.getsource(function)
]


def test_the_parts_are_found() -> None:
    assert {"forward", "input_keys", "output_names", "ready_for"} <= set(PARTS)


@pytest.mark.parametrize("kind", [Model, Sequential, Functional])
@pytest.mark.parametrize("name", PARTS)
def test_a_class_of_models_gives_every_part(kind: type[Any], name: str) -> None:
    assert getattr(kind, name) is not getattr(Trainable, name)
