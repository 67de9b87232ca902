"""Tables from names to classes and functions.

Every family (losses, optimizers, initializers, ...) ends in one `Table`. It is the only list of what there
is: strings given by users, configurations read from files and the pages of the documentation all go by it.
Nothing is ever imported by a name found in a file: a name is in a table, or in the `custom_objects` that the
caller gives or has registered, or it is an error.
"""

import copy
from collections.abc import Iterator, Mapping, Sequence
from inspect import isfunction, signature
from typing import Any

import numpy as np

from minifit.errors import ArgumentError, ArgumentTypeError, UnknownNameError, legible, quoted
from minifit.registration import custom_objects as names_of_users
from minifit.registration import get_registered_name, get_registered_object
from minifit.signatures import check_call, name_of

_own: set[Any] = set()
"""The members of all tables: they keep their names in files, whatever else they are registered as."""


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
        _own.update(self._members.values())
        self._called_with = called_with

    def __getitem__(self, name: str) -> Any:
        return self._members[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def find(self, name: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
        """Return the member called `name`, or registered as ``package>name`` where `name` is among the custom objects.

        The nearest names count: `custom_objects`, those of `custom_object_scope`, those of `get_custom_objects`.

        Raises
        ------
        UnknownNameError
            With the nearest known name.
        """
        own = {**names_of_users(), **(custom_objects or {})}
        for place in (own, self._members):
            if name in place:
                return place[name]
        bare = name.rpartition(">")[2]
        if bare != name and bare in own:
            return own[bare]
        raise UnknownNameError.of(self.kind, name, {**self._members, **own})

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
            return _member(self.find(identifier, custom_objects), {}, custom_objects)
        if isinstance(identifier, Mapping) and "class_name" in identifier:
            found = self.find(identifier["class_name"], custom_objects)
            return _member(found, dict(identifier.get("config") or {}), custom_objects)
        if isinstance(identifier, type):
            return _member(identifier, {}, custom_objects)
        if callable(identifier):
            if self._called_with:
                check_call(f"The {self.kind} {name_of(identifier)!r}", identifier, *self._called_with)
            return identifier
        raise ArgumentTypeError(
            f"The {self.kind} is given by its name, as an object or as a function. "
            f"Received: {quoted(identifier)}. Pass for example {next(iter(self._members), 'its name')!r}."
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


def _member(found: Any, config: dict[str, Any], own: Mapping[str, Any] | None) -> Any:
    """Return an object of a class from its configuration; a function is taken as it is.

    A function among the arguments is written by its name; those of the user's own stand in its place again.
    """
    if not isinstance(found, type):
        return found
    for argument, value in config.items():
        if isinstance(value, str) and argument != "name":
            named = get_registered_object(value, own)
            config[argument] = named if isfunction(named) else value
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
        return described(member)
    return get_registered_name(member if hasattr(member, "__name__") else type(member))


def described(member: Any) -> dict[str, Any]:
    """An object by the name of its class and its configuration, as files have it."""
    kind = type(member)
    name = kind.__name__ if kind in _own else get_registered_name(kind)
    return {"class_name": name, "config": member.get_config()}


def serialize_keras_object(instance: Any) -> Any:
    """Return an object as its class's name and configuration, a function as its name, None as None.

    Parameters
    ----------
    instance : layer, loss, initializer, ..., or function
        What has a ``get_config`` or a ``__name__``.

    Raises
    ------
    ArgumentError
        For anything else.

    References
    ----------
    ``tf.keras.utils.serialize_keras_object`` (TensorFlow 2.7).
    """
    if instance is None:
        return None
    if hasattr(instance, "get_config") and not isinstance(instance, type):
        return described(instance)
    if hasattr(instance, "__name__"):
        return get_registered_name(instance)
    raise ArgumentError(
        "Only what has a get_config or a __name__ can be written. "
        f"Received: {quoted(instance)} of type {type(instance).__name__}. Define get_config."
    )


def deserialize_keras_object(
    identifier: Any,
    module_objects: Mapping[str, Any] | None = None,
    custom_objects: Mapping[str, Any] | None = None,
    printable_module_name: str = "object",
) -> Any:
    """Return the object or function that `serialize_keras_object` has written; None for None.

    Parameters
    ----------
    identifier : str or dict
        A name, or ``{"class_name": ..., "config": ...}``.
    module_objects : dict, optional
        From name to class or function: all there are, beside the custom and registered ones. Nothing is imported.
    custom_objects : dict, optional
        More of them, which go before the others.
    printable_module_name : str, default "object"
        What they are called in messages.

    Raises
    ------
    UnknownNameError
        For a name that is in none of these.
    ArgumentError, ArgumentTypeError
        For a configuration that does not fit the class, and what is no name or configuration.

    Examples
    --------
    >>> deserialize_keras_object("double", {"double": lambda x: 2 * x})(3)
    6

    References
    ----------
    ``tf.keras.utils.deserialize_keras_object`` (TensorFlow 2.7).
    """
    if identifier is None:
        return None
    return Table(printable_module_name, module_objects or {}).make(identifier, custom_objects)


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
