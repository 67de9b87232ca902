"""Instructions of normalizations do as the ops do."""

from typing import Any

import numpy as np
import pytest

from minifit import ops
from minifit.arrays import Array
from minifit.tensor import Tensor
from tests.kernels.carrying import carry, randoms, shares_of

CLOSE: Any = {"rtol": 2e-5, "atol": 5e-6}
N = 5


def op(x: Array, gamma: Array | None, beta: Array | None, dy: Array, axis: int, through: bool) -> list[Any]:
    """Return the result of the op, and its gradients."""
    mean, variance = x.mean(axis, keepdims=True), x.var(axis, keepdims=True)
    tensor = Tensor(x, requires_grad=True)
    scale, offset = (None if a is None else Tensor(a, requires_grad=True) for a in (gamma, beta))
    y = ops.normalize(tensor, mean, variance, scale, offset, 0.1, (axis,) if through else None)
    y.backward(dy)
    return [y.value, *(None if t is None else t.grad for t in (tensor, scale, offset))]


@pytest.mark.parametrize("m", [1, 16, 21])
@pytest.mark.parametrize("through", [True, False])
@pytest.mark.parametrize("parameters", [True, False])
def test_columns(m: int, through: bool, parameters: bool) -> None:
    x, dy = 3 * randoms(N, m) + 1, randoms(N, m, seed=1)
    gamma, beta = (randoms(m, seed=2), randoms(m, seed=3)) if parameters else (None, None)
    mean, variance, inverse, sums, along = (np.zeros(m, np.float32) for _ in range(5))
    averages, y, dx = [np.ones(m, np.float32) for _ in range(2)], np.zeros_like(x), np.zeros_like(x)
    means = (sums, along) if through else (0, 0)
    carry(
        ("batch_moments", mean, variance, *averages, x, 1, m, 0.25, 0),
        ("normalize", y, inverse, x, mean, variance, *given(gamma, beta), 1, m, 0.1),
        ("normalize_sums", sums, along, dy, x, mean, inverse, 1, m),
        ("normalize_slope", dx, dy, x, mean, inverse, *given(gamma), *means, 1, m),
        n=N,
    )
    expected = op(x, gamma, beta, dy, 0, through)
    for found, wanted in zip((y, dx, along, sums), expected, strict=True):
        if wanted is not None:
            np.testing.assert_allclose(found, wanted, **CLOSE)
    np.testing.assert_allclose(averages[0], 0.75 + 0.25 * x.mean(0), **CLOSE)
    np.testing.assert_allclose(averages[1], 0.75 + 0.25 * x.var(0), **CLOSE)


def test_the_unbiased_variance_of_a_batch() -> None:
    x, (mean, variance, average, spread) = randoms(N, 3), np.zeros((4, 3), np.float32)
    carry(("batch_moments", mean, variance, average, spread, x, 1, 3, 1.0, 1), n=N)
    np.testing.assert_allclose(variance, x.var(0), **CLOSE)
    np.testing.assert_allclose(spread, x.var(0, ddof=1), **CLOSE)
    carry(("batch_moments", mean, variance, average, spread, x, 1, 3, 1.0, 1), n=1)
    np.testing.assert_array_equal(spread, np.zeros(3, np.float32))


@pytest.mark.parametrize("m", [1, 16, 21])
def test_rows(m: int) -> None:
    x, dy = 3 * randoms(N, m) + 1, randoms(N, m, seed=1)
    y, dx, inverse = np.zeros_like(x), np.zeros_like(x), np.zeros(N, np.float32)
    carry(("standardize", y, inverse, x, 1, m, 0.1), ("standardize_slope", dx, dy, y, inverse, 1, m), n=N)
    expected = op(x, None, None, dy, 1, True)
    np.testing.assert_allclose(y, expected[0], **CLOSE)
    np.testing.assert_allclose(dx, expected[1], **CLOSE)


def given(*arrays: Array | None) -> list[Any]:
    """Return arrays, and 0 for none."""
    return [0 if a is None else a for a in arrays]


@pytest.mark.parametrize("m", [1, 16, 21])
@pytest.mark.parametrize("unbiased", [0, 1])
@pytest.mark.parametrize(("rows", "size"), [(5, 1), (5, 2), (3, 4)])
def test_columns_of_shares(m: int, unbiased: int, rows: int, size: int) -> None:
    """Sums of shares, added up, are the moments and slopes of the whole batch."""
    x, dy = randoms(rows, m) + 100, randoms(rows, m, seed=1)
    moments, averages, inverse, sums, along = np.zeros((5, 2, m), np.float32)
    y, dx = np.zeros_like(x), np.zeros_like(x)
    carry(
        ("batch_moments", *moments, *averages, x, 1, m, 0.25, unbiased),
        ("normalize", y, inverse[0], x, *moments, 0, 0, 1, m, 0.1),
        ("normalize_sums", sums, along, dy, x, moments[0], inverse[0], 1, m),
        ("normalize_slope", dx, dy, x, moments[0], inverse[0], 0, sums, along, 1, m),
        n=rows,
    )
    shares, found = shares_of(rows, size), np.zeros((2, m), np.float32)
    for moment, around in ((found[0], 0), (found[1], found[0])):
        total = np.zeros(m, np.float32)
        for share in shares:
            part = np.full(m, 9, np.float32)
            carry(("column_sums", part, x[share.begin :], around, 1, m), share=share)
            total += part
        carry(("column_means", moment, total, 1, m), share=shares[-1])
    np.testing.assert_allclose(found, moments, **CLOSE)
    moved = np.zeros((2, m), np.float32)
    carry(("move_averages", *moved, *found, 1, m, 0.25, unbiased), share=shares[-1])
    np.testing.assert_allclose(moved, averages, **CLOSE)
    for share in shares:
        rows_of = slice(share.begin, share.begin + share.held)
        part = np.zeros((share.held, m), np.float32)
        carry(
            ("normalize_slope", part, dy[rows_of], x[rows_of], moments[0], inverse[0], 0, sums, along, 1, m),
            share=share,
        )
        np.testing.assert_array_equal(part, dx[rows_of] if share.rows else np.zeros((1, m)))
