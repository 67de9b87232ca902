"""Tables from names to classes and functions.

Every family (losses, optimizers, initializers, ...) ends in one `Table`. It is the only list of what there
is: strings given by users, configurations read from files and the pages of the documentation all go by it.
Nothing is ever imported by a name found in a file: a name is in a table, or in the `custom_objects` that the
caller gives or has registered, or it is an error.
"""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar, Token
from inspect import isfunction, signature
from types import MappingProxyType
from typing import Any

import numpy as np

from minifit.errors import ArgumentError, ArgumentTypeError, UnknownNameError, legible, quoted
from minifit.signatures import check_call, name_of

_global: dict[str, Any] = {}
"""What `get_custom_objects` returns: the names that count everywhere and for as long as the program runs."""

_registered: dict[Any, str] = {}
"""The names of registered classes and functions, as they are written into files."""

_scope: ContextVar[Mapping[str, Any]] = ContextVar("custom objects", default=MappingProxyType({}))


class CustomObjectScope:
    """While the block runs, every table knows these names too: classes and functions of your own.

    Parameters
    ----------
    *objects : dict
        From name to class or function. A later dict goes before an earlier one.

    Notes
    -----
    A scope counts in its own thread; the names of `get_custom_objects` count in all.

    Examples
    --------
    >>> from minifit import activations
    >>> with CustomObjectScope({"twice": lambda x: 2 * x}):
    ...     activations.get("twice")(3)
    6

    References
    ----------
    ``tf.keras.utils.custom_object_scope`` and ``CustomObjectScope`` (TensorFlow 2.7).
    """

    def __init__(self, *objects: Mapping[str, Any] | None) -> None:
        for given in objects:
            if given is not None and not isinstance(given, Mapping):
                raise ArgumentTypeError(
                    f"Custom objects are a dict from name to class or function. Received: {given!r}. "
                    "Pass for example {'Mine': Mine}."
                )
        self.custom_objects = objects
        self._tokens: list[Token[Mapping[str, Any]]] = []

    def __enter__(self) -> "CustomObjectScope":
        names = dict(_scope.get())
        for given in self.custom_objects:
            names.update(given or {})
        self._tokens.append(_scope.set(names))
        return self

    def __exit__(self, *_: object) -> None:
        _scope.reset(self._tokens.pop())


custom_object_scope = CustomObjectScope


def get_custom_objects() -> dict[str, Any]:
    """Return the dict of names that every table knows, itself: what is put into it counts from then on.

    Returns
    -------
    dict
        From name to class or function, with all that `register_keras_serializable` has registered.

    References
    ----------
    ``tf.keras.utils.get_custom_objects`` (TensorFlow 2.7).
    """
    return _global


def custom_objects() -> Mapping[str, Any]:
    """Return all names that count here: those of the scopes around the caller, then the global ones."""
    return {**_global, **_scope.get()}


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable[[Any], Any]:
    """Register the decorated class or function, so that files name it and find it without `custom_objects`.

    Parameters
    ----------
    package : str, default "Custom"
    name : str, optional
        The name of the class or function when None. Files have ``package>name``.

    Returns
    -------
    callable
        A decorator that returns what it is given.

    Raises
    ------
    ArgumentError
        When the name or the class is registered already, or a class has no ``get_config``.
    ArgumentTypeError
        When `package` or `name` is no string, as when the parentheses of the decorator are missing.

    Examples
    --------
    >>> @register_keras_serializable("my_package")
    ... def double(x):
    ...     return 2 * x
    >>> get_registered_name(double)
    'my_package>double'

    References
    ----------
    ``tf.keras.utils.register_keras_serializable`` (TensorFlow 2.7).
    """
    if not isinstance(package, str) or not isinstance(name, str | None):
        raise ArgumentTypeError(
            f"A package and a name are strings. Received: package={package!r}, name={name!r}. "
            "Decorate with @register_keras_serializable(), parentheses included."
        )

    def register(member: Any) -> Any:
        full = f"{package}>{member.__name__ if name is None else name}"
        if isinstance(member, type) and not hasattr(member, "get_config"):
            raise ArgumentError(
                f"A registered class has a get_config, with the arguments that make an equal object. "
                f"Received: {member.__name__}, which has none. Define it."
            )
        taken = next((m for m in (_global.get(full), member) if m is not None and _is_registered(m)), None)
        if taken is not None:
            raise ArgumentError(
                f"A class or function is registered once. Received: {name_of(member)!r} as {full!r}, while "
                f"{_registered[taken]!r} is registered for {taken!r}. Pass another name, or remove the entry "
                "from get_custom_objects()."
            )
        _global[full] = member
        _registered[member] = full
        return member

    return register


def _is_registered(member: Any) -> bool:
    """Return whether files and `get_custom_objects` agree on the name of a class or function."""
    return _global.get(_registered.get(member, "")) is member


def get_registered_name(obj: Any) -> str:
    """Return the name under which a class or function is written: the registered one, else its own.

    A name that was removed from `get_custom_objects` counts no longer.

    References
    ----------
    ``tf.keras.utils.get_registered_name`` (TensorFlow 2.7).
    """
    return _registered[obj] if _is_registered(obj) else str(obj.__name__)


def get_registered_object(
    name: str,
    custom_objects: Mapping[str, Any] | None = None,
    module_objects: Mapping[str, Any] | None = None,
) -> Any:
    """Return the class or function of a name, or None when there is none.

    Parameters
    ----------
    name : str
    custom_objects, module_objects : dict, optional
        Where to look behind the scopes around the caller and `get_custom_objects`.

    References
    ----------
    ``tf.keras.utils.get_registered_object`` (TensorFlow 2.7).
    """
    places = (_scope.get(), _global, custom_objects or {}, module_objects or {})
    return next((place[name] for place in places if name in place), None)


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
        """Return the member called `name`, or registered as ``package>name`` where `name` is among the custom objects.

        The nearest names count: `custom_objects`, those of `custom_object_scope`, those of `get_custom_objects`.

        Raises
        ------
        UnknownNameError
            With the nearest known name.
        """
        own = (custom_objects or {}, _scope.get(), _global)
        places = [(place, name) for place in (*own, self._members)]
        if isinstance(name, str) and ">" in name:
            places += [(place, name.rpartition(">")[2]) for place in own]
        for place, known in places:
            if known in place:
                return place[known]
        raise UnknownNameError.of(self.kind, name, {**self._members, **_global, **_scope.get(), **own[0]})

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
    return {"class_name": get_registered_name(type(member)), "config": member.get_config()}


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
