"""Steps: the work on one batch.

`TrainStep` is the whole of learning: the model's outputs, the loss, the gradients, the update. `take` does it op by op,
for any model. `write` emits the same computation as a program, which runs many batches in one call where compiling
pays off. The callbacks see no difference.
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
from minifit.training.plan import Columns, RestartLowering, StepPrograms
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
        Whether to record the ops for a gradient.
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

    # -- for the loops ----------------------------------------------------------------------------------

    names_known = True
    """True if `names` lists every key of the logs."""

    @property
    def names(self) -> list[str]:
        """The keys of the logs."""
        return self.objective.names

    def logs(self) -> dict[str, Any]:
        """Return the loss and the metrics of all batches since the last reset."""
        return self.objective.logs()

    def reset(self) -> None:
        """Reset the running sums of the loss and the metrics."""
        self.objective.reset()

    def sound(self) -> bool:
        """Return whether all losses so far are finite numbers."""
        return isfinite(self.objective.tracker.total)

    # -- a batch ----------------------------------------------------------------------------------------

    def follow_settings(self) -> None:
        """Update the list of regularized weights, and the programs."""
        self.regularized = [w for w in self.weights if w.regularizer is not None]
        super().follow_settings()

    def called(self) -> list[Any]:
        """Return the objects other than layers that the step calls."""
        losses = [head.loss for head in self.objective.heads if head.loss is not None]
        return [*losses, *self.objective.metrics, *(w.regularizer for w in self.regularized)]

    def write(self, program: Program, columns: Columns) -> None:
        """Emit the instructions of `take` for a batch of these columns."""
        inputs, targets, weights = columns
        several = self.workers.size > 1
        if several:
            program.shares = self.message().sums
        # first: the program checks this sum to see whether the losses are finite
        program.sums_of(self.objective.tracker)
        outputs = self.model.lowered_forward(program, inputs)
        for weight in self.regularized:
            program.regularize(weight)
        total = self.objective.lower(program, targets, outputs, weights)
        self.write_gradients(program, total)
        if several:
            message = self.message(program.shared)
            if message.sums.size != program.shares.size:
                raise RestartLowering
            program.message(message.numbers, message.send)
            program.add_shares()
        self.write_update(program)
        program.finish(self.objective.tracker)

    def write_gradients(self, program: Program, total: Value) -> None:
        """Emit the backward pass from the loss."""

    def write_update(self, program: Program) -> None:
        """Emit the update of the weights."""

    def collect(self, batches: int) -> None:
        """Record that a program ran batches."""
        self.objective.begun = self.objective.begun or batches > 0

    def added(self) -> list[Tensor]:
        """Return the losses that layers add: the penalties of weights, and those of `add_loss` during the call."""
        if not self.regularized and not self.context.losses:
            return []
        return [penalty(w) for w in self.regularized] + [loss for _, loss in self.context.losses]


class TrainStep(JudgedStep):
    """A step that learns from a batch."""

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
        """Return whether nothing that the step depends on has changed; if so, resume the optimizer's plan."""
        if not super().holds(parts):
            return False
        self.optimizer.resume(self.memory_plan)
        return True

    def _learn(self, weights: list[Parameter]) -> None:
        """Plan the update of these weights."""
        self.learned, self.memory_plan = weights, self.optimizer.plan(weights)
        self._flags = [w.trainable for w in self.weights]
        learned = set(weights)
        self.frozen = [w for w in self.weights if w.trainable and w not in learned]

    def follow_settings(self) -> None:
        """Update the list of learned weights when a weight's own flag changed, and all that depends on settings.

        The flags of layers count as `compile` found them.
        """
        learned = self.model.trainable_weights
        if not same(learned, self.learned) and set(self.model.weights) == set(self.weights):
            # the update refuses the weights of other models
            if self._flags != [w.trainable for w in self.weights]:
                self.settle()
                self._learn(learned)
            else:
                self.model.compiled_flags.warn()
        self._follow()

    def _follow(self) -> None:
        """Update the lists of regularized and constrained weights, and the programs."""
        known = [w.constraint for w in self.constrained]
        self.constrained = [w for w in self.learned if w.constraint is not None]
        super().follow_settings()
        users = [w for w in self.constrained if not type(w.constraint).__module__.startswith("minifit.")]
        self.users_update = bool(users) or not self.optimizer.of_library
        for weight in users:
            if not any(weight.constraint is c for c in known):
                # a constraint that cannot be used must be refused before a step
                constrained(weight)

    def called(self) -> list[Any]:
        """Return the objects other than layers that the step calls."""
        return [*super().called(), self.optimizer, *(w.constraint for w in self.constrained)]

    def make_programs(self) -> StepPrograms:
        """Return the programs of the step, none of which is written yet."""
        return StepPrograms(
            self.context.kernels, self._begin, self.write, self.model, self.optimizer, self.memory_plan
        )

    def _begin(self) -> Program:
        count = self.optimizer.iterations.value
        return Program(self.context.streams, True, self.learned, count, self.workers)

    def write_gradients(self, program: Program, total: Value) -> None:
        """Emit the backward pass to all learned weights."""
        program.flow_back(total)

    def write_update(self, program: Program) -> None:
        """Emit the update of the learned weights."""
        self.optimizer.lower(program, self.memory_plan)
        for weight in self.constrained:
            program.constrain(weight)

    def settle(self) -> None:
        """Undo an unfinished step, and let frozen weights require a gradient again."""
        super().settle()
        if self.frozen:
            with self.held:
                for weight in self.frozen:
                    weight.requires_grad = True

    def take(self, batch: Batch) -> None:
        """Compute the gradients, then update the weights.

        Between the two, every gradient is known and no weight has changed. There several workers add up their
        gradients.
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
        """Run forward, loss and backward; an error leaves the weights unchanged."""
        for weight in self.frozen:
            weight.requires_grad = False
        for weight in self.learned:
            weight.grad = None
        outputs = self.model.forward(batch.inputs, True)
        loss = self.objective.loss_of(batch, outputs, self.added())
        share = self.context.share
        if self.learned:
            loss.backward(None if share is None else share.part)
        self.objective.update(batch, outputs, loss, self.undo)
        for weight in self.learned:
            if weight.grad is None and weight.grad_view is not None:
                # the loss does not depend on this weight
                weight.grad_view.fill(0)

    def update(self) -> None:
        """Update the weights by their gradients, and count the batch."""
        if self.users_update:
            self._update_with_undo()
        else:
            self._update()

    def _update(self) -> None:
        """Update the weights and count the batch in one section that no interrupt can split."""
        rate = self.optimizer.prepare(self.memory_plan)
        with self.held:
            self.optimizer.commit(self.context.kernels, self.memory_plan, rate)
            constrain(self.constrained)
            self.progress.batch += 1
            self.undo.forget()

    def _update_with_undo(self) -> None:
        """Update the weights with the user's code, which may be slow and may fail; then count the batch."""
        self.optimizer.keep(self.memory_plan, self.undo)
        self.optimizer.fit_step(self.context.kernels, self.memory_plan)
        with self.held:
            self.progress.batch += 1
            self.undo.forget()


def penalty(weight: Parameter) -> Any:
    """Return the penalty of a weight's regularizer: one number."""
    value = weight.regularizer(weight)
    if np.ndim(value) != 0 or not isinstance(value, Tensor | float | int | np.number):
        raise ArgumentTypeError(
            f"The regularizer of {weight.name} must return one number as a tensor. "
            f"Received: {f'shape {value.shape}' if isinstance(value, Tensor) else repr(value)}. "
            "Write it in minifit.ops, as ops.sum(ops.square(w))."
        )
    return value


class TestStep(JudgedStep):
    """A step that evaluates a batch."""

    # pytest must not collect this class
    __test__ = False

    def take(self, batch: Batch) -> None:
        """Compute the outputs, the loss and the metrics."""
        before = self.sums_now() if self.workers.size > 1 else []
        outputs = self.model.forward(batch.inputs, False)
        loss = self.objective.loss_of(batch, outputs, self.added())
        self.objective.update(batch, outputs, loss, self.undo)
        if self.workers.size > 1:
            self.share(before)


class PredictStep(Runner):
    """A step that keeps the predictions of every batch.

    Attributes
    ----------
    outputs : list of tuple of ndarray
        The flat outputs, one entry for each batch or for each call of a program.
    counts : list of list of int
        For several workers: the number of rows of each batch that count on this worker.
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
        """No protected section: an interrupt ends the call, and with it the outputs."""
        return nullcontext()

    def rest(self) -> None:
        """Release the data, the caller's context and the outputs."""
        super().rest()
        self.outputs, self.counts = [], []

    def write(self, program: Program, columns: Columns) -> None:
        """Emit the instructions of `take` for a batch of these columns."""
        for y in self.model.lowered_forward(program, columns[0]):
            program.result(y)
        program.body += program.settling

    def collect(self, batches: int) -> None:
        """Keep the outputs of a program."""
        if self.programs is not None:
            self.outputs += self.programs.results
            self.programs.results = []

    def take(self, batch: Batch) -> None:
        """Compute the outputs and keep them."""
        self.outputs.append(tuple([y.numpy() for y in self.model.forward(batch.inputs, False)]))

    def _take_next(self, batches: Batches) -> int:
        taken = super()._take_next(batches)
        if taken and batches.share is not None:
            self.counts.append([batches.share.rows])
        return taken

    def _run_program(self, programs: StepPrograms, batches: Batches, most: int) -> int:
        taken, stretch = super()._run_program(programs, batches, most), self._latest
        if taken and isinstance(stretch, Stretch) and stretch.whole is not None:
            numbers = range(stretch.begin, stretch.begin + taken)
            self.counts.append([self.workers.share_at(stretch.whole, number).rows for number in numbers])
        return taken

    def joined(self, first: int = 0) -> Any:
        """Return the outputs of all workers from entry `first` on, one row for each sample, nested as by the model."""
        return self.model.pack_outputs(joined(self.workers, self.outputs[first:], self.counts[first:]))
