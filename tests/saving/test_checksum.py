"""The checksum at the head of a file."""

import hashlib
import io
import threading
from pathlib import Path

import pytest

from minifit.errors import FileFormatError
from minifit.saving import checksum
from minifit.saving.checksum import BLOCK, PIECE

SIZES = [0, 1, 5000, PIECE, PIECE + 1, 3 * PIECE, 3 * PIECE + 17]


def content(size: int) -> bytes:
    return (b"0123456789abcdef" * (size // 16 + 1))[:size]


def file_of(rest: bytes, parts: int = 3) -> bytes:
    step = len(rest) // parts + 1
    file = io.BytesIO()
    checksum.write_sealed(file, [memoryview(rest)[i : i + step] for i in range(0, len(rest), step)], False)
    return file.getvalue()


def test_the_block_of_a_small_file_is_its_sha_256_as_text() -> None:
    written = file_of(b"abc")
    assert written.startswith(
        b"minifit SHA-256 of the rest: " + hashlib.sha256(b"abc").hexdigest().encode() + b"\n"
    )
    assert written[BLOCK:] == b"abc"


def test_the_block_of_a_large_file_is_the_sha_256_of_those_of_its_pieces() -> None:
    rest = content(2 * PIECE + 5)
    each = b"".join(hashlib.sha256(rest[i : i + PIECE]).digest() for i in range(0, len(rest), PIECE))
    assert hashlib.sha256(each).hexdigest().encode() in file_of(rest)[:BLOCK]


@pytest.mark.parametrize("size", SIZES)
def test_a_file_is_the_same_however_it_is_written(size: int) -> None:
    rest = content(size)
    assert file_of(rest) == checksum.sealed([rest]) + rest == file_of(rest, 1)
    checksum.check(io.BytesIO(file_of(rest)))


@pytest.mark.parametrize("size", SIZES[1:])
def test_a_change_anywhere_is_noticed(size: int) -> None:
    written = file_of(content(size))
    for broken in (
        written[:-1],
        written + b"x",
        written[: BLOCK + size // 2] + b"?" + written[BLOCK + size // 2 + 1 :],
        written[:25] + b"?" + written[26:],
        written[:70] + b"?" + written[71:],
        written[:400] + b"?" + written[401:],
    ):
        with pytest.raises(FileFormatError, match="checksum is wrong"):
            checksum.check(io.BytesIO(broken))


def test_another_file_has_no_checksum_to_check() -> None:
    for other in (b"", b"abc", bytes(600), checksum.sealed([b"abc"])[:20]):
        checksum.check(io.BytesIO(other))


def test_pieces_are_cut_across_buffers(tmp_path: Path) -> None:
    rest = content(2 * PIECE + 9)
    cut = [bytes(rest[:10]), rest[10 : PIECE + 3], rest[PIECE + 3 :]]
    assert [sum(map(len, p)) for p in checksum.pieces(cut)] == [PIECE, PIECE, 9]
    with open(tmp_path / "f", "wb") as file:
        checksum.write_sealed(file, cut, True)
    assert (tmp_path / "f").read_bytes() == file_of(rest)


def test_where_no_thread_can_be_started_the_callers_does_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    written = file_of(content(3 * PIECE + 1))

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert file_of(content(3 * PIECE + 1)) == written
    checksum.check(io.BytesIO(written))


def test_what_goes_wrong_in_a_thread_is_raised_in_the_callers() -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 2 * PIECE:
                raise OSError("Input/output error")
            return super().read(size)

    before = threading.active_count()
    with pytest.raises(OSError, match="Input/output error"):
        checksum.check(Broken(file_of(content(4 * PIECE))))
    assert threading.active_count() == before
