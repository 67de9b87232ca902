"""Steps: what happens to one batch.

`TrainStep` is the whole of learning: the model's output, how wrong it is, the gradient, the update. `take` says it
op by op, for any model. `write` writes the same down as a program, which takes many batches in a call where compiling
pays; what the callbacks see is no different.
"""

from contextlib import AbstractContextManager, nullcontext
from functools import cached_property
from math import isfinite
from types import ModuleType
from typing import Any

import numpy as np

from minifit import settings
from minifit.arrays import Array
from minifit.constraints import constrain, constrained
from minifit.data import Batch, Batches
from minifit.data.batch import Stretch
from minifit.errors import ArgumentTypeError
from minifit.lowering.program import Program
from minifit.lowering.values import Value
from minifit.optimizers import Optimizer
from minifit.parameters import Parameter, same
from minifit.randomness import Streams
from minifit.tensor import Tensor
from minifit.training.objective import Objective
from minifit.training.plan import Again, Columns, Plan
from minifit.training.predicted import joined
from minifit.training.runner import Runner
from minifit.training.sharing import Sharing
from minifit.training.trainable import Trainable


class JudgedStep(Sharing):
    """A step with a loss and metrics.

    Parameters
    ----------
    model : Trainable
    kernels : module
    streams : Streams
    objective : Objective
    recording : bool, default False
        Whether a gradient will be wanted.
    """

    def __init__(
        self,
        model: Trainable,
        kernels: ModuleType,
        streams: Streams,
        objective: Objective,
        recording: bool = False,
    ) -> None:
        super().__init__(kernels, streams, recording)
        self.model = model
        self.objective = objective
        self.weights = model.weights
        self.regularized: list[Parameter] = []
        self.parts = objective, objective.heads

    # -- what the loops ask -----------------------------------------------------------------------------

    names_known = True
    """True if the logs hold what `names` says and nothing else."""

    @property
    def names(self) -> list[str]:
        """The names of what `logs` holds."""
        return self.objective.names

    def logs(self) -> dict[str, Any]:
        """Return the loss and the metrics of all batches since the last reset."""
        return self.objective.logs()

    def reset(self) -> None:
        """Begin to sum up from nothing."""
        self.objective.reset()

    def sound(self) -> bool:
        """Return whether all losses so far are finite numbers."""
        return isfinite(self.objective.tracker.total)

    # -- a batch ----------------------------------------------------------------------------------------

    def follow_settings(self) -> None:
        """Find the weights whose regularizer adds to the loss, and see whether the model has a plan."""
        self.regularized = [w for w in self.weights if w.regularizer is not None]
        super().follow_settings()

    def called(self) -> list[Any]:
        """Return what it calls beside the layers."""
        losses = [head.loss for head in self.objective.heads if head.loss is not None]
        return [*losses, *self.objective.metrics, *(w.regularizer for w in self.regularized)]

    def write(self, program: Program, columns: Columns) -> None:
        """Write down what `take` does, for a batch of these columns."""
        inputs, targets, weights = columns
        several = self.workers.size > 1
        if several:
            program.shares = self.message().sums
        program.sums_of(self.objective.tracker)  # first of all: it tells whether the losses are sound
        outputs = self.model.lowered_forward(program, inputs)
        for weight in self.regularized:
            program.regularize(weight)
        total = self.objective.lower(program, targets, outputs, weights)
        self.write_gradients(program, total)
        if several:
            message = self.message(program.shared)
            if message.sums.size != program.shares.size:
                raise Again
            program.message(message.numbers, message.send)
            program.add_shares()
        self.write_update(program)
        program.finish(self.objective.tracker)

    def write_gradients(self, program: Program, total: Value) -> None:
        """Write down the way back from the loss."""

    def write_update(self, program: Program) -> None:
        """Write down how the weights change by their gradients."""

    def took(self, batches: int) -> None:
        """Note that a program took batches."""
        self.objective.begun = self.objective.begun or batches > 0

    def added(self) -> list[Tensor]:
        """Return what the layers add to the loss: penalties of weights, and what they added during the call."""
        if not self.regularized and not self.context.losses:
            return []
        return [penalty(w) for w in self.regularized] + [loss for _, loss in self.context.losses]


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
        self.parts = (objective, objective.heads, optimizer) if optimizer.of_library else ()
        self.constrained: list[Parameter] = []
        self._learn(model.trainable_weights)
        self._looked = settings.count
        self.outlook.moved()
        self._follow()

    def holds(self, parts: tuple[Any, ...]) -> bool:
        """Return whether all of it is as it was, and then have the optimizer go on with its plan."""
        if not super().holds(parts):
            return False
        self.optimizer.resume(self.memory_plan)
        return True

    def _learn(self, weights: list[Parameter]) -> None:
        """Plan to update these weights and no others."""
        self.learned, self.memory_plan = weights, self.optimizer.plan(weights)
        self._flags = [w.trainable for w in self.weights]
        learned = set(weights)
        self.frozen = [w for w in self.weights if w.trainable and w not in learned]

    def follow_settings(self) -> None:
        """Find the weights that are learned where a weight's own flag changed, and what else follows from settings.

        The flags of layers count as they were compiled.
        """
        learned = self.model.trainable_weights
        if not same(learned, self.learned) and set(self.model.weights) == set(self.weights):
            # the update refuses weights of other models
            if self._flags != [w.trainable for w in self.weights]:
                self.settle()
                self._learn(learned)
            else:
                self.model.compiled_flags.warn()
        self._follow()

    def _follow(self) -> None:
        """Find the weights that are regularized or constrained, and whether there is a plan."""
        known = [w.constraint for w in self.constrained]
        self.constrained = [w for w in self.learned if w.constraint is not None]
        super().follow_settings()
        users = [w for w in self.constrained if not type(w.constraint).__module__.startswith("minifit.")]
        self.users_update = bool(users) or not self.optimizer.of_library
        for weight in users:
            if not any(weight.constraint is c for c in known):
                constrained(weight)  # one that cannot be used is to be noticed before a step

    def called(self) -> list[Any]:
        """Return what it calls beside the layers."""
        return [*super().called(), self.optimizer, *(w.constraint for w in self.constrained)]

    def make_plan(self) -> Plan:
        """Return the programs of the step, of which none is written down yet."""
        return Plan(
            self.context.kernels, self._begin, self.write, self.model, self.optimizer, self.memory_plan
        )

    def _begin(self) -> Program:
        count = self.optimizer.iterations.value
        return Program(self.context.streams, True, self.learned, count, self.workers)

    def write_gradients(self, program: Program, total: Value) -> None:
        """Write down the way back to all weights that are learned."""
        program.flow_back(total)

    def write_update(self, program: Program) -> None:
        """Write down the update."""
        self.optimizer.lower(program, self.memory_plan)
        for weight in self.constrained:
            program.constrain(weight)

    def settle(self) -> None:
        """Leave nothing of such a step, and let frozen weights require a gradient again elsewhere."""
        super().settle()
        if self.frozen:
            with self.held:
                for weight in self.frozen:
                    weight.requires_grad = True

    def take(self, batch: Batch) -> None:
        """Compute the gradient, then change the weights by it.

        Between the two stands every gradient in its slot and no weight has changed: there several workers add up
        theirs.
        """
        if self.workers.size == 1:
            self.differentiate(batch)
        else:
            before = self.sums_now()
            self.message(len(before))
            self.differentiate(batch)
            self.share(before)
        self.update()

    def differentiate(self, batch: Batch) -> None:
        """Forward, loss, backward; an error leaves the weights as they were."""
        for weight in self.frozen:
            weight.requires_grad = False  # nothing flows back into it
        for weight in self.learned:
            weight.grad = None
        outputs = self.model.forward(batch.inputs, True)
        loss = self.objective.loss_of(batch, outputs, self.added())
        share = self.context.share
        if self.learned:
            loss.backward(None if share is None else share.part)
        self.objective.update(batch, outputs, loss, self.undo)
        for weight in self.learned:
            if weight.grad is None and weight.slot is not None:
                weight.slot.fill(0)  # the loss does not depend on it

    def update(self) -> None:
        """Change the weights by their gradients, and count the batch."""
        if self.users_update:
            self._update_with_undo()
        else:
            self._update()

    def _update(self) -> None:
        """Change the weights and count the batch in one section."""
        rate = self.optimizer.prepare(self.memory_plan)
        with self.held:
            self.optimizer.commit(self.context.kernels, self.memory_plan, rate)
            constrain(self.constrained)
            self.progress.batch += 1
            self.undo.forget()

    def _update_with_undo(self) -> None:
        """Change the weights by the user's code, which may take any time and fail; then count the batch."""
        self.optimizer.keep(self.memory_plan, self.undo)
        self.optimizer.fit_step(self.context.kernels, self.memory_plan)
        with self.held:
            self.progress.batch += 1
            self.undo.forget()


def penalty(weight: Parameter) -> Any:
    """Return what a weight's regularizer adds to the loss: one number."""
    found = weight.regularizer(weight)
    if np.ndim(found) != 0 or not isinstance(found, Tensor | float | int | np.number):
        raise ArgumentTypeError(
            f"The regularizer of {weight.name} must return one number as a tensor. "
            f"Received: {f'shape {found.shape}' if isinstance(found, Tensor) else repr(found)}. "
            "Write it in minifit.ops, as ops.sum(ops.square(w))."
        )
    return found


class TestStep(JudgedStep):
    """Judge a batch."""

    __test__ = False  # for pytest: this is no test

    def take(self, batch: Batch) -> None:
        """Forward and loss."""
        before = self.sums_now() if self.workers.size > 1 else []
        outputs = self.model.forward(batch.inputs, False)
        loss = self.objective.loss_of(batch, outputs, self.added())
        self.objective.update(batch, outputs, loss, self.undo)
        if self.workers.size > 1:
            self.share(before)


class PredictStep(Runner):
    """Keep the predictions of every batch.

    Attributes
    ----------
    outputs : list of tuple of ndarray
        The flat outputs of one batch or several, each time they were taken.
    counts : list of list of int
        Where several workers predict: how many of the rows of each of these batches count on this one.
    """

    def __init__(self, model: Trainable, kernels: ModuleType, streams: Streams) -> None:
        super().__init__(kernels, streams)
        self.model = model
        self.parts = (model,)
        self.outputs: list[tuple[Array, ...]] = []
        self.counts: list[list[int]] = []
        self.look()

    @cached_property
    def held(self) -> AbstractContextManager[None]:
        """No section: an interrupt ends the call, and with it the outputs."""
        return nullcontext()

    def rest(self) -> None:
        """Let go of the outputs, too."""
        super().rest()
        self.outputs, self.counts = [], []

    def write(self, program: Program, columns: Columns) -> None:
        """Write down what `take` does, for a batch of these columns."""
        for y in self.model.lowered_forward(program, columns[0]):
            program.result(y)
        program.body += program.settling

    def took(self, batches: int) -> None:
        """Keep what a program predicted."""
        if self.plan is not None:
            self.outputs += self.plan.results
            self.plan.results = []

    def take(self, batch: Batch) -> None:
        """Forward."""
        self.outputs.append(tuple([y.numpy() for y in self.model.forward(batch.inputs, False)]))

    def _next_of(self, batches: Batches) -> int:
        taken = super()._next_of(batches)
        if taken and batches.share is not None:
            self.counts.append([batches.share.rows])
        return taken

    def _many(self, plan: Plan, batches: Batches, most: int) -> int:
        taken, stretch = super()._many(plan, batches, most), self._latest
        if taken and isinstance(stretch, Stretch) and stretch.whole is not None:
            numbers = range(stretch.begin, stretch.begin + taken)
            self.counts.append([self.workers.share_at(stretch.whole, number).rows for number in numbers])
        return taken

    def joined(self, first: int = 0) -> Any:
        """Return the outputs since `first` times, one row a sample, as the model returns them; of all workers."""
        return self.model.pack_outputs(joined(self.workers, self.outputs[first:], self.counts[first:]))
