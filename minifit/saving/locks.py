"""Locks on files, for mutual exclusion between processes.

The lock is one of the system: it is free as soon as its process ends, for whatever reason. It belongs to a small file,
which exists as long as the lock is held.
"""

import os
import sys
import threading
from contextlib import suppress

# The locks held by this process, by path: the system does not exclude a process from its own locks.
_held: "dict[str, FileLock]" = {}
_guard = threading.Lock()

if sys.platform == "win32":
    import msvcrt

    def _take(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _take(file: int) -> None:
        # lockf, not flock: a forked worker that outlives its killed parent must not keep the lock.
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


class LockedError(Exception):
    """The lock is held elsewhere; the text names the holder."""


class FileLock:
    """A lock with one holder at a time, in this process and all others.

    Parameters
    ----------
    path : str
        The path of the small file, in an existing folder.
    """

    def __init__(self, path: str) -> None:
        self.path = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
        self._file: int | None = None

    def acquire(self) -> bool:
        """Acquire the lock without waiting.

        Returns
        -------
        bool
            False if the file system does not support locks, such as some on networks; the lock is not held then.

        Raises
        ------
        LockedError
            When the lock is held elsewhere.
        OSError
            When the file cannot be created.
        """
        with _guard:
            if self.path in _held:
                raise LockedError("another user in this process")
            self._file = self._open()
            if self._file is not None:
                _held[self.path] = self
        return self._file is not None

    def release(self) -> None:
        """Release the lock; do nothing if it is not held."""
        with _guard:
            if self._file is None:
                return
            # A forked process also has the locks of its parent, which are not its own.
            ours = _held.get(self.path) is self
            # Remove the file while the lock is held, except on Windows, where an open file cannot be removed.
            if ours and os.name == "posix":
                self._remove()
            os.close(self._file)
            if ours and os.name != "posix":
                self._remove()
            self._file = None
            if ours:
                del _held[self.path]

    def _open(self) -> int | None:
        while True:
            file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
            try:
                _take(file)
                if self._is(file):
                    return file
                # Its last holder has just removed it.
                os.close(file)
            except (BlockingIOError, PermissionError):
                os.close(file)
                raise LockedError("another process") from None
            except OSError:
                os.close(file)
                self._remove()
                return None

    def _is(self, file: int) -> bool:
        """Return whether the path still leads to the open file."""
        try:
            return os.path.samestat(os.fstat(file), os.stat(self.path))
        except FileNotFoundError:
            return False

    def _remove(self) -> None:
        with suppress(FileNotFoundError, PermissionError):
            os.remove(self.path)


def _after_fork() -> None:
    """Drop all locks in the child: the system's stay with the parent, and no thread remains to release the guard."""
    global _guard
    _guard = threading.Lock()
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
