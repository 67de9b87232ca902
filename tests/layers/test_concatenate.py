"""Concatenate joins along any axis, and names the shapes that do not join."""

from typing import Any

import numpy as np
import pytest

from minifit.errors import ArgumentError, ArgumentTypeError, ShapeError
from minifit.layers.concatenate import Concatenate, concatenate
from minifit.tensor import Tensor
from minifit.utils import check_gradients

CUBE = np.arange(24, dtype=np.float32).reshape(4, 2, 3)


def call(layer: Concatenate, *inputs: Any) -> Tensor:
    return layer.call([Tensor(x) for x in inputs])


@pytest.mark.parametrize(
    "axis, more", [(-1, CUBE[..., :1]), (2, CUBE), (1, CUBE[:, :1]), (-2, CUBE), (0, CUBE)]
)
def test_along_an_axis(axis: int, more: Any) -> None:
    layer = Concatenate(axis)
    y = call(layer, CUBE, more, CUBE)
    np.testing.assert_array_equal(y.value, np.concatenate([CUBE, more, CUBE], axis))
    assert layer.compute_output_shape([x.shape for x in (CUBE, more, CUBE)]) == y.shape
    check_gradients(lambda a, b: Concatenate(axis).call([a, b, a * 2.0]), CUBE, more)


# Shapes of inputs along the last axis and of the output, as TensorFlow 2.7 computes them.
@pytest.mark.parametrize(
    "shapes, expected",
    [
        ([(None, 3), (None, 2)], (None, 5)),
        ([(None, 3)], (None, 3)),
        ([(None, 3), (None, None)], (None, None)),
        ([(None, 3), (None, None), (None, 2)], (None, None)),
        ([(None, 2, 3), (None, 2, 4), (None, 2, 1)], (None, 2, 8)),
        ([(None, 2, 3), (None, None, 4)], (None, 2, 7)),
    ],
)
def test_shapes(shapes: Any, expected: Any) -> None:
    assert Concatenate().compute_output_shape(shapes) == expected


@pytest.mark.parametrize(
    "axis, shapes, says",
    [
        (
            -1,
            [(None, 2, 3), (None, 3, 3)],
            r"but axis=-1\. Received: shapes \(None, 2, 3\) and \(None, 3, 3\)",
        ),
        (1, [(None, 2, 3), (None, 3, 4)], r"but axis=1\. Received: shapes \(None, 2, 3\) and \(None, 3, 4\)"),
        (-1, [(None, 3), (None, 2, 3)], r"Received: shapes \(None, 3\) and \(None, 2, 3\)\. Reshape"),
        (
            2,
            [(None, 3), (None, 3)],
            r"an axis of its inputs\. Received: axis=2 for input of shape \(None, 3\)",
        ),
        (-3, [(None, 3), (None, 3)], r"Pass a number from -2 to 1"),
    ],
)
def test_shapes_that_do_not_join(axis: int, shapes: Any, says: str) -> None:
    with pytest.raises(ShapeError, match=says):
        Concatenate(axis).build(shapes)


def test_batches_of_different_lengths() -> None:
    with pytest.raises(ShapeError, match=r"as many samples as the others\. Received: shapes"):
        call(Concatenate(), CUBE, CUBE[:2])


def test_tensors_that_do_not_join() -> None:
    with pytest.raises(ShapeError, match=r"but axis=1\. Received: shapes \(4, 2, 3\) and \(4, 2, 2\)"):
        call(Concatenate(1), CUBE, CUBE[..., :2])
    with pytest.raises(ShapeError, match=r"an axis of its inputs\. Received: axis=5"):
        call(Concatenate(5), CUBE, CUBE)


def test_no_list() -> None:
    with pytest.raises(ArgumentTypeError, match="merges a list of inputs"):
        Concatenate().call(Tensor(CUBE))
    with pytest.raises(ArgumentError, match=r"at least 1 inputs\. Received: 0"):
        Concatenate().call([])


@pytest.mark.parametrize("axis", ["last", 1.5, None, [1]])
def test_an_axis_that_is_none(axis: Any) -> None:
    with pytest.raises(ArgumentTypeError, match="axis must be an integer"):
        Concatenate(axis)


def test_whole_numbers_stay_whole() -> None:
    assert call(Concatenate(), np.array([[1]]), np.array([[2, 3]])).value.tolist() == [[1, 2, 3]]
    assert call(Concatenate(), np.array([[1]]), np.array([[2.0, 3.0]], np.float32)).dtype == np.float32


def test_the_function_and_the_configuration() -> None:
    np.testing.assert_array_equal(concatenate([CUBE, CUBE], 1).value, np.concatenate([CUBE, CUBE], 1))
    assert Concatenate.from_config(Concatenate(1, name="mine").get_config()).axis == 1


def test_an_axis_that_is_changed() -> None:
    layer = Concatenate()
    layer.axis = 1
    assert layer([CUBE, CUBE]).shape == (4, 4, 3)
    with pytest.raises(ArgumentError, match=r"axis cannot change once a layer is built\. Received: axis=-1"):
        layer.axis = -1
