"""The content of an HDF5 file as plain values: groups, attributes and arrays."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any, TypeAlias

import numpy as np

from minifit.arrays import Array, Shape
from minifit.saving.description import StoredArray

Attribute: TypeAlias = str | int | float | list[str] | Array
"""A string is stored as UTF-8 of variable length, a list of strings as UTF-8 bytes of fixed length."""


@dataclass(frozen=True)
class Joined:
    """Bytes from several places in memory that are stored contiguously, as one array, without a copy."""

    parts: Sequence[bytes | memoryview]
    dtype = np.dtype(np.uint8)

    @property
    def shape(self) -> Shape:
        """The shape of the array: the number of bytes."""
        return (sum(map(len, self.parts)),)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.frombuffer(b"".join(self.parts), self.dtype)


@dataclass
class Group:
    """A group of an HDF5 file.

    Attributes
    ----------
    attributes : dict
    members : dict of str to Group, ndarray, Joined or StoredArray
        By names without a slash. When reading, arrays are stored arrays.
    """

    attributes: dict[str, Attribute] = field(default_factory=dict)
    members: "dict[str, Group | Array | StoredArray]" = field(default_factory=dict)

    @property
    def numbers(self) -> int:
        """The total size of all arrays in the group and its groups."""
        return sum(m.numbers if isinstance(m, Group) else prod(m.shape) for m in self.members.values())
