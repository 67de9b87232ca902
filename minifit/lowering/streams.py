"""Random streams of a program: where their generators are, and normal numbers that are drawn ahead.

The numbers are those that the layers draw op by op, in the same order, and they leave a generator in the same state.
"""

import ctypes
from functools import cache
from typing import Any

import numpy as np

from minifit.arrays import FLOAT, Array
from minifit.lowering.places import Memory, address_of
from minifit.randomness import Streams

AHEAD = 1 << 18
"""The most normal numbers that are drawn ahead, unless a single batch needs more."""


@cache
def draw_address() -> int:
    """Return the address of the function that draws 32 bits from the state of a generator of `Streams`."""
    function: Any = np.random.PCG64(0).ctypes.next_uint32
    return ctypes.cast(function, ctypes.c_void_p).value or 0


class Stream(Memory):
    """A stream that instructions draw from; its generator is made when a first batch is taken.

    Parameters
    ----------
    streams : Streams
    name : str
    seed : int, optional
    """

    def __init__(self, streams: Streams, name: str, seed: int | None) -> None:
        super().__init__(np.zeros(1, np.int64))
        self._streams, self._name, self._seed = streams, name, seed

    def find(self) -> np.random.Generator:
        """Look the generator up, in whose place another one stands after a resume."""
        return self._streams.get(self._name, self._seed)


class Uniforms(Stream):
    """A stream of uniform numbers: the place of the address that its generator's state has."""

    _found: np.random.Generator | None = None

    def find(self) -> np.random.Generator:
        """Look the generator up, and tell where its state is."""
        found = super().find()
        if found is not self._found:
            self._found = found
            self.array[0] = found.bit_generator.ctypes.state_address
        return found


class Normals(Stream):
    """A stream of normal numbers: the place of a cursor through those that were drawn ahead.

    Attributes
    ----------
    width : int
        The numbers that a program takes for one sample.
    """

    def __init__(self, streams: Streams, name: str, seed: int | None) -> None:
        super().__init__(streams, name, seed)
        self.width = 0
        self._numbers = np.empty(0, FLOAT)
        self._before: Any = None

    def fit(self, rows: int) -> int:
        """Return how many batches of so many rows are drawn ahead at most."""
        return max(AHEAD // max(self.width * rows, 1), 1)

    def draw_ahead(self, rows: int) -> None:
        """Draw what batches take that have so many rows altogether."""
        if rows * self.width > self._numbers.size:
            self._numbers = np.empty(rows * self.width, FLOAT)
        self._before = self.find().bit_generator.state
        self._draw(rows)
        self.array[0] = address_of(self._numbers)

    def give_back(self, rows: int) -> None:
        """Leave the generator as if only this many rows had been drawn for."""
        self.find().bit_generator.state = self._before
        self._draw(rows)

    def _draw(self, rows: int) -> None:
        out: Array = self._numbers[: rows * self.width]
        self.find().standard_normal(dtype=FLOAT, out=out)
