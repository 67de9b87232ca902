"""Names of the user's own classes and functions: how files call them, and how they are found again.

A name counts in the block of a `custom_object_scope`, or everywhere once it is in `get_custom_objects`, where
`register_keras_serializable` puts it. Nothing is ever imported by a name found in a file.
"""

from collections.abc import Callable, Mapping
from contextvars import ContextVar, Token
from types import MappingProxyType
from typing import Any

from minifit.errors import ArgumentError, ArgumentTypeError
from minifit.signatures import name_of

_global: dict[str, Any] = {}
"""The dict that `get_custom_objects` returns. Its names count everywhere and for as long as the program runs."""

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
    return _registering(package, name, replace=False)


def replace_registered(package: str = "Custom", name: str | None = None) -> Callable[[Any], Any]:
    """Register the decorated class or function in the place of what was registered under its name before.

    Otherwise as `register_keras_serializable`. A class that is registered twice is found by both names and written by
    the later one.

    References
    ----------
    ``keras.saving.register_keras_serializable`` (Keras 3).
    """
    return _registering(package, name, replace=True)


def _registering(package: str, name: str | None, replace: bool) -> Callable[[Any], Any]:
    """Return the decorator for a name."""
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
        if taken is not None and not replace:
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
