"""Instructions of bent errors do as the definitions of the losses."""

from typing import Any

import numpy as np
import pytest

from minifit import losses
from tests.kernels.carrying import assert_does_as, carry, randoms

LOSSES: dict[str, tuple[Any, tuple[float, ...]]] = {
    "percentage_error": (losses.mean_absolute_percentage_error, ()),
    "logarithmic_error": (losses.mean_squared_logarithmic_error, ()),
    "huber": (lambda t, p: losses.huber(t, p, 0.7), (0.7,)),
    "log_cosh": (losses.log_cosh, ()),
}


@pytest.mark.parametrize("m", [1, 10, 33])
@pytest.mark.parametrize("name", LOSSES)
def test_does_as_its_definition(name: str, m: int) -> None:
    loss, settings = LOSSES[name]
    t, p = randoms(4, m), 3 * randoms(4, m, seed=1)
    p[0] = t[0]
    assert_does_as(loss, name, t, p, *settings)


@pytest.mark.parametrize("name", LOSSES)
def test_what_is_not_finite_stays_so(name: str) -> None:
    _, settings = LOSSES[name]
    t, p = randoms(4, 3), np.ones((4, 3), np.float32)
    p[1, 1], p[2, 0] = np.nan, np.inf
    values = np.zeros(4, np.float32)
    carry((name, values, t, p, 1, 3, *settings))
    assert np.isfinite(values).tolist() == [True, False, False, True]
