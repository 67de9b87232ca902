"""Kernels: the arithmetic of training, as pure functions on arrays.

A kernel reads its first arguments, writes its results into its last arguments, and returns nothing; a few return the
index of an invalid row. Kernels have no state, and compiled kernels allocate no memory. Every kernel exists twice under
the same name: in `minifit.kernels.reference`, in plain NumPy, as the definition and for small jobs; and in
`minifit.kernels.compiled`, where the hot ones are compiled by Numba. Importing this package imports only NumPy.
"""

# A second copy of the package would be compiled, cached and patched separately.
if __name__ != "minifit.kernels":
    raise ImportError(
        "The kernels must be imported as 'minifit.kernels'. "
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
    """Return why Numba cannot compile here, as part of a message, or an empty string when it can.

    The answer is computed once per process. Instructions that came with the package or were cached by an earlier
    process do not need Numba. Without them, only an import can tell, which takes half a second. A Numba that is broken,
    or that refuses the installed NumPy, counts as missing.
    """
    try:
        with interrupts.importing("minifit.kernels.compiled"):
            # imports llvmlite
            from minifit.kernels import compiled

        if not _numba_may_be_disabled() and compiled.is_kept("carry_out"):
            return ""
        with interrupts.importing("numba"):
            import numba

        disabled = numba.config.DISABLE_JIT
    # an incompatible Numba fails with ImportError, SystemError, AttributeError, ...
    except Exception:
        return "a Python where it cannot be imported"
    return "NUMBA_DISABLE_JIT=1, with which it compiles nothing" if disabled else ""


def _numba_may_be_disabled() -> bool:
    """Return whether an environment variable, Numba's file or code in this process may have disabled compiling."""
    return "NUMBA_DISABLE_JIT" in os.environ or "numba" in sys.modules or Path(".numba_config.yaml").exists()


def numba_available() -> bool:
    """Return whether kernels can be compiled here."""
    return not numba_missing()


def load(name: str) -> ModuleType:
    """Return the module of kernels for an engine.

    Parameters
    ----------
    name : {"numba", "numpy"}
        The engine. Where Numba cannot compile, "numba" returns the reference too: the results are the same, only
        slower. `numba_missing` returns the reason for a message.

    Returns
    -------
    module
        `minifit.kernels.compiled` or `minifit.kernels.reference`.

    Raises
    ------
    UnknownNameError
        When `name` is not an engine.
    """
    if name not in ENGINES:
        raise UnknownNameError.of("engine", name, ENGINES)
    if name == "numba" and numba_available():
        with interrupts.importing("minifit.kernels.compiled"):
            # imports llvmlite
            from minifit.kernels import compiled

        return compiled
    return reference
