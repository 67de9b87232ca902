"""The input layer says what samples look like and does nothing else."""

from typing import Any

import numpy as np
import pytest

from minifit import Sequential
from minifit.errors import ArgumentError, ArgumentTypeError
from minifit.layers import Dense, Flatten, Input, InputLayer
from minifit.tensor import Tensor
from minifit.utils import clear_session


def test_a_model_is_built_by_it() -> None:
    model = Sequential([InputLayer((3,)), Dense(2)])
    assert model.built
    assert model.input_shape == (None, 3)
    assert model.count_params() == 8
    assert [layer.name for layer in model.layers] == [model.layers[0].name]


def test_it_can_be_added() -> None:
    model = Sequential()
    model.add(InputLayer(input_shape=(2, 3)))
    model.add(Flatten())
    model.add(Dense(2))
    assert model.layers[0].output_shape == (None, 6)
    assert model.predict(np.ones((4, 2, 3))).shape == (4, 2)


def test_its_output_is_its_input() -> None:
    x = Tensor(np.ones((4, 3)))
    assert InputLayer((3,))(x) is x


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"input_shape": (3,)}, (None, 3)),
        ({"input_shape": (3,), "batch_size": 4}, (4, 3)),
        ({"batch_input_shape": (4, 3)}, (4, 3)),
        ({"batch_input_shape": (None, 2, 3)}, (None, 2, 3)),
    ],
)
def test_the_configuration_in_the_order_of_tensorflow(arguments: dict[str, Any], expected: Any) -> None:
    layer = InputLayer(name="i", **arguments)
    assert list(layer.get_config().items()) == [
        ("batch_input_shape", expected),
        ("dtype", "float32"),
        ("sparse", False),
        ("ragged", False),
        ("name", "i"),
    ]
    assert InputLayer.from_config(layer.get_config()).get_config() == layer.get_config()


def test_any_batch_size_will_do() -> None:
    model = Sequential([InputLayer((3,), batch_size=4), Dense(2)])
    assert model.predict(np.ones((5, 3))).shape == (5, 2)


def test_its_name() -> None:
    clear_session()
    assert [InputLayer((3,)).name, InputLayer((3,)).name] == ["input_1", "input_2"]


def test_in_the_configuration_of_a_model_it_comes_first() -> None:
    explicit = Sequential([InputLayer((3,), name="mine"), Dense(2, name="d")]).get_config()
    declared = Sequential([Dense(2, input_shape=(3,), name="d")]).get_config()
    assert [entry["class_name"] for entry in explicit["layers"]] == ["InputLayer", "Dense"]
    assert explicit["layers"][0]["config"]["name"] == "mine"
    assert declared["layers"][0]["config"]["name"] == "d_input"
    assert "batch_input_shape" not in explicit["layers"][1]["config"]


@pytest.mark.parametrize("option", ["sparse", "ragged"])
def test_sparse_and_ragged_input(option: str) -> None:
    yes: dict[str, Any] = {option: True}
    no: dict[str, Any] = {option: False}
    with pytest.raises(
        ArgumentError, match=rf"Input must be dense\. Received: .*{option}=True.*pad the data"
    ):
        InputLayer((3,), **yes)
    assert InputLayer((3,), **no).get_config()[option] is False


@pytest.mark.parametrize("shape", [(0,), (-1,), (1.5,)])
def test_a_shape_that_is_none(shape: Any) -> None:
    with pytest.raises(ArgumentError, match=r"positive integers\. Received: "):
        InputLayer(shape)


def test_a_number_is_the_shape_of_one_axis() -> None:
    assert Input(3).shape == Input(shape=np.int64(3)).shape == (None, 3)  # type: ignore[arg-type]
    with pytest.raises(
        ArgumentTypeError, match=r"input_shape is a tuple of integers\. Received: input_shape=True"
    ):
        Input(True)


@pytest.mark.parametrize("dtype", ["string", np.str_, np.dtype("U3")])
def test_text_is_refused_with_the_way_out(dtype: Any) -> None:
    with pytest.raises(ArgumentError, match=r"The data of a model must be numbers.*with a StringLookup"):
        Input((1,), dtype=dtype)
