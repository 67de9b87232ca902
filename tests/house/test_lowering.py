"""All layers and ops of the library take part in programs, or stand here with the reason why not; and they agree."""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minifit import Input, Model, Sequential, layers, operations, ops
from minifit.callbacks import LambdaCallback
from minifit.layers import (
    ELU,
    Activation,
    ActivityRegularization,
    Add,
    Average,
    CategoryEncoding,
    Concatenate,
    Dense,
    Discretization,
    Dot,
    Flatten,
    IntegerLookup,
    Lambda,
    Layer,
    LeakyReLU,
    Maximum,
    Minimum,
    Multiply,
    Permute,
    PReLU,
    ReLU,
    RepeatVector,
    Rescaling,
    Reshape,
    Softmax,
    Subtract,
    ThresholdedReLU,
)
from minifit.lowering import rules  # noqa: F401
from minifit.lowering.program import RULES
from minifit.randomness import set_random_seed
from tests.lowering.agreeing import assert_agree, assert_refused, engine

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((18, 4), np.float32), RNG.standard_normal((18, 2), np.float32)
IDS = RNG.integers(0, 5, (18, 4)).astype(np.float32)

# -- nothing is forgotten ------------------------------------------------------------------------------------

NOT_LOWERED: dict[str, str] = {
    "Lambda": "its function is the user's own, and may look at numbers",
    "StringLookup": "text is no number",
}
"""Layers without a `lower` of their own, and why."""

WITHOUT_A_RULE: dict[str, str] = {
    "random_normal": "drawn while a step is lowered, numbers would be the same in every batch; so it is refused",
    "random_uniform": "likewise",
}
"""Ops that are neither lowered by a rule nor made of ops that are, and why."""

NOT_YET = ("dropout", "gather", "normalize")
"""Ops, and the layers that need them, whose rules may not be there yet."""

LAYERS_NOT_YET = (
    *("AlphaDropout", "BatchNormalization", "Dropout", "Embedding", "GaussianDropout", "GaussianNoise"),
    *("LayerNormalization", "Normalization", "SpatialDropout1D", "UnitNormalization"),
)

MADE_OF_OPS = (ops.absolute, ops.power)
"""Ops without a rule that consist of ops that have one."""


@pytest.mark.parametrize("name", sorted(layers.TABLE))
def test_every_layer_says_how_it_is_written_down(name: str) -> None:
    says = "lower" in vars(layers.TABLE[name])
    assert says != (name in NOT_LOWERED) or name in LAYERS_NOT_YET


def test_every_op_has_a_rule() -> None:
    functions = {each.function for each in operations.OPERATIONS} | set(operations.SYNONYMS)
    missing = {f.__name__ for f in functions - set(RULES) - set(MADE_OF_OPS)}
    assert missing - set(NOT_YET) == set(WITHOUT_A_RULE)
    assert set(MADE_OF_OPS) <= functions - set(RULES)
    assert operator.add in RULES


# -- layers --------------------------------------------------------------------------------------------------

IN_A_CHAIN: dict[str, Callable[[], list[Layer]]] = {
    "Activation": lambda: [Activation("gelu")],
    "ActivityRegularization": lambda: [ActivityRegularization(0.1, 0.01)],
    "Dense with a layer": lambda: [Dense(3, activation=LeakyReLU(0.2))],
    "Dense with a function": lambda: [Dense(3, activation="selu")],
    "ELU": lambda: [ELU(0.5)],
    "LeakyReLU": lambda: [LeakyReLU()],
    "PReLU": lambda: [PReLU("random_normal")],
    "PReLU with a shared axis": lambda: [PReLU("random_normal", shared_axes=[1])],
    "Permute": lambda: [Permute((2, 1))],
    "ReLU": lambda: [ReLU()],
    "ReLU with options": lambda: [ReLU(1.5, 0.2, 0.1)],
    "RepeatVector": lambda: [Flatten(), RepeatVector(3)],
    "Rescaling": lambda: [Rescaling(0.5, [0.1, 0.2, 0.3])],
    "Softmax": lambda: [Softmax()],
    "Softmax of an axis": lambda: [Softmax(1)],
    "Softmax of several axes": lambda: [Softmax([1, 2])],
    "TFOpLambda": lambda: [layers.TABLE["TFOpLambda"]("math.tanh")],
    "ThresholdedReLU": lambda: [ThresholdedReLU(0.1)],
}


def chain(inner: Callable[[], list[Layer]]) -> Callable[[], Model]:
    def make() -> Model:
        ends = [Dense(6, "tanh", input_shape=(4,)), Reshape((2, 3))]
        model = Sequential([*ends, *inner(), Flatten(), Dense(2)])
        model.compile("sgd", "mse")
        return model

    return make


@pytest.mark.parametrize("name", IN_A_CHAIN)
def test_a_layer_agrees(name: str) -> None:
    assert_agree(chain(IN_A_CHAIN[name]), X, Y)


def preprocessing(inner: Callable[[], list[Layer]]) -> Callable[[], Model]:
    def make() -> Model:
        model = Sequential([*inner(), Flatten(), Dense(2)])
        model.build((None, 4))
        model.compile("sgd", "mse")
        return model

    return make


OF_NUMBERS: dict[str, Callable[[], list[Layer]]] = {
    "CategoryEncoding": lambda: [CategoryEncoding(5, input_shape=(4,))],
    "CategoryEncoding that counts": lambda: [CategoryEncoding(5, "count", input_shape=(4,))],
    "Discretization": lambda: [Discretization([1.5, 2.5], input_shape=(4,))],
    "both": lambda: [Discretization([1.5, 2.0], input_shape=(4,)), CategoryEncoding(3)],
    "IntegerLookup": lambda: [IntegerLookup(vocabulary=[3, 1, 0], input_shape=(4,))],
    "IntegerLookup with buckets": lambda: [
        IntegerLookup(vocabulary=[3, 1], num_oov_indices=2, input_shape=(4,))
    ],
    "IntegerLookup of rows": lambda: [
        IntegerLookup(vocabulary=[3, 1, 0], mask_token=4, output_mode="count", input_shape=(4,))
    ],
    "IntegerLookup with weights": lambda: [
        IntegerLookup(vocabulary=[3, 1], idf_weights=[0.5, 2.0], output_mode="tf_idf", input_shape=(4,))
    ],
}


@pytest.mark.parametrize("name", OF_NUMBERS)
def test_a_layer_of_numbers_agrees(name: str) -> None:
    assert_agree(preprocessing(OF_NUMBERS[name]), IDS, Y)


@pytest.mark.parametrize(
    "inner",
    [
        lambda: [CategoryEncoding(4, input_shape=(4,))],
        lambda: [IntegerLookup(vocabulary=[3, 1, 0], num_oov_indices=0, input_shape=(4,))],
    ],
)
def test_a_number_out_of_place_is_refused_ahead_of_all_else(
    inner: Callable[[], list[Layer]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", "numba")
    model = preprocessing(inner)()
    before = model.get_weights()
    ids = np.where(IDS > 1, 0, IDS)
    ids[2, 1] = 4
    with pytest.raises(ValueError, match=r"4\.?0? at \(2, 1\) of the batch|no index for unknown"):
        model.fit(ids, Y, batch_size=18, shuffle=False, verbose=0)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_function_of_the_users_goes_op_by_op() -> None:
    assert_refused(chain(lambda: [Lambda(ops.square)]), X, Y, "the layer 'lambda' of class Lambda")


class Shaken(Layer):
    """A layer of a user's that draws numbers."""

    def call(self, inputs: Any) -> Any:
        return inputs + ops.random_normal((2, 3), seed=1)

    lower = Layer.lower_by_call


def test_what_draws_numbers_by_itself_goes_op_by_op() -> None:
    assert_refused(chain(lambda: [Shaken()]), X, Y, "an op that draws random numbers")


class Turned(Layer):
    """A layer of a user's whose promise does not hold: it looks at a number."""

    def call(self, inputs: Any) -> Any:
        return -inputs if ops.sum(inputs).value < 0 else inputs

    lower = Layer.lower_by_call


@pytest.mark.parametrize("depth", [0, 1])
def test_what_is_refused_within_a_layer_names_it(depth: int) -> None:
    def layers() -> list[Any]:
        return [Turned(name="turned") if depth == 0 else Sequential([Turned(name="turned")])]

    assert_refused(chain(layers), X, Y, "is lowered, in the layer 'turned' of class Turned")


def test_a_layer_that_looks_at_numbers_behind_others_goes_op_by_op() -> None:
    make = preprocessing(lambda: [Rescaling(1.0, input_shape=(4,)), CategoryEncoding(5)])
    assert_refused(make, IDS, Y, "straight from the batch, in the layer 'category_encoding'")


# -- graphs --------------------------------------------------------------------------------------------------


def shared(a: Any, b: Any) -> Any:
    layer = Dense(3, "relu")
    return Dense(2)(Concatenate()([layer(a), layer(b)]))


def same_model_twice(a: Any, b: Any) -> Any:
    inner = Sequential([Dense(3, "tanh", input_shape=(4,)), Dense(4)])
    return Dense(2)(inner(inner(a)) + b)


def model_of_several(a: Any, b: Any) -> Any:
    first, second = Input((4,)), Input((4,))
    inner = Model([first, second], [Dense(3)(first * second), Dense(3)(first)])
    return Dense(2)(Add()([*inner([a, b]), *inner([b, a])]))


def cut_out(a: Any, b: Any) -> Any:
    hidden = Dense(4, "tanh")(a)
    part = Model(hidden, Dense(4)(hidden))
    return Dense(2)(part(part(b)) + part(a))


def in_rows(x: Any) -> Any:
    return Reshape((2, 3))(Dense(6)(x))


GRAPHS: dict[str, Callable[[Any, Any], Any]] = {
    "Add": lambda a, b: Dense(2)(Add()([Dense(3)(a), Dense(3)(b), Dense(1)(a)])),
    "Add of ranks": lambda a, b: Dense(2)(Flatten()(Add()([in_rows(a), Dense(3)(b)]))),
    "Average": lambda a, b: Dense(2)(Average()([Dense(3)(a), Dense(3)(b)])),
    "Concatenate": lambda a, b: Dense(2)(Concatenate()([Dense(3)(a), b])),
    "Dot": lambda a, b: Dense(2)(Dot(1)([Dense(4)(a), Dense(4)(b)])),
    "Dot of directions": lambda a, b: Dense(2)(Dot(1, True)([Dense(4)(a), Dense(4)(b)])),
    "Dot of matrices": lambda a, b: Dense(2)(Flatten()(Dot(2)([in_rows(a), in_rows(b)]))),
    "Dot of ranks": lambda a, b: Dense(2)(Dot((2, 1), True)([in_rows(a), Dense(3)(b)])),
    "Maximum": lambda a, b: Dense(2)(Maximum()([Dense(3)(a), Dense(3)(b)])),
    "Minimum": lambda a, b: Dense(2)(Minimum()([Dense(3)(a), Dense(3)(b)])),
    "Multiply": lambda a, b: Dense(2)(Multiply()([Dense(3)(a), Dense(3)(b), Dense(1)(a)])),
    "Subtract": lambda a, b: Dense(2)(Subtract()([Dense(3)(a), Dense(3)(b)])),
    "ops": lambda a, b: Dense(2)(ops.exp(-ops.square(a)) * 0.5 + 2 * b[:, 1:2]),
    "a shared layer": shared,
    "the same model twice": same_model_twice,
    "a model of several inputs and outputs": model_of_several,
    "a model cut out": cut_out,
    "several outputs": lambda a, b: [Dense(2)(a * b), Dense(2)(ops.concatenate([a, b], -1))],
}


@pytest.mark.parametrize("name", GRAPHS)
def test_a_graph_agrees(name: str) -> None:
    def make() -> Model:
        inputs = [Input((4,)), Input((4,))]
        model = Model(inputs, GRAPHS[name](*inputs))
        model.compile("adam", "mse")
        return model

    flipped = X[::-1].copy()
    assert_agree(make, [X, flipped], [Y, Y[::-1].copy()] if name == "several outputs" else Y)


def test_what_a_graph_adds_agrees() -> None:
    def make() -> Model:
        inputs = Input((4,))
        hidden = Dense(3, "tanh")(inputs)
        model = Model(inputs, Dense(2)(hidden))
        model.add_loss(ops.mean(ops.square(hidden)))
        model.add_metric(ops.mean(hidden), "mean_of_hidden")
        model.compile("sgd", "mse")
        return model

    assert_agree(make, X, Y)


class Adding(Layer):
    """A layer of a user's that takes part in programs, with a layer inside."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = Dense(3, "tanh")

    def call(self, inputs: Any) -> Any:
        made = self.inner(inputs)
        self.add_loss(ops.square(made))
        self.add_metric(made, "mean_of_made")
        return made

    lower = Layer.lower_by_call


def test_a_layer_that_adds_agrees_also_if_it_is_shared() -> None:
    def make() -> Model:
        first, second = Input((4,)), Input((4,))
        layer = Adding()
        model = Model([first, second], Dense(2)(layer(first) * layer(second)))
        model.compile("sgd", "mse")
        return model

    assert_agree(make, [X, X[::-1].copy()], Y)


class Growing(Layer):
    """A layer of a user's with a plain number that a callback sets."""

    def __init__(self) -> None:
        super().__init__()
        self.factor = 1.0

    def call(self, inputs: Any) -> Any:
        return inputs * self.factor

    lower = Layer.lower_by_call


@pytest.mark.parametrize("hook", ["on_epoch_begin", "on_train_batch_end"])
def test_a_plain_number_that_a_layer_of_the_users_reads_counts_once_it_is_set(hook: str) -> None:
    def run(kernels: str) -> Any:
        set_random_seed(0)
        model = Sequential([Dense(3, input_shape=(4,)), Growing(), Dense(2)])
        model.compile("sgd", "mse")

        def grow(number: int, logs: Any = None) -> None:
            model.layers[1].factor = 1.0 + number / 4

        callback: Any = LambdaCallback(**{hook: grow})
        with engine(kernels):
            history = model.fit(X, Y, batch_size=4, epochs=3, verbose=0, callbacks=[callback]).history
            return [history["loss"], model.predict(X, verbose=0)]

    for expected, found in zip(run("numpy"), run("numba"), strict=True):
        np.testing.assert_allclose(expected, found, rtol=1e-4, atol=1e-5)
