"""Steps: what happens to one batch.

`TrainStep` is the whole of learning: the model's output, how wrong it is, the gradient, the update. `take` says it
op by op, for any model. Where the model is a chain of dense layers, and compiling pays, one kernel does the same for
many batches in a call; what the callbacks see is no different.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextvars import Context as ContextVars
from contextvars import copy_context
from functools import cached_property
from types import ModuleType
from typing import Any, Protocol

import numpy as np

from minifit import interrupts, settings
from minifit.arrays import Array, Workspace
from minifit.data import Batch, Batches
from minifit.errors import ArgumentTypeError, DataError, ShapeError
from minifit.layers import Layer
from minifit.optimizers import Optimizer
from minifit.parameters import Parameter
from minifit.randomness import Streams
from minifit.tensor import Context, Tensor
from minifit.training.chain import Chain, chain_of
from minifit.training.objective import Objective
from minifit.undo import Undo

PAUSE = 0.1
"""Seconds after which batches that nobody watches make a pause, so that Ctrl-C works."""


class Trainable(Protocol):
    """What a step knows of a model."""

    @property
    def weights(self) -> list[Parameter]:
        """All weights."""

    @property
    def trainable_weights(self) -> list[Parameter]:
        """Those that training changes."""

    def forward(self, x: Array, training: bool) -> Tensor:
        """The output for a batch."""

    def layers_in_turn(self) -> Sequence[Layer]:
        """The layers, if the output is what comes out when the input goes through one after another; else none."""

    def describe(self) -> list[Any]:
        """The layers, without what they are called and what their weights begin with."""


class Step(ABC):
    """What `fit`, `evaluate` and `predict` do with a batch.

    Parameters
    ----------
    model : Sequential
    kernels : module
        The compiled kernels or the reference.
    streams : Streams
    recording : bool
        Whether a gradient will be wanted.
    """

    def __init__(
        self, model: Trainable, kernels: ModuleType, streams: Streams, recording: bool = False
    ) -> None:
        self.model = model
        self.memory = Workspace()
        self.undo = Undo()
        self.context = Context(kernels, self.memory, recording, streams, self.undo)
        self.held = interrupts.held()
        self._looked = -1  # `settings.count` when `follow_settings` was last called

    def look(self) -> None:
        """Look at what follows from settings, if any was changed since; called ahead of every batch."""
        if self._looked != settings.count:
            self._looked = settings.count
            self.follow_settings()

    def follow_settings(self) -> None:
        """Compute what follows from settings."""

    @abstractmethod
    def take(self, batch: Batch) -> None:
        """One batch."""

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
            return self._inside.run(self._run, batches, most, unit, stopped)
        finally:
            self.settle()

    def settle(self) -> None:
        """Leave nothing of a step that was not taken; where an interrupt cuts this off, the caller does it again."""
        self.undo.undo()

    @cached_property
    def _inside(self) -> ContextVars:
        """A copy of the caller's context to take batches in, so that nothing can be left switched on in that one."""
        made = copy_context()
        made.run(self.context.enter)
        made.run(np.seterr, all="ignore")  # training may run to infinity; callbacks say what they think of it
        return made

    def _run(self, batches: Batches, most: int | None, unit: int, stopped: Callable[[], bool]) -> int:
        """Do the work of `run`, inside."""
        done, until, sound, broken = 0, time.perf_counter() + PAUSE, self.sound(), False
        while done != most:
            if self._looked != settings.count:
                self.look()
            self.memory.rewind()
            batch = batches.next(self.context)
            if batch is None:
                break
            self._take_of(batches, batch)
            done += 1
            if sound and not self.sound():
                sound, broken = False, True
                batches.explain(batch)
            if done % unit == 0 and (broken or stopped() or time.perf_counter() > until):
                break
        return done

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

    def use(self, kernels: ModuleType) -> None:
        """Go on with these kernels."""
        if kernels.COMPILED != self.context.kernels.COMPILED:
            self._looked = -1
        self.context.kernels = kernels

    def sound(self) -> bool:
        """Whether all losses so far are finite numbers."""
        return True


class Progress(Protocol):
    """The count of batches that were taken."""

    batch: int


class _Uncounted:
    """The count where none is needed."""

    batch = 0


class JudgedStep(Step):
    """A step with a loss and metrics."""

    def __init__(
        self,
        model: Trainable,
        kernels: ModuleType,
        streams: Streams,
        objective: Objective,
        recording: bool = False,
    ) -> None:
        super().__init__(model, kernels, streams, recording)
        self.objective = objective
        self.weights = model.weights
        self.regularized: list[Parameter] = []
        self._chain: Chain | None = None
        self.progress: Progress = _Uncounted()

    def sound(self) -> bool:
        """Whether all losses so far are finite numbers."""
        return self.objective.finite

    @property
    def chain(self) -> Chain | None:
        """The plan for the kernel of chains, while the model is one as it is set."""
        self.look()
        return self._chain

    def follow_settings(self) -> None:
        """Find the weights whose regularizer adds to the loss, and see whether the model is a chain."""
        self.regularized = [w for w in self.weights if w.regularizer is not None]
        self._chain = self.make_chain() if self.context.kernels.COMPILED else None

    def added(self) -> list[Tensor]:
        """Return what the layers add to the loss: penalties of weights, and what they added during the call."""
        if not self.regularized and not self.context.losses:
            return []
        return [penalty(w) for w in self.regularized] + [loss for _, loss in self.context.losses]

    def make_chain(self) -> Chain | None:
        """Plan the model, to be judged."""
        return chain_of(self.model.layers_in_turn(), self.objective, last=self._chain)

    def run(self, batches: Batches, most: int | None, unit: int, stopped: Callable[[], bool]) -> int:
        """Take several batches, many in a call of one kernel where that can be."""
        chain = self.chain
        if chain is None:
            return super().run(batches, most, unit, stopped)
        objective, done, until = self.objective, 0, time.perf_counter() + PAUSE
        sound, broken = objective.finite, False
        while done != most:
            units = 1 if stopped() else max(chain.pace // unit, 1)
            wanted = units * unit - done % unit
            wanted = wanted if most is None else min(wanted, most - done)
            self.memory.rewind()
            stretch = batches.ahead(self.context, wanted)
            if stretch is None:
                break
            fit = chain.prepare(stretch, wanted)
            with self.held:
                taken = chain.take(self.context.kernels, stretch, fit) if fit else 0
                batches.took(taken or 1)
                self.progress.batch += taken
            if not taken:  # not for this kernel, or something is wrong with it, which `take` can tell
                try:
                    self._inside.run(self._take_of, batches, stretch.batch(0))
                finally:
                    self.settle()
            done += taken or 1
            if sound and not objective.finite:
                sound, broken = False, True
                batches.explain(stretch.batch((taken or 1) - 1))
            if done % unit == 0 and (broken or stopped() or time.perf_counter() > until):
                break
        return done


class TrainStep(JudgedStep):
    """Learn from a batch."""

    def __init__(
        self,
        model: Trainable,
        kernels: ModuleType,
        streams: Streams,
        objective: Objective,
        optimizer: Optimizer,
    ) -> None:
        super().__init__(model, kernels, streams, objective, recording=True)
        self.optimizer = optimizer
        self.constrained: list[Parameter] = []
        self._learn(model.trainable_weights)
        self.look()

    def _learn(self, weights: list[Parameter]) -> None:
        """Plan to update these weights and no others."""
        self.learned, self.plan = weights, self.optimizer.plan(weights)
        self.frozen = [w for w in self.weights if w.trainable and w not in weights]

    def follow_settings(self) -> None:
        """Find also the weights that are learned and those that are constrained."""
        learned = self.model.trainable_weights
        if learned != self.learned and set(self.model.weights) == set(
            self.weights
        ):  # the update refuses others
            self.settle()
            self._learn(learned)
        super().follow_settings()
        known = [w.constraint for w in self.constrained]
        self.constrained = [w for w in self.learned if w.constraint is not None]
        users = [w for w in self.constrained if not type(w.constraint).__module__.startswith("minifit.")]
        self.users_update = bool(users) or not self.optimizer.of_library
        for weight in users:
            if not any(weight.constraint is c for c in known):
                constrained(weight)  # one that cannot be used is to be noticed before a step

    def make_chain(self) -> Chain | None:
        """Plan the model with its optimizer."""
        return chain_of(
            self.model.layers_in_turn(), self.objective, self.optimizer, self.plan, last=self._chain
        )

    def _run(self, batches: Batches, most: int | None, unit: int, stopped: Callable[[], bool]) -> int:
        """Take the batches, and leave frozen weights as they were found."""
        try:
            return super()._run(batches, most, unit, stopped)
        finally:
            self.settle()

    def settle(self) -> None:
        """Leave nothing of such a step, and let frozen weights require a gradient again elsewhere."""
        super().settle()
        if self.frozen:
            with self.held:
                for weight in self.frozen:
                    weight.requires_grad = True

    def take(self, batch: Batch) -> None:
        """Forward, loss, backward, update."""
        for weight in self.frozen:
            weight.requires_grad = False  # nothing flows back into it
        for weight in self.learned:
            weight.grad = None
        y_pred = self.model.forward(batch.inputs[0], True)
        loss = self.objective.loss_of(batch, y_pred, self.added())
        if self.learned:
            loss.backward()
        # before the update: an error leaves the weights as they were
        self.objective.update(batch, y_pred, loss, self.undo)
        for weight in self.learned:
            if weight.grad is None and weight.slot is not None:
                weight.slot.fill(0)  # the loss does not depend on it
        if self.users_update:
            self._update_with_undo()
        else:
            self._update()

    def _update(self) -> None:
        """Change the weights and count the batch in one section."""
        rate = self.optimizer.prepare(self.plan)
        with self.held:
            self.optimizer.commit(self.context.kernels, self.plan, rate)
            if self.constrained:
                self._constrain()
            self.progress.batch += 1
            self.undo.forget()

    def _update_with_undo(self) -> None:
        """Change the weights by the user's code, which may take any time and fail; then count the batch."""
        self.optimizer.keep(self.plan, self.undo)
        self.optimizer.fit_step(self.context.kernels, self.plan)
        self._constrain()
        with self.held:
            self.progress.batch += 1
            self.undo.forget()

    def _constrain(self) -> None:
        for weight in self.constrained:
            weight.value[...] = constrained(weight)


def penalty(weight: Parameter) -> Any:
    """What a weight's regularizer adds to the loss: one number."""
    found = weight.regularizer(weight)
    if np.ndim(found) != 0 or not isinstance(found, Tensor | float | int | np.number):
        raise ArgumentTypeError(
            f"The regularizer of {weight.name} must return one number as a tensor. "
            f"Received: {f'shape {found.shape}' if isinstance(found, Tensor) else repr(found)}. "
            "Write it in minifit.ops, as ops.sum(ops.square(w))."
        )
    return found


def constrained(weight: Parameter) -> Array:
    """What a weight's constraint makes of it: an array of its shape."""
    found = np.asarray(weight.constraint(weight.value))
    if found.dtype.kind not in "fiub" or found.shape != weight.shape:
        raise ShapeError(
            f"The constraint of {weight.name} must return an array of its shape, {weight.shape}. "
            f"Received: dtype {found.dtype} of shape {found.shape}. Mend the constraint."
        )
    return found


class TestStep(JudgedStep):
    """Judge a batch."""

    __test__ = False  # for pytest: this is no test

    def take(self, batch: Batch) -> None:
        """Forward and loss."""
        y_pred = self.model.forward(batch.inputs[0], False)
        loss = self.objective.loss_of(batch, y_pred, self.added())
        self.objective.update(batch, y_pred, loss, self.undo)


class PredictStep(Step):
    """Keep a batch's predictions."""

    def __init__(self, model: Trainable, kernels: ModuleType, streams: Streams) -> None:
        super().__init__(model, kernels, streams)
        self.outputs: list[Array] = []

    def take(self, batch: Batch) -> None:
        """Forward."""
        self.outputs.append(self.model.forward(batch.inputs[0], False).numpy())
