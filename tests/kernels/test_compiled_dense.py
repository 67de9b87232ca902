"""The compiled dense layer agrees with the reference, on ordinary and on awkward input.

Bounds: products within 1e-5 of their natural scale |x| @ |w|, which float32 sums in any order keep for sums of less
than a hundred numbers; an activation and softmax within 1e-6 of theirs (which is 1, or the gradient coming in).
"""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minifit.errors import UnknownNameError
from minifit.kernels import compiled, compiled_dense
from tests.kernels.helpers import COMPILED, REFERENCE, assert_within, empty, layouts, randoms, seeds, values

# (n, k, m): products that go to BLAS, products that one compiled call does, and nothing in each direction
sizes = st.sampled_from(
    [
        (33, 40, 40),
        (90, 70, 1),
        (1, 80, 60),
        (3, 4, 5),
        (1, 20, 10),
        (1, 1, 1),
        (0, 3, 2),
        (3, 0, 2),
        (3, 2, 0),
    ]
)
activations = st.sampled_from(REFERENCE.FUSED_ACTIVATIONS)


def test_the_sizes_reach_both_ways_of_computing() -> None:
    assert 33 * 40 * 40 > max(compiled_dense._TINY_FORWARD, compiled_dense._TINY_BACKWARD) > 200


@settings(max_examples=60)
@given(sizes, activations, st.booleans(), layouts, values, seeds)
def test_dense_forward(
    size: tuple[int, int, int], activation: str, biased: bool, layout: str, kind: str, seed: int
) -> None:
    n, k, m = size
    rng = np.random.default_rng(seed)
    x, w = randoms(rng, (n, k), layout, kind), randoms(rng, (k, m), layout)
    b = randoms(rng, (m,), layout) if biased else None
    actual, expected = empty((n, m), layout), empty((n, m), layout)
    with np.errstate(all="ignore"):
        COMPILED.dense_forward(x, w, b, activation, actual)
        REFERENCE.dense_forward(x, w, b, activation, expected)
        scale = np.abs(x) @ np.abs(w) + (0 if b is None else np.abs(b)) + 1
    assert_within(actual, expected, 1e-5 * scale)


@settings(max_examples=60)
@given(sizes, activations, st.sampled_from(["all", "first", "dw"]), layouts, values, seeds)
def test_dense_backward(
    size: tuple[int, int, int], activation: str, wanted: str, layout: str, kind: str, seed: int
) -> None:
    n, k, m = size
    rng = np.random.default_rng(seed)
    x, w, dy = randoms(rng, (n, k), layout), randoms(rng, (k, m), layout), randoms(rng, (n, m), layout, kind)
    y = np.tanh(randoms(rng, (n, m), layout))
    results: list[list[Any]] = []
    with np.errstate(all="ignore"):
        for kernels in (COMPILED, REFERENCE):
            dz = None if activation == "linear" else empty((n, m), layout)
            dx = empty((n, k), layout) if wanted == "all" else None
            dw = empty((k, m), layout)
            db = None if wanted == "dw" else empty((m,), layout)
            kernels.dense_backward(x, w, y, dy, activation, dz, dx, dw, db)
            results.append([dz, dx, dw, db])
        size_of_dz = np.abs(dy)
        scales = [size_of_dz, size_of_dz @ np.abs(w).T, np.abs(x).T @ size_of_dz, size_of_dz.sum(axis=0)]
        for actual, expected, scale in zip(*results, scales, strict=True):
            if expected is None:
                assert actual is None
            else:
                assert_within(actual, expected, 1e-5 * scale)


@settings(max_examples=40)
@given(
    st.sampled_from([(0,), (5,), (2, 0), (4, 3), (40, 40), (2, 3, 4)]), activations, layouts, values, seeds
)
def test_activations(shape: tuple[int, ...], activation: str, layout: str, kind: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    z, dy = randoms(rng, shape, layout, kind), randoms(rng, shape, layout)
    actual, expected = empty(shape, layout), empty(shape, layout)
    with np.errstate(all="ignore"):
        COMPILED.activation_forward(z, activation, actual)
        REFERENCE.activation_forward(z, activation, expected)
        assert_within(actual, expected, 1e-6)
        y, actual, expected = expected, empty(shape, layout), empty(shape, layout)
        COMPILED.activation_backward(y, dy, activation, actual)
        REFERENCE.activation_backward(y, dy, activation, expected)
        assert_within(actual, expected, 1e-6 * (1 + np.abs(expected)))


@settings(max_examples=40)
@given(st.sampled_from([(0, 3), (1, 1), (4, 3), (40, 40)]), layouts, values, seeds)
def test_softmax(shape: tuple[int, int], layout: str, kind: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    z, dy = randoms(rng, shape, layout, kind), randoms(rng, shape, layout)
    actual, expected = empty(shape, layout), empty(shape, layout)
    with np.errstate(all="ignore"):
        COMPILED.softmax_forward(z, actual)
        REFERENCE.softmax_forward(z, expected)
        assert_within(actual, expected, 1e-6)
        y, actual, expected = expected, empty(shape, layout), empty(shape, layout)
        COMPILED.softmax_backward(y, dy, actual)
        REFERENCE.softmax_backward(y, dy, expected)
        assert_within(actual, expected, 1e-6 * np.abs(dy).max(initial=1))


@pytest.mark.parametrize("n", [3, 2000])
def test_sigmoid_keeps_its_digits_far_out(n: int) -> None:
    z = np.linspace(-80, 80, n, dtype=np.float32)
    y = np.empty_like(z)
    compiled.activation_forward(z, "sigmoid", y)
    np.testing.assert_allclose(y, 1 / (1 + np.exp(-z.astype(np.float64))), rtol=1e-6)


def test_float64_stays_float64() -> None:
    x, w, y = np.full((1, 1), 1 / 3), np.full((1, 1), 1 / 7), np.empty((1, 1))
    compiled.dense_forward(x, w, None, "linear", y)
    assert y[0, 0] == 1 / 3 * (1 / 7)


def test_softmax_of_no_columns_reads_nothing() -> None:
    compiled.softmax_forward(np.empty((3, 0), np.float32), np.empty((3, 0), np.float32))


def test_an_unknown_activation_is_an_error() -> None:
    z = np.zeros((1, 1), np.float32)
    with pytest.raises(UnknownNameError, match="Did you mean 'relu'"):
        compiled.dense_forward(z, z, None, "rellu", z.copy())
