"""Every op with what NumPy makes of it: the cases that tests of ops, derivatives and tapes go through."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

from minifit import ops
from minifit.arrays import Array
from minifit.tensor import Tensor

CONSTANT = {
    "argmax",
    "equal",
    "one_hot",
    "ones_like",
    "random_normal",
    "random_uniform",
    "shape",
    "stop_gradient",
    "zeros_like",
}
"""Ops whose result is a constant; every other one stands in `CASES`."""

RNG = np.random.default_rng(20)


def draw(*shape: int) -> Array:
    """Numbers of either sign, none so near to 0 that moving it would cross a kink."""
    x = RNG.standard_normal(shape)
    return x + 0.1 * np.sign(x)


def positive(*shape: int) -> Array:
    return RNG.uniform(0.1, 0.9, shape)


X, Y, ROW, CUBE = draw(3, 4), draw(3, 4), draw(4), draw(2, 3, 4)
W, B = draw(4, 2), draw(2)
P, P3 = positive(3, 4), positive(2, 3, 4)
T, T3 = positive(3, 4), positive(2, 3, 4)
ONE_HOT = np.eye(4)[[2, 0, 3]]
IDS, IDS3 = np.array([2, 0, 3]), np.array([[2, 0, 3], [1, 1, 0]])
WEIGHTS = np.array([0.5, 0.0, 2.0], np.float32)
TIES = np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 0.0]])
EPSILON = 1e-7


# -- what NumPy makes of it ----------------------------------------------------------------------------------


def np_sigmoid(z: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-z)))


def np_softmax(z: Array) -> Array:
    e = np.exp(z)
    return np.asarray(e / e.sum(-1, keepdims=True))


def np_cross(t: Array, p: Array) -> Array:
    q = np.clip(p / p.sum(-1, keepdims=True), EPSILON, 1 - EPSILON)
    return np.asarray(-(t * np.log(q)).sum(-1))


def np_binary(t: Array, p: Array) -> Array:
    return np.asarray(-(t * np.log(p + EPSILON) + (1 - t) * np.log(1 - p + EPSILON)).mean(-1))


def np_picked(p: Array, ids: Array) -> Array:
    return np.asarray(np.take_along_axis(p, ids[..., None], -1)[..., 0])


def np_sparse(p: Array, ids: Array) -> Array:
    return np.asarray(-np.log(np_picked(p / p.sum(-1, keepdims=True), ids)))


def masked(x: Array, shape: tuple[int, ...]) -> Array:
    """Return `x` after dropout at rate 0.3, with the generator that the cases use."""
    return np.asarray(x * (np.random.default_rng(7).random(shape, dtype=np.float32) >= 0.3) / 0.7)


def thinned(x: Tensor, shape: tuple[int, ...] | None = None) -> Tensor:
    return ops.dropout(x, 0.3, np.random.default_rng(7), shape)


class Case(NamedTuple):
    """One way to use an op; `numpy` computes the same of the bare arrays."""

    op: str
    note: str
    function: Callable[..., Tensor]
    numpy: Callable[..., Any]
    inputs: tuple[Any, ...]


READ = np.array([2, 0, 2, 2, 1, 0])


def normalized(x: Tensor, gamma: Any, beta: Any, axes: tuple[int, ...] | None = None) -> Tensor:
    over = (0,) if axes is None else axes
    source = X.astype(x.dtype) if axes is None else x.value
    mean, variance = source.mean(over, keepdims=True), source.var(over, keepdims=True)
    return ops.normalize(x, mean, variance, gamma, beta, 0.01, axes)


def np_normalized(x: Array, gamma: Any, beta: Any) -> Array:
    return np.asarray(gamma * (x - X.mean(0)) / np.sqrt(X.var(0) + 0.01) + beta)


def np_moving(axis: int) -> Callable[..., Array]:
    def of(x: Array, gamma: Any, beta: Any) -> Array:
        spread = np.sqrt(x.var(axis, keepdims=True) + 0.01)
        return np.asarray(gamma * (x - x.mean(axis, keepdims=True)) / spread + beta)

    return of


CASES = [
    # layers
    Case("dense", "linear", ops.dense, lambda x, w, b: x @ w + b, (X, W, B)),
    Case("dense", "no bias", lambda x, w: ops.dense(x, w, None), lambda x, w: x @ w, (X, W)),
    Case("dense", "3-D", ops.dense, lambda x, w, b: x @ w + b, (CUBE, W, B)),
    Case("dense", "1-D", ops.dense, lambda x, w, b: x @ w + b, (ROW, W, B)),
    Case("dense", "3-D, no bias", lambda x, w: ops.dense(x, w, None), lambda x, w: x @ w, (CUBE, W)),
    Case(
        "dense",
        "relu",
        lambda x, w, b: ops.dense(x, w, b, "relu"),
        lambda x, w, b: np.maximum(x @ w + b, 0),
        (X, W, B),
    ),
    Case(
        "dense",
        "sigmoid",
        lambda x, w, b: ops.dense(x, w, b, "sigmoid"),
        lambda x, w, b: np_sigmoid(x @ w + b),
        (X, W, B),
    ),
    Case(
        "dense",
        "tanh of 3-D",
        lambda x, w, b: ops.dense(x, w, b, "tanh"),
        lambda x, w, b: np.tanh(x @ w + b),
        (CUBE, W, B),
    ),
    Case("dense", "only w", lambda w: ops.dense(Tensor(X.astype(w.dtype)), w, None), lambda w: X @ w, (W,)),
    Case(
        "dense",
        "only x",
        lambda x: ops.dense(x, Tensor(W.astype(x.dtype)), Tensor(B.astype(x.dtype))),
        lambda x: x @ W + B,
        (X,),
    ),
    Case("activation", "relu", lambda x: ops.activation(x, "relu"), lambda x: np.maximum(x, 0), (X,)),
    Case("activation", "linear", lambda x: ops.activation(x, "linear"), lambda x: x, (CUBE,)),
    Case("relu", "", ops.relu, lambda x: np.maximum(x, 0), (CUBE,)),
    Case("tanh", "", ops.tanh, np.tanh, (CUBE,)),
    Case("sigmoid", "", ops.sigmoid, np_sigmoid, (CUBE,)),
    Case("softmax", "", ops.softmax, np_softmax, (X,)),
    Case("softmax", "1-D", ops.softmax, np_softmax, (ROW,)),
    Case("softmax", "3-D", ops.softmax, np_softmax, (CUBE,)),
    Case("dropout", "", thinned, lambda x: masked(x, (3, 4)), (X,)),
    Case("dropout", "one mask for all rows", lambda x: thinned(x, (1, 4)), lambda x: masked(x, (1, 4)), (X,)),
    Case("gather", "", lambda t: ops.gather(t, READ), lambda t: t[READ], (X,)),
    Case("gather", "2-D", lambda t: ops.gather(t, READ.reshape(2, 3)), lambda t: t[READ.reshape(2, 3)], (W,)),
    Case("normalize", "constants", normalized, np_normalized, (X, ROW + 2, ROW)),
    Case(
        "normalize", "of a column", lambda x, g, b: normalized(x, g, b, (0,)), np_moving(0), (X, ROW + 2, ROW)
    ),
    Case("normalize", "of a row", lambda x, g, b: normalized(x, g, b, (1,)), np_moving(1), (X, ROW + 2, ROW)),
    Case(
        "normalize",
        "x alone",
        lambda x: normalized(x, None, None, (0,)),
        lambda x: np_moving(0)(x, 1, 0),
        (X,),
    ),
    # losses
    Case(
        "mean_squared_error",
        "",
        lambda p: ops.mean_squared_error(Y, p),
        lambda p: ((p - Y) ** 2).mean(-1),
        (X,),
    ),
    Case(
        "mean_squared_error",
        "3-D",
        lambda p: ops.mean_squared_error(T3, p),
        lambda p: ((p - T3) ** 2).mean(-1),
        (CUBE,),
    ),
    Case(
        "mean_squared_error",
        "1-D",
        lambda p: ops.mean_squared_error(Y[0], p),
        lambda p: ((p - Y[0]) ** 2).mean(-1),
        (ROW,),
    ),
    Case(
        "mean_squared_error",
        "targets broadcast",
        lambda p: ops.mean_squared_error(Y[:1], p),
        lambda p: ((p - Y[:1]) ** 2).mean(-1),
        (X,),
    ),
    Case(
        "mean_squared_error",
        "predictions broadcast",
        lambda p: ops.mean_squared_error(Y, p),
        lambda p: ((p - Y) ** 2).mean(-1),
        (X[:, :1],),
    ),
    Case(
        "mean_absolute_error",
        "",
        lambda p: ops.mean_absolute_error(Y, p),
        lambda p: np.abs(p - Y).mean(-1),
        (X,),
    ),
    Case(
        "mean_absolute_error",
        "3-D",
        lambda p: ops.mean_absolute_error(T3, p),
        lambda p: np.abs(p - T3).mean(-1),
        (CUBE,),
    ),
    Case("binary_crossentropy", "", lambda p: ops.binary_crossentropy(T, p), lambda p: np_binary(T, p), (P,)),
    Case(
        "binary_crossentropy",
        "3-D",
        lambda p: ops.binary_crossentropy(T3, p),
        lambda p: np_binary(T3, p),
        (P3,),
    ),
    Case(
        "binary_crossentropy",
        "from logits",
        lambda z: ops.binary_crossentropy(T, z, from_logits=True),
        lambda z: np_binary(T, np_sigmoid(z)),
        (X,),
    ),
    Case(
        "binary_crossentropy",
        "through sigmoid",
        lambda z: ops.binary_crossentropy(T, ops.sigmoid(z)),
        lambda z: np_binary(T, np_sigmoid(z)),
        (X,),
    ),
    Case(
        "categorical_crossentropy",
        "",
        lambda p: ops.categorical_crossentropy(ONE_HOT, p),
        lambda p: np_cross(ONE_HOT, p),
        (P,),
    ),
    Case(
        "categorical_crossentropy",
        "3-D, soft targets",
        lambda p: ops.categorical_crossentropy(T3, p),
        lambda p: np_cross(T3, p),
        (P3,),
    ),
    Case(
        "categorical_crossentropy",
        "from logits",
        lambda z: ops.categorical_crossentropy(T, z, from_logits=True),
        lambda z: np_cross(T, np_softmax(z)),
        (X,),
    ),
    Case(
        "categorical_crossentropy",
        "through softmax",
        lambda z: ops.categorical_crossentropy(T, ops.softmax(z)),
        lambda z: np_cross(T, np_softmax(z)),
        (X,),
    ),
    Case(
        "categorical_crossentropy",
        "3-D through softmax",
        lambda z: ops.categorical_crossentropy(T3, ops.softmax(z)),
        lambda z: np_cross(T3, np_softmax(z)),
        (CUBE,),
    ),
    Case(
        "sparse_categorical_crossentropy",
        "",
        lambda p: ops.sparse_categorical_crossentropy(IDS, p),
        lambda p: np_sparse(p, IDS),
        (P,),
    ),
    Case(
        "sparse_categorical_crossentropy",
        "3-D",
        lambda p: ops.sparse_categorical_crossentropy(IDS3, p),
        lambda p: np_sparse(p, IDS3),
        (P3,),
    ),
    Case(
        "sparse_categorical_crossentropy",
        "ids in a column",
        lambda p: ops.sparse_categorical_crossentropy(IDS[:, None], p),
        lambda p: np_sparse(p, IDS),
        (P,),
    ),
    Case(
        "sparse_categorical_crossentropy",
        "from logits, ids as floats",
        lambda z: ops.sparse_categorical_crossentropy(IDS.astype(float), z, from_logits=True),
        lambda z: np_sparse(np_softmax(z), IDS),
        (X,),
    ),
    Case(
        "sparse_categorical_crossentropy",
        "through softmax",
        lambda z: ops.sparse_categorical_crossentropy(IDS, ops.softmax(z)),
        lambda z: np_sparse(np_softmax(z), IDS),
        (X,),
    ),
    Case(
        "sparse_categorical_crossentropy",
        "3-D through softmax",
        lambda z: ops.sparse_categorical_crossentropy(IDS3, ops.softmax(z)),
        lambda z: np_sparse(np_softmax(z), IDS3),
        (CUBE,),
    ),
    Case("stack", "", lambda x, y: ops.stack([x, y]), lambda x, y: np.stack([x, y]), (X, Y)),
    Case("stack", "last axis", lambda x, y: ops.stack([x, y], -1), lambda x, y: np.stack([x, y], -1), (X, Y)),
    Case("unstack", "", lambda x: ops.unstack(x)[1] * ops.unstack(x)[0], lambda x: x[1] * x[0], (X,)),
    Case("unstack", "last axis", lambda x: ops.unstack(x, -1)[3], lambda x: x[..., 3], (CUBE,)),
    Case(
        "split",
        "",
        lambda x: ops.mean(ops.stack(ops.split(x, 2, -1)), 0),
        lambda x: (x[:, :2] + x[:, 2:]) / 2,
        (X,),
    ),
    Case("split", "lengths", lambda x: ops.split(x, [1, 3], axis=1)[1], lambda x: x[:, 1:], (X,)),
    Case("tile", "", lambda x: ops.tile(x, (2, 3)), lambda x: np.tile(x, (2, 3)), (X,)),
    Case("tile", "3-D", lambda x: ops.tile(x, (1, 2, 1)), lambda x: np.tile(x, (1, 2, 1)), (CUBE,)),
    Case("weighted_mean", "", lambda v: ops.weighted_mean(v, None, 5), lambda v: v.sum() / 5, (ROW,)),
    Case(
        "weighted_mean",
        "weights",
        lambda v: ops.weighted_mean(v, WEIGHTS, 3),
        lambda v: (v * WEIGHTS).sum() / 3,
        (draw(3),),
    ),
    Case(
        "weighted_mean",
        "of a loss",
        lambda p: ops.weighted_mean(ops.mean_squared_error(Y, p), WEIGHTS, 3),
        lambda p: (((p - Y) ** 2).mean(-1) * WEIGHTS).sum() / 3,
        (X,),
    ),
    Case("penalty", "l1", lambda w: ops.penalty(w, 0.3, 0.0), lambda w: 0.3 * np.abs(w).sum(), (W,)),
    Case("penalty", "l2", lambda w: ops.penalty(w, 0.0, 0.2), lambda w: 0.2 * np.square(w).sum(), (W,)),
    Case(
        "penalty",
        "both",
        lambda w: ops.penalty(w, 0.3, 0.2),
        lambda w: 0.3 * np.abs(w).sum() + 0.2 * np.square(w).sum(),
        (CUBE,),
    ),
    Case("penalty", "none", lambda w: ops.penalty(w, 0.0, 0.0), lambda w: 0.0, (W,)),
    # elementwise
    Case("exp", "", ops.exp, np.exp, (X,)),
    Case("log", "", ops.log, np.log, (P,)),
    Case("sqrt", "", ops.sqrt, np.sqrt, (P,)),
    Case("square", "", ops.square, np.square, (X,)),
    Case("absolute", "", ops.absolute, np.abs, (X,)),
    Case("abs", "", ops.abs, np.abs, (CUBE,)),
    Case("power", "", ops.power, np.power, (P, X)),
    Case("power", "of a negative", lambda x: ops.power(x, 3), lambda x: x**3, (X,)),
    Case("maximum", "", ops.maximum, np.maximum, (X, Y)),
    Case("maximum", "broadcast", ops.maximum, np.maximum, (X, ROW)),
    Case("maximum", "of a number", lambda x: ops.maximum(x, 0.5), lambda x: np.maximum(x, 0.5), (X,)),
    Case("minimum", "", ops.minimum, np.minimum, (X, Y)),
    Case("minimum", "broadcast", ops.minimum, np.minimum, (X, CUBE)),
    Case("clip", "", lambda x: ops.clip(x, -0.5, 0.5), lambda x: np.clip(x, -0.5, 0.5), (X,)),
    Case("where", "", lambda a, b: ops.where(X > 0, a, b), lambda a, b: np.where(X > 0, a, b), (X, Y)),
    Case(
        "where",
        "broadcast",
        lambda a, b: ops.where(X > 0, a, b),
        lambda a, b: np.where(X > 0, a, b),
        (ROW, draw(3, 1)),
    ),
    Case("where", "number", lambda a: ops.where(X > 0, a, 2), lambda a: np.where(X > 0, a, 2), (X,)),
    Case("cast", "same", lambda x: ops.cast(x, np.float64), lambda x: x, (X,)),
    Case("cast", "there and back", lambda x: ops.cast(ops.cast(x, "longdouble"), float), lambda x: x, (X,)),
    # shapes and reductions
    Case("matmul", "", ops.matmul, np.matmul, (X, W)),
    Case("matmul", "one for all", ops.matmul, np.matmul, (CUBE, W)),
    Case("matmul", "stacks", ops.matmul, np.matmul, (draw(2, 1, 3, 4), draw(5, 4, 2))),
    Case("reshape", "", lambda x: ops.reshape(x, (2, 6)), lambda x: x.reshape(2, 6), (X,)),
    Case("reshape", "-1", lambda x: ops.reshape(x, (-1,)), np.ravel, (CUBE,)),
    Case("transpose", "", ops.transpose, np.transpose, (CUBE,)),
    Case("transpose", "axes", lambda x: ops.transpose(x, (1, 2, 0)), lambda x: x.transpose(1, 2, 0), (CUBE,)),
    Case("expand_dims", "", lambda x: ops.expand_dims(x, 1), lambda x: x[:, None], (X,)),
    Case("expand_dims", "-1", lambda x: ops.expand_dims(x, -1), lambda x: x[..., None], (X,)),
    Case("squeeze", "", ops.squeeze, np.squeeze, (draw(1, 3, 1),)),
    Case("squeeze", "axis", lambda x: ops.squeeze(x, 0), lambda x: x[0], (draw(1, 3, 1),)),
    Case(
        "broadcast_to",
        "",
        lambda x: ops.broadcast_to(x, (2, 3, 4)),
        lambda x: np.broadcast_to(x, (2, 3, 4)),
        (draw(3, 1),),
    ),
    Case("broadcast_to", "same", lambda x: ops.broadcast_to(x, (3, 4)), lambda x: x, (X,)),
    Case(
        "concatenate", "", lambda a, b: ops.concatenate([a, b]), lambda a, b: np.hstack([a, b]), (X, X[:, :1])
    ),
    Case(
        "concatenate",
        "rows and a constant",
        lambda a, b: ops.concatenate([a, Y.astype(np.float32), b], axis=0),
        lambda a, b: np.vstack([a, Y, b]),
        (X, X[:2]),
    ),
    Case("sum", "", ops.sum, np.sum, (CUBE,)),
    Case("sum", "axis", lambda x: ops.sum(x, axis=1), lambda x: x.sum(1), (CUBE,)),
    Case(
        "sum",
        "axes, kept",
        lambda x: ops.sum(x, axis=(0, -1), keepdims=True),
        lambda x: x.sum((0, -1), keepdims=True),
        (CUBE,),
    ),
    Case("mean", "", ops.mean, np.mean, (CUBE,)),
    Case("mean", "axis", lambda x: ops.mean(x, axis=-1), lambda x: x.mean(-1), (CUBE,)),
    Case(
        "mean",
        "axes, kept",
        lambda x: ops.mean(x, axis=(0, 1), keepdims=True),
        lambda x: x.mean((0, 1), keepdims=True),
        (CUBE,),
    ),
    Case("max", "", ops.max, np.max, (CUBE,)),
    Case("max", "axis", lambda x: ops.max(x, axis=1), lambda x: x.max(1), (CUBE,)),
    Case(
        "max",
        "axis, kept",
        lambda x: ops.max(x, axis=-1, keepdims=True),
        lambda x: x.max(-1, keepdims=True),
        (X,),
    ),
    Case("max", "pairs of equals", lambda x: ops.max(x, axis=1), lambda x: x.max(1), (TIES,)),
    Case("min", "", ops.min, np.min, (X,)),
    Case("min", "axis", lambda x: ops.min(x, axis=0), lambda x: x.min(0), (CUBE,)),
    Case(
        "min",
        "axis, kept",
        lambda x: ops.min(x, axis=0, keepdims=True),
        lambda x: x.min(0, keepdims=True),
        (X,),
    ),
    # together
    Case(
        "exp",
        "one tensor used three times",
        lambda x: ops.exp(x) * x + ops.sum(x),
        lambda x: np.exp(x) * x + x.sum(),
        (X,),
    ),
    Case(
        "softmax",
        "also used beside its loss",
        lambda z: ops.categorical_crossentropy(T, p := ops.softmax(z)) + ops.sum(p * p, axis=-1),
        lambda z: np_cross(T, np_softmax(z)) + np.square(np_softmax(z)).sum(-1),
        (X,),
    ),
]

BY_NAME = [pytest.param(c, id=f"{c.op} {c.note}".strip()) for c in CASES]


def gradient_of(function: Callable[[Tensor], Tensor], x: Any) -> list[Any]:
    t = Tensor(np.array(x, float), requires_grad=True)
    function(t).sum().backward()
    return list(np.asarray(t.grad).tolist())
