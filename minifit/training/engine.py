"""The choice of kernels: compiled ones, or plain NumPy where compiling is not worth it.

Compiling takes a good part of a second, and a short training ends before that. So the work that a call plans decides,
together with the earlier calls of the model, and nothing else: not the callbacks, not the verbosity, not the clock, not
whether something is compiled already. The same calls in the same order always compute the same bits.
"""

import os
from collections.abc import Callable
from functools import cache
from types import ModuleType

from minifit import kernels
from minifit.errors import ArgumentError

SAVED = {"train": (120_000, 1.0), "test": (60_000, 0.25), "predict": (20_000, 0.25)}
"""Nanoseconds that a program saves: for each step, and for each number that the step computes with.

Measured with chains of one to eight dense layers, which save the least.
"""

IMPORT, A_KIND = 1e8, 1.2e7
"""Nanoseconds to load LLVM, and to compile one kind of instruction from the archive."""

OP_BY_OP = 1.5e10
"""The cost in nanoseconds where there is no program: three seconds of compiling single ops, which save a fifth."""

LEAST = IMPORT + A_KIND
"""The lowest cost of any program, in nanoseconds."""


def saved(kind: str, epochs: int, steps: int | None, numbers: int) -> float:
    """Return the time that compiled kernels would save a call, in nanoseconds.

    Parameters
    ----------
    kind : {"train", "test", "predict"}
    epochs : int
    steps : int or None
        The steps in an epoch; None means unknown and counts as infinitely many.
    numbers : int
        How many numbers a step computes with: parameters and a batch of outputs.
    """
    a_step, a_number = SAVED[kind]
    return float("inf") if steps is None else epochs * steps * (a_step + a_number * numbers)


def cost(kinds: int) -> float:
    """Return the time to compile a program with so many kinds of instructions; 0 kinds mean that there is no program.

    The result is in nanoseconds.
    """
    return IMPORT + A_KIND * kinds if kinds else OP_BY_OP


class Demand:
    """The time that compiled kernels would have saved the calls of a model so far.

    A loop that calls `train_on_batch` a million times plans a single batch each time. So the savings of calls add up,
    separately for training, evaluation and prediction. Once they exceed the cost of compiling, all later calls are
    compiled.
    """

    def __init__(self) -> None:
        self._saved: dict[str, float] = {}
        # the savings at which to compute the cost of compiling again
        self._ask_at: dict[str, float] = {}
        # the kinds of calls that are compiled from now on
        self._paid: set[str] = set()

    def pays(self, kind: str, planned: float, cost: Callable[[], float], counts: bool = True) -> bool:
        """Return whether compiling pays for a call.

        Parameters
        ----------
        kind : str
        planned : float
            The time that this call would save.
        cost : callable
            Returns the time that compiling takes.
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
            # the model may change meanwhile, and with it the cost
            self._ask_at[kind] = min(price, 2 * total)
        return price <= total

    def apart(self) -> "Demand":
        """Return a copy, for calls that must not count."""
        other = Demand()
        other._saved, other._ask_at, other._paid = dict(self._saved), dict(self._ask_at), set(self._paid)
        return other


def choose(pays: Callable[[], bool]) -> ModuleType:
    """Return the kernels for a call.

    The environment variable ``MINIFIT_KERNELS`` pins the choice: ``numba``, ``numpy`` or ``auto``.

    Parameters
    ----------
    pays : callable
        Returns whether compiling pays; not called when the variable pins the choice.

    Raises
    ------
    ArgumentError
        When the variable has another value, or names Numba where Numba cannot compile.
    """
    name = os.environ.get("MINIFIT_KERNELS", "auto")
    if name not in ("auto", "numba", "numpy"):
        raise ArgumentError(
            f"MINIFIT_KERNELS must be 'auto', 'numba' or 'numpy'. Received: {name!r}. Unset it for 'auto'."
        )
    if name == "auto":
        name = "numba" if pays() and kernels.numba_available() else "numpy"
    elif name == "numba" and not kernels.numba_available():
        raise ArgumentError(
            f"MINIFIT_KERNELS=numba needs a Numba that compiles. Received: {kernels.numba_missing()}. "
            "Install or enable it, or set MINIFIT_KERNELS=auto."
        )
    return _load(name)


# cached, since every call of a model asks
_load: Callable[[str], ModuleType] = cache(kernels.load)


def name_of(chosen: ModuleType) -> str:
    """Return the name of these kernels: "numba" or "numpy"."""
    return "numpy" if chosen is kernels.load("numpy") else "numba"


def report(name: str) -> str:
    """Return a sentence that names the engine and says why it was chosen."""
    if name == "numba":
        return "The engine is numba: compiled kernels."
    if not kernels.numba_available():
        return f"The engine is numpy, since Numba cannot compile: {kernels.numba_missing()}."
    return "The engine is numpy: compiling would not have paid, or MINIFIT_KERNELS says so."
