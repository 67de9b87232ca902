"""`Runner`: the loop over batches, the same for training, judging and predicting.

A runner takes the batches that lie ahead: many in one call of compiled code where it has a plan of the model for
that, else one by one through `take`, op by op. Without a plan it has a reason, in words. What the callbacks see is no
different.
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
from minifit.training.plan import Columns, Plan
from minifit.training.progress import Progress
from minifit.undo import Undo
from minifit.workers import Workers

PAUSE = 0.1
"""Seconds after which batches that no callback watches make a pause, so that Ctrl-C works."""

NUMPY = "compiling would not have paid, or MINIFIT_KERNELS says numpy"


class Runner(ABC):
    """The base of all that takes batches.

    Parameters
    ----------
    kernels : module
        The compiled kernels or the reference.
    streams : Streams
        Where the layers draw from.
    recording : bool, default False
        Whether a gradient will be wanted.

    Attributes
    ----------
    plan : Plan or None
        The model, written down for compiled code that takes many batches in a call.
    reason : str
        The part of the model that keeps it from having a plan; empty when there is one.
    progress : Progress
        Where the batches are counted.
    parts : tuple
        What it was made of, beside the kernels and streams, if a later call may take it again; else empty.
    """

    model: Any
    _latest: Batch | Stretch  # what was taken last
    parts: tuple[Any, ...] = ()
    methods = Methods()

    def __init__(self, kernels: ModuleType, streams: Streams, recording: bool = False) -> None:
        self.memory = Workspace()
        self.undo = Undo()
        self.context = Context(kernels, self.memory, recording, streams, self.undo)
        self.progress = self._idle = Progress()
        self.plan: Plan | None = None
        self.reason = NUMPY
        self._looked = -1  # `settings.count` when `follow_settings` was last called

    # -- what the loops ask -----------------------------------------------------------------------------

    def run(self, batches: Batches, most: int | None, unit: int, stopped: Callable[[], bool]) -> int:
        """Take several batches, and return how many there were.

        Parameters
        ----------
        batches : Batches
        most : int or None
            How many at most; None for no limit.
        unit : int
            Batches that belong together (`steps_per_execution`).
        stopped : callable
            Whether to come back, asked after every unit; at the latest after `PAUSE` seconds, and when the loss
            stops being a finite number.
        """
        try:
            return self._run(batches, most, unit, stopped)
        finally:
            if self.plan is None:
                self.settle()  # again: an interrupt may have cut it off

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
                plan = self.plan
                if plan is None:
                    taken = self._one(batches, None if most is None else most - done)
                else:
                    threads.follow()  # op by op it is NumPy that multiplies
                    wanted = unit if alone or plan.pace < unit else plan.pace // unit * unit
                    wanted -= done % unit
                    if most is not None and most - done < wanted:
                        wanted = most - done
                    taken = self._many(plan, batches, wanted)
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
            if self.plan is None:
                self.settle()
        return done

    def use(self, kernels: ModuleType) -> None:
        """Go on with these kernels."""
        if kernels.COMPILED != self.context.kernels.COMPILED:
            self._looked = -1
        self.context.kernels = kernels

    def holds(self, parts: tuple[Any, ...]) -> bool:
        """Return whether it is made of these kernels, streams and other parts, and nothing was set on them since."""
        here = (self.context.kernels, self.context.streams, *self.parts)
        if len(here) != len(parts) or not all(map(is_, here, parts)) or self._looked == -1:
            return False
        if self.methods.replaced():
            return False
        if self._looked != settings.count and self.outlook.moved():
            return False
        self._looked = settings.count
        return True

    @cached_property
    def outlook(self) -> Outlook:
        """Notices when something of the model was set."""
        return Outlook(self.model)

    def rest(self) -> None:
        """Let go of the data and of the caller's context until another call takes it."""
        for name in ("inside", "held", "_latest"):
            vars(self).pop(name, None)
        self.progress = self._idle
        self.context.losses.clear()
        if self.plan is not None:
            self.plan.rest()

    def sound(self) -> bool:
        """Return whether all losses so far are finite numbers."""
        return True

    @cached_property
    def workers(self) -> Workers:
        """Those that take the batches together."""
        return self.model.workers  # type: ignore[no-any-return]

    def pause_together(self, due: bool | None) -> bool:
        """Return whether all workers make a pause now, and note whether this one wants to after the next batch.

        None stands for the beginning, before any batch. A step without messages pauses when it likes.
        """
        return bool(due)

    def get_state(self) -> dict[str, Any]:
        """Return what is needed to go on from here, besides the model's state and the sums."""
        return {}

    def set_state(self, state: dict[str, Any]) -> None:
        """Put back what `get_state` returned."""

    def rehearse(self, batches: Batches) -> None:
        """Build what nothing but a step builds, and change nothing; the library's own steps find all of it built."""

    def begin_epoch(self) -> None:
        """Go by the methods that objects and classes have by now."""
        if self.methods.replaced():
            self._looked = -1

    # -- what a step says -------------------------------------------------------------------------------

    @abstractmethod
    def take(self, batch: Batch) -> None:
        """Take one batch, op by op."""

    def look(self) -> None:
        """Look at what follows from settings, if any was changed since; called ahead of every batch."""
        replaced = self.methods.replaced_on_objects()
        if self._looked != settings.count or replaced:
            moved, self._looked = self.outlook.moved() or self._looked == -1, settings.count
            if moved or replaced:
                self.follow_settings()

    def follow_settings(self) -> None:
        """Compute what follows from settings."""
        self.methods = Methods(self.called(), self.model.layers_within())
        self.plan = self.make_plan() if self.context.kernels.COMPILED else None
        self.reason = "" if self.context.kernels.COMPILED else NUMPY

    def called(self) -> list[Any]:
        """Return what it calls beside the layers: losses, metrics, penalties, the optimizer, constraints."""
        return []

    def make_plan(self) -> Plan | None:
        """Return the programs of the step, of which none is written down yet; None for a step of the user's."""
        return Plan(self.context.kernels, self._begin, self.write, self.model)

    def _begin(self) -> Program:
        return Program(self.context.streams, workers=self.workers)

    def write(self, program: Program, columns: Columns) -> None:
        """Write down what `take` does, for a batch of these columns."""
        raise NotImplementedError(f"{type(self).__name__} must define write")

    def took(self, batches: int) -> None:
        """Note that a program took batches."""

    def settle(self) -> None:
        """Leave nothing of a step that was not taken; where an interrupt cuts this off, the caller does it again."""
        self.undo.undo()

    # -- the batches ------------------------------------------------------------------------------------

    @cached_property
    def held(self) -> AbstractContextManager[None]:
        """The section in which a batch is taken and counted, which no interrupt may cut in two."""
        return interrupts.held()

    @cached_property
    def inside(self) -> ContextVars:
        """A copy of the caller's context to take batches in, so that nothing can be left switched on in that one."""
        made = copy_context()
        self.context.workers = self.workers
        made.run(self.context.enter)
        made.run(np.seterr, all="ignore")  # training may run to infinity; callbacks say what they think of it
        return made

    def _one(self, batches: Batches, most: int | None) -> int:
        """Take the next batch op by op; 0 if there is none. `most` is how many there are to take in all."""
        return self.inside.run(self._next_of, batches)

    def _next_of(self, batches: Batches) -> int:
        batch = batches.next(self.context)
        if batch is None:
            return 0
        if self.workers.size > 1:
            self.context.share = batches.share
        self._latest = batch
        self._take_of(batches, batch)
        return 1

    def _many(self, plan: Plan, batches: Batches, most: int) -> int:
        """Take the next batches by the plan, at most so many; one of them op by op if they are not for it."""
        stretch = batches.ahead(self.context, most)
        if stretch is None:
            return 0
        fit = plan.prepare(stretch, most)
        with self.held:
            taken = plan.take(stretch, fit) if fit else 0
            batches.took(taken or 1)
            self.progress.batch += taken
            self.took(taken)
        self._latest = stretch
        if plan.reason:
            self.plan, self.reason = None, plan.reason
        if not taken:  # not for this program, or something is wrong with it, which `take` can tell
            if stretch.whole is not None:
                self.context.share = self.workers.share_at(stretch.whole, stretch.begin)
            try:
                self.inside.run(self._take_of, batches, stretch.batch(0))
            finally:
                self.settle()
        return taken or 1

    def _take_of(self, batches: Batches, batch: Batch) -> None:
        """Take one of these batches, wholly or not at all; an error names it."""
        self.context.losses.clear()
        try:
            self.take(batch)
            self.undo.forget()
        except (ShapeError, DataError) as error:
            batches.tell_where(error)
            raise
        finally:
            self.undo.undo()
