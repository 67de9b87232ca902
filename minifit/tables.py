"""Tables from names to classes and functions.

Every family (losses, optimizers, initializers, ...) has one `Table`, the only list of its members: names in programs,
configurations in files and the pages of the documentation all refer to it. No name in a file is ever imported: it must
be in a table, or in the `custom_objects` that the caller passes or has registered.
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
"""Members of all tables: they keep their names in files, even if they are also registered under another name."""


class Table(Mapping[str, Any]):
    """The members of one family by name, aliases included.

    Parameters
    ----------
    kind : str
        Name of the family in messages, such as ``"loss"``.
    members : dict
        From name to class or function. The first name of a member is its own; the others are aliases.
    called_with : tuple of str, optional
        Arguments that a user's function must take to be a member.
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
        """Return the member called `name`; of a registered ``package>name``, the custom object called `name`.

        Custom names come first: `custom_objects`, then those of `custom_object_scope`, then `get_custom_objects`.

        Raises
        ------
        UnknownNameError
            For a name that is in none of them; it suggests the nearest known name.
        """
        custom = {**names_of_users(), **(custom_objects or {})}
        for members in (custom, self._members):
            if name in members:
                return members[name]
        bare = name.rpartition(">")[2]
        if bare != name and bare in custom:
            return custom[bare]
        raise UnknownNameError.of(self.kind, name, {**self._members, **custom})

    def make(self, identifier: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
        """Return a member from any form in which a user may specify it.

        Parameters
        ----------
        identifier : str, dict, class or ready-made member
            A string is a name; a dict is a configuration ``{"class_name": ..., "config": {...}}``; a class
            is called without arguments; any other callable is returned unchanged.
        custom_objects : dict, optional
            More names.

        Raises
        ------
        UnknownNameError
            If the table has no such name.
        ArgumentError
            If a configuration does not fit the member.
        ArgumentTypeError
            For any other identifier, and for a function that takes other arguments.
        """
        if isinstance(identifier, str):
            return _member(self.find(identifier, custom_objects), {}, custom_objects)
        if isinstance(identifier, Mapping) and "class_name" in identifier:
            kind = self.find(identifier["class_name"], custom_objects)
            return _member(kind, dict(identifier.get("config") or {}), custom_objects)
        if isinstance(identifier, type):
            return _member(identifier, {}, custom_objects)
        if callable(identifier):
            if self._called_with:
                check_call(f"The {self.kind} {name_of(identifier)!r}", identifier, *self._called_with)
            return identifier
        raise ArgumentTypeError(
            f"The {self.kind} must be a name, an object or a function. "
            f"Received: {quoted(identifier)}. Pass for example {next(iter(self._members), 'its name')!r}."
        )


class Configurable:
    """The base class of members with a configuration.

    `get_config` returns the arguments of ``__init__`` as plain values; `from_config` creates an equal member. A copy,
    even one of ``copy.copy``, shares no mutable state with the original.
    """

    def __copy__(self) -> Any:
        return copy.deepcopy(self)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal object."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Create an object from the result of `get_config`."""
        return create(cls, config)


def _member(kind: Any, config: dict[str, Any], custom_objects: Mapping[str, Any] | None) -> Any:
    """Create an object of a class from its configuration; return a function unchanged.

    A configuration stores a function by its name; the name of a user's function is replaced by the function.
    """
    if not isinstance(kind, type):
        return kind
    for argument, value in config.items():
        if isinstance(value, str) and argument != "name":
            member = get_registered_object(value, custom_objects)
            config[argument] = member if isfunction(member) else value
    return kind.from_config(config) if hasattr(kind, "from_config") else create(kind, config)


def create(kind: type, config: dict[str, Any]) -> Any:
    """Create an object of a class from its arguments by name.

    Raises
    ------
    ArgumentError
        If the class takes other arguments.
    """
    try:
        signature(kind).bind(**config)
    except TypeError as error:
        raise ArgumentError(
            f"The configuration of {kind.__name__} must contain its arguments. "
            f"Received: {quoted(config)} ({legible(error)}). "
            "Pass the result of get_config(), or create the object yourself."
        ) from None
    return kind(**config)


def serialize(member: Any) -> Any:
    """Return a member as plain data: a function as its name, an object as its class name and configuration."""
    if member is None or isinstance(member, str):
        return member
    if isinstance(member, Configurable):
        return described(member)
    return get_registered_name(member if hasattr(member, "__name__") else type(member))


def described(member: Any) -> dict[str, Any]:
    """Return the class name and the configuration of an object, in the form that files store."""
    kind = type(member)
    name = kind.__name__ if kind in _own else get_registered_name(kind)
    return {"class_name": name, "config": member.get_config()}


def serialize_keras_object(instance: Any) -> Any:
    """Return an object as its class name and configuration, a function as its name, and None as None.

    Parameters
    ----------
    instance : layer, loss, initializer, ..., or function
        An object with a ``get_config`` or a ``__name__``.

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
        "An object needs a get_config or a __name__ to be serialized. "
        f"Received: {quoted(instance)} of type {type(instance).__name__}. Define get_config."
    )


def deserialize_keras_object(
    identifier: Any,
    module_objects: Mapping[str, Any] | None = None,
    custom_objects: Mapping[str, Any] | None = None,
    printable_module_name: str = "object",
) -> Any:
    """Return the object or function that `serialize_keras_object` stored; None for None.

    Parameters
    ----------
    identifier : str or dict
        A name, or ``{"class_name": ..., "config": ...}``.
    module_objects : dict, optional
        The known classes and functions by name, besides the custom and registered ones. Nothing is imported.
    custom_objects : dict, optional
        More classes and functions by name, which come first.
    printable_module_name : str, default "object"
        Word for the members in messages.

    Raises
    ------
    UnknownNameError
        For a name that is in none of these.
    ArgumentError
        For a configuration that does not fit the class.
    ArgumentTypeError
        For anything but a name or a configuration.

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
    """Return a configuration of only lists, dicts, numbers and strings; a function becomes its name."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    return plain(serialize(value))


def first_difference(before: Any, after: Any, place: str = "") -> tuple[str, Any, Any]:
    """Return the place of the first difference between two plain values, in words, and both values there."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in {**before, **after}:
            if before.get(key) != after.get(key):
                return first_difference(before.get(key), after.get(key), f"{place}: {key}")
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for i, (a, b) in enumerate(zip(before, after, strict=True)):
            if a != b:
                return first_difference(a, b, f"{place}, number {i + 1}")
    return place, before, after
