"""What an HDF5 file holds, as plain values: groups, attributes and arrays."""

from dataclasses import dataclass, field
from math import prod
from typing import TypeAlias

from minifit.arrays import Array
from minifit.saving.description import StoredArray

Attribute: TypeAlias = str | int | float | list[str] | Array
"""A string is stored as UTF-8 of variable length, a list of strings as UTF-8 bytes of fixed length."""


@dataclass
class Group:
    """A group of an HDF5 file.

    Attributes
    ----------
    attributes : dict
    members : dict of str to Group, ndarray or StoredArray
        Names without a slash. Reading gives stored arrays.
    """

    attributes: dict[str, Attribute] = field(default_factory=dict)
    members: "dict[str, Group | Array | StoredArray]" = field(default_factory=dict)

    @property
    def numbers(self) -> int:
        """How many numbers all the arrays in it hold, those of its groups too."""
        return sum(m.numbers if isinstance(m, Group) else prod(m.shape) for m in self.members.values())
