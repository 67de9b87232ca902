"""Tables from names to classes and functions.

Every family (losses, optimizers, initializers, ...) ends in one `Table`. It is the only list of what there
is: strings given by users, configurations read from files and the pages of the documentation all go by it.
Nothing is ever imported by a name found in a file: a name is in a table, or in the `custom_objects` that the
caller gives, or it is an error.
"""

import copy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from inspect import signature
from typing import Any

import numpy as np

from minifit.errors import ArgumentError, ArgumentTypeError, UnknownNameError, legible, quoted
from minifit.signatures import check_call, name_of

_custom: ContextVar[Mapping[str, Any] | None] = ContextVar("custom objects", default=None)


@contextmanager
def custom_object_scope(objects: Mapping[str, Any] | None) -> Iterator[None]:
    """While the block runs, every table knows these names too: classes and functions of your own.

    References
    ----------
    ``tf.keras.utils.custom_object_scope`` (TensorFlow 2.7).
    """
    token = _custom.set({**custom_objects(), **(objects or {})})
    try:
        yield
    finally:
        _custom.reset(token)


def custom_objects() -> Mapping[str, Any]:
    """Those of the `custom_object_scope` that the caller is in."""
    return _custom.get() or {}


class Table(Mapping[str, Any]):
    """The members of one family by name, aliases included.

    Parameters
    ----------
    kind : str
        What the family is called in messages: ``"loss"``.
    members : dict
        From name to class or function. The first name of a member is its own, later ones are aliases.
    called_with : tuple of str, optional
        The arguments that a user's own function must take to be a member.
    """

    def __init__(self, kind: str, members: Mapping[str, Any], called_with: Sequence[str] = ()) -> None:
        self.kind = kind
        self._members = dict(members)
        self._called_with = called_with

    def __getitem__(self, name: str) -> Any:
        return self._members[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def find(self, name: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
        """The member called `name`; `custom_objects` are asked first, then those of `custom_object_scope`.

        Raises
        ------
        UnknownNameError
            With the nearest known name.
        """
        known = {**self._members, **(_custom.get() or {}), **(custom_objects or {})}
        if name not in known:
            raise UnknownNameError.of(self.kind, name, known)
        return known[name]

    def make(self, identifier: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
        """A member from whatever a user may write for it.

        Parameters
        ----------
        identifier : str, dict, class or ready-made member
            A string is a name; a dict is a configuration ``{"class_name": ..., "config": {...}}``; a class
            is called without arguments; anything else callable is taken as it is.
        custom_objects : dict, optional
            More names.

        Raises
        ------
        UnknownNameError
            When the table has no such name.
        ArgumentError
            When a configuration lacks what the member needs.
        ArgumentTypeError
            When the identifier is none of these, or a function that takes other arguments.
        """
        if isinstance(identifier, str):
            return _member(self.find(identifier, custom_objects), {})
        if isinstance(identifier, Mapping) and "class_name" in identifier:
            found = self.find(identifier["class_name"], custom_objects)
            return _member(found, dict(identifier.get("config") or {}))
        if isinstance(identifier, type):
            return _member(identifier, {})
        if callable(identifier):
            if self._called_with:
                check_call(f"The {self.kind} {name_of(identifier)!r}", identifier, *self._called_with)
            return identifier
        raise ArgumentTypeError(
            f"The {self.kind} is given by its name, as an object or as a function. "
            f"Received: {identifier!r}. Pass for example {next(iter(self._members))!r}."
        )


class Configurable:
    """A member whose configuration can be written down and read back.

    `get_config` returns the arguments of ``__init__`` as plain values; `from_config` makes an equal member. A copy,
    by ``copy.copy`` too, shares nothing with the original that either of them may change.
    """

    def __copy__(self) -> Any:
        return copy.deepcopy(self)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal object."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """An object made from what `get_config` returned."""
        return made_from(cls, config)


def _member(found: Any, config: dict[str, Any]) -> Any:
    """An object of a class from its configuration; a function is taken as it is."""
    if not isinstance(found, type):
        return found
    return found.from_config(config) if hasattr(found, "from_config") else made_from(found, config)


def made_from(kind: type, config: dict[str, Any]) -> Any:
    """An object of a class from its arguments by name.

    Raises
    ------
    ArgumentError
        When the class takes others.
    """
    try:
        signature(kind).bind(**config)
    except TypeError as error:
        raise ArgumentError(
            f"The configuration of {kind.__name__} gives the arguments that it needs. "
            f"Received: {quoted(config)} ({legible(error)}). "
            "Pass what get_config() returned, or make the object yourself."
        ) from None
    return kind(**config)


def serialize(member: Any) -> Any:
    """A member as plain data: a function by its name, an object as its class name and configuration."""
    if member is None or isinstance(member, str):
        return member
    if isinstance(member, Configurable):
        return {"class_name": type(member).__name__, "config": member.get_config()}
    return getattr(member, "__name__", type(member).__name__)


def plain(value: Any) -> Any:
    """Configurations as lists, dicts, numbers and strings alone; a function is its name, all else its class."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    return plain(serialize(value))


def first_difference(then: Any, now: Any, place: str = "") -> tuple[str, Any, Any]:
    """Where two plain values begin to differ, in words, and what stands there in each."""
    if isinstance(then, dict) and isinstance(now, dict):
        for key in {**then, **now}:
            if then.get(key) != now.get(key):
                return first_difference(then.get(key), now.get(key), f"{place}: {key}")
    if isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        for i, (a, b) in enumerate(zip(then, now, strict=True)):
            if a != b:
                return first_difference(a, b, f"{place}, number {i + 1}")
    return place, then, now
