"""`EventWriter`: an event file that a separate thread writes.

Added values wait in memory; every few seconds the thread encodes them as records and passes these to the operating
system, so that the training loop never waits for the disk. If no thread can be started (at the end of the process, or
at the system's limit), each value is written at once. A file is a stream: after a crash only values that were still in
memory are lost, and at most the last record is unfinished, which TensorBoard skips.
"""

import atexit
import os
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from types import ModuleType
from typing import Any
from weakref import WeakSet

from minifit import console
from minifit.kernels import load, reference
from minifit.saving.paths import absolute
from minifit.tensorboard import events, records, scalars
from minifit.tensorboard.events import Event, Value
from minifit.tensorboard.scalars import Scalar

PathLike = str | os.PathLike[str]

MANY = 4096
"""The number of waiting values from which the thread that adds one encodes them itself."""

HEAVY = 8 << 20
"""The same limit in bytes of messages."""

_number = count()
_writers: "WeakSet[EventWriter]" = WeakSet()


class EventWriter:
    """A writer of events to a new file in a folder.

    The file and the folder are created when there is something to write.

    Parameters
    ----------
    folder : str or PathLike
        A relative path refers to the current working folder.
    kernels : module, optional
        The kernels that compute the checksums.
    flush_secs : float, default 2
        The longest time until an added value is passed to the operating system, in seconds.
    run : str, default ""
        A word in the file's name that identifies it.
    memory : int, default 64 MiB
        The number of bytes of records that may wait while the disk refuses them; further records are dropped.
    warn : callable, optional
        Called with a text about a problem, in the thread that adds a value.

    Attributes
    ----------
    path : str or None
        The file, once there is one.
    size : int
        The size of the file so far, in bytes.
    dropped : int
        The number of bytes that were lost because the disk refused them.
    """

    def __init__(
        self,
        folder: PathLike,
        kernels: ModuleType = reference,
        flush_secs: float = 2.0,
        run: str = "",
        memory: int = 64 << 20,
        warn: Callable[[str], None] = console.warn,
    ) -> None:
        self.folder = os.fspath(folder)
        self._place = absolute(folder)
        self.kernels = kernels
        self.flush_secs = flush_secs
        self.run = run
        self.memory = memory
        self.warn = warn
        self.path: str | None
        self.dropped = 0
        self._begin()
        _writers.add(self)

    def __getstate__(self) -> dict[str, Any]:
        """Pickle and copy the settings only: a copy begins a new file, without the waiting values."""
        settings = {name: getattr(self, name) for name in ("flush_secs", "run", "memory", "warn")}
        return {**settings, "folder": self._place, "compiled": self.kernels.COMPILED}

    def __setstate__(self, state: dict[str, Any]) -> None:
        kernels = load("numba" if state.pop("compiled") else "numpy")
        EventWriter.__init__(self, kernels=kernels, **state)

    def _begin(self) -> None:
        """Reset the writer: nothing waits, no file is open, no thread runs."""
        self.path, self.size = None, 0
        # scalars, and messages of other events
        self._waiting: deque[Scalar | bytes] = deque()
        # encoded records that are not written yet
        self._records: deque[bytes] = deque()
        # bytes of the waiting messages, and of the records
        self._heavy = 0
        self._held = 0
        self._encoding, self._writing = threading.Lock(), threading.Lock()
        self._wake = threading.Event()
        self._begun = self._closing = False
        # None if no thread can be started
        self._thread: threading.Thread | None = None
        self._file: int | None = None
        # the text of the next warning; only the first problem gives one
        self._problem: str | None = None
        self._warned = False

    # -- for the training loop: none of these waits for the disk ------------------------------------------

    def scalar(self, tag: str, value: float, step: int) -> None:
        """Add a number."""
        self._waiting.append(Scalar(time.time(), step, tag, value))
        if self._thread is None or len(self._waiting) > MANY or self._problem is not None:
            self._look_after()

    def add(self, step: int, *values: Value, graph: bytes = b"") -> None:
        """Add an event with these values, or a graph."""
        message = events.encode(Event(time.time(), step, values, graph=graph))
        self._heavy += len(message)
        self._waiting.append(message)
        self._look_after()

    def _look_after(self) -> None:
        """Start the thread if necessary, encode values if too many wait, and warn about a problem."""
        if not self._begun:
            self._start()
        if self._thread is None:
            self.flush()
        elif len(self._waiting) > MANY or self._heavy > HEAVY:
            self._make_records()
            self._wake.set()
        self._warn()

    def _start(self) -> None:
        self._begun = True
        self._closing = False
        self._wake.clear()
        atexit.register(self.close)
        thread = threading.Thread(target=self._run, name="minifit event writer", daemon=True)
        with suppress(RuntimeError):
            thread.start()
            self._thread = thread

    def _note(self, problem: str) -> None:
        if not self._warned:
            self._problem = self._problem or problem

    def _note_failure(self, reason: object) -> None:
        self._note(
            f"The event file in {self.folder!r} cannot be written: {reason}. Training continues; "
            f"up to {self.memory >> 20} MB of values are kept in memory until the file can be written."
        )

    def _warn(self) -> None:
        problem, self._problem = self._problem, None
        if problem is not None:
            self._warned = True
            self.warn(problem)

    # -- flushing ------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Pass all values to the operating system now."""
        self._make_records()
        self._write_records()
        self._warn()

    def sync(self) -> None:
        """Flush, and wait until everything is on the disk."""
        self.flush()
        with self._writing:
            try:
                if self._file is not None:
                    os.fsync(self._file)
            except OSError as error:
                self._note_failure(error.strerror)
        self._warn()

    def close(self) -> None:
        """Flush and close the file; later values go to a new one."""
        if not self._begun:
            return
        self._closing = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
        atexit.unregister(self.close)
        self.flush()
        if self._file is not None:
            if self._is_gone():
                self._note_change("Nothing more is written to it.")
                self._warn()
            os.close(self._file)
        self._begin()

    def _run(self) -> None:
        """Encode and write waiting values until the writer closes; the body of the thread."""
        while not self._closing:
            self._wake.wait(self.flush_secs)
            self._wake.clear()
            self._make_records()
            self._write_records()

    def _make_records(self) -> None:
        """Encode the waiting values as records, in order."""
        with self._encoding:
            values = [self._waiting.popleft() for _ in range(len(self._waiting))]
            self._heavy = 0
            if not values:
                return
            encoded = iter(scalars.encode([v for v in values if isinstance(v, Scalar)], self.kernels))
            blob = b"".join(
                next(encoded) if isinstance(v, Scalar) else records.framed(v, self.kernels) for v in values
            )
            if self._held and self._held + len(blob) > self.memory:
                self.dropped += len(blob)
                self._note_failure("The disk does not keep up")
                return
            self._records.append(blob)
            self._held += len(blob)

    def _write_records(self) -> None:
        """Write the records; refused ones are kept, and the file is truncated to end with a complete record."""
        with self._writing:
            try:
                while self._records:
                    self._write(self._records[0])
                    # another thread may increase `_held` at the same time
                    with self._encoding:
                        self._held -= len(self._records.popleft())
            except OSError as error:
                self._note_failure(error.strerror or error)
                if self._file is not None:
                    # if this fails too, so will the next attempt to write
                    with suppress(OSError):
                        os.ftruncate(self._file, self.size)

    def _write(self, blob: bytes) -> None:
        # writing to a removed file succeeds, but the data is lost
        if self._is_gone():
            self._abandon()
        if self._file is None:
            self._open()
        assert self._file is not None
        if not self.size:
            blob = _beginning(self.kernels) + blob
        rest = memoryview(blob)
        os.lseek(self._file, self.size, os.SEEK_SET)
        while rest:
            rest = rest[os.write(self._file, rest) :]
        self.size += len(blob)

    def _is_gone(self) -> bool:
        """Return True if the path no longer names the file, or the file is shorter than before."""
        if self._file is None or self.path is None:
            return False
        try:
            status = os.stat(self.path)
        except (FileNotFoundError, NotADirectoryError):
            return True
        return status.st_size < self.size or not os.path.samestat(status, os.fstat(self._file))

    def _note_change(self, consequence: str) -> None:
        self._note(
            f"The event file {self.path!r} was removed or changed by another program; its content may be lost. "
            f"{consequence} Remove logs only when no run writes to them."
        )

    def _abandon(self) -> None:
        """Continue in a new file."""
        self._note_change("Training continues, in a new file.")
        if self._file is not None:
            os.close(self._file)
        self._file, self.path, self.size = None, None, 0

    def _open(self) -> None:
        os.makedirs(self._place, exist_ok=True)
        # TensorBoard reads files in the order of their names
        number = f"{next(_number):06d}"
        parts = ["events.out.tfevents", int(time.time()), socket.gethostname(), os.getpid(), number]
        name = ".".join(str(part) for part in [*parts, *([self.run] if self.run else []), "v2"])
        path = os.path.join(self._place, name)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        self._file, self.path, self.size = os.open(path, flags, 0o666), path, 0


def _beginning(kernels: ModuleType) -> bytes:
    """Return the record with which every file begins."""
    return records.framed(events.encode(Event(time.time(), file_version=events.FILE_VERSION)), kernels)


def _after_fork() -> None:
    """Reset the writers in a forked process: the parent writes the waiting values, and new ones go to a new file."""
    for writer in _writers:
        writer._begin()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
