"""A file that grows piece by piece and stays readable whatever happens.

Each piece is passed to the system in one call, so that it survives the end of the process; a piece that does not fit on
the disk is undone. Errors name the file. If another program removes or replaces the file, a stream detects it and can
continue in the file that its path leads to.
"""

import os
import stat
from typing import Literal

from minifit.saving.atomic import flushing
from minifit.saving.paths import absolute

Change = Literal["", "removed", "replaced", "shortened", "lengthened"]


class Stream:
    """A file that is only appended to.

    Parameters
    ----------
    path : str
        The content of an existing file is kept. Missing folders are created.
    what : str
        The term for the file in errors: ``"the CSV file"``.

    Attributes
    ----------
    place : str
        The absolute path, which stays valid when the working directory changes.

    Raises
    ------
    OSError
        When the file cannot be opened or written; `filename` is `path`.
    """

    def __init__(self, path: str, what: str) -> None:
        self.path = path
        self.place = absolute(path)
        self.what = what
        self._open()

    def _open(self) -> None:
        try:
            os.makedirs(os.path.dirname(self.place), exist_ok=True)
            self._file = open(self.place, "ab", buffering=0)  # noqa: SIM115 (stays open)
        except OSError as error:
            raise self._explained(error, "cannot be written to") from error
        opened = os.fstat(self._file.fileno())
        self._end = opened.st_size
        # A device or a pipe has no size and cannot be replaced.
        self._identity = (opened.st_dev, opened.st_ino) if stat.S_ISREG(opened.st_mode) else None

    @property
    def is_file(self) -> bool:
        """True for a regular file, False for a device or a pipe."""
        return self._identity is not None

    @property
    def size(self) -> int:
        """The size of the file in bytes."""
        return os.fstat(self._file.fileno()).st_size

    def change(self) -> Change:
        """Return how other programs have changed the file since it was opened, written or cut."""
        if self._identity is None:
            return ""
        try:
            now = os.stat(self.place)
        except (FileNotFoundError, NotADirectoryError):
            return "removed"
        if (now.st_dev, now.st_ino) != self._identity:
            return "replaced"
        if now.st_size == self._end:
            return ""
        return "shortened" if now.st_size < self._end else "lengthened"

    def follow(self) -> None:
        """Continue at the end of the file to which the path leads now, creating it if needed."""
        self._file.close()
        self._open()

    def write(self, text: str) -> None:
        """Append a piece completely or not at all."""
        piece = text.encode()
        done = 0
        try:
            # Usually one call. If the disk is full, the first may write a part, and the second raises.
            while done < len(piece):
                done += self._file.write(piece[done:])
        except OSError as error:
            self.cut(self.size - done)
            raise self._explained(
                error, "could not be written to and ends with what was there before"
            ) from error
        self._end += done

    def cut(self, at: int) -> None:
        """Truncate the file to its first `at` bytes."""
        if at < self.size:
            self._file.truncate(at)
            self._end = at

    def flush(self) -> None:
        """Wait until the content is on the disk (not with ``MINIFIT_FLUSH=0``)."""
        if flushing() and os.path.isfile(self.place):
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _explained(self, error: OSError, what: str) -> OSError:
        return OSError(error.errno, f"{error.strerror}; {self.what} {what}", self.path)
