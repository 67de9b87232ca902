"""Compiled gathering gives the very bits of the reference: a cast has one right answer."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minifit.kernels import compiled, reference
from tests.kernels.helpers import seeds


@settings(max_examples=60)
@given(
    st.sampled_from(["?", "u1", "f2", "f4", "f8", ">f4", "i8"]),
    st.sampled_from([(5,), (5, 1), (5, 3), (5, 0), (5, 2, 3)]),
    st.sampled_from([0, 1, 7]),
    st.sampled_from(["contiguous", "strided"]),
    seeds,
)
def test_gather(dtype: str, shape: tuple[int, ...], n: int, layout: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    source = rng.integers(0, 100, (2 * shape[0], *shape[1:])).astype(dtype)
    source = source[::2] if layout == "strided" else source[: shape[0]]
    rows = rng.integers(0, 5, n)
    actual = np.full((n, *shape[1:]), np.nan, np.float32)
    expected = actual.copy()
    compiled.gather_rows(source, rows, actual)
    reference.gather_rows(source, rows, expected)
    np.testing.assert_array_equal(actual, expected)


def test_nan_and_infinity_are_cast() -> None:
    out = np.empty((1, 3), np.float32)
    compiled.gather_rows(np.array([[np.nan, np.inf, -np.inf]]), np.array([0]), out)
    np.testing.assert_array_equal(out, [[np.nan, np.inf, -np.inf]])


@pytest.mark.parametrize("dtype", [np.float32, np.uint8])
def test_a_memory_map_that_must_not_be_written(dtype: type, tmp_path: Path) -> None:
    np.save(tmp_path / "source.npy", np.arange(12, dtype=dtype).reshape(4, 3))
    source = np.load(tmp_path / "source.npy", mmap_mode="r")
    out = np.empty((2, 3), np.float32)
    compiled.gather_rows(source, np.array([3, 1]), out)
    np.testing.assert_array_equal(out, [[9, 10, 11], [3, 4, 5]])


def test_into_a_strided_batch() -> None:
    out = np.zeros((2, 4), np.float32)
    compiled.gather_rows(np.arange(6).reshape(3, 2), np.array([2, 0]), out[:, ::2])
    np.testing.assert_array_equal(out, [[4, 0, 5, 0], [0, 0, 1, 0]])
