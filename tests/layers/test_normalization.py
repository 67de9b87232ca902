"""Normalization learns mean and variance as TensorFlow 2.7 does, and forgets them when it learns anew."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from minifit import Sequential
from minifit.arrays import Array
from minifit.errors import ArgumentError, DataError, NotBuiltError, ShapeError
from minifit.layers import Dense, Normalization
from minifit.tensor import Tensor
from minifit.utils import check_gradients
from tests.data.drawing import dataset

X = (np.arange(12) * 7 % 11 / 11 - 0.4).reshape(4, 3).astype(np.float32)
Y = (np.arange(8) * 5 % 7 / 7).reshape(4, 2).astype(np.float32)
CUBE = np.stack([X, X[::-1] * 2])


def adapted(x: Any, **options: Any) -> Normalization:
    layer = Normalization(**options)
    layer.adapt(x)
    return layer


# Options and data; mean, variance and the first outputs, as TensorFlow 2.7 computes them.
LEARNED: list[tuple[dict[str, Any], Array, list[float], list[float], list[float]]] = [
    (
        {},
        X,
        [0.213636354, 0.100000001, -0.263636351],
        [0.12964876, 0.0103305783, 0.0103305792],
        [-1.70422482, 1.34164071, 1.34164059, 0.820552766],
    ),
    ({"axis": None}, X, [0.0166666657], [0.0915404037], [-1.37715352, 0.726135433, -0.47574392, 1.627545]),
    ({"axis": ()}, X, [0.0166666657], [0.0915404037], [-1.37715352, 0.726135433, -0.47574392, 1.627545]),
    (
        {},
        CUBE,
        [0.320454538, 0.150000006, -0.395454556],
        [0.33553201, 0.0283264443, 0.0432024822],
        [-1.24376869, 0.513138771, 1.2902534, 0.32565552],
    ),
    (
        {"axis": 1},
        CUBE,
        [-0.0848484933, 0.12727271, 0.172727227, -0.115151525],
        [0.210431576, 0.220716238, 0.234352633, 0.18618916],
        [-0.687011361, 0.700223148, -0.0924822763, 0.812717199],
    ),
    ({}, np.full((4, 1), 3.0, np.float32), [3], [0], [0, 0, 0, 0]),
]


@pytest.mark.parametrize(("options", "x", "mean", "variance", "outputs"), LEARNED)
def test_what_it_learns(
    options: dict[str, Any], x: Array, mean: list[float], variance: list[float], outputs: list[float]
) -> None:
    layer = adapted(x, **options)
    np.testing.assert_allclose(layer.mean.numpy().ravel(), mean, rtol=3e-6)
    np.testing.assert_allclose(layer.variance.numpy().ravel(), variance, rtol=3e-6)
    y = layer(x)
    assert y.dtype == np.float32
    np.testing.assert_allclose(y.value.ravel()[: len(outputs)], outputs, rtol=3e-6, atol=1e-6)
    check_gradients(layer, x)


def test_several_axes() -> None:
    layer = adapted(CUBE, axis=(1, 2))
    np.testing.assert_allclose(layer.mean, CUBE.mean(0, keepdims=True), rtol=1e-6)
    np.testing.assert_allclose(np.abs(layer(CUBE).value), 1, rtol=1e-4)
    assert [w.shape for w in layer.weights] == [(4, 3), (4, 3), ()]
    turned = adapted(CUBE, axis=(2, 1))
    np.testing.assert_array_equal(turned.mean, layer.mean)


def test_what_was_given() -> None:
    np.testing.assert_allclose(  # as TensorFlow 2.7
        Normalization(mean=1.0, variance=4.0)(X).value.ravel()[:3], [-0.699999988, -0.381818175, -0.563636363]
    )
    layer = Normalization(mean=[1.0, 2, 3], variance=np.array([1.0, 4.0, 9]))
    np.testing.assert_allclose(layer(X).value.ravel()[:3], [-1.39999998, -0.881818175, -1.0424242])
    assert layer.weights == []
    assert layer.mean.numpy().tolist() == [[1, 2, 3]]
    check_gradients(layer, X)


def test_before_it_has_learned_anything() -> None:
    np.testing.assert_allclose(Normalization()(X).value, X)


def test_its_weights() -> None:
    layer = adapted(X, name="n")
    assert [w.name for w in layer.weights] == ["n/mean:0", "n/variance:0", "n/count:0"]
    assert layer.trainable_weights == []
    assert layer.get_weights()[2] == 4
    other = Normalization()
    other.build_for((None, 3))
    other.set_weights(layer.get_weights())
    np.testing.assert_array_equal(other(X).value, layer(X).value)


@pytest.mark.parametrize("batch_size", [1, 2, 3, 100, None])
def test_batches_make_no_difference(batch_size: int | None) -> None:
    layer = Normalization()
    layer.adapt(CUBE, batch_size=batch_size)
    np.testing.assert_allclose(
        layer.variance.numpy().ravel(), [0.33553201, 0.0283264443, 0.0432024822], rtol=1e-6
    )


def test_steps() -> None:
    layer = Normalization()
    layer.adapt(X, batch_size=2, steps=1)
    np.testing.assert_allclose(
        layer.mean.numpy().ravel(), [0.0545454472, 0.190909088, -0.172727272], rtol=1e-6
    )


def test_a_dataset_in_a_file() -> None:
    rows = np.arange(300, dtype=np.float64).reshape(100, 3)
    expected, found = Normalization(), Normalization()
    expected.adapt(rows)
    found.adapt(dataset(rows))
    np.testing.assert_array_equal(found.mean, expected.mean)
    np.testing.assert_array_equal(found.variance, expected.variance)


def test_an_iterable_of_batches() -> None:
    def batches() -> Iterator[Array]:
        yield X[:3]
        yield X[3:]

    np.testing.assert_allclose(adapted(batches()).mean, adapted(X).mean, rtol=1e-6)
    np.testing.assert_allclose(adapted(X.tolist()).mean, adapted(X).mean, rtol=1e-6)


def test_it_forgets() -> None:
    layer = adapted(X * 100 + 7)
    layer.adapt(X)
    np.testing.assert_array_equal(layer.mean, adapted(X).mean)


def test_a_large_mean_does_no_harm() -> None:
    x = (np.random.default_rng(0).standard_normal((1000, 2)) + 1000).astype(np.float32)
    np.testing.assert_allclose(adapted(x).variance.numpy().ravel(), x.astype(np.float64).var(0), rtol=1e-6)


def test_data_of_single_numbers() -> None:
    layer = adapted(np.array([1.0, 2, 3]), axis=None)
    assert layer.mean == 2
    assert layer(np.array([1.0, 2.0], np.float32)).shape == (2,)


def test_in_a_model() -> None:
    layer = Normalization(input_shape=(3,))
    model = Sequential([layer, Dense(2)])
    layer.adapt(X)
    model.compile("sgd", "mse")
    before = layer.get_weights()
    model.fit(X, Y, verbose=0)
    for a, b in zip(layer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)
    assert model.count_params() == 15  # as TensorFlow 2.7
    adapted_first = Sequential([adapted(X), Dense(2)])
    assert adapted_first.predict(X).shape == (4, 2)


def test_the_configuration_in_the_order_of_tensorflow() -> None:
    assert list(Normalization(name="n").get_config().items()) == [
        ("name", "n"),
        ("trainable", True),
        ("dtype", "float32"),
        ("axis", (-1,)),
        ("mean", None),
        ("variance", None),
    ]
    assert Normalization(None).get_config()["axis"] == ()
    config = Normalization((1, 2), np.array([1.0, 2.0]), np.float32(3)).get_config()
    assert (config["axis"], config["mean"], config["variance"]) == ((1, 2), [1.0, 2.0], 3.0)
    assert Normalization.from_config(config).get_config() == config


# -- errors --------------------------------------------------------------------------------------------------


def test_one_of_both() -> None:
    with pytest.raises(ArgumentError, match=r"belong together\. Received: mean=1\.0, variance=None"):
        Normalization(mean=1.0)


def test_adapting_what_was_given() -> None:
    with pytest.raises(ArgumentError, match="created without them"):
        Normalization(mean=1.0, variance=1.0).adapt(X)


@pytest.mark.parametrize("data", [X[:0], [], iter(()), 3.0])
def test_no_data(data: Any) -> None:
    with pytest.raises(DataError, match="adapt needs data"):
        Normalization(axis=None).adapt(data)


@pytest.mark.parametrize("axis", [0, 5, (1, 1)])
def test_axes(axis: Any) -> None:
    with pytest.raises(ShapeError, match=r"Received: "):
        Normalization(axis).adapt(X)


def test_shapes_that_do_not_fit() -> None:
    layer = adapted(X)
    with pytest.raises(ShapeError, match="was built for input of rank 2"):
        layer.adapt(CUBE)
    with pytest.raises(ShapeError, match=r"mean and variance of shape \(1, 3\)\. Received: \(2,\)"):
        Normalization(mean=[1.0, 2.0], variance=1.0)(X)


def test_mean_and_variance_are_tensors() -> None:
    for layer in (adapted(X), Normalization(mean=1.0, variance=4.0)):
        layer(X)
        assert isinstance(layer.mean, Tensor) and isinstance(layer.variance, Tensor)
        assert layer.mean.shape == (1, 3)
    for name in ("mean", "variance"):
        with pytest.raises(NotBuiltError, match=r"before it is built\. Call adapt"):
            getattr(Normalization(name="n"), name)


def test_a_model_is_built_by_what_its_first_layer_adapted_to() -> None:
    layer = adapted(X)
    assert layer.get_config()["batch_input_shape"] == (None, 3)
    model = Sequential([layer, Dense(2)])
    assert model.built
    kernel = model.layers[1].weights[0]
    assert kernel.shape == (3, 2)
    np.testing.assert_allclose(model(X).value, layer(X).value @ kernel.value, rtol=1e-5)
    declared = Normalization(input_shape=(None, 3))
    declared.adapt(CUBE)
    assert declared.batch_input_shape == (None, None, 3)
