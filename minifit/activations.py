"""Activation functions, applied to the outputs of layers.

The dense kernel computes the activations in `FUSED` itself, since their gradient follows from their output alone.
The activations of `minifit.nonlinearities` are separate ops.
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
    """Return ``x`` unchanged."""
    return as_tensor(x)


def relu(x: TensorLike, alpha: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Tensor:
    """Return ``max(x, 0)``, optionally with a leak, a largest value and another threshold.

    Parameters
    ----------
    x : Tensor
    alpha : float, default 0
        The slope below the threshold.
    max_value : float, optional
        The largest value returned.
    threshold : float, default 0
        The threshold. Up to it, the result is ``alpha * (x - threshold)``.

    References
    ----------
    ``tf.keras.activations.relu`` (TensorFlow 2.7).
    """
    x = as_tensor(x)
    if alpha == 0 and max_value is None and threshold == 0:
        return ops.relu(x)
    high = x if max_value is None else ops.clip(x, -math.inf, max_value)
    low = (x - threshold) * alpha if alpha else 0.0
    # NaN is not below the threshold, so it stays NaN
    return ops.where(x <= threshold, low, high)


def sigmoid(x: TensorLike) -> Tensor:
    """Return ``1 / (1 + exp(-x))``."""
    return ops.sigmoid(x)


def tanh(x: TensorLike) -> Tensor:
    """Return the hyperbolic tangent."""
    return ops.tanh(x)


def softmax(x: TensorLike, axis: int = -1) -> Tensor:
    """Return ``exp(x) / sum(exp(x))`` along an axis: probabilities that sum to 1."""
    x = as_tensor(x)
    if axis in (-1, x.ndim - 1):
        return ops.softmax(x)
    order = list(range(x.ndim))
    # swapping two axes is its own inverse
    order[axis], order[-1] = order[-1], order[axis]
    return ops.transpose(ops.softmax(ops.transpose(x, tuple(order))), tuple(order))


def exponential(x: TensorLike) -> Tensor:
    """Return ``exp(x)``."""
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
"""The activations that the dense kernel computes itself, with their names in the kernel."""

# by id, since a user's activation may not be hashable
_FUSED = {id(function): name for function, name in FUSED.items()}


def fused(activation: Any) -> str | None:
    """Return the dense kernel's name for an activation, or None when the activation is a separate op."""
    return _FUSED.get(id(activation))


def get(identifier: Any, custom_objects: Mapping[str, Any] | None = None) -> Activation:
    """Return an activation from its name or from a function of a tensor; None means `linear`."""
    return linear if identifier is None else TABLE.make(identifier, custom_objects)


deserialize = get
