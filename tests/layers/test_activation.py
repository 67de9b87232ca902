"""An activation as a layer does what the function does."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minifit import Sequential, activations, layers
from minifit.errors import ArgumentTypeError, UnknownNameError
from minifit.layers import Activation, Dense, LeakyReLU, ReLU
from minifit.models import load_model
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


LEAKY = {"class_name": "LeakyReLU", "config": {"alpha": 0.5}}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (LeakyReLU(0.5), [-0.75, -0.25, 0.25]),
        (LEAKY, [-0.75, -0.25, 0.25]),
        ("LeakyReLU", [-0.45, -0.15, 0.25]),
        (ReLU, [0, 0, 0.25]),
        ("ELU", [np.exp(-1.5) - 1, np.exp(-0.5) - 1, 0.25]),
    ],
)
@pytest.mark.parametrize("made", [Activation, lambda a: Dense(3, a, kernel_initializer="identity")])
def test_a_layer_as_an_activation(given: Any, expected: list[float], made: Any) -> None:
    layer = made(given)
    np.testing.assert_allclose(layer(X).value[0], expected, rtol=1e-6)
    again = layers.deserialize(layers.serialize(layer))
    np.testing.assert_array_equal(again(X).value, layer(X).value)
    check_gradients(layer, X)


@pytest.mark.parametrize("name", ["m.h5", "m.keras"])
def test_a_layer_as_an_activation_in_a_file(name: str, tmp_path: Path) -> None:
    model = Sequential([Dense(3, LeakyReLU(0.5), input_shape=(3,)), Activation("Softmax")])
    model.compile("sgd", "mse")
    model.save(tmp_path / name)
    np.testing.assert_array_equal(load_model(tmp_path / name).predict(X), model.predict(X))


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
