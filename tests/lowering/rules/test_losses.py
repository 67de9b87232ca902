"""The rules of losses say no where a program has no instruction."""

from typing import Any

import pytest

from minifit import ops
from minifit.lowering import rules  # noqa: F401
from minifit.lowering.program import Program
from minifit.lowering.values import Unlowered
from minifit.randomness import Streams


def test_class_numbers_are_whole_and_one_a_sample() -> None:
    program = Program(Streams(0))
    p: Any = program.value((None, 4))
    with pytest.raises(Unlowered):
        ops.sparse_categorical_crossentropy(program.value((None,)), p)  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [(None, 3), (4,)])
def test_weights_are_one_for_each_sample_or_value(shape: Any) -> None:
    program = Program(Streams(0))
    values: Any = program.value((None, 4))
    with pytest.raises(Unlowered):
        ops.weighted_mean(values, program.value(shape), 1)  # type: ignore[arg-type]
