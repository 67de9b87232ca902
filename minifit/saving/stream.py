"""A file that grows piece by piece, and stays readable whatever happens.

Each piece goes to the system by one call, so that it survives the end of the process, and a piece that does not fit
on the disk is taken back. What cannot be written is said at once, by the name of the file.
"""

import errno
import os
import time

from minifit.saving.atomic import flushing

LOOK = 1.0
"""Seconds after which to look whether the file is still there."""


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
        self.place = os.path.abspath(path)
        self.what = what
        try:
            os.makedirs(os.path.dirname(self.place), exist_ok=True)
            self._look_again = 0.0
            self._file = open(path, "ab", buffering=0)  # noqa: SIM115 (it stays open)
        except OSError as error:
            raise self._explained(error, "cannot be written to") from error

    @property
    def size(self) -> int:
        """Bytes in the file."""
        return os.fstat(self._file.fileno()).st_size

    def write(self, text: str) -> None:
        """Hand a piece to the system, all of it or nothing."""
        piece = text.encode()
        done = 0
        try:
            if (now := time.monotonic()) > self._look_again:
                self._look_again = now + LOOK
                self._still_there()
            while done < len(
                piece
            ):  # as a rule once; a second time when the disk is full, and that one says so
                done += self._file.write(piece[done:])
        except OSError as error:
            self.cut(self.size - done)
            raise self._explained(
                error, "could not be written to and ends with what was there before"
            ) from error

    def _still_there(self) -> None:
        """A file that was removed would take all pieces and show none."""
        if os.fstat(self._file.fileno()).st_nlink == 0 and not os.path.exists(self.place):
            raise FileNotFoundError(errno.ENOENT, "It was removed while it was being written")

    def cut(self, at: int) -> None:
        """Take back what stands after the first `at` bytes."""
        if at < self.size:
            self._file.truncate(at)

    def flush(self) -> None:
        """Wait until all is on the disk (not with ``MINIFIT_FLUSH=0``)."""
        if flushing() and os.path.isfile(self.place):
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _explained(self, error: OSError, what: str) -> OSError:
        return OSError(error.errno, f"{error.strerror}; {self.what} {what}", self.path)
