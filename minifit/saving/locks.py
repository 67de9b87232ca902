"""Locks on files, by which processes keep out of each other's way.

The lock is the system's own: it is free as soon as its process is gone, whatever ended that. Where the lock lies is a
small file, which is there as long as somebody holds it.
"""

import os
import sys
import threading
from contextlib import suppress

# By path, those of this process, which the system's lock does not keep from its own files.
_held: "dict[str, FileLock]" = {}
_guard = threading.Lock()

if sys.platform == "win32":
    import msvcrt

    def _take(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _take(file: int) -> None:
        # lockf and not flock: a forked worker that outlives its killed parent must not go on holding the lock.
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


class LockedError(Exception):
    """Somebody else holds the lock; the text says who."""


class FileLock:
    """A lock that one holder has at a time, in this process and all others.

    Parameters
    ----------
    path : str
        Of the small file, in an existing folder.
    """

    def __init__(self, path: str) -> None:
        self.path = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
        self._file: int | None = None

    def acquire(self) -> bool:
        """Take the lock, at once or not at all.

        Returns
        -------
        bool
            False where the file system has no locks, as some on networks: nobody holds it then.

        Raises
        ------
        LockedError
            When somebody has it.
        OSError
            When the file cannot be made.
        """
        with _guard:
            if self.path in _held:
                raise LockedError("another user in this process")
            self._file = self._open()
            if self._file is not None:
                _held[self.path] = self
        return self._file is not None

    def release(self) -> None:
        """Let others have it; nothing if it is not held."""
        with _guard:
            if self._file is None:
                return
            ours = _held.get(self.path) is self  # and not one that a forked process has from its parent
            if ours and os.name == "posix":  # while it is still held
                self._remove()
            os.close(self._file)
            if ours and os.name != "posix":  # where an open file cannot be removed
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
                os.close(file)  # its last holder has removed it meanwhile
            except (BlockingIOError, PermissionError):
                os.close(file)
                raise LockedError("another process") from None
            except OSError:
                os.close(file)
                self._remove()
                return None

    def _is(self, file: int) -> bool:
        """Whether the path still leads to the file that was opened."""
        try:
            return os.path.samestat(os.fstat(file), os.stat(self.path))
        except FileNotFoundError:
            return False

    def _remove(self) -> None:
        with suppress(FileNotFoundError, PermissionError):
            os.remove(self.path)


def _after_fork() -> None:
    """Hold no lock: those of the system stay with the parent, and its threads, which might hold the guard, are gone."""
    global _guard
    _guard = threading.Lock()
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
