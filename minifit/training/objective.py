"""`Objective`: what a compiled model is judged by, its loss and its metrics together."""

import copy
from collections.abc import Iterable, Mapping, Set
from itertools import count
from math import isfinite
from typing import Any

import numpy as np

from minifit import losses
from minifit.arrays import Array, Shape
from minifit.checks import entries, number
from minifit.data import Batch
from minifit.errors import ArgumentError, ArgumentTypeError, DataError
from minifit.losses import match_ranks
from minifit.metrics.base import Mean, Metric
from minifit.metrics.resolve import check_entry, check_name, for_outputs
from minifit.parameters import Variable
from minifit.signatures import check_call
from minifit.tables import serialize
from minifit.tensor import Tensor, constant
from minifit.undo import Undo


class Objective:
    """A loss and the metrics beside it.

    Parameters
    ----------
    loss : str, function, Loss, or a list of one of them; None for no loss of the targets
    wanted, weighted : str, function, Metric or (nested) list of them
        Metrics without and with sample weights.
    loss_weight : float or Variable, or a list or dict of one, optional
        A factor of the loss; that of a Variable is looked up at every batch.

    Attributes
    ----------
    tracker : Mean
        The running mean of the loss.
    metrics : list of Metric
        Empty until the shapes of targets and predictions are known, since they decide what "accuracy" means.
    resolved : bool
        Whether they are known.
    claimed : bool
        Whether the sums belong to a fit or an evaluation that is under way.
    """

    def __init__(self, loss: Any, wanted: Any = None, weighted: Any = None, loss_weight: Any = None) -> None:
        self.given_loss = _only("loss", loss)
        self.loss = _loss_object(self.given_loss)
        self._entries = [(e, False) for e in _flat(wanted)] + [(e, True) for e in _flat(weighted)]
        for entry, _ in self._entries:
            check_entry(entry)
        self._weight = _checked_weight(_only("loss_weights", loss_weight))
        self.tracker = Mean("loss")
        self.resolved = self.claimed = False
        self._shapes: tuple[Shape, Shape] = (), ()
        self.begun = False  # whether a batch was taken in since: a call that failed at once settles nothing
        self._named: dict[str, tuple[Metric, bool]] = {}  # and whether it takes weights into account

    @property
    def factor(self) -> float:
        """The number that the loss is multiplied by."""
        return float(self._weight)

    @property
    def settled(self) -> bool:
        """True if the factor stays as it is; that of a Variable may be changed at any time."""
        return not isinstance(self._weight, Variable)

    @property
    def metrics(self) -> list[Metric]:
        """The metrics beside the loss."""
        return [metric for metric, _ in self._named.values()]

    @property
    def names(self) -> list[str]:
        """What the loss and the metrics are called in logs."""
        return ["loss", *self._named]

    def resolve(self, y_true: Shape | None, y_pred: Shape) -> None:
        """Make the metrics for targets and predictions of these shapes; they stay once a batch was taken in."""
        if self.begun or y_true is None or (self.resolved and self._shapes == (y_true[1:], y_pred[1:])):
            return
        made: dict[str, tuple[Metric, bool]] = {}
        for entry, weighted in self._entries:
            metric = for_outputs(entry, y_true, y_pred)
            check_name(metric.name)
            name = f"weighted_{metric.name}" if metric.name in made and weighted else metric.name
            if name in made and not metric.named:
                name = next(n for i in count(1) if (n := f"{name}_{i}") not in made)
                metric.rename(name)
            if name in made:
                raise ArgumentError(
                    f"Metrics need names of their own. Received: two called {name!r}. Give one another name."
                )
            made[name] = metric, weighted
        self._named, self.resolved, self._shapes = made, True, (y_true[1:], y_pred[1:])

    def check_targets(self, name: str, y_true: Array | None, y_pred: tuple[int | None, ...]) -> None:
        """Raise for targets that the loss could not take in any batch."""
        if self.loss is not None and y_true is not None:
            self.loss.check_targets(name, y_true, y_pred)

    def get_config(self) -> dict[str, Any]:
        """The arguments of `compile` that make an equal objective, as plain data in the form of tf.keras 2.7."""
        entries = list(self._named.values()) if self.resolved else self._entries
        plain, weighted = ([_written(e) for e, w in entries if w is on] or None for on in (False, True))
        return {
            "loss": serialize(self.given_loss),
            "metrics": plain,
            "weighted_metrics": weighted,
            "loss_weights": None if self.factor == 1 else self.factor,
        }

    def apart(self) -> "Objective":
        """Return the same objective with sums of its own, for an evaluation in the middle of a run."""
        other = copy.copy(self)
        other.tracker = Mean("loss")
        other._entries, other._named = copy.deepcopy((self._entries, self._named))
        return other

    def __getstate__(self) -> dict[str, Any]:
        """For pickle and copy: the sums of a copy are unclaimed."""
        return {**vars(self), "claimed": False}

    def describe(self) -> dict[str, Any]:
        """What must be equal for its sums to mean the same."""
        return {
            "loss": None if self.loss is None else losses.serialize(self.loss),
            "loss weight": self.factor if self.settled else "a Variable",
            "metrics": [{"class_name": type(m).__name__, "config": m.get_config()} for m in self.metrics],
        }

    # -- a batch ----------------------------------------------------------------------------------------

    def loss_of(self, batch: Batch, y_pred: Tensor, extra: Iterable[Tensor]) -> Tensor:
        """The loss of a batch: that of the targets, plus what layers add."""
        total: Tensor | None = None
        if self.loss is not None:
            y, weight = _first(batch.targets), _first(batch.weights)
            if y is None:
                raise DataError(
                    "The loss needs targets. Received: none. Pass y, or yield (x, y) from a generator; "
                    "or compile without a loss."
                )
            total = self.loss(constant(y), y_pred, weight)
            if self._weight != 1:
                total = total * self.factor
        for loss in extra:
            total = loss if total is None else total + loss
        if total is None:
            raise ArgumentError(
                "Training needs a loss. Received: compile(loss=None) and no layer that adds one. "
                "Pass for example loss='mse' to compile."
            )
        return total

    def update(self, batch: Batch, y_pred: Tensor, loss: Tensor, undo: Undo) -> None:
        """Add a batch to the running means, and have `undo` bring back what they were."""
        self.tracker.keep(undo)
        for metric, _ in self._named.values():
            metric.keep(undo)
        if not self.begun:
            undo.then(setattr, self, "begun", False)
        samples = len(batch.inputs[0])
        if loss.value.ndim == 0:
            self.tracker.total += float(loss.value) * samples
            self.tracker.count += samples
        else:  # reduction "none": every value counts as the whole batch does, as in Keras
            self.tracker.update_state(loss.value, np.full(loss.shape, samples))
        y, weight = _first(batch.targets), _first(batch.weights)
        if not self._named or y is None:
            return
        y_true, predicted = constant(match_ranks(y, y_pred.value)), _constant(y_pred)
        for metric, weighted in self._named.values():
            metric.update_state(y_true, predicted, sample_weight=weight if weighted else None)
        self.begun = True

    # -- an epoch ---------------------------------------------------------------------------------------

    @property
    def finite(self) -> bool:
        """Whether every loss since the last reset was a finite number."""
        return isfinite(self.tracker.total)

    def logs(self) -> dict[str, Any]:
        """The running means: the loss, then the metrics in the order given to `compile`.

        A single number is a plain float; a metric with several (a value for each class) gives an array.
        """
        found: dict[str, Any] = {"loss": self.tracker.result()}
        for name, (metric, _) in self._named.items():
            result = np.asarray(metric.result())
            try:
                found[name] = float(result) if result.ndim == 0 else result
            except (TypeError, ValueError):
                raise ArgumentTypeError(
                    f"result() of the metric {name!r} must return a number. Received: {metric.result()!r}. "
                    "Return a float or an array."
                ) from None
        return found

    def reset(self) -> None:
        """Begin anew."""
        self.tracker.reset_state()
        for metric in self.metrics:
            metric.reset_state()

    def get_state(self) -> list[dict[str, Any]]:
        """The sums of the loss and of every metric, and the loss weight that may be changed."""
        sums = [metric.get_state() for metric in (self.tracker, *self.metrics)]
        return sums if self.settled else [*sums, {"loss weight": self.factor}]

    def set_state(self, state: list[dict[str, Any]]) -> None:
        """Put back what `get_state` returned."""
        self.begun = True
        if not self.settled:
            *state, weight = state
            self._weight.assign(weight["loss weight"])
        for metric, saved in zip((self.tracker, *self.metrics), state, strict=True):
            metric.set_state(saved)


def _first(part: tuple[Array | None, ...]) -> Array | None:
    """Return the array of the only output; None where there is none."""
    return part[0] if part else None


def _constant(y_pred: Tensor) -> Tensor:
    """The predictions without their history: metrics need no gradient."""
    made = constant(y_pred.value)
    made.logits = None if y_pred.logits is None else constant(y_pred.logits.value)
    return made


def _written(entry: Any) -> Any:
    """An entry of ``metrics=[...]`` as plain data; a loss as the metric that it means, whatever the shapes."""
    return serialize(for_outputs(entry, (1,), (1,)) if isinstance(entry, losses.Loss) else entry)


def _loss_object(loss: Any) -> losses.Loss | None:
    found = losses.get(loss)
    if found is None:
        return None
    if isinstance(found, losses.Loss):
        check_call(f"call of the loss {found.name!r}", found.call, "y_true", "y_pred")
        return found
    return losses.LossFunctionWrapper(found)


def _only(name: str, value: Any) -> Any:
    """Return the only entry of a list or dict: a model has one output here."""
    listed = _listed(value)
    if listed is None:
        return value
    if len(listed) != 1:
        raise ArgumentError(
            f"{name} is one for the one output. Received: {value!r}. Pass it without the list."
        )
    return listed[0]


def _checked_weight(value: Any) -> Any:
    """Return a loss weight as a float; a Variable as it is."""
    found = 1.0 if value is None else number("loss_weights", value, example=0.5)
    return value if isinstance(value, Variable) else found


def _flat(given: Any) -> list[Any]:
    """Return the entries of a nested list or dict of metrics, in order."""
    if given is None:
        return []
    if isinstance(given, Set):
        raise ArgumentTypeError(
            f"metrics are listed in an order. Received: a {type(given).__name__}. Pass a list."
        )
    listed = _listed(given)
    return [given] if listed is None else [entry for each in listed for entry in _flat(each)]


def _listed(value: Any) -> list[Any] | None:
    """Return the entries of a list or of a dict by output; None for a single thing, also one described by a dict."""
    if isinstance(value, Mapping):
        return None if "class_name" in value else list(value.values())
    return entries(value)
