"""Lambda makes a layer of a function, and never reads one from a file."""

from typing import Any

import numpy as np
import pytest

from minifit import Sequential, layers, ops
from minifit.errors import ArgumentError, ArgumentTypeError, GradientError
from minifit.layers import Dense, Lambda
from minifit.tensor import Tensor
from minifit.utils import check_gradients

X = np.array([[-2, -0.5, 0.25], [0.5, 3, 8]], np.float32)


def doubled(x: Tensor) -> Tensor:
    return x * 2


def test_its_output() -> None:
    np.testing.assert_array_equal(Lambda(doubled)(X).value, X * 2)
    np.testing.assert_array_equal(Lambda(lambda x, k: x * k, arguments={"k": 3})(X).value, X * 3)
    np.testing.assert_allclose(Lambda(ops.tanh)(X).value, np.tanh(X), rtol=1e-6)


def test_gradients() -> None:
    check_gradients(Lambda(lambda x: ops.tanh(x[:, :2] * x[:, 1:])), X)


def test_a_function_may_ask_whether_it_is_training() -> None:
    layer = Lambda(lambda x, training=None: x * 2 if training else x)
    np.testing.assert_array_equal(layer(X).value, X)
    np.testing.assert_array_equal(layer(X, training=True).value, X * 2)
    fixed = Lambda(lambda x, training: x * 2 if training else x, arguments={"training": True})
    np.testing.assert_array_equal(fixed(X).value, X * 2)


@pytest.mark.parametrize(
    ("output_shape", "expected"),
    [(None, (None, 2)), ((2,), (None, 2)), ([2], (None, 2)), (lambda shape: (shape[0], 2), (None, 2))],
)
def test_the_output_shape(output_shape: Any, expected: Any) -> None:
    layer = Lambda(lambda x: x[:, :2], output_shape=output_shape)
    assert layer.compute_output_shape((None, 6)) == expected


def test_in_a_model() -> None:
    model = Sequential([Lambda(lambda x: x[:, :2], input_shape=(3,)), Dense(1), Lambda(doubled)])
    assert model.output_shape == (None, 1)
    model.compile("sgd", "mse")
    history = model.fit(X, X[:, :1], epochs=20, verbose=0).history["loss"]
    assert history[-1] < history[0]


def test_the_configuration_names_the_function() -> None:
    def scaled(x: Tensor, k: float) -> Tensor:
        return x * k

    config = Lambda(scaled, arguments={"k": 1}, name="l").get_config()
    assert list(config.items()) == [
        ("name", "l"),
        ("trainable", True),
        ("dtype", "float32"),
        ("function", "scaled"),
        ("function_type", "function"),
        ("module", __name__),
        ("output_shape", None),
        ("output_shape_type", "raw"),
        ("output_shape_module", None),
        ("arguments", {"k": 1}),
    ]
    config = Lambda(lambda x: x, output_shape=doubled).get_config()
    assert (config["function"], config["function_type"]) == ("<lambda>", "lambda")
    assert (config["output_shape"], config["output_shape_type"]) == ("doubled", "function")


@pytest.mark.parametrize(
    "stored",
    [{}, {"function": ["4wEAAAA=", None, None]}, {"function": ("4wEAAAA=", None, None)}, {"function": "f"}],
)
def test_a_stored_function_is_refused(stored: dict[str, Any]) -> None:
    config = {**Lambda(doubled, name="mine").get_config(), **stored}
    for read in (Lambda.from_config, lambda c: layers.TABLE.make({"class_name": "Lambda", "config": c})):
        with pytest.raises(
            ArgumentError, match=r"never read from files\. Received: .*'mine'\. Write it as a subclass"
        ):
            read(config)
    with pytest.raises(ArgumentError, match="never read from files"):
        Lambda.from_config({"function": doubled, "output_shape": "f"})


def test_a_configuration_with_the_function_itself() -> None:
    layer = Lambda.from_config({**Lambda(doubled).get_config(), "function": doubled})
    np.testing.assert_array_equal(layer(X).value, X * 2)


@pytest.mark.parametrize("wrong", ["doubled", None, 3])
def test_what_is_no_function(wrong: Any) -> None:
    with pytest.raises(ArgumentTypeError, match=r"needs a function of a tensor\. Received: "):
        Lambda(wrong)


def test_other_arguments() -> None:
    with pytest.raises(ArgumentError, match=r"Masks are not propagated"):
        Lambda(doubled, mask=doubled)  # type: ignore[arg-type]
    with pytest.raises(ArgumentTypeError, match="Received: output_shape=3"):
        Lambda(doubled, output_shape=3)


def test_a_function_that_returns_an_array() -> None:
    with pytest.raises(GradientError, match="must return a tensor"):
        Lambda(lambda x: np.asarray(x.value))(X)


def test_the_shape_of_an_output_of_several_inputs() -> None:
    a, b = layers.Input((3,)), layers.Input((3,))
    added = Lambda(lambda pair: pair[0] + pair[1], output_shape=(3,))([a, b])
    assert added.shape == (None, 3)
