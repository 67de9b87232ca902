"""Steps of the optimizers, computed by hand."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from minifit.kernels import reference


def one(value: float) -> NDArray[Any]:
    return np.array([value])


def test_sgd_by_hand() -> None:
    w = np.array([1.0, 2.0])
    reference.sgd_step(w, np.array([4.0, -2.0]), 0.25)
    np.testing.assert_array_equal(w, [0, 2.5])


@pytest.mark.parametrize(("nesterov", "expected"), [(False, [0.75, 0.375]), (True, [0.625, 0.1875])])
def test_momentum_by_hand(nesterov: bool, expected: list[float]) -> None:
    w, v, seen = one(1.0), one(0.0), []
    for _ in range(2):
        reference.momentum_step(w, one(1.0), v, 0.25, 0.5, nesterov)
        seen.append(w[0])
    np.testing.assert_array_equal(v, [-0.375])
    np.testing.assert_array_equal(seen, expected)


def test_adam_by_hand() -> None:
    w, m, v = one(1.0), one(2.0), one(12.0)
    reference.adam_step(w, one(4.0), m, v, 0.5, 0.5, 0.25, 1.0)
    np.testing.assert_array_equal([m[0], v[0]], [3, 15])  # 1 + 2, 3 + 0.75 * 16
    np.testing.assert_allclose(w, [1 - 1.5 / (np.sqrt(15) + 1)], rtol=1e-15)


def test_amsgrad_by_hand() -> None:
    w, m, v, vhat = one(1.0), one(2.0), one(12.0), one(24.0)
    reference.amsgrad_step(w, one(4.0), m, v, vhat, 0.5, 0.5, 0.25, 1.0)
    np.testing.assert_array_equal([m[0], v[0], vhat[0]], [3, 15, 24])  # the largest so far stays
    np.testing.assert_allclose(w, [1 - 1.5 / (np.sqrt(24) + 1)], rtol=1e-15)
    reference.amsgrad_step(w, one(8.0), m, v, vhat, 0.5, 0.5, 0.25, 1.0)
    np.testing.assert_array_equal(vhat, [51.75])  # 0.25 * 15 + 0.75 * 64, larger than 24


def test_rmsprop_by_hand() -> None:
    w, ms = one(1.0), one(4.0)
    reference.rmsprop_step(w, one(4.0), ms, None, 0.5, 0.5, 1.0)
    np.testing.assert_array_equal(ms, [10])
    np.testing.assert_allclose(w, [1 - 2 / (np.sqrt(10) + 1)], rtol=1e-15)


def test_centered_rmsprop_by_hand() -> None:
    w, ms, mg = one(1.0), one(4.0), one(0.0)
    reference.rmsprop_step(w, one(4.0), ms, mg, 0.5, 0.5, 1.0)
    np.testing.assert_array_equal([ms[0], mg[0]], [10, 2])
    np.testing.assert_allclose(w, [1 - 2 / (np.sqrt(6) + 1)], rtol=1e-15)


@pytest.mark.parametrize(("mg", "divisor"), [(None, 11.0), (one(0.0), 7.0)])
def test_rmsprop_with_momentum_by_hand(mg: NDArray[Any] | None, divisor: float) -> None:
    w, ms, velocity = one(1.0), one(4.0), one(2.0)
    reference.rmsprop_momentum_step(w, one(4.0), ms, mg, velocity, 0.5, 0.5, 0.25, 1.0)
    np.testing.assert_array_equal(ms, [10])
    np.testing.assert_allclose(velocity, [0.5 + 2 / np.sqrt(divisor)], rtol=1e-15)
    np.testing.assert_allclose(w, [0.5 - 2 / np.sqrt(divisor)], rtol=1e-14)


def test_adagrad_by_hand() -> None:
    w, accumulator = one(1.0), one(9.0)
    reference.adagrad_step(w, one(4.0), accumulator, 0.5, 1.0)
    np.testing.assert_array_equal(accumulator, [25])
    np.testing.assert_allclose(w, [1 - 2 / 6], rtol=1e-15)


def test_adadelta_by_hand() -> None:
    w, accum_grad, accum_var = one(1.0), one(14.0), one(3.0)
    reference.adadelta_step(w, one(4.0), accum_grad, accum_var, 0.5, 0.5, 1.0)
    np.testing.assert_array_equal(accum_grad, [15])  # 7 + 0.5 * 16
    np.testing.assert_array_equal(accum_var, [3.5])  # 1.5 + 0.5 * 2²
    np.testing.assert_array_equal(w, [0])  # 1 - 0.5 * sqrt(4) / sqrt(16) * 4


def test_adamax_by_hand() -> None:
    w, m, v = one(1.0), one(2.0), one(12.0)
    reference.adamax_step(w, one(-4.0), m, v, 0.5, 0.5, 0.25, 1.0)
    np.testing.assert_array_equal([m[0], v[0]], [-1, 4])  # the new gradient is larger than 0.25 * 12
    np.testing.assert_allclose(w, [1.1], rtol=1e-15)
    reference.adamax_step(w, one(0.5), m, v, 0.5, 0.5, 0.25, 1.0)
    np.testing.assert_array_equal([m[0], v[0]], [-0.25, 1])  # and the next is not


def test_nadam_by_hand() -> None:
    w, m, v = one(1.0), one(2.0), one(12.0)
    reference.nadam_step(w, one(4.0), m, v, 0.5, 0.5, 0.25, 1.0, 0.5, 0.75, 0.5, 0.25, 0.75)
    np.testing.assert_array_equal([m[0], v[0]], [3, 15])
    ahead = 0.5 * 4 / 0.5 + 0.75 * 3 / 0.75
    np.testing.assert_allclose(w, [1 - 0.5 * ahead / (np.sqrt(15 / 0.25) + 1)], rtol=1e-15)


@pytest.mark.parametrize(("lr_power", "roots"), [(-0.5, (3.0, 5.0)), (-1.0, (9.0, 25.0)), (0.0, (1.0, 1.0))])
def test_ftrl_by_hand(lr_power: float, roots: tuple[float, float]) -> None:
    w, accumulator, linear = one(2.0), one(9.0), one(1.0)
    reference.ftrl_step(w, one(4.0), accumulator, linear, 0.5, lr_power, 0.25, 0.125, 0.0)
    sums = 1 + 4 - (roots[1] - roots[0]) / 0.5 * 2
    np.testing.assert_array_equal([accumulator[0], linear[0]], [25, sums])
    np.testing.assert_allclose(w, [(np.sign(sums) * 0.25 - sums) / (roots[1] / 0.5 + 0.25)], rtol=1e-15)


def test_ftrl_shrinks_and_clears_weights() -> None:
    w, accumulator, linear = one(2.0), one(9.0), one(1.0)
    reference.ftrl_step(w, one(4.0), accumulator, linear, 0.5, -0.5, 0.25, 0.125, 0.25)
    np.testing.assert_array_equal(linear, [-2])  # 1 + (4 + 2 * 0.25 * 2) - 8
    w, accumulator, linear = one(2.0), one(9.0), one(1.0)
    reference.ftrl_step(w, one(4.0), accumulator, linear, 0.5, -0.5, 3.0, 0.0, 0.0)
    np.testing.assert_array_equal([w[0], linear[0]], [0, -3])  # within l1


def test_weight_decay_by_hand() -> None:
    w = one(8.0)
    reference.weight_decay_step(w, 0.25)
    np.testing.assert_array_equal(w, [6])


def test_float32_stays_float32() -> None:
    w = np.ones(2, np.float32)
    reference.adam_step(w, w.copy(), w.copy(), w.copy(), 0.1, 0.9, 0.999, 1e-7)
    assert w.dtype == np.float32
