"""Modules find their variables."""

import numpy as np

from minifit import layers
from minifit.functions.module import Module
from minifit.parameters import Variable


class Part(Module):
    def __init__(self, n: int) -> None:
        super().__init__()
        self.w = Variable(np.ones((n, 2)), name="w")
        self.steps = Variable(0, trainable=False, name="steps")


class Whole(Module):
    def __init__(self) -> None:
        super().__init__(name="all_of_it")
        self.parts = [Part(1), {"b": Part(2)}]
        self.again = self.parts[0]
        self.dense = layers.Dense(1, input_shape=(2,))
        self.dense.build((None, 2))
        self.label = "no variable"


def test_variables_of_its_own_and_of_its_parts() -> None:
    whole = Whole()
    assert [v.shape for v in whole.trainable_variables] == [(1, 2), (2, 1), (1,), (2, 2)]
    assert len(whole.variables) == 6
    assert {v.name for v in whole.non_trainable_variables} == {"steps:0"}


def test_its_parts() -> None:
    whole = Whole()
    assert set(whole.submodules) == {whole.again, whole.dense, whole.parts[1]["b"]}  # type: ignore[index]


def test_the_parts_of_its_parts() -> None:
    outer = Module()
    outer.inner = whole = Whole()  # type: ignore[attr-defined]
    assert set(outer.submodules) == {whole, *whole.submodules}


def test_its_name() -> None:
    assert (Whole().name, Part(1).name) == ("all_of_it", "part")


def test_a_scope_changes_nothing() -> None:
    part = Part(1)
    with part.name_scope:
        assert Module.with_name_scope(part.__init__) == part.__init__  # type: ignore[misc]
