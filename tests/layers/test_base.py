"""What every layer can do, tried on all of them, and what a layer of one's own needs."""

import inspect
from typing import Any

import numpy as np
import pytest

from minifit import Model, Sequential, layers, metrics, ops
from minifit.arrays import Array
from minifit.callbacks import Callback
from minifit.errors import (
    ArgumentError,
    ArgumentTypeError,
    GradientError,
    NotBuiltError,
    ShapeError,
    UnknownNameError,
)
from minifit.layers import Activation, Dense, Dropout, Flatten, Input, InputLayer, Layer, base
from minifit.layers.merge import Merge
from minifit.optimizers import SGD
from minifit.parameters import Parameter, Variable
from minifit.tensor import Tensor, constant, current
from minifit.utils import check_gradients, clear_session

X = (np.arange(12) * 7 % 11 / 11 - 0.4).reshape(4, 3).astype(np.float32)
Y = (np.arange(8) * 5 % 7 / 7).reshape(4, 2).astype(np.float32)

NEEDED: dict[str, dict[str, Any]] = {
    "Activation": {"activation": "tanh"},
    "ActivityRegularization": {},
    "Add": {},
    "AddLoss": {},
    "AddMetric": {"metric_name": "m"},
    "AlphaDropout": {"rate": 0.5},
    "Average": {},
    "BatchNormalization": {},
    "CategoryEncoding": {"num_tokens": 4},
    "Concatenate": {},
    "Dense": {"units": 2},
    "Discretization": {"bin_boundaries": [0.0, 0.5]},
    "Dot": {"axes": 1},
    "Dropout": {"rate": 0.5},
    "ELU": {},
    "Embedding": {"input_dim": 4, "output_dim": 2},
    "Flatten": {},
    "GaussianDropout": {"rate": 0.5},
    "GaussianNoise": {"stddev": 0.5},
    "InputLayer": {"input_shape": (3,)},
    "IntegerLookup": {"vocabulary": [1, 2]},
    "Lambda": {"function": ops.square},
    "LayerNormalization": {},
    "LeakyReLU": {},
    "Maximum": {},
    "Minimum": {},
    "Multiply": {},
    "Normalization": {},
    "PReLU": {},
    "Permute": {"dims": (1,)},
    "ReLU": {},
    "RepeatVector": {"n": 2},
    "Rescaling": {"scale": 2.0},
    "Reshape": {"target_shape": (-1,)},
    "Softmax": {},
    "SpatialDropout1D": {"rate": 0.5},
    "StringLookup": {"vocabulary": ["a", "b"]},
    "Subtract": {},
    "TFOpLambda": {"function": "nn.relu"},
    "ThresholdedReLU": {},
    "UnitNormalization": {},
}
"""The arguments without which there is no such layer."""

WHOLE = np.arange(12).reshape(4, 3) % 4
INPUTS: dict[str, Any] = {
    "CategoryEncoding": WHOLE,
    "Embedding": WHOLE,
    "IntegerLookup": WHOLE,
    "SpatialDropout1D": X[:, None],
    "StringLookup": np.array([["a", "b", "c"], ["c", "b", "a"]]),
}
"""What a layer is tried on that does not take any numbers, or samples of any rank."""

MERGING = [name for name, kind in layers.TABLE.items() if issubclass(kind, Merge)]
"""Layers that are called on a list."""

ALONE = [name for name in layers.TABLE if name not in MERGING]

TO_NUMBERS = ("CategoryEncoding", "Discretization", "IntegerLookup", "StringLookup")
"""Layers through which no gradient goes."""

DTYPES = {"IntegerLookup": "int64", "StringLookup": "string"}
"""The dtype of layers whose input is not float32."""

RANKS = {"CategoryEncoding": 2, "InputLayer": 2, "Permute": 2, "RepeatVector": 2, "SpatialDropout1D": 3}
"""The rank of the input of layers that do not take any."""


def ones_for(name: str, shape: tuple[int, ...]) -> Any:
    if name == "StringLookup":
        return np.full(shape, "a")
    ones = np.ones(shape, np.float32)
    return [ones, ones] if name in MERGING else ones


def make(kind: str, **more: Any) -> Layer:
    layer: Layer = layers.TABLE[kind](**{**NEEDED[kind], **more})
    return layer


@pytest.fixture(autouse=True)
def names_begin_anew() -> None:
    clear_session()


# -- all of them ---------------------------------------------------------------------------------------------


def test_every_layer_is_in_the_table() -> None:
    public = {c for c in vars(layers).values() if inspect.isclass(c) and issubclass(c, Layer)} - {Layer}
    assert set(layers.TABLE.values()) == public
    assert set(NEEDED) == set(layers.TABLE)


@pytest.mark.parametrize("name", layers.TABLE)
def test_unknown_keywords(name: str) -> None:
    with pytest.raises(ArgumentTypeError, match=rf"^{name} takes no argument 'foo'\. Besides"):
        make(name, foo=1)


@pytest.mark.parametrize("name", layers.TABLE)
@pytest.mark.parametrize("dtype", ["float64", np.float16, int])
def test_another_dtype(name: str, dtype: Any) -> None:
    rule = "of dtype" if name in DTYPES else "float32 only"
    with pytest.raises(ArgumentError, match=rf"{rule}.*Received: dtype=.*Leave dtype out"):
        make(name, dtype=dtype)


@pytest.mark.parametrize("name", [n for n in layers.TABLE if n not in DTYPES])
@pytest.mark.parametrize("dtype", [None, "float32", np.float32, np.dtype(np.float32)])
def test_its_own_dtype(name: str, dtype: Any) -> None:
    assert make(name, dtype=dtype).get_config()["dtype"] == "float32"


@pytest.mark.parametrize("name, dtype", DTYPES.items())
def test_the_dtype_of_tokens(name: str, dtype: str) -> None:
    for given in (None, dtype):
        assert make(name, dtype=given).get_config()["dtype"] == dtype
    with pytest.raises(ArgumentError, match=f"values of dtype '{dtype}'"):
        make(name, dtype="float32")


@pytest.mark.parametrize("name", [n for n in layers.TABLE if n != "Lambda"])
def test_the_round_trip(name: str) -> None:
    more: dict[str, Any] = (
        {} if name == "InputLayer" else {"trainable": False, "batch_input_shape": (None, 3)}
    )
    layer = make(name, name="mine", **more)
    entry = {"class_name": name, "config": layer.get_config()}
    again = layers.TABLE.make(entry)
    assert type(again) is type(layer)
    assert again.get_config() == layer.get_config()
    assert again.name == "mine"
    assert again.trainable is layer.trainable
    assert again.batch_input_shape == (None, 3)


@pytest.mark.parametrize("name", layers.TABLE)
def test_the_configuration_is_plain_data(name: str) -> None:
    def plain(value: Any) -> bool:
        if isinstance(value, dict):
            return all(isinstance(k, str) and plain(v) for k, v in value.items())
        if isinstance(value, tuple | list):
            return all(plain(v) for v in value)
        return value is None or type(value) in (str, int, float, bool)

    assert plain(make(name, batch_input_shape=(None, np.int64(3))).get_config())


@pytest.mark.parametrize("name", [n for n in layers.TABLE if n not in ("InputLayer", "Embedding")])
def test_the_first_keys_of_the_configuration(name: str) -> None:
    assert list(make(name).get_config())[:3] == ["name", "trainable", "dtype"]
    with_shape = make(name, input_shape=(3,)).get_config()
    assert list(with_shape)[:4] == ["name", "trainable", "batch_input_shape", "dtype"]
    assert with_shape["batch_input_shape"] == (None, 3)


@pytest.mark.parametrize("name", layers.TABLE)
def test_the_output_shape_is_that_of_the_output(name: str) -> None:
    layer = make(name)
    for shape in ((4, 3), (1, 3), (0, 3), (4, 5, 3)):
        if RANKS.get(name, len(shape)) != len(shape):
            continue
        layer = make(name)
        y = layer(ones_for(name, shape))
        free: Any = (None, *shape[1:])
        assert layer.input_shape == ([free, free] if name in MERGING else free)
        assert layer.output_shape == (None, *y.shape[1:])
        assert y.shape[0] == shape[0]
        numbers = name in TO_NUMBERS and name != "CategoryEncoding"
        assert y.dtype == (np.int64 if numbers else np.float32)
        assert layer.compute_output_shape(layer.input_shape) == layer.output_shape


@pytest.mark.parametrize("name", [n for n in ALONE if n not in TO_NUMBERS])
def test_gradients(name: str) -> None:
    check_gradients(make(name), INPUTS.get(name, X))


@pytest.mark.parametrize("name", TO_NUMBERS)
def test_there_is_no_gradient_of_numbers(name: str) -> None:
    x = constant(INPUTS.get(name, X))
    x.requires_grad = True
    assert not make(name)(x).requires_grad


@pytest.mark.parametrize("name", MERGING)
def test_gradients_of_several_inputs(name: str) -> None:
    layer = make(name)
    check_gradients(lambda a, b: layer([a, b]), X, X[::-1] * 2)


@pytest.mark.parametrize("name", MERGING)
def test_standalone_use_of_several_inputs(name: str) -> None:
    layer, other = make(name), X[::-1] * 2
    expected = layer([X, other]).value
    for given in ((X, other), [Tensor(X), other], [X.astype(np.float64), other]):
        y = layer(given)
        assert y.dtype == np.float32
        np.testing.assert_array_equal(y.value, expected)


@pytest.mark.parametrize("name", ALONE)
def test_standalone_use_takes_arrays_lists_and_tensors(name: str) -> None:
    layer = make(name)
    x = INPUTS.get(name, X)
    expected = layer(x).value
    for given in (x.tolist(), tuple(x.tolist()), constant(x)):
        np.testing.assert_array_equal(layer(given).value, expected)


@pytest.mark.parametrize("name", [n for n in ALONE if n not in ("Embedding", *TO_NUMBERS)])
def test_standalone_use_takes_arrays_of_float64(name: str) -> None:
    y = make(name)(INPUTS.get(name, X).astype(np.float64))
    assert y.dtype == np.float32


@pytest.mark.parametrize("name", layers.TABLE)
def test_before_it_is_built(name: str) -> None:
    layer = make(name, name="mine")
    if name == "InputLayer":  # built by its shape
        return
    assert not layer.built
    assert layer.weights == layer.get_weights() == []
    for ask in (lambda: layer.input_shape, lambda: layer.output_shape, layer.count_params):
        with pytest.raises(
            NotBuiltError,
            match=r"The layer 'mine' has no (input_shape|output_shape|weights) before it is built\.",
        ):
            ask()


@pytest.mark.parametrize("name", layers.TABLE)
def test_how_it_is_shown(name: str) -> None:
    assert repr(make(name, name="mine")) == f"<{name} mine>"


# -- names ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [  # as TensorFlow 2.7 calls layers of such classes
        ("Dense", "dense"),
        ("ReLU", "re_lu"),
        ("LeakyReLU", "leaky_re_lu"),
        ("BatchNormalization", "batch_normalization"),
        ("MyDense2Layer", "my_dense2_layer"),
        ("ABCLayer", "abc_layer"),
        ("Conv2D", "conv2d"),
        ("GRUCell", "gru_cell"),
        ("lower", "lower"),
        ("X", "x"),
        ("HTTPServer2", "http_server2"),
    ],
)
def test_the_name_of_a_class_in_snake_case(name: str, expected: str) -> None:
    made: Any = type(name, (Layer,), {})
    assert made().name == expected
    assert made().name == f"{expected}_1"


def test_names_are_counted_over_the_process() -> None:
    assert [Dense(1).name for _ in range(3)] == ["dense", "dense_1", "dense_2"]
    assert Dropout(0.5).name == "dropout"
    assert Dense(1, name="dense_3").name == "dense_3"  # a name of one's own does not count
    assert Dense(1).name == "dense_3"


def test_clear_session_begins_anew() -> None:
    assert [Dense(1).name, Dense(1).name] == ["dense", "dense_1"]
    clear_session()
    assert Dense(1).name == "dense"


def test_weights_are_called_after_their_layer() -> None:
    layer = Dense(2, name="mine")
    layer(X)
    assert [w.name for w in layer.weights] == ["mine/kernel:0", "mine/bias:0"]


def test_a_name_that_is_no_string() -> None:
    with pytest.raises(ArgumentTypeError, match="name"):
        Dense(1, name=3)


# -- the input's shape ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, None),
        ({"input_shape": (3,)}, (None, 3)),
        ({"input_shape": [3]}, (None, 3)),
        ({"input_shape": (np.int64(3),)}, (None, 3)),
        ({"input_shape": ()}, (None,)),
        ({"input_shape": (None, 3)}, (None, None, 3)),
        ({"input_dim": 3}, (None, 3)),
        ({"input_dim": 5, "input_shape": (3,)}, (None, 3)),
        ({"batch_input_shape": (4, 3)}, (4, 3)),
        ({"batch_input_shape": [None, 3]}, (None, 3)),
        ({"batch_input_shape": (4, 3), "input_shape": (5,)}, (4, 3)),
    ],
)
def test_the_declared_shape(arguments: dict[str, Any], expected: Any) -> None:
    layer = Flatten(**arguments)
    assert layer.batch_input_shape == expected
    assert all(type(n) is int for n in layer.batch_input_shape or () if n is not None)


@pytest.mark.parametrize(
    "arguments",
    [
        {"input_shape": (0,)},
        {"input_shape": (-1,)},
        {"input_shape": (2.0,)},
        {"input_shape": ("3",)},
        {"input_shape": (True,)},
        {"input_dim": 0},
        {"input_dim": 1.5},
        {"batch_input_shape": (None, 0)},
        {"batch_input_shape": (0, 3)},
    ],
)
def test_a_shape_that_is_none(arguments: dict[str, Any]) -> None:
    with pytest.raises(
        ArgumentError,
        match=r"positive integers\. Received: (\(|input_dim=).*Pass, for example, input_shape=\(20,\)",
    ):
        Flatten(**arguments)


@pytest.mark.parametrize("name", ["input_shape", "batch_input_shape"])
def test_a_shape_that_is_a_number(name: str) -> None:
    with pytest.raises((ArgumentError, ArgumentTypeError), match=r"Received: .*3"):
        Flatten(**{name: 3})  # type: ignore[arg-type]


# -- keywords of all layers ----------------------------------------------------------------------------------


def test_weights_to_begin_with() -> None:
    kernel, bias = X[:3, :2], np.array([1.0, 2.0], np.float32)
    layer = Dense(2, weights=[kernel, bias])
    np.testing.assert_allclose(layer(X).value, X @ kernel + bias, rtol=1e-6)
    model = Sequential([Dense(2, weights=[kernel, bias], input_shape=(3,))])
    for a, b in zip(model.get_weights(), (kernel, bias), strict=True):
        np.testing.assert_array_equal(a, b)
    model.compile(SGD(0.1), "mse")
    model.fit(X, Y, verbose=0)
    assert (model.get_weights()[0] != kernel).any()
    again = Dense.from_config(layer.get_config())
    assert (np.asarray(again(X)) != np.asarray(layer(X))).any()  # they are no part of the configuration


def test_weights_to_begin_with_that_do_not_fit() -> None:
    with pytest.raises(ShapeError, match=r"'mine' has 2 weights\. Received: 1 arrays"):
        Dense(2, weights=[X[:3, :2]], name="mine")(X)
    with pytest.raises(ShapeError, match=r"mine/bias:0 is \(2,\)\. Received: \(3,\)"):
        Sequential([Dense(2, weights=[X[:3, :2], X[0]], name="mine", input_shape=(3,))])


def test_the_number_of_samples_of_a_batch() -> None:
    assert Flatten(input_shape=(3,), batch_size=4).batch_input_shape == (4, 3)
    assert Flatten(batch_size=4).batch_input_shape is None
    for wrong in (0, 1.5, "4"):
        with pytest.raises((ArgumentError, ArgumentTypeError), match="batch_size must be a positive integer"):
            Flatten(batch_size=wrong)


@pytest.mark.parametrize("dynamic", [None, False, True])
def test_a_layer_that_calls_itself_dynamic(dynamic: Any) -> None:
    layer = Dense(2, dynamic=dynamic)
    assert layer(X).shape == (4, 2)
    assert layer.dynamic is bool(dynamic)


def test_the_dtype_is_an_attribute() -> None:
    class Policy:
        name = "float32"

    for dtype in (None, "float32", np.dtype("float32"), Policy()):
        layer = Dense(2, dtype=dtype)
        assert layer.dtype == layer.compute_dtype == layer.variable_dtype == "float32"
        assert layer.add_weight("w", (2,), dtype=dtype).dtype == np.float32
    assert Sequential([Dense(2)]).dtype == "float32"
    assert layers.IntegerLookup(dtype=np.dtype("int64")).dtype == "int64"
    Policy.name = "mixed_float16"
    with pytest.raises(ArgumentError, match=r"float32 only\. Received: dtype=.*Policy"):
        Dense(2, dtype=Policy())


# -- a layer of one's own ------------------------------------------------------------------------------------


class Scale(Layer):
    """Multiplies each column, and counts its calls in a weight that is not trained."""

    def build(self, input_shape: base.ShapeLike) -> None:
        self.shape_seen = input_shape
        self.calls = self.add_weight("calls", (), initializer="zeros", trainable=False)
        self.factor = self.add_weight("factor", (input_shape[-1],), initializer="ones")  # type: ignore[arg-type]

    def call(self, inputs: Tensor) -> Tensor:
        self.calls.assign(self.calls.value + 1)
        return inputs * self.factor


def test_it_needs_no_gradient() -> None:
    class Root(Layer):
        def build(self, input_shape: base.ShapeLike) -> None:
            self.w = self.add_weight("w", (3, 2), initializer=lambda shape: X[:3, :2] + 1)
            self.b = self.add_weight("b", (2,), initializer="ones")

        def call(self, inputs: Tensor) -> Tensor:
            return ops.sqrt(ops.square(inputs @ self.w) + self.b) * ops.exp(self.b)

    check_gradients(Root(), X)
    model = Sequential([Dense(3, input_shape=(3,)), Root()])
    model.compile("adam", "mse")
    history = model.fit(X, Y, epochs=20, verbose=0).history["loss"]
    assert history[-1] < history[0]


def test_it_is_built_once_with_a_free_batch_dimension() -> None:
    layer = Scale()
    layer(X)
    first = layer.factor
    assert layer.shape_seen == (None, 3)
    layer(X[:2])
    assert layer.factor is first
    assert layer.count_params() == 4
    assert layer.built


def test_a_weight_that_is_not_trained_is_the_layers_own() -> None:
    layer = Scale(input_shape=(3,))
    model = Sequential([layer, Dense(2)])
    model.compile(SGD(0.1, momentum=0.9, weight_decay=0.5), "mse")
    calls = float(layer.calls.value)
    model.fit(X, Y, batch_size=2, epochs=3, verbose=0)
    assert float(layer.calls.value) == calls + 6
    assert (layer.factor.value != 1).all()
    assert [w.name for w in layer.trainable_weights] == [layer.factor.name]
    assert [w.name for w in layer.non_trainable_weights] == [layer.calls.name]
    assert [w.name for w in layer.weights] == [layer.factor.name, layer.calls.name]


def test_freezing() -> None:
    layer = Scale(input_shape=(3,))
    model = Sequential([layer, Dense(2)])
    model.compile("sgd", "mse")
    layer.trainable = False
    assert layer.trainable_weights == []
    assert set(map(id, layer.non_trainable_weights)) == {id(layer.calls), id(layer.factor)}
    model.compile("sgd", "mse")  # freezing counts from here on
    model.fit(X, Y, verbose=0)
    assert layer.factor.value.tolist() == [1, 1, 1]
    layer.trainable = True
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    assert (layer.factor.value != 1).all()


def test_freezing_keeps_the_order_of_the_weights() -> None:
    layer = Scale()
    layer(X)
    names = [w.name for w in layer.weights]
    layer.trainable = False
    assert [w.name for w in layer.weights] == names


def test_made_as_not_trainable() -> None:
    layer = Dense(2, trainable=False)
    layer(X)
    assert layer.trainable_weights == []
    assert len(layer.non_trainable_weights) == len(layer.weights) == 2
    assert layer.get_config()["trainable"] is False


def test_weights_can_be_read_and_set() -> None:
    layer = Dense(2)
    layer(X)
    values = [np.full((3, 2), 7), np.array([1.5, 2.5])]
    layer.set_weights(values)
    found = layer.get_weights()
    assert [w.dtype for w in found] == [np.float32, np.float32]
    for a, b in zip(found, values, strict=True):
        np.testing.assert_array_equal(a, b)
    found[0][...] = 0
    assert layer.kernel.value.min() == 7  # they are copies


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ([np.zeros((3, 2))], r"'mine' has 2 weights\. Received: 1 arrays"),
        ([np.zeros((3, 2)), np.zeros(3)], r"mine/bias:0 is \(2,\)\. Received: \(3,\)"),
        ([np.zeros((2, 3)), np.zeros(2)], r"mine/kernel:0 is \(3, 2\)\. Received: \(2, 3\)"),
        ([np.zeros((3, 2)), np.zeros(2), np.zeros(2)], r"2 weights\. Received: 3 arrays"),
    ],
)
def test_weights_that_do_not_fit_change_nothing(values: list[Array], says: str) -> None:
    layer = Dense(2, name="mine")
    layer(X)
    before = layer.get_weights()
    with pytest.raises(ShapeError, match=says):
        layer.set_weights(values)
    for a, b in zip(layer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_weights_that_are_no_numbers() -> None:
    layer = Dense(2)
    layer(X)
    with pytest.raises(ArgumentTypeError, match=r"Weights are real numbers\. Received: dtype "):
        layer.set_weights([np.zeros((3, 2)), np.array(["a", "b"])])
    assert layer.kernel.value.any()  # and the kernel, which would have fitted, is as it was


def of_a_shape_alone(shape: tuple[int, ...]) -> Array:
    return np.ones(shape)


@pytest.mark.parametrize("initializer", ["ones", "Ones", of_a_shape_alone, np.ones])
def test_add_weight_with_an_initializer(initializer: Any) -> None:
    weight = Layer().add_weight("w", (2, 3), initializer=initializer)
    assert weight.value.tolist() == np.ones((2, 3)).tolist()
    assert weight.dtype == np.float32


def test_add_weight_by_default() -> None:
    weight = Layer(name="mine").add_weight(shape=[2, 3])
    assert (weight.name, weight.shape, weight.trainable) == ("mine/weight:0", (2, 3), True)
    assert 0 < np.abs(weight.value).max() <= np.sqrt(6 / 5)  # glorot_uniform


def test_add_weight_with_a_regularizer_and_a_constraint() -> None:
    layer = Layer()
    weight = layer.add_weight("w", (2,), initializer="ones", regularizer="l2", constraint="non_neg")
    assert float(layer.losses[0]) == pytest.approx(0.02)
    assert weight.constraint(np.array([-1.0, 1.0])).tolist() == [0, 1]


def test_add_weight_of_another_dtype() -> None:
    assert Layer().add_weight("w", (2,), dtype="float32").dtype == np.float32
    with pytest.raises(ArgumentError, match=r"Weights are float32\. Received: dtype='int32'"):
        Layer().add_weight("w", (2,), dtype="int32")


@pytest.mark.parametrize("option", ["initializer", "regularizer", "constraint"])
def test_add_weight_with_an_unknown_name(option: str) -> None:
    wrong: dict[str, Any] = {option: "nope"}
    with pytest.raises(UnknownNameError, match=f"There is no {option} of that name. Received: 'nope'"):
        Layer().add_weight("w", (2,), **wrong)


def test_the_output_shape_is_found_by_a_trial() -> None:
    class Pairs(Layer):
        def call(self, inputs: Tensor) -> Tensor:
            return ops.concatenate([inputs, inputs * 2.0])

    model = Sequential([Pairs(input_shape=(3,)), Dense(1)])
    assert [layer.output_shape for layer in model.layers] == [(None, 6), (None, 1)]


def test_a_trial_leaves_variables_and_metrics_as_they_were() -> None:
    class Counting(Layer):
        def __init__(self) -> None:
            super().__init__()
            self.calls, self.seen = Variable(0.0, trainable=False), metrics.Mean()

        def build(self, input_shape: Any) -> None:
            self.rows = self.add_weight("rows", (), initializer="zeros", trainable=False)

        def call(self, inputs: Tensor) -> Tensor:
            self.calls.assign_add(1.0)
            self.rows.assign_add(len(inputs))
            self.seen.update_state(inputs)
            return inputs * 1.0

    by_hand, in_a_model = Counting(), Counting()
    by_hand(np.ones((2, 3)))
    assert [float(by_hand.calls), float(by_hand.rows), by_hand.seen.result()] == [1, 2, 1]
    model = Sequential([in_a_model, Dense(1)])
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 3)), np.ones(4), batch_size=2, epochs=2, verbose=0)
    assert [float(in_a_model.calls), float(in_a_model.rows)] == [4, 8]


def test_further_arguments_are_tensors_of_the_same_batch() -> None:
    class Masked(Layer):
        def __init__(self) -> None:
            super().__init__()
            self.dense = Dense(3)

        def call(self, inputs: Tensor, weights: Tensor, training: Any = None) -> Tensor:  # type: ignore[override]
            return ops.concatenate([self.dense(inputs), weights], axis=1)

    for rows in (2, 5):
        assert Masked()(np.ones((rows, 4)), np.ones((rows, 1))).shape == (rows, 4)


@pytest.mark.parametrize("training", [None, True])
def test_call_may_take_any_number_of_further_arguments(training: bool | None) -> None:
    class Sum(Layer):
        def call(self, inputs: Any, factor: Any, *others: Any, training: Any = None) -> Any:  # type: ignore[override]
            return sum(others, inputs) * factor * (10 if training else 1)

    class All(Layer):
        def call(self, *inputs: Any) -> Any:
            return ops.concatenate(list(inputs), axis=1)

    x = np.ones((2, 3), np.float32)
    assert Sum()(x, 2.0, x, x, training=training).numpy()[0, 0] == (60 if training else 6)
    assert Sum()(x, 2.0).numpy()[0, 0] == 2
    assert All()(x, x, x).shape == (2, 9)
    a, b, c = Input((3,)), Input((3,)), Input((3,))
    model = Model([a, b, c], All()(Sum(name="sum")(a, 2.0, b, c), c))
    assert model.predict([x, x, 3 * x]).tolist() == [[10] * 3 + [3] * 3] * 2
    again = Model.from_config(model.get_config(), {"Sum": Sum, "All": All})
    assert (again.predict([x, x, 3 * x]) == model.predict([x, x, 3 * x])).all()


def test_numpy_in_call_is_refused() -> None:
    class InNumpy(Layer):
        def call(self, inputs: Tensor) -> Any:
            return np.asarray(inputs) * 2

    with pytest.raises(
        GradientError, match=r"Layer 'mine' must return a tensor from call\(\).* Received: ndarray"
    ):
        InNumpy(name="mine")(X)


def test_a_layer_without_call() -> None:
    class Empty(Layer):
        pass

    with pytest.raises(NotImplementedError, match=r"Empty must define call\(inputs\)"):
        Empty()(X)


# -- training ------------------------------------------------------------------------------------------------


class Told(Layer):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.told: list[bool] = []


class ByName(Told):
    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        self.told.append(training)
        return inputs


class ByKeyword(Told):
    def call(self, inputs: Tensor, *, training: bool = False) -> Tensor:
        self.told.append(training)
        return inputs


class ByAnything(Told):
    def call(self, inputs: Tensor, **kwargs: Any) -> Tensor:
        self.told.append(kwargs["training"])
        return inputs


class NotAtAll(Told):
    def call(self, inputs: Tensor) -> Tensor:
        self.told.append(False)
        return inputs


@pytest.mark.parametrize("made", [ByName, ByKeyword, ByAnything])
def test_who_asks_is_told_whether_it_is_training(made: type[Told]) -> None:
    layer = made(input_shape=(3,))
    model = Sequential([layer, Dense(2)])
    model.compile("sgd", "mse")

    def told(use: Any) -> list[bool]:
        layer.told.clear()
        use()
        return layer.told

    assert told(lambda: model.fit(X, Y, batch_size=2, verbose=0)) == [True, True]
    assert told(lambda: model.fit(X, Y, validation_data=(X, Y), verbose=0)) == [True, False]
    assert told(lambda: model.evaluate(X, Y, verbose=0)) == [False]
    assert told(lambda: model.predict(X)) == [False]
    assert told(lambda: model.train_on_batch(X, Y)) == [True]
    assert told(lambda: model.test_on_batch(X, Y)) == [False]
    assert told(lambda: model(X)) == [False]
    assert told(lambda: model(X, training=True)) == [True]
    assert told(lambda: layer(X)) == [False]
    assert told(lambda: layer(X, training=True)) == [True]


def test_who_does_not_ask_is_left_alone() -> None:
    layer = NotAtAll(input_shape=(3,))
    model = Sequential([layer, Dense(2)])
    model.compile("sgd", "mse")
    layer.told.clear()
    model.fit(X, Y, verbose=0)
    layer(X, training=True)
    assert layer.told == [False, False]


class TrainsByDefault(Told):
    def call(self, inputs: Tensor, training: bool = True) -> Tensor:
        self.told.append(training)
        return inputs


class Around(Layer):
    """Calls its inner layer without saying whether it trains."""

    def __init__(self, inner: Layer, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.inner = inner

    def call(self, inputs: Tensor) -> Any:
        return self.inner(inputs)


class SaysNo(Around):
    def call(self, inputs: Tensor) -> Any:
        return self.inner(inputs, training=False)


class AroundByDefault(Around):
    def call(self, inputs: Tensor, training: bool = True) -> Any:
        return self.inner(inputs)


@pytest.mark.parametrize(
    "outer, inner, expected",  # with training left out, True and False, as tf.keras 2.7 does it
    [
        (Around, ByName, [False, True, False]),
        (Around, ByKeyword, [False, True, False]),
        (Around, ByAnything, [False, True, False]),
        (Around, TrainsByDefault, [True, True, False]),
        (SaysNo, ByName, [False, False, False]),
        (SaysNo, TrainsByDefault, [False, False, False]),
        (AroundByDefault, ByName, [True, True, False]),
        (lambda inner: Around(Around(inner)), ByName, [False, True, False]),
        (lambda inner: layers.Lambda(inner.__call__), ByName, [False, True, False]),
    ],
)
def test_an_inner_layer_trains_as_the_layer_around_it(outer: Any, inner: type[Told], expected: Any) -> None:
    told = inner()
    layer = outer(told)
    layer(X)
    told.told.clear()
    layer(X)
    layer(X, training=True)
    layer(X, training=False)
    assert told.told == expected


def test_a_layer_that_fails_leaves_no_training_behind() -> None:
    class Fails(Layer):
        def call(self, inputs: Tensor) -> Tensor:
            raise RuntimeError("no")

    failing, told = Fails(), ByName()
    failing.built = True
    with pytest.raises(RuntimeError):
        failing(X, training=True)
    told(X)
    assert told.told[-1] is False


def test_an_inner_batch_normalization_learns_from_the_batch() -> None:
    inner = layers.BatchNormalization()
    model = Sequential([Around(inner, input_shape=(3,)), Dense(2)])
    model.compile("sgd", "mse")
    model.fit(X, Y, batch_size=4, verbose=0)
    mean = inner.get_weights()[2]
    np.testing.assert_allclose(mean, 0.01 * X.mean(0), rtol=1e-4)
    model.evaluate(X, Y, verbose=0)
    np.testing.assert_array_equal(inner.get_weights()[2], mean)


# -- what it adds to the loss --------------------------------------------------------------------------------


class Adds(Layer):
    def build(self, input_shape: base.ShapeLike) -> None:
        self.w = self.add_weight("w", (1,), initializer="ones")

    def call(self, inputs: Tensor) -> Tensor:
        self.add_loss(ops.sum(ops.square(self.w)) * 3.0)
        self.add_loss(0.5)
        return inputs


def test_add_loss_counts_once_a_batch() -> None:
    plain = Sequential([Dense(2, kernel_initializer="ones", input_shape=(3,))])
    layer = Adds()
    adding = Sequential([Dense(2, kernel_initializer="ones", input_shape=(3,)), layer])
    for model in (plain, adding):
        model.compile(SGD(0.0), "mse")
    for use in ("evaluate", "test_on_batch", "train_on_batch"):
        more = {"verbose": 0, "batch_size": 1} if use == "evaluate" else {}
        assert getattr(adding, use)(X, Y, **more) - getattr(plain, use)(X, Y, **more) == pytest.approx(
            3.5, rel=1e-5
        )
    fits = [m.fit(X, Y, batch_size=2, epochs=2, verbose=0).history["loss"] for m in (adding, plain)]
    assert [a - b for a, b in zip(*fits, strict=True)] == pytest.approx([3.5, 3.5], rel=1e-5)


def test_add_loss_has_a_gradient() -> None:
    layer = Adds(input_shape=(3,))
    model = Sequential([layer, Dense(2)])
    model.compile(SGD(0.1), "mse")
    model.fit(X, Y, epochs=1, verbose=0)
    assert layer.w.value.tolist() == pytest.approx([1 - 0.1 * 6])


def test_add_loss_can_be_the_only_loss() -> None:
    layer = Adds(input_shape=(3,))
    model = Sequential([layer])
    model.compile(SGD(0.1))
    assert model.fit(X, epochs=2, verbose=0).history["loss"] == pytest.approx([3.5, 3 * 0.16 + 0.5])


def test_add_loss_outside_of_training_is_forgotten() -> None:
    layer = Adds(input_shape=(3,))
    model = Sequential([layer, Dense(2)])
    model.compile(SGD(0.0), "mse")
    expected = model.evaluate(X, Y, verbose=0)
    for _ in range(3):
        layer(X)
        model(X)
        model.predict(X)
    assert current().losses == []
    assert model.evaluate(X, Y, verbose=0) == expected


@pytest.mark.parametrize("made", [Scale, lambda **k: Dense(3, kernel_initializer=lambda s: np.eye(*s), **k)])
def test_the_activity_regularizer_goes_by_the_batch_size(made: Any) -> None:
    plain = Sequential([made(input_shape=(3,)), Activation("linear")])
    punished = Sequential([made(input_shape=(3,), activity_regularizer="l2"), Activation("linear")])
    for model in (plain, punished):
        model.compile(SGD(0.0), "mse")
    y = np.zeros((4, 3))
    for size in (4, 2, 1):
        found = punished.evaluate(X, y, size, verbose=0) - plain.evaluate(X, y, size, verbose=0)
        assert found == pytest.approx(0.01 * np.square(X).sum() / 4, rel=1e-4)


def test_regularizers_count_in_every_loss_and_also_when_frozen() -> None:
    layer = Dense(
        2, kernel_initializer="ones", kernel_regularizer="l2", bias_regularizer="l1", input_shape=(3,)
    )
    plain = Sequential([Dense(2, kernel_initializer="ones", input_shape=(3,))])
    model = Sequential([layer])
    for m in (model, plain):
        m.compile(SGD(0.0), "mse", metrics=["mse"])
    expected = 0.01 * 6
    assert [float(loss) for loss in layer.losses] == pytest.approx([expected, 0])
    for frozen in (False, True):
        layer.trainable = not frozen
        model.compile(SGD(0.0), "mse", metrics=["mse"])
        loss, mse = model.evaluate(X, Y, verbose=0)
        assert loss - mse == pytest.approx(expected, rel=1e-5)
        assert mse == pytest.approx(plain.evaluate(X, Y, verbose=0)[1])
        history = model.fit(X, Y, verbose=0, validation_data=(X, Y)).history
        assert [history["loss"][0], history["val_loss"][0]] == pytest.approx([loss, loss])


def test_one_layer_called_twice_shares_its_weights_and_adds_up_gradients() -> None:
    layer = Dense(3, kernel_initializer=lambda s: np.eye(*s) * 2, use_bias=False)
    y = layer(layer(X))
    np.testing.assert_allclose(y.value, X * 4, rtol=1e-6)
    check_gradients(lambda x: layer(layer(x)), X, parameters=layer.weights)


def test_the_batch_dimension_of_a_build_is_free() -> None:
    layer = Dense(2, batch_input_shape=(4, 3))
    model = Sequential([layer])
    assert model.predict(np.ones((5, 3))).shape == (5, 2)


def test_an_input_layer_is_no_layer_of_the_model() -> None:
    model = Sequential([InputLayer((3,)), Dense(2)])
    assert [type(layer).__name__ for layer in model.layers] == ["Dense"]


# -- what a layer owns ---------------------------------------------------------------------------------------


class Blocks(Layer):
    """Layers and weights that are kept in every way that users keep them."""

    def __init__(self) -> None:
        super().__init__()
        self.listed: list[Any] = []
        self.listed.append(Dense(3, name="appended"))
        self.nested = {"a": [Dense(3, name="nested")], "b": (Dense(3, name="tuple"),)}
        self.bare = Parameter("bare", np.ones(3))

    def build(self, input_shape: Any) -> None:
        self.late: list[Any] = [Dense(3, name="late")]
        self.added = self.add_weight("added", (3,), initializer="ones")

    def call(self, inputs: Tensor) -> Tensor:
        for layer in (*self.listed, *self.nested["a"], *self.nested["b"], *self.late):
            inputs = layer(inputs)
        return inputs * self.bare + self.added


@pytest.mark.parametrize("kernels", ["numpy", "numba"])
def test_all_layers_and_weights_that_a_layer_computes_with_are_learned(
    kernels: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", kernels)
    model = Sequential([Blocks(), Dense(2)])
    model.compile(SGD(0.1), "mse")
    model.predict(X)
    assert len(model.trainable_weights) == 4 * 2 + 2 + 2
    before = model.get_weights()
    model.fit(X, Y, verbose=0)
    assert all((old != new).any() for old, new in zip(before, model.get_weights(), strict=True))


@pytest.mark.parametrize("kernels", ["numpy", "numba"])
@pytest.mark.parametrize("trained", [False, True])
def test_a_weight_in_the_place_of_another_is_the_one_that_is_learned(
    trained: bool, kernels: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", kernels)
    first = Dense(4, input_shape=(3,))
    model = Sequential([first, Dense(2)])
    model.compile(SGD(0.1, momentum=0.9), "mse")
    if trained:
        model.fit(X, Y, verbose=0)
    old, new = first.kernel, Parameter("other:0", np.ones((3, 4)))
    kept = old.numpy()
    first.kernel = new
    assert [w is new for w in model.weights] == [True, False, False, False]
    model.fit(X, Y, verbose=0, epochs=2)
    assert (new.numpy() != 1).any()
    assert old.buffer is None
    np.testing.assert_array_equal(old.numpy(), kept)
    first.kernel = old  # and back again
    model.fit(X, Y, verbose=0)
    assert (old.numpy() != kept).any()


@pytest.mark.parametrize("kernels", ["numpy", "numba"])
def test_a_weight_that_is_replaced_while_it_is_trained_is_an_error(
    kernels: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", kernels)
    first = Dense(4, input_shape=(3,))
    model = Sequential([first, Dense(2)])
    model.compile(SGD(0.1), "mse")

    class Replace(Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if epoch == 1:
                first.kernel = Parameter("other:0", np.ones((3, 4)))

    with pytest.raises(ArgumentError, match=r"Received: dense.*/kernel:0, which was replaced\."):
        model.fit(X, Y, epochs=3, verbose=0, callbacks=[Replace()])
    model.fit(X, Y, verbose=0)


def test_a_layer_in_the_place_of_another_is_the_one_that_is_learned() -> None:
    class Around(Layer):
        def __init__(self) -> None:
            super().__init__()
            self.inner = Dense(2)

        def call(self, inputs: Tensor) -> Any:
            return self.inner(inputs)

    layer = Around()
    model = Sequential([layer])
    model.compile(SGD(0.1), "mse")
    model.fit(X, Y, verbose=0)
    layer.inner = Dense(2, kernel_initializer="zeros")
    layer(X)  # which builds it
    model.fit(X, Y, verbose=0)
    assert len(model.weights) == 2
    assert model.get_weights()[0].any()


def test_an_attribute_that_points_to_one_of_several_weights_lets_none_go() -> None:
    class Chooses(Layer):
        def build(self, input_shape: Any) -> None:
            self.all = [self.add_weight(f"w{i}", (3,), initializer="ones") for i in range(3)]
            self.now = self.all[0]

        def call(self, inputs: Tensor) -> Tensor:
            return inputs * self.now

    layer = Chooses()
    layer(X)
    for chosen in layer.all:
        layer.now = chosen
        assert len(layer.weights) == 3


def test_a_metric_that_is_held_and_added_counts_once() -> None:
    class Endpoint(Layer):
        def __init__(self) -> None:
            super().__init__()
            self.error = metrics.MeanAbsoluteError(name="error")

        def call(self, inputs: Tensor) -> Tensor:
            self.add_metric(self.error(inputs * 0.0, inputs), name="by another name")
            return inputs * 1.0

    layer = Endpoint()
    layer(np.full((2, 3), 4.0))
    assert [(m.name, m.result()) for m in layer.metrics] == [("error", 4)]
    model = Sequential([Dense(2), Endpoint()])
    model.compile("sgd", "mse")
    assert list(model.fit(np.ones((4, 3)), np.ones((4, 2)), verbose=0).history) == ["loss", "error"]


def test_weights_are_variables() -> None:
    layer = Dense(2)
    layer.build((None, 3))
    assert isinstance(layer.kernel, Variable) and isinstance(layer.add_weight("w", (1,)), Variable)


def test_a_weight_under_the_name_that_it_had_before() -> None:
    class Own(Layer):
        def __init__(self) -> None:
            super().__init__()
            self.w = self.add_variable("w", [3, 2], initializer="ones")

        def call(self, x: Any) -> Any:
            return ops.matmul(x, self.w)

    own = Own()
    np.testing.assert_allclose(own(np.ones((1, 3), np.float32)), [[3, 3]])
    assert own.trainable_weights == [own.w]
