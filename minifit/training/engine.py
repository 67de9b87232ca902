"""Which kernels run: compiled ones, or plain NumPy where compiling is not worth it.

Compiling takes a good part of a second once, and a short training is over before. So what a call is about to do
decides, together with what the model was called for before, and nothing else: not the callbacks, not the verbosity,
not the clock, not whether something was compiled already. The same calls in the same order always compute the same
bits.
"""

import os
from collections.abc import Callable
from functools import cache
from types import ModuleType

from minifit import kernels
from minifit.errors import ArgumentError

SAVED = {"train": (120_000, 1.0), "test": (60_000, 0.25), "predict": (20_000, 0.25)}
"""Nanoseconds that a step saves as a program: by itself, and for each number that it goes through.

Measured with chains of one to eight dense layers, where it is the least.
"""

IMPORT, A_KIND = 1e8, 1.2e7
"""Nanoseconds that it takes to load LLVM, and to compile a kind of instruction from the archive of them."""

OP_BY_OP = 1.5e10
"""The cost where there is no program: three seconds, for kernels of single ops that save a fifth."""

LEAST = IMPORT + A_KIND
"""Below that no program is worth being written down."""


def saved(kind: str, epochs: int, steps: int | None, numbers: int) -> float:
    """Return what a call would save by compiled kernels, in nanoseconds.

    Parameters
    ----------
    kind : {"train", "test", "predict"}
    epochs : int
    steps : int or None
        In an epoch; unknown counts as without end.
    numbers : int
        How many numbers a step goes through: parameters and a batch of outputs.
    """
    a_step, a_number = SAVED[kind]
    return float("inf") if steps is None else epochs * steps * (a_step + a_number * numbers)


def cost(kinds: int) -> float:
    """Return what it costs to compile a program of so many kinds of instructions; with none there is no program."""
    return IMPORT + A_KIND * kinds if kinds else OP_BY_OP


class Demand:
    """The time that compiled kernels would have saved the calls of a model so far.

    A loop that calls `train_on_batch` a million times plans a single batch each time. So the calls add up, training,
    judging and predicting each by itself, and from the one on that makes it worth while all are compiled.
    """

    def __init__(self) -> None:
        self._saved: dict[str, float] = {}
        self._ask_at: dict[str, float] = {}  # where it next makes a difference what compiling costs
        self._paid: set[str] = set()  # the kinds of calls that are compiled from now on

    def pays(self, kind: str, planned: float, cost: Callable[[], float], counts: bool = True) -> bool:
        """Return whether compiling pays for a call.

        Parameters
        ----------
        kind : str
        planned : float
            What this call would save.
        cost : callable
            Returns what compiling costs.
        counts : bool, default True
            Whether the call counts for later ones.
        """
        if kind in self._paid:
            return True
        total = planned + self._saved.get(kind, 0.0)
        counts = counts and planned < float("inf")
        if counts:
            self._saved[kind] = total
        if total < self._ask_at.get(kind, LEAST) and planned < LEAST:
            return False
        price = cost()
        if counts and price <= total:
            self._paid.add(kind)
        elif counts:
            self._ask_at[kind] = min(price, 2 * total)  # until then it may have become another model
        return price <= total

    def apart(self) -> "Demand":
        """Return the same, for calls that do not count."""
        other = Demand()
        other._saved, other._ask_at, other._paid = dict(self._saved), dict(self._ask_at), set(self._paid)
        return other


def choose(pays: Callable[[], bool]) -> ModuleType:
    """Return the kernels for a call.

    The environment variable ``MINIFIT_KERNELS`` pins the choice: ``numba``, ``numpy`` or ``auto``.

    Parameters
    ----------
    pays : callable
        Returns whether compiling pays; not asked where the choice is pinned.

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
        wanted = "numba" if pays() and kernels.numba_available() else "numpy"
    elif wanted == "numba" and not kernels.numba_available():
        raise ArgumentError(
            f"MINIFIT_KERNELS=numba needs a Numba that compiles. Received: {kernels.numba_missing()}. "
            "Install or enable it, or set MINIFIT_KERNELS=auto."
        )
    return _loaded(wanted)


_loaded: Callable[[str], ModuleType] = cache(kernels.load)  # asked at every call


def name_of(chosen: ModuleType) -> str:
    """Return the name of these kernels: "numba" or "numpy"."""
    return "numpy" if chosen is kernels.load("numpy") else "numba"


def report(name: str) -> str:
    """Return a sentence about the engine of this name, and why it is not the other one."""
    if name == "numba":
        return "The engine is numba: compiled kernels."
    if not kernels.numba_available():
        return f"The engine is numpy, since Numba cannot compile: {kernels.numba_missing()}."
    return "The engine is numpy: compiling would not have paid, or MINIFIT_KERNELS says so."
