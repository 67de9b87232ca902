"""An activation as a layer does what the function does."""

from typing import Any

import numpy as np
import pytest

from minifit import Sequential, activations
from minifit.errors import ArgumentTypeError, UnknownNameError
from minifit.layers import Activation, Dense
from minifit.tensor import Tensor
from minifit.utils import check_gradients

X = np.array([[-1.5, -0.5, 0.25], [0.75, 1.0, -2.0]], np.float32)


@pytest.mark.parametrize("name", activations.TABLE)
@pytest.mark.parametrize("as_function", [False, True])
def test_its_output(name: str, as_function: bool) -> None:
    layer = Activation(activations.TABLE[name] if as_function else name)
    np.testing.assert_array_equal(layer(X).value, activations.TABLE[name](X).value)
    assert layer.get_config()["activation"] == activations.TABLE[name].__name__
    assert layer.count_params() == 0
    check_gradients(layer, X)


@pytest.mark.parametrize("name", activations.TABLE)
def test_after_a_dense_layer_it_is_that_layers_activation(name: str) -> None:
    together = Sequential([Dense(3, name, kernel_initializer="ones", input_shape=(3,))])
    apart = Sequential([Dense(3, kernel_initializer="ones", input_shape=(3,)), Activation(name)])
    for model in (together, apart):
        model.compile("adam", "mse")
        model.fit(X, X**2, epochs=3, shuffle=False, verbose=0)
    for a, b in zip(together.get_weights(), apart.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_none_is_linear() -> None:
    layer = Activation(None)
    np.testing.assert_array_equal(layer(X).value, X)
    assert layer.get_config()["activation"] == "linear"


def test_a_function_of_ones_own() -> None:
    def cubed(x: Tensor) -> Tensor:
        return x * x * x

    layer = Activation(cubed)
    np.testing.assert_allclose(layer(X).value, X**3, rtol=1e-6)
    assert layer.get_config()["activation"] == "cubed"


def test_the_configuration_in_the_order_of_tensorflow() -> None:
    expected = [("name", "a"), ("trainable", True), ("dtype", "float32"), ("activation", "relu")]
    assert list(Activation("relu", name="a").get_config().items()) == expected


def test_any_shape() -> None:
    for shape in ((6,), (1, 6), (1, 2, 3), (2, 3, 1, 1)):
        layer = Activation("tanh")
        assert layer(X.reshape(shape)).shape == shape
        assert layer.output_shape == (None, *shape[1:])


def test_it_is_needed() -> None:
    with pytest.raises(TypeError, match="activation"):
        Activation()  # type: ignore[call-arg]


@pytest.mark.parametrize(("wrong", "error"), [("rellu", UnknownNameError), (3, ArgumentTypeError)])
def test_what_is_no_activation(wrong: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"activation.*(Did you mean 'relu'|Received: 3)"):
        Activation(wrong)
