"""The rules of metrics say no where a program has no instruction."""

import pytest

from minifit.lowering import rules  # noqa: F401
from minifit.lowering.program import Program
from minifit.lowering.values import Unlowered
from minifit.metrics import accuracy
from minifit.randomness import Streams


@pytest.mark.parametrize("function", [accuracy.binary_accuracy, accuracy.categorical_accuracy])
def test_targets_have_the_shape_of_predictions(function: object) -> None:
    program = Program(Streams(0))
    with pytest.raises(Unlowered):
        program.by_rule(function, program.value((None, 3)), program.value((None, 4)))  # type: ignore[arg-type]
