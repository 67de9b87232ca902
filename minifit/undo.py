"""The undo log of a step: the changes that it makes before it is complete.

While a step computes, layers move averages and draw random numbers, and metrics add up, before the weights change. If
an error or an interrupt ends the step, all of these changes are undone.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from minifit import interrupts
from minifit.arrays import Array


class Undo:
    """The changes of one step, in order; empty before the first change and after a complete step.

    Attributes
    ----------
    changes : list of tuple
        Functions with the arguments that restore the earlier values.
    """

    __slots__ = ("changes", "generators")

    def __init__(self) -> None:
        self.changes: list[tuple[Any, ...]] = []
        self.generators: set[np.random.Generator] = set()

    def keep(self, array: Array) -> None:
        """Record the numbers of an array, before it changes in place."""
        self.changes.append((np.copyto, array, array.copy()))

    def keep_place(self, generator: np.random.Generator) -> None:
        """Record the position of a generator, before numbers are drawn from it."""
        if generator not in self.generators:
            bits = generator.bit_generator
            self.changes.append((setattr, bits, "state", bits.state))
            self.generators.add(generator)

    def then(self, function: Callable[..., None], *arguments: Any) -> None:
        """Record a function that restores what is about to change."""
        self.changes.append((function, *arguments))

    def forget(self) -> None:
        """Keep the changes, since the step is complete."""
        self.changes.clear()
        self.generators.clear()

    def undo(self) -> None:
        """Undo the changes, the latest first; if an interrupt cuts this off, it can be called again."""
        if self.changes:
            with interrupts.held():
                while self.changes:
                    function, *arguments = self.changes[-1]
                    function(*arguments)
                    self.changes.pop()
                self.generators.clear()


class TrialUndo(Undo):
    """The changes of a trial run on zeros. Generators keep their new position, so that weights of two trials differ."""

    __slots__ = ()

    def keep_place(self, generator: np.random.Generator) -> None:
        """Record nothing: the generator keeps its new position."""
