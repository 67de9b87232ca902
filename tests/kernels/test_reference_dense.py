"""The reference of the dense layer: values computed by hand, and gradients against finite differences."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from minifit.errors import UnknownNameError
from minifit.kernels import reference
from tests.kernels.helpers import slope


def test_dense_by_hand() -> None:
    x, w, b = np.array([[1.0, 2.0]]), np.array([[1.0, -1.0], [3.0, 0.5]]), np.array([0.5, -2.0])
    y = np.empty((1, 2))
    reference.dense_forward(x, w, b, "linear", y)
    np.testing.assert_array_equal(y, [[7.5, -2.0]])
    reference.dense_forward(x, w, None, "linear", y)
    np.testing.assert_array_equal(y, [[7.0, 0.0]])
    reference.dense_forward(x, w, b, "relu", y)
    np.testing.assert_array_equal(y, [[7.5, 0.0]])
    dz, dx, dw, db = np.empty((1, 2)), np.empty((1, 2)), np.empty((2, 2)), np.empty(2)
    reference.dense_backward(x, w, y, np.array([[2.0, 3.0]]), "relu", dz, dx, dw, db)
    np.testing.assert_array_equal(dz, [[2, 0]])
    np.testing.assert_array_equal(dx, [[2, 6]])
    np.testing.assert_array_equal(dw, [[2, 0], [4, 0]])
    np.testing.assert_array_equal(db, [2, 0])


@pytest.mark.parametrize("transposed", [False, True])
def test_one_row_is_summed_term_by_term(transposed: bool) -> None:
    rng = np.random.default_rng(0)
    x, w = (rng.standard_normal(shape, np.float32) for shape in ((1, 50), (50, 80)))
    if transposed:
        w = np.asfortranarray(w)
    expected = np.zeros(80, np.float32)
    for term, row in zip(x[0], w, strict=True):
        expected += term * row
    y = np.empty((1, 80), np.float32)
    reference.dense_forward(x, w, None, "linear", y)
    np.testing.assert_array_equal(y[0], expected)


@pytest.mark.parametrize("size", [63, 64, 65, 200])
def test_one_row_of_any_size(size: int) -> None:
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((1, size)), rng.standard_normal((size, size))
    y = np.empty((1, size))
    reference.dense_forward(x, w, None, "linear", y)
    np.testing.assert_allclose(y, x @ w, rtol=1e-12)


@pytest.mark.parametrize(
    ("activation", "expected"),
    [
        ("linear", [-1, 0, 2]),
        ("relu", [0, 0, 2]),
        ("sigmoid", [1 / (1 + np.e), 0.5, 1 / (1 + np.e**-2)]),
        ("tanh", [-0.7615941559557649, 0, 0.9640275800758169]),
    ],
)
def test_activations_by_hand(activation: str, expected: list[float]) -> None:
    y = np.empty(3)
    reference.activation_forward(np.array([-1.0, 0.0, 2.0]), activation, y)
    np.testing.assert_allclose(y, expected, rtol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sigmoid_keeps_its_digits_far_out_and_overflows_nowhere(dtype: Any) -> None:
    z = np.array([-1000, -80, -20, 20, 1000], dtype)
    y = np.empty_like(z)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        reference.activation_forward(z, "sigmoid", y)
    expected = [0, 1.8048513878454153e-35, 2.0611536181902037e-09, 0.9999999979388464, 1]
    np.testing.assert_allclose(y, np.array(expected, dtype), rtol=1e-6, atol=1e-37)


def test_relu_keeps_nan() -> None:
    y = np.empty(2)
    reference.activation_forward(np.array([np.nan, -np.inf]), "relu", y)
    np.testing.assert_array_equal(y, [np.nan, 0])


def test_softmax_by_hand() -> None:
    y, dz = np.empty((2, 2)), np.empty((2, 2))
    reference.softmax_forward(np.array([[0.0, np.log(3)], [1e4, 1e4]]), y)
    np.testing.assert_allclose(y, [[0.25, 0.75], [0.5, 0.5]], rtol=1e-15)
    reference.softmax_backward(y, np.array([[1.0, 0.0], [2.0, 4.0]]), dz)
    np.testing.assert_allclose(dz, [[0.1875, -0.1875], [-0.5, 0.5]], rtol=1e-15)


@pytest.mark.parametrize("activation", reference.FUSED_ACTIVATIONS)
def test_dense_gradients(activation: str) -> None:
    rng = np.random.default_rng(1)
    x, w, b = rng.standard_normal((4, 3)), rng.standard_normal((3, 2)), rng.standard_normal(2)
    dy, y, dz = rng.standard_normal((4, 2)), np.empty((4, 2)), np.empty((4, 2))

    def loss(x: NDArray[Any], w: NDArray[Any], b: NDArray[Any]) -> float:
        reference.dense_forward(x, w, b, activation, y)
        return float(np.sum(y * dy))

    loss(x, w, b)
    dx, dw, db = np.empty_like(x), np.empty_like(w), np.empty_like(b)
    reference.dense_backward(x, w, y, dy, activation, dz, dx, dw, db)
    np.testing.assert_allclose(dx, slope(lambda x: loss(x, w, b), x), rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(dw, slope(lambda w: loss(x, w, b), w), rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(db, slope(lambda b: loss(x, w, b), b), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("activation", reference.FUSED_ACTIVATIONS)
def test_activation_gradients_in_any_shape(activation: str) -> None:
    rng = np.random.default_rng(2)
    z, dy = rng.standard_normal((2, 3, 2)), rng.standard_normal((2, 3, 2))
    y, dz = np.empty_like(z), np.empty_like(z)

    def loss(z: NDArray[Any]) -> float:
        reference.activation_forward(z, activation, y)
        return float(np.sum(y * dy))

    expected = slope(loss, z)
    loss(z)
    reference.activation_backward(y, dy, activation, dz)
    np.testing.assert_allclose(dz, expected, rtol=1e-6, atol=1e-8)


def test_softmax_gradient() -> None:
    rng = np.random.default_rng(3)
    z, dy = rng.standard_normal((3, 4)), rng.standard_normal((3, 4))
    y, dz = np.empty_like(z), np.empty_like(z)

    def loss(z: NDArray[Any]) -> float:
        reference.softmax_forward(z, y)
        return float(np.sum(y * dy))

    expected = slope(loss, z)
    loss(z)
    reference.softmax_backward(y, dy, dz)
    np.testing.assert_allclose(dz, expected, rtol=1e-6, atol=1e-8)


def test_a_linear_layer_needs_no_scratch_and_only_what_is_wanted_is_written() -> None:
    x, dy, db = np.ones((2, 3)), np.ones((2, 4)), np.empty(4)
    reference.dense_backward(x, np.ones((3, 4)), dy, dy, "linear", None, None, None, db)
    np.testing.assert_array_equal(db, [2, 2, 2, 2])


def test_an_unknown_activation_is_an_error() -> None:
    z = np.zeros(1)
    with pytest.raises(UnknownNameError, match="Did you mean 'relu'"):
        reference.activation_forward(z, "rellu", z)
    with pytest.raises(UnknownNameError, match="Did you mean 'tanh'"):
        reference.activation_backward(z, z, "tann", z)
