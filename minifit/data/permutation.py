"""A random order of the numbers 0 to n - 1, for a shuffled pass.

Up to a million numbers, the order is an array. For a thousand million numbers an array would take eight gigabytes,
possibly more than the rows themselves. So a longer order is not stored but computed, a stretch at a time.
"""

from math import isqrt
from typing import TypeAlias

import numpy as np

from minifit.arrays import Array

LISTED = 2**20
"""The length up to which an order is an array: 8 MB."""

STRETCH = 2**16
"""The number of entries of a longer order that are computed together."""

ROUNDS = 4


def permutation(n: int, rng: np.random.Generator) -> "Order":
    """Return the numbers 0 to n - 1 in random order; a slice of the result is an array of int64."""
    return rng.permutation(n) if n <= LISTED else Computed(n, rng)


class Computed:
    """A random order of 0 to n - 1, in memory that grows with the square root of n.

    Parameters
    ----------
    n : int
    rng : numpy.random.Generator

    Notes
    -----
    A number is written as ``left * side + right`` with both below ``side``, the square root of n rounded up. A round
    replaces them by

        left, right = right, (left + F[right]) mod side

    with a table F of random numbers. A round is invertible, so several rounds are a permutation of all numbers below
    ``side ** 2``. The rounds are repeated for a result that is not below n, until it is.

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
        """Return the numbers at some places."""
        numbers = self._rounds(places)
        while len(beyond := np.flatnonzero(numbers >= self._n)):
            numbers[beyond] = self._rounds(numbers[beyond])
        return numbers

    def _rounds(self, numbers: Array) -> Array:
        left, right = np.divmod(numbers, self._side)
        for table in self._tables:
            left, right = right, (left + table[right]) % self._side
        return left * self._side + right


Order: TypeAlias = Array | Computed
