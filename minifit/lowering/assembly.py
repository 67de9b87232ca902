"""`Assembly`: a program with memory and the addresses of its instructions, ready to run."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from math import isfinite
from types import ModuleType
from typing import Any

import numpy as np

from minifit import interrupts
from minifit.arrays import ALIGNMENT, FLOAT, Array, aligned_zeros
from minifit.kernels import program as at
from minifit.lowering.peephole import merge_updates
from minifit.lowering.places import Cell, Place, Room, address_of
from minifit.lowering.program import MESSAGE, Instruction, Program
from minifit.lowering.streams import Normals, Uniforms
from minifit.workers import Share, Whole

BEGIN, BATCHES, STEP = 3, 4, 5


class Call:
    """The arguments of the kernel `carry_out`: a range of instructions and the batches to run them for.

    Attributes
    ----------
    numbers : memoryview of int64
        The arguments, among them the first batch, the number of batches, and the number of the first step.
    address : int
        The address of the arguments.
    """

    def __init__(self, table: Array, first: int, last: int, frame: Array) -> None:
        self._numbers = np.array(
            [address_of(table) + first * at.ROW, last - first, address_of(frame), 0, 1, 0], np.int64
        )
        self.numbers: Any = memoryview(self._numbers)  # type: ignore[arg-type]
        self.address = address_of(self._numbers)


class Assembly:
    """An assembled program.

    Parameters
    ----------
    program : Program
    kernels : module
        The compiled kernels.
    columns : list
        The keys of the columns that a batch may have, in the order of the arrays in `set_columns`.

    Attributes
    ----------
    sums : ndarray of float64
        Totals and counts, in the order of the program's means.
    uniforms, normals : list of Stream
        The random streams of the program.
    frame : ndarray of int64
        The values that change from batch to batch.
    results : list of tuple
        The key, the shape of a row and its size in bytes, for each output.
    totals : list of float
        The totals and counts last passed to `set_totals` or returned by `read_totals`.
    """

    def __init__(self, program: Program, kernels: ModuleType, columns: Sequence[Any] = ()) -> None:
        self.program = program
        drawn = program.drawn.values()
        self.uniforms = [s for s in drawn if isinstance(s, Uniforms)]
        self.normals = [s for s in drawn if isinstance(s, Normals)]
        with_messages = instructions_of(program)
        self.instructions = [each for each in with_messages if each.name != MESSAGE]
        self.sums = np.zeros(max(len(program.sums), 1))
        self._sums: Any = memoryview(self.sums)  # type: ignore[arg-type]
        begin = address_of(self.sums)
        for i, place in enumerate(program.sums):
            place.address = begin + i * self.sums.itemsize
        self.table = np.zeros((len(self.instructions), at.FIELDS), np.int64)
        self.frame = np.zeros(at.FRAME, np.int64)
        self.totals: list[float] = []
        # the SOUND field of the frame
        self._sound = False
        self.results = [
            (("result", i), tuple(n or 1 for n in value.shape[1:]), value.count * FLOAT.itemsize)
            for i, value in enumerate(program.results)
        ]
        self.rows_fit = 0
        self._arena = aligned_zeros(0)
        self._kernels = kernels
        fields = [(i, j, f) for i, each in enumerate(self.instructions) for j, f in enumerate(each.fields, 1)]
        self._places = [(i, j, f) for i, j, f in fields if isinstance(f, Place) and not isinstance(f, Cell)]
        self._cell_fields: dict[Cell, list[int]] = {cell: [] for cell in program.cells.values()}
        self.table[:, 0] = kernels.addresses([each.name for each in self.instructions])
        self._arrays: list[Array | None] = [None] * len(program.lookups)
        for i, j, f in fields:
            if isinstance(f, float):
                self.table[i, j] = np.float64(f).view(np.int64)
            elif isinstance(f, Cell) and f in self._cell_fields:
                self._cell_fields[f].append(i * at.FIELDS + j)
            elif isinstance(f, Place):
                self.table[i, j] = f.address
            else:
                self.table[i, j] = f
        # memoryviews, since setting one of their elements takes a third of the time of an array's
        self._fields: Any = memoryview(self.table.reshape(-1))  # type: ignore[arg-type]
        self._frame: Any = memoryview(self.frame)  # type: ignore[arg-type]
        self._call = Call(self.table, 0, len(self.table), self.frame)
        self._segments = list(self._between(with_messages)) if program.workers.size > 1 else []
        self._share: Share | None = None
        self._columns = [self._cell_fields.get(program.cells.get(key), ()) for key in columns]  # type: ignore[arg-type]

    def make_room(self, rows: int) -> None:
        """Allocate memory for batches of up to `rows` rows."""
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

    def set_cell(self, key: Any, array: Array | None, offset: int = 0) -> None:
        """Set the address of a cell to that of an array plus `offset` bytes; the caller must keep the array alive."""
        cell = self.program.cells.get(key)
        if cell is not None:
            self._set_address(cell, address_of(array) + offset)

    def _set_address(self, cell: Cell, address: int) -> None:
        for field in self._cell_fields[cell]:
            self._fields[field] = address

    def look_up(self) -> None:
        """Update the addresses of arrays that may have been replaced since the last call."""
        for i, (cell, current_array) in enumerate(self.program.lookups):
            array = current_array()
            if array is not self._arrays[i]:
                self._arrays[i] = array
                self._set_address(cell, address_of(array))

    def set_columns(self, arrays: Iterable[Array | None]) -> None:
        """Set the addresses of the columns from which batches are gathered, in the order of the keys in `columns`."""
        for fields, array in zip(self._columns, arrays, strict=True):
            if fields:
                address = address_of(array)
                for field in fields:
                    self._fields[field] = address

    def set_batches(self, size: int, samples: int, order: int) -> None:
        """Set the rows per batch, the number of rows altogether, and the address of their order."""
        frame = self._frame
        frame[at.SIZE], frame[at.SAMPLES], frame[at.ORDER] = size, samples, order

    def set_totals(self, totals: list[float]) -> None:
        """Set the sums before the next batches."""
        if totals != self.totals:
            self.sums[: len(totals)] = totals
        sound = isfinite(totals[0])
        if sound is not self._sound:
            self._frame[at.SOUND] = self._sound = sound

    def read_totals(self) -> list[float]:
        """Return the current sums."""
        totals: list[float] = self.sums.tolist()
        self.totals = totals
        return totals

    def carry_out(self, begin: int, batches: int, whole: Whole | None = None) -> int:
        """Run the program for `batches` batches from number `begin` on; return the number of batches it completed.

        Parameters
        ----------
        begin, batches : int
        whole : tuple of int, or Share, optional
            The whole batches, when these are one worker's shares of them: see `Stretch`.
        """
        if whole is None and not self.uniforms:
            return self._run_batches(begin, batches)
        with interrupts.held(), ExitStack() as locked:
            for lock in {stream.find().bit_generator.lock for stream in self.uniforms}:
                locked.enter_context(lock)
            if whole is not None:
                return self._run_shares(begin, batches, whole)
            return self._run_batches(begin, batches)

    def _run_batches(self, begin: int, batches: int) -> int:
        """Run the program for several batches in one call of the kernel."""
        numbers = self._call.numbers
        numbers[BEGIN], numbers[BATCHES] = begin, batches
        return self._kernels.carry_out(self._call.address)  # type: ignore[no-any-return]

    def _run_shares(self, begin: int, batches: int, whole: Whole) -> int:
        """Run the program for shares of batches one by one, with messages to the other workers in between."""
        carry_out, workers, sums = self._kernels.carry_out, self.program.workers, self._sums
        for step in range(batches):
            # only the last batch may have another size than the first
            if step in (0, batches - 1):
                self._set_share(workers.share_at(whole, begin + step))
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

    def _between(
        self, instructions: Sequence[Instruction]
    ) -> Iterator[tuple[Call, Callable[[], Any] | None]]:
        """Yield the instructions up to each message as a call for one batch, and the function that sends it."""
        first = last = 0
        for each in instructions:
            if each.name == MESSAGE:
                yield Call(self.table, first, last, self.frame), each.fields[-1]
                first = last
            else:
                last += 1
        yield Call(self.table, first, last, self.frame), None

    def _set_share(self, share: Share) -> None:
        """Set the rows of the whole batch that belong to this worker."""
        if share == self._share:
            return
        self._share = share
        frame = self._frame
        frame[at.TOTAL], frame[at.BEFORE], frame[at.BEHIND] = share.total, share.begin, share.behind
        frame[at.PART] = int(np.float64(share.part).view(np.int64))


def instructions_of(program: Program) -> list[Instruction]:
    """Return the instructions of a program in the order in which they run."""
    return merge_updates(needed([*program.gathers, *program.checks, *program.body]))


def needed(instructions: Sequence[Instruction]) -> list[Instruction]:
    """Return the instructions without those whose results no later instruction reads."""
    read: set[Place] = set()
    kept = []
    for each in reversed(instructions):
        if not each.outputs or any(not isinstance(o, Room) or o in read for o in each.outputs):
            kept.append(each)
            read.update(f for f in each.fields[len(each.outputs) :] if isinstance(f, Place))
    return kept[::-1]
