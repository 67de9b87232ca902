"""Regularizers: what they add to the loss, its gradient, and the names they go by."""

from typing import Any

import numpy as np
import pytest

from minifit import ops, regularizers
from minifit.errors import ArgumentError, ArgumentTypeError, UnknownNameError
from minifit.regularizers import L1, L1L2, L2, TABLE, Regularizer, l1, l1_l2, l2
from minifit.tensor import Tensor
from minifit.utils.gradients import check_gradients

W = np.array([[1.0, -2.0, 3.0], [-4.0, 5.0, 0.5]], np.float32)
TENTH = float(np.float32(0.1))
HUNDREDTH = float(np.float32(0.01))


@pytest.mark.parametrize(
    ("regularizer", "penalty"),
    [
        (Regularizer(), 0.0),
        (L1(0.1), 0.1 * 15.5),
        (L2(0.1), 0.1 * 55.25),
        (L1L2(0.1, 0.2), 0.1 * 15.5 + 0.2 * 55.25),
        (L1L2(l1=0.1), 0.1 * 15.5),
        (L1L2(l2=0.1), 0.1 * 55.25),
        (L1L2(), 0.0),
        (l1_l2(), 0.01 * (15.5 + 55.25)),
    ],
)
def test_penalty(regularizer: Regularizer, penalty: float) -> None:
    for weights in (Tensor(W), W, W.tolist()):
        made = regularizer(weights)
        assert isinstance(made, Tensor)
        assert made.shape == ()
        assert made.dtype == np.float32
        assert float(made) == pytest.approx(penalty, rel=1e-6)


# From tf.keras.regularizers of TensorFlow 2.7: the same numbers, to the last bit.
KERAS = {"L1": (L1(0.3), 4.650000095367432), "L2": (L2(0.3), 16.575000762939453)}


@pytest.mark.parametrize(("regularizer", "penalty"), KERAS.values(), ids=KERAS)
def test_as_keras_to_the_last_bit(regularizer: Regularizer, penalty: float) -> None:
    assert float(regularizer(W)) == penalty


@pytest.mark.parametrize("regularizer", [L1(0.3), L2(0.3), L1L2(0.1, 0.2)])
def test_gradient(regularizer: Regularizer) -> None:
    check_gradients(regularizer, W)


def test_defaults() -> None:
    assert L1().l1 == L2().l2 == l1_l2().l1 == l1_l2().l2 == HUNDREDTH
    assert (L1L2().l1, L1L2().l2) == (0.0, 0.0)
    assert L1(None).l1 == L2(None).l2 == HUNDREDTH
    assert L1L2(None, None).get_config() == {"l1": 0.0, "l2": 0.0}


@pytest.mark.parametrize("value", [-0.1, float("nan"), float("inf"), 1e39, "0.1", [0.1], 1j])
def test_factors_are_numbers_from_0_on(value: Any) -> None:
    for make in (L1, L1L2, l1_l2):
        with pytest.raises(ArgumentError, match=r"l1 must be a finite number of at least 0\. Received: l1="):
            make(value)
    for cls in (L2, L1L2):
        with pytest.raises(ArgumentError, match=r"l2 must be a finite number of at least 0\. Received: l2="):
            cls(l2=value)


@pytest.mark.parametrize("value", [0.1, np.float32(0.1), np.float64(0.1)])
def test_numpy_numbers_will_do(value: Any) -> None:
    assert L1(value).l1 == TENTH
    assert type(L1(value).l1) is float


@pytest.mark.parametrize(
    ("regularizer", "config"),
    [
        (L1(0.1), {"l1": TENTH}),
        (L2(0.1), {"l2": TENTH}),
        (L1L2(0.1, 0.0), {"l1": TENTH, "l2": 0.0}),
        (Regularizer(), {}),
    ],
)
def test_configuration(regularizer: Regularizer, config: dict[str, Any]) -> None:
    assert regularizer.get_config() == config
    assert type(regularizer).from_config(config).get_config() == config


@pytest.mark.parametrize("regularizer", [L1(0.1), L2(0.2), L1L2(0.1, 0.2)])
def test_an_equal_one_from_what_serialize_gives(regularizer: Regularizer) -> None:
    made = regularizers.get(regularizers.serialize(regularizer))
    assert type(made) is type(regularizer)
    assert made.get_config() == regularizer.get_config()


@pytest.mark.parametrize(
    ("name", "cls", "config"),
    [
        ("L1", L1, {"l1": HUNDREDTH}),
        ("l1", L1, {"l1": HUNDREDTH}),
        ("L2", L2, {"l2": HUNDREDTH}),
        ("l2", L2, {"l2": HUNDREDTH}),
        ("L1L2", L1L2, {"l1": 0.0, "l2": 0.0}),
        ("l1_l2", L1L2, {"l1": HUNDREDTH, "l2": HUNDREDTH}),
    ],
)
def test_names(name: str, cls: type[Regularizer], config: dict[str, float]) -> None:
    made = regularizers.get(name)
    assert type(made) is cls
    assert made.get_config() == config
    assert name in TABLE


def test_every_name_is_tested() -> None:
    assert set(TABLE) == {"L1", "l1", "L2", "l2", "L1L2", "l1_l2"}
    assert (l1, l2) == (L1, L2)


def test_get() -> None:
    def mine(w: Tensor) -> Tensor:
        return ops.sum(ops.square(w)) * 0.5

    ready = L1()
    assert regularizers.get(None) is None
    assert regularizers.get(ready) is ready
    assert regularizers.get(mine) is mine
    assert type(regularizers.get(L2)) is L2
    assert regularizers.get("l1_l2") is not regularizers.get("l1_l2")
    with pytest.raises(UnknownNameError, match=r"There is no regularizer of that name. Received: 'l3'"):
        regularizers.get("l3")
    with pytest.raises(ArgumentTypeError, match=r"Received: 0\.1"):
        regularizers.get(0.1)
