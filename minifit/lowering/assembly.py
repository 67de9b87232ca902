"""`Assembly`: a program with its memory and the addresses of its instructions, ready to be carried out."""

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np

from minifit.arrays import ALIGNMENT, Array, aligned_zeros
from minifit.kernels import program as at
from minifit.lowering.places import Cell, Place, Room, address_of
from minifit.lowering.program import Instruction, Program


class Assembly:
    """A program put together.

    Parameters
    ----------
    program : Program
    kernels : module
        The compiled kernels.

    Attributes
    ----------
    sums : ndarray of float64
        Totals and counts, in the order of the program's means.
    frame : ndarray of int64
    """

    def __init__(self, program: Program, kernels: ModuleType) -> None:
        self.program = program
        self.instructions = needed([*program.gathers, *program.checks, *program.body])
        self.sums = np.zeros(max(len(program.sums), 1))
        begin = address_of(self.sums)
        for i, place in enumerate(program.sums):
            place.address = begin + i * self.sums.itemsize
        self.table = np.zeros((len(self.instructions), at.FIELDS), np.int64)
        self.frame = np.zeros(at.FRAME, np.int64)
        self.rows_fit = 0
        self._arena = aligned_zeros(0)
        self._kernels = kernels
        self._addresses = [getattr(kernels.instructions, each.name).address for each in self.instructions]
        fields = [(i, j, f) for i, each in enumerate(self.instructions) for j, f in enumerate(each.fields, 1)]
        self._places = [(i, j, f) for i, j, f in fields if isinstance(f, Place) and not isinstance(f, Cell)]
        self._told: dict[Cell, list[tuple[int, int]]] = {cell: [] for cell in program.cells.values()}
        self.table[:, 0] = self._addresses
        for i, j, f in fields:
            if isinstance(f, float):
                self.table[i, j] = np.float64(f).view(np.int64)
            elif isinstance(f, Cell) and f in self._told:
                self._told[f].append((i, j))
            elif isinstance(f, Place):
                self.table[i, j] = f.address
            else:
                self.table[i, j] = f
        self._call = address_of(self.table), len(self.table), address_of(self.frame)

    def make_room(self, rows: int) -> None:
        """Have memory for batches of so many rows."""
        if rows <= self.rows_fit:
            return
        self.rows_fit = rows
        rooms = dict.fromkeys(f for _, _, f in self._places if isinstance(f, Room))
        sizes = [-(-room.size(rows) // ALIGNMENT) * ALIGNMENT for room in rooms]
        self._arena = aligned_zeros(sum(sizes), np.dtype(np.uint8))
        address = address_of(self._arena)
        for room, size in zip(rooms, sizes, strict=True):
            room.address = address
            address += size
        for i, j, place in self._places:
            self.table[i, j] = place.address

    def tell(self, key: Any, array: Array | None, offset: int = 0) -> None:
        """Tell where the numbers of a cell lie, so many bytes behind the array's; the caller keeps them alive."""
        cell = self.program.cells.get(key)
        if cell is not None:
            address = address_of(array) + offset
            for place in self._told[cell]:
                self.table[place] = address

    def carry_out(self, begin: int, batches: int) -> int:
        """Take so many batches from number `begin` on; returns how many were."""
        done: int = self._kernels.carry_out(*self._call, begin, batches)
        return done


def needed(instructions: Sequence[Instruction]) -> list[Instruction]:
    """Return the instructions without those whose results no later one reads."""
    read: set[Place] = set()
    kept = []
    for each in reversed(instructions):
        if not each.outputs or any(not isinstance(o, Room) or o in read for o in each.outputs):
            kept.append(each)
            read.update(f for f in each.fields[len(each.outputs) :] if isinstance(f, Place))
    return kept[::-1]
