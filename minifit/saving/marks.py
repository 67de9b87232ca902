"""A mark for a file to which runs append: the position where the current run began.

A run that is stopped, even by a power failure, leaves its mark behind. So when the same run is started again, it knows
which part of the file it wrote; another run, with another backup folder, leaves that part unchanged. The mark is a
small hidden file in the same folder, which a run removes when it is no longer needed.
"""

import json
import os
import zlib
from contextlib import suppress

from minifit.saving import atomic

_BLOCK = 1 << 20


class Mark:
    """The mark of a file.

    Parameters
    ----------
    path : str
        The file.
    run : str
        The identity of the run: the path of its backups.

    Attributes
    ----------
    path : str
        The file of the mark: ``.training.csv.run`` for ``training.csv``.
    """

    def __init__(self, path: str, run: str) -> None:
        folder, name = os.path.split(path)
        self._file, self._run = path, run
        self.path = os.path.join(folder, f".{name}.run")

    def set(self, at: int) -> None:
        """Record that the run begins after the first `at` bytes of the file.

        Raises
        ------
        OSError
            When the mark cannot be written.
        """
        atomic.write(self.path, json.dumps({"run": self._run, "position": at, "crc32": self._checksum(at)}))

    def read(self) -> int | None:
        """Return the position where this unfinished run began; None without its mark, or if earlier bytes changed."""
        try:
            with open(self.path, encoding="utf-8") as file:
                mark = json.load(file)
            run, at, checksum = mark["run"], mark["position"], mark["crc32"]
        except (OSError, ValueError, TypeError, KeyError):
            return None
        own = run == self._run and isinstance(at, int) and at >= 0
        return at if own and self._checksum(at) == checksum else None

    def clear(self) -> None:
        """Remove the mark, if there is one."""
        with suppress(FileNotFoundError, NotADirectoryError):
            os.remove(self.path)

    def _checksum(self, size: int) -> int | None:
        """Return the CRC-32 of the file's first bytes; None when it has fewer."""
        checksum = 0
        try:
            with open(self._file, "rb") as file:
                while size and (block := file.read(min(size, _BLOCK))):
                    checksum, size = zlib.crc32(block, checksum), size - len(block)
        except FileNotFoundError:
            return None
        return None if size else checksum
