"""A stream's pieces are whole, and what goes wrong is said by the name of the file."""

import errno
import os
import sys
from pathlib import Path
from typing import Any

import pytest

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


def removed(path: Path) -> None:
    path.unlink()
    path.parent.rmdir()


def replaced(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(b"other\n")
    other.replace(path)


def lengthened(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"x")


CHANGES: dict[str, tuple[Any, bytes]] = {
    "removed": (removed, b""),
    "replaced": (replaced, b"other\n"),
    "shortened": (lambda path: os.truncate(path, 1), b"o"),
    "lengthened": (lengthened, b"one\nx"),
}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows lets nobody remove an open file")
@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_others_change(path: Path, change: str) -> None:
    act, content = CHANGES[change]
    made = Stream(str(path), "the file")
    made.write("one\n")
    assert made.change() == ""
    act(path)
    assert made.change() == change
    made.follow()
    assert made.change() == ""
    made.write("two\n")
    assert made.change() == ""
    assert path.read_bytes() == content + b"two\n"
    made.close()


def test_a_cut_is_no_change(path: Path) -> None:
    made = Stream(str(path), "the file")
    made.write("one\ntwo\n")
    made.cut(4)
    assert made.change() == ""
    made.close()


@pytest.mark.skipif(sys.platform == "win32", reason="no such files")
def test_a_device_does_not_change() -> None:
    made = Stream(os.devnull, "the file")
    made.write("one\n")
    assert made.change() == ""
    made.cut(0)
    made.close()


def test_a_change_of_the_working_folder_moves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = Stream("log.csv", "the file")
    (tmp_path / "inner").mkdir()
    monkeypatch.chdir(tmp_path / "inner")
    made.write("one\n")
    assert made.change() == ""
    (tmp_path / "log.csv").unlink()
    made.follow()
    made.write("two\n")
    made.close()
    assert (tmp_path / "log.csv").read_bytes() == b"two\n"


@pytest.mark.parametrize(("flush", "expected"), [("1", 1), ("0", 0)])
def test_flushing(path: Path, flush: str, expected: int, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[int] = []
    monkeypatch.setenv("MINIFIT_FLUSH", flush)
    monkeypatch.setattr(os, "fsync", flushed.append)
    made = Stream(str(path), "the file")
    made.flush()
    made.close()
    assert len(flushed) == expected
