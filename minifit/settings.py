"""`Setting`: a public attribute that takes effect whenever it is set, and follows the rule of the constructor.

No code keeps a copy of a setting: values that depend on settings are computed where they are used. A plan made in
advance, such as the kernel for chains, compares `count` to see whether any setting has changed since.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from minifit.errors import ArgumentError

count = 0
"""Number of changes of settings in this process."""


flags = 0
"""Number of those changes that set a `trainable` flag, which is often restored before anything reads it."""


def changed() -> None:
    """Record a change of a setting, so that plans are validated again."""
    global count
    count += 1


def flagged() -> None:
    """Record a change of a `trainable` flag, as `changed` does."""
    global count, flags
    count += 1
    flags += 1


class Setting:
    """A public attribute of a class that may be set at any time.

    Parameters
    ----------
    check : callable, optional
        ``check(name, value)`` returns the value to store, or raises an error. The constructor has no other check.
    then : str, optional
        Name of a method that is called after every change, for values that cannot be computed where they are used.

    Notes
    -----
    The value is stored in the object's ``__dict__`` under the attribute's name, so reading it calls no Python code.
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
        """Raise an error if this object can no longer accept the value."""

    def differs(self, owner: Any, value: Any) -> bool:
        """Return True if the current value of the object differs."""
        current = vars(owner)[self.name]
        return not (current is value or np.array_equal(current, value))


class Fixed(Setting):
    """A public attribute that is settled when the object is created; setting another value raises an error."""

    def refuse(self, owner: Any, value: Any) -> None:
        """Raise an error for a value that differs from the one the object was created with."""
        if self.name in vars(owner) and self.differs(owner, value):
            raise ArgumentError(
                f"{self.name} is settled when a {type(owner).__name__} is created. Received: {self.name}={value!r} "
                f"for one with {self.name}={vars(owner)[self.name]!r}. Create another one."
            )


class Option(Setting):
    """A public attribute that is passed to the object's function, as one of its ``_options``."""

    def __get__(self, owner: Any, kind: Any = None) -> Any:
        return self if owner is None else owner._options[self.name]

    def __set__(self, owner: Any, value: Any) -> None:
        owner._options[self.name] = value if self.check is None else self.check(self.name, value)
        changed()


def check_options(owner: Any) -> None:
    """Validate the options that an object was created with."""
    for name, value in owner._options.items():
        if isinstance(getattr(type(owner), name, None), Option):
            setattr(owner, name, value)


def unnamed(check: Callable[[Any], Any]) -> Callable[[str, Any], Any]:
    """Return a check that ignores the attribute's name."""
    return lambda name, value: check(value)


def as_given(check: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
    """Return a check that keeps a valid value unchanged."""
    return lambda name, value: (check(name, value), value)[1]


def flag(name: str, value: Any) -> bool:
    """Return the truth of a value."""
    return bool(value)
