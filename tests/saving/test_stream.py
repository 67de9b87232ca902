"""A stream's pieces are whole, and what goes wrong is said by the name of the file."""

import errno
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from minifit.saving import stream
from minifit.saving.stream import Stream


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a" / "b" / "file.txt"


def test_every_piece_is_there_at_once(path: Path) -> None:
    made = Stream(str(path), "the file")
    made.write("one\n")
    assert path.read_bytes() == b"one\n"
    made.write("zwei ü\n")
    assert path.read_bytes() == "one\nzwei ü\n".encode()
    assert made.size == len("one\nzwei ü\n".encode())
    made.close()


def test_what_was_there_stays_and_is_cut_where_asked(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(b"one\ntwo\n")
    made = Stream(str(path), "the file")
    made.cut(100)
    assert path.read_bytes() == b"one\ntwo\n"
    made.cut(4)
    made.write("three\n")
    made.close()
    assert path.read_bytes() == b"one\nthree\n"


def test_a_folder_in_the_files_place(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="the file cannot be written to") as caught:
        Stream(str(tmp_path), "the file")
    assert caught.value.filename == str(tmp_path)
    assert caught.value.errno is not None


class FullDisk:
    """A file that takes so many bytes more, then refuses."""

    def __init__(self, file: Any, room: int) -> None:
        self.file, self.room = file, room

    def write(self, piece: bytes) -> int:
        if not self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        taken: int = self.file.write(piece[: self.room])
        self.room -= taken
        return taken

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)


@pytest.mark.parametrize("room", [0, 3])
def test_a_piece_that_does_not_fit_is_taken_back(path: Path, room: int) -> None:
    made: Any = Stream(str(path), "the file")
    made.write("one\n")
    made._file = FullDisk(made._file, room)
    with pytest.raises(OSError, match="No space left on device; the file could not be written to") as caught:
        made.write("second\n")
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(path))
    assert path.read_bytes() == b"one\n"
    made._file.room = 100
    made.write("third\n")
    made.close()
    assert path.read_bytes() == b"one\nthird\n"


def test_a_write_that_takes_a_part_goes_on(path: Path) -> None:
    made: Any = Stream(str(path), "the file")
    file = made._file

    class Slow(FullDisk):
        def write(self, piece: bytes) -> int:
            self.room = 2
            return super().write(piece)

    made._file = Slow(file, 2)
    made.write("seven\n")
    made.close()
    assert path.read_bytes() == b"seven\n"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows lets nobody remove an open file")
def test_a_file_that_was_removed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "LOOK", 0.0)
    made = Stream(str(path), "the file")
    made.write("one\n")
    path.unlink()
    path.parent.rmdir()
    with pytest.raises(FileNotFoundError, match=r"removed while it was being written.*file\.txt"):
        made.write("two\n")
    made.close()


@pytest.mark.parametrize(("flush", "expected"), [("1", 1), ("0", 0)])
def test_flushing(path: Path, flush: str, expected: int, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[int] = []
    monkeypatch.setenv("MINIFIT_FLUSH", flush)
    monkeypatch.setattr(os, "fsync", flushed.append)
    made = Stream(str(path), "the file")
    made.flush()
    made.close()
    assert len(flushed) == expected
