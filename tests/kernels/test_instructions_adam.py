"""Adam and those that were made of it do as the NumPy kernels do."""

from typing import Any

import numpy as np
import pytest

from minifit.kernels import reference
from tests.kernels.carrying import carry, randoms

RATES = np.array([0.1, 0.2])
CLOSE: Any = {"rtol": 1e-4, "atol": 1e-6}
MADE = 4  # steps made so far


def memory(*of_squares: int) -> list[Any]:
    """Weights, slots and gradients, two times: those of these numbers are nowhere negative."""
    made = [randoms(20, seed=i) for i in range(5)]
    return [abs(array) if i in of_squares else array for i, array in enumerate(made)]


@pytest.mark.parametrize("name", ["adam", "amsgrad"])
def test_adam(name: str) -> None:
    slots = 3 if name == "amsgrad" else 2
    found, told = memory(2, 3)[: slots + 1], memory(2, 3)[: slots + 1]
    g = randoms(20, seed=9)
    rate = 0.1 * np.sqrt(1 - 0.999**5) / (1 - 0.9**5)
    getattr(reference, f"{name}_step")(told[0], g, *told[1:], rate, 0.9, 0.999, 1e-7)
    carry((name, *found, g, -20, RATES, np.array([MADE]), 0.9, 0.999, 1e-7))
    np.testing.assert_allclose(found, told, **CLOSE)


def test_the_largest_square_so_far_is_no_number_once_one_was_none() -> None:
    for of_vhat, of_g in ((np.nan, 1), (1, np.nan)):
        w, m, v, vhat, g = np.ones((5, 20), np.float32)
        vhat[3], g[3] = of_vhat, of_g
        carry(("amsgrad", w, m, v, vhat, g, -20, RATES, np.array([MADE]), 0.9, 0.999, 1e-7))
        assert np.flatnonzero(np.isnan(vhat)).tolist() == [3]


def test_adamax() -> None:
    found, told = memory(2)[:3], memory(2)[:3]
    g = randoms(20, seed=9)
    reference.adamax_step(told[0], g, told[1], told[2], 0.1 / (1 - 0.9**5), 0.9, 0.999, 1e-7)
    carry(("adamax", *found, g, -20, RATES, np.array([MADE]), 0.9, 0.999, 1e-7))
    np.testing.assert_allclose(found, told, **CLOSE)


def test_nadam_goes_by_the_momenta_of_the_step() -> None:
    found, told = memory(2)[:3], memory(2)[:3]
    g, momenta, product = randoms(20, seed=9), np.zeros(5, np.float32), np.array(0.5, np.float32)
    settings = 0.9, 0.999, 0.004
    now, following = (0.9 * (1 - 0.5 * 0.96 ** (0.004 * t)) for t in (MADE + 1, MADE + 2))
    expected = (now, following, 0.5 * now, 0.5 * now * following, 0.999 ** (MADE + 1))
    reference.nadam_step(told[0], g, told[1], told[2], 0.1, 0.9, 0.999, 1e-7, *expected)
    carry(
        ("nadam_momenta", momenta, product, product, np.array([MADE]), *settings),
        ("nadam", *found, g, -20, RATES, momenta, 0.9, 0.999, 1e-7),
    )
    np.testing.assert_allclose(momenta, expected, **CLOSE)
    assert float(product) == pytest.approx(0.5 * now)
    np.testing.assert_allclose(found, told, **CLOSE)
