"""`Metric`, the base class of metrics; `Mean` and `Sum`; and `MeanMetricWrapper`, the mean of a function.

A metric is updated with every batch and can return its result at any time. A plain function of
``(y_true, y_pred)`` that returns one value for each sample is also a metric: minifit computes its mean.
"""

import copy
import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np

from minifit import losses, nest
from minifit.arrays import Array, Shape
from minifit.checks import storable_name
from minifit.errors import ArgumentError, ArgumentTypeError, ShapeError, quoted
from minifit.losses import fit_weights, match_ranks
from minifit.nest import leaves
from minifit.numbers import Number
from minifit.parameters import Variable, take_room
from minifit.settings import Fixed, check_options
from minifit.signatures import as_written, check_call, name_of, of_library
from minifit.tables import Configurable, serialize
from minifit.tensor import Tensor, constant, current, to_array
from minifit.undo import Undo
from minifit.workers import current_workers

Function = TypeVar("Function", bound=Callable[..., Any])
Kind = TypeVar("Kind")

_larger: list[Callable[..., Any]] = []
"""Functions whose larger values are better."""


def larger_is_better(function: Function) -> Function:
    """Mark a function of targets and predictions: larger values of its metric are better."""
    _larger.append(function)
    return function


class Metric(Configurable):
    """The base class of metrics: a subclass defines `update_state` and `result`.

    Parameters
    ----------
    name : str, optional
        Key of the metric in the logs. When None, the class's name in snake case, followed by a number when a model
        has several such metrics.

    Attributes
    ----------
    named : bool
        Whether the caller chose the name; such a name is never changed.
    direction : {"min", "max"} or None
        Whether smaller or larger values are better; None when unknown.
    dtype : str
        "float32", dtype of targets and predictions.

    References
    ----------
    ``tf.keras.metrics.Metric`` (TensorFlow 2.7).
    """

    direction: str | None = None
    dtype = "float32"
    name = Fixed(lambda _, value: storable_name("A metric's name", value))
    _own = True  # False for the user's classes
    _latest: Any = None

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls._own = cls.__module__.startswith("minifit.")

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        if dtype not in (None, "float32", np.float32):
            raise ArgumentError(f"Metrics are float32. Received: dtype={quoted(dtype)}. Leave dtype out.")
        self.named = name is not None
        self.name = name or _snake(type(self).__name__)
        self._variables: list[Variable] = []
        current_workers().note_metric(self)

    def lower(self, program: Any, y_true: Any, y_pred: Any, sample_weight: Any) -> None:
        """Emit the instructions that update the metric with a batch."""
        program.refuse(f"the metric {self.name!r} of class {type(self).__name__}")

    def _need_own(self, program: Any) -> None:
        """Refuse to be lowered when the user wrote or replaced a part of the class."""
        if not self._own or not as_written(self, "update_state", "result"):
            Metric.lower(self, program, None, None, None)

    def rename(self, name: str) -> None:
        """Set the name that distinguishes the metric from the others of a model."""
        vars(self)["name"] = name

    @property
    def variables(self) -> list[Variable]:
        """Variables that hold the sums, and those of the metrics that it contains."""
        return [*self._own_variables(), *(v for metric in self._within(Metric) for v in metric.variables)]

    def _own_variables(self) -> list[Variable]:
        """Return the variables of `add_weight`, and those in the attributes of a user's metric."""
        added = self._variables
        return (
            added
            if self._own
            else added + [v for v in self._within(Variable) if not any(v is a for a in added)]
        )

    def _within(self, kind: type[Kind]) -> list[Kind]:
        """Return the objects of a kind in the attributes of a user's metric, however deep, each once."""
        if self._own:
            return []
        members = (leaf for value in vars(self).values() for leaf in leaves(value))
        return list({id(leaf): leaf for leaf in members if isinstance(leaf, kind)}.values())

    def add_weight(self, name: str, shape: Shape = (), initializer: Any = "zeros", **_: Any) -> Variable:
        """Create a variable that is zero at the start of every epoch, in float64 so that long sums stay exact."""
        if initializer != "zeros":
            raise ArgumentError(
                f"A metric's variable starts at zeros. Received: initializer={initializer!r}. "
                "Add the offset in result()."
            )
        take_room(f"{self.name}/{name}", shape)
        variable = Variable(np.zeros(shape), False, name=name, dtype=np.float64)
        self._variables.append(variable)
        return variable

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Update the metric with one batch."""
        raise NotImplementedError(
            f"{type(self).__name__} must define update_state(y_true, y_pred, sample_weight)"
        )

    def result(self) -> Any:
        """Return the metric over all batches since the last reset."""
        raise NotImplementedError(f"{type(self).__name__} must define result()")

    def reset_state(self) -> None:
        """Reset the sums to zero."""
        if type(self).reset_states is not Metric.reset_states:
            # the subclass overrides the older name only
            self.reset_states()
        else:
            self._zero()

    def reset_states(self) -> None:
        """Reset the sums to zero: the older name of `reset_state`."""
        if type(self).reset_state is not Metric.reset_state:
            self.reset_state()
        else:
            self._zero()

    def returned(self, result: Any) -> bool:
        """Return True if `result` is the very object that the latest call of the metric returned."""
        return result is not None and result is self._latest

    def _zero(self) -> None:
        for variable in self._own_variables():
            variable.value[...] = 0
        for metric in self._within(Metric):
            metric.reset_state()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Update the metric with one batch and return the result so far."""
        self.update_state(*args, **kwargs)
        self._latest = self.result()
        return self._latest

    def get_state(self) -> dict[str, Any]:
        """Return the sums so far: variables, attributes that are numbers or arrays, and states of contained metrics.

        A metric that keeps anything else between two batches overrides `get_state` and `set_state`.
        """
        numbers = {
            k: copy.copy(v)
            for k, v in vars(self).items()
            if isinstance(v, int | float | np.generic | np.ndarray) and k not in ("named", "_latest")
        }
        state = {"variables": [v.value.copy() for v in self._own_variables()], "attributes": numbers}
        metrics = [metric.get_state() for metric in self._within(Metric)]
        return {**state, "metrics": metrics} if metrics else state

    def set_state(self, state: dict[str, Any]) -> None:
        """Restore a state that `get_state` returned."""
        for variable, value in zip(self._own_variables(), state["variables"], strict=True):
            variable.move_to(np.array(value))
        for name, number in state["attributes"].items():
            setattr(self, name, copy.copy(number))
        for metric, inner in zip(self._within(Metric), state.get("metrics", ()), strict=True):
            metric.set_state(inner)

    def get_sums(self) -> list[float]:
        """Return all sums as one list: several workers add these up after a batch."""
        return [number for array in self._summed() for number in np.ravel(array).tolist()]

    def set_sums(self, numbers: Sequence[float]) -> None:
        """Replace the sums, in the order of `get_sums`."""
        if self._own:
            begin = 0
            for v in self._variables:
                end = begin + v.value.size
                v.value[...] = np.reshape(numbers[begin:end], v.shape)
                begin = end
        else:
            state = self.get_state()
            self.set_state(nest.pack(state, _shaped(nest.flatten(state), numbers)))

    def _summed(self) -> list[Any]:
        return [v.value for v in self._variables] if self._own else nest.flatten(self.get_state())

    def keep(self, undo: Undo) -> None:
        """Register the current sums with `undo`, which restores them."""
        # the library's metrics keep their sums in variables, or override `keep`
        if self._own:
            for variable in self._variables:
                undo.then(variable.move_to, variable.value.copy())
        else:
            undo.then(self.set_state, self.get_state())

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal metric."""
        return {"name": self.name, "dtype": "float32"}


def _shaped(like: Sequence[Any], numbers: Sequence[float]) -> list[Any]:
    """Return the numbers grouped and typed as the leaves of `like`."""
    shaped, begin = [], 0
    for leaf in like:
        end = begin + np.size(leaf)
        part = np.reshape(numbers[begin:end], np.shape(leaf))
        shaped.append(part.astype(leaf.dtype) if isinstance(leaf, np.ndarray) else type(leaf)(part))
        begin = end
    return shaped


def is_own(metric: Metric) -> bool:
    """Return True for a metric of the library's classes, which keep only numbers and arrays."""
    return metric._own


class Mean(Metric):
    """The weighted mean of all values."""

    def __init__(self, name: str = "mean", dtype: Any = None) -> None:
        super().__init__(name, dtype)
        self.total = 0.0
        self.count = 0.0

    def update_state(self, values: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Add values of any shape, each with its weight.

        Parameters
        ----------
        values : array
        sample_weight : array of the same shape, or one weight for each sample, optional
        """
        v = to_array(values)
        if sample_weight is None and v.ndim == 0 and (share := current().share) is not None:
            # a single number, such as a mean over the rows of this worker's share
            sample_weight = share.part
        if sample_weight is None:
            self.total += float(np.sum(v, dtype=np.float64))
            self.count += v.size
        else:
            w = fit_weights(to_array(sample_weight), v)
            self.total += float(np.sum(v * w, dtype=np.float64))
            self.count += float(np.sum(w, dtype=np.float64))

    def result(self) -> Number:
        """Return the mean; 0 before the first value."""
        return Number(self.total / self.count if self.count else 0.0)

    def keep(self, undo: Undo) -> None:
        """Register the current sums with `undo`, which restores them."""
        if self._own:
            undo.then(self._put_back, self.total, self.count)
        else:
            super().keep(undo)

    def _put_back(self, total: float, count: float) -> None:
        self.total, self.count = total, count

    def get_sums(self) -> list[float]:
        """Return the total and the count; for a user's class, all its sums."""
        return [self.total, self.count] if self._own else super().get_sums()

    def set_sums(self, numbers: Sequence[float]) -> None:
        """Replace the sums, in the order of `get_sums`."""
        if self._own:
            self.total, self.count = numbers
        else:
            super().set_sums(numbers)

    def returned(self, result: Any) -> bool:
        """Return True if `result` is the very object that the latest call of the metric returned."""
        return result is not None and result is self._latest

    def _zero(self) -> None:
        super()._zero()
        self.total = self.count = 0.0


class Sum(Metric):
    """The weighted sum of all values."""

    def __init__(self, name: str = "sum", dtype: Any = None) -> None:
        super().__init__(name, dtype)
        self.total = 0.0

    def update_state(self, values: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Add values of any shape, each with its weight; the arguments are those of `Mean`."""
        v = to_array(values)
        w = 1 if sample_weight is None else fit_weights(to_array(sample_weight), v)
        self.total += float(np.sum(v * w, dtype=np.float64))

    def get_sums(self) -> list[float]:
        """Return the total; for a user's class, all its sums."""
        return [self.total] if self._own else super().get_sums()

    def set_sums(self, numbers: Sequence[float]) -> None:
        """Replace the sums, in the order of `get_sums`."""
        if self._own:
            (self.total,) = numbers
        else:
            super().set_sums(numbers)

    def result(self) -> Number:
        """Return the sum; 0 before the first value."""
        return Number(self.total)

    def keep(self, undo: Undo) -> None:
        """Register the current sums with `undo`, which restores them."""
        if self._own:
            undo.then(setattr, self, "total", self.total)
        else:
            super().keep(undo)

    def returned(self, result: Any) -> bool:
        """Return True if `result` is the very object that the latest call of the metric returned."""
        return result is not None and result is self._latest

    def _zero(self) -> None:
        super()._zero()
        self.total = 0.0


class MeanMetricWrapper(Mean):
    """The mean of a function that returns one value for each sample.

    Parameters
    ----------
    fn : callable
        ``fn(y_true, y_pred, **kwargs)``.
    name : str, optional
    **kwargs
        Passed to `fn`.
    """

    fn = Fixed()

    def __init__(
        self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(name or name_of(fn), dtype)
        check_call(f"The metric {self.name!r}", fn, "y_true", "y_pred", **kwargs)
        self.fn = fn
        self._options = kwargs
        check_options(self)
        self.direction = _direction(fn)

    @property
    def options(self) -> Mapping[str, Any]:
        """Keyword arguments of the function."""
        return MappingProxyType(self._options)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Update the metric with one batch of targets and predictions."""
        t = to_array(y_true)
        reshaped = match_ranks(t, to_array(y_pred))
        targets = y_true if reshaped is t else reshaped
        super().update_state(self._numbers(self.fn(targets, y_pred, **self._options)), sample_weight)

    def lower(self, program: Any, y_true: Any, y_pred: Any, sample_weight: Any) -> None:
        """Emit the instructions that update the metric with a batch."""
        self._need_own(program)
        if not of_library(self.fn):
            program.refuse(f"the metric {self.name!r}, which is the user's own")
        values = program.apply(self.fn, (program.match_ranks(y_true, y_pred), y_pred), self._options)
        program.add_to_mean(self, values, sample_weight)

    def _numbers(self, values: Any) -> Any:
        try:
            return to_array(values)
        except (ArgumentTypeError, ShapeError):
            raise ArgumentTypeError(
                f"The metric {self.name!r} must return numbers, one for each sample. Received: {values!r}. "
                "Return an array or a tensor computed from y_true and y_pred."
            ) from None

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal metric."""
        config = {**super().get_config(), **self._options}
        if type(self) is not MeanMetricWrapper:
            # a subclass passes its own function
            return config
        return {**config, "fn": serialize(getattr(self.fn, "__self__", self.fn))}


def divide(a: Array, b: Array) -> Array:
    """Return ``a / b``, and 0 where b is 0."""
    return np.divide(a, b, out=np.zeros(np.broadcast_shapes(np.shape(a), np.shape(b))), where=b != 0)


def number(result: Array) -> Number | Tensor:
    """Return a result as a number if it has one value, else as a tensor."""
    return Number(result.item()) if result.size == 1 else constant(result)


def _direction(function: Any) -> str | None:
    if any(function is known for known in _larger):
        return "max"
    return "min" if any(function is known for known in losses.TABLE.values()) else None


def _snake(name: str) -> str:
    """Return a class's name in snake case: ``TruePositives`` as ``true_positives``, ``AUC`` as ``auc``."""
    name = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()
