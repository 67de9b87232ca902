"""Every op: its gradient against finite differences, its values against NumPy, and what it refuses."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

from minifit import ops
from minifit.arrays import Array, Workspace
from minifit.errors import ArgumentTypeError, DataError, ShapeError
from minifit.kernels import reference
from minifit.parameters import Parameter, ParameterBuffer
from minifit.randomness import Streams
from minifit.tensor import Context, Tensor, as_tensor
from minifit.undo import Undo
from minifit.utils.gradients import check_gradients

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
    """What dropout at rate 0.3 leaves of `x`, with the generator that the cases use."""
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


@pytest.mark.parametrize("case", BY_NAME)
def test_gradient(case: Case) -> None:
    assert check_gradients(case.function, *case.inputs) < 1e-5


@pytest.mark.parametrize("case", BY_NAME)
def test_values(case: Case) -> None:
    made = case.function(*(Tensor(x) for x in case.inputs))
    wanted = np.asarray(case.numpy(*case.inputs))
    assert made.dtype == np.float64
    assert made.shape == wanted.shape
    np.testing.assert_allclose(made.value, wanted, rtol=2e-6, atol=1e-9)


@pytest.mark.parametrize("case", [p for p in BY_NAME if not str(p.id).startswith("cast")])
def test_float32_stays_and_gives_the_same(case: Case) -> None:
    single = [Tensor(x.astype(np.float32), requires_grad=True) for x in case.inputs]
    made = case.function(*single)
    assert made.dtype == np.float32
    np.testing.assert_allclose(made.value, np.asarray(case.numpy(*case.inputs)), rtol=1e-4, atol=1e-5)
    made.backward()
    for x in single:
        assert x.grad is not None
        assert x.grad.shape == x.shape
        assert x.grad.dtype == np.float32


@pytest.mark.parametrize("case", BY_NAME)
def test_memory_that_is_used_again_changes_nothing(case: Case) -> None:
    def step(here: Context) -> list[Array]:
        tensors = [Tensor(x, requires_grad=True) for x in case.inputs]
        with here:
            made = case.function(*tensors)
            made.backward(np.cos(np.arange(made.value.size)).reshape(made.shape))
        return [made.numpy(), *(np.array(t.grad) for t in tensors)]

    workspace = Workspace()
    fresh = step(Context())
    for _ in range(3):
        workspace.rewind()
        for again, once in zip(step(Context(reference, workspace)), fresh, strict=True):
            np.testing.assert_array_equal(again, once)


def test_every_op_is_in_the_table() -> None:
    assert {c.op for c in CASES} == set(ops.__all__) - CONSTANT


def test_every_public_function_is_listed() -> None:
    own = {
        name
        for name, value in vars(ops).items()
        if callable(value) and getattr(value, "__module__", "") == ops.__name__ and not name.startswith("_")
    }
    assert own == set(ops.__all__)


# -- constants -----------------------------------------------------------------------------------------------


def test_argmax() -> None:
    x = Tensor(X, requires_grad=True)
    np.testing.assert_array_equal(ops.argmax(x).value, X.argmax(-1))
    np.testing.assert_array_equal(ops.argmax(x, axis=0).value, X.argmax(0))
    assert not ops.argmax(x).requires_grad


def test_equal() -> None:
    made = ops.equal(Tensor([1.0, 2.0], requires_grad=True), [1.0, 3.0])
    assert made.value.tolist() == [True, False]
    assert not made.requires_grad


def test_stop_gradient() -> None:
    x = Tensor(X, requires_grad=True)
    (ops.stop_gradient(x) * x).sum().backward()
    np.testing.assert_array_equal(x.grad, X)  # not 2 * X


# -- at kinks ------------------------------------------------------------------------------------------------


def gradient_of(function: Callable[[Tensor], Tensor], x: Any) -> list[Any]:
    t = Tensor(np.array(x, float), requires_grad=True)
    function(t).sum().backward()
    return list(np.asarray(t.grad).tolist())


def test_gradients_at_kinks_are_those_of_keras() -> None:
    assert gradient_of(ops.relu, [0.0]) == [0.0]
    assert gradient_of(ops.abs, [0.0]) == [0.0]
    assert gradient_of(lambda x: ops.mean_absolute_error([0.0], x), [0.0]) == [0.0]
    assert gradient_of(lambda x: ops.clip(x, 0.0, 1.0), [0.0, 1.0]) == [1.0, 1.0]
    assert gradient_of(lambda x: ops.penalty(x, 1.0, 1.0), [0.0]) == [0.0]


def test_equal_extremes_share() -> None:
    assert gradient_of(ops.max, [3.0, 3.0, 1.0, 3.0]) == pytest.approx([1 / 3, 1 / 3, 0, 1 / 3])
    assert gradient_of(lambda x: ops.min(x, axis=1), [[1.0, 1.0], [0.0, 2.0]]) == [[0.5, 0.5], [1.0, 0.0]]


@pytest.mark.parametrize("op", [ops.maximum, ops.minimum])
def test_of_an_equal_pair_the_first_gets_the_gradient(op: Callable[[Any, Any], Tensor]) -> None:
    a, b = Tensor([2.0], requires_grad=True), Tensor([2.0], requires_grad=True)
    op(a, b).backward()
    assert np.asarray(a.grad).tolist() == [1.0]
    assert np.asarray(b.grad).tolist() == [0.0]


# -- layers and losses ---------------------------------------------------------------------------------------


def test_dropout_keeps_the_share_it_should() -> None:
    x = Tensor(np.ones(100_000, np.float32))
    kept = ops.dropout(x, 0.25, np.random.default_rng(0)).value
    assert set(np.unique(kept).tolist()) == {0.0, float(np.float32(1) / np.float32(0.75))}
    assert float((kept > 0).mean()) == pytest.approx(0.75, abs=0.01)
    assert float(kept.mean()) == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize(("rate", "left"), [(0.0, 1.0), (1.0, 0.0)])
def test_dropout_at_its_ends(rate: float, left: float) -> None:
    made = ops.dropout(Tensor(np.ones(50, np.float32)), rate, np.random.default_rng(0))
    np.testing.assert_array_equal(made.value, np.full(50, left))


def test_dropout_draws_from_the_generator_it_is_given() -> None:
    x, rng = Tensor(np.ones(50, np.float32)), np.random.default_rng(0)
    first, second = ops.dropout(x, 0.5, rng).value, ops.dropout(x, 0.5, rng).value
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(ops.dropout(x, 0.5, np.random.default_rng(0)).value, first)


@pytest.mark.parametrize("size", [1e4, 1e30])
def test_losses_of_huge_logits_are_finite(size: float) -> None:
    z = Tensor(np.array([[size, -size], [-size, size]], np.float32), requires_grad=True)
    one_hot = [[0.0, 1.0], [0.0, 1.0]]
    for loss in (
        ops.categorical_crossentropy(one_hot, ops.softmax(z)),
        ops.sparse_categorical_crossentropy([1, 1], ops.softmax(z)),
        ops.binary_crossentropy(one_hot, ops.sigmoid(z)),
    ):
        z.grad = None
        loss.backward()
        assert np.isfinite(loss.value).all()
        assert np.isfinite(np.asarray(z.grad)).all()
        assert loss.value[0] > 1e3


def test_softmax_and_sigmoid_of_huge_values() -> None:
    z = np.array([[1e30, 0.0, -1e30]], np.float32)
    np.testing.assert_array_equal(ops.softmax(z).value, [[1, 0, 0]])
    np.testing.assert_allclose(ops.sigmoid(z).value, [[1, 0.5, 0]], atol=1e-37)


def test_probabilities_of_0_and_1_are_held_away_from_infinity() -> None:
    p = Tensor([[0.0, 1.0]], requires_grad=True)
    for loss in (
        ops.categorical_crossentropy([[1.0, 0.0]], p),
        ops.sparse_categorical_crossentropy([0], p),
        ops.binary_crossentropy([[1.0, 0.0]], p),
    ):
        p.grad = None
        loss.backward()
        assert 10 < float(loss.value[0]) < 20
        assert np.isfinite(np.asarray(p.grad)).all()


def test_the_logits_are_remembered_and_only_there() -> None:
    z = Tensor(X, requires_grad=True)
    assert ops.softmax(z).logits is z
    assert ops.sigmoid(z).logits is z
    assert (ops.softmax(z) * 1.0).logits is None
    assert ops.tanh(z).logits is None


def test_integer_targets_count_in_the_dtype_of_the_predictions() -> None:
    p = Tensor(np.array([[0.25, 0.5]], np.float32))
    made = ops.mean_squared_error(np.array([[0, 1]]), p)
    assert made.dtype == np.float32
    np.testing.assert_allclose(made.value, [(0.25**2 + 0.5**2) / 2])


def test_weights_in_float64_change_no_dtype() -> None:
    v = Tensor(np.ones(3, np.float32), requires_grad=True)
    made = ops.weighted_mean(v, np.ones(3), 3)
    assert made.dtype == np.float32
    made.backward()
    assert np.asarray(v.grad).dtype == np.float32


@pytest.mark.parametrize("other", [np.ones((2, 3)), np.ones((2, 3), int)], ids=["float64", "int"])
def test_concatenate_keeps_float32_beside_constants(other: Any) -> None:
    x = Tensor(np.ones((2, 3), np.float32), requires_grad=True)
    for parts in ([x, other], [other, x]):
        made = ops.concatenate(parts, axis=0)
        assert made.dtype == np.float32
        x.grad = None
        made.backward()
        assert np.asarray(x.grad).dtype == np.float32


@pytest.mark.parametrize(
    "function",
    [
        ops.tanh,
        ops.sigmoid,
        ops.softmax,
        lambda x: ops.dense(as_tensor(x), Tensor(np.ones((3, 2), np.float32)), None),
        lambda x: ops.dropout(as_tensor(x), 0.1, np.random.default_rng(0)),
        lambda x: ops.penalty(as_tensor(x), 0.0, 0.01),
        lambda x: ops.mean_squared_error([[0.5, 0.5, 0.5]], x),
    ],
    ids=["tanh", "sigmoid", "softmax", "dense", "dropout", "penalty", "mean_squared_error"],
)
def test_integers_count_as_float32(function: Callable[[Any], Tensor]) -> None:
    made = function(np.array([[1, 2, 3]]))
    assert made.dtype == np.float32
    np.testing.assert_allclose(made.value, function(np.array([[1, 2, 3]], np.float32)).value)


@pytest.mark.parametrize("loss", [ops.mean_squared_error, ops.mean_absolute_error])
def test_targets_have_a_gradient_too(loss: Callable[[Any, Any], Tensor]) -> None:
    check_gradients(loss, X, Y)


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("loss", [ops.binary_crossentropy, ops.categorical_crossentropy])
@pytest.mark.parametrize("rows", [1, 3])
def test_targets_of_a_cross_entropy_have_a_gradient_too(
    loss: Callable[..., Tensor], from_logits: bool, rows: int
) -> None:
    check_gradients(lambda t, p: loss(t, p, from_logits), T[:rows], P)


def test_targets_beside_probabilities_that_came_from_logits() -> None:
    check_gradients(lambda t, z: ops.categorical_crossentropy(t, ops.softmax(z)), T, P)
    check_gradients(lambda t, z: ops.binary_crossentropy(t, ops.sigmoid(z)), T, P)


def test_transpose_of_axes_counted_from_the_end() -> None:
    check_gradients(lambda x: ops.transpose(x, (-1, 0, 1)), CUBE)


def test_losses_of_an_empty_batch() -> None:
    p = Tensor(np.ones((0, 3), np.float32))
    assert ops.mean_squared_error(np.ones((0, 3)), p).shape == (0,)
    assert ops.sparse_categorical_crossentropy(np.ones(0, int), p).shape == (0,)


def test_a_parameter_in_two_ops_adds_up_in_its_slot() -> None:
    w = Parameter("w", draw(4, 4))
    ParameterBuffer().adopt([w])

    def function(x: Tensor) -> Tensor:
        return ops.dense(ops.dense(x, w, None, "tanh"), w, None) + ops.penalty(w, 0.0, 0.1)

    check_gradients(function, X, parameters=[w])
    function(Tensor(X.astype(np.float32))).sum().backward()
    assert w.grad is w.slot


def test_a_parameter_times_itself() -> None:
    w = Parameter("w", draw(3, 3))
    ParameterBuffer().adopt([w])
    check_gradients(lambda: ops.dense(w, w, None), parameters=[w])


def test_dense_writes_its_gradients_straight_into_the_buffer() -> None:
    w, b = Parameter("w", W), Parameter("b", B)
    buffer = ParameterBuffer()
    buffer.adopt([w, b])
    ops.dense(Tensor(X.astype(np.float32)), w, b).sum().backward()
    assert w.grad is w.slot
    assert b.grad is b.slot
    np.testing.assert_allclose(np.asarray(w.grad), np.repeat(X.sum(0)[:, None], 2, 1), rtol=1e-5)
    np.testing.assert_allclose(buffer.grads[b.start : b.start + 2], [3, 3])


# -- errors --------------------------------------------------------------------------------------------------

LOSSES = [ops.mean_squared_error, ops.mean_absolute_error, ops.binary_crossentropy]


@pytest.mark.parametrize("loss", [*LOSSES, ops.categorical_crossentropy])
def test_targets_that_do_not_fit(loss: Callable[[Any, Any], Tensor]) -> None:
    with pytest.raises(ShapeError, match=r"targets of shape \(3, 5\), predictions of shape \(3, 4\)"):
        loss(np.ones((3, 5)), X)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_loss_of_a_single_number(loss: Callable[[Any, Any], Tensor]) -> None:
    with pytest.raises(ShapeError, match="Received: a single number"):
        loss(1.0, 2.0)


@pytest.mark.parametrize("ids", [np.array([0, 1]), ONE_HOT, np.array(1), np.ones((3, 2), int)])
def test_class_numbers_of_the_wrong_shape(ids: Array) -> None:
    with pytest.raises(ShapeError, match="one class number a sample"):
        ops.sparse_categorical_crossentropy(ids, P)


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("wrong", [-1, 4, 1000])
def test_a_class_number_out_of_range(wrong: int, from_logits: bool) -> None:
    with pytest.raises(DataError, match=rf"from 0 to 3.*Received: {wrong} in row 1 of the batch"):
        ops.sparse_categorical_crossentropy([0, wrong, 2], P, from_logits=from_logits)


@pytest.mark.parametrize("wrong", [9, 1.5])
def test_the_row_of_a_wrong_class_number_among_several(wrong: float) -> None:
    ids = np.array([[0, 1], [2, 3], [0, wrong]])
    with pytest.raises(DataError, match=rf"Received: {wrong:g}(\.0)? in row 2 of the batch") as caught:
        ops.sparse_categorical_crossentropy(ids, np.ones((3, 2, 4)))
    assert caught.value.row == 2


def test_nothing_to_concatenate() -> None:
    with pytest.raises(ArgumentTypeError, match="at least one tensor"):
        ops.concatenate([])


@pytest.mark.parametrize("op", [ops.exp, ops.relu, ops.sum, ops.softmax])
@pytest.mark.parametrize("value", ["text", [1j], [object()], None])
def test_what_is_no_real_number_is_refused(op: Callable[[Any], Tensor], value: Any) -> None:
    with pytest.raises(ArgumentTypeError, match="real numbers"):
        op(value)


def test_an_unknown_activation() -> None:
    with pytest.raises(ValueError, match=r"There is no fused activation of that name\. Received: 'rleu'"):
        ops.activation(as_tensor(X), "rleu")


# -- rows ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(6,), (2, 3), (3, 2, 1), (0,), (0, 3)], ids=str)
def test_gather(shape: tuple[int, ...]) -> None:
    table = Tensor(np.arange(10.0).reshape(5, 2), requires_grad=True)
    ids = np.array([4, 0, 4, 4, 2, 0])[: int(np.prod(shape))].reshape(shape)
    y = ops.gather(table, ids)
    np.testing.assert_array_equal(y.value, table.value[ids])
    g = np.cos(np.arange(y.value.size)).reshape(y.shape)
    expected = np.zeros((5, 2))
    np.add.at(expected, ids, g)
    y.backward(g)
    assert table.grad is not None
    np.testing.assert_allclose(table.grad, expected)


def test_gather_twice() -> None:
    table, ids = np.sin(np.arange(10.0)).reshape(5, 2), np.array([[1, 1], [4, 0]])
    check_gradients(lambda t: ops.gather(t, ids) * ops.gather(t, ids[::-1]), table)


def test_shapes_are_numbers() -> None:
    found = ops.shape(Tensor(X))
    assert (str(found.dtype), found.value.tolist()) == ("int64", [3, 4])
    rows, columns = found
    assert ops.reshape(X, (columns, rows)).shape == (4, 3)
    assert ops.random_normal((rows, 2)).shape == (3, 2)


def test_one_hot() -> None:
    np.testing.assert_array_equal(ops.one_hot(IDS, 4), ONE_HOT)
    np.testing.assert_array_equal(ops.one_hot([[1.0], [5.0]], 2), [[[0, 1]], [[0, 0]]])


def test_zeros_and_ones() -> None:
    x = Tensor(np.array([[1, 2]]), requires_grad=False)
    assert (ops.zeros_like(x).value.tolist(), ops.zeros_like(x).dtype) == ([[0, 0]], x.dtype)
    assert ops.ones_like(X).value.tolist() == np.ones((3, 4)).tolist()


def test_random_numbers() -> None:
    with Context(streams=Streams(1)):
        normal = ops.random_normal((1000,), mean=2.0, stddev=0.5)
        uniform = ops.random_uniform((1000,), -1.0, 3.0)
        assert normal.dtype == uniform.dtype == np.float32
        assert (float(normal.mean()), float(normal.value.std())) == pytest.approx((2, 0.5), abs=0.06)
        assert -1 <= uniform.value.min() < -0.9
        assert 2.9 < uniform.value.max() < 3
        assert ops.random_normal((3,)).value.tolist() != ops.random_normal((3,)).value.tolist()
    drawn = []
    for root in (1, 2):
        with Context(streams=Streams(root)):
            drawn.append(ops.random_normal((3,), seed=5).value.tolist())
    assert drawn[0] == drawn[1]


def test_random_numbers_are_undone_with_their_step() -> None:
    undo = Undo()
    with Context(streams=Streams(1), undo=undo):
        first = ops.random_normal((3,)).value.tolist()
        undo.undo()
        assert ops.random_normal((3,)).value.tolist() == first


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: ops.stack([]), ArgumentTypeError, "at least one"),
        (lambda: ops.stack([X, ROW]), ShapeError, r"\(3, 4\), \(4,\)"),
        (lambda: ops.split(X, 3, axis=1), ShapeError, "length 4. Received: 3"),
        (lambda: ops.split(X, 0), ShapeError, "Received: 0"),
        (lambda: ops.split(X, [1, 1]), ShapeError, r"length 3. Received: \[1, 1\]"),
        (lambda: ops.tile(X, (2,)), ShapeError, r"Received: \(2,\)"),
        (lambda: ops.random_normal(np.array([1.5, 2])), ArgumentTypeError, "whole numbers"),  # type: ignore[arg-type]
    ],
)
def test_parts_that_do_not_fit(call: Callable[[], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        call()


@pytest.mark.parametrize(
    "function",
    [ops.squeeze, lambda x: ops.reshape(x, []), lambda x: as_tensor(x).reshape()],
    ids=["squeeze", "ops.reshape", "reshape"],
)
def test_a_single_number_loses_all_axes(function: Callable[[Any], Tensor]) -> None:
    assert function(np.ones((1, 1))).shape == ()
    check_gradients(function, np.ones((1, 1)))
