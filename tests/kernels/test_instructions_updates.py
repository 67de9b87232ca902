"""Instructions of optimizers do as the NumPy kernels do."""

from typing import Any

import numpy as np
import pytest

from minifit.kernels import reference
from tests.kernels.carrying import carry, randoms

RATES = np.array([0.1, 0.2])
CLOSE: Any = {"rtol": 1e-5, "atol": 1e-7}


def test_gradient_descent_has_a_rate_for_each_step() -> None:
    w, g = randoms(20), randoms(20, seed=1)
    expected = w - np.float32(0.1) * g - np.float32(0.2) * g
    carry(("sgd", w, g, -20, RATES), batches=2)
    np.testing.assert_allclose(w, expected, **CLOSE)


@pytest.mark.parametrize("nesterov", [False, True])
def test_momentum(nesterov: bool) -> None:
    w, v, g = randoms(20), randoms(20, seed=1), randoms(20, seed=2)
    expected, velocity = w.copy(), v.copy()
    reference.momentum_step(expected, g, velocity, 0.1, 0.9, nesterov)
    carry(("momentum", w, v, g, -20, RATES, 0.9, int(nesterov)))
    np.testing.assert_allclose(w, expected, **CLOSE)
    np.testing.assert_allclose(v, velocity, **CLOSE)


def test_adam() -> None:
    w, m, v, g = randoms(20), randoms(20, seed=1), abs(randoms(20, seed=2)), randoms(20, seed=3)
    expected, mean, square = w.copy(), m.copy(), v.copy()
    steps = np.array([4])
    rate = 0.1 * np.sqrt(1 - 0.999**5) / (1 - 0.9**5)
    reference.adam_step(expected, g, mean, square, rate, 0.9, 0.999, 1e-7)
    carry(("adam", w, m, v, g, -20, RATES, steps, 0.9, 0.999, 1e-7))
    for found, told in ((w, expected), (m, mean), (v, square)):
        np.testing.assert_allclose(found, told, rtol=1e-4, atol=1e-6)
