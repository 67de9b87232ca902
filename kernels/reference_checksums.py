"""CRC-32C, the checksum that guards every record of an event file.

Each byte updates a 32-bit register: ``crc = table[(crc ^ byte) & 255] ^ (crc >> 8)``. The register starts as all ones
and is inverted at the end. The update is linear over single bits. A long row can therefore be split into pieces whose
registers NumPy computes side by side and joins afterwards.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Words = NDArray[np.uint32]

_PIECE = 64  # bytes per piece, processed one by one
_FEW = 2000  # bytes up to which a plain loop is faster


def crc_table() -> Words:
    """Return the register after each single byte, for the Castagnoli polynomial (reflected: 0x82F63B78)."""
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ np.uint32(0x82F63B78), table >> 1).astype(np.uint32)
    return table


_TABLE = crc_table()
_TABLE_AS_LIST: list[int] = _TABLE.tolist()


def crc32c(rows: Bytes, out: Words) -> None:
    """Compute out[i] = the CRC-32C of rows[i].

    Parameters
    ----------
    rows : array of shape (n_rows, n_bytes), of uint8
    out : array of shape (n_rows,), of uint32, written

    References
    ----------
    RFC 3720, appendix B.4 has test vectors.
    """
    if rows.size <= _FEW or rows.shape[1] < 4:
        out[:] = [_one_by_one(row.tobytes()) for row in rows]
    else:
        np.invert(_register(rows), out=out)


def _one_by_one(data: bytes) -> int:
    crc, table = 0xFFFFFFFF, _TABLE_AS_LIST
    for byte in data:
        crc = table[(crc ^ byte) & 255] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def _register(rows: Bytes) -> Words:
    """Return the register after each row, before it is inverted."""
    n, length = rows.shape
    pieces = 1 << max(0, -(-length // _PIECE) - 1).bit_length()
    piece = -(-length // pieces)
    # Leading zeros do not change a register of zero. Starting with all ones is the same as inverting four bytes.
    padded = np.zeros((n, pieces * piece), np.uint8)
    padded[:, pieces * piece - length :] = rows
    start = pieces * piece - length
    padded[:, start : start + 4] ^= 255
    columns = np.ascontiguousarray(padded.reshape(n * pieces, piece).T)
    crc = np.zeros(n * pieces, np.uint32)
    for column in columns:
        crc = _TABLE[(crc ^ column) & 255] ^ (crc >> 8)
    crc = crc.reshape(n, pieces)
    # join neighbours: advance the left register over as many zero bytes as the right piece has
    while crc.shape[1] > 1:
        crc = _apply(_zeros(piece), crc[:, 0::2]) ^ crc[:, 1::2]
        piece *= 2
    return crc[:, 0]


def _apply(tables: Words, crc: Words) -> Words:
    """Apply a linear map to registers; `tables` has the image of each value of each of the four bytes."""
    t0, t1, t2, t3 = tables
    image: Words = t0[crc & 255] ^ t1[(crc >> 8) & 255] ^ t2[(crc >> 16) & 255] ^ t3[crc >> 24]
    return image


@cache
def _zeros(count: int) -> Words:
    """Return the linear map that advances a register over `count` zero bytes."""
    if count == 1:
        words = np.arange(256, dtype=np.uint32) << np.arange(0, 32, 8, dtype=np.uint32)[:, None]
        after: Words = _TABLE[words & 255] ^ (words >> 8)
        return after
    half = _zeros(count // 2)
    doubled = _apply(half, half)
    return _apply(_zeros(1), doubled) if count % 2 else doubled
