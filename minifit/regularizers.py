"""Regularizers: penalties that large weights add to the loss.

A regularizer is called with a tensor and returns one number as a tensor. Any function that does so, written
with `minifit.ops`, is also a regularizer.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from minifit import ops
from minifit.arrays import FLOAT
from minifit.checks import real
from minifit.errors import ArgumentError
from minifit.settings import Setting
from minifit.tables import Configurable, Table, serialize
from minifit.tensor import Tensor, TensorLike, as_tensor

__all__ = ["L1", "L1L2", "L2", "Regularizer", "deserialize", "get", "l1", "l1_l2", "l2", "serialize"]


LARGEST = float(np.finfo(FLOAT).max)
"""Largest factor, as a Python float so that no comparison overflows."""


def factor(name: str, value: Any) -> float:
    """Return a factor rounded to float32, as in Keras, after validating it."""
    number = real(value)
    if number is not None and 0 <= number <= LARGEST:
        return float(FLOAT.type(number))
    raise ArgumentError(
        f"{name} must be a finite number of at least 0. Received: {name}={value!r}. Pass for example {name}=0.01."
    )


class Regularizer(Configurable):
    """The base class of regularizers, which itself adds nothing.

    A subclass defines ``__call__`` and, to be saved with a model, ``get_config``.

    Examples
    --------
    >>> class SmallSum(Regularizer):
    ...     def __call__(self, x):
    ...         return 0.1 * ops.abs(ops.sum(x))
    >>> float(SmallSum()(Tensor([1.0, -3.0])))
    0.20000000298023224
    """

    def __call__(self, x: TensorLike) -> Tensor:
        """Return the penalty on `x`, which is added to the loss."""
        return Tensor(0.0)


class L1(Regularizer):
    """``l1 * sum(abs(x))``, which pulls many weights to 0.

    Parameters
    ----------
    l1 : float, default 0.01

    Raises
    ------
    ArgumentError
        If the factor is negative, not finite or not a number.

    References
    ----------
    ``tf.keras.regularizers.L1`` (TensorFlow 2.7).
    """

    l1 = Setting(factor)

    def __init__(self, l1: float | None = 0.01) -> None:
        self.l1 = 0.01 if l1 is None else l1

    def __call__(self, x: TensorLike) -> Tensor:
        """Return the penalty on `x`."""
        return ops.penalty(as_tensor(x), self.l1, 0.0)

    def get_config(self) -> dict[str, Any]:
        """Return the factor."""
        return {"l1": self.l1}


class L2(Regularizer):
    """``l2 * sum(x ** 2)``, which keeps all weights small.

    Parameters
    ----------
    l2 : float, default 0.01

    Raises
    ------
    ArgumentError
        If the factor is negative, not finite or not a number.

    References
    ----------
    ``tf.keras.regularizers.L2`` (TensorFlow 2.7).
    """

    l2 = Setting(factor)

    def __init__(self, l2: float | None = 0.01) -> None:
        self.l2 = 0.01 if l2 is None else l2

    def __call__(self, x: TensorLike) -> Tensor:
        """Return the penalty on `x`."""
        return ops.penalty(as_tensor(x), 0.0, self.l2)

    def get_config(self) -> dict[str, Any]:
        """Return the factor."""
        return {"l2": self.l2}


class L1L2(Regularizer):
    """``l1 * sum(abs(x)) + l2 * sum(x ** 2)``.

    Parameters
    ----------
    l1, l2 : float, default 0
        The function `l1_l2` and the name "l1_l2" default to 0.01 instead.

    Raises
    ------
    ArgumentError
        If a factor is negative, not finite or not a number.

    References
    ----------
    ``tf.keras.regularizers.L1L2`` (TensorFlow 2.7).
    """

    l1, l2 = Setting(factor), Setting(factor)

    def __init__(self, l1: float | None = 0.0, l2: float | None = 0.0) -> None:
        self.l1 = 0.0 if l1 is None else l1
        self.l2 = 0.0 if l2 is None else l2

    def __call__(self, x: TensorLike) -> Tensor:
        """Return the penalty on `x`."""
        return ops.penalty(as_tensor(x), self.l1, self.l2)

    def get_config(self) -> dict[str, Any]:
        """Return both factors."""
        return {"l1": self.l1, "l2": self.l2}


def l1_l2(l1: float = 0.01, l2: float = 0.01) -> L1L2:
    """Return an `L1L2` with other defaults."""
    return L1L2(l1, l2)


l1 = L1
l2 = L2

TABLE = Table(
    "regularizer",
    {"L1": L1, "l1": L1, "L2": L2, "l2": L2, "L1L2": L1L2, "l1_l2": l1_l2},
    called_with=("w",),
)


def get(identifier: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return a regularizer from its name, configuration or class, or a function of a tensor; None stays None."""
    if identifier is None:
        return None
    regularizer = TABLE.make(identifier, custom_objects)
    # "l1_l2" is the only name of a function that returns a regularizer
    return l1_l2() if regularizer is l1_l2 else regularizer


deserialize = get
