"""Softmax along any axes is what TensorFlow 2.7 computes."""

from typing import Any

import numpy as np
import pytest

from minifit import Sequential
from minifit.errors import ArgumentTypeError, ShapeError
from minifit.layers import Dense, Softmax
from minifit.utils import check_gradients

X = np.array([[-2, -0.5, 0, 0.5, 3, 8]], np.float32)
CUBE = np.sin(np.arange(24, dtype=np.float32)).reshape(2, 3, 4)


def test_its_output() -> None:
    np.testing.assert_allclose(
        Softmax()(X).value.ravel(),  # as TensorFlow 2.7 computes it
        [4.5045184e-05, 0.0002018785, 0.00033284139, 0.00054876268, 0.0066852979, 0.99218619],
        rtol=1e-6,
    )
    np.testing.assert_allclose(
        Softmax(axis=1)(X.reshape(1, 2, 3)).value[0],
        [[0.075858183, 0.029312231, 0.00033535014], [0.92414182, 0.97068775, 0.99966466]],
        rtol=1e-6,
    )
    np.testing.assert_allclose(
        Softmax([1, 2])(X.reshape(1, 2, 3)).value.ravel(), Softmax()(X).value.ravel(), rtol=1e-6
    )


@pytest.mark.parametrize("axis", [-1, 0, 1, [1, 2], [2, 1], [0, 2], [-1, 0], [0, 1, 2], [1]], ids=str)
def test_it_sums_to_one(axis: Any) -> None:
    e = np.exp(CUBE)
    over = tuple(axis) if isinstance(axis, list) else axis
    y = Softmax(axis)(CUBE)
    np.testing.assert_allclose(y.value, e / e.sum(over, keepdims=True), rtol=1e-5)
    check_gradients(Softmax(axis), CUBE)


def test_a_loss_sees_the_logits() -> None:
    x, y = np.array([[100.0, 0.0]]), np.array([[0.0, 1.0]])
    model = Sequential(
        [Dense(2, kernel_initializer=lambda shape: np.eye(*shape), input_shape=(2,)), Softmax()]
    )
    model.compile("sgd", "categorical_crossentropy")
    assert model.evaluate(x, y, verbose=0) == pytest.approx(100)  # and not -log of a clipped 0


def test_the_configuration() -> None:
    assert list(Softmax(name="s").get_config().items())[2:] == [("dtype", "float32"), ("axis", -1)]
    assert Softmax.from_config(Softmax((1, 2)).get_config()).axis == [1, 2]


@pytest.mark.parametrize("axis", [3, -4, [0, 0], [0, 5]])
def test_axes_that_are_not_there(axis: Any) -> None:
    with pytest.raises(ShapeError, match=r"axes of its input, each once\. Received: axis=.* rank 3"):
        Softmax(axis)(CUBE)


@pytest.mark.parametrize("axis", ["a", 1.0, None, []])
def test_axes_that_are_none(axis: Any) -> None:
    with pytest.raises(ArgumentTypeError, match=r"Received: axis="):
        Softmax(axis)
