"""Records: the frames around the messages of an event file, which reveal a damaged or unfinished message.

    bytes       content
    8           the length n of the message, little-endian
    4           the masked CRC-32C of these eight bytes
    n           the message
    4           the masked CRC-32C of the message

Masked means rotated right by 15 bits, plus 0xA282EAD8, so that checksums of data that contains checksums stay reliable.
Source: https://www.tensorflow.org/tutorials/load_data/tfrecord, "TFRecords format details".
"""

import struct
from collections.abc import Iterator
from types import ModuleType
from typing import IO

import numpy as np
from numpy.typing import NDArray

from minifit.errors import FileFormatError
from minifit.kernels import reference

Bytes = NDArray[np.uint8]

OVERHEAD = 16
"""The number of bytes of a record besides its message."""


def framed(message: bytes, kernels: ModuleType = reference) -> bytes:
    """Return the record of one message."""
    return framed_rows(np.frombuffer(message, np.uint8)[None], kernels).tobytes()


def framed_rows(messages: Bytes, kernels: ModuleType = reference) -> Bytes:
    """Return the records of messages of equal length: shape (count, n) becomes (count, n + 16)."""
    count, n = messages.shape
    records = np.empty((count, n + OVERHEAD), np.uint8)
    length = np.frombuffer(struct.pack("<Q", n), np.uint8)
    records[:, :8] = length
    records[:, 8:12] = _masked(length[None], kernels)
    records[:, 12:-4] = messages
    records[:, -4:] = _masked(messages, kernels)
    return records


def _masked(rows: Bytes, kernels: ModuleType) -> Bytes:
    """Return the masked checksum of each row, as four bytes."""
    crc = np.empty(len(rows), np.uint32)
    kernels.crc32c(rows, crc)
    masked = ((crc >> 15) | (crc << 17)) + np.uint32(0xA282EAD8)
    return masked.astype("<u4").view(np.uint8).reshape(len(rows), 4)


def read(file: IO[bytes], kernels: ModuleType = reference) -> Iterator[bytes]:
    """Yield the messages of a file, without an unfinished one at its end, like TensorBoard.

    Raises
    ------
    FileFormatError
        If a checksum is wrong.
    """
    while len(header := file.read(12)) == 12:
        (n,) = struct.unpack("<Q", header[:8])
        _check(header[:8], header[8:], file, kernels)
        body = _read_exactly(file, n + 4)
        if body is None:
            return
        _check(body[:n], body[n:], file, kernels)
        yield body[:n]


def _read_exactly(file: IO[bytes], size: int) -> bytes | None:
    """Return `size` bytes, or None if fewer are left."""
    body = file.read(size)
    return body if len(body) == size else None


def _check(data: bytes, checksum: bytes, file: IO[bytes], kernels: ModuleType) -> None:
    if _masked(np.frombuffer(data, np.uint8)[None], kernels).tobytes() != checksum:
        raise FileFormatError(
            "The checksum of a record must match its content. "
            f"Received: {getattr(file, 'name', 'a file')!r}, damaged before byte {file.tell()}. "
            "Earlier records can be read."
        )
