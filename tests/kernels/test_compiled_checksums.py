"""The compiled CRC-32C gives the bits of the reference."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from minifit.kernels import compiled, reference
from tests.kernels.helpers import seeds


@given(st.sampled_from([0, 1, 2, 40]), st.one_of(st.integers(0, 40), st.sampled_from([2001, 5000])), seeds)
def test_as_the_reference(n: int, length: int, seed: int) -> None:
    rows = np.random.default_rng(seed).integers(0, 256, (n, 2 * length), np.uint8)[:, ::2]
    actual, expected = np.zeros(n, np.uint32), np.zeros(n, np.uint32)
    compiled.crc32c(rows, actual)
    reference.crc32c(rows, expected)
    np.testing.assert_array_equal(actual, expected)
