"""Whether a user's function can be called the way minifit will call it, asked before training begins.

Losses, metrics, schedules, hooks, activations: a function with other arguments would fail at its first call, in
the middle of something. A TypeError that is raised inside such a function is the user's own to see.
"""

from inspect import Signature, signature
from typing import Any

from minifit.errors import ArgumentTypeError, legible


def check_call(what: str, function: Any, *arguments: str, **keywords: Any) -> None:
    """See that `function` takes these arguments by position, and the keywords by name.

    Parameters
    ----------
    what : str
        What the function is; begins the message.
    function : callable
    *arguments : str
        What the arguments are called in the message.
    **keywords
        Arguments that are given by name.

    Raises
    ------
    ArgumentTypeError
        When it takes others. Functions written in C do not tell; they pass.
    """
    try:
        taken = signature(function)
    except (TypeError, ValueError):
        return
    try:
        taken.bind(*arguments, **keywords)
    except TypeError:
        given = ", ".join([*arguments, *(f"{name}=..." for name in keywords)])
        raise ArgumentTypeError(
            f"{what} must take {f'({legible(given)})' if given else 'no arguments'}. "
            f"Received: {name_of(function)}{_plain(taken)}. Change its arguments, or wrap it in a lambda."
        ) from None


def _plain(taken: Signature) -> str:
    """What a function takes, without the types."""
    bare = [p.replace(annotation=p.empty) for p in taken.parameters.values()]
    return str(taken.replace(parameters=bare, return_annotation=taken.empty))


def name_of(function: Any) -> str:
    """What a function, or the class of a callable object, is called."""
    return str(getattr(function, "__name__", type(function).__name__))


def of_library(function: Any) -> bool:
    """Return whether a function was defined in the library, whatever name `functools.wraps` gave it."""
    module = _module_of(function)
    if module == "minifit.symbolic":  # an op, which may be of a function of the user's
        module = _module_of(function.__wrapped__)
    return module.startswith("minifit.")


def _module_of(function: Any) -> str:
    return str(getattr(function, "__globals__", {}).get("__name__"))


def as_written(object: Any, *methods: str) -> bool:
    """Return whether these methods are the library's own: none was set on the object or on its class since."""
    kinds = type(object).__mro__
    own = (vars(kind)[name] for name in methods for kind in kinds if name in vars(kind))
    return vars(object).keys().isdisjoint(methods) and all(map(of_library, own))
