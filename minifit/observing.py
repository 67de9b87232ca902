"""`Observer`: stands around the hooks of callbacks and sees all that happens there.

A list of callbacks hands the methods that it is going to call to its observers. Each returns methods to call in
their place. Profiles and timelines are observers; without one the methods are called as they are.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

Calls = list[tuple[Any, Callable[..., None]]]
"""Methods in the order in which they are called, each with its callback, or None for one of an observer's own."""


class Observer:
    """Sees the hooks of lists of callbacks; this one leaves them as they are."""

    def watches(self, hook: str) -> bool:
        """Return whether every single batch must be told of, as a callback's `watches` does."""
        return False

    def around(self, callbacks: Any, hook: str, calls: Calls) -> Calls:
        """Return what is called at a hook in place of `calls`.

        Parameters
        ----------
        callbacks : CallbackList
            The list whose hook it is, with its `model` and `params`.
        hook : str
            Such as ``"on_epoch_end"``.
        calls : list of (callback, method)
            Empty at a hook that no callback has.
        """
        return calls

    def ended(self, callbacks: Any, error: BaseException | None) -> None:
        """See that a run of this list is over, by an exception or without one."""


EVERYWHERE: list[Observer] = []
"""Observers of all lists of callbacks in this process."""

_inside: ContextVar[tuple[Observer, ...]] = ContextVar("observers", default=())


def present() -> tuple[Observer, ...]:
    """Return the observers of whatever runs here, outermost last."""
    return (*_inside.get(), *EVERYWHERE)


@contextmanager
def observed_by(observer: Observer) -> Iterator[None]:
    """Let an observer see the lists of callbacks that this thread uses in the block too: runs inside a hook."""
    token = _inside.set((*_inside.get(), observer))
    try:
        yield
    finally:
        _inside.reset(token)
