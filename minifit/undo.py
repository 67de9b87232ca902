"""The changes that a step makes before it is taken, so that they can be undone.

Layers move averages and draw random numbers while they compute, and metrics add up before the weights change. When the
step does not come to its end, by an error or an interrupt, all of that goes back to where it was.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from minifit import interrupts
from minifit.arrays import Array


class Undo:
    """The changes of one step, in their order; empty as long as there is none, and when the step has been taken.

    Attributes
    ----------
    changes : list of tuple
        Functions with the arguments that bring back what was before.
    """

    __slots__ = ("changes", "generators")

    def __init__(self) -> None:
        self.changes: list[tuple[Any, ...]] = []
        self.generators: set[np.random.Generator] = set()

    def keep(self, array: Array) -> None:
        """Remember the numbers of an array that is about to change in place."""
        self.changes.append((np.copyto, array, array.copy()))

    def keep_place(self, generator: np.random.Generator) -> None:
        """Remember where a generator is that is about to be drawn from."""
        if generator not in self.generators:
            bits = generator.bit_generator
            self.changes.append((setattr, bits, "state", bits.state))
            self.generators.add(generator)

    def then(self, function: Callable[..., None], *arguments: Any) -> None:
        """Call a function to undo the step; it brings back what is about to change."""
        self.changes.append((function, *arguments))

    def forget(self) -> None:
        """Let the changes stand: the step has been taken."""
        self.changes.clear()
        self.generators.clear()

    def undo(self) -> None:
        """Bring back what was before, the latest change first; may be called again where it broke off."""
        if self.changes:
            with interrupts.held():
                while self.changes:
                    function, *arguments = self.changes[-1]
                    function(*arguments)
                    self.changes.pop()
                self.generators.clear()


class TrialUndo(Undo):
    """The changes of a trial on zeros. What was drawn stays drawn, so that weights made in two trials differ."""

    __slots__ = ()

    def keep_place(self, generator: np.random.Generator) -> None:
        """Leave the generator where it will be."""
