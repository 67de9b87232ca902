"""CRC-32C of the reference: the published vectors, and the definition bit by bit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minifit.kernels import reference
from tests.kernels.helpers import seeds


def crc(data: bytes) -> int:
    out = np.zeros(1, np.uint32)
    reference.crc32c(np.frombuffer(data, np.uint8)[None], out)
    return int(out[0])


def bit_by_bit(data: bytes) -> int:
    register = 0xFFFFFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = (register >> 1) ^ (0x82F63B78 if register & 1 else 0)
    return register ^ 0xFFFFFFFF


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(range(31, -1, -1)), 0x113FDB5C),
        (b"123456789", 0xE3069283),
        (b"", 0),
    ],
)
def test_published_vectors(data: bytes, expected: int) -> None:
    """Of RFC 3720, B.4, and the usual check of a CRC."""
    assert crc(data) == expected


@pytest.mark.parametrize("length", [1, 3, 4, 5, 63, 64, 65, 128, 2000, 2001, 2049, 4099])
def test_long_rows_are_joined_of_pieces(length: int) -> None:
    data = np.random.default_rng(length).integers(0, 256, length, np.uint8).tobytes()
    assert crc(data) == bit_by_bit(data)


@given(st.integers(0, 60), st.integers(0, 150), seeds)
def test_rows_side_by_side(n: int, length: int, seed: int) -> None:
    rows = np.random.default_rng(seed).integers(0, 256, (n, length), np.uint8)
    out = np.zeros(n, np.uint32)
    before = rows.copy()
    reference.crc32c(rows, out)
    assert out.tolist() == [bit_by_bit(row.tobytes()) for row in rows]
    np.testing.assert_array_equal(rows, before)
