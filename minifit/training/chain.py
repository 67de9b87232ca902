"""`Chain`: a model that one kernel can train and judge, many batches in a call.

Most models are a chain of `Dense` layers with an ordinary loss and optimizer. For such a one a step through layers,
losses and optimizers written in Python costs more than its arithmetic. The kernel `chain_steps` does all of a step
itself, and the steps of a whole chunk one after another. Here it is decided which models that are, and written down
for the kernel what it must know: the plan. Everything else goes step by step, as `TrainStep.take` says.
"""

import time
from collections.abc import Sequence
from itertools import accumulate
from types import ModuleType
from typing import Any

import numpy as np

from minifit import activations, losses, settings
from minifit.arrays import FLOAT, Array, Shape, aligned_zeros
from minifit.data.batch import Stretch
from minifit.kernels import blas
from minifit.kernels import chain as at
from minifit.layers import Activation, Dense, Flatten, Layer
from minifit.metrics.accuracy import binary_accuracy, categorical_accuracy, sparse_categorical_accuracy
from minifit.metrics.base import MeanMetricWrapper
from minifit.optimizers import SGD, Adam, Optimizer
from minifit.optimizers.base import Plan
from minifit.parameters import Parameter, padded, same
from minifit.training.objective import Objective

ACTIVATIONS = {
    activations.linear: at.LINEAR,
    activations.relu: at.RELU,
    activations.sigmoid: at.SIGMOID,
    activations.tanh: at.TANH,
    activations.softmax: at.SOFTMAX,
}
LOSSES = {
    losses.mean_squared_error: at.SQUARED_ERROR,
    losses.binary_crossentropy: at.BINARY_CROSSENTROPY,
    losses.categorical_crossentropy: at.CATEGORICAL_CROSSENTROPY,
    losses.sparse_categorical_crossentropy: at.CATEGORICAL_CROSSENTROPY,
}
PROBABILITIES = {at.BINARY_CROSSENTROPY: at.SIGMOID, at.CATEGORICAL_CROSSENTROPY: at.SOFTMAX}
"""The activation that a cross-entropy takes into itself."""

METRICS = {
    binary_accuracy: at.BINARY_ACCURACY,
    categorical_accuracy: at.CATEGORICAL_ACCURACY,
    sparse_categorical_accuracy: at.CATEGORICAL_ACCURACY,
    losses.mean_squared_error: at.MEAN_SQUARED_ERROR,
    losses.mean_absolute_error: at.MEAN_ABSOLUTE_ERROR,
}

UNCOUNTED = np.zeros((), np.int64)
"""The iterations of no optimizer: batches that are only judged count none."""

A_CALL = 0.02
"""About how many seconds a call of the kernel shall take at most, unless a single step takes longer."""


class Chain:
    """The plan of a model for the kernel, with the memory that it points to.

    Parameters
    ----------
    layers : list of (Dense, int)
        Each with the code of the activation that follows it.
    sample : tuple of int
        The shape of a sample.
    objective : Objective
    optimizer : SGD or Adam, optional
        The batches are only judged when None.
    memory : optimizers.Plan, optional
        Where the optimizer finds what it updates.

    Attributes
    ----------
    plan : ndarray of int64
        As `minifit.kernels.chain` describes it.
    layers, memory
        As given.
    pace : int
        How many steps a call may have so that it is over soon: Ctrl-C waits for its end.
    """

    def __init__(
        self,
        layers: Sequence[tuple[Dense, int]],
        sample: Shape,
        objective: Objective,
        optimizer: Optimizer | None,
        memory: Plan | None,
    ) -> None:
        self.layers, self._sample = layers, sample
        self._objective, self._optimizer, self.memory = objective, optimizer, memory
        (head,) = objective.heads
        self._means: list[Any] = [objective.tracker, *(metric for metric, _ in head.metrics.values())]
        loss = head.loss.fn  # type: ignore[union-attr]
        self._sparse = loss is losses.sparse_categorical_crossentropy
        self.plan = np.zeros((at.LAYER + len(layers), at.FIELDS), np.int64)
        self._settings, self._sums = np.zeros(3), np.zeros(2 * len(self._means))
        self._room = aligned_zeros(0)  # for what the kernel computes on its way, each part of it aligned
        self._rows_fit = 0
        self._rate = 0.0
        self._layouts: list[tuple[Any, int]] = []
        self._weights: list[Array] = []  # that the plan points to
        self._looked = -1  # `settings.count` when the optimizer's were last looked at
        self._aimed_at: Stretch | None = None
        self.pace = 1
        work = self.plan[at.WORK]
        work[at.LOSS], work[at.BLAS] = LOSSES[loss], blas.sgemm_address()
        work[at.METRIC : at.METRIC + len(self._means) - 1] = [METRICS[m.fn] for m in self._means[1:]]
        for row, (layer, activation) in zip(self.plan[at.LAYER :], layers, strict=True):
            row[at.K], row[at.M], row[at.ACTIVATION] = *layer.kernel.shape, activation

    def prepare(self, stretch: Stretch, most: int) -> int:
        """Return how many batches of a stretch one call can take, at most `most`; 0 if the kernel is not for them."""
        if not (self._point_to_parameters() and self._aim(stretch)):
            return 0
        optimizer = self._optimizer
        if optimizer is not None:
            self._rate = optimizer.rate()
            if optimizer.scheduled or optimizer.decay:
                return 1  # each step has a learning rate of its own
        return min(most, stretch.batches)

    def take(self, kernels: ModuleType, stretch: Stretch, most: int) -> int:
        """Take as many batches as `prepare` said, and return how many were taken; while interrupts are held.

        Fewer are if a target is no class, or if the loss stops being finite.
        """
        optimizer, sums = self._optimizer, self._sums
        iterations = UNCOUNTED if optimizer is None else optimizer.iterations.value
        for i, mean in enumerate(self._means):
            sums[2 * i], sums[2 * i + 1] = mean.total, mean.count
        began = time.perf_counter() if most >= self.pace else None
        done: int = kernels.chain_steps(
            self.plan, self._settings, sums, iterations, self._rate, stretch.begin, most
        )
        if began is not None:
            self._set_pace(done, time.perf_counter() - began)
        totals = sums.tolist()
        for i, mean in enumerate(self._means):
            mean.total, mean.count = totals[2 * i], totals[2 * i + 1]
        self._objective.begun = True
        return done

    def rest(self) -> None:
        """Let go of the data."""
        self._aimed_at = None

    def _set_pace(self, steps: int, seconds: float) -> None:
        if seconds > A_CALL:
            self.pace = max(self.pace // 2, 1)
        elif seconds < A_CALL / 4:
            self.pace = max(self.pace, 2 * steps)

    # -- what the plan says -----------------------------------------------------------------------------

    def _point_to_parameters(self) -> bool:
        """Say where they lie and how they are updated; False if the optimizer does what the kernel does not."""
        if self._optimizer is None:
            self._point_to_weights()
            return True
        return self._follow(self._optimizer)

    def _follow(self, optimizer: Optimizer) -> bool:
        if self._looked != settings.count:
            if _beyond_kernel(optimizer):
                return False
            self._set(optimizer)
        buffer, layout = self._layouts[0] if self._layouts else (None, 0)
        return (buffer is not None and buffer.layout == layout) or self._find_memory(optimizer)

    def _set(self, optimizer: Optimizer) -> None:
        """Write down how the optimizer is set."""
        self._looked = settings.count
        if isinstance(optimizer, SGD):
            self._settings[:2] = optimizer.momentum, optimizer.nesterov
            code = at.NESTEROV if optimizer.nesterov else at.MOMENTUM
            code = code if optimizer.momentum else at.PLAIN_SGD
        else:
            assert isinstance(optimizer, Adam)
            self._settings[:] = optimizer.beta_1, optimizer.beta_2, optimizer.epsilon
            code = at.ADAM
        self.plan[at.WORK, at.OPTIMIZER] = code

    def _find_memory(self, optimizer: Optimizer) -> bool:
        """Say where parameters and slots lie; False if they do not lie side by side."""
        memory, work = self.memory, self.plan[at.WORK]
        assert memory is not None
        optimizer.look_again(memory)
        if len(memory.calls) != 1:
            return False
        values, grads, slots = memory.calls[0]
        work[at.VALUES], work[at.GRADS], work[at.SIZE] = _address(values), _address(grads), values.size
        for field, slot in zip((at.FIRST_SLOT, at.SECOND_SLOT), slots, strict=False):
            work[field] = _address(slot)
        self._point_to_weights()
        self._layouts = memory.layouts
        return True

    def _point_to_weights(self) -> None:
        # Kept alive here: another thread may lay the model's memory out again while the kernel reads these.
        self._weights = [
            w.value for layer, _ in self.layers for w in (layer.kernel, layer.bias) if w is not None
        ]
        for row, (layer, _) in zip(self.plan[at.LAYER :], self.layers, strict=True):
            for parameter, value, slope in ((layer.kernel, at.W, at.DW), (layer.bias, at.B, at.DB)):
                if parameter is not None:
                    row[value], row[slope] = _address(parameter.value), _address(parameter.slot)

    def _aim(self, stretch: Stretch) -> bool:
        """Say where the batches lie; False if they are not as the kernel wants them."""
        if stretch is self._aimed_at:
            return True  # all that changes in it is handed over with every call
        if len(stretch.inputs) != 1 or len(stretch.targets) != 1 or stretch.weights:
            return False
        (x,), (y,), order = stretch.inputs, stretch.targets, stretch.order
        field = self._targets_field(y)
        if field is None or not _usable(x, FLOAT):
            return False
        if x.shape[1:] != self._sample and (x.ndim > 1 or self._sample != (1,)):
            return False
        if stretch.size > self._rows_fit:
            self._make_room(stretch.size)
        data = self.plan[at.DATA]
        data[at.BATCH_SIZE], data[at.ROWS] = stretch.size, len(x)
        data[at.SAMPLES] = len(x) if order is None else len(order)
        data[at.X], data[at.T], data[at.IDS] = _address(x), 0, 0
        data[field] = _address(y)
        data[at.ORDER] = _address(order)
        self._aimed_at = stretch
        return True

    def _targets_field(self, y: Array | None) -> int | None:
        """The field for targets like these; None if there is none."""
        outputs = int(self.plan[-1, at.M])
        if y is None or not _usable(y, y.dtype):
            return None
        column = y.size == len(y)
        if self._sparse or (column and outputs == 1 and y.dtype == np.int64):
            return at.IDS if column and y.dtype == np.int64 else None
        fits = y.shape[1:] == (outputs,) or (column and outputs == 1)
        return at.T if fits and y.dtype == FLOAT else None

    def _make_room(self, rows: int) -> None:
        """Have memory for batches of so many rows."""
        self._rows_fit = rows
        widths = self.plan[at.LAYER :, [at.K, at.M]].tolist()  # of each layer: of its input and of its output
        sizes = {
            (at.WORK, at.BATCH_X): rows * widths[0][0],
            (at.WORK, at.BATCH_T): rows * widths[-1][1],
            (at.WORK, at.TURNED): max(k * m for k, m in widths),
        }
        for row, (_, m) in enumerate(widths, at.LAYER):
            sizes[row, at.Y] = sizes[row, at.DY] = rows * m
        *starts, end = accumulate(map(padded, sizes.values()), initial=0)
        self._room = aligned_zeros(end)
        begin = _address(self._room)
        for place, start in zip(sizes, starts, strict=True):
            self.plan[place] = begin + start * FLOAT.itemsize


def chain_of(
    layers: Sequence[Layer],
    objective: Objective,
    optimizer: Optimizer | None = None,
    memory: Plan | None = None,
    last: Chain | None = None,
) -> Chain | str:
    """Return the chain that these are, or which part is not among those that the kernel knows, in words.

    Parameters
    ----------
    layers : list of Layer
    objective : Objective
    optimizer : Optimizer, optional
        The batches are only judged when None.
    memory : optimizers.Plan, optional
        What it updates.
    last : Chain, optional
        An earlier one of this objective and optimizer, which stays as long as the layers and the memory are the same.
    """
    found = _dense(layers)
    if isinstance(found, str):
        return found
    weights = [w for layer, _ in found for w in layer.weights]
    why = _beyond_objective(objective, found[-1][1]) or _beyond_weights(weights)
    if optimizer is not None:
        why = why or _beyond_update(optimizer, memory, weights)
    sample = layers[0].input_shape[1:]
    if None in sample or (len(sample) != 1 and type(layers[0]) is not Flatten):
        why = why or f"samples of shape {sample}"
    if why:
        return why
    if last is not None and last.layers == found and last.memory is memory:
        return last
    return Chain(found, tuple(n or 0 for n in sample), objective, optimizer, memory)


def _beyond_weights(weights: list[Parameter]) -> str:
    """Return which weight is regularized or constrained; an empty text if none is."""
    for weight in weights:
        if weight.regularizer or weight.constraint:
            return f"the {'regularizer' if weight.regularizer else 'constraint'} of {weight.name}"
    return ""


def _beyond_update(optimizer: Optimizer, memory: Plan | None, weights: list[Parameter]) -> str:
    """Return what keeps the kernel from updating all weights, which lie side by side; an empty text if nothing does."""
    if type(optimizer) not in (SGD, Adam) or not optimizer.of_library:
        return f"the optimizer {type(optimizer).__name__}"
    if memory is None or not same(memory.parameters, weights):
        return "weights that are not trained"
    if len(memory.calls) != 1:
        return "weights that lie apart, as another model has them too"
    return _beyond_kernel(optimizer)


def _beyond_kernel(optimizer: Optimizer) -> str:
    """Return which setting of an optimizer the kernel does not know; an empty text if it knows all."""
    names = ("clipnorm", "clipvalue", "global_clipnorm", "weight_decay", "amsgrad")
    return next((f"{name} of the optimizer" for name in names if getattr(optimizer, name, None)), "")


def _dense(layers: Sequence[Layer]) -> list[tuple[Dense, int]] | str:
    """Return the dense layers, each with its activation, or what else there is than these."""
    found: list[tuple[Dense, int]] = []
    for i, layer in enumerate(layers):
        if "call" in vars(layer) or layer.activity_regularizer is not None:
            return f"the layer {layer.name!r}, with a call or an activity_regularizer of its own"
        if type(layer) is Flatten and i == 0:
            continue
        activation = _code(ACTIVATIONS, getattr(layer, "activation", None))
        if type(layer) is Dense and activation is not None:
            found.append((layer, activation))
        elif type(layer) is Activation and activation is not None and found and found[-1][1] == at.LINEAR:
            found[-1] = found[-1][0], activation
        else:
            return f"the layer {layer.name!r} of class {type(layer).__name__}"
    return found or "a model that is no chain of layers"


def _beyond_objective(objective: Objective, last: int) -> str:
    """Return what of loss and metrics the kernel does not know behind this last activation; else an empty text."""
    if len(objective.heads) != 1:
        return f"a model of {len(objective.heads)} outputs"
    (head,) = objective.heads
    loss = head.loss
    if not isinstance(loss, losses.LossFunctionWrapper) or type(loss).__module__ != losses.__name__:
        return "the loss, which is none or the user's own"
    code = _code(LOSSES, loss.fn)
    plain = loss.reduction in ("auto", "sum_over_batch_size") and objective.settled and head.factor == 1
    if code is None or not plain or loss.options.get("label_smoothing") or loss.options.get("axis", -1) != -1:
        return f"the loss {loss.name!r} with its weight and options"
    if code in PROBABILITIES and last != (
        at.LINEAR if loss.options.get("from_logits") else PROBABILITIES[code]
    ):
        return f"the loss {loss.name!r} behind the activation of the last layer"
    sparse = loss.fn is losses.sparse_categorical_crossentropy
    metrics = [metric for metric, _ in head.metrics.values()]
    unknown = next((m.name for m in metrics if not _known_metric(m, sparse)), None)
    if unknown is not None:
        return f"the metric {unknown!r}"
    return "" if len(metrics) <= at.MOST_METRICS else f"more than {at.MOST_METRICS} metrics"


def _known_metric(metric: Any, sparse: bool) -> bool:
    if not isinstance(metric, MeanMetricWrapper) or not type(metric).__module__.startswith(
        "minifit.metrics."
    ):
        return False
    known = _code(METRICS, metric.fn) is not None and metric.options in ({}, {"threshold": 0.5})
    return known and (metric.fn is sparse_categorical_accuracy) == sparse


def _code(table: dict[Any, int], function: Any) -> int | None:
    """The code of a function; a user's own, which may not even be hashable, has none."""
    return next((code for known, code in table.items() if known is function), None)


def _usable(array: Array, dtype: np.dtype[Any]) -> bool:
    return array.dtype == dtype and array.flags.c_contiguous and array.flags.aligned


def _address(array: Array | None) -> int:
    return 0 if array is None else int(array.__array_interface__["data"][0])
