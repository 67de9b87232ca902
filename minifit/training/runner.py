"""`Runner`: the loop over batches, the same for training, evaluation and prediction.

A runner that has a program for the model runs many batches in one call of compiled code. One that has none runs them
one by one through `take`, op by op, and names the reason. The callbacks see no difference.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from contextvars import Context as ContextVars
from contextvars import copy_context
from functools import cached_property
from operator import is_
from types import ModuleType
from typing import Any

import numpy as np

from minifit import interrupts, settings
from minifit.arrays import Workspace
from minifit.data import Batch, Batches
from minifit.data.batch import Stretch
from minifit.errors import DataError, ShapeError
from minifit.lowering.program import Program
from minifit.randomness import Streams
from minifit.tensor import Context
from minifit.training import threads
from minifit.training.flags import Outlook
from minifit.training.methods import Methods
from minifit.training.plan import Columns, StepPrograms
from minifit.training.progress import Progress
from minifit.undo import Undo
from minifit.workers import Workers

PAUSE = 0.1
"""Seconds after which a run of unwatched batches pauses, so that Ctrl-C works."""

NUMPY = "compiling would not have paid, or MINIFIT_KERNELS says numpy"


class Runner(ABC):
    """The base class of steps.

    Parameters
    ----------
    kernels : module
        The compiled kernels or the reference.
    streams : Streams
        The random streams that layers draw from.
    recording : bool, default False
        Whether to record the ops for a gradient.

    Attributes
    ----------
    programs : StepPrograms or None
        The step as programs of compiled instructions, which run many batches in a call.
    reason : str
        Why there is no program: the part of the model that cannot be lowered, or the choice of NumPy; empty if there is
        one.
    progress : Progress
        The counter of batches.
    parts : tuple
        The objects that it was made from, beside kernels and streams, if a later call may reuse it; else empty.
    """

    model: Any
    # the last batch, or the stretch of batches of the last call
    _latest: Batch | Stretch
    parts: tuple[Any, ...] = ()
    methods = Methods()

    def __init__(self, kernels: ModuleType, streams: Streams, recording: bool = False) -> None:
        self.memory = Workspace()
        self.undo = Undo()
        self.context = Context(kernels, self.memory, recording, streams, self.undo)
        self.progress = self._idle = Progress()
        self.programs: StepPrograms | None = None
        self.reason = NUMPY
        # `settings.count` when `follow_settings` was last called
        self._looked = -1

    # -- for the loops ----------------------------------------------------------------------------------

    def run(self, batches: Batches, most: int | None, unit: int, stopped: Callable[[], bool]) -> int:
        """Run several batches, and return their number.

        A run ends after `PAUSE` seconds at the latest, and when the loss stops being a finite number.

        Parameters
        ----------
        batches : Batches
        most : int or None
            The largest number of batches; None means no limit.
        unit : int
            Batches that belong together (`steps_per_execution`).
        stopped : callable
            Returns whether to end the run; called after every unit.
        """
        try:
            return self._run(batches, most, unit, stopped)
        finally:
            if self.programs is None:
                # again: an interrupt may have cut off the first call
                self.settle()

    def _run(self, batches: Batches, most: int | None, unit: int, stopped: Callable[[], bool]) -> int:
        done, sound, broken, alone = 0, self.sound(), False, stopped()
        until = 0.0 if alone else time.perf_counter() + PAUSE
        several = self.workers.size > 1
        if several:
            self.pause_together(None)
        try:
            while done != most:
                if self._looked != settings.count or self.methods.replaced_on_objects():
                    self.look()
                self.memory.rewind()
                programs = self.programs
                if programs is None:
                    taken = self._run_one(batches, None if most is None else most - done)
                else:
                    # the threads of a program's large products; op by op, NumPy multiplies
                    threads.follow()
                    count = unit if alone or programs.pace < unit else programs.pace // unit * unit
                    count -= done % unit
                    if most is not None and most - done < count:
                        count = most - done
                    taken = self._run_program(programs, batches, count)
                if not taken:
                    break
                done += taken
                if sound and not self.sound():
                    sound, broken = False, True
                    latest = self._latest
                    batches.explain(latest if isinstance(latest, Batch) else latest.batch(taken - 1))
                due = alone or broken or stopped() or time.perf_counter() > until
                if several:
                    due = self.pause_together(due) or alone or broken
                if due and done % unit == 0:
                    break
        finally:
            if self.programs is None:
                self.settle()
        return done

    def use(self, kernels: ModuleType) -> None:
        """Use these kernels from now on."""
        if kernels.COMPILED != self.context.kernels.COMPILED:
            self._looked = -1
        self.context.kernels = kernels

    def holds(self, parts: tuple[Any, ...]) -> bool:
        """Return whether the step was made from these kernels, streams and parts, and nothing was set on them since."""
        own = (self.context.kernels, self.context.streams, *self.parts)
        if len(own) != len(parts) or not all(map(is_, own, parts)) or self._looked == -1:
            return False
        if self.methods.replaced():
            return False
        if self._looked != settings.count and self.outlook.moved():
            return False
        self._looked = settings.count
        return True

    @cached_property
    def outlook(self) -> Outlook:
        """The observer of the model's settings."""
        return Outlook(self.model)

    def rest(self) -> None:
        """Release the data and the caller's context until another call reuses the step."""
        for name in ("inside", "held", "_latest"):
            vars(self).pop(name, None)
        self.progress = self._idle
        self.context.losses.clear()
        if self.programs is not None:
            self.programs.rest()

    def sound(self) -> bool:
        """Return whether all losses so far are finite numbers."""
        return True

    @cached_property
    def workers(self) -> Workers:
        """The processes that share the batches."""
        return self.model.workers  # type: ignore[no-any-return]

    def pause_together(self, due: bool | None) -> bool:
        """Return whether all workers pause now, and request a pause after the next batch if `due`.

        None means the beginning of a run, before any batch. A step without messages pauses whenever it is due.
        """
        return bool(due)

    def get_state(self) -> dict[str, Any]:
        """Return the state of the step itself, beside that of the model and of the running sums."""
        return {}

    def set_state(self, state: dict[str, Any]) -> None:
        """Restore the state that `get_state` returned."""

    def rehearse(self, batches: Batches) -> None:
        """Build the layers that only a user's step builds, and change nothing else; nothing to do in other steps."""

    def begin_epoch(self) -> None:
        """Notice methods that were replaced since the last epoch."""
        if self.methods.replaced():
            self._looked = -1

    # -- for subclasses ---------------------------------------------------------------------------------

    @abstractmethod
    def take(self, batch: Batch) -> None:
        """Run one batch, op by op."""

    def look(self) -> None:
        """Call `follow_settings` if a setting or a method was changed since; called before every batch."""
        replaced = self.methods.replaced_on_objects()
        if self._looked != settings.count or replaced:
            moved, self._looked = self.outlook.moved() or self._looked == -1, settings.count
            if moved or replaced:
                self.follow_settings()

    def follow_settings(self) -> None:
        """Make the methods to watch and the programs again, from the present settings."""
        self.methods = Methods(self.called(), self.model.layers_within())
        self.programs = self.make_programs() if self.context.kernels.COMPILED else None
        self.reason = "" if self.context.kernels.COMPILED else NUMPY

    def called(self) -> list[Any]:
        """Return the objects other than layers that the step calls: losses, metrics, penalties, an optimizer."""
        return []

    def make_programs(self) -> StepPrograms | None:
        """Return the programs of the step, none of which is written yet; None for a user's step."""
        return StepPrograms(self.context.kernels, self._begin, self.write, self.model)

    def _begin(self) -> Program:
        return Program(self.context.streams, workers=self.workers)

    def write(self, program: Program, columns: Columns) -> None:
        """Emit the instructions of `take` for a batch of these columns."""
        raise NotImplementedError(f"{type(self).__name__} must define write")

    def collect(self, batches: int) -> None:
        """Collect the results of a program that ran batches."""

    def settle(self) -> None:
        """Undo an unfinished step; when an interrupt cuts this off, the caller calls it again."""
        self.undo.undo()

    # -- the batches ------------------------------------------------------------------------------------

    @cached_property
    def held(self) -> AbstractContextManager[None]:
        """The section in which a step changes the weights and counts the batch; no interrupt can split it."""
        return interrupts.held()

    @cached_property
    def inside(self) -> ContextVars:
        """A copy of the caller's context to run batches in, so that nothing stays switched on in the caller's."""
        context = copy_context()
        self.context.workers = self.workers
        context.run(self.context.enter)
        # training may run to infinity; callbacks decide what to do about it
        context.run(np.seterr, all="ignore")
        return context

    def _run_one(self, batches: Batches, most: int | None) -> int:
        """Run the next batch op by op; return 0 if there is none. A user's step may run up to `most`."""
        return self.inside.run(self._take_next, batches)

    def _take_next(self, batches: Batches) -> int:
        batch = batches.next(self.context)
        if batch is None:
            return 0
        if self.workers.size > 1:
            self.context.share = batches.share
        self._latest = batch
        self._take_whole(batches, batch)
        return 1

    def _run_program(self, programs: StepPrograms, batches: Batches, most: int) -> int:
        """Run up to `most` batches with a program; one of them op by op if no program fits them."""
        stretch = batches.ahead(self.context, most)
        if stretch is None:
            return 0
        count = programs.prepare(stretch, most)
        with self.held:
            taken = programs.run(stretch, count) if count else 0
            batches.advance(taken or 1)
            self.progress.batch += taken
            self.collect(taken)
        self._latest = stretch
        if programs.reason:
            self.programs, self.reason = None, programs.reason
        if not taken:
            # no program fits this batch, or `take` will raise and say what is wrong with it
            if stretch.whole is not None:
                self.context.share = self.workers.share_at(stretch.whole, stretch.begin)
            try:
                self.inside.run(self._take_whole, batches, stretch.batch(0))
            finally:
                self.settle()
        return taken or 1

    def _take_whole(self, batches: Batches, batch: Batch) -> None:
        """Run one batch, wholly or not at all; an error says where in the data it was."""
        self.context.losses.clear()
        try:
            self.take(batch)
            self.undo.forget()
        except (ShapeError, DataError) as error:
            batches.tell_where(error)
            raise
        finally:
            self.undo.undo()
