"""Constraints: the arrays that tf.keras makes, over the axes that it takes, and the names they go by."""

from typing import Any

import numpy as np
import pytest

from minifit import constraints
from minifit.arrays import Array
from minifit.constraints import TABLE, Constraint, MaxNorm, MinMaxNorm, NonNeg, UnitNorm
from minifit.errors import ArgumentTypeError, UnknownNameError
from minifit.tensor import Tensor

W = np.array([[3.0, -1.0], [4.0, 0.1]], np.float32)
CUBE = np.random.default_rng(0).standard_normal((3, 4, 5)).astype(np.float32)
ALL = [Constraint(), MaxNorm(), NonNeg(), UnitNorm(), MinMaxNorm()]

# What tf.keras.constraints of TensorFlow 2.7 makes of W, to the last bit.
KERAS: list[tuple[Constraint, list[list[float]]]] = [
    (Constraint(), [[3.0, -1.0], [4.0, 0.1]]),
    (MaxNorm(), [[1.2, -0.9999999], [1.6, 0.09999999]]),
    (MaxNorm(1, [0, 1]), [[0.5882353, -0.19607843], [0.78431374, 0.019607844]]),
    (NonNeg(), [[3.0, -0.0], [4.0, 0.1]]),
    (UnitNorm(), [[0.6, -0.995037], [0.8, 0.0995037]]),
    (UnitNorm(1), [[0.94868326, -0.31622776], [0.9996877, 0.024992192]]),
    (MinMaxNorm(0.5, 1, 0.5, [0, 1]), [[1.7941177, -0.5980392], [2.3921568, 0.05980392]]),
    (MinMaxNorm(rate=0.25), [[2.4, -0.99875915], [3.2, 0.09987592]]),
]


@pytest.mark.parametrize(("constraint", "wanted"), KERAS)
def test_as_keras(constraint: Constraint, wanted: list[list[float]]) -> None:
    made = constraint(W)
    np.testing.assert_array_equal(made, np.array(wanted, np.float32))
    np.testing.assert_array_equal(np.signbit(made), np.signbit(wanted))


@pytest.mark.parametrize("constraint", ALL)
def test_float32_stays_and_the_weight_is_not_written_to(constraint: Constraint) -> None:
    kept = W.copy()
    made = constraint(W)
    assert made.dtype == np.float32
    assert made.shape == W.shape
    np.testing.assert_array_equal(W, kept)


@pytest.mark.parametrize("constraint", ALL)
def test_biases_tensors_and_lists(constraint: Constraint) -> None:
    bias = np.array([3.0, -4.0], np.float32)
    for given in (bias, Tensor(bias), [3.0, -4.0]):
        made = constraint(given)
        assert isinstance(made, np.ndarray)
        np.testing.assert_array_equal(made, constraint(bias))


@pytest.mark.parametrize("axis", [0, 1, -1, (0, 1), [0, 2], (0, 1, 2)], ids=str)
def test_norms_are_taken_over_the_axes(axis: Any) -> None:
    axes = axis if isinstance(axis, int) else tuple(axis)

    def norms(w: Array) -> Array:
        return np.asarray(np.sqrt(np.square(w).sum(axis=axes)))

    np.testing.assert_allclose(norms(UnitNorm(axis)(CUBE)), 1, rtol=1e-5)
    np.testing.assert_allclose(norms(MaxNorm(1.5, axis)(CUBE)), np.minimum(norms(CUBE), 1.5), rtol=1e-5)
    made = MinMaxNorm(1.0, 1.5, axis=axis)(CUBE)
    np.testing.assert_allclose(norms(made), np.clip(norms(CUBE), 1.0, 1.5), rtol=1e-5)


@pytest.mark.parametrize("constraint", ALL)
def test_zeros_stay_zeros(constraint: Constraint) -> None:
    np.testing.assert_array_equal(constraint(np.zeros((2, 2), np.float32)), np.zeros((2, 2)))


def test_what_has_diverged_is_not_hidden() -> None:
    made = NonNeg()(np.array([np.nan, np.inf, -np.inf, -1.0], np.float32))
    np.testing.assert_array_equal(made, [np.nan, np.inf, np.nan, 0])
    for constraint in (MaxNorm(), UnitNorm(), MinMaxNorm()):
        assert np.isnan(constraint(np.array([np.nan, 1.0], np.float32))).all()


CONFIGS: list[tuple[Constraint, dict[str, Any]]] = [
    (Constraint(), {}),
    (MaxNorm(), {"max_value": 2, "axis": 0}),
    (NonNeg(), {}),
    (UnitNorm(), {"axis": 0}),
    (MinMaxNorm(), {"min_value": 0.0, "max_value": 1.0, "rate": 1.0, "axis": 0}),
    (MaxNorm(3, [0, 1]), {"max_value": 3, "axis": [0, 1]}),
]


@pytest.mark.parametrize(("constraint", "config"), CONFIGS)
def test_configuration(constraint: Constraint, config: dict[str, Any]) -> None:
    assert constraint.get_config() == config
    made = type(constraint).from_config(config)
    np.testing.assert_array_equal(made(W), constraint(W))


@pytest.mark.parametrize("constraint", ALL[1:])
def test_an_equal_one_from_what_serialize_gives(constraint: Constraint) -> None:
    made = constraints.get(constraints.serialize(constraint))
    assert type(made) is type(constraint)
    assert made.get_config() == constraint.get_config()


NAMES = {
    "MaxNorm": MaxNorm,
    "max_norm": MaxNorm,
    "maxnorm": MaxNorm,
    "NonNeg": NonNeg,
    "non_neg": NonNeg,
    "nonneg": NonNeg,
    "UnitNorm": UnitNorm,
    "unit_norm": UnitNorm,
    "unitnorm": UnitNorm,
    "MinMaxNorm": MinMaxNorm,
    "min_max_norm": MinMaxNorm,
}


def test_names() -> None:
    assert dict(TABLE) == NAMES
    for name, cls in NAMES.items():
        assert type(constraints.get(name)) is cls
        assert getattr(constraints, name) is cls


def test_get() -> None:
    def mine(w: Array) -> Array:
        return w

    ready = NonNeg()
    assert constraints.get(None) is None
    assert constraints.get(ready) is ready
    assert constraints.get(mine) is mine
    with pytest.raises(
        UnknownNameError,
        match=r"There is no constraint of that name. Received: 'max_nrom'\. Did you mean 'max_norm'",
    ):
        constraints.get("max_nrom")
    with pytest.raises(ArgumentTypeError, match="Received: 2"):
        constraints.get(2)
