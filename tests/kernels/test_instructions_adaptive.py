"""Optimizers that measure each weight by its gradients do as the NumPy kernels do."""

from typing import Any

import numpy as np
import pytest

from minifit.arrays import Array
from minifit.kernels import reference
from tests.kernels.carrying import carry, randoms

RATES = np.array([0.1, 0.2])
CLOSE: Any = {"rtol": 1e-4, "atol": 1e-6}


def memory() -> tuple[Array, Array, Array, Array]:
    """Weights, two slots of squares, and one of numbers smaller than their roots."""
    return randoms(20), abs(randoms(20, seed=1)) + 1, abs(randoms(20, seed=2)), randoms(20, seed=3) / 8


G = randoms(20, seed=9)


@pytest.mark.parametrize("centered", [False, True])
@pytest.mark.parametrize("momentum", [False, True])
def test_rmsprop(centered: bool, momentum: bool) -> None:
    (w, ms, v, mg), (x, of_x, speed, mean) = memory(), memory()
    mean_or_none = mean if centered else None
    name, used, settings = "rmsprop", [w, ms], [0.9, 1e-3]
    if momentum:
        reference.rmsprop_momentum_step(x, G, of_x, mean_or_none, speed, 0.1, 0.9, 0.8, 1e-3)
        name, used, settings = "rmsprop_momentum", [w, ms, v], [0.9, 1e-3, 0.8]
    else:
        reference.rmsprop_step(x, G, of_x, mean_or_none, 0.1, 0.9, 1e-3)
    if centered:
        name, used = f"{name}_centered", [*used, mg]
    carry((name, *used, G, -20, RATES, *settings))
    np.testing.assert_allclose((w, ms, v, mg), (x, of_x, speed, mean), **CLOSE)


@pytest.mark.parametrize("name", ["rmsprop_centered", "rmsprop_momentum_centered"])
def test_a_variance_that_rounding_brings_below_zero_counts_as_zero(name: str) -> None:
    momentum = "momentum" in name
    w, x, ms, of_x, mg, mean, v, speed = (np.zeros(20, np.float32) for _ in range(8))
    g = np.full(20, 0.1, np.float32)
    for squares, means in ((ms, mg), (of_x, mean)):
        squares[:], means[:] = 0.009, 0.1  # less than the square of the mean
    if momentum:
        reference.rmsprop_momentum_step(x, g, of_x, mean, speed, 0.1, 1.0, 0.8, 1e-3)
    else:
        reference.rmsprop_step(x, g, of_x, mean, 0.1, 1.0, 1e-3)
    used = [w, ms, v, mg] if momentum else [w, ms, mg]
    carry((name, *used, g, -20, RATES, 1.0, 1e-3, *([0.8] if momentum else [])))
    assert np.isfinite(x).all()
    np.testing.assert_allclose(w, x, **CLOSE)


def test_adagrad() -> None:
    (w, sums, *_), (x, told, *_) = memory(), memory()
    reference.adagrad_step(x, G, told, 0.1, 1e-3)
    carry(("adagrad", w, sums, G, -20, RATES, 1e-3))
    np.testing.assert_allclose((w, sums), (x, told), **CLOSE)


def test_adadelta() -> None:
    found, told = memory()[:3], memory()[:3]
    reference.adadelta_step(told[0], G, *told[1:], 0.1, 0.9, 1e-3)
    carry(("adadelta", *found, G, -20, RATES, 0.9, 1e-3))
    np.testing.assert_allclose(found, told, **CLOSE)


@pytest.mark.parametrize("power", [-0.5, -0.3, 0.0])
@pytest.mark.parametrize("shrinkage", [0.0, 0.3])
def test_ftrl(power: float, shrinkage: float) -> None:
    found, told = memory()[:3], memory()[:3]
    reference.ftrl_step(told[0], G, *told[1:], 0.1, power, 0.5, 0.2 + 0.4 / 0.2, shrinkage)
    carry(("ftrl", *found, G, -20, RATES, power, 0.5, 0.2, shrinkage, 0.4))
    np.testing.assert_allclose(found, told, **CLOSE)
