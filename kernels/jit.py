"""The one place that knows Numba: the decorator that compiles a kernel.

Compiled code is kept on disk, so that only the first process waits for it. Numba notices a change of the
file a function stands in, and of no other: a compiled function must therefore only call compiled functions,
and use global constants, of its own file.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])


def jit(function: Function) -> Function:
    """Compile `function` when it is first called; it runs without the interpreter lock."""
    return _compile(function, fastmath=False)


def jit_sums(function: Function) -> Function:
    """As `jit`, but a sum may be added up in any order, which lets it use vector instructions.

    Nothing else is loosened: NaN and infinity come through, and the rounding error of a sum in several lanes
    is smaller than that of one long chain.
    """
    return _compile(function, fastmath={"reassoc"})


def _compile(function: Function, fastmath: bool | set[str]) -> Function:
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": fastmath}
    try:
        compiled: Function = njit(cache=True, **options)(function)
    except RuntimeError:  # no folder to keep it in: neither beside the source nor in the user's home
        compiled = njit(**options)(function)
    return compiled
