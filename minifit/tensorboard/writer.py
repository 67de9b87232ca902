"""`EventWriter`: an event file that is written by a thread of its own.

What is added waits in memory as it is; the thread makes records of it every few seconds and hands them to the system.
So the training loop never waits for the disk. Where no thread can be started (while the process ends, or at the
system's limit) each addition is handed over at once. A file is a stream: after a crash all is there but what was not
handed over yet, and at most its last record is unfinished, which TensorBoard leaves out.
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
"""Values that wait before whoever adds one makes records of them itself."""

HEAVY = 8 << 20
"""As `MANY`, in bytes of messages."""

_number = count()
_writers: "WeakSet[EventWriter]" = WeakSet()


class EventWriter:
    """Writes events to a new file in a folder.

    The file, and the folder, are made when there is something to write.

    Parameters
    ----------
    folder : str or PathLike
        A relative path is counted from the working folder of now.
    kernels : module, optional
        What computes the checksums.
    flush_secs : float, default 2
        Seconds after which at the latest what was added is handed to the system.
    run : str, default ""
        A word that becomes part of the file's name, to find it again.
    memory : int, default 64 MiB
        Bytes of records that may wait for a disk that does not take them; what comes then is dropped.
    warn : callable, optional
        Told of trouble, in the thread of whoever adds.

    Attributes
    ----------
    path : str or None
        The file, once there is one.
    size : int
        Its bytes so far.
    dropped : int
        Bytes that were lost, because the disk took nothing.
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
        """For pickle and copy: a copy begins a file of its own, without what waits for this one."""
        settings = {name: getattr(self, name) for name in ("flush_secs", "run", "memory", "warn")}
        return {**settings, "folder": self._place, "compiled": self.kernels.COMPILED}

    def __setstate__(self, state: dict[str, Any]) -> None:
        kernels = load("numba" if state.pop("compiled") else "numpy")
        EventWriter.__init__(self, kernels=kernels, **state)

    def _begin(self) -> None:
        """Nothing waits, no file is open, no thread runs."""
        self.path, self.size = None, 0
        self._waiting: deque[Scalar | bytes] = deque()  # a scalar, or the message of an event
        self._records: deque[bytes] = deque()  # made, and not handed over yet
        self._heavy = 0  # bytes of the messages that wait
        self._held = 0  # bytes of the records
        self._making, self._handing = threading.Lock(), threading.Lock()
        self._wake = threading.Event()
        self._begun = self._closing = False
        self._thread: threading.Thread | None = None  # None where none can be started
        self._file: int | None = None
        self._trouble: str | None = None  # what is to be said
        self._said = False  # only the first trouble is

    # -- for the training loop: none of these waits for the disk ------------------------------------------

    def scalar(self, tag: str, value: float, step: int) -> None:
        """Add a number."""
        self._waiting.append(Scalar(time.time(), step, tag, value))
        if self._thread is None or len(self._waiting) > MANY or self._trouble is not None:
            self._look_after()

    def add(self, step: int, *values: Value, graph: bytes = b"") -> None:
        """Add an event with these values, or a graph."""
        message = events.encode(Event(time.time(), step, values, graph=graph))
        self._heavy += len(message)
        self._waiting.append(message)
        self._look_after()

    def _look_after(self) -> None:
        """See that the thread runs, that not too much waits, and that the user knows of trouble."""
        if not self._begun:
            self._start()
        if self._thread is None:
            self.flush()
        elif len(self._waiting) > MANY or self._heavy > HEAVY:
            self._make_records()
            self._wake.set()
        self._say_trouble()

    def _start(self) -> None:
        self._begun = True
        self._closing = False
        self._wake.clear()
        atexit.register(self.close)
        thread = threading.Thread(target=self._run, name="minifit event writer", daemon=True)
        with suppress(RuntimeError):
            thread.start()
            self._thread = thread

    def _note(self, trouble: str) -> None:
        if not self._said:
            self._trouble = self._trouble or trouble

    def _note_failure(self, reason: object) -> None:
        self._note(
            f"The event file in {self.folder!r} cannot be written: {reason}. Training goes on; "
            f"what was to be written is kept in memory, up to {self.memory >> 20} MB, until it can be."
        )

    def _say_trouble(self) -> None:
        trouble, self._trouble = self._trouble, None
        if trouble is not None:
            self._said = True
            self.warn(trouble)

    # -- flushing ------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Hand everything to the system, now."""
        self._make_records()
        self._hand_over()
        self._say_trouble()

    def sync(self) -> None:
        """Flush, and wait until it is on the disk."""
        self.flush()
        with self._handing:
            try:
                if self._file is not None:
                    os.fsync(self._file)
            except OSError as error:
                self._note_failure(error.strerror)
        self._say_trouble()

    def close(self) -> None:
        """Flush and close the file; what is added later goes to a new one."""
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
                self._note_leaving("Nothing more is written to it.")
                self._say_trouble()
            os.close(self._file)
        self._begin()

    def _run(self) -> None:
        """What the thread does."""
        while not self._closing:
            self._wake.wait(self.flush_secs)
            self._wake.clear()
            self._make_records()
            self._hand_over()

    def _make_records(self) -> None:
        """Turn what waits into records, in its order."""
        with self._making:
            taken = [self._waiting.popleft() for _ in range(len(self._waiting))]
            self._heavy = 0
            if not taken:
                return
            made = iter(scalars.encode([t for t in taken if isinstance(t, Scalar)], self.kernels))
            blob = b"".join(
                next(made) if isinstance(t, Scalar) else records.framed(t, self.kernels) for t in taken
            )
            if self._held and self._held + len(blob) > self.memory:
                self.dropped += len(blob)
                self._note_failure("The disk does not keep up")
                return
            self._records.append(blob)
            self._held += len(blob)

    def _hand_over(self) -> None:
        """Give the records to the system; what it does not take stays, and the file ends with a whole record."""
        with self._handing:
            try:
                while self._records:
                    self._write(self._records[0])
                    with self._making:  # where `_held` grows, in another thread
                        self._held -= len(self._records.popleft())
            except OSError as error:
                self._note_failure(error.strerror or error)
                if self._file is not None:
                    with suppress(OSError):  # then the next attempt fails in the same way
                        os.ftruncate(self._file, self.size)

    def _write(self, blob: bytes) -> None:
        if self._is_gone():
            self._leave()  # a file that was removed takes everything and keeps nothing
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
        """Return whether the path no longer leads to the file, or not to all of it."""
        if self._file is None or self.path is None:
            return False
        try:
            there = os.stat(self.path)
        except (FileNotFoundError, NotADirectoryError):
            return True
        return there.st_size < self.size or not os.path.samestat(there, os.fstat(self._file))

    def _note_leaving(self, then: str) -> None:
        self._note(
            f"The event file {self.path!r} was removed or changed by another program; what was in it may be lost. "
            f"{then} Remove logs when no run writes to them."
        )

    def _leave(self) -> None:
        """Go on in a new file."""
        self._note_leaving("Training goes on, in a new file.")
        if self._file is not None:
            os.close(self._file)
        self._file, self.path, self.size = None, None, 0

    def _open(self) -> None:
        os.makedirs(self._place, exist_ok=True)
        number = f"{next(_number):06d}"  # TensorBoard reads files in the order of their names
        parts = ["events.out.tfevents", int(time.time()), socket.gethostname(), os.getpid(), number]
        name = ".".join(str(part) for part in [*parts, *([self.run] if self.run else []), "v2"])
        path = os.path.join(self._place, name)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        self._file, self.path, self.size = os.open(path, flags, 0o666), path, 0


def _beginning(kernels: ModuleType) -> bytes:
    """The record with which every file begins."""
    return records.framed(events.encode(Event(time.time(), file_version=events.FILE_VERSION)), kernels)


def _after_fork() -> None:
    """In a forked process: what waits is written by the other one; what is added here goes to a file of its own."""
    for writer in _writers:
        writer._begin()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
