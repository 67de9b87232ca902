"""`CompiledLoss` and `CompiledMetrics`: the objective of a model, for the user's own steps.

In a `train_step` written as in Keras's guides, ``self.compiled_loss(y, y_pred)`` computes the loss passed to `compile`,
and ``self.compiled_metrics.update_state(y, y_pred)`` updates its metrics with a batch.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from minifit import nest
from minifit.data.batch import Columns
from minifit.errors import UnknownNameError
from minifit.metrics.base import Metric
from minifit.tensor import Tensor, as_tensor, current, to_array
from minifit.training.objective import Objective


class _Compiled:
    """A view of an objective.

    Parameters
    ----------
    objective : Objective
    names : list of str or None
        The names of the model's outputs, where they are known.
    """

    def __init__(self, objective: Objective, names: Sequence[str] | None) -> None:
        self._objective, self._names = objective, names

    @property
    def built(self) -> bool:
        """True if a batch has been counted."""
        return bool(self.metrics)

    @property
    def metrics(self) -> list[Metric]:
        """The metrics that hold the sums; empty before the first batch."""
        raise NotImplementedError

    def reset_state(self) -> None:
        """Reset the running sums."""
        for metric in self.metrics:
            metric.reset_state()

    def _columns(self, y_true: Any, y_pred: Any, sample_weight: Any) -> tuple[Columns, list[Tensor], Columns]:
        """Return targets, predictions and weights as columns, and resolve the objective for the outputs."""
        outputs = [as_tensor(p) for p in nest.flatten(y_pred)]
        known = self._names is not None and len(self._names) == len(outputs)
        names = list(self._names or ()) if known else pseudo_names(y_pred)
        targets = _by_output("y", y_true, names)
        weights = _by_output("sample_weight", sample_weight, names)
        if not self._objective.resolved:
            shapes = [y.shape for y in outputs]
            self._objective.resolve(names, [None if t is None else t.shape for t in targets], shapes)
        return targets, outputs, weights


class CompiledLoss(_Compiled):
    """The losses passed to `compile`."""

    def __call__(
        self, y_true: Any, y_pred: Any, sample_weight: Any = None, regularization_losses: Any = None
    ) -> Tensor:
        """Return the loss of a batch, and add it to the running means.

        Parameters
        ----------
        y_true, y_pred, sample_weight : tensor or array, or nested ones
            Single targets or weights are for every output; a dict is by the names of the outputs.
        regularization_losses : list of tensors, optional
            Losses to add, such as ``self.losses``.

        Returns
        -------
        Tensor
            Zero when there is no loss. When several workers share the batch, the loss of this worker's rows; its
            gradient is multiplied by their part of the batch, since the gradients of all workers are added up.
        """
        targets, outputs, weights = self._columns(y_true, y_pred, sample_weight)
        objective, undo = self._objective, current().undo
        total = objective.total(targets, outputs, weights, map(as_tensor, regularization_losses or ()))
        if undo is not None:
            for metric in objective.trackers:
                metric.keep(undo)
        objective.losses_used = True
        if total is None:
            return as_tensor(0.0)
        objective.count(total, len(outputs[0]))
        here = current()
        if here.share is None:
            return total
        part = here.share.part
        return here.result(total.value, lambda gradient: [gradient * gradient.dtype.type(part)], total)

    @property
    def metrics(self) -> list[Metric]:
        """The running means of the losses; empty before the first batch."""
        return list(self._objective.trackers) if self._objective.losses_used else []


class CompiledMetrics(_Compiled):
    """The metrics passed to `compile`."""

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Update the metrics with a batch; the arguments are those of the compiled loss."""
        targets, outputs, weights = self._columns(y_true, y_pred, sample_weight)
        undo = current().undo
        if undo is not None:
            for metric in self._objective.compiled_metrics:
                metric.keep(undo)
        self._objective.metrics_used = True
        self._objective.update_metrics(targets, outputs, weights)

    @property
    def metrics(self) -> list[Metric]:
        """The metrics of all outputs; empty before the first batch."""
        return self._objective.compiled_metrics if self._objective.metrics_used else []


def pseudo_names(outputs: Any) -> list[str]:
    """Return names for unnamed outputs: ``output_1``, ..., or the keys of a dict, as in tf.keras."""
    if not nest.is_nested(outputs):
        return ["output_1"]
    first = "" if isinstance(outputs, dict) else "output_"
    return [first + "_".join(path) for path in _paths(outputs)]


def _paths(value: Any) -> list[list[str]]:
    if not nest.is_nested(value):
        return [[]]
    entries = [(str(k), value[k]) for k in sorted(value)] if isinstance(value, dict) else enumerate(value, 1)
    return [[str(key), *path] for key, entry in entries for path in _paths(entry)]


def _by_output(argument: str, value: Any, names: Sequence[str]) -> tuple[Any, ...]:
    """Return targets or weights as columns in the order of the outputs; empty when there are none."""
    if value is None:
        return ()
    if isinstance(value, Mapping) and not set(value) <= set(names):
        wrong = next(name for name in value if name not in names)
        raise UnknownNameError.of(f"output for {argument}", str(wrong), names)
    leaves = [value.get(name) for name in names] if isinstance(value, Mapping) else nest.flatten(value)
    return tuple(
        [None if leaf is None else leaf if isinstance(leaf, Tensor) else to_array(leaf) for leaf in leaves]
    )
