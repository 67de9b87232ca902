"""`Setting`: a public attribute that counts whenever it is set, by the rule that the constructor goes by.

Nothing is copied out of it: a value that follows from settings is computed where it is used. What is planned ahead, as
the kernel for chains is, looks at `count` to see whether any setting has changed since.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from minifit.errors import ArgumentError

count = 0
"""The number of changes of settings in this process."""


flags = 0
"""The changes that were of a `trainable` flag, which is often put back before anything goes by it."""


def changed() -> None:
    """Let all that was planned by the settings as they were be looked at again."""
    global count
    count += 1


def flagged() -> None:
    """Note a change of a `trainable` flag, as `changed` does."""
    global count, flags
    count += 1
    flags += 1


class Setting:
    """A public attribute of a class that may be set at any time.

    Parameters
    ----------
    check : callable, optional
        ``check(name, value)`` returns the value to keep, or raises; the constructor's check and the only one.
    then : str, optional
        The name of a method that is called after every change, for what cannot be computed where it is used.

    Notes
    -----
    The value lies in the object's ``__dict__`` under the attribute's own name, where it is read without a call of
    Python's.
    """

    def __init__(self, check: Callable[[str, Any], Any] | None = None, then: str | None = None) -> None:
        self.check, self.then = check, then
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    if TYPE_CHECKING:

        def __get__(self, owner: Any, kind: Any = None) -> Any: ...

    def __set__(self, owner: Any, value: Any) -> None:
        value = value if self.check is None else self.check(self.name, value)
        self.refuse(owner, value)
        vars(owner)[self.name] = value
        changed()
        if self.then is not None:
            getattr(owner, self.then)()

    def refuse(self, owner: Any, value: Any) -> None:
        """Raise when this object can no longer take the value."""

    def differs(self, owner: Any, value: Any) -> bool:
        """Return whether the object has another value now."""
        now = vars(owner)[self.name]
        return not (now is value or np.array_equal(now, value))


class Fixed(Setting):
    """A public attribute that is settled when the object is made; setting another value is an error."""

    def refuse(self, owner: Any, value: Any) -> None:
        """Raise for another value than the object was made with."""
        if self.name in vars(owner) and self.differs(owner, value):
            raise ArgumentError(
                f"{self.name} is settled when a {type(owner).__name__} is made. Received: {self.name}={value!r} "
                f"for one with {self.name}={vars(owner)[self.name]!r}. Make another one."
            )


class Option(Setting):
    """A public attribute that is handed to the object's function, among its ``_options``."""

    def __get__(self, owner: Any, kind: Any = None) -> Any:
        return self if owner is None else owner._options[self.name]

    def __set__(self, owner: Any, value: Any) -> None:
        owner._options[self.name] = value if self.check is None else self.check(self.name, value)
        changed()


def check_options(owner: Any) -> None:
    """Hold the options that an object was made with to their rules."""
    for name, value in owner._options.items():
        if isinstance(getattr(type(owner), name, None), Option):
            setattr(owner, name, value)


def unnamed(check: Callable[[Any], Any]) -> Callable[[str, Any], Any]:
    """Return the check that ignores the attribute's name."""
    return lambda name, value: check(value)


def as_given(check: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
    """Return the check that keeps a value as it was given, if it passes."""
    return lambda name, value: (check(name, value), value)[1]


def flag(name: str, value: Any) -> bool:
    """Return whether a value counts as true."""
    return bool(value)
