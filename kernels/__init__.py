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

import os
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

from minifit import interrupts
from minifit.errors import UnknownNameError
from minifit.kernels import reference

ENGINES = ("numba", "numpy")


@cache
def numba_missing() -> str:
    """Return why Numba cannot compile here, in words for a message; nothing when it can.

    Asked once per process. Instructions that came with the package or were kept by an earlier process need no Numba.
    Where there are none, only importing it tells, which takes half a second: one that is installed but broken, or
    that refuses the installed NumPy, counts as not there.
    """
    try:
        with interrupts.importing("minifit.kernels.compiled"):
            from minifit.kernels import compiled  # imports llvmlite

        if not _settings_of_numba() and compiled.is_kept("carry_out"):
            return ""
        with interrupts.importing("numba"):
            import numba

        disabled = numba.config.DISABLE_JIT
    except Exception:  # a mismatched Numba fails with ImportError, SystemError, AttributeError, ...
        return "a Python where it cannot be imported"
    return "NUMBA_DISABLE_JIT=1, with which it compiles nothing" if disabled else ""


def _settings_of_numba() -> bool:
    """Return whether Numba may have been told to compile nothing: by a variable, its file, or in this process."""
    return "NUMBA_DISABLE_JIT" in os.environ or "numba" in sys.modules or Path(".numba_config.yaml").exists()


def numba_available() -> bool:
    """Return whether kernels can be compiled here."""
    return not numba_missing()


def load(name: str) -> ModuleType:
    """The module of kernels for an engine.

    Parameters
    ----------
    name : {"numba", "numpy"}
        The engine. Where Numba cannot compile "numba" gives the reference as well: the same results,
        only slower. Ask `numba_missing` to tell the user why.

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
        with interrupts.importing("minifit.kernels.compiled"):
            from minifit.kernels import compiled  # imports llvmlite

        return compiled
    return reference
