"""A shape is a tuple with TensorFlow's methods."""

from typing import Any

import numpy as np
import pytest

from minifit.errors import ArgumentTypeError, ShapeError
from minifit.functions.tensor_shape import TensorShape
from minifit.layers import Dense


def test_it_is_a_tuple() -> None:
    shape = TensorShape([None, np.int64(3)])
    assert shape == (None, 3)
    assert shape[-1] == 3
    assert type(shape[1]) is int
    layer = Dense(2)
    layer.build(shape)
    assert layer.kernel.shape == (3, 2)


def test_what_it_says_of_itself() -> None:
    shape = TensorShape((2, 3))
    assert (shape.rank, shape.ndims, shape.dims, shape.as_list()) == (2, 2, [2, 3], [2, 3])
    assert shape.is_fully_defined() and shape.num_elements() == 6
    assert not TensorShape([None, 3]).is_fully_defined()
    assert TensorShape([None, 3]).num_elements() is None
    assert TensorShape([]).num_elements() == 1


def test_shapes_that_fit() -> None:
    shape = TensorShape([None, 3])
    assert shape.is_compatible_with((5, 3)) and not shape.is_compatible_with((5, 4))
    assert not shape.is_compatible_with((3,))
    shape.assert_is_compatible_with([1, None])
    with pytest.raises(ShapeError, match=r"\(None, 3\) and \(3,\)"):
        shape.assert_is_compatible_with((3,))


@pytest.mark.parametrize("dims", [None, 3, "ab"])
def test_what_is_no_shape(dims: Any) -> None:
    with pytest.raises(ArgumentTypeError, match="A shape is a list of lengths"):
        TensorShape(dims)
