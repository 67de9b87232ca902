"""Machine code on disk: found while nothing that it depends on changes, whole, and never in the way."""

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from minifit.errors import MinifitWarning
from minifit.kernels import kept

CODE = bytes(range(256)) * 4


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "kept"))
    monkeypatch.setattr(kept, "_warned", set())
    return tmp_path / "kept"


def only_file(folder: Path) -> Path:
    (file,) = (path for path in folder.rglob("*") if path.is_file())
    return file


def test_what_was_written_is_read(folder: Path) -> None:
    assert kept.read("relu", "this") is None
    kept.write("relu", "this", CODE)
    assert kept.read("relu", "this") == CODE
    assert only_file(folder).parent.parent == folder


def test_nothing_is_read_of_another_name_or_machine(folder: Path) -> None:
    kept.write("relu", "this", CODE)
    assert kept.read("sgd", "this") is None
    assert kept.read("relu", "that") is None
    kept.write("relu", "that", CODE[::-1])
    assert (kept.read("relu", "this"), kept.read("relu", "that")) == (CODE, CODE[::-1])


def test_a_file_under_the_name_of_another_is_not_read(folder: Path) -> None:
    kept.write("relu", "this", CODE)
    file = only_file(folder)
    shutil.copy(file, file.with_name(file.name.replace("relu", "sgd")))
    assert kept.read("sgd", "this") is None


def test_code_of_another_state_of_the_package_is_written_over(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(kept, "_STATE", [("jit.py", 1, 1)])
        kept.write("relu", "this", CODE)
    assert kept.read("relu", "this") is None
    kept.write("relu", "this", CODE[::-1])
    assert kept.read("relu", "this") == CODE[::-1]
    assert only_file(folder).is_file()


def test_the_state_is_that_of_every_file_of_the_package() -> None:
    names = [name for name, _, _ in kept._state()]
    assert {"jit.py", "kept.py", "instructions.py", "compiled_vectors.py"} <= set(names)


def test_other_versions_have_files_of_their_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept.write("relu", "this", CODE)
    monkeypatch.setattr(kept, "_versions", lambda: "Numba 99")
    assert kept.read("relu", "this") is None
    kept.write("relu", "this", CODE[::-1])
    monkeypatch.undo()
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(folder))
    assert kept.read("relu", "this") == CODE


def test_the_version_of_numba_is_known_without_importing_it() -> None:
    code = "import sys; from minifit.kernels import kept; print(kept._versions()); assert 'numba' not in sys.modules"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    import numba

    assert numba.__version__ in run.stdout


def emptied(file: Path) -> None:
    file.write_bytes(b"")


def cut_short(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def cut_to_its_seal(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:32])


def flipped(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def without_seal(file: Path) -> None:
    file.write_bytes(file.read_bytes()[32:])


@pytest.mark.parametrize("damage", [emptied, cut_short, cut_to_its_seal, flipped, without_seal, Path.unlink])
def test_what_is_damaged_counts_as_missing_and_is_written_again(
    damage: Callable[[Path], None], folder: Path
) -> None:
    kept.write("relu", "this", CODE)
    damage(only_file(folder))
    assert kept.read("relu", "this") is None
    kept.write("relu", "this", CODE)
    assert kept.read("relu", "this") == CODE


def test_a_folder_that_cannot_be_written_is_one_warning(folder: Path) -> None:
    folder.write_text("a file in the place of a folder stops even the superuser")
    with pytest.warns(MinifitWarning, match=r"should be cached.*Received: .*kept.*NUMBA_CACHE_DIR") as warned:
        kept.write("relu", "this", CODE)
        kept.write("sgd", "this", CODE)
    assert len(warned) == 1
    assert kept.read("relu", "this") is None


def test_a_full_disk_is_one_warning_and_leaves_nothing_behind(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, target: Path) -> Any:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        with pytest.warns(MinifitWarning, match="No space left on device") as warned:
            kept.write("relu", "this", CODE)
    assert len(warned) == 1
    assert not [path for path in folder.rglob("*") if path.is_file()]


def test_what_another_process_wrote_meanwhile_is_no_failure(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Windows a file that another process has open cannot be replaced."""
    kept.write("relu", "this", CODE)

    def busy(self: Path, target: Path) -> Any:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "replace", busy)
    kept.write("relu", "this", CODE)  # a warning would fail the test
    assert kept.read("relu", "this") == CODE


def test_without_a_folder_beside_the_source_it_is_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "kernels"
    package.mkdir()
    (package / "__pycache__").write_text("no folder")
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setattr(kept, "_HERE", package)
    monkeypatch.setattr(kept, "_of_user", lambda: tmp_path / "user")
    kept.write("relu", "this", CODE)
    assert kept.read("relu", "this") == CODE
    assert only_file(tmp_path / "user").name.startswith("relu")
