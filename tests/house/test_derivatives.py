"""Every derivative and every loss is checked in float64, with all arguments; a new member of a table needs a case here.

A case is a function of tensors. Its gradients are compared with finite differences, its values in float32 with those
in float64, and the values of activations and losses with their formulas, written here once more in plain NumPy.
Constraints have no derivative: they change weights after a step. Those of metrics nobody asks for.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pytest

from minifit import activations, layers, losses, ops, regularizers
from minifit.arrays import Array
from minifit.nonlinearities import erf
from minifit.tables import Table
from minifit.tensor import Tensor
from minifit.utils import check_gradients
from tests.ops.cases import CASES as OPS
from tests.ops.cases import CONSTANT as CONSTANT_OPS

Options = dict[str, Any]

RNG = np.random.default_rng(8)


class Case(NamedTuple):
    """A function of one member of a table, and what it is called with."""

    member: str
    note: str
    function: Callable[..., Tensor]
    inputs: tuple[Any, ...]
    training: bool = False

    def __str__(self) -> str:
        return f"{self.member} {self.note}".strip()


def words(options: Options) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in options.items())


# -- activations -------------------------------------------------------------------------------------------------

Z = np.array([[[-6.1, -2.3, -0.7], [-0.04, 0.03, 0.6]], [[1.7, 2.4, 7.2], [-1.2, 0.9, -3.3]]])
"""Away from all kinks."""


def np_relu(x: Array, alpha: float = 0, max_value: float = np.inf, threshold: float = 0) -> Array:
    return np.where(x > threshold, np.minimum(x, max_value), alpha * (x - threshold))


def np_elu(x: Array, alpha: float = 1) -> Array:
    return np.where(x > 0, x, alpha * np.expm1(x))


def np_sigmoid(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-x)))


def np_softmax(x: Array, axis: int = -1) -> Array:
    return np.asarray(np.exp(x) / np.exp(x).sum(axis, keepdims=True))


def np_gelu(x: Array, approximate: bool = False) -> Array:
    inner = np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)) if approximate else erf(x / np.sqrt(2))
    return np.asarray(x / 2 * (1 + inner))


NONE: list[Options] = [{}]
AXES: list[Options] = [{}, {"axis": 0}, {"axis": 1}, {"axis": -2}]

ACTIVATIONS: Mapping[str, tuple[Callable[..., Any], list[Options]]] = {
    "linear": (lambda x: x, NONE),
    "relu": (
        np_relu,
        [
            {},
            {"alpha": 0.2},
            {"max_value": 2.0},
            {"threshold": 1.0},
            {"threshold": -1.0},
            {"alpha": 0.1, "max_value": 2.0, "threshold": 0.5},
        ],
    ),
    "sigmoid": (np_sigmoid, NONE),
    "tanh": (np.tanh, NONE),
    "softmax": (np_softmax, AXES),
    "elu": (np_elu, [{}, {"alpha": 0.5}]),
    "selu": (lambda x: 1.0507009873554805 * np_elu(x, 1.6732632423543772), NONE),
    "softplus": (lambda x: np.log1p(np.exp(x)), NONE),
    "softsign": (lambda x: x / (1 + np.abs(x)), NONE),
    "swish": (lambda x: x * np_sigmoid(x), NONE),
    "gelu": (np_gelu, [{}, {"approximate": True}]),
    "exponential": (np.exp, NONE),
    "hard_sigmoid": (lambda x: np.clip(0.2 * x + 0.5, 0, 1), NONE),
    "mish": (lambda x: x * np.tanh(np.log1p(np.exp(x))), NONE),
    "log_softmax": (lambda x, axis=-1: np.log(np_softmax(x, axis)), AXES),
}


def of_activations() -> Iterable[Case]:
    for name, (_, variants) in ACTIVATIONS.items():
        for options in variants:
            yield Case(name, words(options), partial(activations.TABLE[name], **options), (Z,))


# -- losses ------------------------------------------------------------------------------------------------------

SHAPE = (3, 4)
REAL, OTHER = RNG.standard_normal(SHAPE), RNG.standard_normal(SHAPE)
POSITIVE, RATES = RNG.uniform(0.2, 3, SHAPE), RNG.uniform(0.2, 3, SHAPE)
SHARES, ODDS = RNG.dirichlet(np.ones(4), 3), RNG.dirichlet(np.ones(4), 3)
CHANCES = RNG.uniform(0.1, 0.9, SHAPE)
BITS, SIGNS = RNG.integers(0, 2, SHAPE), RNG.choice([-1.0, 1.0], SHAPE)
CLASSES = np.array([2, 0, 3])
ONE_HOT = np.eye(4)[CLASSES]
CUBES = RNG.dirichlet(np.ones(3), (2, 4)).swapaxes(1, 2)
WEIGHTS = np.array([0.5, 0.0, 2.0])
TINY = 1e-7


def np_binary(
    t: Array, p: Array, from_logits: bool = False, label_smoothing: float = 0, axis: int = -1
) -> Array:
    t = t * (1 - label_smoothing) + label_smoothing / 2
    if from_logits:
        return np.asarray((np.log1p(np.exp(p)) - t * p).mean(axis))
    return np.asarray(-(t * np.log(p + TINY) + (1 - t) * np.log(1 - p + TINY)).mean(axis))


def np_categorical(
    t: Array, p: Array, from_logits: bool = False, label_smoothing: float = 0, axis: int = -1
) -> Array:
    t = t * (1 - label_smoothing) + label_smoothing / t.shape[axis]
    shares = np_softmax(p, axis) if from_logits else p / p.sum(axis, keepdims=True)
    return np.asarray(-(t * np.log(shares)).sum(axis))


def np_sparse(t: Array, p: Array, from_logits: bool = False, axis: int = -1) -> Array:
    return np_categorical(np.moveaxis(np.eye(p.shape[axis])[t], -1, axis), p, from_logits, axis=axis)


def np_huber(t: Array, p: Array, delta: float = 1) -> Array:
    e = np.abs(p - t)
    return np.asarray(np.where(e <= delta, e**2 / 2, delta * e - delta**2 / 2).mean(-1))


def np_cosine(t: Array, p: Array, axis: int = -1) -> Array:
    return np.asarray(-(t * p).sum(axis) / np.sqrt((t**2).sum(axis) * (p**2).sum(axis)))


def margin(t: Array, p: Array) -> Array:
    return np.asarray(np.maximum(1 - t * p, 0))


Data = tuple[Array, Array]
LOSSES: Mapping[str, tuple[Callable[..., Any], list[tuple[Options, Data]]]] = {
    "mean_squared_error": (lambda t, p: ((p - t) ** 2).mean(-1), [({}, (REAL, OTHER))]),
    "mean_absolute_error": (lambda t, p: np.abs(p - t).mean(-1), [({}, (REAL, OTHER))]),
    "mean_absolute_percentage_error": (
        lambda t, p: 100 * np.abs((t - p) / t).mean(-1),
        [({}, (POSITIVE, RATES))],
    ),
    "mean_squared_logarithmic_error": (
        lambda t, p: ((np.log1p(p) - np.log1p(t)) ** 2).mean(-1),
        [({}, (POSITIVE, RATES))],
    ),
    "binary_crossentropy": (
        np_binary,
        [
            ({}, (BITS, CHANCES)),
            ({"from_logits": True}, (BITS, REAL)),
            ({"label_smoothing": 0.2}, (BITS, CHANCES)),
            ({"from_logits": True, "label_smoothing": 0.2}, (BITS, REAL)),
            ({"axis": 0}, (BITS, CHANCES)),
            ({"axis": 1}, (CUBES > 0.3, CUBES)),
        ],
    ),
    "categorical_crossentropy": (
        np_categorical,
        [
            ({}, (SHARES, RATES)),  # they need not sum to 1
            ({}, (ONE_HOT, ODDS)),
            ({"from_logits": True}, (ONE_HOT, REAL)),
            ({"from_logits": True}, (RATES, REAL)),
            ({"label_smoothing": 0.2}, (ONE_HOT, ODDS)),
            ({"from_logits": True, "label_smoothing": 0.2}, (ONE_HOT, REAL)),
            ({"axis": 1}, (CUBES > 0.3, CUBES)),
            ({"axis": 1, "from_logits": True, "label_smoothing": 0.1}, (CUBES > 0.3, CUBES)),
        ],
    ),
    "sparse_categorical_crossentropy": (
        np_sparse,
        [
            ({}, (CLASSES, ODDS)),
            ({"from_logits": True}, (CLASSES, REAL)),
            ({"axis": 1}, (np.array([[0, 1, 2, 1], [2, 2, 0, 1]]), CUBES)),
            ({"axis": 1, "from_logits": True}, (np.array([[0, 1, 2, 1], [2, 2, 0, 1]]), CUBES)),
        ],
    ),
    "huber": (np_huber, [({}, (REAL, 3 * OTHER)), ({"delta": 0.3}, (REAL, OTHER))]),
    "log_cosh": (lambda t, p: np.log(np.cosh(p - t)).mean(-1), [({}, (REAL, 3 * OTHER))]),
    "kl_divergence": (lambda t, p: (t * np.log(t / p)).sum(-1), [({}, (SHARES, ODDS))]),
    "poisson": (lambda t, p: (p - t * np.log(p + TINY)).mean(-1), [({}, (POSITIVE, RATES))]),
    "hinge": (lambda t, p: margin(t, p).mean(-1), [({}, (SIGNS, OTHER))]),
    "squared_hinge": (lambda t, p: (margin(t, p) ** 2).mean(-1), [({}, (SIGNS, OTHER))]),
    "categorical_hinge": (
        lambda t, p: np.maximum(1 + ((1 - t) * p).max(-1) - (t * p).sum(-1), 0),
        [({}, (ONE_HOT, OTHER))],
    ),
    "cosine_similarity": (np_cosine, [({}, (REAL, OTHER)), ({"axis": 0}, (REAL, OTHER))]),
}


def of_losses() -> Iterable[Case]:
    for name, (_, variants) in LOSSES.items():
        for options, (t, p) in variants:
            function = partial(losses.TABLE[name], **options)
            yield Case(name, words(options), partial(function, t), (p,))
            if "crossentropy" not in name and t.dtype.kind == "f":
                yield Case(name, f"of targets {words(options)}", function, (t, p))
            if options.get("from_logits") and options.get("axis", -1) == -1:
                del function.keywords["from_logits"]
                yield Case(name, f"through its activation {words(options)}", through(name, function, t), (p,))


def through(name: str, loss: Callable[..., Tensor], t: Array) -> Callable[[Tensor], Tensor]:
    """A cross-entropy of what softmax or sigmoid made: it is computed from what they were made from."""
    squash = activations.sigmoid if name.startswith("binary") else activations.softmax
    return lambda z: loss(t, squash(z))


def of_loss_classes() -> Iterable[Case]:
    """Every class with every way to reduce and to weight, and with all arguments of its function."""
    for made in set(losses.TABLE.values()):
        if isinstance(made, type):
            for options, (t, p) in LOSSES[function_of(made)][1]:
                if set(options) <= set(inspect.signature(made).parameters):
                    yield from of_loss_class(made, options, t, p)


def of_loss_class(made: Any, options: Options, t: Array, p: Array) -> Iterable[Case]:
    for reduction in losses.Reduction.all():
        for weights in (
            (None, WEIGHTS) if len(t) == len(WEIGHTS) and options.get("axis", -1) == -1 else (None,)
        ):
            loss = made(reduction=reduction, **options)
            note = f"{reduction} {'weighted' if weights is not None else ''} {words(options)}"
            yield Case(made.__name__, note, weighted(loss, t, weights), (p,))


def weighted(loss: losses.Loss, t: Array, weights: Array | None) -> Callable[[Tensor], Tensor]:
    return lambda p: loss(t, p, weights)


def function_of(loss_class: Any) -> str:
    return str(loss_class().fn.__name__)


# -- layers ------------------------------------------------------------------------------------------------------

ROWS, CUBE = RNG.standard_normal((5, 4)), RNG.standard_normal((3, 2, 4))
IMAGES = RNG.standard_normal((2, 3, 2, 3))
PENALTIES = {"kernel_regularizer": "l2", "bias_regularizer": "l1_l2", "activity_regularizer": "l1"}

PAIR = ROWS, RNG.standard_normal((5, 4))
THREE = CUBE, RNG.standard_normal((3, 1, 4)), RNG.standard_normal((3, 4))

LAYERS: Mapping[str, list[tuple[Options, Any]]] = {
    "Activation": [({"activation": "tanh"}, CUBE)],
    "ActivityRegularization": [({"l1": 0.1}, ROWS), ({"l1": 0.1, "l2": 0.2}, CUBE)],
    "Add": [({}, PAIR), ({}, THREE)],
    "AddLoss": [({}, ROWS)],
    "AddMetric": [({"metric_name": "m"}, ROWS)],
    "AlphaDropout": [({"rate": 0.4}, ROWS)],
    "Average": [({}, PAIR), ({}, THREE)],
    "BatchNormalization": [
        ({}, ROWS),
        ({"center": False, "epsilon": 0.1}, CUBE),
        ({"axis": [1, 2], "scale": False}, CUBE),
        ({"axis": 1, "beta_regularizer": "l2", "gamma_regularizer": "l1"}, IMAGES),
        ({"trainable": False}, ROWS),
    ],
    "Concatenate": [({}, PAIR), ({"axis": 1}, THREE[:2]), ({}, (CUBE, CUBE * 2, CUBE[..., :1]))],
    "Dense": [
        ({"units": 3}, ROWS),
        ({"units": 3, "use_bias": False, "activation": "relu"}, ROWS),
        ({"units": 2, "activation": "sigmoid"}, CUBE),
        ({"units": 2, "activation": "softmax", **PENALTIES}, CUBE),
    ],
    "Dot": [
        ({"axes": 1}, PAIR),
        ({"axes": (2, 1), "normalize": True}, (CUBE, RNG.standard_normal((3, 4, 2)))),
        ({"axes": -1}, (CUBE, THREE[2])),
    ],
    "Dropout": [({"rate": 0.4}, ROWS), ({"rate": 0.4, "noise_shape": (None, 1, None), "seed": 3}, CUBE)],
    "ELU": [({}, CUBE), ({"alpha": 0.5}, CUBE)],
    "Embedding": [
        ({"input_dim": 6, "output_dim": 3, "embeddings_regularizer": "l2", "activity_regularizer": "l2"}, IDS)
        for IDS in (np.array([[0, 5], [2, 2], [5, 1]]), np.array([3, 3, 0]))
    ],
    "Flatten": [({}, IMAGES)],
    "GaussianDropout": [({"rate": 0.4}, ROWS)],
    "GaussianNoise": [({"stddev": 0.4}, ROWS)],
    "InputLayer": [({"input_shape": (4,)}, ROWS)],
    "Lambda": [({"function": lambda x, k: ops.exp(x) * k, "arguments": {"k": 2.0}}, ROWS)],
    "LayerNormalization": [
        ({}, ROWS),
        ({"axis": [1, 2], "scale": False}, CUBE),
        ({"axis": 1, "center": False, "epsilon": 0.1}, CUBE),
        ({"beta_regularizer": "l2", "gamma_regularizer": "l1"}, IMAGES),
    ],
    "LeakyReLU": [({}, CUBE), ({"alpha": 0.5}, CUBE)],
    "Maximum": [({}, PAIR), ({}, THREE)],
    "Minimum": [({}, PAIR), ({}, THREE)],
    "Multiply": [({}, PAIR), ({}, THREE)],
    "Normalization": [({"axis": 1}, CUBE), ({"mean": [1.0, 2.0, 0.0, -1.0], "variance": 4.0}, ROWS)],
    "PReLU": [({}, CUBE), ({"shared_axes": [2], "alpha_regularizer": "l2"}, CUBE)],
    "Permute": [({"dims": (2, 1)}, CUBE)],
    "ReLU": [({}, CUBE), ({"max_value": 0.9, "negative_slope": 0.1, "threshold": 0.3}, CUBE)],
    "RepeatVector": [({"n": 3}, ROWS)],
    "Rescaling": [({"scale": 0.5, "offset": [1.0, 2.0, 3.0, 4.0]}, ROWS)],
    "Reshape": [({"target_shape": (4, -1)}, CUBE)],
    "Softmax": [({}, CUBE), ({"axis": [1, 2]}, CUBE)],
    "SpatialDropout1D": [({"rate": 0.4, "seed": 3}, CUBE)],
    "Subtract": [({}, PAIR), ({}, THREE[1:])],
    "TFOpLambda": [({"function": "math.tanh"}, ROWS)],
    "ThresholdedReLU": [({}, CUBE), ({"theta": 0.3}, CUBE)],
    "UnitNormalization": [({}, CUBE), ({"axis": [1, 2]}, CUBE)],
}


CONSTANT = ("CategoryEncoding", "Discretization", "IntegerLookup", "StringLookup")
"""Layers whose output has no derivative."""


def of_layers() -> Iterable[Case]:
    for name, variants in LAYERS.items():
        for options, x in variants:
            for training in (False, True):
                note = f"{'in training' if training else ''} {words(options)}"
                layer = layers.TABLE[name](**options)
                if isinstance(x, tuple):
                    yield Case(name, note, on_a_list(layer), x, training)
                else:
                    yield Case(name, note, built(layer, x), (x,), training)


def on_a_list(layer: layers.Layer) -> Callable[..., Tensor]:
    """The layer as a function of several tensors."""
    return lambda *inputs, training=False: layer(list(inputs), training=training)


def built(layer: layers.Layer, x: Array) -> layers.Layer:
    """The layer with weights that are no special numbers."""
    layer(x.astype(np.float32))
    rng = np.random.default_rng(4)
    layer.set_weights([rng.uniform(0.3, 1.5, w.shape) for w in layer.weights])
    return layer


# -- regularizers and ops ----------------------------------------------------------------------------------------

REGULARIZERS: Mapping[str, list[Options]] = {
    "L1": [{}, {"l1": 0.3}],
    "L2": [{}, {"l2": 0.3}],
    "L1L2": [{"l1": 0.3}, {"l2": 0.3}, {"l1": 0.3, "l2": 0.2}],
    "l1_l2": [{}, {"l1": 0.3, "l2": 0.2}],
}


def of_regularizers() -> Iterable[Case]:
    for name, variants in REGULARIZERS.items():
        for options in variants:
            yield Case(name, words(options), regularizers.TABLE[name](**options), (Z,))


def of_ops() -> Iterable[Case]:
    return (Case(f"ops.{c.op}", c.note, c.function, c.inputs) for c in OPS)


# -- the tests ---------------------------------------------------------------------------------------------------

CASES = [
    case
    for family in (of_activations, of_losses, of_loss_classes, of_layers, of_regularizers, of_ops)
    for case in family()
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_gradient(case: Case) -> None:
    check_gradients(case.function, *case.inputs, training=case.training)


FORMULAS = [
    *((name, o, formula, (Z,)) for name, (formula, variants) in ACTIVATIONS.items() for o in variants),
    *((name, o, formula, data) for name, (formula, variants) in LOSSES.items() for o, data in variants),
]


@pytest.mark.parametrize(("name", "options", "formula", "data"), FORMULAS)
def test_value(name: str, options: Options, formula: Callable[..., Any], data: tuple[Array, ...]) -> None:
    function = (activations if name in ACTIVATIONS else losses).TABLE[name]
    expected = formula(*data, **options)
    np.testing.assert_allclose(
        function(*map(Tensor, data), **options).value, expected, rtol=1e-12, atol=1e-12
    )
    single = [x.astype(np.float32) if x.dtype.kind == "f" else x for x in data]
    np.testing.assert_allclose(
        function(*map(Tensor, single), **options).value, expected, rtol=1e-5, atol=1e-6
    )


# -- nothing is forgotten ----------------------------------------------------------------------------------------


def members(names: Iterable[str], table: Table) -> set[Any]:
    return {table[name] for name in names}


def test_every_member_has_a_case() -> None:
    assert members(ACTIVATIONS, activations.TABLE) == set(activations.TABLE.values())
    functions = {f for f in losses.TABLE.values() if not isinstance(f, type)}
    assert members(LOSSES, losses.TABLE) == functions
    assert members(REGULARIZERS, regularizers.TABLE) == set(regularizers.TABLE.values())
    assert members([*LAYERS, *CONSTANT], layers.TABLE) == set(layers.TABLE.values())
    assert {c.op for c in OPS} == set(ops.__all__) - CONSTANT_OPS
    classes = set(losses.TABLE.values()) - functions
    assert {c.__name__ for c in classes} <= {case.member for case in CASES}


@pytest.mark.parametrize("name", [*ACTIVATIONS, *LOSSES])
def test_every_argument_has_a_case(name: str) -> None:
    if name in ACTIVATIONS:
        function, given = activations.TABLE[name], [*ACTIVATIONS[name][1]]
    else:
        function, given = losses.TABLE[name], [options for options, _ in LOSSES[name][1]]
    own = set(inspect.signature(function).parameters) - {"x", "y_true", "y_pred"}
    assert own == {argument for options in given for argument in options}


def test_the_classes_of_losses_have_the_arguments_of_their_functions() -> None:
    for made in {c for c in losses.TABLE.values() if isinstance(c, type)}:
        own = set(inspect.signature(made).parameters) - {"reduction", "name"}
        assert own <= {argument for options, _ in LOSSES[function_of(made)][1] for argument in options}


def test_every_layer_is_seen_in_training() -> None:
    seen = {case.member for case in CASES if case.training}
    assert seen == set(LAYERS)
