"""The compiled losses agree with the reference, on ordinary and on awkward input.

Bounds: a loss within 1e-5 of the sum of the sizes of its terms, a gradient within 1e-5 of the largest in its row.
"""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.kernels.helpers import (
    COMPILED,
    REFERENCE,
    assert_within,
    empty,
    laid_out,
    layouts,
    randoms,
    seeds,
    values,
)

DENSE = [
    "squared_error",
    "absolute_error",
    "categorical_crossentropy",
    "categorical_crossentropy_logits",
    "binary_crossentropy",
    "binary_crossentropy_logits",
]
SPARSE = ["sparse_categorical_crossentropy", "sparse_categorical_crossentropy_logits"]

# no rows, one number, a few, and enough for NumPy to take over
shapes = st.sampled_from([(0, 3), (1, 1), (4, 3), (5, 120), (40, 60)])


def predictions(
    rng: np.random.Generator, name: str, shape: tuple[int, int], layout: str, kind: str
) -> NDArray[Any]:
    """Anything, or for the losses of probabilities numbers in [0, 1] with some at the ends."""
    p = randoms(rng, shape, layout, kind)
    if "crossentropy" in name and "logits" not in name:
        np.abs(p, out=p)
        p[np.isfinite(p)] %= 1
        p[rng.random(shape) < 0.1] = 0
        p[rng.random(shape) < 0.1] = 1
    return p


def agree(name: str, t: NDArray[Any], p: NDArray[Any], dloss: NDArray[Any], layout: str) -> None:
    """Both passes of a loss, compiled and by the reference, return and write the same."""
    results: list[tuple[Any, NDArray[Any], NDArray[Any]]] = []
    for kernels in (COMPILED, REFERENCE):
        loss, dp = empty((len(p),), layout), empty(p.shape, layout)
        with np.errstate(all="ignore"):
            first = getattr(kernels, f"{name}_forward")(t, p, loss)
            getattr(kernels, f"{name}_backward")(t, p, dloss, dp)
        results.append((first, loss, dp))
    (first, loss, dp), (expected_first, expected_loss, expected_dp) = results
    assert first == expected_first
    finite = np.where(np.isfinite(p), np.abs(p), 0)
    terms = finite.sum(axis=1) + 20  # the largest logarithm is 17
    assert_within(loss, expected_loss, 1e-5 * (np.abs(expected_loss) + terms))
    finite = np.where(np.isfinite(expected_dp), np.abs(expected_dp), 0)
    assert_within(dp, expected_dp, 1e-5 * finite.max(axis=1, initial=1e-3)[:, None])


@pytest.mark.parametrize("name", DENSE)
@settings(max_examples=25)
@given(shapes, layouts, values, seeds, st.booleans())
def test_losses(name: str, shape: tuple[int, int], layout: str, kind: str, seed: int, one_hot: bool) -> None:
    rng = np.random.default_rng(seed)
    t = rng.random(shape).astype(np.float32)
    if one_hot:
        t = (t == t.max(axis=1, keepdims=True)).astype(np.float32)
    p = predictions(rng, name, shape, layout, kind)
    agree(name, laid_out(t, layout), p, randoms(rng, (shape[0],), layout), layout)


@pytest.mark.parametrize("name", SPARSE)
@settings(max_examples=25)
@given(shapes, layouts, values, seeds, st.booleans())
def test_sparse_losses(
    name: str, shape: tuple[int, int], layout: str, kind: str, seed: int, outside: bool
) -> None:
    rng = np.random.default_rng(seed)
    margin = 1 if outside else 0
    ids = laid_out(rng.integers(-margin, shape[1] + margin, shape[0]), layout)
    p = predictions(rng, name, shape, layout, kind)
    agree(name, ids, p, randoms(rng, (shape[0],), layout), layout)


@pytest.mark.parametrize("name", SPARSE)
@pytest.mark.parametrize("wrong", [-1, 3, -(2**63), 2**63 - 1])
def test_the_first_row_with_an_id_outside_is_reported(name: str, wrong: int) -> None:
    ids, p, loss = np.array([0, wrong, 2, wrong]), np.full((4, 3), 0.3, np.float32), np.zeros(4, np.float32)
    assert getattr(COMPILED, f"{name}_forward")(ids, p, loss) == 1
    np.testing.assert_array_equal(np.isnan(loss), [False, True, False, True])


def test_logits_far_from_zero_keep_their_digits() -> None:
    z, loss = np.array([[1e6, 1e6 + 1]], np.float32), np.zeros(1, np.float32)
    COMPILED.categorical_crossentropy_logits_forward(np.array([[0, 1]], np.float32), z, loss)
    np.testing.assert_allclose(loss, [np.log1p(np.exp(-1.0))], rtol=1e-6)
