"""The checksum at the head of the files that minifit writes.

HDF5 lets a file begin with a block of the user's own, which it skips. Here it has 512 bytes: a line of text with the
SHA-256 of everything after it, then zeros. Hashing is slower than writing, so in files above 4 MiB every 4 MiB are
hashed by themselves, on several cores and while they are written; the checksum is then that of their checksums.
"""

import hashlib
import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import IO

from minifit.errors import FileFormatError

BLOCK = 512
PIECE = 4 << 20
MARK = b"minifit SHA-256 of the "
WHOLE = MARK + b"rest: "
PIECES = MARK + b"SHA-256 of every 4 MiB of the rest: "

Buffers = Sequence[bytes | memoryview]


def sealed(buffers: Buffers) -> bytes:
    """The block for the buffers that come after it."""
    if sum(map(len, buffers)) <= PIECE:
        return _block(WHOLE, _digest(buffers))
    with _hashing() as pool:
        return _block(PIECES, _together(_hash(pool, piece) for piece in pieces(buffers)))


def write_sealed(file: IO[bytes], buffers: Buffers, flush: bool) -> None:
    """Write the block and, after it, the buffers, which are hashed meanwhile; with `flush` they go to the disk."""
    if sum(map(len, buffers)) <= PIECE:
        file.write(b"".join((sealed(buffers), *buffers)))
        return
    file.write(bytes(BLOCK))
    with _hashing() as pool:
        digests = [_hash(pool, piece) for piece in pieces(buffers)]
        for buffer in buffers:
            file.write(buffer)
        file.flush()
        if flush:
            os.fsync(file.fileno())
        block = _block(PIECES, _together(digests))
    file.seek(0)
    file.write(block)


def check(file: IO[bytes]) -> None:
    """Raise if the file begins with such a block and what comes after it is something else.

    Raises
    ------
    FileFormatError
        When the file was cut off or changed.
    """
    file.seek(0)
    block = file.read(BLOCK)
    if not block.startswith(MARK):
        return
    if block.startswith(PIECES):
        expected = _block(PIECES, _digest_of_pieces(file))
    else:
        expected = _block(WHOLE, hashlib.sha256(file.read(PIECE)).digest())
    if block != expected or file.read(1):
        raise FileFormatError(
            "A model file must be whole. Received: one whose checksum is wrong. Copy it again."
        )


def pieces(buffers: Buffers) -> Iterator[list[memoryview]]:
    """The buffers as pieces of 4 MiB, each a list of parts of them; the last one may be shorter."""
    piece: list[memoryview] = []
    room = PIECE
    for buffer in buffers:
        view = memoryview(buffer).cast("B")
        while len(view) >= room:
            yield [*piece, view[:room]]
            view, piece, room = view[room:], [], PIECE
        if len(view):
            piece.append(view)
            room -= len(view)
    if piece:
        yield piece


def _digest_of_pieces(file: IO[bytes]) -> bytes:
    """The checksum of what is left of the file, a few pieces of which are in memory at a time."""
    whole = hashlib.sha256()
    waiting: deque[Future[bytes]] = deque()
    with _hashing() as pool:
        while piece := file.read(PIECE):
            waiting.append(_hash(pool, [piece]))
            if len(waiting) > 4:
                whole.update(waiting.popleft().result())
        for digest in waiting:
            whole.update(digest.result())
    return whole.digest()


@contextmanager
def _hashing() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(min(os.cpu_count() or 1, 8)) as pool:
        yield pool


def _hash(pool: ThreadPoolExecutor, piece: Iterable[bytes | memoryview]) -> "Future[bytes]":
    return pool.submit(_digest, piece)


def _digest(piece: Iterable[bytes | memoryview]) -> bytes:
    made = hashlib.sha256()
    for part in piece:
        made.update(part)
    return made.digest()


def _together(digests: "Iterable[Future[bytes]]") -> bytes:
    return hashlib.sha256(b"".join(d.result() for d in list(digests))).digest()


def _block(mark: bytes, digest: bytes) -> bytes:
    return (mark + digest.hex().encode() + b"\n").ljust(BLOCK, b"\0")
