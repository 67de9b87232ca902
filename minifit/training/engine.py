"""Which kernels run: compiled ones, or plain NumPy where compiling is not worth it.

Compiling costs seconds once, loading compiled kernels a fraction of one; a short training is over before.
So the work that is planned decides, and nothing else: not the callbacks, not the verbosity, not whether
something was compiled before. The same call always computes the same bits.
"""

import os
from functools import cache
from types import ModuleType

from minifit import kernels
from minifit.errors import ArgumentError

LONG = 3e9
"""Planned work, in the units of `work`, from which compiling pays: about the nanoseconds that it takes."""

_A_STEP = 25_000
"""What a step of no size at all is worth in these units.

Measured with chains of dense layers: compiled, a step takes 25 microseconds less of Python, and a nanosecond less for
each number that it goes through.
"""


def work(epochs: int, steps: int | None, numbers: int) -> float:
    """The planned work of a call.

    Parameters
    ----------
    epochs : int
    steps : int or None
        In an epoch; unknown counts as without end.
    numbers : int
        How many numbers a step goes through: parameters and a batch of outputs.
    """
    return float("inf") if steps is None else epochs * steps * float(_A_STEP + numbers)


def choose(planned: float) -> ModuleType:
    """The kernels for this much planned work.

    The environment variable ``MINIFIT_KERNELS`` pins the choice: ``numba``, ``numpy`` or ``auto``.

    Raises
    ------
    ArgumentError
        When the variable is anything else, or asks for Numba where it cannot compile.
    """
    wanted = os.environ.get("MINIFIT_KERNELS", "auto")
    if wanted not in ("auto", "numba", "numpy"):
        raise ArgumentError(
            f"MINIFIT_KERNELS must be 'auto', 'numba' or 'numpy'. Received: {wanted!r}. Unset it for 'auto'."
        )
    if wanted == "auto":
        wanted = "numba" if planned >= LONG and kernels.numba_available() else "numpy"
    elif wanted == "numba" and not kernels.numba_available():
        raise ArgumentError(
            f"MINIFIT_KERNELS=numba needs a Numba that compiles. Received: {kernels.numba_missing()}. "
            "Install or enable it, or set MINIFIT_KERNELS=auto."
        )
    return _loaded(wanted)


_loaded = cache(kernels.load)  # asked at every call


def name_of(chosen: ModuleType) -> str:
    """What these kernels are called: "numba" or "numpy"."""
    return "numpy" if chosen is kernels.load("numpy") else "numba"


def report(name: str) -> str:
    """Return a sentence about the engine of this name, and why it is not the other one."""
    if name == "numba":
        return "The engine is numba: compiled kernels."
    if not kernels.numba_available():
        return f"The engine is numpy, since Numba cannot compile: {kernels.numba_missing()}."
    return "The engine is numpy: the planned work is too little for compiling to pay, or MINIFIT_KERNELS says so."
