"""Sections of code that no interrupt may cut in two.

Python calls the handler of a signal between any two instructions of the main thread, and Ctrl-C's raises
`KeyboardInterrupt` there: between the update of the weights and the count of it, or in the middle of an import, which
the same process cannot repeat. `held` marks such a section. A signal that comes while it lasts is remembered, and its
handler is called when the section ends, so that it is late by a moment and never lost.

Only handlers that are Python functions can raise, and only in the main thread; all others stay as they are.
"""

import os
import signal
import threading
from _signal import getsignal  # type: ignore[import-not-found]
from _signal import signal as set_handler  # those of `signal` take ten times as long to make enums of what is no number
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from types import FrameType
from typing import Any

_NAMES = ("SIGINT", "SIGTERM", "SIGALRM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGBREAK")
SIGNALS = tuple(int(getattr(signal, name)) for name in _NAMES if hasattr(signal, name))
"""The signals that wait, as far as the system has them; Ctrl-C's is the first."""

Handler = Callable[[int, FrameType | None], Any]


class Deferred:
    """The handler of a signal, which waits while interrupts are held.

    Parameters
    ----------
    handler : callable
        The one that stood here before.
    """

    __slots__ = ("handler",)

    def __init__(self, handler: Handler) -> None:
        self.handler = handler

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if not _HELD.depth and not _HELD.waiting:
            self.handler(number, frame)
            return
        _HELD.waiting[number] = self.handler, frame
        if not _HELD.depth:
            _HELD.deliver()


class _Held:
    """The sections of the main thread, which nest.

    Attributes
    ----------
    depth : int
        How many sections the main thread is in.
    prepared : int
        How many blocks need the handlers to be `Deferred`.
    waiting : dict of int to (handler, frame)
        The signals that came meanwhile.
    """

    __slots__ = ("borrowed", "depth", "prepared", "waiting")

    def __init__(self) -> None:
        self.depth = self.prepared = 0
        self.borrowed = False  # whether the outermost section prepared the handlers for itself alone
        self.waiting: dict[int, tuple[Handler, FrameType | None]] = {}

    def __enter__(self) -> None:
        self.depth += 1
        if not self.prepared:
            try:
                self.prepare()
            except BaseException:
                self.depth -= 1
                raise
            self.borrowed = True

    def __exit__(self, *_: object) -> None:
        try:
            if self.borrowed and self.depth == 1:
                self.borrowed = False
                self.restore()
        finally:
            self.depth -= 1
            if self.waiting and not self.depth:
                self.deliver()

    def deliver(self) -> None:
        """Call the handlers of the signals that waited, each to its end or its exception."""
        self.depth += 1
        try:
            while self.waiting:
                number, (handler, frame) = self.waiting.popitem()
                handler(number, frame)
        finally:
            self.depth -= 1
            if self.waiting and not self.depth:
                self.deliver()

    def prepare(self) -> None:
        """Put a `Deferred` before every handler that could raise; to be called inside a section."""
        self.prepared += 1
        try:
            self.renew()
        except BaseException:
            self.restore()
            raise

    def renew(self) -> None:
        """Do so for the handlers that the user's code has set since."""
        for number in SIGNALS:
            handler = getsignal(number)
            if callable(handler) and type(handler) is not Deferred:
                set_handler(number, Deferred(handler))

    def restore(self) -> None:
        """Take them away again, when no block needs them any more; a handler that was set meanwhile stays."""
        self.prepared -= 1
        if not self.prepared:
            for number in reversed(SIGNALS):
                handler = getsignal(number)
                if type(handler) is Deferred:
                    set_handler(number, handler.handler)


_HELD = _Held()
_ELSEWHERE = nullcontext()
_main = threading.main_thread().ident


def held() -> AbstractContextManager[None]:
    """Return a context manager: while its block runs in the main thread, signals wait.

    In other threads it does nothing, as no handler runs there. The same object may be entered again and again by the
    thread that asked for it. What it guards must be short, and must not wait for anybody.

    Examples
    --------
    >>> with held():
    ...     import json
    """
    return _HELD if threading.get_ident() == _main else _ELSEWHERE


class _Deferrable:
    """A block of the main thread in which the handlers are `Deferred`."""

    __slots__ = ("_in_main", "_prepared")

    def __enter__(self) -> None:
        self._prepared, self._in_main = False, threading.get_ident() == _main
        if not self._in_main:
            return
        try:
            with _HELD:
                _HELD.prepare()
                self._prepared = True
        except BaseException:  # an interrupt that waited for us: the block does not begin
            self.__exit__()
            raise

    def __exit__(self, *_: object) -> None:
        if self._prepared:
            with _HELD:
                self._prepared = False
                _HELD.restore()


def deferrable() -> AbstractContextManager[None]:
    """Return a context manager: while its block runs, `held` costs no more than a counter.

    The handlers are exchanged once, for the whole block.
    """
    return _Deferrable()


def renew() -> None:
    """Let also those handlers wait that the user's code has set since `deferrable` began."""
    if threading.get_ident() == _main and _HELD.prepared:
        with _HELD:
            _HELD.renew()


def _after_fork() -> None:
    """In a child process the thread that forked is the main one; a section that another thread was in is not here."""
    global _main
    if threading.get_ident() != _main:
        _main = threading.get_ident()
        _HELD.depth, _HELD.borrowed = 0, False
        _HELD.waiting.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
