"""One process at a time: the others wait.

Several processes often begin at once (the workers of a test run, or of a training) and all want the same file. One
downloads it, the others take what it has brought. The operating system frees the lock of a process that dies.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep

from minifit import console

if sys.platform == "win32":
    import msvcrt

    def _take(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _take(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


PAUSE = 0.1
"""Seconds between two looks at whether the other process is done."""


@contextmanager
def alone(file: Path) -> Iterator[bool]:
    """Hold the lock that belongs to `file`; while somebody else has it say so, and wait.

    Yields
    ------
    bool
        False where the file system has no locks, as some on networks: others may be at it at the same time.
    """
    path = file.with_name(f".{file.name}.lock")
    descriptor = _lock(path, file.name)
    try:
        yield descriptor is not None
    finally:
        if descriptor is not None:
            if sys.platform != "win32":  # which does not remove open files: there the empty file stays
                path.unlink(missing_ok=True)
            os.close(descriptor)


def _lock(path: Path, name: str) -> int | None:
    """The locked file's descriptor; None where there are no locks."""
    said = False
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _take(descriptor)
            if _is_at(path, descriptor):
                return descriptor
            os.close(descriptor)
        except (BlockingIOError, PermissionError):  # another one has it
            os.close(descriptor)
            if not said:
                console.say(f"Waiting for another process that is downloading {name}.")
            said = True
            sleep(PAUSE)
        except OSError:  # not supported here
            os.close(descriptor)
            path.unlink(missing_ok=True)
            return None


def _is_at(path: Path, descriptor: int) -> bool:
    """Whether the open file still is the one at `path`: whoever had the lock before has removed it."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False
