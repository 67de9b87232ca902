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


def test_weights_shrink() -> None:
    w = randoms(20)
    expected = w.copy()
    reference.weight_decay_step(expected, 0.1 * 0.3)
    carry(("shrink_weights", w, w, -20, RATES, 0.3))
    np.testing.assert_allclose(w, expected, **CLOSE)
