"""Paths that stay where they are when the working folder changes, and a working folder that is gone."""

import os
import sys
from pathlib import Path

import pytest

from minifit.saving import atomic
from minifit.saving.paths import absolute, in_folder, working_folder

needs_deleting = pytest.mark.skipif(
    sys.platform == "win32", reason="a working folder cannot be deleted there"
)


@pytest.fixture
def deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The name of the working folder, which is gone."""
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    return folder


def test_a_path_is_as_it_was_given_while_the_working_folder_stays() -> None:
    folder = working_folder()
    assert in_folder(folder, "a.h5") == "a.h5"
    assert in_folder(folder, Path("b") / "a.h5") == os.path.join("b", "a.h5")


def test_a_path_names_the_same_file_from_another_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = working_folder()
    (tmp_path / "other").mkdir()
    os.chdir("other")
    assert os.path.realpath(in_folder(folder, "a.h5")) == os.path.realpath(tmp_path / "a.h5")
    assert in_folder(folder, str(tmp_path / "b.h5")) == str(tmp_path / "b.h5")


@needs_deleting
def test_a_deleted_working_folder_is_named(deleted: Path) -> None:
    assert working_folder() is None
    with pytest.raises(FileNotFoundError, match=r"working folder.* deleted.*absolute path") as raised:
        absolute("a.h5")
    assert raised.value.filename == "a.h5"
    if sys.platform == "linux":
        assert str(deleted) in str(raised.value)


@needs_deleting
@pytest.mark.usefixtures("deleted")
def test_a_deleted_working_folder_matters_to_relative_paths_alone(tmp_path: Path) -> None:
    path = str(tmp_path / "a.h5")
    assert absolute(path) == path
    atomic.write(path, b"content")
    with pytest.raises(FileNotFoundError, match="working folder"):
        atomic.write("a.h5", b"content")
