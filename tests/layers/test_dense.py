"""A dense layer computes and learns what TensorFlow's does."""

from typing import Any, NamedTuple

import numpy as np
import pytest

from minifit import Sequential
from minifit.activations import TABLE as ACTIVATIONS
from minifit.arrays import Array
from minifit.constraints import MaxNorm
from minifit.errors import ArgumentError, ArgumentTypeError, ShapeError, UnknownNameError
from minifit.layers import Dense
from minifit.optimizers import SGD
from minifit.regularizers import L1, L1L2, L2
from minifit.tensor import Tensor
from minifit.utils import check_gradients

X = (np.arange(12) * 7 % 11 / 11 - 0.4).reshape(4, 3).astype(np.float32)
Y = (np.arange(8) * 5 % 7 / 7).reshape(4, 2).astype(np.float32)
KERNEL = (np.arange(6) * 3 % 5 / 4 - 0.5).reshape(3, 2).astype(np.float32)
BIAS = np.array([0.2, -0.3], np.float32)


def with_weights(layer: Dense) -> Dense:
    layer.build_for((None, 3))
    layer.set_weights([KERNEL, BIAS] if layer.use_bias else [KERNEL])
    return layer


# -- forward -------------------------------------------------------------------------------------------------

# What TensorFlow 2.7 computes for X.
OUTPUTS = {
    "linear": [
        0.340909094,
        -0.218181834,
        -0.0909090787,
        0.00909090042,
        -0.022727266,
        -0.0136363804,
        0.0454545617,
        -0.0363636613,
    ],
    "relu": [0.340909094, 0.0, 0.0, 0.00909090042, 0.0, 0.0, 0.0454545617, 0.0],
    "sigmoid": [
        0.584411323,
        0.445669889,
        0.477288365,
        0.502272725,
        0.494318426,
        0.496590972,
        0.511361659,
        0.490910083,
    ],
    "tanh": [
        0.328288734,
        -0.214784443,
        -0.0906594619,
        0.00909064896,
        -0.0227233525,
        -0.0136355329,
        0.0454232804,
        -0.0363476388,
    ],
    "softmax": [
        0.636242151,
        0.363757819,
        0.475020796,
        0.524979174,
        0.497727305,
        0.502272725,
        0.520443141,
        0.479556859,
    ],
}


@pytest.mark.parametrize("activation", OUTPUTS)
def test_its_output(activation: str) -> None:
    layer = with_weights(Dense(2, activation))
    np.testing.assert_allclose(layer(X).value.ravel(), OUTPUTS[activation], rtol=2e-6, atol=5e-8)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("shape", [(4, 3), (2, 2, 3), (2, 1, 2, 3)], ids=str)
def test_gradients(activation: str, use_bias: bool, shape: tuple[int, ...]) -> None:
    layer = with_weights(Dense(2, activation, use_bias))
    check_gradients(layer, X.reshape(shape))


def test_a_function_as_activation() -> None:
    def cubed(x: Tensor) -> Tensor:
        return x * x * x

    layer = with_weights(Dense(2, cubed))
    np.testing.assert_allclose(layer(X).value.ravel(), np.array(OUTPUTS["linear"]) ** 3, rtol=1e-5)
    check_gradients(layer, X)
    assert layer.get_config()["activation"] == "cubed"


def test_without_bias() -> None:
    layer = Dense(2, use_bias=False, name="mine")
    assert layer.bias is None
    layer = with_weights(layer)
    assert layer.bias is None
    assert [w.name for w in layer.weights] == ["mine/kernel:0"]
    np.testing.assert_allclose(layer(X).value, X @ KERNEL, rtol=1e-6, atol=1e-7)


def test_input_of_rank_three() -> None:
    layer = with_weights(Dense(2))
    x = np.stack([X, X[::-1]])
    y = layer(x)
    assert y.shape == (2, 4, 2)
    for i in range(2):
        np.testing.assert_allclose(y.value[i], layer(x[i]).value, rtol=1e-5, atol=1e-6)
    assert layer.compute_output_shape((None, 5, 3)) == (None, 5, 2)


def test_a_model_of_rank_three_trains() -> None:
    x = np.stack([X, X[::-1]])
    model = Sequential([Dense(5, "tanh", input_shape=(4, 3)), Dense(2)])
    model.compile("adam", "mse")
    assert model.output_shape == (None, 4, 2)
    history = model.fit(x, np.stack([Y, Y[::-1]]), epochs=30, verbose=0).history["loss"]
    assert history[-1] < history[0]


def test_an_empty_batch() -> None:
    assert with_weights(Dense(2))(X[:0]).shape == (0, 2)


def test_integers_and_lists_are_taken() -> None:
    layer = with_weights(Dense(2))
    expected = layer(np.array([[1.0, 2, 3]], np.float32)).value
    model = Sequential([layer])
    for given in ([[1, 2, 3]], np.array([[1, 2, 3]]), np.array([[1, 2, 3]], np.uint8)):
        np.testing.assert_array_equal(model.predict(given), expected)


# -- learning ------------------------------------------------------------------------------------------------


class Run(NamedTuple):
    """Two epochs of SGD(0.5) in batches of 3, as TensorFlow 2.7 makes them."""

    options: dict[str, Any]
    losses: list[float]
    evaluated: float
    kernel: list[float]
    bias: list[float] | None


RUNS = {
    "plain": Run(
        {},
        [0.306924045, 0.196829602],
        0.15583621,
        [-0.29274565, 0.130310193, -0.247255757, 0.589370489, -0.0658259392, -0.482337534],
        [0.388567954, -0.102803037],
    ),
    "no bias": Run(
        {"use_bias": False},
        [0.301363498, 0.228743851],
        0.18425715,
        [-0.133987248, 0.106641814, -0.219921589, 0.555811346, -0.268744558, -0.450104892],
        None,
    ),
    "kernel_regularizer": Run(
        {"kernel_regularizer": L1L2(0.01, 0.02)},
        [0.343421876, 0.225893736],
        0.179044485,
        [-0.247073844, 0.100071155, -0.208645821, 0.527684033, -0.0453876704, -0.427860558],
        [0.38386941, -0.0865900964],
    ),
    "bias_regularizer": Run(
        {"bias_regularizer": L2(0.05)},
        [0.314476877, 0.204547003],
        0.163539231,
        [-0.284900755, 0.125960633, -0.246253148, 0.589268863, -0.0756261647, -0.476748884],
        [0.351474822, -0.0987841189],
    ),
    "activity_regularizer": Run(
        {"activity_regularizer": L2(0.1)},
        [0.315385699, 0.218016565],
        0.178949699,
        [-0.294642776, 0.111798987, -0.249925405, 0.594277561, -0.0488304533, -0.46613577],
        [0.334488869, -0.133863524],
    ),
    "activity_regularizer after relu": Run(
        {"activity_regularizer": L1(0.1), "activation": "relu"},
        [0.255105883, 0.246094659],
        0.240405664,
        [-0.447248012, 0.255095929, -0.28117165, 0.501455963, 0.0167847276, -0.502183974],
        [0.0681200027, -0.289990127],
    ),
    "max_norm": Run(
        {"kernel_constraint": MaxNorm(0.5)},
        [0.301464766, 0.199314803],
        0.152683467,
        [-0.292745441, 0.0628500581, -0.247255549, 0.358528346, -0.0658258721, -0.281336963],
        [0.388567924, -0.018862471],
    ),
    "non_neg": Run(
        {"kernel_constraint": "non_neg", "bias_constraint": "non_neg"},
        [0.300201505, 0.141493708],
        0.112955935,
        [0.0482607558, 0.174753964, 0.00214688224, 0.580082059, 0.0236157067, 0.0455696471],
        [0.322635591, 0.0654730499],
    ),
    "all of them": Run(
        {
            "kernel_regularizer": L1L2(0.01, 0.02),
            "bias_regularizer": L2(0.05),
            "activity_regularizer": L2(0.1),
            "kernel_constraint": MaxNorm(0.5),
            "bias_constraint": "non_neg",
            "activation": "tanh",
        },
        [0.347721815, 0.210944206],
        0.181717202,
        [-0.251634657, 0.0203273464, -0.205416873, 0.336275429, -0.043135833, -0.235408038],
        [0.321692914, 0.0],
    ),
}


@pytest.mark.parametrize("engine", ["numpy", "numba"])
@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS.keys())
def test_it_learns_as_tensorflow_does(run: Run, engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", engine)
    layer = Dense(2, input_shape=(3,), **run.options)
    model = Sequential([layer])
    model.compile(SGD(0.5), "mse")
    with_weights(layer)
    history = model.fit(X, Y, batch_size=3, epochs=2, shuffle=False, verbose=0).history
    np.testing.assert_allclose(history["loss"], run.losses, rtol=2e-6)
    np.testing.assert_allclose(model.evaluate(X, Y, verbose=0), run.evaluated, rtol=2e-6)
    expected = [run.kernel] if run.bias is None else [run.kernel, run.bias]
    for weight, values in zip(layer.get_weights(), expected, strict=True):
        np.testing.assert_allclose(weight.ravel(), values, rtol=5e-6, atol=1e-6)


def test_the_constraint_is_a_function_of_an_array() -> None:
    seen: list[type] = []

    def at_most(w: Array) -> Array:
        seen.append(type(w))
        return np.minimum(w, 0.1)

    layer = Dense(2, kernel_initializer="ones", kernel_constraint=at_most, input_shape=(3,))
    model = Sequential([layer])
    model.compile("sgd", "mse")
    assert layer.kernel.value.min() == 1  # only after an update
    model.fit(X, Y, batch_size=2, verbose=0)
    assert layer.kernel.value.max() <= np.float32(0.1)
    assert seen == [np.ndarray] * 3  # a trial, and one for each batch


def test_a_frozen_layer_is_not_constrained() -> None:
    layer = Dense(
        2, kernel_initializer="ones", kernel_constraint=MaxNorm(0.5), trainable=False, input_shape=(3,)
    )
    model = Sequential([layer, Dense(2)])
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    assert layer.kernel.value.tolist() == np.ones((3, 2)).tolist()


def test_initializers() -> None:
    layer = Dense(2, kernel_initializer="zeros", bias_initializer="ones")
    assert layer(X).value.tolist() == np.ones((4, 2)).tolist()


def test_by_default_the_kernel_is_random_and_the_bias_zero() -> None:
    layers = [Dense(50, input_shape=(30,)), Dense(50, input_shape=(30,))]
    Sequential([layers[0]])
    Sequential([layers[1]])
    assert not np.array_equal(layers[0].kernel.value, layers[1].kernel.value)
    limit = np.sqrt(6 / 80)
    for layer in layers:
        assert limit * 0.99 < np.abs(layer.kernel.value).max() <= limit
        assert layer.bias is not None
        assert not layer.bias.value.any()


# -- configuration -------------------------------------------------------------------------------------------


def test_the_configuration_in_the_order_of_tensorflow() -> None:
    expected = [
        ("name", "d"),
        ("trainable", True),
        ("batch_input_shape", (None, 4)),
        ("dtype", "float32"),
        ("units", 5),
        ("activation", "linear"),
        ("use_bias", True),
        ("kernel_initializer", {"class_name": "GlorotUniform", "config": {"seed": None}}),
        ("bias_initializer", {"class_name": "Zeros", "config": {}}),
        ("kernel_regularizer", None),
        ("bias_regularizer", None),
        ("activity_regularizer", None),
        ("kernel_constraint", None),
        ("bias_constraint", None),
    ]
    assert list(Dense(5, input_shape=(4,), name="d").get_config().items()) == expected
    del expected[2]
    assert list(Dense(5, name="d").get_config().items()) == expected


def test_the_round_trip_of_everything() -> None:
    layer = Dense(
        5,
        "relu",
        use_bias=True,
        kernel_initializer="he_normal",
        bias_initializer="ones",
        kernel_regularizer="l1_l2",
        bias_regularizer="l1",
        activity_regularizer="l2",
        kernel_constraint="max_norm",
        bias_constraint="non_neg",
        input_dim=4,
        trainable=False,
    )
    config = layer.get_config()
    again = Dense.from_config(config)
    assert again.get_config() == config
    assert config["activation"] == "relu"
    assert [
        type(getattr(again, a)).__name__
        for a in ("kernel_regularizer", "bias_regularizer", "activity_regularizer")
    ] == [
        "L1L2",
        "L1",
        "L2",
    ]
    assert type(again.kernel_constraint).__name__ == "MaxNorm"
    assert type(again.bias_constraint).__name__ == "NonNeg"


# -- errors --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("units", [0, -1, 2.5, "3", None, True, [3], float("nan")])
def test_units(units: Any) -> None:
    with pytest.raises(
        (ArgumentError, ArgumentTypeError),
        match=r"units must be a positive integer\. Received: units=.*units=10",
    ):
        Dense(units)


def test_units_of_numpy() -> None:
    assert type(Dense(np.int64(3)).units) is int  # type: ignore[arg-type]


def test_units_are_needed() -> None:
    with pytest.raises(TypeError, match="units"):
        Dense()  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("option", "kind"),
    [
        ("activation", "activation"),
        ("kernel_initializer", "initializer"),
        ("bias_initializer", "initializer"),
        ("kernel_regularizer", "regularizer"),
        ("bias_regularizer", "regularizer"),
        ("activity_regularizer", "regularizer"),
        ("kernel_constraint", "constraint"),
        ("bias_constraint", "constraint"),
    ],
)
def test_names_that_nobody_knows(option: str, kind: str) -> None:
    unknown: dict[str, Any] = {option: "nope"}
    wrong: dict[str, Any] = {option: 3}
    with pytest.raises(UnknownNameError, match=f"There is no {kind} of that name. Received: 'nope'"):
        Dense(3, **unknown)
    with pytest.raises((ArgumentTypeError, ArgumentError), match=f"{kind} must be a name"):
        Dense(3, **wrong)


@pytest.mark.parametrize("shape", [(4, 2), (4, 4), (2, 2, 4)], ids=str)
def test_input_of_another_width(shape: tuple[int, ...]) -> None:
    layer = with_weights(Dense(2, name="mine"))
    with pytest.raises(
        ShapeError, match=r"'mine' expects input of shape \(n, \.\.\., 3\)\. Received: \(.*Pass samples"
    ):
        layer(np.zeros(shape, np.float32))


@pytest.mark.parametrize("shape", [(), (None,), (5, None)], ids=str)
def test_input_without_a_width(shape: tuple[int | None, ...]) -> None:
    with pytest.raises(
        ShapeError, match=r"'mine' needs input of shape \(n, \.\.\., features\)\. Received: \(None"
    ):
        Sequential([Dense(2, input_shape=shape, name="mine")])


@pytest.mark.parametrize("built", [False, True])
def test_input_of_rank_one(built: bool) -> None:
    layer = with_weights(Dense(2, name="mine")) if built else Dense(2, name="mine")
    with pytest.raises(ShapeError, match=r"'mine' .*\. Received: \("):
        layer(np.zeros(3, np.float32))
