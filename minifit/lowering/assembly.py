"""`Assembly`: a program with its memory and the addresses of its instructions, ready to be carried out."""

from collections.abc import Callable, Iterable, Iterator, Sequence
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
from minifit.lowering.program import MESSAGE, Instruction, Program
from minifit.lowering.streams import Normals, Uniforms
from minifit.workers import Share, Whole

BEGIN, BATCHES, STEP = 3, 4, 5


class Call:
    """The numbers that `carry_out` takes: some instructions, for one batch or more.

    Attributes
    ----------
    numbers : memoryview of int64
        From which batch on, how many, and the number of the first step.
    address : int
    """

    def __init__(self, table: Array, first: int, last: int, frame: Array) -> None:
        self._numbers = np.array(
            [address_of(table) + first * at.ROW, last - first, address_of(frame), 0, 1, 0], np.int64
        )
        self.numbers: Any = memoryview(self._numbers)  # type: ignore[arg-type]
        self.address = address_of(self._numbers)


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
        whole = instructions_of(program)
        self.instructions = [each for each in whole if each.name != MESSAGE]
        self.sums = np.zeros(max(len(program.sums), 1))
        self._sums: Any = memoryview(self.sums)  # type: ignore[arg-type]
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
        self._call = Call(self.table, 0, len(self.table), self.frame)
        self._segments = list(self._between(whole)) if program.workers.size > 1 else []
        self._share: Share | None = None
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

    def carry_out(self, begin: int, batches: int, whole: Whole | None = None) -> int:
        """Take so many batches from number `begin` on; returns how many were.

        Parameters
        ----------
        begin, batches : int
        whole : tuple of int, or Share, optional
            Where these are one worker's shares of batches: see `Stretch`.
        """
        if whole is None and not self.uniforms:
            return self._take_all(begin, batches)
        with interrupts.held(), ExitStack() as locked:
            for lock in {stream.find().bit_generator.lock for stream in self.uniforms}:
                locked.enter_context(lock)
            if whole is not None:
                return self._take_shares(begin, batches, whole)
            return self._take_all(begin, batches)

    def _take_all(self, begin: int, batches: int) -> int:
        """Take batches in one call."""
        numbers = self._call.numbers
        numbers[BEGIN], numbers[BATCHES] = begin, batches
        return self._kernels.carry_out(self._call.address)  # type: ignore[no-any-return]

    def _take_shares(self, begin: int, batches: int, whole: Whole) -> int:
        """Take the shares of batches one after another, with messages to the other workers between instructions."""
        carry_out, workers, sums = self._kernels.carry_out, self.program.workers, self._sums
        for step in range(batches):
            if step in (0, batches - 1):  # those between are as large as the first
                self._tell_share(workers.share_at(whole, begin + step))
            pause = False
            for call, send in self._segments:
                numbers = call.numbers
                numbers[BEGIN], numbers[STEP] = begin + step, step
                if not carry_out(call.address):
                    return step
                if send is not None:
                    pause = send() or pause
            if pause or not isfinite(sums[0]):
                return step + 1
        return batches

    def _between(self, whole: Sequence[Instruction]) -> Iterator[tuple[Call, Callable[[], Any] | None]]:
        """Yield the instructions up to each message as a call for one batch, and what sends the message."""
        first = last = 0
        for each in whole:
            if each.name == MESSAGE:
                yield Call(self.table, first, last, self.frame), each.fields[-1]
                first = last
            else:
                last += 1
        yield Call(self.table, first, last, self.frame), None

    def _tell_share(self, share: Share) -> None:
        """Tell which rows of the whole batch this worker has."""
        if share == self._share:
            return
        self._share = share
        frame = self._frame
        frame[at.TOTAL], frame[at.BEFORE], frame[at.BEHIND] = share.total, share.begin, share.behind
        frame[at.PART] = int(np.float64(share.part).view(np.int64))


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
