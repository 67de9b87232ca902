"""Random streams of a program: the addresses of their generators, and normal numbers drawn ahead.

A program draws the same numbers as the layers draw op by op, in the same order, and leaves each generator in the same
state.
"""

import ctypes
from functools import cache
from typing import Any

import numpy as np

from minifit.arrays import FLOAT, Array
from minifit.lowering.places import Memory, address_of
from minifit.randomness import Streams

AHEAD = 1 << 18
"""The largest number of normal numbers to draw ahead, unless a single batch needs more."""


@cache
def draw_address() -> int:
    """Return the address of the function that draws 32 bits from the state of a generator in `Streams`."""
    function: Any = np.random.PCG64(0).ctypes.next_uint32
    return ctypes.cast(function, ctypes.c_void_p).value or 0


class Stream(Memory):
    """A stream from which instructions draw; its generator is created at the first batch.

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
        """Look up the generator, which a resume replaces by another one."""
        return self._streams.get(self._name, self._seed)


class Uniforms(Stream):
    """A stream of uniform numbers: a place that holds the address of its generator's state."""

    _generator: np.random.Generator | None = None

    def find(self) -> np.random.Generator:
        """Look up the generator, and store the address of its state."""
        generator = super().find()
        if generator is not self._generator:
            self._generator = generator
            self.array[0] = generator.bit_generator.ctypes.state_address
        return generator


class Normals(Stream):
    """A stream of normal numbers: a place that holds a cursor into the numbers drawn ahead.

    Attributes
    ----------
    width : int
        The count of numbers that the program uses per sample.
    """

    def __init__(self, streams: Streams, name: str, seed: int | None) -> None:
        super().__init__(streams, name, seed)
        self.width = 0
        self._numbers = np.empty(0, FLOAT)
        self._before: Any = None

    def fit(self, rows: int) -> int:
        """Return the largest number of batches of `rows` rows to draw ahead for."""
        return max(AHEAD // max(self.width * rows, 1), 1)

    def draw_ahead(self, rows: int) -> None:
        """Draw the numbers for batches of `rows` rows altogether."""
        if rows * self.width > self._numbers.size:
            self._numbers = np.empty(rows * self.width, FLOAT)
        self._before = self.find().bit_generator.state
        self._draw(rows)
        self.array[0] = address_of(self._numbers)

    def give_back(self, rows: int) -> None:
        """Reset the generator to its state after drawing for only `rows` rows."""
        self.find().bit_generator.state = self._before
        self._draw(rows)

    def _draw(self, rows: int) -> None:
        out: Array = self._numbers[: rows * self.width]
        self.find().standard_normal(dtype=FLOAT, out=out)
