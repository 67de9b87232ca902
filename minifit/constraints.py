"""Constraints: where an update may not take a weight.

A constraint is called with a weight's array after every update and returns the array that takes its place.
Any function that does so is a constraint too.
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

EPSILON = 1e-7  # added to a norm before it divides

Axes = int | Sequence[int]


class Constraint(Configurable):
    """The base of all constraints, which itself changes nothing.

    A constraint of one's own defines ``__call__`` and, to be saved with a model, ``get_config``.

    Examples
    --------
    >>> class AtMostOne(Constraint):
    ...     def __call__(self, w):
    ...         return np.minimum(w, 1)
    >>> AtMostOne()(np.array([0.5, 2.0]))
    array([0.5, 1. ])
    """

    def __call__(self, w: TensorLike) -> Array:
        """The array that takes the place of `w`."""
        return to_array(w)

    def lower(self, program: Any, weight: Parameter) -> None:
        """Write down what becomes of a weight: nothing changes."""


class MaxNorm(Constraint):
    """Weights whose norm is too large are scaled down to it.

    Parameters
    ----------
    max_value : float, default 2
        The largest norm.
    axis : int or list of int, default 0
        What a norm is taken over. In a `Dense` kernel of shape (inputs, units), 0 means each unit by itself.

    References
    ----------
    ``tf.keras.constraints.MaxNorm`` (TensorFlow 2.7).
    """

    max_value, axis = Setting(exact(not_negative, infinite=True)), Setting(axes)

    def __init__(self, max_value: float = 2, axis: Axes = 0) -> None:
        self.max_value = max_value
        self.axis = axis

    def __call__(self, w: TensorLike) -> Array:
        """The array with no norm above `max_value`."""
        w = to_array(w)
        norms = norm(w, self.axis)
        return w * (np.clip(norms, 0, self.max_value) / (EPSILON + norms))

    def lower(self, program: Any, weight: Parameter) -> None:
        """Write down what becomes of a weight."""
        lower_norms(program, weight, self.axis, 0, self.max_value)

    def get_config(self) -> dict[str, Any]:
        """The largest norm and the axis."""
        return {"max_value": self.max_value, "axis": self.axis}


class NonNeg(Constraint):
    """Negative weights become 0.

    References
    ----------
    ``tf.keras.constraints.NonNeg`` (TensorFlow 2.7).
    """

    def __call__(self, w: TensorLike) -> Array:
        """The array with nothing below 0; NaN stays NaN."""
        w = to_array(w)
        with np.errstate(invalid="ignore"):  # -inf * 0, after a diverged update
            return np.multiply(w, w >= 0, dtype=w.dtype)

    def lower(self, program: Any, weight: Parameter) -> None:
        """Write down what becomes of a weight."""
        program.update("not_negative", (weight.value,), weight.value)


class UnitNorm(Constraint):
    """Weights are scaled to norm 1.

    Parameters
    ----------
    axis : int or list of int, default 0
        What a norm is taken over. In a `Dense` kernel of shape (inputs, units), 0 means each unit by itself.

    References
    ----------
    ``tf.keras.constraints.UnitNorm`` (TensorFlow 2.7).
    """

    axis = Setting(axes)

    def __init__(self, axis: Axes = 0) -> None:
        self.axis = axis

    def __call__(self, w: TensorLike) -> Array:
        """The array with every norm 1."""
        w = to_array(w)
        return w / (EPSILON + norm(w, self.axis))

    def lower(self, program: Any, weight: Parameter) -> None:
        """Write down what becomes of a weight."""
        lower_norms(program, weight, self.axis, 1, 1)

    def get_config(self) -> dict[str, Any]:
        """The axis."""
        return {"axis": self.axis}


class MinMaxNorm(Constraint):
    """Weights are scaled so that their norm lies between two bounds.

    Parameters
    ----------
    min_value, max_value : float, default 0 and 1
        The bounds.
    rate : float from 0 to 1, default 1
        How much of the way to the bound is gone at each update.
    axis : int or list of int, default 0
        What a norm is taken over. In a `Dense` kernel of shape (inputs, units), 0 means each unit by itself.

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
        """The array with its norms moved towards the bounds."""
        w = to_array(w)
        norms = norm(w, self.axis)
        wanted: Array = self.rate * np.clip(norms, self.min_value, self.max_value) + (1 - self.rate) * norms
        return w * (wanted / (EPSILON + norms))

    def lower(self, program: Any, weight: Parameter) -> None:
        """Write down what becomes of a weight."""
        lower_norms(program, weight, self.axis, self.min_value, self.max_value, self.rate)

    def get_config(self) -> dict[str, Any]:
        """The bounds, the rate and the axis."""
        return {
            "min_value": self.min_value,
            "max_value": self.max_value,
            "rate": self.rate,
            "axis": self.axis,
        }


def norm(w: Array, axis: Axes) -> Array:
    """The Euclidean norm over one axis or several, kept as ones."""
    axes = axis if isinstance(axis, int) else tuple(axis)
    return np.asarray(np.sqrt(np.square(w).sum(axis=axes, keepdims=True)))


def lower_norms(
    program: Any, weight: Parameter, axis: Axes, low: float, high: float, rate: float = 1
) -> None:
    """Write down that norms move into bounds, where they are over axes that lie side by side."""
    ndim, shape = weight.ndim, weight.shape
    wanted = [axis] if isinstance(axis, int) else list(axis)
    found = sorted({a + ndim if a < 0 else a for a in wanted})
    first, last = found[0], found[-1] + 1
    if first < 0 or last > ndim or len(found) != len(wanted) or last - first != len(found):
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
    """A constraint from its name, configuration or class, or a function of an array; None stays None."""
    return None if identifier is None else TABLE.make(identifier, custom_objects)


deserialize = get


def constrained(weight: Parameter) -> Array:
    """Return what a weight's constraint makes of it: an array of its shape."""
    found = np.asarray(weight.constraint(weight.value))
    if found.dtype.kind not in "fiub" or found.shape != weight.shape:
        raise ShapeError(
            f"The constraint of {weight.name} must return an array of its shape, {weight.shape}. "
            f"Received: dtype {found.dtype} of shape {found.shape}. Fix the constraint."
        )
    return found


def constrain(weights: Iterable[Parameter]) -> None:
    """Replace the numbers of each weight by what its constraint makes of them, if it has one."""
    for weight in weights:
        if weight.constraint is not None:
            weight.value[...] = constrained(weight)
