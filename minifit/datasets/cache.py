"""`get_file`: a file from the web, kept on this machine.

It is downloaded once and its checksum decides whether it is the right one: before it gets its name, and whenever it
is asked for again. A partial file lies beside it under another name until it is whole.
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
"""Where Keras keeps the files of its data sets."""

LENGTHS = {"sha256": 64, "md5": 32}
"""Hexadecimal digits of each kind of checksum."""


class Checksum(NamedTuple):
    """What a file's bytes must come to."""

    algorithm: str
    digits: str

    def of(self, file: Path) -> str:
        """The same kind of checksum of a file."""
        with file.open("rb") as opened:
            return hashlib.file_digest(
                opened, partial(hashlib.new, self.algorithm, usedforsecurity=False)
            ).hexdigest()

    def fits(self, file: Path) -> bool:
        """Whether the file is there and is the one meant."""
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

    With a checksum, what is in the cache is checked at every call, a damaged file is replaced, and a download that
    broke off is resumed by the next call. Give one whenever it is known. Processes that ask for the same file at
    the same time wait for the one that downloads it. Nothing incomplete ever has the file's name.

    Parameters
    ----------
    fname : str or PathLike, optional
        Name of the file in the cache, folders before it allowed; an absolute path lies outside of the cache. By
        default the last part of `origin`.
    origin : str
        Address, http or https. Proxies are taken from the environment (``HTTPS_PROXY``).
    untar, extract : bool, default False
        Refused when True: nothing is unpacked here.
    md5_hash : str, optional
        The older way to give an MD5 as `file_hash`.
    file_hash : str, optional
        SHA-256 or MD5 of the file in hexadecimal digits. An MD5 finds damage, but not a file made to deceive.
    cache_subdir : str or PathLike, default "datasets"
        Folder in the cache, or any other as an absolute path.
    hash_algorithm : {"auto", "sha256", "md5"}, default "auto"
        By default the length of `file_hash` decides.
    archive_format : default "auto"
        Taken for the sake of programs that pass it; nothing is unpacked.
    cache_dir : str or PathLike, optional
        The cache. By default the environment's ``MINIFIT_HOME``, or else ``~/.minifit``. With
        ``MINIFIT_HOME=~/.keras`` Keras's own downloads are found, too.
    force_download : bool, default False
        Download even what is there; the old file stays until the new one is whole.

    Returns
    -------
    str
        Path of the file.

    Raises
    ------
    DownloadError
        When the file cannot be had, is not the one the checksum is of, or cannot be written.
    ArgumentError, ArgumentTypeError
        When an argument breaks its rule.

    References
    ----------
    ``tf.keras.utils.get_file`` (TensorFlow 2.7).

    Examples
    --------
    What is in the cache needs no network:

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
    wanted = _checksum(file_hash, md5_hash, hash_algorithm)
    file = _place(fname, address, cache_dir, cache_subdir)
    if force_download or not _is_there(file, wanted):
        _make_folder(file.parent)
        with alone(file) as locked:
            if force_download:
                _fetch(address, file, wanted, locked)
            elif not _is_there(file, wanted):  # another process may have brought it meanwhile
                _may_replace(file, wanted, inside=not os.path.isabs(fname or ""))
                _fetch(address, file, wanted, locked)
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
        sound = parts.scheme in ("http", "https") and parts.hostname
    except ValueError:  # brackets without an end
        sound = False
    if not sound:
        raise ArgumentError(
            f"origin must be an http or https address. Received: origin={origin!r}. "
            "A file on this machine needs no get_file."
        )
    return origin


def _checksum(file_hash: str | None, md5_hash: str | None, algorithm: str) -> Checksum | None:
    """The checksum to compare with, if one is given."""
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
    fitting = [
        name for name, length in LENGTHS.items() if len(digits) == length and algorithm in ("auto", name)
    ]
    if not fitting or not set(digits) <= set("0123456789abcdef"):
        raise ArgumentError(
            f"A checksum has 64 hexadecimal digits (SHA-256) or 32 (MD5). Received: {file_hash!r} "
            f"with hash_algorithm={algorithm!r}. Compute it with hashlib.sha256(data).hexdigest()."
        )
    return Checksum(fitting[0], digits)


def _place(
    fname: str | os.PathLike[str] | None,
    origin: str,
    cache_dir: str | os.PathLike[str] | None,
    cache_subdir: str | os.PathLike[str],
) -> Path:
    """Where the file belongs."""
    folder = (_home() if cache_dir is None else Path(cache_dir).expanduser()) / cache_subdir
    name = os.fspath(fname) if isinstance(fname, os.PathLike) else fname or ""
    if not isinstance(name, str):
        raise ArgumentTypeError(
            f"fname must be a string or a PathLike of one. Received: fname={fname!r}. Pass for example 'data.npz'."
        )
    if not name:
        name = unquote(urlsplit(origin).path.rpartition("/")[2])
        if name != PurePath(name).name:  # on Windows a backslash is no letter
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
    """The cache of this user."""
    given = os.environ.get("MINIFIT_HOME")
    try:
        return Path(given).expanduser() if given else Path.home() / ".minifit"
    except RuntimeError as error:
        raise DownloadError(
            "The cache needs a folder. Received: no home folder. Set MINIFIT_HOME, or pass cache_dir."
        ) from error


# -- the file ----------------------------------------------------------------------------------------------


def _is_there(file: Path, wanted: Checksum | None) -> bool:
    return file.is_file() if wanted is None else wanted.fits(file)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise DownloadError(
            f"The cache must be a folder that can be written to. Received: {folder} ({error.strerror}). "
            "Set MINIFIT_HOME to another folder, or pass cache_dir."
        ) from error


def _may_replace(file: Path, wanted: Checksum | None, inside: bool) -> None:
    """Say that the file in the cache is not what it should be; raise when it is not the cache's own."""
    if wanted is None or not file.exists():
        return
    if not inside:
        raise ArgumentError(
            "Only what lies in the cache is replaced, and this is another file: its checksum differs. "
            f"Received: fname={str(file)!r}. Pass another fname, or force_download=True."
        )
    console.say(f"{file} is damaged: its {wanted.algorithm} differs. It will be replaced.")


def _fetch(origin: str, file: Path, wanted: Checksum | None, locked: bool) -> None:
    """Download to a partial file, and put that in its place when it is the right one."""
    target = Path(os.path.realpath(file))
    # Where there are no locks several may be writing at a time, each to a file of its own.
    part = target.with_name(f".{target.name}.part" if locked else f".{target.name}.{uuid4().hex}.part")
    resumable = locked and wanted is not None  # a checksum tells whether the two halves fit together
    try:
        _bring(origin, part, wanted, resumable)
        with atomic.replacing(target) as temporary:
            os.replace(part, temporary)
    except DownloadError as error:
        kept = " (what has arrived is kept)" if resumable and _holds_something(part) else ""
        advice = f"Try again later{kept}, or put the file at {file} yourself."
        raise DownloadError(f"{error} {advice}") from error.__cause__
    finally:
        if not (resumable and _holds_something(part)):
            part.unlink(missing_ok=True)


def _holds_something(part: Path) -> bool:
    return part.exists() and part.stat().st_size > 0


def _bring(origin: str, part: Path, wanted: Checksum | None, resumable: bool) -> None:
    """Make the partial file whole."""
    # It may be whole already: then its process was stopped before it could give it its name.
    if not (wanted and resumable and wanted.fits(part)):
        download(origin, part, resume=resumable)
    if wanted is None:
        return
    if not wanted.fits(part):
        # The beginning may have been there before, from another version; and some damage passes.
        console.say(f"What came from {shown(origin)} is not the right file. Once more from the beginning:")
        download(origin, part, resume=False)
    if not wanted.fits(part):
        found = wanted.of(part)
        part.unlink()
        raise DownloadError(
            f"The file must have the {wanted.algorithm} {wanted.digits}. Received: {found} from {shown(origin)}."
        )
