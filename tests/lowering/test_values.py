"""Values know how a program counts their numbers, and have none."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minifit import ops
from minifit.lowering import rules  # noqa: F401
from minifit.lowering.program import Program
from minifit.lowering.values import Unlowered
from minifit.randomness import Streams


@pytest.mark.parametrize(
    ("shape", "count", "rows", "columns"),
    [
        ((None, 4), 4, 1, 4),
        ((None, 3, 4), 12, 3, 4),
        ((None,), 1, 1, 1),
        ((3, 4), -12, -3, 4),
        ((), -1, -1, 1),
    ],
)
def test_counts(shape: tuple[int | None, ...], count: int, rows: int, columns: int) -> None:
    value = Program(Streams(0)).value(shape)
    assert (value.count, value.rows, value.columns) == (count, rows, columns)


@pytest.mark.parametrize(
    "look", [float, bool, np.asarray, lambda v: v.value, lambda v: 0 if v > 0 else 1, len, list]
)
def test_a_look_at_the_numbers_takes_no_part(look: Callable[[Any], Any]) -> None:
    with pytest.raises(Unlowered):
        look(Program(Streams(0)).value((None, 4)))


def test_other_shapes_share_the_numbers() -> None:
    program = Program(Streams(0))
    value = program.value((None, 4))
    assert list(ops.reshape(value, (-1, 2, 2)).shape) == [None, 2, 2]  # type: ignore[arg-type]
    assert value.reshape(None, 2, -1).storage is value.storage
