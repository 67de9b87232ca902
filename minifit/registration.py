"""The names of the user's own classes and functions in files, and the look-up by these names.

A name is valid in the block of a `custom_object_scope`, or everywhere once it is in `get_custom_objects`, to which
`register_keras_serializable` adds it. Nothing is ever imported because a file names it.
"""

from collections.abc import Callable, Mapping
from contextvars import ContextVar, Token
from types import MappingProxyType
from typing import Any

from minifit.errors import ArgumentError, ArgumentTypeError
from minifit.signatures import name_of

_global: dict[str, Any] = {}
"""The dict that `get_custom_objects` returns. Its names are valid everywhere, as long as the program runs."""

_registered: dict[Any, str] = {}
"""The names under which registered classes and functions are written to files."""

_scope: ContextVar[Mapping[str, Any]] = ContextVar("custom objects", default=MappingProxyType({}))


class CustomObjectScope:
    """A block in which your own classes and functions can be looked up by name, too.

    Parameters
    ----------
    *objects : dict
        Maps names to classes or functions. A later dict takes precedence over an earlier one.

    Notes
    -----
    A scope is valid in its own thread; the names in `get_custom_objects` are valid in all threads.

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
        for mapping in objects:
            if mapping is not None and not isinstance(mapping, Mapping):
                raise ArgumentTypeError(
                    f"Custom objects are a dict from name to class or function. Received: {mapping!r}. "
                    "Pass, for example, {'Mine': Mine}."
                )
        self.custom_objects = objects
        self._tokens: list[Token[Mapping[str, Any]]] = []

    def __enter__(self) -> "CustomObjectScope":
        names = dict(_scope.get())
        for mapping in self.custom_objects:
            names.update(mapping or {})
        self._tokens.append(_scope.set(names))
        return self

    def __exit__(self, *_: object) -> None:
        _scope.reset(self._tokens.pop())


custom_object_scope = CustomObjectScope


def get_custom_objects() -> dict[str, Any]:
    """Return the global dict of custom objects itself: a name added to it is valid from then on.

    Returns
    -------
    dict
        Maps names to classes or functions, including all that `register_keras_serializable` has registered.

    References
    ----------
    ``tf.keras.utils.get_custom_objects`` (TensorFlow 2.7).
    """
    return _global


def custom_objects() -> Mapping[str, Any]:
    """Return all names that are valid here: those of the enclosing scopes, then the global ones."""
    return {**_global, **_scope.get()}


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable[[Any], Any]:
    """Register the decorated class or function, so that files with it can be loaded without `custom_objects`.

    Parameters
    ----------
    package : str, default "Custom"
    name : str, optional
        The name of the class or function when None. Files have ``package>name``.

    Returns
    -------
    callable
        A decorator that returns its argument.

    Raises
    ------
    ArgumentError
        When the name or the class is already registered, or a class has no ``get_config``.
    ArgumentTypeError
        When `package` or `name` is not a string, for example because the decorator's parentheses are missing.

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
    return _decorator(package, name, replace=False)


def replace_registered(package: str = "Custom", name: str | None = None) -> Callable[[Any], Any]:
    """Register the decorated class or function, replacing any earlier one with its name.

    Otherwise as `register_keras_serializable`. A class that is registered twice is found under both names and written
    under the later one.

    References
    ----------
    ``keras.saving.register_keras_serializable`` (Keras 3).
    """
    return _decorator(package, name, replace=True)


def _decorator(package: str, name: str | None, replace: bool) -> Callable[[Any], Any]:
    """Return the decorator that registers a class or function under a name."""
    if not isinstance(package, str) or not isinstance(name, str | None):
        raise ArgumentTypeError(
            f"package and name must be strings. Received: package={package!r}, name={name!r}. "
            "Decorate with @register_keras_serializable(), parentheses included."
        )

    def register(member: Any) -> Any:
        full = f"{package}>{member.__name__ if name is None else name}"
        if isinstance(member, type) and not hasattr(member, "get_config"):
            raise ArgumentError(
                "A registered class needs a get_config that returns the arguments to create an equal object. "
                f"Received: {member.__name__}, which has none. Define it."
            )
        conflict = next((m for m in (_global.get(full), member) if m is not None and _is_registered(m)), None)
        if conflict is not None and not replace:
            raise ArgumentError(
                f"A class or function is registered once. Received: {name_of(member)!r} as {full!r}, while "
                f"{_registered[conflict]!r} is registered for {conflict!r}. Pass another name, or remove the entry "
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
    """Return the name under which a class or function is written: its registered name, or else its own.

    A name that was removed from `get_custom_objects` is no longer registered.

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
    """Return the class or function with a name, or None.

    Parameters
    ----------
    name : str
    custom_objects, module_objects : dict, optional
        Dicts to search after the enclosing scopes and `get_custom_objects`.

    References
    ----------
    ``tf.keras.utils.get_registered_object`` (TensorFlow 2.7).
    """
    places = (_scope.get(), _global, custom_objects or {}, module_objects or {})
    return next((place[name] for place in places if name in place), None)
