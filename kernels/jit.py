"""The one place that knows how Numba compiles and keeps: the decorators that compile a kernel.

Compiled code is kept on disk, so that only the first process waits for it. Numba notices a change of the file that a
function stands in, and of no other, though it compiles into it what the function calls. So what is kept is found
again only under the state that all files of this package were in.
"""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from numba import njit
from numba.core.caching import FunctionCache

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


def jit_inner(function: Function) -> Function:
    """As `jit`, for a function that only compiled ones call: it becomes a part of them, and is not kept alone.

    It has no door for Python: called from there it would crash. A test wraps it.
    """
    return njit(nogil=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)


def jit_part(function: Function) -> Function:
    """As `jit_inner`, for a function with one caller: a paragraph of it, which is not compiled a second time."""
    return njit(nogil=True, error_model="numpy", inline="always")(function)


class _Kept(FunctionCache):
    """The cache of one function, which knows of all files that may be compiled into it."""

    def _index_key(self, signature: Any, codegen: Any) -> Any:
        return super()._index_key(signature, codegen), _STAMP


def _stamp() -> tuple[tuple[str, int, int], ...]:
    """Every file of this package with its time and size."""
    states = [(path.name, path.stat()) for path in sorted(Path(__file__).parent.glob("*.py"))]
    return tuple((name, state.st_mtime_ns, state.st_size) for name, state in states)


_STAMP = _stamp()


def _compile(function: Function, fastmath: bool | set[str]) -> Function:
    compiled: Any = njit(nogil=True, error_model="numpy", fastmath=fastmath)(function)
    with suppress(
        RuntimeError
    ):  # no folder to keep it in, beside the source or at home: every process compiles anew
        compiled._cache = _Kept(function)
    return compiled
