"""`alone`: a lock that only one process holds at a time, while the others wait.

Several processes often start together (the workers of a test run, or of a training) and need the same file. One of them
downloads it, and the others use the result.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep

from minifit import console
from minifit.saving.locks import FileLock, LockedError

PAUSE = 0.1
"""The time between two attempts to acquire the lock, in seconds."""


@contextmanager
def alone(file: Path) -> Iterator[bool]:
    """Hold the lock of `file`; print a line and wait while another process holds it.

    Yields
    ------
    bool
        False without a lock, because the file system has none (some network file systems) or the lock file cannot be
        opened: other processes may then use the file at the same time.
    """
    lock = FileLock(str(file.with_name(f".{file.name}.lock")))
    locked = _acquired(lock, file.name)
    try:
        yield locked
    finally:
        lock.release()


def _acquired(lock: FileLock, name: str) -> bool:
    announced = False
    while True:
        try:
            return lock.acquire()
        except PermissionError:
            # in a shared cache the lock file may belong to another user
            return False
        except LockedError as held:
            if not announced:
                console.say(f"Waiting for {held} that is downloading {name}.")
            announced = True
            sleep(PAUSE)
