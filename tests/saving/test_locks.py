"""A lock has one holder at a time, and is free again as soon as that one is gone, whatever ended it."""

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from minifit.saving import locks
from minifit.saving.locks import FileLock, LockedError

HOLD = """
import sys
from minifit.saving.locks import FileLock
assert FileLock(sys.argv[1]).acquire()
print("held", flush=True)
sys.stdin.read()
"""


def holder(path: Path, root: Path) -> "subprocess.Popen[str]":
    """Another process that has the lock."""
    started = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(root)},
    )
    assert started.stdout is not None
    assert started.stdout.readline() == "held\n"
    return started


def test_another_process_has_it_until_it_is_killed(tmp_path: Path, root: Path) -> None:
    with holder(tmp_path / "lock", root) as owner:
        with pytest.raises(LockedError, match=r"^another process"):
            FileLock(str(tmp_path / "lock")).acquire()
        owner.kill()
        owner.wait()
        ours = FileLock(str(tmp_path / "lock"))
        assert ours.acquire()
        ours.release()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_that_outlives_its_parent_does_not_hold_it(tmp_path: Path, root: Path) -> None:
    program = (
        "import os, sys, time\n"
        "from minifit.saving.locks import FileLock\n"
        "lock = FileLock(sys.argv[1]); lock.acquire()\n"
        "if os.fork() == 0:\n"
        "    os.close(1); sys.stdin.read(); os._exit(0)\n"
        "print('held', flush=True); os.kill(os.getpid(), 9)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(root)},
    ) as parent:
        parent.wait()
        ours = FileLock(str(tmp_path / "lock"))
        assert ours.acquire()
        ours.release()


def test_another_user_in_this_process_is_refused(tmp_path: Path) -> None:
    first, second = FileLock(f"{tmp_path}/lock"), FileLock(f"{tmp_path}/../{tmp_path.name}/lock")
    first.acquire()
    with pytest.raises(LockedError, match=r"^another user in this process"):
        second.acquire()
    second.release()  # it has nothing to release
    with pytest.raises(LockedError):
        second.acquire()
    first.release()
    assert second.acquire()
    second.release()


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    ours = FileLock(f"{tmp_path}/lock")
    ours.acquire()
    assert os.listdir(tmp_path) == ["lock"]
    ours.release()
    ours.release()
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(sys.platform == "win32", reason="where an open file cannot be removed")
@pytest.mark.parametrize("anew", [False, True])
def test_a_file_that_its_holder_removes_while_we_look_is_not_the_lock(
    anew: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[int] = []

    def take(file: int) -> None:
        if not taken:
            os.remove(tmp_path / "lock")
            if anew:
                (tmp_path / "lock").touch()
        taken.append(file)

    monkeypatch.setattr(locks, "_take", take)
    ours = FileLock(f"{tmp_path}/lock")
    assert ours.acquire()
    assert len(taken) == 2
    assert (tmp_path / "lock").exists()
    ours.release()


def test_where_there_are_no_locks_nobody_holds_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Any) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(locks, "_take", refuse)
    first, second = FileLock(f"{tmp_path}/lock"), FileLock(f"{tmp_path}/lock")
    assert not first.acquire()
    assert not second.acquire()
    first.release()
    assert os.listdir(tmp_path) == []


def test_in_a_folder_that_is_not_there(tmp_path: Path) -> None:
    ours = FileLock(f"{tmp_path}/missing/lock")
    with pytest.raises(FileNotFoundError):
        ours.acquire()
    os.mkdir(tmp_path / "missing")
    assert ours.acquire()
    ours.release()


def in_a_forked_process(act: Callable[[], None]) -> int:
    """Return the exit status of a forked process that does this: 0 when it does within ten seconds."""
    child = os.fork()
    if not child:
        signal.alarm(10)
        try:
            act()
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only POSIX forks")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # where other threads run
def test_a_forked_process_waits_for_no_thread_of_its_parent(tmp_path: Path) -> None:
    """One that takes a lock at the instant of the fork is not there any more, to let others have their turn."""
    with locks._guard:
        assert in_a_forked_process(FileLock(str(tmp_path / "lock")).release) == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only POSIX forks")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_process_does_not_let_others_have_what_its_parent_holds(tmp_path: Path) -> None:
    lock = FileLock(str(tmp_path / "lock"))
    assert lock.acquire()
    assert in_a_forked_process(lock.release) == 0

    def is_held() -> None:
        with pytest.raises(LockedError, match="another process"):
            FileLock(lock.path).acquire()

    assert in_a_forked_process(is_held) == 0
    lock.release()
    assert not list(tmp_path.iterdir())
