"""One process at a time: the others wait.

Several processes often begin at once (the workers of a test run, or of a training) and all want the same file. One
downloads it, the others take what it has brought.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep

from minifit import console
from minifit.saving.locks import FileLock, LockedError

PAUSE = 0.1
"""Seconds between two looks at whether the other process is done."""


@contextmanager
def alone(file: Path) -> Iterator[bool]:
    """Hold the lock that belongs to `file`; while somebody else has it say so, and wait.

    Yields
    ------
    bool
        False where there are no locks, as in some file systems on networks, or where this one may not be opened:
        others may be at it at the same time.
    """
    lock = FileLock(str(file.with_name(f".{file.name}.lock")))
    locked = _acquired(lock, file.name)
    try:
        yield locked
    finally:
        lock.release()


def _acquired(lock: FileLock, name: str) -> bool:
    said = False
    while True:
        try:
            return lock.acquire()
        except PermissionError:  # a lock file that somebody else has left where many share a cache
            return False
        except LockedError as held:
            if not said:
                console.say(f"Waiting for {held} that is downloading {name}.")
            said = True
            sleep(PAUSE)
