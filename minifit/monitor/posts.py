"""The posts of `RemoteMonitor`: in memory, and in a file with a line for each epoch.

The file is a stream: a line goes to the system as one piece. A crash leaves a part of the last one at most, which the
next start removes.
"""

import json
import math
import os
import secrets
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from minifit.errors import ArgumentError, FileFormatError, quoted
from minifit.saving.locks import FileLock, LockedError
from minifit.saving.stream import Stream

LIMIT = 1 << 20
"""Bytes of a post, and about as many of an answer with posts."""

MEMORY = 256 << 20
"""Characters of all posts together."""

BEGINNING = b'{"run": '
"""The first bytes of every line of the file."""


class Posts:
    """All posts, in memory and in a file.

    Each is a text in JSON: ``{"run": 1, "name": "", "time": "2026-11-30T20:00:00+00:00", "logs": {"epoch": 0, ...}}``.
    An epoch that does not come after the last one of its name begins a new run. So does the first one without a name
    after a start: nothing tells whether it goes on with a run in the file.

    Parameters
    ----------
    file : str, optional
        Is made where there is none; a last line that a crash has cut short is removed.

    Raises
    ------
    ArgumentError
        When the file is none, or another monitor writes to it.
    FileFormatError
        When the file has a line that is no post.
    OSError
        When the file cannot be read or written.
    """

    def __init__(self, file: str | None = None) -> None:
        self.server = secrets.token_hex(8)
        """A name of these posts: a page that knows it knows that the server is still the same."""
        self.texts: list[str] = []
        self.runs = 0
        self._size = 0
        self._last: dict[str, tuple[int, int]] = {}  # of each name: the run and its epoch
        self._turn = threading.Lock()
        self._lock: FileLock | None = None
        self._stream = None if file is None else self._opened(file)

    def _opened(self, file: str) -> Stream:
        stream = Stream(file, "the file of posts")
        if not stream.is_file:
            stream.close()
            raise ArgumentError(
                f"Posts are kept in a file. Received: {quoted(file)}, a device or a pipe. Pass another --file."
            )
        folder, name = os.path.split(stream.place)
        self._lock = FileLock(os.path.join(folder, f".{name}.lock"))
        try:
            self._lock.acquire()
            self._read(stream)
        except BaseException as error:
            self._lock.release()
            stream.close()
            if isinstance(error, LockedError):
                raise ArgumentError(
                    "A file of posts belongs to one monitor at a time. Received: "
                    f"{quoted(file)}, which {error} has. End that one, or pass another --file."
                ) from None
            raise
        return stream

    def _read(self, stream: Stream) -> None:
        """Take what is in the file. A crash leaves part of a last line, after a power failure with zeros behind it."""
        if stream.size > MEMORY:
            raise self._full()
        content = Path(stream.place).read_bytes()
        *lines, tail = content.split(b"\n")
        for number, line in enumerate(lines, 1):
            if not self._restore(line):
                raise self._foreign(stream, f"line {number}: {quoted(line[:100])}")
        if tail and self._restore(tail):
            stream.write("\n")
        elif tail.startswith(BEGINNING) or BEGINNING.startswith(tail.rstrip(b"\0")):
            stream.cut(len(content) - len(tail))
        else:
            raise self._foreign(stream, f"the last line: {quoted(tail[:100])}")
        self._last.pop("", None)

    @staticmethod
    def _full() -> ArgumentError:
        return ArgumentError(
            f"The monitor keeps {MEMORY >> 20} MiB of posts. Received: more. Start it with another --file."
        )

    @staticmethod
    def _foreign(stream: Stream, line: str) -> FileFormatError:
        return FileFormatError(
            f"Every line of a file of posts is one that the monitor wrote. Received: {quoted(stream.path)} with "
            f"{line}. Pass another --file."
        )

    def _restore(self, line: bytes) -> bool:
        try:
            text = line.decode()
            post = json.loads(text, parse_constant=_refuse)
            run, name, epoch, when = post["run"], post["name"], post["logs"]["epoch"], post["time"]
        except (ValueError, LookupError, TypeError, RecursionError):
            return False
        if not (
            type(run) is type(epoch) is int and run > 0 and isinstance(name, str) and isinstance(when, str)
        ):
            return False
        self._keep(run, name, epoch, text)
        return True

    def _keep(self, run: int, name: str, epoch: int, text: str) -> None:
        if self._size + len(text) > MEMORY:
            raise self._full()
        self.texts.append(text)
        self._size += len(text)
        self._last[name] = run, epoch
        self.runs = max(self.runs, run)

    def add(self, logs: dict[str, Any], name: str = "") -> None:
        """Keep the logs of an epoch, of the run that they belong to.

        Raises
        ------
        ArgumentError
            When the memory is full; the post is not kept.
        OSError
            When the file takes no more; the post is kept in memory alone.
        """
        with self._turn:
            run, last = self._last.get(name, (0, -1))
            if not run or logs["epoch"] <= last:
                run = self.runs + 1
            now = datetime.now(UTC).isoformat(timespec="seconds")
            text = json.dumps({"run": run, "name": name, "time": now, "logs": logs})
            self._keep(run, name, logs["epoch"], text)
            if self._stream is not None:
                if self._stream.change() in ("removed", "replaced"):
                    self._stream.follow()
                self._stream.write(f"{text}\n")

    def after(self, count: int) -> str:
        """Return the posts behind the first `count` in JSON, as many as make an answer of some size."""
        with self._turn:
            total, size, end = len(self.texts), 0, count
            while end < total and size < LIMIT:
                size += len(self.texts[end])
                end += 1
            posts = ", ".join(self.texts[count:end])
        return f'{{"server": "{self.server}", "total": {total}, "posts": [{posts}]}}'

    def close(self) -> None:
        """Close the file, once a line that is being written is in it."""
        with self._turn:
            if self._stream is not None:
                self._stream.close()
            if self._lock is not None:
                self._lock.release()


def logs_of(kind: str, body: bytes) -> dict[str, Any]:
    """Return the logs in the body of a post; numbers that are NaN or infinite are None.

    Parameters
    ----------
    kind : str
        ``application/json``, or that of a form with the one field ``data``.
    body : bytes

    Raises
    ------
    ArgumentError
        When it is no JSON object with an epoch.
    """
    try:
        text = body.decode()
        if kind != "application/json":
            fields = parse_qs(text, strict_parsing=True, errors="strict", max_num_fields=1)
            if list(fields) != ["data"]:
                raise ValueError(f"the fields {quoted(list(fields))}")
            (text,) = fields["data"]
        logs = json.loads(text, parse_constant=lambda _: None, parse_float=_finite)
        json.dumps(logs)
    except (ValueError, RecursionError) as error:
        raise ArgumentError(
            f"A post must be JSON in UTF-8, or a form whose one field, data, has it. Received: {error}. "
            "Post what RemoteMonitor posts."
        ) from error
    epoch = logs.get("epoch") if isinstance(logs, dict) else None
    if not isinstance(logs, dict) or type(epoch) is not int or not 0 <= epoch < 1 << 53:
        raise ArgumentError(
            "A post must be a JSON object with an epoch, a whole number from 0 on. Received: "
            f'{quoted(logs)}. Post for example {{"epoch": 0, "loss": 0.5}}.'
        )
    return logs


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None
