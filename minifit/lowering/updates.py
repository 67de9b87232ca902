"""`Updates`: the part of a program that updates weights by their gradients."""

from collections.abc import Callable, Sequence

import numpy as np

from minifit.arrays import Array
from minifit.lowering.places import Memory, Place, Room
from minifit.lowering.values import Unlowered
from minifit.parameters import Parameter
from minifit.signatures import as_written


class Updates:
    """The part of a program that optimizers and constraints use.

    Attributes
    ----------
    emit : callable
        The method `Program.emit`.
    """

    emit: Callable[..., None]

    def memory(self, array: Array) -> Memory:
        """Return the place of an array whose numbers may change but whose memory may not be replaced."""
        return Memory(array)

    def update(
        self, name: str, changed: tuple[Array, ...], grads: Array, *fields: Place | float | None
    ) -> None:
        """Append an instruction that updates arrays, the weights first, by their gradients: see `lower_update`."""
        self.emit(name, tuple(map(Memory, changed)), Memory(grads), -grads.size, *fields)

    def clip_norm(self, grads: Sequence[Array], norm: float) -> None:
        """Scale gradients so that their common Euclidean norm is at most `norm`."""
        total = None
        for part in grads:
            squares = Room(-1, np.dtype(np.float64))
            self.emit("add_squares", squares, total, Memory(part), -part.size)
            total = squares
        for part in grads:
            self.update("clip_norm", (part,), part, total, norm)

    def constrain(self, parameter: Parameter) -> None:
        """Apply the constraint of a weight."""
        constraint = parameter.constraint
        if "lower" not in vars(type(constraint)) or not as_written(constraint, "__call__"):
            raise Unlowered(f"the constraint of {parameter.name}, which is the user's own")
        constraint.lower(self, parameter)
