"""CRC-32C, compiled, with eight bytes per step."""

import numpy as np
from numpy.typing import NDArray

from minifit.kernels.jit_arrays import jit
from minifit.kernels.reference_checksums import crc_table


def _eight_tables() -> NDArray[np.uint32]:
    """Return the tables: tables[k, b] is the register after the byte b and k zero bytes."""
    tables = [crc_table()]
    for _ in range(7):
        tables.append(tables[0][tables[-1] & 255] ^ (tables[-1] >> 8))
    return np.stack(tables)


_TABLES = _eight_tables()


def crc32c(rows: NDArray[np.uint8], out: NDArray[np.uint32]) -> None:
    """See `reference.crc32c`."""
    _crc32c(np.ascontiguousarray(rows), _TABLES, out)


@jit
def _crc32c(rows: NDArray[np.uint8], t: NDArray[np.uint32], out: NDArray[np.uint32]) -> None:
    n, length = rows.shape
    for i in range(n):
        crc = np.uint32(0xFFFFFFFF)
        j = 0
        while j + 8 <= length:
            # the first four bytes combine with the register, the others only with the zeros after them
            a = t[7, (crc ^ rows[i, j]) & 255] ^ t[6, ((crc >> 8) ^ rows[i, j + 1]) & 255]
            b = t[5, ((crc >> 16) ^ rows[i, j + 2]) & 255] ^ t[4, ((crc >> 24) ^ rows[i, j + 3]) & 255]
            c = t[3, rows[i, j + 4]] ^ t[2, rows[i, j + 5]] ^ t[1, rows[i, j + 6]] ^ t[0, rows[i, j + 7]]
            crc = np.uint32(a ^ b ^ c)
            j += 8
        while j < length:
            crc = np.uint32(t[0, (crc ^ rows[i, j]) & 255] ^ (crc >> 8))
            j += 1
        out[i] = ~crc
