"""The modules of the stand-in, which look up their names in the table on first use.

An entry of the table is the path of an object. Where the arguments have other names in TensorFlow, these follow in
parentheses; such an entry becomes a function that renames its arguments and calls minifit's function.
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
    """A module of the table, such as ``tensorflow.keras.layers``."""

    __file__ = None

    def __init__(self, name: str) -> None:
        super().__init__(name, f"The names of {name} that minifit has, listed in `minifit.standin.names`.")
        self.__path__: list[str] = []
        self.__all__ = sorted(n for n in names_in(name) if not n.startswith("_"))

    def __getattr__(self, name: str) -> Any:
        """Return and store the object that the table has under a name; import it if it is a module."""
        public = f"{self.__name__}.{name}"
        if public in MODULES:
            if sys.modules.get(self.__name__) is self:
                return import_module(public)
            # the stand-in was uninstalled in the meantime
            return self.__dict__.setdefault(name, StandInModule(public))
        if public in NAMES:
            return self.__dict__.setdefault(name, resolve(public))
        # Python itself looks up special names
        if name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        raise MissingNameError(missing(public))

    def __dir__(self) -> list[str]:
        return sorted({*self.__dict__, *names_in(self.__name__)})


def _prefixes(name: str) -> Iterable[str]:
    parts = name.split(".")
    return (".".join(parts[:end]) for end in range(1, len(parts)))


MODULES = {*EMPTY, *(prefix for name in (*NAMES, *EMPTY) for prefix in _prefixes(name))}
"""All modules of the table, including those without names."""


def names_in(module: str) -> list[str]:
    """Return the names in a module, including its submodules."""
    return [n.rpartition(".")[2] for n in (*NAMES, *MODULES) if n.rpartition(".")[0] == module]


def resolve(public: str) -> Any:
    """Return minifit's object for a public name.

    Parameters
    ----------
    public : str
        A name of the table, such as ``"keras.layers.Dense"``.
    """
    path, parenthesis, _ = NAMES[public].partition("(")
    module, _, name = path.rpartition(".")
    # an interrupt must wait: NumPy cannot be imported again after half an import
    with interrupts.held():
        member = getattr(import_module(module), name)
    return rename_arguments(member, public, NAMES[public]) if parenthesis else member


def rename_arguments(function: Callable[..., Any], public: str, entry: str) -> Callable[..., Any]:
    """Return a function that calls another one, with other names for its arguments.

    Parameters
    ----------
    function : callable
    public : str
        Name of the new function.
    entry : str
        Such as ``"minifit.ops.argmax(input, axis=0)"``: the new names in the order of the function's arguments, with
        defaults that differ from the function's. The new function also takes ``name``, the name of an op in a graph.
    """
    call = ast.parse(entry, mode="eval").body
    assert isinstance(call, ast.Call)
    originals = list(signature(function).parameters.values())
    names = [(a.id, NOTHING) for a in call.args if isinstance(a, ast.Name)]
    names += [(str(k.arg), ast.literal_eval(k.value)) for k in call.keywords]
    parameters, original_names, defaults = [], {}, {}
    for parameter, (name, default) in zip(originals, names, strict=False):
        original_names[name] = parameter.name
        if default is not NOTHING and default != parameter.default:
            defaults[parameter.name] = default
        parameters.append(
            Parameter(
                name,
                Parameter.POSITIONAL_OR_KEYWORD,
                default=parameter.default if default is NOTHING else default,
            )
        )
    positions = [parameter.name for parameter in originals[: len(names)]]
    others = originals[len(names) :]
    parameters += [p for p in others if p.name != "name" and p.kind is not Parameter.KEYWORD_ONLY]

    def call_original(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            kwargs.pop("name", None)
            kwargs = {original_names.get(name, name): value for name, value in kwargs.items()}
        for name, default in defaults.items():
            if name not in kwargs and positions.index(name) >= len(args):
                kwargs[name] = default
        return function(*args, **kwargs)

    call_original.__name__ = call_original.__qualname__ = public.rpartition(".")[2]
    call_original.__module__ = public.rpartition(".")[0]
    call_original.__doc__ = function.__doc__
    op_name = Parameter("name", Parameter.POSITIONAL_OR_KEYWORD, default=None)
    call_original.__signature__ = Signature([*parameters, op_name])  # type: ignore[attr-defined]
    return call_original


def missing(public: str) -> str:
    """Return the message for a name that is not in the table, with the nearest name and the place of the list."""
    # only needed for an error
    from difflib import get_close_matches

    module, _, name = public.rpartition(".")
    root = public.partition(".")[0]
    elsewhere = sorted(n for n in NAMES if n.startswith(f"{root}.") and n.endswith(f".{name}"))
    inside = get_close_matches(name, names_in(module), n=1)
    near = [f"{module}.{n}" for n in inside] or elsewhere[:1]
    hint = f"The nearest name that it has is {near[0]}. " if near else ""
    return (
        f"The stand-in has only the names of TensorFlow and Keras that minifit has. Received: {legible(public)}, which "
        f"is not among them. {hint}minifit.standin.names and docs/standin.md list all names."
    )


def missing_module(public: str) -> MissingModuleError:
    """Return the error for an import of a name that is not in the table."""
    return MissingModuleError(missing(public))
