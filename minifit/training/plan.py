"""`StepPrograms`: a step of a model as programs of compiled instructions, one for each form of batches.

For a small model, calling layers, losses and optimizers in Python costs more than the arithmetic. So the step is traced
once, with symbolic values for tensors, and its instructions are emitted. One call then runs them for many batches. A
model with a part that has no instructions runs op by op, in `TrainStep.take`.
"""

import time
from collections.abc import Callable
from contextvars import copy_context
from types import ModuleType
from typing import Any

import numpy as np

from minifit import interrupts
from minifit.arrays import FLOAT, Array
from minifit.data.batch import Batch, Stretch, target_dtype
from minifit.lowering.assembly import Assembly, instructions_of
from minifit.lowering.places import address_of
from minifit.lowering.program import Lowering, Program
from minifit.lowering.values import Unlowered, Value
from minifit.workers import Share

A_CALL = 0.02
"""The intended largest duration of a call of compiled code, in seconds; a single step may take longer."""

FORMS = 32
"""The largest number of programs that are kept: batches of texts may have as many forms as there are lengths."""

Form = tuple[Any, ...]
"""The key of a program: the dtype and shape of each column of inputs, targets and weights."""


def form_of(batch: Batch) -> Form:
    """Return the form that batches like this one have after casting."""
    return (
        tuple([(FLOAT, x.shape[1:]) for x in batch.inputs]),
        tuple([None if y is None else (target_dtype(y.dtype), y.shape[1:]) for y in batch.targets]),
        tuple([None if w is None else (FLOAT, w.shape[1:]) for w in batch.weights]),
    )


Columns = list[list[Value | None]]
Write = Callable[[Program, Columns], None]


class RestartLowering(Exception):
    """A request to write the program again, since writing it has shown how much memory it needs beside the weights."""


class StepPrograms:
    """The programs of a step.

    Parameters
    ----------
    kernels : module
        The compiled kernels.
    begin : callable
        Returns an empty program.
    write : callable
        ``write(program, columns)`` emits the step for a batch of these columns: inputs, targets, weights.
    model : Trainable
    optimizer : Optimizer, optional
        None for a step that does not learn.
    memory : optimizers.Plan, optional
        The memory that the optimizer updates.

    Attributes
    ----------
    reason : str
        The part of the model that cannot be lowered; empty while none is known.
    results : list of tuple of ndarray
        The outputs of each call, for a program that has outputs.
    pace : int
        The number of steps that one call may run and still end soon, since Ctrl-C waits for its end.
    """

    def __init__(
        self,
        kernels: ModuleType,
        begin: Callable[[], Program],
        write: Write,
        model: Any,
        optimizer: Any = None,
        memory: Any = None,
    ) -> None:
        self._kernels, self._begin, self._write, self._model = kernels, begin, write, model
        self._optimizer, self._memory = optimizer, memory
        self._programs: dict[Form, Assembly | str] = {}
        self._current: Assembly | None = None
        self._layouts: list[tuple[Any, int]] = []
        self._aimed_at: Stretch | None = None
        self._rates = np.zeros(1)
        # the assembly that has the address of the rates
        self._rates_of: Assembly | None = None
        # the rate that all entries of `_rates` have; None if they differ
        self._steady: float | None = None
        self.reason = ""
        self.pace = 1
        self.results: list[tuple[Array, ...]] = []

    # -- for a runner -----------------------------------------------------------------------------------

    def prepare(self, stretch: Stretch, most: int) -> int:
        """Return how many batches of a stretch one call can run, at most `most`; 0 if no program fits them."""
        for buffer, layout in self._layouts:
            if buffer.layout != layout:
                self._forget()
                break
        if stretch is not self._aimed_at and not self._aim(stretch):
            return 0
        if most > stretch.batches:
            most = stretch.batches
        assembly = self._current
        assert assembly is not None
        for stream in assembly.normals:
            most = min(most, stream.fit(_whole(stretch)[0]))
        return most if self._optimizer is None else self._set_rates(most)

    def run(self, stretch: Stretch, most: int) -> int:
        """Run as many batches as `prepare` returned, and return how many ran; call it while interrupts are held.

        Fewer batches run if something is wrong with one, or if the loss stops being finite.
        """
        assembly = self._current
        assert assembly is not None
        means = assembly.program.means
        if means:
            assembly.set_totals([number for mean in means for number in (mean.total, mean.count)])
        if assembly.program.lookups:
            assembly.look_up()
        results = self._room_for_results(assembly, stretch, most) if assembly.program.results else None
        began = time.perf_counter() if most >= self.pace else None
        if assembly.normals:
            done = self._draw_and_run(assembly, stretch, most)
        else:
            done = assembly.carry_out(stretch.begin, most, stretch.whole)
        if began is not None:
            self._set_pace(done, time.perf_counter() - began)
        if means:
            totals = iter(assembly.read_totals())
            for mean in means:
                mean.total, mean.count = next(totals), next(totals)
        if self._steady is None and self._optimizer is not None and done:
            self._optimizer.used(done)
        if results is not None and done:
            self.results.append(results)
        return done

    @staticmethod
    def _draw_and_run(assembly: Assembly, stretch: Stretch, most: int) -> int:
        """Run batches with normal numbers drawn ahead; afterwards the streams stand behind the batches that ran."""
        # find the streams in the order in which layers draw
        for drawn in assembly.program.drawn.values():
            drawn.find()
        for stream in assembly.normals:
            stream.draw_ahead(_rows(stretch, most, *_whole(stretch)))
        done = assembly.carry_out(stretch.begin, most, stretch.whole)
        if done < most:
            for stream in assembly.normals:
                stream.give_back(_rows(stretch, done, *_whole(stretch)))
        return done

    @staticmethod
    def _room_for_results(assembly: Assembly, stretch: Stretch, most: int) -> tuple[Array, ...]:
        """Allocate arrays for the outputs of the next batches, and give the program their addresses."""
        first, rows = stretch.begin * stretch.size, _rows(stretch, most, stretch.size, stretch.rows)
        arrays = []
        for key, shape, row_bytes in assembly.results:
            array = np.empty((rows, *shape), FLOAT)
            # a program counts rows from the beginning of the data
            assembly.set_cell(key, array, -first * row_bytes)
            arrays.append(array)
        return tuple(arrays)

    def rest(self) -> None:
        """Release the data."""
        self._aimed_at, self.results = None, []

    def _set_pace(self, steps: int, seconds: float) -> None:
        if seconds > A_CALL:
            self.pace = max(self.pace // 2, 1)
        elif seconds < A_CALL / 4:
            self.pace = max(self.pace, 2 * steps)

    # -- the programs -----------------------------------------------------------------------------------

    def _forget(self) -> None:
        """Drop all programs, because the weights have moved."""
        self._programs.clear()
        self._aimed_at = self._current = None

    def _aim(self, stretch: Stretch) -> bool:
        """Select the program for these batches and give it their addresses; return False if there is none."""
        form = tuple(
            [
                tuple([None if a is None else (a.dtype, a.shape[1:]) for a in part])
                for part in (stretch.inputs, stretch.targets, stretch.weights)
            ]
        )
        assembly = self._programs.get(form)
        if assembly is None:
            assembly = self._store(form, self._compile(form))
        if isinstance(assembly, str):
            return False
        arrays = (*stretch.inputs, *stretch.targets, *stretch.weights)
        for array in arrays:
            if not (array is None or _usable(array)):
                return False
        assembly.make_room(stretch.size)
        assembly.set_columns(arrays)
        assembly.set_batches(stretch.size, stretch.rows, address_of(stretch.order))
        self._current, self._aimed_at = assembly, stretch
        return True

    def _store(self, form: Form, program: Assembly | str) -> Assembly | str:
        """Keep a program, or the reason why there is none, for later batches; drop the oldest if there are many."""
        if len(self._programs) == FORMS:
            del self._programs[next(iter(self._programs))]
        self._programs[form] = program
        return program

    def _compile(self, form: Form) -> Assembly | str:
        """Return the program for batches of a form, or the part of the model that cannot be lowered."""
        if self._optimizer is not None:
            self._optimizer.look_again(self._memory)
            self._layouts = self._memory.layouts
        try:
            names = [(name, i) for name, part in zip("xyw", form, strict=True) for i in range(len(part))]
            return Assembly(self.lower_program(form), self._kernels, names)
        except Unlowered as unlowered:
            self.reason = str(unlowered)
            return self.reason
        except RestartLowering:
            return self._compile(form)

    def lower_program(self, form: Form) -> Program:
        """Return the program of the step for batches of a form.

        Raises
        ------
        Unlowered
            When a part of the model cannot be lowered.
        """
        with interrupts.importing("minifit.lowering.rules"):
            # the rules register themselves in a table
            from minifit.lowering import rules  # noqa: F401
        program = self._begin()
        columns: Columns = []
        for name, part in zip("xyw", form, strict=True):
            columns.append(
                [
                    None if column is None else self._column(program, (name, i), *column)
                    for i, column in enumerate(part)
                ]
            )
        # an interrupt must leave nothing switched on in the caller's context
        copy_context().run(self._emit, program, columns)
        return program

    def _emit(self, program: Program, columns: Columns) -> None:
        with Lowering():
            self._write(program, columns)

    def lacks(self, form: Form) -> str:
        """Return the part of the model that cannot be lowered for batches of a form; empty if all can."""
        try:
            self.lower_program(form)
        except Unlowered as unlowered:
            return str(unlowered)
        return ""

    def kinds(self, form: Form) -> set[str]:
        """Return the names of the instructions in the program for batches of a form; empty if there is no program."""
        try:
            return {instruction.name for instruction in instructions_of(self.lower_program(form))}
        except Unlowered:
            return set()

    def _column(self, program: Program, key: tuple[str, int], dtype: str, shape: tuple[int, ...]) -> Value:
        name, _ = key
        if name == "x" and not shape:
            # inputs of shape (n,) stand for (n, 1)
            shape = (1,)
        if (
            0 in shape
            or np.dtype(dtype) not in (FLOAT, np.dtype(np.int64))
            or (name == "x" and dtype != FLOAT.str)
        ):
            raise Unlowered(f"data of dtype {np.dtype(dtype)} and samples of shape {shape}")
        return program.column(key, (None, *shape), np.dtype(dtype))

    def _set_rates(self, most: int) -> int:
        """Write the learning rates of up to `most` next steps into memory, and return how many are known."""
        assembly = self._current
        assert assembly is not None
        rate = self._optimizer.steady_rate()
        if rate is None or rate != self._steady or most > len(self._rates):
            rates = self._optimizer.rates(most)
            known = len(rates)
            if known > len(self._rates):
                self._rates, self._rates_of = np.zeros(known), None
            self._rates[:known] = rates
            if rate is not None:
                self._rates[known:] = rate
            self._steady, most = rate, known
        if self._rates_of is not assembly:
            self._rates_of = assembly
            assembly.set_cell("rates", self._rates)
        return most


def _whole(stretch: Stretch) -> tuple[int, int]:
    """Return the rows of a whole batch, of which this worker may have a share, and the rows of all batches."""
    whole = stretch.whole
    if isinstance(whole, Share):
        return whole.total, whole.total * (stretch.begin + 1)
    return whole or (stretch.size, stretch.rows)


def _rows(stretch: Stretch, batches: int, size: int, rows: int) -> int:
    """Return the number of rows in the next batches, with `size` rows in each batch and `rows` in all."""
    return min((stretch.begin + batches) * size, rows) - stretch.begin * size


def _usable(array: Array) -> bool:
    """Return whether an array is C-contiguous and aligned."""
    return array.flags.num & 0x101 == 0x101
