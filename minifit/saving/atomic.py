"""Files appear whole or not at all.

The content is written to a temporary file in the target's folder, flushed to the disk, then moved to the target in one
step. At any instant, and after any crash, the target is either the old file or the new one. ``MINIFIT_FLUSH=0`` omits
the flush, for tests and benchmarks: then a power failure may lose the new file.
"""

import errno
import os
import re
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any, TypeAlias

from minifit.errors import ArgumentError, ArgumentTypeError
from minifit.saving.locks import FileLock, LockedError
from minifit.saving.paths import absolute

PathLike: TypeAlias = str | os.PathLike[str]

PATIENCE = 1.0
"""The seconds for which to retry moving a file while another process holds the target open, as happens on Windows."""

A_DAY = 86400.0
"""The seconds after which a temporary file counts as left over if files cannot be locked."""


@contextmanager
def replacing(path: PathLike) -> Iterator[str]:
    """Yield the path of an empty temporary file, which replaces `path` when the block succeeds.

    The block opens the file, writes and closes it. When the block raises, or the new file cannot be moved, it is
    removed and `path` is unchanged. A missing folder is created, and removed again in that case. If `path` is a link,
    the file it points to is replaced. The new file takes over the permissions of the old one.

    Raises
    ------
    OSError
        When the system refuses: a full disk, a read-only folder or file, or a folder at `path`. `filename` is `path`.
    """
    target = _target(path)
    folder = os.path.dirname(target)
    with _folder(folder):
        with _explained(path):
            lock, temporary = _begin(target)
        try:
            with _explained(path, temporary):
                yield temporary
                _hand_on_permissions(target, temporary)
                if flushing():
                    _flush(temporary)
                _replace(temporary, target)
        except BaseException:
            # If this fails, the next save removes the file.
            with suppress(OSError):
                os.remove(temporary)
            raise
        finally:
            lock.release()
    if flushing():
        _flush_folder(folder)


@contextmanager
def writing(path: PathLike, mode: str = "wb", **kwargs: Any) -> Iterator[IO[Any]]:
    """Yield an open file whose content replaces `path` when the block succeeds.

    Parameters
    ----------
    path : str or PathLike
    mode : {"wb", "w"}
        Bytes, or text, which is UTF-8 unless `kwargs` set another encoding.
    **kwargs
        As for `open`.
    """
    text = {} if "b" in mode else {"encoding": "utf-8"}
    with replacing(path) as temporary, open(temporary, mode, **{**text, **kwargs}) as file:
        yield file


def write(path: PathLike, content: bytes | str) -> None:
    """Replace the content of the file: bytes unchanged, text as UTF-8 with its line ends unchanged."""
    with writing(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)


def flushing() -> bool:
    """Return whether files are flushed to the disk."""
    return os.environ.get("MINIFIT_FLUSH") != "0"


# -- the target ----------------------------------------------------------------------------------------------


def _target(path: PathLike) -> str:
    """Return the file to replace, with links followed; raise unless a file can be written there."""
    name: Any = os.fspath(path) if isinstance(path, os.PathLike) else path
    if not isinstance(name, str):
        raise ArgumentTypeError(
            f"A path is a string or a PathLike of one. Received: {path!r}. Pass, for example, 'model.h5'."
        )
    if "\0" in name:
        raise ArgumentError(
            f"A path has no null character. Received: {name!r}. Pass, for example, 'model.h5'."
        )
    target = os.path.realpath(absolute(name))
    try:
        mode = os.stat(name).st_mode
    except FileNotFoundError:
        mode = None
    if not name or name[-1] in (os.sep, os.altsep) or (mode is not None and stat.S_ISDIR(mode)):
        raise IsADirectoryError(
            errno.EISDIR, "A folder cannot be replaced by a file; pass the name of a file", name
        )
    if mode is not None and not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "Only a regular file can be replaced, not a device or a pipe", name)
    if mode is not None and not _writable(target):
        raise PermissionError(errno.EACCES, "The file is read-only and was not changed", name)
    return target


def _writable(path: str) -> bool:
    return os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


@contextmanager
def _explained(path: PathLike, temporary: str | None = None) -> Iterator[None]:
    """Make errors of the system name the user's file, not the temporary one, and say that nothing is lost.

    Errors that name a file other than `temporary` come from the caller's block and are not changed.
    """
    try:
        yield
    except OSError as error:
        if error.errno is None or (temporary is not None and error.filename not in (None, temporary)):
            raise
        text = f"{error.strerror}; the file was not saved and nothing was changed"
        raise OSError(error.errno, text, os.fspath(path)) from error


@contextmanager
def _folder(folder: str) -> Iterator[None]:
    """Create a folder and its parents; when the block raises, remove the new ones that are still empty."""
    new: list[str] = []
    try:
        _make_folder(folder, new)
        yield
    except BaseException:
        # Another process may have put a file there.
        with suppress(OSError):
            for created in reversed(new):
                os.rmdir(created)
        raise


def _make_folder(folder: str, new: list[str]) -> None:
    """Create a folder and its parents, each flushed to the disk before its content; append the new ones to `new`."""
    if os.path.isdir(folder):
        return
    above = os.path.dirname(folder)
    if above != folder:
        _make_folder(above, new)
    # Another process may have created it. If it is a file instead, opening the temporary file raises.
    with suppress(FileExistsError):
        os.mkdir(folder)
        new.append(folder)
    if flushing():
        _flush_folder(above)


def _hand_on_permissions(target: str, temporary: str) -> None:
    """Give the new file the mode and, where allowed, the owner of the file that it replaces."""
    try:
        old = os.stat(target)
    except FileNotFoundError:
        return
    new = os.stat(temporary)
    if sys.platform != "win32" and (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
        # Only root may change the owner of a file.
        with suppress(PermissionError):
            os.chown(temporary, old.st_uid, old.st_gid)
    if stat.S_IMODE(old.st_mode) != stat.S_IMODE(new.st_mode):
        os.chmod(temporary, stat.S_IMODE(old.st_mode))


def _replace(temporary: str, target: str) -> None:
    """Move the new file to the target in one step."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            os.replace(temporary, target)
            return
        except PermissionError:
            # On Windows, a virus scanner, an indexer or a reader may have the target open.
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


# -- the temporary file --------------------------------------------------------------------------------------


def _begin(target: str) -> tuple[FileLock, str]:
    """Create the empty temporary file ``.NAME.TOKEN.tmp``, locked by ``.NAME.TOKEN.lock`` while it is written."""
    remove_leftovers(target)
    while True:
        lock, temporary = _pair(target, os.urandom(8).hex())
        try:
            lock.acquire()
            break
        except LockedError:
            # Another process considers the file left over and is removing the lock.
            continue
    try:
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
    except BaseException:
        lock.release()
        raise
    return lock, temporary


def _beside(target: str) -> tuple[str, str]:
    """Return the folder of the temporary files of a target, and the part of their names that they share."""
    folder, name = os.path.split(target)
    # A file's name has at most 255 bytes.
    return folder, name if len(os.fsencode(name)) <= 200 else name[:50]


def _pair(target: str, token: str) -> tuple[FileLock, str]:
    folder, name = _beside(target)
    start = os.path.join(folder, f".{name}.{token}")
    return FileLock(f"{start}.lock"), f"{start}.tmp"


def remove_leftovers(target: str) -> None:
    """Remove the temporary files and locks of a target whose writers were killed: their locks are free."""
    folder, name = _beside(target)
    try:
        entries = os.listdir(folder)
    except PermissionError:
        # A folder may be writable but not readable.
        return
    pattern = re.compile(rf"\.{re.escape(name)}\.([0-9a-f]{{16}})\.(tmp|lock)")
    for token in {match[1] for entry in entries if (match := pattern.fullmatch(entry))}:
        lock, temporary = _pair(target, token)
        # Another process may be writing or removing the file.
        with suppress(LockedError, OSError):
            try:
                if lock.acquire() or time.time() - os.stat(temporary).st_mtime > A_DAY:
                    os.remove(temporary)
            finally:
                lock.release()


# -- the disk ------------------------------------------------------------------------------------------------


def _flush(path: str) -> None:
    """Wait until the file's content is on the disk."""
    file = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
    try:
        # On macOS, fsync alone leaves the content in the drive's cache.
        if sys.platform == "darwin":
            import fcntl

            # Not every file system supports this.
            with suppress(OSError):
                fcntl.fcntl(file, fcntl.F_FULLFSYNC)
        os.fsync(file)
    finally:
        os.close(file)


def _flush_folder(folder: str) -> None:
    """Wait until the folder's entries are on the disk, if the system supports this (Windows does not)."""
    if os.name != "posix":
        return
    # Some network file systems do not support it, either; the file itself is safe.
    with suppress(OSError):
        file = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)
