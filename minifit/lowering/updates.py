"""`Updates`: the part of a program that changes weights by their gradients."""

from collections.abc import Callable, Sequence

import numpy as np

from minifit.arrays import Array
from minifit.lowering.places import Memory, Place, Room
from minifit.lowering.values import Unlowered
from minifit.parameters import Parameter
from minifit.signatures import as_written


class Updates:
    """The part of a program that optimizers and constraints write down.

    Attributes
    ----------
    emit : callable
        Appends an instruction: see `Program`.
    """

    emit: Callable[..., None]

    def memory(self, array: Array) -> Memory:
        """Return the place of an array whose numbers change, and that stays where it is."""
        return Memory(array)

    def update(
        self, name: str, changed: tuple[Array, ...], grads: Array, *fields: Place | float | None
    ) -> None:
        """Append an instruction that changes arrays, the weights first, by their gradients: see `lower_update`."""
        self.emit(name, tuple(map(Memory, changed)), Memory(grads), -grads.size, *fields)

    def clip_norm(self, grads: Sequence[Array], norm: float) -> None:
        """Scale gradients so that their common Euclidean norm is at most `norm`."""
        found = None
        for part in grads:
            squares = Room(-1, np.dtype(np.float64))
            self.emit("add_squares", squares, found, Memory(part), -part.size)
            found = squares
        for part in grads:
            self.update("clip_norm", (part,), part, found, norm)

    def constrain(self, parameter: Parameter) -> None:
        """Replace the numbers of a weight by what its constraint makes of them."""
        constraint = parameter.constraint
        if "lower" not in vars(type(constraint)) or not as_written(constraint, "__call__"):
            raise Unlowered(f"the constraint of {parameter.name}, which is the user's own")
        constraint.lower(self, parameter)
