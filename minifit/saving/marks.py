"""A mark beside a file to which runs add: the place where the run under way began.

A run that was stopped, even by a power failure, leaves its mark behind. So the same run, when it is started again,
knows which part of the file is its own; another run, with another folder for its backups, leaves that part alone. The
mark is a small hidden file that a run removes when it is of no more use.
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
        The run's word: where its backups are.

    Attributes
    ----------
    path : str
        The mark's own file: ``.training.csv.run`` for ``training.csv``.
    """

    def __init__(self, path: str, run: str) -> None:
        folder, name = os.path.split(path)
        self._file, self._run = path, run
        self.path = os.path.join(folder, f".{name}.run")

    def set(self, at: int) -> None:
        """Note that a run begins behind the first `at` bytes of the file.

        Raises
        ------
        OSError
            When the mark cannot be written.
        """
        atomic.write(self.path, json.dumps({"run": self._run, "position": at, "crc32": self._checksum(at)}))

    def read(self) -> int | None:
        """Return where this run began and did not end; None without its mark, or when the file was edited before it."""
        try:
            with open(self.path, encoding="utf-8") as file:
                noted = json.load(file)
            run, at, checksum = noted["run"], noted["position"], noted["crc32"]
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
        made = 0
        try:
            with open(self._file, "rb") as file:
                while size and (block := file.read(min(size, _BLOCK))):
                    made, size = zlib.crc32(block, made), size - len(block)
        except FileNotFoundError:
            return None
        return None if size else made
