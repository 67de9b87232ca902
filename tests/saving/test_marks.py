"""A mark says where a run began, as long as what came before is as it was."""

import os
import sys
from pathlib import Path

import pytest

from minifit.saving.marks import Mark

RUN = "/runs/backup"
NOTE = f'{{"run": "{RUN}", "position": %s, "crc32": 0}}'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "log.csv"
    made.write_bytes(b"old" * 1_000_000)
    return made


def test_a_mark_is_read_by_the_next_run(path: Path) -> None:
    assert Mark(str(path), RUN).read() is None
    Mark(str(path), RUN).set(3_000_000)
    with path.open("ab") as file:
        file.write(b"new")
    assert Mark(str(path), RUN).read() == 3_000_000
    assert sorted(os.listdir(path.parent)) == [".log.csv.run", "log.csv"]
    Mark(str(path), RUN).clear()
    assert Mark(str(path), RUN).read() is None
    Mark(str(path), RUN).clear()
    assert os.listdir(path.parent) == ["log.csv"]


def test_the_mark_of_another_run_is_none(path: Path) -> None:
    Mark(str(path), RUN).set(3)
    assert Mark(str(path), "/runs/other").read() is None
    assert Mark(str(path), RUN).read() == 3


@pytest.mark.parametrize("content", [b"", b"other" * 600_000, b"old" * 999_999])
def test_a_file_that_was_changed_before_the_mark_has_none(path: Path, content: bytes) -> None:
    Mark(str(path), RUN).set(3_000_000)
    path.write_bytes(content)
    assert Mark(str(path), RUN).read() is None


def test_a_file_that_is_gone_has_no_mark(path: Path) -> None:
    Mark(str(path), RUN).set(3)
    path.unlink()
    assert Mark(str(path), RUN).read() is None


def test_a_file_that_was_not_there_began_at_its_beginning(tmp_path: Path) -> None:
    (tmp_path / "new.csv").touch()
    Mark(str(tmp_path / "new.csv"), RUN).set(0)
    assert Mark(str(tmp_path / "new.csv"), RUN).read() == 0


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "{}", f'{{"run": "{RUN}"}}', NOTE % -1, NOTE % '"1"', "\xff"],
)
def test_a_damaged_mark_is_none(path: Path, text: str) -> None:
    Path(Mark(str(path), RUN).path).write_bytes(text.encode("latin-1"))
    assert Mark(str(path), RUN).read() is None
    Path(Mark(str(path), RUN).path).write_text(NOTE % 0)
    assert Mark(str(path), RUN).read() == 0


@pytest.mark.skipif(sys.platform == "win32" or os.getuid() == 0, reason="needs a folder that is read-only")
def test_a_mark_that_cannot_be_written_is_an_error(path: Path) -> None:
    path.parent.chmod(0o500)
    with pytest.raises(OSError, match="Permission"):
        Mark(str(path), RUN).set(0)
    path.parent.chmod(0o700)
