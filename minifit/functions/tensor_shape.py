"""`TensorShape`: a shape with TensorFlow's methods, which is a tuple and goes wherever a shape goes."""

from collections.abc import Iterable
from math import prod
from typing import Any

from minifit.errors import ArgumentTypeError, ShapeError, quoted


class TensorShape(tuple[int | None, ...]):
    """The length of every axis, None where it may be any.

    Parameters
    ----------
    dims : list or tuple of int or None

    Raises
    ------
    ArgumentTypeError
        For anything else, such as the None of a shape of which not even the number of axes is known.

    Examples
    --------
    >>> TensorShape([None, 3]).as_list()
    [None, 3]

    References
    ----------
    ``tf.TensorShape`` (TensorFlow 2.7).
    """

    __slots__ = ()

    def __new__(cls, dims: Iterable[Any]) -> "TensorShape":
        """Make it of numbers of any kind."""
        if not isinstance(dims, Iterable) or isinstance(dims, str):
            raise ArgumentTypeError(
                f"A shape is a list of lengths. Received: {quoted(dims)}. Pass for example [None, 3]."
            )
        return super().__new__(cls, (None if n is None else int(n) for n in dims))

    @property
    def rank(self) -> int:
        """The number of axes."""
        return len(self)

    ndims = rank

    @property
    def dims(self) -> list[int | None]:
        """The lengths."""
        return list(self)

    def as_list(self) -> list[int | None]:
        """Return the lengths as a list."""
        return list(self)

    def is_fully_defined(self) -> bool:
        """Return whether no length is None."""
        return None not in self

    def num_elements(self) -> int | None:
        """Return how many numbers there are; None if a length is None."""
        return prod(n or 0 for n in self) if self.is_fully_defined() else None

    def is_compatible_with(self, other: Iterable[Any]) -> bool:
        """Return whether a tensor may have both shapes."""
        theirs = TensorShape(other)
        return len(self) == len(theirs) and all(
            a == b or a is None or b is None for a, b in zip(self, theirs, strict=True)
        )

    def assert_is_compatible_with(self, other: Iterable[Any]) -> None:
        """Raise `ShapeError` unless a tensor may have both shapes."""
        if not self.is_compatible_with(other):
            raise ShapeError(
                f"Two shapes were to be compatible. Received: {tuple(self)} and {tuple(other)}. Reshape one tensor."
            )
