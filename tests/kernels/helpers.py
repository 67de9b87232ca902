"""What the tests of the kernels share: awkward arrays, a comparison with a stated bound, finite differences."""

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from minifit import kernels

REFERENCE = kernels.load("numpy")
COMPILED = kernels.load("numba")

seeds = st.integers(0, 10**6)
values = st.sampled_from(["ordinary", "ordinary", "large", "nan", "inf"])
layouts = st.sampled_from(["contiguous", "contiguous", "strided"])


def empty(shape: tuple[int, ...], layout: str, dtype: Any = np.float32) -> NDArray[Any]:
    """An array of NaN, so that what a kernel forgets to write shows."""
    if layout == "contiguous":
        return np.full(shape, np.nan, dtype)
    wide = np.full(tuple(2 * length + 1 for length in shape), np.nan, dtype)
    return wide[tuple(slice(1, None, 2) for _ in shape)]


def laid_out(array: NDArray[Any], layout: str) -> NDArray[Any]:
    """A copy of `array` in a layout."""
    copy = array.copy()
    if layout == "strided":
        copy = np.repeat(copy, 2, axis=-1)[..., ::2]
    return copy


def randoms(
    rng: np.random.Generator, shape: tuple[int, ...], layout: str = "contiguous", kind: str = "ordinary"
) -> NDArray[Any]:
    """Normal float32 numbers, times 50 where `kind` is "large", with some NaN or infinities where it says so."""
    array = rng.standard_normal(shape).astype(np.float32) * np.float32(50 if kind == "large" else 1)
    if kind in ("nan", "inf") and array.size:
        spoiled = rng.random(shape) < 0.2
        array[spoiled] = np.nan if kind == "nan" else np.inf
        array[spoiled & (rng.random(shape) < 0.5)] *= -1
    return laid_out(array, layout)


def assert_within(actual: NDArray[Any], expected: NDArray[Any], bound: Any) -> None:
    """The same NaN and infinities in the same places, and elsewhere no further apart than `bound`."""
    np.testing.assert_array_equal(np.isnan(actual), np.isnan(expected))
    infinite = np.isinf(expected)
    np.testing.assert_array_equal(np.isinf(actual), infinite)
    np.testing.assert_array_equal(actual[infinite], expected[infinite])
    finite = np.isfinite(expected)
    limit = np.broadcast_to(bound, expected.shape)[finite]
    error = np.abs(actual[finite].astype(np.float64) - expected[finite])
    assert np.all(~(error > limit)), f"{error.max()} is beyond the bound {limit[error.argmax()]}"


def slope(function: Callable[[NDArray[Any]], float], at: NDArray[Any]) -> NDArray[Any]:
    """The gradient of `function` by central differences; in float64 good to about 1e-8."""
    gradient = np.empty_like(at)
    for index in np.ndindex(at.shape):
        moved = at.copy()
        moved[index] = at[index] + 1e-5
        above = function(moved)
        moved[index] = at[index] - 1e-5
        gradient[index] = (above - function(moved)) / 2e-5
    return gradient
