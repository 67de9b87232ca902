"""`TensorShape`: a tuple with the methods of TensorFlow's shapes, usable wherever a shape is.

The shape of a tensor is one; `Shaped` has the methods of tensors that concern their shape and their identity.
"""

from collections.abc import Iterable
from math import prod
from typing import Any

from minifit.errors import ArgumentTypeError, ShapeError, quoted


class TensorShape(tuple[Any, ...]):
    """The lengths of the axes; None is any length.

    Parameters
    ----------
    dims : list or tuple of int or None

    Raises
    ------
    ArgumentTypeError
        For anything else, such as None for a shape with an unknown number of axes.

    Examples
    --------
    >>> TensorShape([None, 3]).as_list()
    [None, 3]
    >>> TensorShape([None, 3])[1:].concatenate([2])
    (3, 2)

    References
    ----------
    ``tf.TensorShape`` (TensorFlow 2.7).
    """

    __slots__ = ()

    def __new__(cls, dims: Iterable[Any]) -> "TensorShape":
        """Create a shape from numbers of any type."""
        if not isinstance(dims, Iterable) or isinstance(dims, str):
            raise ArgumentTypeError(
                f"A shape must be a list of lengths. Received: {quoted(dims)}. Pass for example [None, 3]."
            )
        return super().__new__(cls, (None if n is None else int(n) for n in dims))

    def __eq__(self, other: object) -> bool:
        return tuple.__eq__(self, tuple(other) if isinstance(other, list) else other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = tuple.__hash__

    def __getitem__(self, place: Any) -> Any:
        """Return the length of an axis, or the shape of a slice of the axes."""
        lengths = super().__getitem__(place)
        return quick(lengths) if isinstance(place, slice) else lengths

    def __add__(self, other: Any) -> "TensorShape":
        return TensorShape((*self, *other))

    def __radd__(self, other: Any) -> "TensorShape":
        return TensorShape((*other, *self))

    def concatenate(self, other: Iterable[Any]) -> "TensorShape":
        """Return the shape followed by the axes of another."""
        return self + other

    @property
    def rank(self) -> int:
        """Number of axes."""
        return len(self)

    ndims = rank

    @property
    def dims(self) -> list[int | None]:
        """Lengths of the axes."""
        return list(self)

    def as_list(self) -> list[int | None]:
        """Return the lengths as a list."""
        return list(self)

    def is_fully_defined(self) -> bool:
        """Return True if no length is None."""
        return None not in self

    def num_elements(self) -> int | None:
        """Return the number of elements; None if a length is None."""
        return prod(n or 0 for n in self) if self.is_fully_defined() else None

    def is_compatible_with(self, other: Iterable[Any]) -> bool:
        """Return True if a tensor may have both shapes."""
        theirs = TensorShape(other)
        return len(self) == len(theirs) and all(
            a == b or a is None or b is None for a, b in zip(self, theirs, strict=True)
        )

    def assert_is_compatible_with(self, other: Iterable[Any]) -> None:
        """Raise `ShapeError` unless a tensor may have both shapes."""
        if not self.is_compatible_with(other):
            raise ShapeError(
                f"The two shapes must be compatible. Received: {tuple(self)} and {tuple(other)}. Reshape one tensor."
            )


def quick(shape: tuple[Any, ...]) -> TensorShape:
    """Return a `TensorShape` of a tuple of lengths, without validation."""
    return tuple.__new__(TensorShape, shape)


class Reference:
    """A hashable reference to a tensor: equal to another if both refer to the same tensor, whatever its values are.

    References
    ----------
    ``tf.Tensor.ref`` (TensorFlow 2.7).
    """

    __slots__ = ("_tensor",)

    def __init__(self, tensor: Any) -> None:
        self._tensor = tensor

    def deref(self) -> Any:
        """Return the tensor."""
        return self._tensor

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reference) and self._tensor is other._tensor

    def __hash__(self) -> int:
        return id(self._tensor)

    def __repr__(self) -> str:
        return f"<Reference wrapping {self._tensor!r}>"


class Shaped:
    """The methods of tensors that concern shape and identity, for tensors with and without values."""

    __slots__ = ()
    shape: Any

    def get_shape(self) -> TensorShape:
        """Return the shape."""
        return quick(self.shape)

    def set_shape(self, shape: Iterable[Any] | None) -> None:
        """Raise `ShapeError` unless the tensor may have this shape, in which None means any length."""
        if shape is not None:
            self.get_shape().assert_is_compatible_with(shape)

    def ref(self) -> Reference:
        """Return a key for dicts and sets."""
        return Reference(self)
