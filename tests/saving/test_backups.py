"""The folder of a run holds a good backup, at any instant and whatever happens to its files."""

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minifit.errors import ArgumentError, FileFormatError, MinifitWarning
from minifit.saving import checksum, hdf5, tree
from minifit.saving.backups import BackupFolder


def saved(folder: Path, *states: Any, **options: Any) -> BackupFolder:
    made = BackupFolder(folder, **options)
    made.open()
    for state in states:
        made.save(state)
    made.close()
    return made


def damage(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    folder = saved(tmp_path / "made" / "here", {"epoch": 1}, {"epoch": 2, "weights": [np.arange(3.0)]})
    found = folder.load()
    assert found["epoch"] == 2
    np.testing.assert_array_equal(found["weights"][0], [0, 1, 2])
    assert os.listdir(tmp_path / "made" / "here") == ["backup.h5"]


def test_an_empty_folder_has_none(tmp_path: Path) -> None:
    assert BackupFolder(tmp_path).load() is None
    assert BackupFolder(tmp_path / "missing").load() is None


def test_the_one_before_is_kept_if_wanted(tmp_path: Path) -> None:
    folder = saved(tmp_path, 1, 2, 3, keep_previous=True)
    assert sorted(os.listdir(tmp_path)) == ["backup.h5", "previous.h5"]
    assert folder.load() == 3
    os.remove(tmp_path / "backup.h5")  # as when the process was killed between two steps of a save
    assert folder.load() == 2


@pytest.mark.parametrize("at", [0, 10, 40, 513, -1])
def test_a_damaged_one_is_an_error_or_gives_the_one_before(tmp_path: Path, at: int) -> None:
    folder = saved(tmp_path, 1, 2, keep_previous=True)
    damage(tmp_path / "backup.h5", at)
    with pytest.warns(MinifitWarning, match=r"cannot be used, the one before is: backup\.h5: "):
        assert folder.load() == 1
    damage(tmp_path / "previous.h5", at)
    with pytest.raises(
        FileFormatError, match=r"backup\.h5: .*previous\.h5: .*Delete the folder to start from the beginning"
    ):
        folder.load()


@pytest.mark.parametrize("length", [0, 1, 511, 512, 600, 1500])
def test_one_that_was_cut_off_is_an_error(tmp_path: Path, length: int) -> None:
    folder = saved(tmp_path, {"a": 1})
    os.truncate(tmp_path / "backup.h5", length)
    with pytest.raises(FileFormatError, match="The backup of a run must be whole"):
        folder.load()


def test_one_of_another_version_or_another_layout_is_refused(tmp_path: Path) -> None:
    folder = BackupFolder(tmp_path)
    text, memory = tree.pack({})
    parts: dict[str, Any] = {"text": np.frombuffer(text.encode(), np.uint8), "memory": memory}
    for root, said in (
        (hdf5.Group({"version": 2}, parts), "Received: version 2"),
        (hdf5.Group({}, parts), "Received: version None"),
        (hdf5.Group({"version": 1}, {}), "no 'text'"),
        (hdf5.Group({"version": 1}, {"text": hdf5.Group(), "memory": memory}), "no 'text'"),
    ):
        hdf5.write(tmp_path / "backup.h5", root)
        with pytest.raises(FileFormatError, match=said):
            folder.load()


@pytest.mark.parametrize("keep_previous", [False, True])
def test_a_full_disk_leaves_the_backups_that_are_there(
    tmp_path: Path, keep_previous: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = saved(tmp_path, 1, 2, keep_previous=keep_previous)
    there = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(checksum, "write_sealed", full)
    with pytest.raises(OSError, match="No space left on device"):
        folder.save(3)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == there
    assert folder.load() == 2
    assert len(there) == 1 + keep_previous


def test_what_is_read_back_otherwise_does_not_take_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = saved(tmp_path, 1)
    write = checksum.write_sealed

    def write_badly(file: Any, *args: Any) -> None:
        write(file, *args)
        file.seek(600)
        file.write(b"?")

    monkeypatch.setattr(checksum, "write_sealed", write_badly)
    with pytest.raises(FileFormatError, match="checksum is wrong"):
        folder.save(2)
    monkeypatch.undo()
    assert folder.load() == 1
    assert os.listdir(tmp_path) == ["backup.h5"]


def test_the_folder_is_for_one_at_a_time(tmp_path: Path) -> None:
    first, second = BackupFolder(tmp_path), BackupFolder(tmp_path)
    first.open()
    with pytest.raises(ArgumentError, match="backup_dir is for one run at a time"):
        second.open()
    first.close()
    first.close()
    second.open()
    second.close()


def test_where_there_are_no_locks_it_warns_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Any) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("minifit.saving.locks._take", refuse)
    with pytest.warns(MinifitWarning, match=r"where files cannot be locked\. Take care"):
        saved(tmp_path, 1)
    assert os.listdir(tmp_path) == ["backup.h5"]


def test_a_file_in_the_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OSError, match="file"):
        BackupFolder(tmp_path / "file").open()
    assert (tmp_path / "file").read_text() == "mine"


def test_deleting_leaves_what_is_not_ours(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("mine")
    folder = saved(tmp_path, 1, 2, keep_previous=True)
    folder.delete()
    folder.delete()
    assert os.listdir(tmp_path) == ["notes"]
    assert folder.load() is None


def test_deleting_removes_what_a_killed_process_left(tmp_path: Path) -> None:
    folder = saved(tmp_path, 1)
    for name in (".backup.h5.0123456789abcdef.lock", ".backup.h5.fedcba9876543210.tmp"):
        (tmp_path / name).touch()
    folder.delete()
    assert os.listdir(tmp_path) == []


def test_deleting_where_no_folder_is(tmp_path: Path) -> None:
    BackupFolder(tmp_path / "none").delete()
    assert os.listdir(tmp_path) == []


SAVE_FOREVER = """
import sys
import numpy as np
from minifit.saving.backups import BackupFolder
folder = BackupFolder(sys.argv[1], keep_previous=sys.argv[2] == "1")
folder.open()
for n in range(10**9):
    folder.save({"n": n, "numbers": np.full(20_000, n)})
    print(n, flush=True)
"""


@pytest.mark.parametrize("keep", ["0", "1"])
def test_killed_while_saving_there_is_a_good_one_not_older_than_the_last(
    tmp_path: Path, root: Path, keep: str
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SAVE_FOREVER, str(tmp_path), keep],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(root)},
    ) as process:
        assert process.stdout is not None
        for _ in range(5):
            process.stdout.readline()
        process.kill()
        printed = [5, *map(int, process.stdout.read().split())]
    found = BackupFolder(tmp_path).load()
    assert max(printed) - 1 <= found["n"] <= max(printed) + 1
    assert (found["numbers"] == found["n"]).all()
