"""One file from the web, over connections that break, stall and lie.

Whatever has arrived stays in a partial file, and the next try asks only for the rest. This module knows nothing
of caches and checksums: `minifit/datasets/cache.py` does, and decides whether the result is the right file.
"""

import re
from pathlib import Path
from time import sleep
from typing import IO, Any
from urllib.parse import urlsplit

from minifit import console, interrupts
from minifit.errors import DownloadError, MissingPackageError, legible

TIMEOUT = (10.0, 30.0)
"""Seconds to wait for a connection, and for the next bytes."""

PAUSES = (1.0, 2.0, 4.0)
"""Seconds to wait before the second, third and fourth try, which is the last."""

CHUNK = 1 << 16

MAY_PASS = {408, 425, 429, 500, 502, 503, 504}
"""Answers of a server that may be another one when asked again."""


class _MayPass(Exception):
    """What went wrong this time, in words; the next try may succeed."""


def download(origin: str, part: Path, resume: bool) -> None:
    """Fetch a file, in several tries if need be.

    Parameters
    ----------
    origin : str
        Its address, http or https.
    part : Path
        Where it is written. After an error it holds what has arrived so far.
    resume : bool
        Whether what `part` holds already is the file's beginning. Otherwise it is written anew.

    Raises
    ------
    DownloadError
        When the server refuses, after the last try, or when the disk is full.
    MissingPackageError
        When the package requests cannot be imported.
    """
    try:
        with interrupts.importing("requests"):
            import requests
    except ImportError as error:
        raise MissingPackageError.of("A download", "requests", error) from error
    console.say(f"Downloading {shown(origin)}")
    try:
        with requests.Session() as session, part.open("ab") as file:
            if not resume:
                file.truncate(0)
            _try_repeatedly(_Transfer(session, origin, file, resume))
    except OSError as error:
        if isinstance(error, DownloadError):
            raise
        raise DownloadError(f"{part} could not be written: {error.strerror}.") from error


def _try_repeatedly(transfer: "_Transfer") -> None:
    for pause in PAUSES:
        try:
            return transfer.go_on()
        except _MayPass as problem:
            console.say(f"{last_part(transfer.origin)}: {problem}. Trying again in {pause:g} s.")
            sleep(pause)
    try:
        transfer.go_on()
    except _MayPass as problem:
        raise DownloadError(
            f"{transfer.failed()}: {problem} (the last of {len(PAUSES) + 1} tries)."
        ) from problem.__cause__


class _Transfer:
    """A download under way: what has arrived, and of which version of the file."""

    def __init__(self, session: Any, origin: str, file: IO[bytes], resume: bool) -> None:
        self.session, self.origin, self.file = session, origin, file
        self.resume = resume
        self.version = ""  # of the content that is being read, as the server names it: a strong ETag
        self.total: int | None = None
        self.answered = False  # in the present try

    def go_on(self) -> None:
        """Ask for what is missing and write it down.

        Raises
        ------
        _MayPass
            When it is worth another try.
        DownloadError
            When it is not.
        """
        with interrupts.importing("requests", "urllib3"):
            import requests
            import urllib3

        self.answered = False
        try:
            with self.session.get(
                self.origin, headers=self._headers(), stream=True, timeout=TIMEOUT
            ) as response:
                self._read(response)
        except requests.exceptions.SSLError as error:
            raise DownloadError(f"{self.failed()}: the connection is not secure ({error}).") from error
        except (requests.ConnectionError, requests.Timeout, urllib3.exceptions.HTTPError) as error:
            raise _MayPass(self._in_words(error)) from error
        except requests.RequestException as error:
            raise DownloadError(f"{self.failed()}: {str(error).rstrip('.')}.") from error

    def _headers(self) -> dict[str, str]:
        """What to ask for: the rest, if this and the beginning are sure to be of one version."""
        headers = {"Accept-Encoding": "identity"}  # the bytes as they are, so that they can be counted
        if not (self.resume or self.version):
            self._restart()
        if self.file.tell():
            headers["Range"] = f"bytes={self.file.tell()}-"
            if self.version:
                headers["If-Range"] = self.version
        return headers

    def _restart(self) -> None:
        self.file.truncate(0)
        self.file.seek(0)
        self.version = ""

    def _read(self, response: Any) -> None:
        self.answered = True
        self.total = self._accept(response)
        with console.bar(last_part(self.origin), self.total, self.file.tell()) as bar:
            # Not iter_content, which unpacks what the server calls gzip: here a file is often just that.
            for chunk in response.raw.stream(CHUNK, decode_content=False):
                self.file.write(chunk)
                bar.update(len(chunk))
        if self.total is not None and self.file.tell() != self.total:
            raise _MayPass(self._broke_off())

    def _accept(self, response: Any) -> int | None:
        """Get ready for the answer's bytes; the whole file's size, if the server says it."""
        status, version = response.status_code, response.headers.get("ETag", "")
        if status == 206:
            total = self._rest(response, version)
        elif status == 200:
            self._restart()  # also when the rest was asked for: the file is another one, or it cannot do that
            total = _number(response.headers.get("Content-Length"))
        elif status == 416:
            self._restart()
            raise _MayPass("the server's file is not longer than what had arrived")
        else:
            said = f"the server answered {status} {legible(response.reason, 100)}"
            if status in MAY_PASS:
                raise _MayPass(said)
            raise DownloadError(f"{self.failed()}: {said}.")
        if version.startswith('"'):  # W/"..." may stand for different bytes
            self.version = version
        return total

    def _rest(self, response: Any, version: str) -> int | None:
        """The whole file's size as a partial answer says it, if it is the part that was asked for."""
        said = response.headers.get("Content-Range", "")
        found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", said)
        if (
            not found
            or int(found[1]) != self.file.tell()
            or (self.version and version not in ("", self.version))
        ):
            self._restart()
            raise _MayPass(f"the server sent another part than was asked for ({legible(said, 100)})")
        return _number(found[2])

    def failed(self) -> str:
        """How a message begins."""
        return f"{shown(self.origin)} could not be downloaded"

    def _in_words(self, error: Exception) -> str:
        with interrupts.importing("requests", "urllib3"):
            import requests
            import urllib3

        if isinstance(error, requests.ConnectTimeout):
            return f"no connection within {TIMEOUT[0]:g} s"
        if isinstance(error, requests.Timeout | urllib3.exceptions.ReadTimeoutError):
            return f"nothing came for {TIMEOUT[1]:g} s"
        if self.answered:
            return self._broke_off()
        where = " to the proxy" if isinstance(error, requests.exceptions.ProxyError) else ""
        reason = getattr(error.args[0], "reason", error) if error.args else error
        reason = getattr(reason, "original_error", reason)
        return f"no connection{where} ({legible(str(reason).rpartition(': ')[2] or type(reason).__name__)})"

    def _broke_off(self) -> str:
        of = "" if self.total is None else f" of {self.total:,}"
        return f"the connection broke off after {self.file.tell():,}{of} bytes"


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None


def shown(origin: str) -> str:
    """The address as it may be printed: without a password and without a query, which may hold a key."""
    parts = urlsplit(origin)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def last_part(origin: str) -> str:
    """The last piece of the address, for a short message."""
    return urlsplit(origin).path.rpartition("/")[2] or shown(origin)
