"""Kernels: the arithmetic of training, as pure functions on arrays.

A kernel reads the arrays it is given, writes its result into the arrays named last and returns nothing (a
few return the index of a row at fault). It has no state, and compiled it allocates nothing. Every kernel exists
twice under the same name: in `minifit.kernels.reference` in plain NumPy, which defines what it does and
runs small jobs, and in `minifit.kernels.compiled`, where the hot ones are compiled by Numba. Importing this
package imports NumPy alone.
"""

# A second copy of the package would be compiled, cached and patched on its own.
if __name__ != "minifit.kernels":
    raise ImportError(
        "The kernels are a part of minifit and are imported as 'minifit.kernels'. "
        f"Received: an import as {__name__!r}. Write 'import minifit.kernels' instead."
    )

from functools import cache
from types import ModuleType

from minifit.errors import UnknownNameError
from minifit.kernels import reference

ENGINES = ("numba", "numpy")


@cache
def numba_available() -> bool:
    """Whether Numba can be imported here; asked once per process, because finding out takes half a second.

    A Numba that is installed but broken, or that refuses the installed NumPy, counts as not there: only
    importing it tells.
    """
    try:
        import numba  # noqa: F401
    except Exception:  # a mismatched Numba fails with ImportError, SystemError, AttributeError, ...
        return False
    return True


def load(name: str) -> ModuleType:
    """The module of kernels for an engine.

    Parameters
    ----------
    name : {"numba", "numpy"}
        The engine. Where Numba cannot be imported "numba" gives the reference as well: the same results,
        only slower. Ask `numba_available` to tell the user.

    Returns
    -------
    module
        `minifit.kernels.compiled` or `minifit.kernels.reference`.

    Raises
    ------
    UnknownNameError
        `name` is no engine.
    """
    if name not in ENGINES:
        raise UnknownNameError.of("engine", name, ENGINES)
    if name == "numba" and numba_available():
        from minifit.kernels import compiled  # imports Numba

        return compiled
    return reference
