"""ReLU with ceiling, slope and threshold is what TensorFlow 2.7 computes."""

from typing import Any

import numpy as np
import pytest

from minifit.errors import ArgumentError, ArgumentTypeError
from minifit.layers import ReLU
from minifit.utils import check_gradients

X = np.array([[-2, -0.5, 0, 0.5, 3, 8]], np.float32)

# What TensorFlow 2.7 computes for X.
OUTPUTS: list[tuple[dict[str, float], list[float]]] = [
    ({}, [0, 0, 0, 0.5, 3, 8]),
    ({"max_value": 6}, [0, 0, 0, 0.5, 3, 6]),
    ({"max_value": 0}, [0, 0, 0, 0, 0, 0]),
    ({"negative_slope": 0.1}, [-0.2, -0.05, 0, 0.5, 3, 8]),
    ({"threshold": 1.0}, [0, 0, 0, 0, 3, 8]),
    ({"max_value": 6, "threshold": 1.0}, [0, 0, 0, 0, 3, 6]),
    ({"max_value": 6, "negative_slope": 0.1, "threshold": 1.0}, [-0.3, -0.15, -0.1, -0.05, 3, 6]),
]


@pytest.mark.parametrize(("options", "expected"), OUTPUTS, ids=str)
def test_its_output(options: dict[str, Any], expected: list[float]) -> None:
    y = ReLU(**options)(X)
    np.testing.assert_allclose(y.value, [expected], rtol=1e-6)
    assert y.dtype == np.float32


@pytest.mark.parametrize("options", [o for o, _ in OUTPUTS], ids=str)
def test_gradients(options: dict[str, Any]) -> None:
    check_gradients(ReLU(**options), X + 0.01)


def test_at_the_threshold() -> None:
    assert ReLU(threshold=1.0)([[1.0, 1.5]]).value.tolist() == [[0, 1.5]]


def test_the_configuration_in_the_order_of_tensorflow() -> None:
    assert list(ReLU(6, 0.1, 1, name="r").get_config().items()) == [
        ("name", "r"),
        ("trainable", True),
        ("dtype", "float32"),
        ("max_value", 6.0),
        ("negative_slope", 0.1),
        ("threshold", 1.0),
    ]


def test_the_round_trip() -> None:
    config = ReLU(6, 0.1, 1).get_config()
    again = ReLU.from_config(config)
    assert again.get_config() == config
    np.testing.assert_array_equal(again(X).value, ReLU(6, 0.1, 1)(X).value)


@pytest.mark.parametrize("name", ["max_value", "negative_slope", "threshold"])
@pytest.mark.parametrize("wrong", [-1, "a", True, float("nan")])
def test_arguments(name: str, wrong: Any) -> None:
    with pytest.raises((ArgumentError, ArgumentTypeError), match=rf"{name} must be .*\. Received: {name}="):
        ReLU(**{name: wrong})


@pytest.mark.parametrize("name", ["negative_slope", "threshold"])
def test_none_is_no_slope(name: str) -> None:
    with pytest.raises((ArgumentError, ArgumentTypeError), match=f"Received: {name}=None"):
        ReLU(**{name: None})  # type: ignore[arg-type]
