"""Activation functions: what a layer's output goes through.

Those in `FUSED` are computed inside the dense layer's own kernel, since their gradient is known from their
output alone. Those of `minifit.nonlinearities` are ops of their own.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

from minifit import ops
from minifit.nonlinearities import (
    elu,
    gelu,
    hard_sigmoid,
    log_softmax,
    mish,
    selu,
    silu,
    softplus,
    softsign,
    swish,
)
from minifit.tables import Table, serialize
from minifit.tensor import Tensor, TensorLike, as_tensor

__all__ = [
    "deserialize",
    "elu",
    "exponential",
    "gelu",
    "get",
    "hard_sigmoid",
    "linear",
    "log_softmax",
    "mish",
    "relu",
    "selu",
    "serialize",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "swish",
    "tanh",
]

Activation = Callable[[Tensor], Tensor]


def linear(x: TensorLike) -> Tensor:
    """``x`` itself."""
    return as_tensor(x)


def relu(x: TensorLike, alpha: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Tensor:
    """``max(x, 0)``, or with a leak, a ceiling and a threshold of its own.

    Parameters
    ----------
    x : Tensor
    alpha : float, default 0
        The slope below the threshold.
    max_value : float, optional
        The largest value returned.
    threshold : float, default 0
        Values up to it are damped: ``alpha * (x - threshold)``.

    References
    ----------
    ``tf.keras.activations.relu`` (TensorFlow 2.7).
    """
    x = as_tensor(x)
    if alpha == 0 and max_value is None and threshold == 0:
        return ops.relu(x)
    high = x if max_value is None else ops.clip(x, -math.inf, max_value)
    low = (x - threshold) * alpha if alpha else 0.0
    return ops.where(x <= threshold, low, high)  # NaN is not below and stays


def sigmoid(x: TensorLike) -> Tensor:
    """``1 / (1 + exp(-x))``."""
    return ops.sigmoid(x)


def tanh(x: TensorLike) -> Tensor:
    """The hyperbolic tangent."""
    return ops.tanh(x)


def softmax(x: TensorLike, axis: int = -1) -> Tensor:
    """``exp(x) / sum(exp(x))`` along an axis; probabilities that sum to 1."""
    x = as_tensor(x)
    if axis in (-1, x.ndim - 1):
        return ops.softmax(x)
    order = list(range(x.ndim))
    order[axis], order[-1] = order[-1], order[axis]  # the swap that is its own inverse
    return ops.transpose(ops.softmax(ops.transpose(x, tuple(order))), tuple(order))


def exponential(x: TensorLike) -> Tensor:
    """``exp(x)``."""
    return ops.exp(x)


TABLE = Table(
    "activation",
    {
        "linear": linear,
        "relu": relu,
        "sigmoid": sigmoid,
        "tanh": tanh,
        "softmax": softmax,
        "elu": elu,
        "selu": selu,
        "softplus": softplus,
        "softsign": softsign,
        "swish": swish,
        "silu": silu,
        "gelu": gelu,
        "exponential": exponential,
        "hard_sigmoid": hard_sigmoid,
        "mish": mish,
        "log_softmax": log_softmax,
    },
    called_with=("x",),
)

FUSED: dict[Any, str] = {linear: "linear", relu: "relu", tanh: "tanh"}
"""What the dense kernel calls the activations that it can do itself."""

_FUSED = {id(function): name for function, name in FUSED.items()}  # a user's own may not be hashable


def fused(activation: Any) -> str | None:
    """Return what the dense kernel calls an activation, or None where it is an op of its own."""
    return _FUSED.get(id(activation))


def get(identifier: Any, custom_objects: Mapping[str, Any] | None = None) -> Activation:
    """An activation from its name or a function of a tensor; None is `linear`."""
    return linear if identifier is None else TABLE.make(identifier, custom_objects)


deserialize = get
