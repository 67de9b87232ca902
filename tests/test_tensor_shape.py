"""A shape is a tuple with TensorFlow's methods."""

import operator
from typing import Any

import numpy as np
import pytest

from minifit import Input, Sequential, Variable
from minifit.errors import ArgumentTypeError, ShapeError
from minifit.layers import Dense
from minifit.tensor import Tensor
from minifit.tensor_shape import TensorShape


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
    with pytest.raises(ArgumentTypeError, match="A shape must be a list of lengths"):
        TensorShape(dims)


def test_a_part_of_a_shape_is_a_shape() -> None:
    shape = TensorShape([None, 3, 2])
    assert shape[1:].as_list() == [3, 2]
    assert operator.add(shape, [4])[-2:] == shape[2:].concatenate((4,)) == [2, 4]
    assert operator.add([5], shape) == (5, None, 3, 2)
    assert {shape: 1}[TensorShape((None, 3, 2))] == 1


def test_a_list_of_the_lengths_is_equal() -> None:
    shape = TensorShape([2, 3])
    assert shape == [2, 3] and shape == (2, 3) and operator.eq([2, 3], shape)
    assert not operator.ne(shape, [2, 3]) and shape != [2, 4] and shape != (3, 2) and shape != "(2, 3)"


@pytest.mark.parametrize(
    "tensor",
    [
        Tensor(np.zeros((2, 3))),
        Variable(np.zeros((2, 3))),
        Sequential([Dense(3, input_shape=(2,))]).weights[0],
    ],
    ids=["tensor", "variable", "weight"],
)
def test_the_shape_of_tensors(tensor: Any) -> None:
    assert tensor.shape.as_list() == tensor.get_shape().as_list() == [2, 3]
    assert (tensor.shape.rank, tensor.shape.num_elements(), str(tensor.shape)) == (2, 6, "(2, 3)")
    tensor.set_shape([None, 3])
    tensor.set_shape(None)
    with pytest.raises(ShapeError, match=r"\(2, 3\) and \(7, 7\)"):
        tensor.set_shape([7, 7])


def test_the_shape_of_symbols() -> None:
    symbol = Dense(2)(Input((3,)))
    assert symbol.shape.as_list() == symbol.get_shape().as_list() == [None, 2]
    assert symbol.shape[1:].num_elements() == 2 and symbol.shape.num_elements() is None
    symbol.set_shape([7, 2])
    with pytest.raises(ShapeError, match="compatible"):
        symbol.set_shape([None, 3])
    assert symbol.ref().deref() is symbol


def test_tensors_as_keys() -> None:
    x, y = Tensor([1.0, 2.0]), Tensor([1.0, 2.0])
    table = {x.ref(): "x", y.ref(): "y"}
    assert table[x.ref()] == "x" and table[y.ref()] == "y"
    assert x.ref() == x.ref() != y.ref() and x.ref() != "x"
    assert x.ref().deref() is x
    assert "Tensor(shape=(2,)" in repr(x.ref())
