"""An instruction of two values finds the numbers of both where they lie; only what has no layout is repeated first."""

from typing import Any

import pytest

from minifit.lowering.pairs import flow_plain, layout, pair
from minifit.lowering.program import Program
from minifit.randomness import Streams

WIDE = (None, 2, 3, 4)


@pytest.mark.parametrize(
    "shape, fields, repeats",
    [
        pytest.param(WIDE, (-1, 24, 0, 1, 0, 1), 0, id="one for one"),
        pytest.param((), (-1, 24, 0, 1, 0, 0), 0, id="a number"),
        pytest.param((4,), (6, -4, 4, 1, 0, 1), 0, id="a row"),
        pytest.param((3, 4), (2, -12, 12, 1, 0, 1), 0, id="a matrix"),
        pytest.param((None, 2, 3, 1), (6, -4, 4, 1, 1, 0), 0, id="a number for each row"),
        pytest.param((None, 1, 1, 1), (1, -24, 24, 1, 1, 0), 0, id="a number for each sample"),
        pytest.param((1, 2, 3, 1), (-1, 24, 0, 1, 0, 1), 2, id="repeated along the first and the last axis"),
        pytest.param((None, 1, 3, 1), (-1, 24, 0, 1, 0, 1), 2, id="repeated along two axes between others"),
    ],
)
def test_where_the_numbers_lie(shape: Any, fields: tuple[int, ...], repeats: int) -> None:
    program = Program(Streams(0))
    one, other = program.value(WIDE), program.value(shape)
    first, second, *found = layout(program, one, other, WIDE)
    assert (*found,) == fields
    assert [each.name for each in program.body] == ["repeat"] * repeats
    assert first.place is one.place
    assert (second.place is other.place) == (not repeats)


def test_nothing_flows_back_without_slopes() -> None:
    program = Program(Streams(0))
    x = program.value((None, 3))
    x.requires_grad = True
    assert not pair(program, "is_less", x, x).requires_grad
    assert pair(program, "add", x, x, lambda dy, a, b, y: None).requires_grad


def test_a_gradient_is_summed_up_over_what_was_repeated() -> None:
    program = Program(Streams(0))
    row, wide = program.value((3,)), program.value((None, 2, 3))
    row.requires_grad = True
    flow_plain(program, row, wide.place, wide.shape)
    (summed,) = program.body
    assert summed.name == "sum_along"
    assert summed.fields == (row.storage.grad, wide.place, -1, 2, -3)
