"""`get_file`: a file from the web, kept in a cache on this machine.

The file is downloaded once. Its checksum is verified before it gets its name, and again at every later call. Until the
download is complete, the partial file has another name in the same folder.
"""

import hashlib
import os
import tempfile
from functools import partial
from pathlib import Path, PurePath
from typing import NamedTuple
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from minifit import console
from minifit.datasets.download import download, shown
from minifit.datasets.locks import alone
from minifit.errors import ArgumentError, ArgumentTypeError, DownloadError
from minifit.saving import atomic

KERAS_FILES = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
"""The address of the data sets of Keras."""

LENGTHS = {"sha256": 64, "md5": 32}
"""The number of hexadecimal digits of each kind of checksum."""


class Checksum(NamedTuple):
    """The expected checksum of a file."""

    algorithm: str
    digits: str

    def of(self, file: Path) -> str:
        """Return the checksum of a file by the same algorithm."""
        with file.open("rb") as opened:
            return hashlib.file_digest(
                opened, partial(hashlib.new, self.algorithm, usedforsecurity=False)
            ).hexdigest()

    def fits(self, file: Path) -> bool:
        """Return True if the file exists and has this checksum."""
        return file.is_file() and self.of(file) == self.digits


def get_file(
    fname: str | os.PathLike[str] | None = None,
    origin: str | None = None,
    untar: bool = False,
    md5_hash: str | None = None,
    file_hash: str | None = None,
    cache_subdir: str | os.PathLike[str] = "datasets",
    hash_algorithm: str = "auto",
    extract: bool = False,
    archive_format: str | None = "auto",
    cache_dir: str | os.PathLike[str] | None = None,
    force_download: bool = False,
) -> str:
    """Download a file unless it is in the cache, and return its path.

    With a checksum, the cached file is verified at every call, a damaged file is replaced, and an interrupted download
    is resumed by the next call. Pass one whenever it is known. Processes that need the same file at the same time wait
    for the one that downloads it. An incomplete file never has the final name.

    Parameters
    ----------
    fname : str or PathLike, optional
        Name of the file in the cache, which may include folders; an absolute path names a file outside the cache. By
        default the last part of `origin`.
    origin : str
        Address, http or https. Proxies are read from the environment (``HTTPS_PROXY``).
    untar, extract : bool, default False
        Refused when True: archives are not unpacked.
    md5_hash : str, optional
        The older name of `file_hash`, for an MD5.
    file_hash : str, optional
        SHA-256 or MD5 of the file in hexadecimal digits. An MD5 detects damage, but not a forged file.
    cache_subdir : str or PathLike, default "datasets"
        Folder in the cache, or another folder as an absolute path.
    hash_algorithm : {"auto", "sha256", "md5"}, default "auto"
        By default the length of `file_hash` decides.
    archive_format : default "auto"
        Accepted for compatibility and ignored: archives are not unpacked.
    cache_dir : str or PathLike, optional
        The cache. By default the environment variable ``MINIFIT_HOME``, or else ``~/.minifit``. With
        ``MINIFIT_HOME=~/.keras`` the downloads of Keras are found, too.
    force_download : bool, default False
        Whether to download the file even if it is in the cache; the old file is kept until the new one is complete.

    Returns
    -------
    str
        Path of the file.

    Raises
    ------
    DownloadError
        If the file cannot be downloaded, does not match the checksum, or cannot be written.
    ArgumentError, ArgumentTypeError
        For an invalid argument.

    References
    ----------
    ``tf.keras.utils.get_file`` (TensorFlow 2.7).

    Examples
    --------
    A file in the cache needs no network:

    >>> import hashlib, tempfile
    >>> from pathlib import Path
    >>> sha256 = hashlib.sha256(b"1,2,3").hexdigest()
    >>> with tempfile.TemporaryDirectory() as cache:
    ...     written = Path(cache, "data.csv").write_text("1,2,3")
    ...     address = "https://example.org/data.csv"
    ...     path = get_file(origin=address, file_hash=sha256, cache_dir=cache, cache_subdir="")
    ...     print(Path(path).read_text())
    1,2,3
    """
    if untar or extract:
        raise ArgumentError(
            f"get_file does not unpack archives. Received: untar={untar}, extract={extract}. "
            "Call tarfile.open(path).extractall(folder, filter='data') or zipfile.ZipFile(path).extractall(folder)."
        )
    address = _checked(origin)
    checksum = _checksum(file_hash, md5_hash, hash_algorithm)
    file = _place(fname, address, cache_dir, cache_subdir)
    if force_download or not _is_cached(file, checksum):
        _make_folder(file.parent)
        with alone(file) as locked:
            if force_download:
                _fetch(address, file, checksum, locked)
            # another process may have downloaded it in the meantime
            elif not _is_cached(file, checksum):
                _announce_replacement(file, checksum, inside=not os.path.isabs(fname or ""))
                _fetch(address, file, checksum, locked)
    return str(file)


# -- the arguments -----------------------------------------------------------------------------------------


def _checked(origin: str | None) -> str:
    if not isinstance(origin, str):
        raise ArgumentTypeError(
            f"origin must be the address of a file. Received: origin={origin!r}. "
            "Pass a string that begins with https://."
        )
    try:
        parts = urlsplit(origin)
        valid = parts.scheme in ("http", "https") and parts.hostname
    except ValueError:
        # brackets that are not closed
        valid = False
    if not valid:
        raise ArgumentError(
            f"origin must be an http or https address. Received: origin={origin!r}. "
            "Open a file on this machine directly."
        )
    return origin


def _checksum(file_hash: str | None, md5_hash: str | None, algorithm: str) -> Checksum | None:
    """Return the expected checksum, or None without one."""
    if file_hash is None and md5_hash is not None:
        file_hash, algorithm = md5_hash, "md5"
    if algorithm not in ("auto", *LENGTHS):
        raise ArgumentError(
            "hash_algorithm must be 'auto', 'sha256' or 'md5'. "
            f"Received: hash_algorithm={algorithm!r}. Leave it out."
        )
    if file_hash is None:
        return None
    digits = str(file_hash).lower()
    algorithms = [
        name for name, length in LENGTHS.items() if len(digits) == length and algorithm in ("auto", name)
    ]
    if not algorithms or not set(digits) <= set("0123456789abcdef"):
        raise ArgumentError(
            f"A checksum must have 64 hexadecimal digits (SHA-256) or 32 (MD5). Received: {file_hash!r} "
            f"with hash_algorithm={algorithm!r}. Compute it with hashlib.sha256(data).hexdigest()."
        )
    return Checksum(algorithms[0], digits)


def _place(
    fname: str | os.PathLike[str] | None,
    origin: str,
    cache_dir: str | os.PathLike[str] | None,
    cache_subdir: str | os.PathLike[str],
) -> Path:
    """Return the path of the file in the cache."""
    folder = (_home() if cache_dir is None else Path(cache_dir).expanduser()) / cache_subdir
    name = os.fspath(fname) if isinstance(fname, os.PathLike) else fname or ""
    if not isinstance(name, str):
        raise ArgumentTypeError(
            f"fname must be a string or a PathLike of one. Received: fname={fname!r}. Pass for example 'data.npz'."
        )
    if not name:
        name = unquote(urlsplit(origin).path.rpartition("/")[2])
        # on Windows a backslash separates folders
        if name != PurePath(name).name:
            name = ""
    path = PurePath(name)
    inside = path.is_absolute() or not (path.drive or path.root or ".." in path.parts)
    if not path.name or not inside or not name.isprintable():
        raise ArgumentError(
            f"fname must name a file in the cache, or be an absolute path. Received: fname={fname!r} "
            f"for origin={shown(origin)!r}. Pass for example fname='data.npz'."
        )
    if (folder / path).is_dir():
        raise ArgumentError(
            f"fname must name a file. Received: {str(folder / path)!r}, which is a folder. Pass another fname."
        )
    return folder / path


def _home() -> Path:
    """Return the cache of this user."""
    folder = os.environ.get("MINIFIT_HOME")
    try:
        return Path(folder).expanduser() if folder else Path.home() / ".minifit"
    except RuntimeError as error:
        raise DownloadError(
            "The cache needs a folder, but this user has no home folder. Set MINIFIT_HOME, or pass cache_dir."
        ) from error


# -- the file ----------------------------------------------------------------------------------------------


def _is_cached(file: Path, checksum: Checksum | None) -> bool:
    return file.is_file() if checksum is None else checksum.fits(file)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise DownloadError(
            f"The cache must be a writable folder. Received: {folder} ({error.strerror}). "
            "Set MINIFIT_HOME to another folder, or pass cache_dir."
        ) from error


def _announce_replacement(file: Path, checksum: Checksum | None, inside: bool) -> None:
    """Print that the cached file is damaged; raise if it lies outside the cache."""
    if checksum is None or not file.exists():
        return
    if not inside:
        raise ArgumentError(
            "Only files in the cache are replaced, and the checksum of this file outside it differs. "
            f"Received: fname={str(file)!r}. Pass another fname, or force_download=True."
        )
    console.say(f"{file} is damaged: its {checksum.algorithm} differs. It will be replaced.")


def _fetch(origin: str, file: Path, checksum: Checksum | None, locked: bool) -> None:
    """Download to a partial file, verify it and rename it."""
    target = Path(os.path.realpath(file))
    # Without locks several processes may download at the same time, each to a separate file.
    part = target.with_name(f".{target.name}.part" if locked else f".{target.name}.{uuid4().hex}.part")
    # only a checksum shows that the two parts of a resumed download belong together
    resumable = locked and checksum is not None
    try:
        _complete(origin, part, checksum, resumable)
        with atomic.replacing(target) as temporary:
            os.replace(part, temporary)
    except DownloadError as error:
        kept = " (the partial file is kept)" if resumable and _has_content(part) else ""
        advice = f"Try again later{kept}, or put the file at {file} yourself."
        raise DownloadError(f"{error} {advice}") from error.__cause__
    finally:
        if not (resumable and _has_content(part)):
            part.unlink(missing_ok=True)


def _has_content(part: Path) -> bool:
    return part.exists() and part.stat().st_size > 0


def _complete(origin: str, part: Path, checksum: Checksum | None, resumable: bool) -> None:
    """Complete the partial file and verify its checksum."""
    # It may be complete already, if its process was stopped before it could rename it.
    if not (checksum and resumable and checksum.fits(part)):
        download(origin, part, resume=resumable)
    if checksum is None:
        return
    if not checksum.fits(part):
        # Its first part may be from another version of the file, and some damage is temporary.
        console.say(f"The file from {shown(origin)} does not match its checksum. Downloading it again:")
        download(origin, part, resume=False)
    if not checksum.fits(part):
        digits = checksum.of(part)
        part.unlink()
        raise DownloadError(
            f"The file must have the {checksum.algorithm} {checksum.digits}. Received: {digits} from {shown(origin)}."
        )
