"""Each activation has TensorFlow's values and the gradient that finite differences find."""

from typing import Any

import numpy as np
import pytest

from minifit import Input, Model, Sequential, activations, ops
from minifit.errors import ArgumentTypeError, UnknownNameError
from minifit.layers import Dense, LeakyReLU
from minifit.tensor import Tensor
from minifit.utils import check_gradients

X = np.array([-3, -1, -0.5, 0, 0.5, 1, 3], np.float32)
AWAY_FROM_KINKS = np.array([[-1.7, -0.9, -0.3], [0.2, 0.8, 2.1]])

ALL = sorted(set(activations.TABLE.values()), key=lambda function: str(function.__name__))

# What TensorFlow 2.7 computes for X; it has no mish, whose numbers are those of its formula in float64.
VALUES = {
    "linear": [-3, -1, -0.5, 0, 0.5, 1, 3],
    "relu": [0, 0, 0, 0, 0.5, 1, 3],
    "sigmoid": [0.047425866, 0.26894143, 0.3775407, 0.5, 0.6224593, 0.7310586, 0.95257413],
    "tanh": [-0.9950547, -0.7615942, -0.46211717, 0, 0.46211717, 0.7615942, 0.9950547],
    "softmax": [
        0.00188040803,
        0.0138944406,
        0.0229080599,
        0.0377690047,
        0.0622705594,
        0.102666795,
        0.758610725,
    ],
    "elu": [-0.95021296, -0.63212055, -0.39346933, 0, 0.5, 1, 3],
    "selu": [-1.6705687, -1.1113307, -0.69175816, 0, 0.5253505, 1.050701, 3.152103],
    "softplus": [0.048587352, 0.3132617, 0.474077, 0.6931472, 0.974077, 1.3132616, 3.0485873],
    "softsign": [-0.75, -0.5, -0.33333334, 0, 0.33333334, 0.5, 0.75],
    "swish": [-0.1422776, -0.26894143, -0.18877035, 0, 0.31122965, 0.7310586, 2.8577223],
    "gelu": [-0.0040495098, -0.15865529, -0.15426877, 0, 0.34573123, 0.8413447, 2.9959507],
    "exponential": [0.049787067, 0.36787945, 0.60653067, 1, 1.6487212, 2.7182817, 20.085537],
    "hard_sigmoid": [0, 0.3, 0.4, 0.5, 0.6, 0.7, 1],
    "mish": [-0.145647461, -0.303401461, -0.220743775, 0.0, 0.375245211, 0.865098388, 2.986535],
    "log_softmax": [
        -6.2762666,
        -4.2762666,
        -3.7762666,
        -3.2762666,
        -2.7762666,
        -2.2762666,
        -0.27626655,
    ],
}

# What TensorFlow 2.7 computes for X with these arguments.
RELU = [
    ({"alpha": 0.1}, [-0.3, -0.1, -0.05, 0, 0.5, 1, 3]),
    ({"max_value": 0.75}, [0, 0, 0, 0, 0.5, 0.75, 0.75]),
    ({"max_value": 0.0}, [0, 0, 0, 0, 0, 0, 0]),
    ({"threshold": 0.6}, [0, 0, 0, 0, 0, 1, 3]),
    ({"threshold": -0.75}, [0, 0, -0.5, 0, 0.5, 1, 3]),
    ({"alpha": 0.1, "max_value": 0.75}, [-0.3, -0.1, -0.05, 0, 0.5, 0.75, 0.75]),
    ({"alpha": -0.5, "max_value": 0.75}, [1.5, 0.5, 0.25, 0, 0.5, 0.75, 0.75]),
    ({"alpha": 0.1, "threshold": 0.6}, [-0.36, -0.16, -0.11, -0.06, -0.01, 1, 3]),
    ({"max_value": 0.75, "threshold": 0.6}, [0, 0, 0, 0, 0, 0.75, 0.75]),
    (
        {"alpha": 0.1, "max_value": 0.75, "threshold": 0.6},
        [-0.36, -0.16, -0.11, -0.06, -0.01, 0.75, 0.75],
    ),
]

AT_ITS_THRESHOLD = [
    ({"threshold": 0.5}, [0, 0, 0, 0, 0, 1, 3]),
    ({"alpha": 0.1, "threshold": 0.5}, [-0.35, -0.15, -0.1, -0.05, 0, 1, 3]),
]

# What TensorFlow 2.7 computes for CUBE along each axis.
CUBE = np.array([[[0.0, -0.25], [0.5, -0.75]], [[1.0, -1.25], [1.5, -1.75]]], np.float32)
SOFTMAX = {
    0: [[[0.26894143, 0.7310586]] * 2, [[0.7310586, 0.26894143]] * 2],
    1: [[[0.37754068, 0.62245935], [0.62245935, 0.37754068]]] * 2,
    2: [
        [[0.5621765, 0.43782353], [0.7772999, 0.22270015]],
        [[0.9046505, 0.09534947], [0.96267307, 0.037326884]],
    ],
}


@pytest.mark.parametrize("function", ALL, ids=lambda f: f.__name__)
def test_values(function: activations.Activation) -> None:
    y = function(Tensor(X[None]))
    assert y.dtype == np.float32
    atol = 3e-7 if function is activations.gelu else 1e-9  # TensorFlow's 1 + erf(x) loses digits
    np.testing.assert_allclose(y.value[0], VALUES[function.__name__], rtol=1e-6, atol=atol)


@pytest.mark.parametrize(("arguments", "expected"), RELU)
def test_relu_with_a_leak_a_ceiling_and_a_threshold(
    arguments: dict[str, float], expected: list[float]
) -> None:
    y = activations.relu(X, **arguments)
    assert y.dtype == np.float32
    np.testing.assert_allclose(y.value, expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(("arguments", "expected"), AT_ITS_THRESHOLD)
def test_a_value_at_the_threshold_is_not_above_it(arguments: dict[str, float], expected: list[float]) -> None:
    np.testing.assert_allclose(activations.relu(X, **arguments).value, expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("arguments", [{}] + [arguments for arguments, _ in RELU], ids=str)
def test_the_gradient_of_relu(arguments: dict[str, float]) -> None:
    check_gradients(lambda x: activations.relu(x, **arguments), AWAY_FROM_KINKS)


@pytest.mark.parametrize("function", ALL, ids=lambda f: f.__name__)
@pytest.mark.parametrize("shape", [(6,), (2, 3), (3, 1, 2), (0, 3)], ids=str)
def test_gradients(function: activations.Activation, shape: tuple[int, ...]) -> None:
    x = AWAY_FROM_KINKS[:0] if 0 in shape else AWAY_FROM_KINKS
    check_gradients(function, x.reshape(shape))


@pytest.mark.parametrize("alpha", [0.0, 0.1])
def test_relu_of_what_is_not_finite(alpha: float) -> None:
    y = activations.relu(np.array([-np.inf, np.inf, np.nan], np.float32), alpha, max_value=2.0)
    np.testing.assert_array_equal(y.value, [-np.inf if alpha else 0, 2, np.nan])


def test_the_gradient_of_relu_at_its_ceiling_is_one() -> None:
    x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    activations.relu(x, max_value=2.0).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [1.0, 1.0, 0.0]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("linear", {}),
        ("relu", {}),
        ("relu", {"alpha": 0.1, "max_value": 2.0, "threshold": 0.5}),
        ("softmax", {}),
        ("softmax", {"axis": 1}),
        ("tanh", {}),
    ],
)
def test_of_a_symbol_it_is_a_part_of_the_graph(name: str, options: dict[str, Any]) -> None:
    x, function = Input((2, 3)), getattr(activations, name)
    batch = np.linspace(-3, 3, 12, dtype=np.float32).reshape(2, 2, 3)
    result = Model(x, function(x, **options)).predict(batch)
    np.testing.assert_allclose(result, function(batch, **options).numpy(), rtol=1e-6)


def test_a_layer_as_an_activation_is_written_down_with_its_arguments() -> None:
    written = activations.serialize(LeakyReLU(0.5, name="leak"))
    assert written["class_name"] == "LeakyReLU"
    assert written["config"]["alpha"] == 0.5


def test_the_gradient_of_relu_at_zero_is_zero() -> None:
    x = Tensor([0.0, 1.0], requires_grad=True)
    activations.relu(x).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0.0, 1.0]


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2, -3])
def test_softmax_along_an_axis(axis: int) -> None:
    y = activations.softmax(CUBE, axis)
    np.testing.assert_allclose(y.value, SOFTMAX[axis % 3], rtol=1e-6)
    np.testing.assert_allclose(y.value.sum(axis), 1, rtol=1e-6)


@pytest.mark.parametrize("axis", [0, 1, 2, -2])
def test_the_gradient_of_softmax_along_an_axis(axis: int) -> None:
    check_gradients(lambda x: activations.softmax(x, axis), CUBE)


@pytest.mark.parametrize(
    ("name", "x", "expected"),
    [
        ("sigmoid", [-1000, -20, 20, 1000], [0, 2.0611537e-09, 1, 1]),
        ("tanh", [-1000, -20, 20, 1000], [-1, -1, 1, 1]),
        ("softmax", [[1000, 0, -1000], [-1000, -1000, -1000]], [[1, 0, 0], [1 / 3, 1 / 3, 1 / 3]]),
        ("exponential", [-1000, -20, 20, 80], [0, 2.0611537e-09, 4.8516518e08, 5.5406225e34]),
    ],
)
def test_extreme_numbers_neither_overflow_nor_warn(name: str, x: list[Any], expected: list[Any]) -> None:
    inputs = Tensor(np.array(x, np.float32), requires_grad=True)
    y = activations.get(name)(inputs)
    np.testing.assert_allclose(y.value, expected, rtol=1e-6, atol=1e-12)
    y.backward()
    assert inputs.grad is not None
    assert np.isfinite(inputs.grad).all()


def test_sigmoid_and_softmax_remember_their_logits() -> None:
    x = Tensor([[1.0, 2.0]])
    assert activations.sigmoid(x).logits is x
    assert activations.softmax(x).logits is x
    assert activations.tanh(x).logits is None


def test_softmax_along_another_axis_does_not_pass_for_one_along_the_last() -> None:
    assert activations.softmax(np.array([[1.0, 2.0], [0.0, 1.0]], np.float32), axis=0).logits is None


@pytest.mark.parametrize("name", activations.TABLE)
def test_every_name_is_public(name: str) -> None:
    assert name in activations.__all__
    assert getattr(activations, name) is activations.TABLE[name]


@pytest.mark.parametrize("name", activations.TABLE)
def test_every_name_trains_a_layer(name: str) -> None:
    layer = Dense(3, name, input_shape=(3,))
    model = Sequential([layer])
    model.set_weights([AWAY_FROM_KINKS[[0, 1, 0]] * 0.3, np.zeros(3)])
    model.compile("sgd", "mse")
    x = AWAY_FROM_KINKS.astype(np.float32)
    history = model.fit(x, np.full((2, 3), 0.25), epochs=3, verbose=0).history["loss"]
    assert np.isfinite(history).all()
    assert history[-1] < history[0]
    assert layer.get_config()["activation"] == activations.TABLE[name].__name__


@pytest.mark.parametrize("name", activations.TABLE)
def test_every_name_is_found(name: str) -> None:
    function = activations.get(name)
    assert function is activations.TABLE[name]
    assert activations.get(activations.serialize(function)) is function
    assert activations.deserialize(name) is function


def test_the_table_has_what_the_fused_kernel_knows() -> None:
    assert set(activations.FUSED) <= set(activations.TABLE.values())
    x, w, b = (
        Tensor(AWAY_FROM_KINKS.astype(np.float32)),
        Tensor(np.eye(3, dtype=np.float32)),
        Tensor(np.ones(3)),
    )
    b.value = b.value.astype(np.float32)
    for function, name in activations.FUSED.items():
        np.testing.assert_allclose(ops.dense(x, w, b, name).value, function(x + 1.0).value, rtol=1e-5)


def test_the_second_name_of_swish() -> None:
    assert activations.get("silu") is activations.silu is activations.swish
    assert activations.serialize(activations.silu) == "swish"


def test_none_is_linear() -> None:
    assert activations.get(None) is activations.linear


def test_linear_is_the_tensor_itself() -> None:
    x = Tensor(X)
    assert activations.linear(x) is x


def test_a_function_is_taken_as_it_is() -> None:
    def cube(x: Tensor) -> Tensor:
        return x * x * x

    assert activations.get(cube) is cube
    assert activations.serialize(cube) == "cube"


def test_a_function_with_an_argument_bound_has_a_name_too() -> None:
    class Scaled:
        def __call__(self, x: Tensor) -> Tensor:
            return x * 2.0

    assert activations.serialize(Scaled()) == "Scaled"


@pytest.mark.parametrize(("name", "hint"), [("Relu", "'relu'"), ("sigmod", "'sigmoid'"), ("", "Known: ")])
def test_an_unknown_name(name: str, hint: str) -> None:
    with pytest.raises(UnknownNameError, match=f"activation.*{name!r}.*{hint}"):
        activations.get(name)


@pytest.mark.parametrize("wrong", [3, 1.5, ["relu"]])
def test_what_is_no_activation(wrong: Any) -> None:
    with pytest.raises(ArgumentTypeError, match="activation must be a name"):
        activations.get(wrong)


@pytest.mark.parametrize("function", ALL, ids=lambda f: f.__name__)
def test_lists_and_arrays_are_taken_as_tensors_are(function: Any) -> None:
    expected = function(Tensor(X)).value
    for given in (X, X.tolist(), tuple(X.tolist())):
        np.testing.assert_array_equal(function(given).value, expected)
