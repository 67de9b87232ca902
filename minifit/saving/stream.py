"""A file that grows piece by piece, and stays readable whatever happens.

Each piece goes to the system by one call, so that it survives the end of the process, and a piece that does not fit
on the disk is taken back. Errors name the file. Others may remove or replace the file meanwhile: a stream can tell, and
goes on in what its path names now.
"""

import os
import stat
from typing import Literal

from minifit.saving.atomic import flushing
from minifit.saving.paths import absolute

Change = Literal["", "removed", "replaced", "shortened", "lengthened"]


class Stream:
    """A file that is written at its end only.

    Parameters
    ----------
    path : str
        What is in the file stays. A folder that does not exist is made.
    what : str
        What the file is called in errors: ``"the CSV file"``.

    Attributes
    ----------
    place : str
        The absolute path: where the file is found also when the working directory has changed.

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
            self._file = open(self.place, "ab", buffering=0)  # noqa: SIM115 (it stays open)
        except OSError as error:
            raise self._explained(error, "cannot be written to") from error
        opened = os.fstat(self._file.fileno())
        self._end = opened.st_size
        # A device or a pipe has neither a size nor a place that another could take.
        self._identity = (opened.st_dev, opened.st_ino) if stat.S_ISREG(opened.st_mode) else None

    @property
    def is_file(self) -> bool:
        """Return whether it is a file, and no device or pipe."""
        return self._identity is not None

    @property
    def size(self) -> int:
        """Bytes in the file."""
        return os.fstat(self._file.fileno()).st_size

    def change(self) -> Change:
        """Return what others have done to the file since it was opened, written or cut."""
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
        """Go on at the end of the file that the path names now; an empty one is made where there is none."""
        self._file.close()
        self._open()

    def write(self, text: str) -> None:
        """Hand a piece to the system, all of it or nothing."""
        piece = text.encode()
        done = 0
        try:
            # As a rule once; a second time when the disk is full, and that one says so.
            while done < len(piece):
                done += self._file.write(piece[done:])
        except OSError as error:
            self.cut(self.size - done)
            raise self._explained(
                error, "could not be written to and ends with what was there before"
            ) from error
        self._end += done

    def cut(self, at: int) -> None:
        """Take back what stands after the first `at` bytes."""
        if at < self.size:
            self._file.truncate(at)
            self._end = at

    def flush(self) -> None:
        """Wait until all is on the disk (not with ``MINIFIT_FLUSH=0``)."""
        if flushing() and os.path.isfile(self.place):
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _explained(self, error: OSError, what: str) -> OSError:
        return OSError(error.errno, f"{error.strerror}; {self.what} {what}", self.path)
