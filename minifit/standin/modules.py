"""The modules that stand in: each looks its names up in the table when they are first used.

An entry of the table is the path of an object, or a path with arguments in parentheses, where TensorFlow calls them
otherwise than minifit. A function is made of such an entry that renames and hands on.
"""

import ast
import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from inspect import Parameter, Signature, signature
from types import ModuleType
from typing import Any

from minifit import interrupts
from minifit.errors import MissingModuleError, MissingNameError, legible
from minifit.standin.names import EMPTY, NAMES

NOTHING = Parameter.empty


class StandInModule(ModuleType):
    """A module of the table, as ``tensorflow.keras.layers``."""

    __file__ = None

    def __init__(self, name: str) -> None:
        super().__init__(name, f"{name}, as far as minifit has it. `minifit.standin.names` lists the names.")
        self.__path__: list[str] = []
        self.__all__ = sorted(n for n in names_in(name) if not n.startswith("_"))

    def __getattr__(self, name: str) -> Any:
        """Return what the table has under a name, and keep it; a module in it is imported."""
        public = f"{self.__name__}.{name}"
        if public in MODULES:
            if sys.modules.get(self.__name__) is self:
                return import_module(public)
            return self.__dict__.setdefault(
                name, StandInModule(public)
            )  # the stand-in was taken away meanwhile
        if public in NAMES:
            return self.__dict__.setdefault(name, lent(public))
        if name.startswith("__"):  # Python's own questions
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        raise MissingNameError(missing(public))

    def __dir__(self) -> list[str]:
        return sorted({*self.__dict__, *names_in(self.__name__)})


def _prefixes(name: str) -> Iterable[str]:
    parts = name.split(".")
    return (".".join(parts[:end]) for end in range(1, len(parts)))


MODULES = {*EMPTY, *(prefix for name in (*NAMES, *EMPTY) for prefix in _prefixes(name))}
"""The modules that the names of the table stand in, and those without names."""


def names_in(module: str) -> list[str]:
    """Return the names directly in a module, those of modules among them."""
    return [n.rpartition(".")[2] for n in (*NAMES, *MODULES) if n.rpartition(".")[0] == module]


def lent(public: str) -> Any:
    """Return what minifit has under a public name.

    Parameters
    ----------
    public : str
        A name of the table, as ``"keras.layers.Dense"``.
    """
    path, parenthesis, _ = NAMES[public].partition("(")
    module, _, name = path.rpartition(".")
    with interrupts.held():  # NumPy cannot be imported again after half an import
        found = getattr(import_module(module), name)
    return renamed(found, public, NAMES[public]) if parenthesis else found


def renamed(function: Callable[..., Any], public: str, entry: str) -> Callable[..., Any]:
    """Return a function that hands on to another one, whose arguments have other names.

    Parameters
    ----------
    function : callable
    public : str
        The name that the new one has.
    entry : str
        As ``"minifit.ops.argmax(input, axis=0)"``: the names in the order of the function's own, with the default
        where it is another one. ``name`` is an argument in any case: a name for an op of a graph.
    """
    call = ast.parse(entry, mode="eval").body
    assert isinstance(call, ast.Call)
    own = list(signature(function).parameters.values())
    given = [(a.id, NOTHING) for a in call.args if isinstance(a, ast.Name)]
    given += [(str(k.arg), ast.literal_eval(k.value)) for k in call.keywords]
    parameters, theirs, defaults = [], {}, {}
    for parameter, (name, default) in zip(own, given, strict=False):
        theirs[name] = parameter.name
        if default is not NOTHING and default != parameter.default:
            defaults[parameter.name] = default
        parameters.append(
            Parameter(
                name,
                Parameter.POSITIONAL_OR_KEYWORD,
                default=parameter.default if default is NOTHING else default,
            )
        )
    places = [parameter.name for parameter in own[: len(given)]]
    parameters += [p for p in own[len(given) :] if p.name != "name" and p.kind is not Parameter.KEYWORD_ONLY]

    def handed_on(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            kwargs.pop("name", None)
            kwargs = {theirs.get(name, name): value for name, value in kwargs.items()}
        for name, default in defaults.items():
            if name not in kwargs and places.index(name) >= len(args):
                kwargs[name] = default
        return function(*args, **kwargs)

    handed_on.__name__ = handed_on.__qualname__ = public.rpartition(".")[2]
    handed_on.__module__ = public.rpartition(".")[0]
    handed_on.__doc__ = function.__doc__
    named = Parameter("name", Parameter.POSITIONAL_OR_KEYWORD, default=None)
    handed_on.__signature__ = Signature([*parameters, named])  # type: ignore[attr-defined]
    return handed_on


def missing(public: str) -> str:
    """Return the text about a name that is not in the table: what is nearest, and where the list stands."""
    from difflib import get_close_matches  # only needed when something is wrong

    module, _, name = public.rpartition(".")
    root = public.partition(".")[0]
    elsewhere = sorted(n for n in NAMES if n.startswith(f"{root}.") and n.endswith(f".{name}"))
    inside = get_close_matches(name, names_in(module), n=1)
    near = [f"{module}.{n}" for n in inside] or elsewhere[:1]
    hint = f"The nearest that it has is {near[0]}. " if near else ""
    return (
        f"The stand-in has the names of TensorFlow and Keras that minifit has. Received: {legible(public)}, which is "
        f"not among them. {hint}All names stand in minifit.standin.names and docs/standin.md."
    )


def missing_module(public: str) -> MissingModuleError:
    """Return the error for an import of a name that is not in the table."""
    return MissingModuleError(missing(public))
