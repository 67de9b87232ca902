"""Instructions of each number do as NumPy does, at awkward numbers too, and write nothing beyond their end."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.kernels.carrying import carry

FLOAT = np.float32
AWKWARD = np.array(
    [np.nan, np.inf, -np.inf, 0, 1, -1, 2.5, -2.5, 7, 0.5, -3, 1e-3, 1e20, -1e20, 3, 0.7, -0.7], FLOAT
)

EACH: dict[str, tuple[Callable[[Any], Any], tuple[float, ...]]] = {
    "affine": (lambda x: x * FLOAT(2) + FLOAT(3), (2.0, 3.0)),
    "exponential": (np.exp, ()),
    "logarithm": (np.log, ()),
    "square_root": (np.sqrt, ()),
    "absolute": (np.abs, ()),
    "clip": (lambda x: np.clip(x, FLOAT(-1), FLOAT(2)), (-1.0, 2.0)),
    "truncate": (np.trunc, ()),
    "power_by": (lambda x: x ** FLOAT(3), (3.0,)),
}


def room(n: int) -> NDArray[np.float32]:
    return np.full(n + 16, -77, FLOAT)


@pytest.mark.parametrize("n", [1, 16, 17])
@pytest.mark.parametrize("name", EACH)
def test_a_function_of_one_number(name: str, n: int) -> None:
    function, settings = EACH[name]
    x, y = AWKWARD[-n:].copy(), room(n)
    carry((name, y, x, -n, *settings))
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(y[:n], function(x), rtol=2e-6)
    assert (y[n:] == -77).all()
