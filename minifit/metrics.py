"""Metrics: numbers to judge a model by, summed over the batches of an epoch.

A metric is updated with every batch and asked for its result at any time. A plain function of
``(y_true, y_pred)`` that returns one value for each sample is a metric too: its mean is taken.
"""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from minifit import losses
from minifit.arrays import Array, Shape
from minifit.errors import ArgumentError
from minifit.losses import (
    MAE,
    MSE,
    binary_crossentropy,
    categorical_crossentropy,
    mae,
    mean_absolute_error,
    mean_squared_error,
    mse,
    sparse_categorical_crossentropy,
)
from minifit.parameters import Variable
from minifit.tables import Configurable, Table
from minifit.tensor import TensorLike, as_tensor, to_array

__all__ = [
    "MAE",
    "MSE",
    "BinaryAccuracy",
    "CategoricalAccuracy",
    "Mean",
    "MeanAbsoluteError",
    "MeanMetricWrapper",
    "MeanSquaredError",
    "Metric",
    "SparseCategoricalAccuracy",
    "binary_accuracy",
    "binary_crossentropy",
    "categorical_accuracy",
    "categorical_crossentropy",
    "cosine_similarity",
    "deserialize",
    "get",
    "mae",
    "mean_absolute_error",
    "mean_squared_error",
    "mse",
    "serialize",
    "sparse_categorical_accuracy",
    "sparse_categorical_crossentropy",
]


# -- one value a sample --------------------------------------------------------------------------------------


def binary_accuracy(y_true: TensorLike, y_pred: TensorLike, threshold: float = 0.5) -> Array:
    """How often ``y_pred > threshold`` equals the target, over the last axis."""
    hit = to_array(y_true) == (to_array(y_pred) > threshold)
    return np.asarray(hit.mean(axis=-1, dtype=np.float32))


def categorical_accuracy(y_true: TensorLike, y_pred: TensorLike) -> Array:
    """1 where the largest prediction stands at the one of the one-hot target, else 0."""
    hit = to_array(y_true).argmax(-1) == to_array(y_pred).argmax(-1)
    return np.asarray(hit, np.float32)


def sparse_categorical_accuracy(y_true: TensorLike, y_pred: TensorLike) -> Array:
    """1 where the largest prediction stands at the target's class number, else 0."""
    target, scores = to_array(y_true), to_array(y_pred)
    if target.ndim == scores.ndim and target.shape[-1:] == (1,):
        target = target[..., 0]
    return np.asarray(target == scores.argmax(-1), np.float32)


def cosine_similarity(y_true: TensorLike, y_pred: TensorLike, axis: int = -1) -> Array:
    """The cosine of the angle between target and prediction: 1 is best. As a loss, it is the negative."""
    return -to_array(losses.cosine_similarity(y_true, y_pred, axis))


# -- over an epoch -------------------------------------------------------------------------------------------


class Metric(Configurable):
    """A metric: subclass it and write `update_state` and `result`.

    Parameters
    ----------
    name : str, optional
        The key under which it appears in logs.

    Attributes
    ----------
    direction : {"min", "max"} or None
        Whether smaller or larger is better, where that is known.

    References
    ----------
    ``tf.keras.metrics.Metric`` (TensorFlow 2.7).
    """

    direction: str | None = None

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        if dtype not in (None, "float32", np.float32):
            raise ArgumentError(f"Metrics are float32. Received: dtype={dtype!r}. Leave dtype out.")
        self.name = name or _snake(type(self).__name__)
        self._variables: list[Variable] = []

    @property
    def variables(self) -> list[Variable]:
        """What it sums up in."""
        return list(self._variables)

    def add_weight(self, name: str, shape: Shape = (), initializer: Any = "zeros", **_: Any) -> Variable:
        """A variable that starts at zero at every epoch, kept in float64 so that long sums stay exact."""
        if initializer != "zeros":
            raise ArgumentError(
                f"A metric's variable begins at zeros. Received: initializer={initializer!r}. "
                "Add the offset in result()."
            )
        made = Variable(np.zeros(shape), name, np.float64)
        self._variables.append(made)
        return made

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in one batch."""
        raise NotImplementedError(
            f"{type(self).__name__} must define update_state(y_true, y_pred, sample_weight)"
        )

    def result(self) -> Any:
        """The metric over everything since the last reset."""
        raise NotImplementedError(f"{type(self).__name__} must define result()")

    def reset_state(self) -> None:
        """Begin anew."""
        if type(self).reset_states is not Metric.reset_states:
            self.reset_states()  # a subclass that knows the older name only
        else:
            self._zero()

    def reset_states(self) -> None:
        """The older name of `reset_state`."""
        if type(self).reset_state is not Metric.reset_state:
            self.reset_state()
        else:
            self._zero()

    def _zero(self) -> None:
        for variable in self._variables:
            variable.value[...] = 0

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Take in one batch and return the result so far."""
        self.update_state(*args, **kwargs)
        return self.result()

    def get_state(self) -> dict[str, Any]:
        """What it has summed up: its variables, and every attribute that is a number or an array.

        A metric that keeps anything else between two batches defines both methods itself.
        """
        numbers = {
            k: copy.copy(v)
            for k, v in vars(self).items()
            if isinstance(v, int | float | np.generic | np.ndarray)
        }
        return {"variables": [v.value.copy() for v in self._variables], "attributes": numbers}

    def set_state(self, state: dict[str, Any]) -> None:
        """Put back what `get_state` returned."""
        for variable, value in zip(self._variables, state["variables"], strict=True):
            variable.value[...] = value
        for name, number in state["attributes"].items():
            setattr(self, name, copy.copy(number))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric."""
        return {"name": self.name, "dtype": "float32"}


class Mean(Metric):
    """The weighted mean of all values it is given."""

    def __init__(self, name: str = "mean", dtype: Any = None) -> None:
        super().__init__(name, dtype)
        self.total = 0.0
        self.count = 0.0

    def update_state(self, values: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Take in values of any shape, each with its weight.

        Parameters
        ----------
        values : array
        sample_weight : array of the same shape, or one weight a sample, optional
        """
        v = to_array(values)
        if sample_weight is None:
            self.total += float(np.sum(v, dtype=np.float64))
            self.count += v.size
        else:
            w = losses.fit_weights(to_array(sample_weight), v)
            self.total += float(np.sum(v * w, dtype=np.float64))
            self.count += float(np.sum(w, dtype=np.float64))

    def result(self) -> float:
        """The mean; 0 before the first value."""
        return self.total / self.count if self.count else 0.0

    def _zero(self) -> None:
        super()._zero()
        self.total = self.count = 0.0


class MeanMetricWrapper(Mean):
    """The mean of a function that returns one value for each sample.

    Parameters
    ----------
    fn : callable
        ``fn(y_true, y_pred, **kwargs)``.
    name : str, optional
    **kwargs
        Handed on to `fn`.
    """

    def __init__(
        self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(name or str(getattr(fn, "__name__", type(fn).__name__)), dtype)
        self._fn = fn
        self._kwargs = kwargs
        self.direction = _DIRECTIONS.get(getattr(fn, "__name__", ""))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Take in one batch of targets and predictions."""
        p = as_tensor(y_pred)
        super().update_state(self._fn(losses.matched(y_true, p), p, **self._kwargs), sample_weight)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric."""
        return {**super().get_config(), **self._kwargs}


class MeanSquaredError(MeanMetricWrapper):
    """The mean of squared differences."""

    def __init__(self, name: str = "mean_squared_error", dtype: Any = None) -> None:
        super().__init__(losses.mean_squared_error, name, dtype)


class MeanAbsoluteError(MeanMetricWrapper):
    """The mean of absolute differences."""

    def __init__(self, name: str = "mean_absolute_error", dtype: Any = None) -> None:
        super().__init__(losses.mean_absolute_error, name, dtype)


class BinaryAccuracy(MeanMetricWrapper):
    """How often ``y_pred > threshold`` equals the target."""

    def __init__(self, name: str = "binary_accuracy", dtype: Any = None, threshold: float = 0.5) -> None:
        super().__init__(binary_accuracy, name, dtype, threshold=threshold)


class CategoricalAccuracy(MeanMetricWrapper):
    """How often the most likely class is that of the one-hot target."""

    def __init__(self, name: str = "categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(categorical_accuracy, name, dtype)


class SparseCategoricalAccuracy(MeanMetricWrapper):
    """How often the most likely class is the target's class number."""

    def __init__(self, name: str = "sparse_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(sparse_categorical_accuracy, name, dtype)


# -- by name -------------------------------------------------------------------------------------------------

_DIRECTIONS = dict.fromkeys(losses.TABLE, "min") | dict.fromkeys(
    ("binary_accuracy", "categorical_accuracy", "sparse_categorical_accuracy", "cosine_similarity"), "max"
)

TABLE = Table(
    "metric",
    {
        **{name: loss for name, loss in losses.TABLE.items() if not isinstance(loss, type)},
        "cosine_similarity": cosine_similarity,
        "cosine_proximity": cosine_similarity,
        "MeanSquaredError": MeanSquaredError,
        "MeanAbsoluteError": MeanAbsoluteError,
        "binary_accuracy": binary_accuracy,
        "BinaryAccuracy": BinaryAccuracy,
        "categorical_accuracy": categorical_accuracy,
        "CategoricalAccuracy": CategoricalAccuracy,
        "sparse_categorical_accuracy": sparse_categorical_accuracy,
        "SparseCategoricalAccuracy": SparseCategoricalAccuracy,
    },
)

_ACCURACY = ("accuracy", "acc")
_CROSSENTROPY = ("crossentropy", "ce")


def get(identifier: Any) -> Any:
    """A metric function or object from its name, configuration or itself; None stays None."""
    return None if identifier is None else TABLE.make(identifier)


def for_outputs(identifier: Any, y_true: Shape, y_pred: Shape) -> Metric:
    """The metric that a user's entry in ``metrics=[...]`` means for targets and predictions of these shapes.

    Parameters
    ----------
    identifier : str, function, class or Metric
        "accuracy" and "crossentropy" (short: "acc", "ce") are chosen by the shapes: binary for one output,
        sparse for class numbers, else categorical.
    y_true, y_pred : tuple of int

    Raises
    ------
    UnknownNameError
        For a name that is in no table.
    """
    if isinstance(identifier, Metric):
        return identifier
    if isinstance(identifier, str) and identifier.lower() in _ACCURACY + _CROSSENTROPY:
        functions = _accuracies if identifier.lower() in _ACCURACY else _crossentropies
        found: Any = functions[_kind(y_true, y_pred)]
    else:
        found = get(identifier)
    if isinstance(found, Metric):
        return found
    if isinstance(found, losses.Loss):
        return MeanMetricWrapper(found.call, found.name)
    return MeanMetricWrapper(found, identifier if isinstance(identifier, str) else None)


def check_name(identifier: Any) -> None:
    """Raise `UnknownNameError` now if `identifier` is a name that no metric has."""
    chosen_by_shape = _ACCURACY + _CROSSENTROPY
    if isinstance(identifier, str) and identifier.lower() not in chosen_by_shape:
        TABLE.find(identifier, dict.fromkeys(chosen_by_shape))


def _kind(y_true: Shape, y_pred: Shape) -> int:
    if y_pred[-1] == 1:
        return 0
    return 1 if len(y_true) < len(y_pred) or y_true[-1] == 1 else 2


_accuracies = (binary_accuracy, sparse_categorical_accuracy, categorical_accuracy)
_crossentropies = (
    losses.binary_crossentropy,
    losses.sparse_categorical_crossentropy,
    losses.categorical_crossentropy,
)


def _snake(name: str) -> str:
    return "".join("_" + c.lower() if c.isupper() and i else c.lower() for i, c in enumerate(name))


serialize = losses.serialize
deserialize = get
