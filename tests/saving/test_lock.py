"""A folder is for one at a time, and free again as soon as its owner is gone, whatever ended it."""

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from minifit.errors import ArgumentError, MinifitWarning
from minifit.saving import lock
from minifit.saving.lock import FolderLock

HOLD = """
import sys
from minifit.saving.lock import FolderLock
FolderLock(sys.argv[1], "backup_dir").acquire()
print("held", flush=True)
sys.stdin.read()
"""


def holder(folder: Path, root: Path) -> "subprocess.Popen[str]":
    """Another process that has the folder."""
    started = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(root)},
    )
    assert started.stdout is not None
    assert started.stdout.readline() == "held\n"
    return started


def test_another_process_is_refused_until_the_owner_is_killed(tmp_path: Path, root: Path) -> None:
    with holder(tmp_path, root) as owner:
        with pytest.raises(
            ArgumentError, match=r"one run at a time\. Received: .*, which another process is using"
        ):
            FolderLock(str(tmp_path), "backup_dir").acquire()
        owner.kill()
        owner.wait()
        ours = FolderLock(str(tmp_path), "backup_dir")
        ours.acquire()
        ours.release()


def test_another_fit_of_this_process_is_refused(tmp_path: Path) -> None:
    first, second = (
        FolderLock(str(tmp_path), "backup_dir"),
        FolderLock(f"{tmp_path}/../{tmp_path.name}", "backup_dir"),
    )
    first.acquire()
    with pytest.raises(ArgumentError, match="another fit of this process is using"):
        second.acquire()
    second.release()  # it has nothing to release
    with pytest.raises(ArgumentError):
        second.acquire()
    first.release()
    second.acquire()
    second.release()


def test_nothing_is_left_in_the_folder(tmp_path: Path) -> None:
    ours = FolderLock(str(tmp_path), "backup_dir")
    ours.acquire()
    assert os.listdir(tmp_path) == ["lock"]
    ours.release()
    ours.release()
    assert os.listdir(tmp_path) == []


def test_a_file_that_its_owner_removes_while_we_wait_is_not_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[int] = []

    def take(file: int) -> None:
        if not taken:
            os.remove(tmp_path / "lock")  # as its last owner does when it leaves
        taken.append(file)

    monkeypatch.setattr(lock, "_lock", take)
    ours = FolderLock(str(tmp_path), "backup_dir")
    ours.acquire()
    assert len(taken) == 2
    assert os.path.exists(tmp_path / "lock")
    ours.release()


def test_where_files_cannot_be_locked_it_warns_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Any) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(lock, "_lock", refuse)
    ours = FolderLock(str(tmp_path), "backup_dir")
    with pytest.warns(MinifitWarning, match=r"cannot be locked \(No locks available\)\. Take care"):
        ours.acquire()
    ours.release()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    ours = FolderLock(str(tmp_path / "missing"), "backup_dir")
    with pytest.raises(FileNotFoundError):
        ours.acquire()
    os.mkdir(tmp_path / "missing")
    ours.acquire()
    ours.release()
