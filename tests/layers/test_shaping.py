"""Shapes of inputs that are declared, and settings that shapes depend on."""

from typing import Any

import pytest

from minifit.errors import ArgumentError, ArgumentTypeError
from minifit.layers import Dense
from minifit.layers.shaping import declared


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (((3, None), None, None), (None, 3, None)),
        ((None, 4, None), (None, 4)),
        (((3,), None, (8, 2)), (8, 2)),
        ((None, None, None), None),
    ],
)
def test_a_shape_is_declared_in_one_of_three_ways(given: Any, expected: Any) -> None:
    assert declared(*given) == expected


@pytest.mark.parametrize(
    ("given", "error", "shown"),
    [
        (((0,), None, None), ArgumentError, "positive integers. Received: \\(0,\\)"),
        ((None, 1.5, None), ArgumentError, "input_dim=1.5"),
        ((5, None, None), ArgumentTypeError, "input_shape is a tuple"),
    ],
)
def test_other_shapes_are_refused(given: Any, error: type[Exception], shown: str) -> None:
    with pytest.raises(error, match=shown):
        declared(*given)


def test_what_shapes_depend_on_is_settled_when_a_layer_is_built() -> None:
    layer = Dense(3)
    layer.units = 4
    layer.build_for((None, 2))
    with pytest.raises(ArgumentError, match="cannot change once a layer is built"):
        layer.units = 5
