"""A random order of the numbers 0 to n - 1: what a shuffled pass goes by.

Up to a million numbers it is a list of them. A list of a thousand million would take eight gigabytes, more than the
rows that it puts in order may take; so a longer order is not kept but computed, a stretch at a time.
"""

from math import isqrt
from typing import TypeAlias

import numpy as np

from minifit.arrays import Array

LISTED = 2**20
"""Up to so many numbers the order is a list: 8 MB."""

STRETCH = 2**16
"""Numbers of a longer order that are computed at once."""

ROUNDS = 4


def permutation(n: int, rng: np.random.Generator) -> "Order":
    """The numbers 0 to n - 1 in random order; a slice of it is an array of int64."""
    return rng.permutation(n) if n <= LISTED else Computed(n, rng)


class Computed:
    """A random order of 0 to n - 1 in memory that grows with the root of n.

    Parameters
    ----------
    n : int
    rng : numpy.random.Generator

    Notes
    -----
    A number is written as ``left * side + right`` with both below ``side``, the root of n. A round makes of it

        left, right = right, (left + F[right]) mod side

    with a table F of random numbers. A round can be undone, so several of them are a permutation of all numbers
    below ``side ** 2``. A result that is not below n goes through the rounds again until it is.

    References
    ----------
    Luby and Rackoff, "How to construct pseudorandom permutations from pseudorandom functions", 1988.
    Black and Rogaway, "Ciphers with arbitrary finite domains", 2002.
    """

    def __init__(self, n: int, rng: np.random.Generator) -> None:
        self._n = n
        self._side = isqrt(n - 1) + 1
        self._tables = rng.integers(self._side, size=(ROUNDS, self._side))
        self._first = 0
        self._stretch: Array = np.empty(0, np.int64)

    def __len__(self) -> int:
        return self._n

    def __getitem__(self, part: slice) -> Array:
        first, last, _ = part.indices(self._n)
        if not self._first <= first <= last <= self._first + len(self._stretch):
            until = min(max(last, first + STRETCH), self._n)
            self._first, self._stretch = first, self.at(np.arange(first, until))
        return self._stretch[first - self._first : last - self._first]

    def at(self, places: Array) -> Array:
        """The numbers at some places."""
        found = self._rounds(places)
        while len(beyond := np.flatnonzero(found >= self._n)):
            found[beyond] = self._rounds(found[beyond])
        return found

    def _rounds(self, numbers: Array) -> Array:
        left, right = np.divmod(numbers, self._side)
        for table in self._tables:
            left, right = right, (left + table[right]) % self._side
        return left * self._side + right


Order: TypeAlias = Array | Computed
