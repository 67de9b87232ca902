"""Stretches of axes, and what shapes broadcast to."""

from typing import Any

import pytest

from minifit.lowering.broadcasting import broadcast_shape, count_of, repeated_axes, stretches
from minifit.lowering.values import Unlowered


@pytest.mark.parametrize(
    "shape, axes, expected",
    [
        ((None, 2, 3), [2], [(2, -3, -1)]),
        ((None, 2, 3), [1], [(1, -2, -3)]),
        ((None, 2, 3), [1, 2], [(1, -6, -1)]),
        ((None, 2, 3), [0, 2], [(2, -3, -1), (-1, 1, -2)]),
        ((None, 2, 3), [0, 1, 2], [(-1, 6, -1)]),
        ((4, 1, 3), [1], []),
        ((), [], []),
    ],
)
def test_neighbouring_axes_are_one_stretch(shape: Any, axes: Any, expected: Any) -> None:
    assert stretches(shape, axes) == expected


def test_a_count_is_of_a_sample_or_negated() -> None:
    assert count_of((None, 2, 3)) == 6
    assert count_of((2, 3)) == -6
    assert count_of(()) == -1


def test_shapes_broadcast_as_in_numpy() -> None:
    assert broadcast_shape((None, 2, 3), (3,), (2, 1)) == (None, 2, 3)
    assert broadcast_shape((1, 3), (None, 1)) == (None, 3)
    assert repeated_axes((2, 1), (None, 2, 3)) == [0, 2]


@pytest.mark.parametrize("shapes", [((None, 2), (3,)), ((None, 2), (4, 2)), ((None,), (2, 1))])
def test_what_does_not_fit_every_batch_is_refused(shapes: Any) -> None:
    with pytest.raises(Unlowered):
        broadcast_shape(*shapes)
