"""Files appear whole or not at all.

What is written goes to a temporary file beside the target, is flushed to the disk, then takes the target's place
in one step. Whoever looks at the target, at any instant and after any crash, finds the old file or the new one.
``MINIFIT_FLUSH=0`` leaves out the flush, for tests and benchmarks: then a power failure may cost the new file.
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
"""Seconds to go on trying to put a file in its place while another process holds it, as happens on Windows."""

A_DAY = 86400.0
"""Seconds after which a temporary file counts as left over where files cannot be locked."""


@contextmanager
def replacing(path: PathLike) -> Iterator[str]:
    """The path of an empty temporary file, which takes the place of `path` when the block ends well.

    The block opens it, writes and closes it. When the block raises, or the new file cannot be put in place, it is
    removed and what was at `path` stays as it was. A missing folder is made, and removed again likewise. Where `path`
    is a link the file that it points to is replaced. A file that is replaced hands on its permissions.

    Raises
    ------
    OSError
        When the system refuses: a full disk, a folder or a file that is read-only, a folder in the file's place.
        `filename` is `path`.
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
            with suppress(OSError):  # then the next save removes it
                os.remove(temporary)
            raise
        finally:
            lock.release()
    if flushing():
        _flush_folder(folder)


@contextmanager
def writing(path: PathLike, mode: str = "wb", **kwargs: Any) -> Iterator[IO[Any]]:
    """An open file whose content takes the place of `path` when the block ends well.

    Parameters
    ----------
    path : str or PathLike
    mode : {"wb", "w"}
        Bytes, or text, which is UTF-8 unless `kwargs` say otherwise.
    **kwargs
        As for `open`.
    """
    text = {} if "b" in mode else {"encoding": "utf-8"}
    with replacing(path) as temporary, open(temporary, mode, **{**text, **kwargs}) as file:
        yield file


def write(path: PathLike, content: bytes | str) -> None:
    """Make `content` the whole of the file: bytes as they are, text as UTF-8 with its line ends as they are."""
    with writing(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)


def flushing() -> bool:
    """Whether what is written is flushed to the disk."""
    return os.environ.get("MINIFIT_FLUSH") != "0"


# -- the target ----------------------------------------------------------------------------------------------


def _target(path: PathLike) -> str:
    """The file to replace, links followed, if a file can be there."""
    given: Any = os.fspath(path) if isinstance(path, os.PathLike) else path
    if not isinstance(given, str):
        raise ArgumentTypeError(
            f"A path is a string or a PathLike of one. Received: {path!r}. Pass for example 'model.h5'."
        )
    if "\0" in given:
        raise ArgumentError(
            f"A path has no null character. Received: {given!r}. Pass for example 'model.h5'."
        )
    target = os.path.realpath(absolute(given))
    try:
        mode = os.stat(given).st_mode
    except FileNotFoundError:
        mode = None
    if not given or given[-1] in (os.sep, os.altsep) or (mode is not None and stat.S_ISDIR(mode)):
        raise IsADirectoryError(
            errno.EISDIR, "A folder cannot be replaced by a file; give a file's name", given
        )
    if mode is not None and not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "Only a regular file can be replaced, not a device or a pipe", given)
    if mode is not None and not _writable(target):
        raise PermissionError(errno.EACCES, "The file is read-only and was left as it is", given)
    return target


def _writable(path: str) -> bool:
    return os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


@contextmanager
def _explained(path: PathLike, temporary: str | None = None) -> Iterator[None]:
    """Errors of the system name the user's file, not the temporary one, and say that nothing is lost.

    Those that name another file than `temporary` come from the block and are none of this module's business.
    """
    try:
        yield
    except OSError as error:
        if error.errno is None or (temporary is not None and error.filename not in (None, temporary)):
            raise
        said = f"{error.strerror}; the file was not saved and nothing was changed"
        raise OSError(error.errno, said, os.fspath(path)) from error


@contextmanager
def _folder(folder: str) -> Iterator[None]:
    """Make a folder and those above it; remove those that are new, and still empty, when the block raises."""
    new: list[str] = []
    try:
        _make_folder(folder, new)
        yield
    except BaseException:
        with suppress(OSError):  # another process has put something there meanwhile
            for made in reversed(new):
                os.rmdir(made)
        raise


def _make_folder(folder: str, new: list[str]) -> None:
    """Make a folder and those above it, each one on the disk before what is in it; append the new ones to `new`."""
    if os.path.isdir(folder):
        return
    above = os.path.dirname(folder)
    if above != folder:
        _make_folder(above, new)
    with suppress(FileExistsError):  # another process has made it meanwhile; a file there is found out soon
        os.mkdir(folder)
        new.append(folder)
    if flushing():
        _flush_folder(above)


def _hand_on_permissions(target: str, temporary: str) -> None:
    """Give the new file the mode, and where it is allowed the owner, of the one that it replaces."""
    try:
        old = os.stat(target)
    except FileNotFoundError:
        return
    new = os.stat(temporary)
    if sys.platform != "win32" and (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
        with suppress(PermissionError):  # only root gives files away
            os.chown(temporary, old.st_uid, old.st_gid)
    if stat.S_IMODE(old.st_mode) != stat.S_IMODE(new.st_mode):
        os.chmod(temporary, stat.S_IMODE(old.st_mode))


def _replace(temporary: str, target: str) -> None:
    """Put the new file in its place, in one step."""
    give_up = time.monotonic() + PATIENCE
    while True:
        try:
            os.replace(temporary, target)
            return
        except PermissionError:  # on Windows: a virus scanner, an indexer or a reader has the target open
            if time.monotonic() > give_up:
                raise
            time.sleep(0.01)


# -- the temporary file --------------------------------------------------------------------------------------


def _begin(target: str) -> tuple[FileLock, str]:
    """Make the empty temporary file ``.NAME.TOKEN.tmp``, locked by ``.NAME.TOKEN.lock`` as long as it is written."""
    remove_leftovers(target)
    while True:
        lock, temporary = _pair(target, os.urandom(8).hex())
        try:
            lock.acquire()
            break
        except LockedError:  # another process took it for left over; it removes the lock
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
    # A folder may be open for writing and closed for listing.
    except PermissionError:
        return
    pattern = re.compile(rf"\.{re.escape(name)}\.([0-9a-f]{{16}})\.(tmp|lock)")
    for token in {match[1] for entry in entries if (match := pattern.fullmatch(entry))}:
        lock, temporary = _pair(target, token)
        # Another process is writing it or removes it.
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
        if sys.platform == "darwin":  # where fsync alone leaves it in the drive's own memory
            import fcntl

            with suppress(OSError):  # not every file system knows it
                fcntl.fcntl(file, fcntl.F_FULLFSYNC)
        os.fsync(file)
    finally:
        os.close(file)


def _flush_folder(folder: str) -> None:
    """Wait until the folder's entries are on the disk, where the system can do that (Windows cannot)."""
    if os.name != "posix":
        return
    with suppress(OSError):  # some network file systems cannot either; the file itself is safe
        file = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)
