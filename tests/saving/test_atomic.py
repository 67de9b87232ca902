"""Files appear whole or not at all: after an exception, a refusal of the system, a kill at any instant."""

import errno
import os
import re
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from minifit.errors import ArgumentError, ArgumentTypeError
from minifit.saving import atomic
from minifit.saving.atomic import replacing, write, writing
from minifit.saving.locks import FileLock, LockedError

POSIX = pytest.mark.skipif(os.name != "posix", reason="permissions and signals of POSIX")


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def test_bytes_and_text_are_written_as_they_are(tmp_path: Path) -> None:
    write(tmp_path / "a", b"\x00\r\n")
    write(str(tmp_path / "b"), "ä\r\n\n")
    assert (tmp_path / "a").read_bytes() == b"\x00\r\n"
    assert (tmp_path / "b").read_bytes() == "ä\r\n\n".encode()
    assert names(tmp_path) == ["a", "b"]


def test_the_old_file_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "m.h5"
    write(file, "old")
    with writing(file, "w") as out:
        out.write("new")
        out.flush()
        assert file.read_text() == "old"
        lock, temporary, last = names(tmp_path)
        assert re.fullmatch(r"\.m\.h5\.[0-9a-f]{16}\.tmp", temporary), (
            "beside the target, under a hidden name"
        )
        assert (lock, last) == (temporary.replace(".tmp", ".lock"), "m.h5")
    assert file.read_text() == "new"
    assert names(tmp_path) == ["m.h5"]


@pytest.mark.parametrize(
    "error", [ValueError("mine"), KeyboardInterrupt(), FileNotFoundError(2, "no", "else")]
)
def test_an_exception_leaves_the_old_file_and_nothing_else(tmp_path: Path, error: BaseException) -> None:
    file = tmp_path / "m.h5"
    write(file, "old")
    with pytest.raises(type(error)) as caught, writing(file) as out:
        out.write(b"half")
        raise error
    assert caught.value is error, "what is not about this file comes out as it was"
    assert file.read_text() == "old"
    assert names(tmp_path) == ["m.h5"]


def test_a_missing_folder_is_made(tmp_path: Path) -> None:
    write(tmp_path / "a" / "b" / "m.h5", "x")
    assert (tmp_path / "a" / "b" / "m.h5").read_text() == "x"


def test_folders_that_were_made_for_nothing_are_removed(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    for folder in (tmp_path / "old", tmp_path / "new" / "newer"):
        with pytest.raises(ZeroDivisionError), replacing(folder / "m"):
            raise ZeroDivisionError
    assert [p.name for p in tmp_path.iterdir()] == ["old"]
    with pytest.raises(ZeroDivisionError), replacing(tmp_path / "new" / "newer" / "m"):
        (tmp_path / "new" / "other").touch()  # as another process may
        raise ZeroDivisionError
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["other"]


def test_a_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write("m.h5", "x")
    assert names(tmp_path) == ["m.h5"]


@pytest.mark.parametrize("path", ["", "there", "there/", "new/"])
def test_a_folder_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").mkdir()
    with pytest.raises(IsADirectoryError, match="pass the name of a file"):
        write(path, "x")
    assert names(tmp_path) == ["there"]


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OSError, match="file") as caught:
        write(tmp_path / "file" / "m.h5", "y")
    assert caught.value.errno is not None
    assert (tmp_path / "file").read_text() == "x"


@pytest.mark.parametrize("path", [None, 3, b"m.h5"])
def test_a_path_is_a_string_or_a_path(path: Any) -> None:
    with pytest.raises(ArgumentTypeError, match="Received"):
        write(path, "x")
    with pytest.raises(ArgumentError, match="null"):
        write("a\0b", "x")


@POSIX
def test_only_regular_files_are_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="Only a regular file"):
        write(tmp_path / "pipe", "x")
    assert stat.S_ISFIFO(os.stat(tmp_path / "pipe").st_mode)


@POSIX
def test_what_a_link_points_to_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "latest.h5"
    link.symlink_to(tmp_path / "real" / "m.h5")
    for content in ("first", "second"):  # the first through a link to nothing
        write(link, content)
        assert link.is_symlink()
        assert (tmp_path / "real" / "m.h5").read_text() == content
    assert names(tmp_path) == ["latest.h5", "real"]
    assert names(tmp_path / "real") == ["m.h5"]
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    with pytest.raises(OSError, match="circle") as caught:
        write(tmp_path / "circle", "x")
    assert caught.value.errno == errno.ELOOP


@POSIX
def test_permissions_are_handed_on(tmp_path: Path) -> None:
    file = tmp_path / "m.h5"
    old = os.umask(0o027)
    try:
        write(file, "x")
        assert stat.S_IMODE(file.stat().st_mode) == 0o640, "a new file has those of any new file"
    finally:
        os.umask(old)
    file.chmod(0o604)
    write(file, "y")
    assert stat.S_IMODE(file.stat().st_mode) == 0o604


@POSIX
def test_a_read_only_file_and_a_read_only_folder() -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        file = folder / "m.h5"
        write(file, "old")
        with as_an_ordinary_user(folder, file):
            file.chmod(0o444)
            with pytest.raises(PermissionError, match="read-only"):
                write(file, "new")
            file.chmod(0o644)
            folder.chmod(0o555)
            with pytest.raises(PermissionError, match="nothing was changed") as caught:
                write(file, "new")
            folder.chmod(0o755)
        assert caught.value.filename == str(file)
        assert file.read_text() == "old"
        assert names(folder) == ["m.h5"]


@contextmanager
def as_an_ordinary_user(*files: Path) -> Iterator[None]:
    """Root may do everything: where the tests run as root, be somebody else who owns these files."""
    if os.name != "posix" or os.geteuid() != 0:
        yield
        return
    for file in files:
        os.chown(file, 65534, -1)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_full_disk(tmp_path: Path) -> None:
    file = tmp_path / "m.h5"
    write(file, "old")
    with pytest.raises(OSError, match="nothing was changed") as caught, writing(file) as out:
        out.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")  # as write() does, without a name
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(file))
    assert file.read_text() == "old"
    assert names(tmp_path) == ["m.h5"]


@POSIX
def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    """A limit of the file size stands for the disk: the system itself refuses, in the middle of the file."""
    file = tmp_path / "m.h5"
    write(file, "old")
    script = (
        "import resource, signal, sys; from minifit.saving.atomic import write\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "try: write(sys.argv[1], bytes(1_000_000))\n"
        "except OSError as error: print(error)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, str(file)], check=True, capture_output=True, text=True, timeout=60
    )
    assert "nothing was changed" in ended.stdout
    assert file.read_text() == "old"
    assert names(tmp_path) == ["m.h5"]


def test_trying_again_while_another_process_holds_the_target(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, tries = tmp_path / "m.h5", 0
    replace = os.replace

    def held(a: str, b: str) -> None:
        nonlocal tries
        tries += 1
        if tries <= 3:
            raise PermissionError(errno.EACCES, "in use", a)
        replace(a, b)

    monkeypatch.setattr(os, "replace", held)
    write(file, "x")
    assert (tries, file.read_text()) == (4, "x")
    tries = -(10**9)
    monkeypatch.setattr(atomic, "PATIENCE", 0.02)
    with pytest.raises(PermissionError, match="nothing was changed"):
        write(file, "y")
    assert file.read_text() == "x"
    assert names(tmp_path) == ["m.h5"]


# -- what is left over ---------------------------------------------------------------------------------------


TOKEN = "0123456789abcdef"


def test_what_dead_writers_left_is_removed_at_the_next_save(tmp_path: Path) -> None:
    leave = [
        f".m.h5.{TOKEN}.tmp",
        f".m.h5.{TOKEN}.lock",
        f".m.h5.{TOKEN[::-1]}.tmp",
        f".m.h5.{'9' * 16}.lock",
    ]
    keep = [f".other.h5.{TOKEN}.tmp", f".m.h5.{TOKEN}0.tmp", ".m.h5.x.tmp", ".m.h5.tmp", f"m.h5.{TOKEN}.tmp"]
    for name in leave + keep:
        (tmp_path / name).touch()
    write(tmp_path / "m.h5", "x")
    assert names(tmp_path) == sorted([*keep, "m.h5"])


def test_where_there_are_no_locks_only_what_is_a_day_old_counts_as_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Any) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("minifit.saving.locks._take", refuse)
    old, new = tmp_path / f".m.h5.{TOKEN}.tmp", tmp_path / f".m.h5.{TOKEN[::-1]}.tmp"
    for path in (old, new):
        path.touch()
    os.utime(old, (time.time() - 90_000,) * 2)
    write(tmp_path / "m.h5", "x")
    assert names(tmp_path) == [new.name, "m.h5"]


def test_a_lock_that_another_takes_for_left_over_is_given_up_for_a_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be seen before it is locked."""
    acquire = FileLock.acquire
    refused: list[str] = []

    def late(lock: FileLock) -> bool:
        if not refused:
            refused.append(lock.path)
            raise LockedError("another process")
        return acquire(lock)

    monkeypatch.setattr(FileLock, "acquire", late)
    write(tmp_path / "m.h5", "x")
    assert refused
    assert names(tmp_path) == ["m.h5"]


HALF = """
import sys, time; from minifit.saving.atomic import writing
with writing(sys.argv[1], 'w') as out: out.write('half'); out.flush(); print(flush=True); time.sleep(60)
"""


@POSIX
def test_killed_while_writing(tmp_path: Path) -> None:
    file = tmp_path / "m.h5"
    write(file, "old")
    with subprocess.Popen([sys.executable, "-c", HALF, str(file)], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        write(file, "newer")
        assert len(names(tmp_path)) == 3, "that of a living process stays"
        child.send_signal(signal.SIGKILL)
    assert file.read_text() == "newer"
    write(file, "newest")
    assert names(tmp_path) == ["m.h5"]


SAVE_IN_TURN = """
import os, sys; from minifit.saving.atomic import writing
os.getpid = lambda: 1
for number in range(100):
    with writing(sys.argv[1], 'w') as out:
        for _ in range(20): out.write(sys.argv[2] * 1000)
    whole = open(sys.argv[1]).read()
    assert len(whole) == 20_000 and len(set(whole)) == 1, whole
"""


def test_processes_of_one_number_that_save_to_the_same_target(tmp_path: Path) -> None:
    """As in two containers, where both have the number 1."""
    children = [
        subprocess.Popen([sys.executable, "-c", SAVE_IN_TURN, str(tmp_path / "m"), content])
        for content in ("a", "b", "c")
    ]
    assert [child.wait(120) for child in children] == [0, 0, 0]
    assert names(tmp_path) == ["m"]


def test_a_very_long_name(tmp_path: Path) -> None:
    name = "ä" * 125 + ".h5"
    write(tmp_path / name, "x")
    assert names(tmp_path) == [name]


def test_threads_that_save_to_the_same_target(tmp_path: Path) -> None:
    file, contents = tmp_path / "m", ["a" * 50_000, "b" * 50_000]

    def save(content: str) -> None:
        for _ in range(50):
            write(file, content)

    threads = [threading.Thread(target=save, args=(c,)) for c in contents]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        if file.exists():
            assert file.read_text() in contents
        time.sleep(0)
    assert names(tmp_path) == ["m"]


# -- the flush -----------------------------------------------------------------------------------------------


@POSIX
@pytest.mark.parametrize(
    ("setting", "flushed"), [("0", []), ("1", ["d", "d", "-", "d"]), (None, ["d", "d", "-", "d"])]
)
def test_what_is_flushed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str | None, flushed: list[str]
) -> None:
    """The folders above that were made, the file before it takes its place, its folder after that."""
    if setting is None:
        monkeypatch.delenv("MINIFIT_FLUSH", raising=False)
    else:
        monkeypatch.setenv("MINIFIT_FLUSH", setting)
    seen = []
    fsync = os.fsync

    def watched(file: int) -> None:
        seen.append(stat.filemode(os.fstat(file).st_mode)[0])
        fsync(file)

    monkeypatch.setattr(os, "fsync", watched)
    write(tmp_path / "a" / "b" / "m.h5", "x")
    assert seen == flushed


def test_the_writer_may_open_the_file_itself(tmp_path: Path) -> None:
    with replacing(tmp_path / "m.h5") as temporary:
        assert os.path.getsize(temporary) == 0
        Path(temporary).write_bytes(b"x")
    assert (tmp_path / "m.h5").read_bytes() == b"x"
