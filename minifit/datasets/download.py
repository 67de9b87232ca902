"""The download of one file from the web, over unreliable connections.

Received bytes are kept in a partial file, and the next attempt requests only the rest. This module does not handle
caches and checksums: `minifit/datasets/cache.py` does, and verifies the result.
"""

import re
from pathlib import Path
from time import sleep
from typing import IO, Any
from urllib.parse import urlsplit

from minifit import console, interrupts
from minifit.errors import DownloadError, MissingPackageError, legible

TIMEOUT = (10.0, 30.0)
"""The time limits of a connection and of the next bytes, in seconds."""

PAUSES = (1.0, 2.0, 4.0)
"""The pauses before the second, third and fourth attempt, which is the last, in seconds."""

CHUNK = 1 << 16

TEMPORARY = {408, 425, 429, 500, 502, 503, 504}
"""Status codes of errors that may be temporary."""


class _TemporaryError(Exception):
    """A failure after which another attempt may succeed; its text names the problem."""


def download(origin: str, part: Path, resume: bool) -> None:
    """Download a file, with several attempts if necessary.

    Parameters
    ----------
    origin : str
        Its address, http or https.
    part : Path
        The file to write. After an error it holds the bytes received so far.
    resume : bool
        Whether the content of `part` is the beginning of the file. Otherwise it is overwritten.

    Raises
    ------
    DownloadError
        If the server refuses, after the last attempt, or if the disk is full.
    MissingPackageError
        If the package requests cannot be imported.
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
            return transfer.attempt()
        except _TemporaryError as problem:
            console.say(f"{last_part(transfer.origin)}: {problem}. Trying again in {pause:g} s.")
            sleep(pause)
    try:
        transfer.attempt()
    except _TemporaryError as problem:
        raise DownloadError(
            f"{transfer.failed()}: {problem} (the last of {len(PAUSES) + 1} attempts)."
        ) from problem.__cause__


class _Transfer:
    """A download in progress: the bytes received so far, and the version of the file."""

    def __init__(self, session: Any, origin: str, file: IO[bytes], resume: bool) -> None:
        self.session, self.origin, self.file = session, origin, file
        self.resume = resume
        # the strong ETag of the content that is being read
        self.version = ""
        self.total: int | None = None
        # whether the server has answered in the current attempt
        self.answered = False

    def attempt(self) -> None:
        """Request the missing bytes and write them.

        Raises
        ------
        _TemporaryError
            If another attempt may succeed.
        DownloadError
            If no attempt can succeed.
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
            raise _TemporaryError(self._described(error)) from error
        except requests.RequestException as error:
            raise DownloadError(f"{self.failed()}: {str(error).rstrip('.')}.") from error

    def _headers(self) -> dict[str, str]:
        """Return the headers of a request: for the rest, if it is certain to belong to the same version."""
        # without compression, so that the bytes can be counted
        headers = {"Accept-Encoding": "identity"}
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
            # iter_content would unpack gzip, and the file itself is often a gzip file.
            for chunk in response.raw.stream(CHUNK, decode_content=False):
                self.file.write(chunk)
                bar.update(len(chunk))
        if self.total is not None and self.file.tell() != self.total:
            raise _TemporaryError(self._interrupted())

    def _accept(self, response: Any) -> int | None:
        """Prepare for the bytes of the answer; return the size of the whole file, or None if it is unknown."""
        status, version = response.status_code, response.headers.get("ETag", "")
        if status == 206:
            total = self._rest(response, version)
        elif status == 200:
            # even if only the rest was requested: the file has changed, or the server sends only whole files
            self._restart()
            total = _number(response.headers.get("Content-Length"))
        elif status == 416:
            self._restart()
            raise _TemporaryError("the server's file is not longer than the partial file")
        else:
            problem = f"the server answered {status} {legible(response.reason, 100)}"
            if status in TEMPORARY:
                raise _TemporaryError(problem)
            raise DownloadError(f"{self.failed()}: {problem}.")
        # a weak ETag, W/"...", may be that of different bytes
        if version.startswith('"'):
            self.version = version
        return total

    def _rest(self, response: Any, version: str) -> int | None:
        """Return the size of the whole file from a partial answer, after checking that it is the requested part."""
        received = response.headers.get("Content-Range", "")
        match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", received)
        if (
            not match
            or int(match[1]) != self.file.tell()
            or (self.version and version not in ("", self.version))
        ):
            self._restart()
            raise _TemporaryError(f"the server sent a part that was not requested ({legible(received, 100)})")
        return _number(match[2])

    def failed(self) -> str:
        """Return the beginning of an error text."""
        return f"{shown(self.origin)} could not be downloaded"

    def _described(self, error: Exception) -> str:
        with interrupts.importing("requests", "urllib3"):
            import requests
            import urllib3

        if isinstance(error, requests.ConnectTimeout):
            return f"no connection within {TIMEOUT[0]:g} s"
        if isinstance(error, requests.Timeout | urllib3.exceptions.ReadTimeoutError):
            return f"no data arrived for {TIMEOUT[1]:g} s"
        if self.answered:
            return self._interrupted()
        where = " to the proxy" if isinstance(error, requests.exceptions.ProxyError) else ""
        reason = getattr(error.args[0], "reason", error) if error.args else error
        reason = getattr(reason, "original_error", reason)
        return f"no connection{where} ({legible(str(reason).rpartition(': ')[2] or type(reason).__name__)})"

    def _interrupted(self) -> str:
        total = "" if self.total is None else f" of {self.total:,}"
        return f"the connection was lost after {self.file.tell():,}{total} bytes"


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None


def shown(origin: str) -> str:
    """Return the address for messages, without a password and without a query, which may contain a key."""
    parts = urlsplit(origin)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def last_part(origin: str) -> str:
    """Return the last part of the address, for short messages."""
    return urlsplit(origin).path.rpartition("/")[2] or shown(origin)
