"""Classes that are names alone can be derived from and asked about, and are refused where an object is needed."""

from typing import Any

import numpy as np
import pytest

from minifit.errors import MissingNameError
from minifit.layers import Dense, Layer
from minifit.registration import get_custom_objects, register_keras_serializable
from minifit.standin import absent
from minifit.tensor import Tensor

CLASSES = [value for value in vars(absent).values() if isinstance(value, absent.Absent)]


@pytest.mark.parametrize("cls", CLASSES)
def test_it_has_no_objects(cls: Any) -> None:
    assert not any(isinstance(thing, cls) for thing in (Tensor(np.ones(2)), Dense(1), 1))
    with pytest.raises(
        MissingNameError, match=rf"has only the name {cls.__name__}: .*Received: {cls.__name__}\("
    ):
        cls(3)


def test_a_package_derives_from_it_and_registers_the_class() -> None:
    class OwnCell(absent.LSTMCell):
        """A cell of a package."""

    try:
        assert register_keras_serializable("p")(OwnCell) is OwnCell
        assert issubclass(OwnCell, Layer)
        with pytest.raises(MissingNameError, match=r"has only the name LSTMCell: .*Received: OwnCell\("):
            OwnCell("name")
    finally:
        get_custom_objects().pop("p>OwnCell")


def test_methods_of_the_class_are_refused_and_the_questions_of_python_are_not() -> None:
    with pytest.raises(MissingNameError, match=r"Received: RandomGenerator\.from_seed\."):
        absent.RandomGenerator.from_seed(1)
    assert not hasattr(absent.RandomGenerator, "__wrapped__")
