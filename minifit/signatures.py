"""The check, before training begins, that a user's function takes the arguments that minifit will pass to it.

Otherwise a loss, metric, schedule, hook or activation with other arguments would fail at its first call, in the middle
of training. A TypeError raised inside such a function reaches the user unchanged.
"""

from inspect import Signature, signature
from typing import Any

from minifit.errors import ArgumentTypeError, legible


def check_call(what: str, function: Any, *arguments: str, **keywords: Any) -> None:
    """Check that `function` takes these arguments by position and the keywords by name.

    Parameters
    ----------
    what : str
        The role of the function, which begins the message.
    function : callable
    *arguments : str
        The names of the arguments in the message.
    **keywords
        The arguments passed by name.

    Raises
    ------
    ArgumentTypeError
        When it takes different arguments. Functions written in C without a signature pass.
    """
    try:
        actual = signature(function)
    except (TypeError, ValueError):
        return
    try:
        actual.bind(*arguments, **keywords)
    except TypeError:
        expected = ", ".join([*arguments, *(f"{name}=..." for name in keywords)])
        raise ArgumentTypeError(
            f"{what} must take {f'({legible(expected)})' if expected else 'no arguments'}. "
            f"Received: {name_of(function)}{_without_types(actual)}. Change its arguments, or wrap it in a lambda."
        ) from None


def _without_types(actual: Signature) -> str:
    """Return a signature as text, without annotations."""
    bare = [p.replace(annotation=p.empty) for p in actual.parameters.values()]
    return str(actual.replace(parameters=bare, return_annotation=actual.empty))


def name_of(function: Any) -> str:
    """Return the name of a function, or of the class of a callable object."""
    return str(getattr(function, "__name__", type(function).__name__))


def of_library(function: Any) -> bool:
    """Return whether a function was defined in the library, whatever name `functools.wraps` gave it."""
    module = _module_of(function)
    # An op, whose wrapped function may be the user's.
    if module == "minifit.symbolic":
        module = _module_of(function.__wrapped__)
    return module.startswith("minifit.")


def _module_of(function: Any) -> str:
    return str(getattr(function, "__globals__", {}).get("__name__"))


def as_written(object: Any, *methods: str) -> bool:
    """Return whether these methods are the library's own, not replaced on the object or in its classes."""
    kinds = type(object).__mro__
    functions = (vars(kind)[name] for name in methods for kind in kinds if name in vars(kind))
    return vars(object).keys().isdisjoint(methods) and all(map(of_library, functions))
