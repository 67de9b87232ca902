"""What layers ask of their axes, and how the errors say it."""

import numpy as np
import pytest

from minifit.errors import ArgumentTypeError, ShapeError
from minifit.layers.axes import (
    check_features,
    checked_axes,
    given_axes,
    known_sizes,
    spread,
)
from minifit.parameters import Parameter


def test_axes() -> None:
    assert given_axes(np.int64(-1)) == -1
    assert given_axes((1, 2)) == [1, 2]
    assert checked_axes("l", -1, 3) == [2]
    assert checked_axes("l", [-1, 1], 3) == [2, 1]
    for wrong in (True, "a", [], [1.0], None):
        with pytest.raises(ArgumentTypeError, match="Received: axis="):
            given_axes(wrong)
    for axis in (3, -4, [0, 0], [1, -2]):
        with pytest.raises(ShapeError, match="each once"):
            checked_axes("l", axis, 3)


def test_sizes() -> None:
    assert known_sizes("l", (None, 4, 3), [2, 1]) == (3, 4)
    with pytest.raises(ShapeError, match=r"axis=\[0\] is known\. Received: \(None, 4\)"):
        known_sizes("l", (None, 4), [0])


def test_features() -> None:
    check_features("l", (5, 4, 3), (1, 4, 3))
    check_features("l", (5, 4, 3), (1, 1, 3))
    for shape in ((5, 4), (5, 3, 3), (5, 4, 1)):
        with pytest.raises(ShapeError, match=r"'l' was built for input of shape \(n, 4, 3\)"):
            check_features("l", shape, (1, 4, 3))


def test_spreading() -> None:
    vector = Parameter("v", np.arange(3.0))
    assert spread(None, (1, 3)) is None
    assert spread(vector, (1, 3)) is vector
    moved = spread(vector, (1, 3, 1))
    assert moved is not None
    assert moved.shape == (1, 3, 1)
