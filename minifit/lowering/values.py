"""`Value`: a tensor of a program, with a shape and a place but no numbers."""

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from minifit import ops
from minifit.arrays import FLOAT
from minifit.lowering.places import Place
from minifit.symbolic import Symbolic

ValueShape = tuple[int | None, ...]


class Unlowered(Exception):
    """A part of a model that cannot be lowered to a program. Its text names the part: "the op 'cumsum'".

    Attributes
    ----------
    layer : str or None
        The layer that contains the part: "the layer 'dense' of class Dense".
    """

    layer: str | None = None

    def __str__(self) -> str:
        part = super().__str__()
        return part if self.layer is None or part.startswith(self.layer) else f"{part}, in {self.layer}"


class Value(Symbolic):
    """The result of instructions.

    Parameters
    ----------
    program : Program
    shape : tuple of int or None
        The shape. The first axis is None for the rows of a batch; weights and constants have no such axis.
    storage : Storage
        The memory, shared with all views of the same numbers, such as those of `reshape`.
    requires_grad : bool, default False
        Whether a gradient flows back into it.

    Attributes
    ----------
    logits : Value or None
        The argument of the sigmoid or softmax that returned this value; cross-entropies are computed from it.
    of_softmax : bool
        Whether a softmax returned it, which keeps the order of the logits; a sigmoid rounds many of them to 1.
    """

    __slots__ = ("logits", "of_softmax", "program", "requires_grad", "shape", "storage")

    def __init__(
        self, program: Any, shape: ValueShape, storage: "Storage", requires_grad: bool = False
    ) -> None:
        self.program, self.shape, self.storage, self.requires_grad = program, shape, storage, requires_grad
        self.logits: Value | None = None
        self.of_softmax = False

    @property
    def place(self) -> Place:
        """The place of its numbers."""
        return self.storage.place

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype: float32, or int64 for class numbers."""
        return self.storage.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    rank = ndim

    @property
    def of_batch(self) -> bool:
        """True if it has a row for each sample."""
        return self.shape[:1] == (None,)

    @property
    def count(self) -> int:
        """The number of its numbers as a program counts them: per sample, or all of them, negated."""
        return prod(n or 1 for n in self.shape[1:]) if self.of_batch else -prod(n or 1 for n in self.shape)

    @property
    def rows(self) -> int:
        """The number of rows of its matrix, over all axes but the last, as a program counts them."""
        if self.of_batch:
            return prod(n or 1 for n in self.shape[1:-1])
        return -prod(n or 1 for n in self.shape[:-1])

    @property
    def columns(self) -> int:
        """The length of its last axis; 1 for a value of one number per sample."""
        return (self.shape[-1] or 1) if self.shape else 1

    def of_op(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Lower an op and return its result."""
        return self.program.apply(function, args, kwargs)

    def __eq__(self, other: object) -> Any:
        """Compare the elements, as tensors do; dicts and sets compare values by identity."""
        return NotImplemented if other is None else self.program.by_rule(ops.equal, self, other)

    def __ne__(self, other: object) -> Any:
        return NotImplemented if other is None else 1.0 - self.program.by_rule(ops.equal, self, other)

    __hash__ = object.__hash__

    def converted(self, dtype: Any) -> Any:
        """Return the same numbers in another dtype."""
        if np.dtype(dtype) != FLOAT:
            raise Unlowered(f"numbers of dtype {np.dtype(dtype)}")
        return self.program.floats(self)

    def sum(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Return the sum over an axis."""
        return self.program.by_rule(ops.sum, self, axis, keepdims)

    def mean(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Return the mean over an axis."""
        return self.program.by_rule(ops.mean, self, axis, keepdims)

    def reshape(self, *shape: Any) -> Any:
        """Return the same numbers in another shape."""
        sizes = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple) else shape
        return self.program.by_rule(ops.reshape, self, sizes)

    @property
    def value(self) -> Any:
        """Always raises: code that needs the numbers, such as a branch on them, cannot be lowered."""
        raise self._no_numbers("numbers")

    def _no_numbers(self, expected: str) -> Any:
        return Unlowered(f"an op or a branch that needs {expected} while the step is lowered")

    def __repr__(self) -> str:
        return f"<Value of shape {self.shape}>"


class Storage:
    """The numbers of one or several values, and the gradient with respect to them.

    Attributes
    ----------
    place : Place
    dtype : numpy.dtype
    grad : Place or None
        The place of the gradient; None until an instruction writes it.
    grad_place : Place or None
        The place where the gradient must be written, in the gradient buffer of a weight; None for any place.
    """

    __slots__ = ("dtype", "grad", "grad_place", "place")

    def __init__(self, place: Place, dtype: np.dtype[Any] = FLOAT, grad_place: Place | None = None) -> None:
        self.place, self.dtype, self.grad_place = place, dtype, grad_place
        self.grad: Place | None = None
