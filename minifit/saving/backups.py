"""A folder with the latest good backup of a training, and optionally the previous one.

A backup replaces the previous one in one step, after it was written completely, flushed and read again. So whatever
happens, at any byte, the folder always holds a good backup once it has held one.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy as np

from minifit import console
from minifit.arrays import Array
from minifit.errors import ArgumentError, FileFormatError
from minifit.saving import hdf5, tree
from minifit.saving.atomic import PathLike, remove_leftovers
from minifit.saving.locks import FileLock, LockedError

VERSION = 1
"""The version of the layout: the attribute "version", and the datasets "text" (JSON) and "memory" (see `tree`)."""


PAGE = 4096
"""The number of bytes to a multiple of which the text is padded with spaces."""


class BackupFolder:
    """The backups of one run.

    Parameters
    ----------
    folder : str or PathLike
        Created if it does not exist.
    keep_previous : bool
        Whether to keep the backup before the latest one.
    """

    def __init__(self, folder: PathLike, keep_previous: bool = False) -> None:
        self.folder = os.fspath(folder)
        self.keep_previous = keep_previous
        self.last = os.path.join(self.folder, "backup.h5")
        self.previous = os.path.join(self.folder, "previous.h5")
        self._lock = FileLock(os.path.join(self.folder, "lock"))

    def open(self) -> None:
        """Lock the folder for this run.

        Raises
        ------
        ArgumentError
            When another run is using the folder.
        OSError
            When the folder cannot be created or written to.
        """
        os.makedirs(self.folder, exist_ok=True)
        try:
            locked = self._lock.acquire()
        except LockedError as held:
            raise ArgumentError(
                f"backup_dir is for one run at a time. Received: {self.folder!r}, which {held} is using. "
                "Wait until that run has ended, or use a different folder for this run."
            ) from None
        if not locked:
            console.warn(
                "backup_dir lies where files cannot be locked. Take care that only one run uses it. "
                f"Received: {self.folder!r}."
            )

    def close(self) -> None:
        """Release the folder."""
        self._lock.release()

    def save(self, state: Any) -> None:
        """Write a backup.

        Raises
        ------
        ArgumentTypeError
            When the state holds a value that cannot be stored.
        FileFormatError
            When the file that is read again differs from what was written.
        OSError
            When the disk is full or the folder cannot be written to; existing backups are unchanged.
        """
        text, memory = tree.pack(state)
        encoded = text.encode()
        # The length is usually the same for all backups: files with the same layout are written faster.
        padded = encoded.ljust(-(-len(encoded) // PAGE) * PAGE)
        content = hdf5.Group(
            {"version": VERSION}, {"text": np.frombuffer(padded, np.uint8), "memory": memory}
        )
        hdf5.write(self.last, content, verify=True, kept=self.previous if self.keep_previous else None)

    def load(self) -> Any:
        """Return the state of the latest good backup; None when there is no backup.

        Raises
        ------
        FileFormatError
            When there are backups but none is good.
        """
        failed: list[str] = []
        for path in self._existing():
            try:
                state = _read(path)
            except FileFormatError as error:
                failed.append(f"{os.path.basename(path)}: {error}")
                continue
            if failed:
                console.warn(
                    f"The last backup in {self.folder!r} cannot be used, the one before is: {failed[0]}"
                )
            return state
        if failed:
            raise FileFormatError(
                f"The backup of a run must be whole. Received: {self.folder!r} with {'; '.join(failed)} "
                "Delete the folder to start from the beginning, or replace it by a good copy."
            )
        return None

    def delete(self) -> None:
        """Remove the backups, and what a killed process left of one: the run is complete."""
        if os.path.isdir(self.folder):
            remove_leftovers(os.path.realpath(self.last))
        # Remove the older one first, so that it is never the only one.
        for path in (self.previous, self.last):
            with suppress(FileNotFoundError):
                os.remove(path)

    def _existing(self) -> Iterator[str]:
        return (path for path in (self.last, self.previous) if os.path.exists(path))


def _read(path: str) -> Any:
    with open(path, "rb") as file:
        if file.read(len(hdf5.MARK)) != hdf5.MARK:
            raise FileFormatError(
                "A backup begins with its checksum. Received: a file without one. Use another backup."
            )
    with hdf5.reading(path, packed=False) as content:
        version = content.attributes.get("version")
        if version != VERSION:
            raise FileFormatError(
                f"A backup has the layout of version {VERSION}. Received: version {version}. "
                "Resume with the version of minifit that wrote it, or delete it to start from the beginning."
            )
        text, memory = (_bytes(content, name) for name in ("text", "memory"))
        return tree.unpack(bytes(text).decode(errors="replace"), memory)


def _bytes(content: hdf5.Group, name: str) -> Array:
    """Return one of the two parts of a backup."""
    member = content.members.get(name)
    if member is None or isinstance(member, hdf5.Group) or member.dtype != np.uint8 or len(member.shape) != 1:
        raise FileFormatError(
            f"A backup holds 'text' and 'memory'. Received: no {name!r}. Use another backup."
        )
    return np.asarray(member)
