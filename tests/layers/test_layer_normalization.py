"""Layer normalization computes and learns as TensorFlow 2.7 does."""

from typing import Any

import numpy as np
import pytest

from minifit import Sequential
from minifit.arrays import Array
from minifit.errors import ArgumentError, ArgumentTypeError, ShapeError
from minifit.layers import Dense, LayerNormalization
from minifit.optimizers import SGD
from minifit.utils import check_gradients

X = (np.arange(12) * 7 % 11 / 11 - 0.4).reshape(4, 3).astype(np.float32)
Y = (np.arange(8) * 5 % 7 / 7).reshape(4, 2).astype(np.float32)
CUBE = np.stack([X, X[::-1] * 2])
KERNEL = np.array([[0.5, -0.2], [0.3, 0.1], [-0.4, 0.25]], np.float32)

# The first outputs that TensorFlow 2.7 computes, and the shape of gamma.
OUTPUTS: list[tuple[dict[str, Any], Array, list[float], tuple[int, ...]]] = [
    ({}, X, [-1.1540159, 1.26941752, -0.115401536, 1.21785676, 0, -1.21785676], (3,)),
    ({"epsilon": 0.1}, X, [-0.739423335, 0.813365638, -0.0739422962, 0.838320851, 0, -0.838320851], (3,)),
    ({"axis": [1, 2]}, CUBE, [-1.36969256, 0.722201526, -0.473166466, 1.61872756, 0.423359513], (4, 3)),
    ({"axis": (-2, -1)}, CUBE, [-1.36969256, 0.722201526, -0.473166466, 1.61872756, 0.423359513], (4, 3)),
    ({"axis": 1}, CUBE, [-1.69769013, 1.28106904, 1.28106892, 0.817406297, 0.427022874], (4,)),
    ({}, CUBE, [-1.15401602, 1.26941752, -0.115401536, 1.21785676, 0], (3,)),
]


@pytest.mark.parametrize(("options", "x", "expected", "shape"), OUTPUTS)
def test_its_output(options: dict[str, Any], x: Array, expected: list[float], shape: tuple[int, ...]) -> None:
    layer = LayerNormalization(**options)
    y = layer(x)
    assert y.dtype == np.float32
    np.testing.assert_allclose(y.value.ravel()[: len(expected)], expected, rtol=3e-6, atol=1e-6)
    np.testing.assert_array_equal(layer(x, training=True).value, y.value)
    assert [w.shape for w in layer.weights] == [shape, shape]


@pytest.mark.parametrize("options", [{}, {"center": False}, {"scale": False}, {"epsilon": 0.1}], ids=str)
@pytest.mark.parametrize(("x", "axis"), [(X, -1), (CUBE, -1), (CUBE, 1), (CUBE, [1, 2])])
def test_gradients(x: Array, axis: Any, options: dict[str, Any]) -> None:
    layer = LayerNormalization(axis=axis, **options)
    layer.build_for((None, *x.shape[1:]))
    layer.set_weights([np.linspace(0.5, 1.5, w.value.size).reshape(w.shape) for w in layer.weights])
    check_gradients(layer, x)


def test_axes_in_any_order() -> None:
    layer, other = LayerNormalization([1, 2]), LayerNormalization([2, 1])
    np.testing.assert_allclose(layer(CUBE).value, other(CUBE).value, rtol=1e-6)


@pytest.mark.parametrize("engine", ["numpy", "numba"])
def test_it_learns_as_tensorflow_does(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", engine)
    model = Sequential([LayerNormalization(input_shape=(3,)), Dense(2)])
    model.compile(SGD(0.1), "mse")
    model.layers[1].set_weights([KERNEL, [0.1, -0.1]])
    found = model.fit(X, Y, batch_size=3, epochs=2, shuffle=False, verbose=0).history["loss"]
    losses = [*found, model.evaluate(X, Y, verbose=0)]
    np.testing.assert_allclose(losses, [0.459219337, 0.148385704, 0.0967955962], rtol=2e-6)
    expected = [
        [0.897404015, 1.0054152, 0.903539002],
        [-0.0907486454, -0.0229464564, 0.0836169571],
        [0.331112385, -0.0626904666, 0.304363966, 0.138026759, -0.234733641, 0.0746245757],
        [-0.0432972722, 0.0815836862],
    ]
    for weight, values in zip(model.weights, expected, strict=True):
        np.testing.assert_allclose(weight.value.ravel(), values, rtol=5e-6, atol=1e-6)


def test_every_sample_is_on_its_own() -> None:
    layer = LayerNormalization()
    np.testing.assert_allclose(layer(X).value[1:2], layer(X[1:2]).value, rtol=1e-6)
    assert layer(X[:0]).shape == (0, 3)
    assert layer(CUBE[0][:1]).shape == (1, 3)


def test_the_configuration_in_the_order_of_tensorflow() -> None:
    assert list(LayerNormalization(name="n").get_config().items()) == [
        ("name", "n"),
        ("trainable", True),
        ("dtype", "float32"),
        ("axis", -1),
        ("epsilon", 0.001),
        ("center", True),
        ("scale", True),
        ("beta_initializer", {"class_name": "Zeros", "config": {}}),
        ("gamma_initializer", {"class_name": "Ones", "config": {}}),
        ("beta_regularizer", None),
        ("gamma_regularizer", None),
        ("beta_constraint", None),
        ("gamma_constraint", None),
    ]
    layer = LayerNormalization(1, 0.1, True, True, "ones", "zeros", "l1", "l2", "max_norm", "non_neg")
    assert LayerNormalization.from_config(layer.get_config()).get_config() == layer.get_config()


@pytest.mark.parametrize("axis", [2, -3, [1, 1]], ids=str)
def test_axes_that_are_not_there(axis: Any) -> None:
    with pytest.raises(ShapeError, match=r"Received: axis=.* for input of rank 2"):
        LayerNormalization(axis)(X)


def test_arguments() -> None:
    with pytest.raises(ArgumentTypeError, match="Received: axis='a'"):
        LayerNormalization("a")  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="Received: epsilon=-1"):
        LayerNormalization(epsilon=-1)
    with pytest.raises(ShapeError, match="is known"):
        LayerNormalization(axis=0)(X)


def test_other_features_than_it_was_built_for() -> None:
    layer = LayerNormalization(name="mine")
    layer(X)
    with pytest.raises(ShapeError, match=r"'mine' was built for input of shape \(n, 3\)"):
        layer(X[:, :2])
