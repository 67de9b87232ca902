"""Heads: the loss and the metrics of each output of a model.

`compile` accepts one loss, one list of metrics and one weight for all outputs, or lists of them, or dicts by the names
of the outputs. This file puts them in normal form once: a `Head` for each output, in the order of the outputs.
"""

import copy
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import count
from typing import Any

from minifit import losses
from minifit.arrays import Array, Shape
from minifit.checks import entries, number
from minifit.errors import ArgumentError, ArgumentTypeError, UnknownNameError
from minifit.losses import match_ranks
from minifit.metrics.base import Mean, Metric
from minifit.metrics.resolve import check_entry, check_name, for_outputs
from minifit.parameters import Variable
from minifit.signatures import check_call
from minifit.tables import serialize
from minifit.tensor import Tensor, constant, current, to_array
from minifit.workers import Share


@dataclass(eq=False)
class Head:
    """One output of a model, with its loss and metrics.

    Attributes
    ----------
    name : str
        The name of the output.
    loss : Loss or None
    weight : float or Variable
        The factor of the loss in the total.
    metrics : dict of str to (Metric, bool)
        The metrics by their names in logs, each with whether it uses sample weights.
    tracker : Mean or None
        The running mean of the output's loss; None for the only output of a model, whose loss is the total.
    value : Tensor or None
        The loss of the current batch, until the tracker counts it.
    """

    name: str
    loss: losses.Loss | None
    weight: Any
    metrics: dict[str, tuple[Metric, bool]]
    tracker: Mean | None = None
    value: Tensor | None = None

    @property
    def factor(self) -> float:
        """The factor of the loss, as a number."""
        return float(self.weight)

    def form_of_targets(self, output: tuple[int | None, ...]) -> tuple[str, Shape] | None:
        """Return the dtype and sample shape of the targets for an output; None if the head uses no targets."""
        if self.loss is None and not self.metrics:
            return None
        shape = tuple(n or 1 for n in output[1:])
        fn = getattr(self.loss, "fn", None)
        return ("<i8", shape[:-1]) if fn is losses.sparse_categorical_crossentropy else ("<f4", shape)

    def apart(self) -> "Head":
        """Return a copy of the head with its own sums."""
        tracker, metrics = copy.deepcopy((self.tracker, self.metrics))
        return Head(self.name, self.loss, self.weight, metrics, tracker)

    def loss_of(self, y_true: Array | Tensor, y_pred: Tensor, weight: Array | None) -> Tensor:
        """Return the loss of a batch times its factor."""
        assert self.loss is not None
        value = self.loss(y_true if isinstance(y_true, Tensor) else constant(y_true), y_pred, weight)
        share = current().share
        if share is not None:
            value = self._of_share(value, share)
        if self.tracker is not None:
            self.value = value
        return value if self.weight == 1 else value * self.factor

    def _of_share(self, value: Tensor, share: Share) -> Tensor:
        """Return the loss of a share as the mean over its rows, whatever the reduction; workers weigh it by them."""
        assert self.loss is not None
        if value.ndim:
            raise ArgumentError(
                "Several workers need a loss that is one number per batch. Received: "
                f"the loss {self.loss.name!r} of shape {value.shape}. Use reduction='auto' or 'sum'."
            )
        if getattr(self.loss, "reduction", None) != losses.Reduction.SUM:
            return value
        return value * (1 / share.part if share.rows else 0.0)

    def lower(self, program: Any, y_true: Any, y_pred: Any, weight: Any) -> Any:
        """Emit the loss of a batch, and return its value."""
        assert self.loss is not None
        value = self.loss.lower(program, y_true, y_pred, weight)
        if program.workers.size == 1:
            return value
        if value.shape:
            program.refuse("a loss of several numbers for a batch that several workers share")
        return program.over_part(value) if self.loss.reduction == losses.Reduction.SUM else value

    def update(self, y_true: Array | Tensor, y_pred: Tensor, weight: Array | None) -> None:
        """Update the metrics with a batch."""
        if self.metrics:
            targets, predicted = constant(match_ranks(to_array(y_true), y_pred.value)), _constant(y_pred)
            for metric, weighted in self.metrics.values():
                metric.update_state(targets, predicted, sample_weight=weight if weighted else None)


@dataclass(eq=False)
class CompileArguments:
    """The arguments of `compile`, validated as far as possible without a model."""

    loss: Any
    metrics: Any
    weighted_metrics: Any
    loss_weights: Any

    def __post_init__(self) -> None:
        self.loss, self.loss_weights = _listed(self.loss), _listed(self.loss_weights)
        self.metrics, self.weighted_metrics = (
            _listed_deeply(self.metrics),
            _listed_deeply(self.weighted_metrics),
        )
        for loss in _each(self.loss):
            loss_object(loss)
        for weight in _each(self.loss_weights):
            checked_weight(weight)
        for entry in (*_flat(self.metrics), *_flat(self.weighted_metrics)):
            check_entry(entry)

    def check_for(self, names: Sequence[str]) -> None:
        """Validate losses, metrics and weights for outputs with these names.

        Raises
        ------
        UnknownNameError, ArgumentError
        """
        by_output("loss", self.loss, names)
        by_output("loss_weights", self.loss_weights, names)
        for argument in ("metrics", "weighted_metrics"):
            metrics_by_output(argument, getattr(self, argument), names)

    @property
    def has_loss(self) -> bool:
        """True if any output has a loss."""
        return any(loss is not None for loss in _each(self.loss))

    @property
    def variables(self) -> list[Variable]:
        """The loss weights that are variables, which may change at any time."""
        return [weight for weight in _each(self.loss_weights) if isinstance(weight, Variable)]

    def copy_metrics(self) -> None:
        """Replace the metrics by copies, whose sums belong to no other `CompileArguments`."""
        self.metrics, self.weighted_metrics = copy.deepcopy((self.metrics, self.weighted_metrics))

    def get_config(self, heads: list[Head] | None) -> dict[str, Any]:
        """Return the arguments of `compile` as plain data in the form of tf.keras 2.7; metrics of `heads` if known."""
        if heads is None:
            plain, weighted = _serialized(self.metrics), _serialized(self.weighted_metrics)
        else:
            of_heads = [list(head.metrics.values()) for head in heads]
            plain, weighted = (
                [[_serialized(m) for m, w in each if w is on] for each in of_heads] for on in (False, True)
            )
            if len(heads) == 1:
                plain, weighted = plain[0], weighted[0]
            plain, weighted = (each if any(each) else None for each in (plain, weighted))
        factors = _map(float, self.loss_weights)
        return {
            "loss": _map(serialize, self.loss),
            "metrics": plain or None,
            "weighted_metrics": weighted or None,
            "loss_weights": None if factors == 1 else factors,
        }

    def heads(
        self, names: Sequence[str], targets: Sequence[Shape | None], outputs: Sequence[Shape]
    ) -> list[Head]:
        """Return a head for each output.

        Parameters
        ----------
        names : list of str
            The names of the outputs.
        targets, outputs : list of tuple of int
            The shapes of targets and outputs, which decide what "accuracy" means; None for an output without targets.

        Raises
        ------
        UnknownNameError
            For a name that no output has, with the nearest.
        ArgumentError
            For more or fewer entries than outputs, and for two metrics with the same name.
        """
        several = len(names) > 1
        loss_objects = [loss_object(loss) for loss in by_output("loss", self.loss, names)]
        weights = [checked_weight(w) for w in by_output("loss_weights", self.loss_weights, names)]
        plain = metrics_by_output("metrics", self.metrics, names)
        weighted = metrics_by_output("weighted_metrics", self.weighted_metrics, names)
        heads = []
        for i, name in enumerate(names):
            entries = [(e, False) for e in plain[i]] + [(e, True) for e in weighted[i]]
            tracker = Mean(f"{name}_loss") if several and loss_objects[i] is not None else None
            metrics = _by_name(entries, targets[i] or outputs[i], outputs[i], f"{name}_" if several else "")
            heads.append(Head(name, loss_objects[i], weights[i], metrics, tracker))
        _check_names(heads)
        return heads


# -- by output -----------------------------------------------------------------------------------------------


def by_output(argument: str, value: Any, names: Sequence[str]) -> list[Any]:
    """Return an argument of `compile` as a list with an entry for each output, None for an output without one.

    Parameters
    ----------
    argument : str
        The name of the argument.
    value : object
        One for all outputs, a list with one for each, or a dict by the names of some of them.
    names : list of str
        The names of the outputs.
    """
    if _is_by_name(value):
        for name in value:
            if name not in names:
                raise UnknownNameError.of(f"output for {argument}", str(name), names)
        return [value.get(name) for name in names]
    if not isinstance(value, list):
        return [value] * len(names)
    if len(value) != len(names):
        raise ArgumentError(
            f"{argument} is one for all outputs, a list with one for each, or a dict by their names: {list(names)}. "
            f"Received: {len(value)} for {len(names)}. Pass one for each, None for an output without."
        )
    return value


def metrics_by_output(argument: str, value: Any, names: Sequence[str]) -> list[list[Any]]:
    """Return metrics as a list for each output; a list that contains no lists is for every output, as in tf.keras."""
    if len(names) == 1 and not _is_by_name(value):
        return [_flat(value)]
    if _is_by_name(value) or (
        isinstance(value, list) and any(isinstance(e, list) or _is_by_name(e) for e in value)
    ):
        return [_flat(each) for each in by_output(argument, value, names)]
    return [[copy.deepcopy(e) if isinstance(e, Metric) else e for e in _flat(value)] for _ in names]


def _by_name(
    entries: list[tuple[Any, bool]], y_true: Shape, y_pred: Shape, prefix: str
) -> dict[str, tuple[Metric, bool]]:
    """Return the metrics of one output by their names in logs."""
    metrics: dict[str, tuple[Metric, bool]] = {}
    for entry, weighted in entries:
        metric = for_outputs(entry, y_true, y_pred)
        # a file holds the whole name
        own = metric.name.removeprefix(prefix)
        check_name(own)
        name = prefix + own
        if name in metrics and weighted:
            name = f"{prefix}weighted_{own}"
        if name in metrics and not metric.named:
            name = next(n for i in count(1) if (n := f"{name}_{i}") not in metrics)
            metric.rename(name)
        if name in metrics:
            raise _duplicate(name)
        if prefix:
            metric.rename(name)
        metrics[name] = metric, weighted
    return metrics


def _check_names(heads: Sequence[Head]) -> None:
    """Raise if two values would have one key in the logs: outputs `a` and `a_b` with metrics `b_c` and `c`."""
    keys = {"loss"}
    for head in heads:
        for name in (*([head.tracker.name] if head.tracker is not None else []), *head.metrics):
            if name in keys:
                raise _duplicate(name)
            keys.add(name)


def _duplicate(name: str) -> ArgumentError:
    return ArgumentError(
        f"Metrics must have different names. Received: two called {name!r}. Give one another name."
    )


# -- entries -------------------------------------------------------------------------------------------------


def loss_object(value: Any) -> losses.Loss | None:
    """Return the loss for an entry of the argument `loss`; None if there is none."""
    loss = losses.get(value)
    if loss is None:
        return None
    if isinstance(loss, losses.Loss):
        check_call(f"call of the loss {loss.name!r}", loss.call, "y_true", "y_pred")
        return loss
    return losses.LossFunctionWrapper(loss)


def checked_weight(value: Any) -> Any:
    """Return a loss weight as a float; a Variable is returned unchanged."""
    weight = 1.0 if value is None else number("loss_weights", value, example=0.5)
    return value if isinstance(value, Variable) else weight


def _is_by_name(value: Any) -> bool:
    """Return whether a value is a dict by output; a dict with a class name describes a single object."""
    return isinstance(value, Mapping) and "class_name" not in value


def _serialized(value: Any) -> Any:
    """Return metrics as plain data; a loss among them as the metric that it stands for, whatever the shapes."""
    return _map(lambda e: serialize(for_outputs(e, (1,), (1,)) if isinstance(e, losses.Loss) else e), value)


def _map(function: Callable[[Any], Any], value: Any) -> Any:
    """Apply a function to every entry of a list or dict by output; None stays."""
    if _is_by_name(value):
        return {name: _map(function, each) for name, each in value.items()}
    if isinstance(value, list):
        return [_map(function, each) for each in value]
    return None if value is None else function(value)


def _listed(value: Any) -> Any:
    """Return a collection with several entries as a list; other values unchanged."""
    several = entries(value)
    return value if several is None else several


def _listed_deeply(value: Any) -> Any:
    """Return metrics with every collection in them as a list."""
    if isinstance(value, Set):
        raise ArgumentTypeError(
            f"metrics must be a list, since they have an order. Received: a {type(value).__name__}. Pass a list."
        )
    if _is_by_name(value):
        return {name: _listed_deeply(each) for name, each in value.items()}
    listed = _listed(value)
    return [_listed_deeply(each) for each in listed] if isinstance(listed, list) else listed


def _each(value: Any) -> list[Any]:
    """Return the entries of a list or of a dict by output; a single value as a list of one."""
    if _is_by_name(value):
        return list(value.values())
    return value if isinstance(value, list) else [value]


def _flat(value: Any) -> list[Any]:
    """Return the entries of nested metrics, in order and without None."""
    if value is None:
        return []
    if isinstance(value, list) or _is_by_name(value):
        return [entry for each in _each(value) for entry in _flat(each)]
    return [value]


def _constant(y_pred: Tensor) -> Tensor:
    """Return predictions detached from the graph, since metrics need no gradient."""
    detached = constant(y_pred.value)
    detached.logits = None if y_pred.logits is None else constant(y_pred.logits.value)
    return detached
