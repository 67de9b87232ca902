"""The checksum at the beginning of the files that minifit writes.

An HDF5 file may begin with a user block, which the library skips. Here it has 512 bytes: a line of text with the
SHA-256 of everything after the block, then zeros. Hashing is slower than writing, so a file above 4 MiB is hashed in
pieces of 4 MiB, on several cores and while it is written; the checksum is then that of the pieces' checksums.
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
    """Return the block for the buffers that follow it."""
    if sum(map(len, buffers)) <= PIECE:
        return _block(WHOLE, _digest(buffers))
    with _Hashing(pieces(buffers)) as hashing:
        return _block(PIECES, hashing.digest())


def write_sealed(file: IO[bytes], buffers: Buffers, flush: bool) -> None:
    """Write the block and the buffers after it, hashing them at the same time; with `flush`, flush them to the disk."""
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
    """Raise if the file begins with such a block and the rest does not match it.

    Raises
    ------
    FileFormatError
        When the file was truncated or changed.
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
    """Yield the buffers as pieces of 4 MiB, each a list of parts of buffers; the last one may be shorter."""
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
    """Return the checksum of the rest of the file; each thread holds one piece in memory at a time."""
    with _Hashing([piece] for piece in iter(lambda: file.read(PIECE), b"")) as hashing:
        return hashing.digest()


class _Hashing:
    """The SHA-256 of pieces, computed by several threads while the block runs.

    The caller's thread helps in `digest`. It does all the work when no thread can be started: after the end of the main
    thread, or at the system's limit of threads.
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
        """End the threads: the pieces may be the memory of a model, which may change after the block."""
        with self._lock:
            self._waiting = enumerate(())
        for thread in self._threads:
            thread.join()

    def digest(self) -> bytes:
        """Return the SHA-256 of the SHA-256 of all pieces."""
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
        except BaseException as error:
            # `digest` raises it in the caller's thread, for example a disk error.
            self._error = error


def _digest(piece: Iterable[bytes | memoryview]) -> bytes:
    digest = hashlib.sha256()
    for part in piece:
        digest.update(part)
    return digest.digest()


def _block(mark: bytes, digest: bytes) -> bytes:
    return (mark + digest.hex().encode() + b"\n").ljust(BLOCK, b"\0")
