"""Training steps of a chain of dense layers, many in one call.

This is all of training in a page: a batch, forward, loss and metrics, backward, update, again and again. What a plan
is and what its fields mean, `minifit.kernels.chain` says.
"""

import ctypes
import math
from itertools import takewhile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minifit.kernels import chain as at
from minifit.kernels.reference_dense import (
    activation_backward,
    activation_forward,
    softmax_backward,
    softmax_forward,
)
from minifit.kernels.reference_losses import (
    absolute_error_forward,
    binary_crossentropy_logits_backward,
    binary_crossentropy_logits_forward,
    categorical_crossentropy_logits_backward,
    categorical_crossentropy_logits_forward,
    squared_error_backward,
    squared_error_forward,
)
from minifit.kernels.reference_optimizers import adam_step, momentum_step, sgd_step

_FUSED = {at.LINEAR: "linear", at.RELU: "relu", at.SIGMOID: "sigmoid", at.TANH: "tanh"}
_LOSSES = {
    at.SQUARED_ERROR: (squared_error_forward, squared_error_backward),
    at.BINARY_CROSSENTROPY: (binary_crossentropy_logits_forward, binary_crossentropy_logits_backward),
    at.CATEGORICAL_CROSSENTROPY: (
        categorical_crossentropy_logits_forward,
        categorical_crossentropy_logits_backward,
    ),
}


def chain_steps(
    plan: NDArray[np.int64],
    settings: NDArray[np.float64],
    sums: NDArray[np.float64],
    iterations: NDArray[np.int64],
    rate: float,
    begin: int,
    batches: int,
) -> int:
    """Train on several batches; only judge them if the plan says no optimizer.

    Parameters
    ----------
    plan : array of int64, shape (2 + layers, FIELDS)
    settings : array of float64
        Those of the optimizer: momentum; or beta_1, beta_2, epsilon.
    sums : array of float64, shape (2 + 2 * metrics,), added to
        Total and count of the loss, then of each metric: the mean of it is one divided by the other.
    iterations : array of int64, shape (), added to
        How many steps were made. It is counted here, since Ctrl-C may cut off the caller before it has the result.
    rate : float
        The learning rate.
    begin, batches : int
        The first batch, counted from the first row of the data, and how many.

    Returns
    -------
    int
        How many were done: fewer where the loss stopped being finite, after that batch, and where a class number is
        outside of the classes, before that batch.
    """
    size, samples = int(plan[at.DATA, at.BATCH_SIZE]), int(plan[at.DATA, at.SAMPLES])
    was_finite = np.isfinite(sums[0])
    for done in range(batches):
        start = (begin + done) * size
        x, t = _gather(plan, slice(start, min(start + size, samples)))
        if t is None:
            return done
        outputs = _forward(plan, x)
        dy = _judge(plan, t, outputs[-1], sums)
        if plan[at.WORK, at.OPTIMIZER] != at.NO_OPTIMIZER:
            _backward(plan, [x, *outputs], dy, rate)
            _update(plan, settings, rate, int(iterations))
            iterations += 1
        if was_finite and not np.isfinite(sums[0]):
            return done + 1
    return batches


def _gather(plan: NDArray[np.int64], batch: slice) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """The inputs and targets of a batch; None for the targets if a class number is outside."""
    data, m = plan[at.DATA], plan[-1, at.M]
    rows = _integers(data[at.ORDER], data[at.SAMPLES])[batch] if data[at.ORDER] else batch
    x = _floats(data[at.X], data[at.ROWS], plan[at.LAYER, at.K])[rows]
    if not data[at.IDS]:
        return x, _floats(data[at.T], data[at.ROWS], m)[rows]
    ids = _integers(data[at.IDS], data[at.ROWS])[rows]
    if plan[at.WORK, at.LOSS] != at.CATEGORICAL_CROSSENTROPY:
        return x, ids[:, None].astype(np.float32)
    return x, None if ids.min() < 0 or ids.max() >= m else np.eye(m, dtype=np.float32)[ids]


def _forward(plan: NDArray[np.int64], x: NDArray[Any]) -> list[NDArray[Any]]:
    """y = activation(x @ w + b), layer after layer; a cross-entropy begins with what the last one has without it."""
    outputs = [x]
    for i, layer in enumerate(plan[at.LAYER :], at.LAYER):
        y = np.dot(outputs[-1], _floats(layer[at.W], layer[at.K], layer[at.M]))
        if layer[at.B]:
            y += _floats(layer[at.B], layer[at.M])
        if i < len(plan) - 1 or plan[at.WORK, at.LOSS] == at.SQUARED_ERROR:
            _activate(y, layer[at.ACTIVATION])
        outputs.append(y)
    return outputs[1:]


def _activate(y: NDArray[Any], activation: int) -> None:
    if activation == at.SOFTMAX:
        softmax_forward(y, y)
    else:
        activation_forward(y, _FUSED[activation], y)


def _judge(
    plan: NDArray[np.int64], t: NDArray[Any], y: NDArray[Any], sums: NDArray[np.float64]
) -> NDArray[Any]:
    """Add up the loss and the metrics; returns the gradient of the mean loss with respect to `y`."""
    n, loss = len(y), plan[at.WORK, at.LOSS]
    forward, backward = _LOSSES[loss]
    values, dy = np.empty(n, np.float32), np.empty_like(y)
    forward(t, y, values)
    sums[0] += float(np.float32(np.sum(values, dtype=np.float64) / n)) * n
    sums[1] += n
    # the categorical cross-entropy wants the probabilities, the others what they were given
    before = np.empty_like(y)
    softmax_forward(y, before)
    each = np.full(n, 1 / n, np.float32)
    backward(t, before if loss == at.CATEGORICAL_CROSSENTROPY else y, each, dy)
    if loss != at.SQUARED_ERROR:
        _activate(y, plan[-1, at.ACTIVATION])
    for i, metric in enumerate(takewhile(bool, plan[at.WORK, at.METRIC :])):
        sums[2 + 2 * i] += _metric(metric, t, y)
        sums[3 + 2 * i] += n
    return dy


def _metric(metric: int, t: NDArray[Any], p: NDArray[Any]) -> float:
    """The sum over samples of a metric."""
    if metric == at.CATEGORICAL_ACCURACY:
        return float(np.sum(t.argmax(1) == p.argmax(1)))
    if metric == at.BINARY_ACCURACY:
        return float(np.mean(t == (p > 0.5), axis=1).sum())
    values = np.empty(len(p), np.float32)
    (squared_error_forward if metric == at.MEAN_SQUARED_ERROR else absolute_error_forward)(t, p, values)
    return float(np.sum(values, dtype=np.float64))


def _backward(plan: NDArray[np.int64], inputs: list[NDArray[Any]], dy: NDArray[Any], rate: float) -> None:
    """From the last layer to the first: dx for the layer before, then dw and db, or at once a step along them."""
    at_once = plan[at.WORK, at.OPTIMIZER] == at.PLAIN_SGD
    for i in range(len(plan) - 1, at.LAYER - 1, -1):
        layer, x, y = plan[i], inputs[i - at.LAYER], inputs[i - at.LAYER + 1]
        k, m = layer[at.K], layer[at.M]
        if i < len(plan) - 1 or plan[at.WORK, at.LOSS] == at.SQUARED_ERROR:
            _slope(y, dy, layer[at.ACTIVATION])
        w, dw, db = _floats(layer[at.W], k, m), np.dot(x.T, dy), dy.sum(axis=0)
        dx = np.dot(dy, w.T) if i > at.LAYER else dy
        if at_once:
            sgd_step(w, dw, rate)
            if layer[at.B]:
                sgd_step(_floats(layer[at.B], m), db, rate)
        else:
            _floats(layer[at.DW], k, m)[...] = dw
            if layer[at.B]:
                _floats(layer[at.DB], m)[...] = db
        dy = dx


def _slope(y: NDArray[Any], dy: NDArray[Any], activation: int) -> None:
    if activation == at.SOFTMAX:
        softmax_backward(y, dy, dy)
    else:
        activation_backward(y, dy, _FUSED[activation], dy)


def _update(plan: NDArray[np.int64], settings: NDArray[np.float64], rate: float, iterations: int) -> None:
    """The optimizer's step over all parameters at once, unless it was made already."""
    work = plan[at.WORK]
    w, g, first, second = (
        _floats(work[field], work[at.SIZE]) for field in (at.VALUES, at.GRADS, at.FIRST_SLOT, at.SECOND_SLOT)
    )
    if work[at.OPTIMIZER] in (at.MOMENTUM, at.NESTEROV):
        momentum_step(w, g, first, rate, settings[0], bool(work[at.OPTIMIZER] == at.NESTEROV))
    elif work[at.OPTIMIZER] == at.ADAM:
        beta_1, beta_2, epsilon = settings
        # the means begin at zero; dividing by 1 - beta ** t makes up for it, in float32 as in TensorFlow
        t = np.float32(iterations + 1)
        corrected = np.float32(rate) * np.sqrt(1 - np.float32(beta_2) ** t) / (1 - np.float32(beta_1) ** t)
        adam_step(w, g, first, second, float(corrected), beta_1, beta_2, epsilon)


def _floats(place: int, *shape: int) -> NDArray[np.float32]:
    """The numbers that lie at an address, as an array."""
    kind = ctypes.c_float * (math.prod(map(int, shape)) if place else 0)
    return np.ctypeslib.as_array(kind.from_address(int(place))).reshape(shape if place else (0,))


def _integers(place: int, size: int) -> NDArray[np.int64]:
    return np.ctypeslib.as_array((ctypes.c_int64 * int(size)).from_address(int(place)))
