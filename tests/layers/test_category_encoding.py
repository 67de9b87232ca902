"""CategoryEncoding makes the rows that TensorFlow 2.7 makes."""

from typing import Any

import numpy as np
import pytest

from minifit import Sequential
from minifit.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError, UnknownNameError
from minifit.layers import CategoryEncoding, Dense

# Mode, input and output, as TensorFlow 2.7 computes them.
CASES: list[tuple[str, Any, Any]] = [
    ("one_hot", [3, 2, 0], [[0, 0, 0, 1], [0, 0, 1, 0], [1, 0, 0, 0]]),
    ("one_hot", [[3], [2]], [[0, 0, 0, 1], [0, 0, 1, 0]]),
    ("one_hot", 2, [0, 0, 1, 0]),
    ("multi_hot", [[2, 1], [0, 0]], [[0, 1, 1, 0], [1, 0, 0, 0]]),
    ("multi_hot", [2, 1], [0, 1, 1, 0]),
    ("multi_hot", 2, [0, 0, 1, 0]),
    ("multi_hot", np.array([[2.7, 1], [0, 0]]), [[0, 1, 1, 0], [1, 0, 0, 0]]),
    ("count", [[2, 1], [0, 0]], [[0, 1, 1, 0], [2, 0, 0, 0]]),
    ("count", [2, 2], [0, 0, 2, 0]),
]


@pytest.mark.parametrize("mode, x, expected", CASES)
def test_rows(mode: str, x: Any, expected: Any) -> None:
    layer = CategoryEncoding(4, mode)
    y = layer(x)
    assert y.dtype == np.float32
    assert y.value.tolist() == expected
    assert layer.compute_output_shape(np.shape(x)) == y.shape


def test_numbers_that_count_differently() -> None:
    layer = CategoryEncoding(4, "count")
    weights = [[0.5, 1.0], [2.0, 2.0]]
    y = layer([[2, 1], [0, 0]], count_weights=weights)
    assert y.value.tolist() == [[0, 1, 0.5, 0], [4, 0, 0, 0]]
    with pytest.raises(ArgumentError, match=r"'count' only\. Received: count_weights .*'multi_hot'"):
        CategoryEncoding(4)([[2, 1]], count_weights=[[1, 1]])


@pytest.mark.parametrize(
    "x, says",
    [
        ([[0, 4]], r"from 0 to 3\. Received: 4 at \(0, 1\)"),
        ([[0, 1], [-1, 0]], r"Received: -1 at \(1, 0\)"),
        ([[np.nan, 1]], r"Received: nan at \(0, 0\)"),
    ],
)
@pytest.mark.parametrize("mode", ["multi_hot", "count"])
def test_numbers_of_no_category(mode: str, x: Any, says: str) -> None:
    with pytest.raises(DataError, match=says):
        CategoryEncoding(4, mode)(x)


@pytest.mark.parametrize(
    "mode, shape", [("one_hot", (None, 3)), ("multi_hot", (None, 2, 3)), ("count", (None, 2, 3))]
)
def test_an_output_of_three_axes(mode: str, shape: Any) -> None:
    with pytest.raises(
        ShapeError, match=r"at most two axes\. Received: input of shape \(None, .*for an output of 3"
    ):
        CategoryEncoding(4, mode).build(shape)


@pytest.mark.parametrize(
    "arguments, kind, says",
    [
        ({"num_tokens": 0}, ArgumentError, "num_tokens must be a positive integer"),
        ({"num_tokens": 2.5}, ArgumentTypeError, "num_tokens must be a positive integer"),
        (
            {"output_mode": "tf_idf"},
            UnknownNameError,
            r"'multi_hot', 'one_hot' or 'count'\. Received: output_mode='tf_",
        ),
        ({"output_mode": None}, UnknownNameError, "Received: output_mode=None"),
        ({"sparse": True}, ArgumentError, r"Sparse tensors are not supported\. Received: sparse=True"),
    ],
)
def test_arguments(arguments: Any, kind: Any, says: str) -> None:
    with pytest.raises(kind, match=says):
        CategoryEncoding(**{"num_tokens": 4, **arguments})


def test_the_configuration() -> None:
    own = {"num_tokens": 4, "output_mode": "multi_hot", "sparse": False}
    assert own.items() <= CategoryEncoding(4, "binary").get_config().items()


def test_in_a_model() -> None:
    model = Sequential([CategoryEncoding(4, "one_hot", input_shape=(1,)), Dense(2, use_bias=False)])
    assert [layer.output_shape for layer in model.layers] == [(None, 4), (None, 2)]
    x = np.array([[3], [0], [3]])
    np.testing.assert_allclose(model.predict(x, verbose=0), model.get_weights()[0][[3, 0, 3]])
    model.compile("sgd", "mse")
    model.fit(x, np.ones((3, 2)), verbose=0)


def test_arguments_that_are_changed() -> None:
    layer = CategoryEncoding(4)
    layer.num_tokens, layer.output_mode = 3, "count"
    assert layer([[2, 2]]).value.tolist() == [[0, 0, 2]]
    for name, value in (("num_tokens", 4), ("output_mode", "multi_hot")):
        with pytest.raises(ArgumentError, match=f"{name} cannot change once a layer is built"):
            setattr(layer, name, value)
