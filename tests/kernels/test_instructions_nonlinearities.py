"""Instructions of activations and of their slopes do as the readable ones do, far out too."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minifit import activations, nonlinearities
from minifit.tensor import Tensor
from tests.kernels.carrying import carry, randoms

FAR = np.array([np.nan, 0, 1e-4, 3, -3, 12, -12, 90, -90, 200, -200], np.float32)

EACH: dict[str, tuple[Callable[[Any], Any], tuple[float, ...]]] = {
    "exponential_unit": (lambda x: nonlinearities.elu(x, 0.5), (0.5, 1.0)),
    "leaky_relu": (lambda x: activations.relu(x, 0.1, 6.0, 0.5), (0.1, 6.0, 0.5)),
    "softplus": (nonlinearities.softplus, ()),
    "softsign": (nonlinearities.softsign, ()),
    "hard_sigmoid": (nonlinearities.hard_sigmoid, ()),
    "swish": (nonlinearities.swish, ()),
    "mish": (nonlinearities.mish, ()),
    "gelu": (nonlinearities.gelu, ()),
    "gelu_tanh": (lambda x: nonlinearities.gelu(x, True), ()),
}


@pytest.mark.parametrize("name", EACH)
def test_an_activation_and_its_slope(name: str) -> None:
    function, settings = EACH[name]
    x = np.concatenate([FAR, np.linspace(-5, 5, 101, dtype=np.float32)])
    dy, y, dx = randoms(x.size), np.zeros_like(x), np.zeros_like(x)
    carry((name, y, x, -x.size, *settings), (f"{name}_slope", dx, dy, x, y, -x.size, *settings))
    tensor = Tensor(x, requires_grad=True)
    with np.errstate(all="ignore"):
        made = function(tensor)
        made.backward(dy)
    np.testing.assert_allclose(y, made.numpy(), rtol=2e-5, atol=1e-6)
    np.testing.assert_allclose(dx, np.asarray(tensor.grad), rtol=2e-5, atol=5e-6)


@pytest.mark.parametrize("m", [1, 10, 40])
def test_log_softmax_and_its_slope(m: int) -> None:
    x, dy = 30 * randoms(4, m), randoms(4, m, seed=1)
    y, dx = np.zeros_like(x), np.zeros_like(x)
    carry(("log_softmax", y, x, 1, m), ("log_softmax_slope", dx, dy, y, 1, m))
    tensor = Tensor(x, requires_grad=True)
    made = nonlinearities.log_softmax(tensor)
    made.backward(dy)
    np.testing.assert_allclose(y, made.numpy(), rtol=2e-5, atol=1e-5)
    np.testing.assert_allclose(dx, np.asarray(tensor.grad), rtol=2e-5, atol=2e-5)
