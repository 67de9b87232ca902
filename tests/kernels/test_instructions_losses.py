"""Instructions of losses do as the NumPy kernels do."""

from typing import Any

import numpy as np
import pytest

from minifit.kernels import reference
from tests.kernels.carrying import carry, randoms

CLOSE: Any = {"rtol": 2e-5, "atol": 2e-6}


@pytest.mark.parametrize("m", [1, 10, 33])
@pytest.mark.parametrize("name", ["squared_error", "binary_crossentropy_logits"])
def test_a_loss_of_single_numbers(name: str, m: int) -> None:
    t, p, dy = (randoms(4, m) > 0).astype(np.float32), randoms(4, m, seed=1), randoms(4, seed=2)
    y, expected, dp, slope = np.zeros_like(dy), np.zeros_like(dy), np.zeros_like(p), np.zeros_like(p)
    carry((name, y, t, p, 1, m), (f"{name}_slope", dp, t, p, dy, 1, m))
    getattr(reference, f"{name}_forward")(t, p, expected)
    getattr(reference, f"{name}_backward")(t, p, dy, slope)
    np.testing.assert_allclose(y, expected, **CLOSE)
    np.testing.assert_allclose(dp, slope, **CLOSE)


@pytest.mark.parametrize("m", [2, 10, 33])
def test_cross_entropies_of_logits(m: int) -> None:
    ids, z, dy = np.arange(4) % m, 5 * randoms(4, m, seed=1), randoms(4, seed=2)
    t = np.eye(m, dtype=np.float32)[ids]
    y, expected, dz, slope, shares = (np.zeros(s, np.float32) for s in (4, 4, (4, m), (4, m), (4, m)))
    reference.categorical_crossentropy_logits_forward(t, z, expected)
    reference.softmax_forward(z, shares)
    reference.categorical_crossentropy_logits_backward(t, shares, dy, slope)
    for name, target in (("categorical_crossentropy", t), ("sparse_crossentropy", ids)):
        shares[:] = y[:] = dz[:] = 0
        carry(
            (f"{name}_logits", y, shares, target, z, 1, m),
            (f"{name}_logits_slope", dz, shares, target, dy, 1, m),
        )
        np.testing.assert_allclose(y, expected, **CLOSE)
        np.testing.assert_allclose(dz, slope, **CLOSE)
