"""The archive of what Numba wrote down: it is that of the files, for every machine, and never in the way."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from minifit.kernels import compiled, instructions, machine, written
from minifit.kernels.jit import Instruction


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An archive of two instructions beside files of its own."""
    monkeypatch.setattr(written, "ARCHIVE", tmp_path / "instructions.zip")
    (tmp_path / "kernel.py").write_text("a = 1\n")
    written.write(["clear", "relu"])
    return tmp_path / "instructions.zip"


def test_the_archive_is_that_of_the_files() -> None:
    found = written.read(instructions.TABLE)
    assert sorted(found) == list(instructions.TABLE), "kernels/ has changed: run make kernels"


def test_it_is_read_as_long_as_no_file_changes(archive: Path) -> None:
    assert sorted(written.read(["relu", "adam", "clear"])) == ["clear", "relu"]
    (archive.parent / "kernel.py").write_text("a = 2\n")
    assert written.read(["relu"]) == {}
    (archive.parent / "kernel.py").write_bytes(b"a = 1\r\n")  # as Git may write it on Windows
    assert list(written.read(["relu"])) == ["relu"]


@pytest.mark.parametrize("damage", [b"", b"no archive"])
def test_one_that_is_damaged_is_not_read(damage: bytes, archive: Path) -> None:
    archive.write_bytes(damage)
    assert written.read(["relu"]) == {}
    archive.unlink()
    assert written.read(["relu"]) == {}


def test_one_with_a_wrong_byte_is_not_read(archive: Path) -> None:
    content = bytearray(archive.read_bytes())
    content[len(content) // 3] ^= 255
    archive.write_bytes(content)
    assert written.read(["clear", "relu"]) == {}


def test_an_older_llvm_does_not_read_it(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    later = machine.version() + 1
    monkeypatch.setattr(machine, "version", lambda: later - 2)
    assert written.read(["relu"]) == {}
    monkeypatch.setattr(machine, "version", lambda: later)
    assert list(written.read(["relu"])) == ["relu"]


def test_what_is_in_it_needs_no_numba_and_is_the_same_code(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(archive.parent / "kept"))
    asked: list[str] = []
    lower = Instruction.lower

    def counted(self: Instruction) -> list[str]:
        asked.append(self.name)
        return lower(self)

    monkeypatch.setattr(Instruction, "lower", counted)
    codes = compiled._compile(["relu", "sgd"])
    assert asked == ["sgd"]
    archive.unlink()
    assert compiled._compile(["relu"])["relu"] == codes["relu"]


def test_every_instruction_is_compiled_and_loaded_without_numba(root: Path, tmp_path: Path) -> None:
    """The functions of the library of mathematics are found without it, too."""
    code = f"""
import pathlib, sys
from minifit.kernels import machine, written
written.ARCHIVE = pathlib.Path({str(tmp_path / "instructions.zip")!r})
found = written.read({list(instructions.TABLE)!r})
addresses = machine.load({{name: machine.make(code) for name, code in found.items()}})
print(len(addresses), 0 in addresses.values(), "numba" in sys.modules)
"""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(written, "ARCHIVE", tmp_path / "instructions.zip")
        written.write()
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False)
    assert done.stdout == f"{len(instructions.TABLE)} False False\n", done.stderr


def test_the_same_files_make_archives_without_a_date(archive: Path) -> None:
    with zipfile.ZipFile(archive) as opened:
        assert {each.date_time[0] for each in opened.infolist()} == {1980}
