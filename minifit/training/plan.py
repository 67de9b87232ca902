"""`Plan`: a step of a model as programs of compiled instructions, one for each form that batches have.

A step that goes through layers, losses and optimizers in Python costs more than the arithmetic of a small model. Here
the step is gone through once, with values in the place of tensors, and written down; what results is carried out for
many batches in one call. Everything that a program does not have goes op by op, as `TrainStep.take` says.
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
from minifit.lowering.program import Program, Writing
from minifit.lowering.values import Unlowered, Value
from minifit.workers import Share

A_CALL = 0.02
"""About how many seconds a call of compiled code shall take at most, unless a single step takes longer."""

FORMS = 32
"""Programs that are kept at most: batches of texts may be of as many forms as there are lengths."""

Form = tuple[Any, ...]
"""The key of a program: for inputs, targets and weights the dtype and shape of each column."""


def form_of(batch: Batch) -> Form:
    """Return the form of batches like this one, which may have to be cast."""
    return (
        tuple([(FLOAT, x.shape[1:]) for x in batch.inputs]),
        tuple([None if y is None else (target_dtype(y.dtype), y.shape[1:]) for y in batch.targets]),
        tuple([None if w is None else (FLOAT, w.shape[1:]) for w in batch.weights]),
    )


Columns = list[list[Value | None]]
Write = Callable[[Program, Columns], None]


class Again(Exception):
    """Writing must begin again: it has found out how much memory it needs beside the weights."""


class Plan:
    """The programs of a step.

    Parameters
    ----------
    kernels : module
        The compiled kernels.
    begin : callable
        Returns an empty program.
    write : callable
        ``write(program, columns)`` writes the step down for a batch of these columns: inputs, targets, weights.
    model : Trainable
    optimizer : Optimizer, optional
        The batches are only judged when None.
    memory : optimizers.Plan, optional
        Where the optimizer finds what it updates.

    Attributes
    ----------
    reason : str
        The part of the model that no program has; empty as far as it is known.
    results : list of tuple of ndarray
        The outputs of each call, of a program that has any.
    pace : int
        How many steps a call may have so that it is over soon: Ctrl-C waits for its end.
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
        self._rates_of: Assembly | None = None  # to which they were told
        self._steady: float | None = None  # the rate of all steps, as they are noted
        self.reason = ""
        self.pace = 1
        self.results: list[tuple[Array, ...]] = []

    # -- what a runner asks -----------------------------------------------------------------------------

    def prepare(self, stretch: Stretch, most: int) -> int:
        """Return how many batches of a stretch one call can take, at most `most`; 0 if no program is for them."""
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

    def take(self, stretch: Stretch, most: int) -> int:
        """Take as many batches as `prepare` said, and return how many were taken; while interrupts are held.

        Fewer are if something is wrong with a batch, or if the loss stops being finite.
        """
        assembly = self._current
        assert assembly is not None
        means = assembly.program.means
        if means:
            assembly.put_totals([number for mean in means for number in (mean.total, mean.count)])
        if assembly.program.lookups:
            assembly.look_up()
        results = self._room_for_results(assembly, stretch, most) if assembly.program.results else None
        began = time.perf_counter() if most >= self.pace else None
        if assembly.normals:
            done = self._draw_and_take(assembly, stretch, most)
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
    def _draw_and_take(assembly: Assembly, stretch: Stretch, most: int) -> int:
        """Take batches whose normal numbers are drawn ahead; the streams end up where the batches taken leave them."""
        for drawn in assembly.program.drawn.values():
            drawn.find()  # made in the order in which layers draw
        for stream in assembly.normals:
            stream.draw_ahead(_rows(stretch, most, *_whole(stretch)))
        done = assembly.carry_out(stretch.begin, most, stretch.whole)
        if done < most:
            for stream in assembly.normals:
                stream.give_back(_rows(stretch, done, *_whole(stretch)))
        return done

    @staticmethod
    def _room_for_results(assembly: Assembly, stretch: Stretch, most: int) -> tuple[Array, ...]:
        """Return arrays for the outputs of the next batches, and tell the program where they lie."""
        first, rows = stretch.begin * stretch.size, _rows(stretch, most, stretch.size, stretch.rows)
        arrays = []
        for key, shape, row_bytes in assembly.results:
            array = np.empty((rows, *shape), FLOAT)
            assembly.tell(
                key, array, -first * row_bytes
            )  # a program counts rows from the beginning of the data
            arrays.append(array)
        return tuple(arrays)

    def rest(self) -> None:
        """Let go of the data."""
        self._aimed_at, self.results = None, []

    def _set_pace(self, steps: int, seconds: float) -> None:
        if seconds > A_CALL:
            self.pace = max(self.pace // 2, 1)
        elif seconds < A_CALL / 4:
            self.pace = max(self.pace, 2 * steps)

    # -- its programs -----------------------------------------------------------------------------------

    def _forget(self) -> None:
        """Write all programs again: the weights lie elsewhere."""
        self._programs.clear()
        self._aimed_at = self._current = None

    def _aim(self, stretch: Stretch) -> bool:
        """Have the program for batches like these, and tell it where they lie; False if there is none."""
        form = tuple(
            [
                tuple([None if a is None else (a.dtype, a.shape[1:]) for a in part])
                for part in (stretch.inputs, stretch.targets, stretch.weights)
            ]
        )
        found = self._programs.get(form)
        if found is None:
            found = self._keep(form, self._written(form))
        if isinstance(found, str):
            return False
        arrays = (*stretch.inputs, *stretch.targets, *stretch.weights)
        for array in arrays:
            if not (array is None or _usable(array)):
                return False
        found.make_room(stretch.size)
        found.tell_columns(arrays)
        found.tell_batches(stretch.size, stretch.rows, address_of(stretch.order))
        self._current, self._aimed_at = found, stretch
        return True

    def _keep(self, form: Form, program: Assembly | str) -> Assembly | str:
        """Keep a program, or why there is none, for the next batches like these, and forget the oldest of many."""
        if len(self._programs) == FORMS:
            del self._programs[next(iter(self._programs))]
        self._programs[form] = program
        return program

    def _written(self, form: Form) -> Assembly | str:
        """Return the program for batches of a form, or the part of the model that keeps it from having one."""
        if self._optimizer is not None:
            self._optimizer.look_again(self._memory)
            self._layouts = self._memory.layouts
        try:
            names = [(name, i) for name, part in zip("xyw", form, strict=True) for i in range(len(part))]
            return Assembly(self.program(form), self._kernels, names)
        except Unlowered as unlowered:
            self.reason = str(unlowered)
            return self.reason
        except Again:
            return self._written(form)

    def program(self, form: Form) -> Program:
        """Write the step down for batches of a form."""
        with interrupts.importing("minifit.lowering.rules"):
            from minifit.lowering import rules  # noqa: F401  # they put themselves into a table
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
        copy_context().run(self._write_down, program, columns)
        return program

    def _write_down(self, program: Program, columns: Columns) -> None:
        with Writing():
            self._write(program, columns)

    def lacks(self, form: Form) -> str:
        """Return the part of the model that keeps batches of a form from having a program; empty if none does."""
        try:
            self.program(form)
        except Unlowered as unlowered:
            return str(unlowered)
        return ""

    def kinds(self, form: Form) -> set[str]:
        """Return the instructions that a program for batches of a form needs, by name; none if there is no program."""
        try:
            return {instruction.name for instruction in instructions_of(self.program(form))}
        except Unlowered:
            return set()

    def _column(self, program: Program, key: tuple[str, int], dtype: str, shape: tuple[int, ...]) -> Value:
        name, _ = key
        if name == "x" and not shape:
            shape = (1,)  # (n,) stands for (n, 1)
        if (
            0 in shape
            or np.dtype(dtype) not in (FLOAT, np.dtype(np.int64))
            or (name == "x" and dtype != FLOAT.str)
        ):
            raise Unlowered(f"data of dtype {np.dtype(dtype)} and samples of shape {shape}")
        return program.column(key, (None, *shape), np.dtype(dtype))

    def _set_rates(self, most: int) -> int:
        """Note the learning rates of the next steps, at most so many, and return how many of them are known."""
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
            assembly.tell("rates", self._rates)
        return most


def _whole(stretch: Stretch) -> tuple[int, int]:
    """Return the rows of a whole batch, of which a worker may have a share, and those of all batches."""
    whole = stretch.whole
    if isinstance(whole, Share):
        return whole.total, whole.total * (stretch.begin + 1)
    return whole or (stretch.size, stretch.rows)


def _rows(stretch: Stretch, batches: int, size: int, rows: int) -> int:
    """Return how many rows the next batches have altogether, of so many in each and in all."""
    return min((stretch.begin + batches) * size, rows) - stretch.begin * size


def _usable(array: Array) -> bool:
    """Return whether numbers lie in C order without gaps, each at a multiple of its size."""
    return array.flags.num & 0x101 == 0x101
