"""`Assembly`: a program with its memory and the addresses of its instructions, ready to be carried out."""

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from math import isfinite
from types import ModuleType
from typing import Any

import numpy as np

from minifit import interrupts
from minifit.arrays import ALIGNMENT, FLOAT, Array, aligned_zeros
from minifit.kernels import program as at
from minifit.lowering.peephole import descending
from minifit.lowering.places import Cell, Place, Room, address_of
from minifit.lowering.program import Instruction, Program
from minifit.lowering.streams import Normals, Uniforms


class Assembly:
    """A program put together.

    Parameters
    ----------
    program : Program
    kernels : module
        The compiled kernels.
    columns : list
        The keys of the columns that a batch may have, in the order in which `tell_columns` is told of them.

    Attributes
    ----------
    sums : ndarray of float64
        Totals and counts, in the order of the program's means.
    uniforms, normals : list of Stream
        Where it draws from.
    frame : ndarray of int64
    results : list of tuple
        The key, the shape of a row and its bytes, of each output.
    totals : list of float
        What `sums` hold, as far as it was put there or read.
    """

    def __init__(self, program: Program, kernels: ModuleType, columns: Sequence[Any] = ()) -> None:
        self.program = program
        drawn = program.drawn.values()
        self.uniforms = [s for s in drawn if isinstance(s, Uniforms)]
        self.normals = [s for s in drawn if isinstance(s, Normals)]
        self.instructions = instructions_of(program)
        self.sums = np.zeros(max(len(program.sums), 1))
        begin = address_of(self.sums)
        for i, place in enumerate(program.sums):
            place.address = begin + i * self.sums.itemsize
        self.table = np.zeros((len(self.instructions), at.FIELDS), np.int64)
        self.frame = np.zeros(at.FRAME, np.int64)
        self.totals: list[float] = []
        self._sound = False  # as the frame says
        self.results = [
            (("result", i), tuple(n or 1 for n in value.shape[1:]), value.count * FLOAT.itemsize)
            for i, value in enumerate(program.results)
        ]
        self.rows_fit = 0
        self._arena = aligned_zeros(0)
        self._kernels = kernels
        fields = [(i, j, f) for i, each in enumerate(self.instructions) for j, f in enumerate(each.fields, 1)]
        self._places = [(i, j, f) for i, j, f in fields if isinstance(f, Place) and not isinstance(f, Cell)]
        self._told: dict[Cell, list[int]] = {cell: [] for cell in program.cells.values()}
        self.table[:, 0] = kernels.addresses([each.name for each in self.instructions])
        self._found: list[Array | None] = [None] * len(program.lookups)
        for i, j, f in fields:
            if isinstance(f, float):
                self.table[i, j] = np.float64(f).view(np.int64)
            elif isinstance(f, Cell) and f in self._told:
                self._told[f].append(i * at.FIELDS + j)
            elif isinstance(f, Place):
                self.table[i, j] = f.address
            else:
                self.table[i, j] = f
        # set in a third of the time that an array takes
        self._fields: Any = memoryview(self.table.reshape(-1))  # type: ignore[arg-type]
        self._frame: Any = memoryview(self.frame)  # type: ignore[arg-type]
        call = np.array([address_of(self.table), len(self.table), address_of(self.frame), 0, 0], np.int64)
        self._call: Any = memoryview(call)  # type: ignore[arg-type]
        self._call_address = address_of(call)
        self._columns = [self._told.get(program.cells.get(key), ()) for key in columns]  # type: ignore[arg-type]

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
            self._point(cell, address_of(array) + offset)

    def _point(self, cell: Cell, address: int) -> None:
        for field in self._told[cell]:
            self._fields[field] = address

    def look_up(self) -> None:
        """Find the arrays that may have been exchanged since the latest call."""
        for i, (cell, find) in enumerate(self.program.lookups):
            array = find()
            if array is not self._found[i]:
                self._found[i] = array
                self._point(cell, address_of(array))

    def tell_columns(self, arrays: Iterable[Array | None]) -> None:
        """Tell where the columns lie that batches are gathered from, in the order of their names."""
        for fields, array in zip(self._columns, arrays, strict=True):
            if fields:
                address = address_of(array)
                for field in fields:
                    self._fields[field] = address

    def tell_batches(self, size: int, samples: int, order: int) -> None:
        """Tell how many rows a batch has, how many there are, and where it stands which one comes next."""
        frame = self._frame
        frame[at.SIZE], frame[at.SAMPLES], frame[at.ORDER] = size, samples, order

    def put_totals(self, totals: list[float]) -> None:
        """Have these sums before the next batches."""
        if totals != self.totals:
            self.sums[: len(totals)] = totals
        sound = isfinite(totals[0])
        if sound is not self._sound:
            self._frame[at.SOUND] = self._sound = sound

    def read_totals(self) -> list[float]:
        """Return the sums as they are now."""
        totals: list[float] = self.sums.tolist()
        self.totals = totals
        return totals

    def carry_out(self, begin: int, batches: int) -> int:
        """Take so many batches from number `begin` on; returns how many were."""
        self._call[3], self._call[4] = begin, batches
        if not self.uniforms:
            return self._kernels.carry_out(self._call_address)  # type: ignore[no-any-return]
        with interrupts.held(), ExitStack() as locked:
            for lock in {stream.find().bit_generator.lock for stream in self.uniforms}:
                locked.enter_context(lock)
            return self._kernels.carry_out(self._call_address)  # type: ignore[no-any-return]


def instructions_of(program: Program) -> list[Instruction]:
    """Return the instructions of a program in their order."""
    return descending(needed([*program.gathers, *program.checks, *program.body]))


def needed(instructions: Sequence[Instruction]) -> list[Instruction]:
    """Return the instructions without those whose results no later one reads."""
    read: set[Place] = set()
    kept = []
    for each in reversed(instructions):
        if not each.outputs or any(not isinstance(o, Room) or o in read for o in each.outputs):
            kept.append(each)
            read.update(f for f in each.fields[len(each.outputs) :] if isinstance(f, Place))
    return kept[::-1]
