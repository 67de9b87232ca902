"""PReLU learns its slope below zero, one for every value or for all along an axis."""

from typing import Any

import numpy as np
import pytest

from minifit import Sequential
from minifit.errors import ArgumentError, ArgumentTypeError, ShapeError
from minifit.layers import Dense, PReLU
from minifit.utils import check_gradients

X = np.array([[-2, -0.5, 0, 0.5, 1, 3]], np.float32)


def test_its_output() -> None:
    layer = PReLU(alpha_initializer="ones")
    layer(X)
    layer.set_weights([np.full(6, 0.25)])
    np.testing.assert_array_equal(layer(X).value, [[-0.5, -0.125, 0, 0.5, 1, 3]])  # as TensorFlow 2.7


def test_at_first_it_is_relu() -> None:
    np.testing.assert_array_equal(PReLU()(X).value, np.maximum(X, 0))


@pytest.mark.parametrize(
    ("shared", "shape"), [(None, (2, 3)), (1, (1, 3)), ([2], (2, 1)), ((1, 2), (1, 1)), ([], (2, 3))]
)
def test_shared_axes(shared: Any, shape: tuple[int, ...]) -> None:
    layer = PReLU(shared_axes=shared)
    layer.build((None, 2, 3))
    assert layer.alpha.shape == shape
    assert layer.weights[0].name == f"{layer.name}/alpha:0"


@pytest.mark.parametrize("shared", [None, [1]])
def test_gradients(shared: Any) -> None:
    x = np.linspace(-1, 1, 12).reshape(2, 2, 3)
    check_gradients(PReLU("random_uniform", shared_axes=shared), x)


def test_the_slope_is_learned() -> None:
    model = Sequential([PReLU(input_shape=(6,)), Dense(1, kernel_initializer="ones", trainable=False)])
    model.compile("sgd", "mse")
    x = np.tile(-np.abs(X), (8, 1))
    model.fit(x, 0.5 * x.sum(axis=1), epochs=300, verbose=0)
    assert model.evaluate(x, 0.5 * x.sum(axis=1), verbose=0) < 1e-3


def test_the_shared_sizes_need_not_be_known() -> None:
    PReLU(shared_axes=1).build((None, None, 3))
    with pytest.raises(ShapeError, match=r"size along axis=\[1\] is known"):
        PReLU(shared_axes=2).build((None, None, 3))


def test_the_configuration_in_the_order_of_tensorflow() -> None:
    config = PReLU("ones", "l2", "non_neg", 1, name="p").get_config()
    assert list(config) == [
        "name",
        "trainable",
        "dtype",
        "alpha_initializer",
        "alpha_regularizer",
        "alpha_constraint",
        "shared_axes",
    ]
    assert config["shared_axes"] == [1]
    assert PReLU.from_config(config).get_config() == config


@pytest.mark.parametrize("wrong", [0, -1, [1, 0], "a", 1.5, True])
def test_arguments(wrong: Any) -> None:
    with pytest.raises((ArgumentError, ArgumentTypeError), match=r"ax[ei]s .*Received: "):
        PReLU(shared_axes=wrong)


def test_axes_that_the_input_does_not_have() -> None:
    with pytest.raises(ShapeError, match="needs axes of its input"):
        PReLU(shared_axes=2)(X)
