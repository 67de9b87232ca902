"""Batch normalization computes, learns and keeps its averages as TensorFlow 2.7 does."""

from typing import Any

import numpy as np
import pytest

from minifit import Sequential
from minifit.arrays import Array
from minifit.callbacks import Callback, LambdaCallback
from minifit.errors import ArgumentError, ArgumentTypeError, ShapeError
from minifit.layers import BatchNormalization, Dense
from minifit.optimizers import SGD
from minifit.tensor import Tensor
from minifit.utils import check_gradients

X = (np.arange(12) * 7 % 11 / 11 - 0.4).reshape(4, 3).astype(np.float32)
Y = (np.arange(8) * 5 % 7 / 7).reshape(4, 2).astype(np.float32)
CUBE = np.stack([X, X[::-1] * 2])
IMAGES = (np.arange(48).reshape(2, 2, 4, 3) % 7).astype(np.float32)
KERNEL = np.array([[0.5, -0.2], [0.3, 0.1], [-0.4, 0.25]], np.float32)


# -- one batch -----------------------------------------------------------------------------------------------

# Options and input, then what TensorFlow 2.7 computes: the first outputs of a call in training, the first
# averages after it, and the first outputs outside of training.
BATCHES: list[tuple[dict[str, Any], Array, list[float], list[float], list[float], list[float]]] = [
    (
        {},
        X,
        [-1.69769013, 1.28106904, 1.28106892, 0.817406297],
        [0.00213636342, 0.00100000005, -0.0026363635],
        [0.99129647, 0.990103304, 0.990103304],
        [-0.403694302, 0.236417651, -0.125194505, 0.508918583],
    ),
    (
        {"momentum": 0.9, "epsilon": 0.01},
        X,
        [-1.64207327, 0.956365049, 0.95636493, 0.790627956],
        [0.0213636365, 0.0100000007, -0.0263636354],
        [0.91296488, 0.901033044, 0.901033044],
        [-0.438595802, 0.237158984, -0.105721474, 0.507673442],
    ),
    (
        {},
        CUBE,
        [-1.2419194, 0.504314184, 1.27557504, 0.325171351],
        [0.00320454524, 0.00150000001, -0.00395454559],
        [0.993355334, 0.990283251, 0.990432024],
        [-0.40434736, 0.235894009, -0.123849891, 0.507320166],
    ),
    (
        {"axis": 1},
        CUBE,
        [-0.68538481, 0.698565304, -0.092263326, 0.81088233],
        [-0.000848484924, 0.00127272704, 0.00172727229, -0.00115151517],
        [0.992104292, 0.99220717, 0.992343545, 0.99186188],
        [-0.400534898, 0.238034233, -0.126862407, 0.509551764],
    ),
    (
        {"axis": [1, 2]},
        CUBE,
        [-0.998206377, 0.979700923, 0.99560976, -0.981833935],
        [0.00127272704, 0.000818181783, -0.00463636359, 0.00672727218, 0.00127272727, -0.00418181811],
        [0.992780149, 0.990238845, 0.991131425, 0.990267754, 0.990003288, 0.990400016],
        [-0.402526498, 0.236584142, -0.123121731, 0.504571497],
    ),
    (
        {},
        IMAGES,
        [-1.40129399, -0.992664337, -0.544364274, 0.093419604],
        [0.0281249993, 0.0293749999, 0.0306249987],
        [1.03295839, 1.03062499, 1.03062499],
        [-0.0276592877, 0.955631614, 1.93895376, 2.92266464],
    ),
    (
        {"axis": 1},
        IMAGES,
        [-1.4748857, -0.969210625, -0.463535517, 0.0421395488],
        [0.0291666668, 0.0295833349],
        [1.03079712, 1.03041673],
        [-0.028713733, 0.955757141, 1.94022787, 2.92469883],
    ),
    (
        {},
        X[:1],
        [0, 0, 0],
        [-0.00400000019, 0.00236363639, -0.00127272727],
        [0.99000001, 0.99000001, 0.99000001],
        [-0.397794098, 0.23506014, -0.126570851],
    ),
]


@pytest.mark.parametrize(("options", "x", "trained", "mean", "variance", "used"), BATCHES)
def test_a_batch(
    options: dict[str, Any],
    x: Array,
    trained: list[float],
    mean: list[float],
    variance: list[float],
    used: list[float],
) -> None:
    layer = BatchNormalization(**options)
    y = layer(x, training=True)
    assert y.dtype == np.float32
    np.testing.assert_allclose(y.value.ravel()[: len(trained)], trained, rtol=3e-6, atol=1e-6)
    np.testing.assert_allclose(layer.moving_mean.value.ravel()[: len(mean)], mean, rtol=3e-6)
    np.testing.assert_allclose(layer.moving_variance.value.ravel()[: len(mean)], variance, rtol=3e-6)
    np.testing.assert_allclose(layer(x).value.ravel()[: len(used)], used, rtol=3e-6)


@pytest.mark.parametrize("axis", [1, 2, 3, -1])
@pytest.mark.parametrize("shape", [(2, 3, 4), (2, 2, 4, 3), (2, 2, 2, 2, 3)], ids=str)
def test_which_variance_the_average_takes_in(axis: int, shape: tuple[int, ...]) -> None:
    if axis >= len(shape):
        return
    x = np.cos(np.arange(np.prod(shape), dtype=np.float32)).reshape(shape)
    layer = BatchNormalization(axis=axis, momentum=0.0)
    layer(x, training=True)
    rank = len(shape)
    unbiased = rank in (4, 5) and axis % rank in (1, rank - 1)  # where TensorFlow 2.7 uses its fused op
    over = tuple(i for i in range(rank) if i != axis % rank)
    np.testing.assert_allclose(layer.moving_variance.value, x.var(over, ddof=int(unbiased)), rtol=1e-5)


def test_an_empty_batch() -> None:
    layer = BatchNormalization()
    assert layer(X[:0]).shape == (0, 3)


# -- gradients -----------------------------------------------------------------------------------------------


def with_weights(layer: BatchNormalization, x: Array) -> BatchNormalization:
    layer.build_for((None, *x.shape[1:]))
    layer.set_weights([np.linspace(0.5, 1.5, w.value.size).reshape(w.shape) for w in layer.weights])
    return layer


@pytest.mark.parametrize("options", [{}, {"center": False}, {"scale": False}, {"epsilon": 0.1}], ids=str)
@pytest.mark.parametrize(("x", "axis"), [(X, -1), (CUBE, -1), (CUBE, 1), (CUBE, [1, 2]), (IMAGES, 1)])
def test_gradients(x: Array, axis: Any, options: dict[str, Any]) -> None:
    layer = with_weights(BatchNormalization(axis=axis, **options), x)
    check_gradients(layer, x)
    check_gradients(lambda t: layer(t, training=True), x, parameters=layer.trainable_weights)


# -- learning ------------------------------------------------------------------------------------------------

# Options; losses of two epochs in batches of three and of evaluate; gamma, beta, averages, kernel and bias, as
# TensorFlow 2.7 makes them.
RUNS: dict[str, tuple[dict[str, Any], list[float], list[list[float]]]] = {
    "plain": (
        {},
        [0.280931741, 0.204206958, 0.143501461],
        [
            [0.96633935, 1.00089896, 0.975263298],
            [0.0192014538, 0.0349866413, -0.00672334945],
            [0.00992570072, 0.0021313075, -0.0121974153],
            [0.963872194, 0.960704029, 0.960704029],
            [0.449874133, -0.153398231, 0.322862238, 0.0318365321, -0.378441125, 0.181046352],
            [0.183612287, 0.0122366715],
        ],
    ),
    "regularized": (
        {"momentum": 0.8, "gamma_regularizer": "l2", "beta_regularizer": "l1", "gamma_constraint": "non_neg"},
        [0.310783058, 0.233000129, 0.150794849],
        [
            [0.958632469, 0.992877901, 0.967490673],
            [0.0162922293, 0.032044705, -0.00579991378],
            [0.153464243, 0.0262399986, -0.188450918],
            [0.453453839, 0.41104573, 0.41104573],
            [0.450120926, -0.153666273, 0.322627455, 0.032048393, -0.378660619, 0.181253359],
            [0.183801219, 0.0122215617],
        ],
    ),
    "frozen": (
        {"trainable": False},
        [0.201421499, 0.156294674, 0.127289653],
        [
            [1, 1, 1],
            [0, 0, 0],
            [0, 0, 0],
            [1, 1, 1],
            [0.500982881, -0.175670817, 0.301650345, 0.116007611, -0.396336496, 0.211000204],
            [0.0944610611, 0.0513459481],
        ],
    ),
}


def model_of(layer: BatchNormalization) -> Sequential:
    model = Sequential([layer, Dense(2)])
    model.build((None, 3))
    model.compile(SGD(0.1), "mse")
    model.layers[1].set_weights([KERNEL, [0.1, -0.1]])
    return model


@pytest.mark.parametrize("engine", ["numpy", "numba"])
@pytest.mark.parametrize("run", RUNS)
def test_it_learns_as_tensorflow_does(run: str, engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", engine)
    options, losses, weights = RUNS[run]
    model = model_of(BatchNormalization(**options))
    found = model.fit(X, Y, batch_size=3, epochs=2, shuffle=False, verbose=0).history["loss"]
    np.testing.assert_allclose([*found, model.evaluate(X, Y, verbose=0)], losses, rtol=2e-6)
    for weight, expected in zip(model.weights, weights, strict=True):
        np.testing.assert_allclose(weight.value.ravel(), expected, rtol=5e-6, atol=1e-6)


def test_which_weights_are_trained() -> None:
    layer = BatchNormalization(name="b")
    model = model_of(layer)
    assert [w.name for w in layer.trainable_weights] == ["b/gamma:0", "b/beta:0"]
    assert [w.name for w in layer.non_trainable_weights] == ["b/moving_mean:0", "b/moving_variance:0"]
    assert [w.name for w in model.weights][:4] == [
        "b/gamma:0",
        "b/beta:0",
        "b/moving_mean:0",
        "b/moving_variance:0",
    ]
    assert layer.gamma is not None
    buffer = layer.gamma.buffer
    assert buffer is not None
    assert layer.moving_mean.buffer is buffer
    assert [p.name for p in buffer.parameters if not buffer.holds_learned(p)] == [
        "b/moving_mean:0",
        "b/moving_variance:0",
    ]
    assert layer.count_params() == 12


def test_a_frozen_layer_keeps_its_averages_in_training() -> None:
    layer = BatchNormalization(trainable=False)
    y = layer(X, training=True)
    np.testing.assert_allclose(y.value, layer(X).value)
    assert not layer.moving_mean.value.any()


def test_evaluating_moves_nothing() -> None:
    layer = BatchNormalization()
    model = model_of(layer)
    model.evaluate(X, Y, verbose=0)
    model.predict(X)
    assert not layer.moving_mean.value.any()
    model.train_on_batch(X, Y)
    assert layer.moving_mean.value.all()


class Restore(Callback):
    """Puts a captured state back before training begins."""

    def __init__(self, captured: dict[str, Any]) -> None:
        self.captured = captured

    def on_train_begin(self, logs: Any = None) -> None:
        self.model.training_state.restore(self.captured)


def test_a_resumed_run_equals_an_uninterrupted_one() -> None:
    states: list[dict[str, Any]] = []
    model = model_of(BatchNormalization())

    def keep(epoch: int, logs: Any) -> None:
        states.append(model.training_state.capture())

    model.fit(X, Y, batch_size=3, epochs=4, verbose=0, callbacks=[LambdaCallback(on_epoch_begin=keep)])
    other = model_of(BatchNormalization())
    other.fit(X, Y, batch_size=3, epochs=4, verbose=0, callbacks=[Restore(states[2])])
    assert [w.tobytes() for w in other.get_weights()] == [w.tobytes() for w in model.get_weights()]


# -- shapes and configuration --------------------------------------------------------------------------------


def test_the_shapes_of_the_weights() -> None:
    for axis, expected in ((-1, (3,)), (1, (4,)), ([1, 2], (1, 4, 3)), ([-1, 1], (1, 4, 3))):
        layer = BatchNormalization(axis=axis)
        layer(CUBE)
        assert {w.shape for w in layer.weights} == {expected}


def test_without_center_and_scale() -> None:
    layer = BatchNormalization(center=False, scale=False)
    assert (layer.gamma, layer.beta) == (None, None)
    layer(X)
    assert len(layer.weights) == 2
    assert layer.trainable_weights == []


def test_the_configuration_in_the_order_of_tensorflow() -> None:
    assert list(BatchNormalization(name="b").get_config().items()) == [
        ("name", "b"),
        ("trainable", True),
        ("dtype", "float32"),
        ("axis", -1),
        ("momentum", 0.99),
        ("epsilon", 0.001),
        ("center", True),
        ("scale", True),
        ("beta_initializer", {"class_name": "Zeros", "config": {}}),
        ("gamma_initializer", {"class_name": "Ones", "config": {}}),
        ("moving_mean_initializer", {"class_name": "Zeros", "config": {}}),
        ("moving_variance_initializer", {"class_name": "Ones", "config": {}}),
        ("beta_regularizer", None),
        ("gamma_regularizer", None),
        ("beta_constraint", None),
        ("gamma_constraint", None),
    ]


def test_the_round_trip_of_everything() -> None:
    layer = BatchNormalization(
        [1, 2], 0.9, 0.01, True, True, "ones", "zeros", "ones", "zeros", "l1", "l2", "max_norm", "non_neg"
    )
    config = layer.get_config()
    again = BatchNormalization.from_config(config)
    assert again.get_config() == config
    layer.build_for((None, 4, 3))
    assert layer.get_config() == config
    built = BatchNormalization()
    built(X)
    assert built.get_config()["axis"] == [1]  # as TensorFlow 2.7 writes it, and reads it
    assert BatchNormalization.from_config(built.get_config())(X).shape == X.shape


# -- errors --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("axis", [2, -3, [1, 1], [1, -1], [0, 5]], ids=str)
def test_axes_that_are_not_there(axis: Any) -> None:
    with pytest.raises(ShapeError, match=r"'mine' needs axes .*Received: axis=.* for input of rank 2"):
        BatchNormalization(axis, name="mine")(X)


@pytest.mark.parametrize("axis", ["a", 1.0, None, []])
def test_axes_that_are_none(axis: Any) -> None:
    with pytest.raises(ArgumentTypeError, match=r"integer or a list of integers\. Received: axis="):
        BatchNormalization(axis)


@pytest.mark.parametrize(
    ("option", "value"), [("momentum", 1.5), ("momentum", "a"), ("epsilon", -1), ("epsilon", None)]
)
def test_numbers(option: str, value: Any) -> None:
    with pytest.raises((ArgumentError, ArgumentTypeError), match=f"Received: {option}="):
        BatchNormalization(**{option: value})


def test_other_features_than_it_was_built_for() -> None:
    layer = BatchNormalization(name="mine")
    layer(X)
    for wrong in (X[:, :2], X[:, :1], CUBE):
        with pytest.raises(ShapeError, match=r"'mine' was built for input of shape \(n, 3\)\. Received: \("):
            layer(wrong)


def test_features_of_unknown_size() -> None:
    with pytest.raises(ShapeError, match=r"size along axis=\[1\] is known\. Received: \(None, None, 3\)"):
        BatchNormalization(axis=1).build_for((None, None, 3))


def test_whole_numbers_are_normalized_by_the_moving_averages_as_they_are() -> None:
    layer, whole = BatchNormalization(), Tensor(np.arange(8).reshape(2, 4))
    layer.build((None, 4))
    layer.moving_mean.assign([0.5, 1.5, 2.5, 3.5])
    layer.moving_variance.assign([0.5, 0.25, 0.75, 0.1])
    expected = layer(whole.numpy().astype(np.float32)).numpy()
    np.testing.assert_array_equal(layer(whole).numpy(), expected)
