"""The base class for data sets that give batches by number."""

from typing import Any

import numpy as np
import pytest

import minifit
from minifit.arrays import Array
from minifit.data import Sequence, is_array_like


class Squares(Sequence):
    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> tuple[Array, Array]:
        x = np.full((2, 1), index, np.float32)
        return x, x**2


def test_it_is_where_keras_has_it() -> None:
    assert minifit.utils.Sequence is Sequence


def test_it_iterates_over_its_batches() -> None:
    assert [int(x[0, 0]) for x, _ in Squares()] == [0, 1, 2]


def test_it_gives_batches() -> None:
    assert not is_array_like(Squares())


def test_nothing_happens_at_the_end_of_an_epoch() -> None:
    assert Squares().on_epoch_end() is None  # type: ignore[func-returns-value]


@pytest.mark.parametrize("missing", ["__len__", "__getitem__"])
def test_both_methods_are_needed(missing: str) -> None:
    members: dict[str, Any] = {"__len__": lambda self: 3, "__getitem__": lambda self, index: None}
    del members[missing]
    with pytest.raises(TypeError, match=missing):
        type("Half", (Sequence,), members)()
