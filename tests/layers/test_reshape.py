"""Reshape keeps the values in their order."""

from typing import Any

import numpy as np
import pytest

from minifit import Sequential
from minifit.errors import ArgumentError, ShapeError
from minifit.layers import Dense, Reshape
from minifit.utils import check_gradients

X = np.arange(12, dtype=np.float32).reshape(2, 6)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ((3, 2), (3, 2)),
        ((-1, 2), (3, 2)),
        ((6,), (6,)),
        ((-1,), (6,)),
        ([3, -1, 1], (3, 2, 1)),
        ((1, 1, 6), (1, 1, 6)),
    ],
)
def test_shapes(target: Any, expected: tuple[int, ...]) -> None:
    layer = Reshape(target)
    y = layer(X)
    np.testing.assert_array_equal(y.value, X.reshape(2, *expected))
    assert layer.output_shape == (None, *expected)
    assert layer.get_config()["target_shape"] == tuple(target)
    check_gradients(layer, X)


def test_a_sample_of_one_number() -> None:
    assert Reshape(())(np.ones((4, 1), np.float32)).shape == (4,)
    assert Reshape((1,))(np.ones(4, np.float32)).shape == (4, 1)


@pytest.mark.parametrize(
    ("shape", "target", "expected"),
    [  # as TensorFlow 2.7
        ((None, None, 4), (2, -1), (None, 2, None)),
        ((None, None, 4), (2, 3), (None, 2, 3)),
        ((3, 6), (-1, 2), (3, 3, 2)),
        ((None, 2, 3), (-1,), (None, 6)),
    ],
)
def test_the_output_shape(shape: Any, target: Any, expected: Any) -> None:
    assert Reshape(target).compute_output_shape(shape) == expected


def test_an_empty_batch() -> None:
    assert Reshape((-1, 2))(X[:0]).shape == (0, 3, 2)


def test_in_a_model() -> None:
    model = Sequential([Reshape((2, 3), input_shape=(6,)), Dense(1, kernel_initializer="ones")])
    assert model.output_shape == (None, 2, 1)
    assert model.predict(X)[0].tolist() == [[3], [12]]


@pytest.mark.parametrize("target", [(4,), (4, -1), (), (5, 2)])
def test_values_that_do_not_fit(target: Any) -> None:
    with pytest.raises(
        ShapeError,
        match=r"'mine' keeps the number .* Received: input of shape \(None, 6\) .* shape of 6 values",
    ):
        Sequential([Reshape(target, input_shape=(6,), name="mine")])
    with pytest.raises(ShapeError, match="keeps the number"):
        Reshape(target)(X)


@pytest.mark.parametrize("target", [6, "6", (-1, -1), (0, 6), (-2, 3), (2.0, 3), (True, 6), None])
def test_what_is_no_shape(target: Any) -> None:
    with pytest.raises(
        ArgumentError, match=r"positive integers, one of which may be -1\. Received: target_shape="
    ):
        Reshape(target)
