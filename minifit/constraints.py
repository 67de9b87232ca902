"""Constraints: functions that limit the values of a weight after each update.

A constraint is called with a weight's array after every update and returns the array that replaces it.
Any function that does so is also a constraint.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from minifit.arrays import Array
from minifit.checks import axes, exact, not_negative, number
from minifit.errors import ShapeError
from minifit.parameters import Parameter
from minifit.settings import Setting
from minifit.tables import Configurable, Table, serialize
from minifit.tensor import TensorLike, to_array

__all__ = [
    "Constraint",
    "MaxNorm",
    "MinMaxNorm",
    "NonNeg",
    "UnitNorm",
    "deserialize",
    "get",
    "max_norm",
    "maxnorm",
    "min_max_norm",
    "non_neg",
    "nonneg",
    "serialize",
    "unit_norm",
    "unitnorm",
]

EPSILON = 1e-7
"""Number added to a norm before dividing by it."""

Axes = int | Sequence[int]


class Constraint(Configurable):
    """The base class of constraints, which itself changes nothing.

    A subclass defines ``__call__`` and, to be saved with a model, ``get_config``.

    Examples
    --------
    >>> class AtMostOne(Constraint):
    ...     def __call__(self, w):
    ...         return np.minimum(w, 1)
    >>> AtMostOne()(np.array([0.5, 2.0]))
    array([0.5, 1. ])
    """

    def __call__(self, w: TensorLike) -> Array:
        """Return the array that replaces `w`."""
        return to_array(w)

    def lower(self, program: Any, weight: Parameter) -> None:
        """Emit the instructions that constrain a weight: none."""


class MaxNorm(Constraint):
    """Scaling of weights down to a largest norm.

    Parameters
    ----------
    max_value : float, default 2
        Largest norm.
    axis : int or list of int, default 0
        Axes of a norm. In a `Dense` kernel of shape (inputs, units), 0 means one norm for each unit.

    References
    ----------
    ``tf.keras.constraints.MaxNorm`` (TensorFlow 2.7).
    """

    max_value, axis = Setting(exact(not_negative, infinite=True)), Setting(axes)

    def __init__(self, max_value: float = 2, axis: Axes = 0) -> None:
        self.max_value = max_value
        self.axis = axis

    def __call__(self, w: TensorLike) -> Array:
        """Return the array with no norm above `max_value`."""
        w = to_array(w)
        norms = norm(w, self.axis)
        return w * (np.clip(norms, 0, self.max_value) / (EPSILON + norms))

    def lower(self, program: Any, weight: Parameter) -> None:
        """Emit the instructions that constrain a weight."""
        lower_norms(program, weight, self.axis, 0, self.max_value)

    def get_config(self) -> dict[str, Any]:
        """Return the largest norm and the axis."""
        return {"max_value": self.max_value, "axis": self.axis}


class NonNeg(Constraint):
    """Replacement of negative weights by 0.

    References
    ----------
    ``tf.keras.constraints.NonNeg`` (TensorFlow 2.7).
    """

    def __call__(self, w: TensorLike) -> Array:
        """Return the array with no value below 0; NaN stays NaN."""
        w = to_array(w)
        # -inf * 0 is invalid, after an update that diverged
        with np.errstate(invalid="ignore"):
            return np.multiply(w, w >= 0, dtype=w.dtype)

    def lower(self, program: Any, weight: Parameter) -> None:
        """Emit the instructions that constrain a weight."""
        program.update("not_negative", (weight.value,), weight.value)


class UnitNorm(Constraint):
    """Scaling of weights to norm 1.

    Parameters
    ----------
    axis : int or list of int, default 0
        Axes of a norm. In a `Dense` kernel of shape (inputs, units), 0 means one norm for each unit.

    References
    ----------
    ``tf.keras.constraints.UnitNorm`` (TensorFlow 2.7).
    """

    axis = Setting(axes)

    def __init__(self, axis: Axes = 0) -> None:
        self.axis = axis

    def __call__(self, w: TensorLike) -> Array:
        """Return the array with every norm 1."""
        w = to_array(w)
        return w / (EPSILON + norm(w, self.axis))

    def lower(self, program: Any, weight: Parameter) -> None:
        """Emit the instructions that constrain a weight."""
        lower_norms(program, weight, self.axis, 1, 1)

    def get_config(self) -> dict[str, Any]:
        """Return the axis."""
        return {"axis": self.axis}


class MinMaxNorm(Constraint):
    """Scaling of weights to a norm between two bounds.

    Parameters
    ----------
    min_value, max_value : float, default 0 and 1
        Bounds of the norm.
    rate : float from 0 to 1, default 1
        Share of the distance to the bound that each update covers.
    axis : int or list of int, default 0
        Axes of a norm. In a `Dense` kernel of shape (inputs, units), 0 means one norm for each unit.

    References
    ----------
    ``tf.keras.constraints.MinMaxNorm`` (TensorFlow 2.7).
    """

    min_value, max_value = Setting(exact(not_negative)), Setting(exact(not_negative, infinite=True))
    rate, axis = Setting(exact(number)), Setting(axes)

    def __init__(
        self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Axes = 0
    ) -> None:
        self.min_value = min_value
        self.max_value = max_value
        self.rate = rate
        self.axis = axis

    def __call__(self, w: TensorLike) -> Array:
        """Return the array with its norms moved towards the bounds."""
        w = to_array(w)
        norms = norm(w, self.axis)
        bounded: Array = self.rate * np.clip(norms, self.min_value, self.max_value) + (1 - self.rate) * norms
        return w * (bounded / (EPSILON + norms))

    def lower(self, program: Any, weight: Parameter) -> None:
        """Emit the instructions that constrain a weight."""
        lower_norms(program, weight, self.axis, self.min_value, self.max_value, self.rate)

    def get_config(self) -> dict[str, Any]:
        """Return the bounds, the rate and the axis."""
        return {
            "min_value": self.min_value,
            "max_value": self.max_value,
            "rate": self.rate,
            "axis": self.axis,
        }


def norm(w: Array, axis: Axes) -> Array:
    """Return the Euclidean norm over one axis or several, which stay as axes of length 1."""
    axes = axis if isinstance(axis, int) else tuple(axis)
    return np.asarray(np.sqrt(np.square(w).sum(axis=axes, keepdims=True)))


def lower_norms(
    program: Any, weight: Parameter, axis: Axes, low: float, high: float, rate: float = 1
) -> None:
    """Emit the instruction that moves norms into bounds; refuse axes that are not adjacent."""
    ndim, shape = weight.ndim, weight.shape
    listed = [axis] if isinstance(axis, int) else list(axis)
    axes = sorted({a + ndim if a < 0 else a for a in listed})
    first, last = axes[0], axes[-1] + 1
    if first < 0 or last > ndim or len(axes) != len(listed) or last - first != len(axes):
        program.refuse(f"the constraint of {weight.name} over the axes {axis} of shape {shape}")
    lengths = prod(shape[:first]), prod(shape[first:last]), prod(shape[last:])
    name = "bound_norms_of_rows" if lengths[2] == 1 else "bound_norms"
    place = program.memory(weight.value)
    program.emit(name, place, place, *lengths, float(low), float(high), float(rate))


max_norm = maxnorm = MaxNorm
non_neg = nonneg = NonNeg
unit_norm = unitnorm = UnitNorm
min_max_norm = MinMaxNorm

TABLE = Table(
    "constraint",
    {
        "MaxNorm": MaxNorm,
        "max_norm": MaxNorm,
        "maxnorm": MaxNorm,
        "NonNeg": NonNeg,
        "non_neg": NonNeg,
        "nonneg": NonNeg,
        "UnitNorm": UnitNorm,
        "unit_norm": UnitNorm,
        "unitnorm": UnitNorm,
        "MinMaxNorm": MinMaxNorm,
        "min_max_norm": MinMaxNorm,
    },
    called_with=("w",),
)


def get(identifier: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return a constraint from its name, configuration or class, or a function of an array; None stays None."""
    return None if identifier is None else TABLE.make(identifier, custom_objects)


deserialize = get


def constrained(weight: Parameter) -> Array:
    """Return the result of a weight's constraint, after validating its dtype and shape."""
    array = np.asarray(weight.constraint(weight.value))
    if array.dtype.kind not in "fiub" or array.shape != weight.shape:
        raise ShapeError(
            f"The constraint of {weight.name} must return an array of numbers of the weight's shape, {weight.shape}. "
            f"Received: dtype {array.dtype} of shape {array.shape}. Fix the constraint."
        )
    return array


def constrain(weights: Iterable[Parameter]) -> None:
    """Replace the values of each weight with the result of its constraint, if it has one."""
    for weight in weights:
        if weight.constraint is not None:
            weight.value[...] = constrained(weight)
