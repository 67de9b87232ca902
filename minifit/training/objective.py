"""`Objective`: the losses and the metrics of all outputs of a compiled model."""

import copy
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from minifit import losses
from minifit.arrays import Shape
from minifit.data import Batch
from minifit.data.batch import Columns
from minifit.errors import ArgumentError, ArgumentTypeError, DataError
from minifit.metrics.base import Mean, Metric
from minifit.parameters import Variable
from minifit.tables import plain
from minifit.tensor import Tensor
from minifit.training.heads import CompileArguments, Head
from minifit.undo import Undo


class Objective:
    """A list of heads, one for each output, and their total loss.

    Parameters
    ----------
    loss : str, function, Loss, or a list or dict by output of them; None for no loss of the targets
    metrics, weighted_metrics : str, function, Metric, or (nested) lists or dicts by output of them
        Metrics without and with sample weights.
    loss_weights : float or Variable, or a list or dict by output of them, optional
        Factors of the losses; a Variable is read at every batch.

    Attributes
    ----------
    heads : list of Head
        Empty until the outputs and the shapes of targets and predictions are known.
    tracker : Mean
        The running mean of the total.
    trackers : list of Mean
        The running means of losses: the total, then that of each output if there are several outputs.
    compiled_metrics : list of Metric
        The metrics passed to `compile`, output by output.
    of_layers : list of Metric
        The metrics of the model's layers and attributes; they come last in logs.
    sums : list of Metric
        All running sums, in the order of `names`.
    names : list of str
        The names of losses and metrics in logs.
    resolved : bool
        Whether the heads are known.
    begun : bool
        Whether a batch has been counted since; a call that failed on its first batch may still change the heads.
    losses_used, metrics_used : bool
        Whether the losses and the metrics of `compile` count anything: a user's step may use neither.
    lazy : bool
        Whether the heads are made from the first batch of a user's step.
    claimed : bool
        Whether the sums belong to a fit or an evaluation under way.
    """

    def __init__(
        self, loss: Any, metrics: Any = None, weighted_metrics: Any = None, loss_weights: Any = None
    ) -> None:
        self._arguments = CompileArguments(loss, metrics, weighted_metrics, loss_weights)
        self.given_loss = self._arguments.loss
        self.tracker = Mean("loss")
        self._arrange([], [])
        self.resolved = self.claimed = self.begun = self.lazy = False
        self.losses_used = self.metrics_used = False
        self._shapes: Any = None
        # sums that were restored before the heads were made
        self._waiting: list[dict[str, Any]] = []

    # -- the parts --------------------------------------------------------------------------------------

    def _arrange(self, heads: list[Head], of_layers: list[Metric]) -> None:
        """Set the heads and the metrics of layers, and list all running sums."""
        self.heads, self.of_layers = heads, of_layers
        self.trackers = [self.tracker, *(head.tracker for head in heads if head.tracker is not None)]
        self.compiled_metrics = [metric for head in heads for metric, _ in head.metrics.values()]
        self.sums: list[Metric] = [*self.trackers, *self.compiled_metrics, *of_layers]
        named = [name for head in heads for name in head.metrics]
        self.names = [*(m.name for m in self.trackers), *named, *(m.name for m in of_layers)]
        self._means = list(zip(self.names, self.trackers, strict=False))
        self._others = list(zip(self.names[len(self._means) :], self.metrics, strict=True))

    def bring_along(self, metrics: Sequence[Metric]) -> None:
        """Add the metrics of the model's layers and attributes, behind those of `compile`."""
        if not metrics and not self.of_layers:
            return
        known = set(map(id, self.compiled_metrics))
        of_layers = [m for m in metrics if id(m) not in known]
        if len(of_layers) != len(self.of_layers) or any(
            a is not b for a, b in zip(of_layers, self.of_layers, strict=True)
        ):
            self._arrange(self.heads, of_layers)

    @property
    def shown(self) -> list[Metric]:
        """The losses and metrics that `Model.metrics` shows."""
        losses = self.trackers if self.losses_used else []
        return [*losses, *(self.compiled_metrics if self.metrics_used else []), *self.of_layers]

    @property
    def metrics(self) -> list[Metric]:
        """The metrics: those of `compile`, then those of layers."""
        return [*self.compiled_metrics, *self.of_layers]

    @property
    def wants_targets(self) -> bool:
        """True if an output has a loss, which needs targets."""
        return self._arguments.has_loss

    @property
    def settled(self) -> bool:
        """True if all loss weights are constant. A Variable may change at any time."""
        return not self._arguments.variables

    def resolve(
        self, names: Sequence[str], targets: Sequence[Shape | None], outputs: Sequence[Shape]
    ) -> None:
        """Make the heads for the outputs of a model; they are fixed once a batch has been counted.

        Parameters
        ----------
        names : list of str
            The names of the outputs.
        targets, outputs : list of tuple of int
            The batch shapes of targets (None for an output without) and of outputs. A single target is for all outputs.

        Raises
        ------
        UnknownNameError, ArgumentError
            When the arguments of `compile` do not fit these outputs.
        """
        targets = _for_each(targets, names)
        shapes = [None if t is None else t[1:] for t in targets], [o[1:] for o in outputs]
        if self.begun or all(t is None for t in targets) or (self.resolved and self._shapes == shapes):
            return
        self._arrange(self._arguments.heads(names, targets, outputs), self.of_layers)
        self.resolved, self._shapes = True, shapes
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            self._put_back(waiting)

    def check_for(self, names: Sequence[str]) -> None:
        """Validate the arguments of `compile` for outputs with these names."""
        self._arguments.check_for(names)

    def check_targets(
        self, name_of: Callable[[int], str], targets: Columns, outputs: Sequence[tuple[int | None, ...]]
    ) -> None:
        """Validate targets that no batch could make valid; `name_of` returns the name of a target for messages."""
        columns = zip(self.heads, _for_each(targets, self.heads), outputs, strict=True)
        for i, (head, y_true, y_pred) in enumerate(columns):
            if head.loss is not None and y_true is not None:
                head.loss.check_targets(name_of(i), y_true, y_pred)

    def apart(self) -> "Objective":
        """Return a copy with its own sums, for an evaluation in the middle of a run."""
        other = copy.copy(self)
        other.tracker = Mean("loss")
        other._arguments = copy.copy(self._arguments)
        other._arguments.copy_metrics()
        other._arrange([head.apart() for head in self.heads], self.of_layers)
        return other

    def __getstate__(self) -> dict[str, Any]:
        """Pickle and copy with unclaimed sums."""
        return {**vars(self), "claimed": False}

    # -- a batch ----------------------------------------------------------------------------------------

    def loss_of(self, batch: Batch, outputs: Sequence[Tensor], extra: Iterable[Tensor]) -> Tensor:
        """Return the loss of a batch: the sum over the outputs, plus the losses that layers add."""
        total = self.total(batch.targets, outputs, batch.weights, extra)
        if total is None:
            raise ArgumentError(
                "Training needs a loss. Received: compile(loss=None) and no layer that adds a loss. "
                "Pass for example loss='mse' to compile."
            )
        return total

    def total(
        self, targets: Columns, outputs: Sequence[Tensor], weights: Columns, extra: Iterable[Tensor]
    ) -> Tensor | None:
        """Return the sum of the losses of all outputs and of the extra losses; None if there is no loss."""
        if not targets and self.wants_targets:
            raise DataError(
                "The loss needs targets. Received: none. Pass y, or yield (x, y) from a generator; "
                "or compile without a loss."
            )
        total: Tensor | None = None
        for head, y_true, y_pred, weight in self._by_head(targets, outputs, weights):
            if head.loss is not None:
                loss = head.loss_of(y_true, y_pred, weight)
                total = loss if total is None else total + loss
        for loss in extra:
            total = loss if total is None else total + loss
        return total

    def lower(self, program: Any, targets: Any, outputs: Any, weights: Any) -> Any:
        """Emit the losses of a batch, their total and the metrics, and return the value of the total."""
        if not targets and self.wants_targets:
            program.refuse("a loss without targets")
        heads = self._by_head(targets, outputs, weights)
        losses = [(head, head.lower(program, y, p, w)) for head, y, p, w in heads if head.loss is not None]
        total = program.total([(loss, head.weight) for head, loss in losses])
        if total is None:
            program.refuse("a model without a loss")
        program.count_loss(self.tracker, total)
        for head, loss in losses:
            if head.tracker is not None:
                program.count_loss(head.tracker, loss)
        for head, y, p, w in heads:
            for metric, weighted in head.metrics.values():
                metric.lower(program, y, p, w if weighted else None)
        program.add_up()
        return total

    def update(self, batch: Batch, outputs: Sequence[Tensor], loss: Tensor, undo: Undo) -> None:
        """Add a batch to the running means, and record their earlier values in `undo`."""
        for metric in [*self.trackers, *self.compiled_metrics]:
            metric.keep(undo)
        if not self.begun:
            undo.then(setattr, self, "begun", False)
        self.count(loss, len(batch.inputs[0]))
        self.update_metrics(batch.targets, outputs, batch.weights)

    def count(self, loss: Tensor, samples: int) -> None:
        """Add the total loss and each output's loss to their running means, weighted by the number of samples."""
        _count(self.tracker, loss, samples)
        for head in self.heads:
            if head.tracker is not None and head.value is not None:
                _count(head.tracker, head.value, samples)
                head.value = None

    def update_metrics(self, targets: Columns, outputs: Sequence[Tensor], weights: Columns) -> None:
        """Add a batch to the metrics."""
        for head, y_true, y_pred, weight in self._by_head(targets, outputs, weights):
            head.update(y_true, y_pred, weight)
        self.begun = self.begun or bool(targets)

    def _by_head(
        self, targets: Columns, outputs: Sequence[Tensor], weights: Columns
    ) -> list[tuple[Head, Any, Tensor, Any]]:
        """Return each head that has targets, with its targets, predictions and weights."""
        heads = self.heads
        if len(heads) == 1 and len(targets) == 1 and targets[0] is not None:
            return [(heads[0], targets[0], outputs[0], _for_each(weights, heads)[0])]
        columns = zip(heads, _for_each(targets, heads), outputs, _for_each(weights, heads), strict=False)
        return [each for each in columns if each[1] is not None]

    # -- an epoch ---------------------------------------------------------------------------------------

    def logs(self) -> dict[str, Any]:
        """Return the running means: the losses, then the metrics in the order of `compile`.

        A metric with a single number is a float; one with several, such as a value for each class, is an array.
        """
        logs: dict[str, Any] = {}
        for name, mean in self._means:
            logs[name] = mean.total / mean.count if mean.count else 0.0
        for name, metric in self._others:
            result = metric.result()
            logs[name] = float(result) if isinstance(result, float) else plain_result(name, result)
        return logs

    def reset(self) -> None:
        """Reset all running sums."""
        for metric in self.sums:
            metric.reset_state()

    # -- as data ----------------------------------------------------------------------------------------

    def get_state(self) -> list[dict[str, Any]]:
        """Return the sums of metrics and losses, those of layers first, and the loss weights that are variables."""
        own = self._waiting or [metric.get_state() for metric in [*self.trackers, *self.compiled_metrics]]
        weights = [{"loss weight": float(weight)} for weight in self._arguments.variables]
        return [metric.get_state() for metric in self.of_layers] + own + weights

    def set_state(self, state: list[dict[str, Any]]) -> None:
        """Restore the state that `get_state` returned."""
        end = len(state) - len(self._arguments.variables)
        for metric, saved in zip(self.of_layers, state, strict=False):
            metric.set_state(saved)
        for weight, saved in zip(self._arguments.variables, state[end:], strict=True):
            weight.assign(saved["loss weight"])
        own = state[len(self.of_layers) : end]
        if self.lazy and not self.resolved:
            self._waiting = own
        else:
            self.begun = True
            self._put_back(own)

    def _put_back(self, sums: list[dict[str, Any]]) -> None:
        for metric, saved in zip([*self.trackers, *self.compiled_metrics], sums, strict=True):
            metric.set_state(saved)

    def kept(self) -> list[Metric]:
        """Return the metrics whose sums `get_state` returns, as far as they are known."""
        return self.of_layers + (
            [] if self.lazy and not self.resolved else [*self.trackers, *self.compiled_metrics]
        )

    def describe(self) -> dict[str, Any]:
        """Return the properties that must be equal for the sums to have the same meaning."""
        if self.lazy:
            return plain(self._arguments.get_config(None))  # type: ignore[no-any-return]
        heads = self.heads
        serialized = [None if h.loss is None else losses.serialize(h.loss) for h in heads]
        weights = ["a Variable" if isinstance(h.weight, Variable) else h.factor for h in heads]
        return {
            "loss": _one_or_all(serialized),
            "loss weight": _one_or_all(weights),
            "metrics": [{"class_name": type(m).__name__, "config": m.get_config()} for m in self.metrics],
        }

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of `compile` as plain data in the form of tf.keras 2.7."""
        return self._arguments.get_config(self.heads if self.resolved else None)


def plain_result(name: str, result: Any) -> Any:
    """Return the result of a metric as a float, or as an array if it has several numbers."""
    array = np.asarray(result)
    try:
        return float(array) if array.ndim == 0 else array
    except (TypeError, ValueError):
        raise ArgumentTypeError(
            f"result() of the metric {name!r} must return a number. Received: {result!r}. "
            "Return a float or an array."
        ) from None


def _count(tracker: Mean, loss: Tensor, samples: int) -> None:
    """Add a loss to a running mean, weighted by the number of samples."""
    if loss.value.ndim == 0:
        tracker.total += float(loss.value) * samples
        tracker.count += samples
    else:
        # reduction "none": every value counts as the whole batch does, as in Keras
        tracker.update_state(loss.value, np.full(loss.shape, samples))


def _for_each(columns: Sequence[Any], heads: Sequence[Any]) -> Any:
    """Return a column for each output; a single column is for every output, as in tf.keras."""
    if len(columns) == len(heads):
        return columns
    if len(columns) > 1:
        raise DataError(
            f"The model has {len(heads)} outputs. Received: targets for {len(columns)}. "
            "Pass one for each, None for an output without."
        )
    return tuple(columns or (None,)) * len(heads)


def _one_or_all(values: list[Any]) -> Any:
    """Return the only entry of a list, or the list: a model with one output is described by single values."""
    return values[0] if len(values) == 1 else values
