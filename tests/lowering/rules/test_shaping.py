"""The rules of shaping say no where a program has no instruction."""

from typing import Any

import pytest

from minifit import ops
from minifit.lowering import rules  # noqa: F401
from minifit.lowering.program import Program
from minifit.lowering.values import Unlowered
from minifit.randomness import Streams


@pytest.mark.parametrize("shape", [(4, -1), (-1,), (-1, 3), ()])
def test_samples_stay_apart(shape: Any) -> None:
    x: Any = Program(Streams(0)).value((None, 2, 2))
    with pytest.raises(Unlowered):
        ops.reshape(x, shape)
