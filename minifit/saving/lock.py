"""A folder that one process uses at a time.

The lock is the system's own, on a small file in the folder: it is gone when the process is, whatever ended it.
"""

import os
import sys
import threading
from contextlib import suppress

from minifit import console
from minifit.errors import ArgumentError

_held: set[str] = set()  # by this process, which the system's lock does not keep from its own files
_guard = threading.Lock()

if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: int) -> None:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


class FolderLock:
    """Keeps other processes, and other users in this one, out of a folder.

    Parameters
    ----------
    folder : str
        An existing folder.
    what : str
        What the folder is called in messages: ``"backup_dir"``.
    """

    def __init__(self, folder: str, what: str) -> None:
        self.path = os.path.join(os.path.realpath(folder), "lock")
        self.what = what
        self._file: int | None = None

    def acquire(self) -> None:
        """Take the folder.

        Raises
        ------
        ArgumentError
            When somebody else has it.
        OSError
            When the folder cannot be written to.
        """
        with _guard:
            if self.path in _held:
                raise self._taken("another fit of this process")
            self._file = self._open()
            _held.add(self.path)

    def _open(self) -> int:
        while True:
            file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
            try:
                self._lock(file)
                if self._is_ours(file):
                    return file
            except BaseException:
                os.close(file)
                raise
            os.close(file)  # its last owner removed it while we waited

    def _lock(self, file: int) -> None:
        try:
            _lock(file)
        except (BlockingIOError, PermissionError):
            raise self._taken("another process") from None
        except OSError as error:
            console.warn(
                f"{self.what} lies where files cannot be locked ({error.strerror}). Take care that only one process "
                f"uses it. Received: {os.path.dirname(self.path)!r}."
            )

    def _is_ours(self, file: int) -> bool:
        """Whether the path still leads to the file that was opened."""
        try:
            return os.path.samestat(os.fstat(file), os.stat(self.path))
        except FileNotFoundError:
            return False

    def _taken(self, by: str) -> ArgumentError:
        return ArgumentError(
            f"{self.what} is for one run at a time. Received: {os.path.dirname(self.path)!r}, which {by} is using. "
            "Wait until that one has ended, or give this run a folder of its own."
        )

    def release(self) -> None:
        """Leave the folder to others; nothing if it is not held."""
        with _guard:
            if self._file is None:
                return
            if os.name == "posix":  # while it is still ours
                with suppress(FileNotFoundError):
                    os.remove(self.path)
            os.close(self._file)
            if os.name != "posix":  # an open file cannot be removed there
                with suppress(FileNotFoundError, PermissionError):
                    os.remove(self.path)
            self._file = None
            _held.discard(self.path)
