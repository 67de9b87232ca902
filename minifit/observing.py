"""`Observer`: wraps the hooks of callbacks in order to record their calls.

A list of callbacks passes the methods that it is about to call to its observers. Each observer returns the methods to
call instead. Profiles and traces are observers; without one the methods are called unchanged.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

Calls = list[tuple[Any, Callable[..., None]]]
"""Methods in the order of their calls, each with its callback, or None for a method of an observer."""


class Observer:
    """The base of observers of lists of callbacks, which changes nothing."""

    def watches(self, hook: str) -> bool:
        """Return True if a hook must be called at every single batch, like `Callback.watches`."""
        return False

    def around(self, callbacks: Any, hook: str, calls: Calls) -> Calls:
        """Return the methods to call at a hook instead of `calls`.

        Parameters
        ----------
        callbacks : CallbackList
            The list that calls the hook, with its `model` and `params`.
        hook : str
            For example ``"on_epoch_end"``.
        calls : list of (callback, method)
            Empty for a hook that no callback implements.
        """
        return calls

    def ended(self, callbacks: Any, error: BaseException | None) -> None:
        """Record that a run of this list has ended, with the exception that ended it or None."""


EVERYWHERE: list[Observer] = []
"""Observers of all lists of callbacks in this process."""

_inside: ContextVar[tuple[Observer, ...]] = ContextVar("observers", default=())


def present() -> tuple[Observer, ...]:
    """Return the observers of this thread and of the process, outermost last."""
    return (*_inside.get(), *EVERYWHERE)


@contextmanager
def observed_by(observer: Observer) -> Iterator[None]:
    """Let an observer also see the lists of callbacks that this thread uses in the block: the runs inside a hook."""
    token = _inside.set((*_inside.get(), observer))
    try:
        yield
    finally:
        _inside.reset(token)
