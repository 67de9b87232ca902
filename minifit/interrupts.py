"""Sections of code that no interrupt may split.

Python calls the handler of a signal between any two instructions of the main thread, and the handler of Ctrl-C raises
`KeyboardInterrupt` there: between the update of the weights and the increment of the step count, or in the middle of an
import, which the same process cannot repeat. `held` marks such a section. A signal that arrives during the section is
recorded, and its handler is called when the section ends: slightly late, but never lost.

Only handlers that are Python functions can raise, and only in the main thread; all others are not changed.
"""

import _signal  # type: ignore[import-not-found]
import os
import signal
import sys
import threading
import weakref
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import wraps
from types import FrameType
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
Result = TypeVar("Result")

_NAMES = ("SIGINT", "SIGTERM", "SIGALRM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGBREAK")
SIGNALS = tuple(int(getattr(signal, name)) for name in _NAMES if hasattr(signal, name))
"""The signals that are deferred, if the system has them; that of Ctrl-C is the first."""

# The functions of `signal` take ten times as long, because they convert constants to enums.
_handler_of, _set_handler = _signal.getsignal, _signal.signal

Handler = Callable[[int, FrameType | None], Any]


class Deferred:
    """A handler of a signal that waits while interrupts are held.

    Parameters
    ----------
    handler : callable
        The original handler.
    """

    __slots__ = ("handler",)

    def __init__(self, handler: Handler) -> None:
        self.handler = handler

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Call the original handler, now or at the end of the section."""
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
        The number of sections that the main thread is in.
    prepared : bool
        Whether the handlers are `Deferred`.
    borrowed : bool
        Whether the handlers are `Deferred` only until the outermost section ends.
    waiting : dict of int to (handler, frame)
        The signals that arrived during the section.
    """

    __slots__ = ("borrowed", "depth", "prepared", "waiting")

    def __init__(self) -> None:
        self.depth, self.prepared, self.borrowed = 0, False, False
        self.waiting: dict[int, tuple[Handler, FrameType | None]] = {}

    def __enter__(self) -> None:
        if self.prepared:
            self.depth += 1
            return
        try:
            # set, not incremented: this discards what two simultaneous interrupts may have left behind
            self.depth = 1
            self.waiting.clear()
            self.borrowed = self.prepared = True
            self.defer()
        except BaseException:
            self.restore()
            self.depth = 0
            raise

    def __exit__(self, *_: object) -> None:
        try:
            if self.borrowed and self.depth == 1:
                self.restore()
        finally:
            self.depth -= 1
            if self.waiting and not self.depth:
                self.deliver()

    def deliver(self) -> None:
        """Call the handlers of the waiting signals, each until it returns or raises."""
        self.depth += 1
        try:
            while self.waiting:
                number, (handler, frame) = self.waiting.popitem()
                handler(number, frame)
        finally:
            self.depth -= 1
            if self.waiting and not self.depth:
                self.deliver()

    def defer(self) -> None:
        """Wrap every handler that could raise in a `Deferred`."""
        for number in SIGNALS:
            handler = _handler_of(number)
            if callable(handler) and type(handler) is not Deferred:
                _set_handler(number, Deferred(handler))

    def restore(self) -> None:
        """Restore the original handlers; a handler that was set in the meantime is kept."""
        self.borrowed = self.prepared = False
        # the handler of Ctrl-C is restored last: until then nothing can raise
        for number in reversed(SIGNALS):
            handler = _handler_of(number)
            if type(handler) is Deferred:
                _set_handler(number, handler.handler)


_HELD = _Held()
_ELSEWHERE = nullcontext()
_main = threading.main_thread().ident


def held() -> AbstractContextManager[None]:
    """Return a context manager: while its block runs in the main thread, signals wait.

    In other threads it does nothing, because no handler runs there. The thread that called `held` may enter the same
    object repeatedly. The block must be short, and must not wait for another thread or process.
    """
    return _HELD if threading.get_ident() == _main else _ELSEWHERE


def importing(*modules: str) -> AbstractContextManager[None]:
    """Return `held()` for a block that imports these modules; if they are loaded already, signals do not wait.

    Every import of another package inside a function needs it.

    Examples
    --------
    >>> with importing("json.tool"):
    ...     import json.tool
    """
    return _ELSEWHERE if all(name in sys.modules for name in modules) else held()


class _Deferrable:
    """A block of the main thread in which the handlers are `Deferred`; a nested block does nothing."""

    __slots__ = ("__weakref__", "_outermost")

    def __enter__(self) -> None:
        global _outermost
        self._outermost = False
        if threading.get_ident() != _main or (_outermost is not None and _outermost() is not None):
            return
        try:
            with _HELD:
                _HELD.defer()
                _HELD.borrowed = False
                # weak, so that a block whose end an interrupt kept from being recorded does not count as running
                _outermost, self._outermost = weakref.ref(self), True
        except BaseException:
            # a waiting interrupt was delivered: the block does not begin
            self.__exit__()
            raise

    def __exit__(self, *_: object) -> None:
        global _outermost
        if self._outermost:
            with _HELD:
                _outermost, self._outermost = None, False
                _HELD.borrowed = True


_outermost: "weakref.ref[_Deferrable] | None" = None


def deferrable() -> AbstractContextManager[None]:
    """Return a context manager: while its block runs, `held` only increments a counter.

    The handlers are replaced once, for the whole block.
    """
    return _Deferrable()


def deferring(function: Callable[P, Result]) -> Callable[P, Result]:
    """Wrap a function so that every call is a block of `deferrable`."""

    @wraps(function)
    def block(*args: P.args, **options: P.kwargs) -> Result:
        with _Deferrable():
            return function(*args, **options)

    return block


def renew() -> None:
    """Defer the handlers that the user's code has set since `deferrable` began, too."""
    if threading.get_ident() == _main and _HELD.prepared:
        with _HELD:
            _HELD.defer()


def _after_fork() -> None:
    """Reset the state in a child process: the thread that forked is its main thread, and no other thread exists."""
    global _main
    if threading.get_ident() != _main:
        _main = threading.get_ident()
        _HELD.depth = 0
        _HELD.waiting.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
