"""The checksum at the head of the files that minifit writes.

HDF5 lets a file begin with a block of the user's own, which it skips. Here it has 512 bytes: a line of text with the
SHA-256 of everything after it, then zeros. Hashing is slower than writing, so in files above 4 MiB every 4 MiB are
hashed by themselves, on several cores and while they are written; the checksum is then that of their checksums.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from threading import Lock, Thread
from types import TracebackType
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
    with _Hashing(pieces(buffers)) as hashing:
        return _block(PIECES, hashing.digest())


def write_sealed(file: IO[bytes], buffers: Buffers, flush: bool) -> None:
    """Write the block and, after it, the buffers, which are hashed meanwhile; with `flush` they go to the disk."""
    if sum(map(len, buffers)) <= PIECE:
        file.write(b"".join((sealed(buffers), *buffers)))
        return
    file.write(bytes(BLOCK))
    with _Hashing(pieces(buffers)) as hashing:
        for buffer in buffers:
            file.write(buffer)
        file.flush()
        if flush:
            os.fsync(file.fileno())
        block = _block(PIECES, hashing.digest())
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
    """The checksum of what is left of the file, of which each thread has one piece in memory at a time."""
    with _Hashing([piece] for piece in iter(lambda: file.read(PIECE), b"")) as hashing:
        return hashing.digest()


class _Hashing:
    """The SHA-256 of pieces, computed by several threads while the block runs.

    The caller's thread takes its part in `digest`. It does all of the work where no other thread can be started: at
    the end of the main thread, or at the system's limit.
    """

    def __init__(self, pieces: "Iterable[Iterable[bytes | memoryview]]") -> None:
        self._waiting = enumerate(pieces)
        self._lock = Lock()
        self._digests: dict[int, bytes] = {}
        self._error: BaseException | None = None
        self._threads: list[Thread] = []

    def __enter__(self) -> "_Hashing":
        with suppress(RuntimeError):
            for _ in range(min(os.cpu_count() or 1, 8)):
                thread = Thread(target=self._work, name="minifit checksum")
                thread.start()
                self._threads.append(thread)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the threads: the pieces may be the memory of a model, which changes behind the block."""
        with self._lock:
            self._waiting = enumerate(())
        for thread in self._threads:
            thread.join()

    def digest(self) -> bytes:
        """The SHA-256 of the SHA-256 of all pieces."""
        self._work()
        for thread in self._threads:
            thread.join()
        if self._error is not None:
            raise self._error
        return hashlib.sha256(b"".join(self._digests[i] for i in range(len(self._digests)))).digest()

    def _work(self) -> None:
        """Hash one piece after another until none is left, or a thread has failed."""
        try:
            while self._error is None:
                with self._lock:
                    number, piece = next(self._waiting, (-1, ()))
                if number < 0:
                    return
                self._digests[number] = _digest(piece)
        except BaseException as error:  # such as one of the disk: `digest` raises it for the caller
            self._error = error


def _digest(piece: Iterable[bytes | memoryview]) -> bytes:
    made = hashlib.sha256()
    for part in piece:
        made.update(part)
    return made.digest()


def _block(mark: bytes, digest: bytes) -> bytes:
    return (mark + digest.hex().encode() + b"\n").ljust(BLOCK, b"\0")
