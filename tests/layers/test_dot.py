"""Dot multiplies and sums along axes of two inputs as TensorFlow 2.7 does."""

from typing import Any

import numpy as np
import pytest

from minifit.errors import ArgumentError, ArgumentTypeError, ShapeError
from minifit.layers.dot import Dot, dot
from minifit.tensor import Tensor
from minifit.utils import check_gradients

RNG = np.random.default_rng(5)


def numbers(*shape: int) -> Any:
    return RNG.standard_normal(shape).astype(np.float32)


# Axes, the shapes of both inputs, and the products as NumPy writes them; TensorFlow 2.7 computes the same.
CASES: list[tuple[Any, tuple[int, ...], tuple[int, ...], str]] = [
    (1, (4, 3), (4, 3), "nk,nk->n"),
    (-1, (4, 3), (4, 3), "nk,nk->n"),
    (1, (4, 3, 2), (4, 3, 5), "nka,nkb->nab"),
    (2, (4, 3, 2), (4, 5, 2), "nak,nbk->nab"),
    (-1, (4, 3, 2), (4, 5, 2), "nak,nbk->nab"),
    ((2, 1), (4, 3, 2), (4, 2, 5), "nak,nkb->nab"),
    ([1, 2], (4, 2, 3), (4, 5, 2), "nka,nbk->nab"),
    ((1, 2), (4, 3), (4, 5, 3), "nk,nbk->nb"),
    ((2, 1), (4, 5, 3), (4, 3), "nak,nk->na"),
    ((-1, -2), (4, 5, 3), (4, 3, 2), "nak,nkb->nab"),
    ((2, 3), (4, 5, 3, 2), (4, 2, 6, 3), "nakc,nbdk->nacbd"),
    ((1, 1), (4, 3), (4, 3, 2, 5), "nk,nkab->nab"),
]


@pytest.mark.parametrize("axes, first, second, formula", CASES)
@pytest.mark.parametrize("normalize", [False, True])
def test_products(axes: Any, first: Any, second: Any, formula: str, normalize: bool) -> None:
    a, b = numbers(*first), numbers(*second)
    layer = Dot(axes, normalize)
    y = layer.call([Tensor(a), Tensor(b)])
    if normalize:
        i, j = (axes, axes) if isinstance(axes, int) else axes
        a, b = (x / np.linalg.norm(x, axis=k, keepdims=True) for x, k in ((a, i), (b, j)))
    expected = np.einsum(formula, a, b)
    np.testing.assert_allclose(
        y.value, expected[:, None] if expected.ndim == 1 else expected, rtol=2e-5, atol=1e-6
    )
    assert layer.compute_output_shape([(None, *first[1:]), (None, *second[1:])]) == (None, *y.shape[1:])
    assert y.dtype == np.float32
    check_gradients(lambda a, b: Dot(axes, normalize).call([a, b]), numbers(*first), numbers(*second))


def test_a_size_that_is_not_known() -> None:
    assert Dot((2, 1)).compute_output_shape([(None, 3, None), (None, 4, 2)]) == (None, 3, 2)


def test_no_samples() -> None:
    assert Dot(1).call([Tensor(numbers(0, 3)), Tensor(numbers(0, 3))]).shape == (0, 1)
    assert Dot(2).call([Tensor(numbers(0, 2, 3)), Tensor(numbers(0, 4, 3))]).shape == (0, 2, 4)


@pytest.mark.parametrize(
    "axes, shapes, says",
    [
        (1, [(None, 3), (None, 2)], r"along axes=1\. Received: shapes \(None, 3\) and \(None, 2\)"),
        ((2, 1), [(None, 3, 4), (None, 3)], r"along axes=\(2, 1\)\. Received: shapes \(None, 3, 4\)"),
        (2, [(None, 3), (None, 3)], r"other than the batch axis\. Received: axes=2 for shapes \(None, 3\)"),
        (0, [(None, 3), (None, 3)], r"Pass numbers from 1 to 1"),
        (-2, [(None, 3), (None, 3)], r"Received: axes=-2"),
    ],
)
def test_axes_that_do_not_fit(axes: Any, shapes: Any, says: str) -> None:
    with pytest.raises(ShapeError, match=says):
        Dot(axes).build(shapes)


def test_batches_of_different_lengths() -> None:
    with pytest.raises(
        ShapeError, match=r"as many samples as the others\. Received: shapes \(4, 3\) and \(1, 3\)"
    ):
        Dot(1).call([Tensor(numbers(4, 3)), Tensor(numbers(1, 3))])


def test_the_number_of_inputs() -> None:
    with pytest.raises(ArgumentError, match=r"exactly 2 inputs\. Received: 3\. Call it on"):
        Dot(1).build([(None, 3)] * 3)


@pytest.mark.parametrize(
    "axes, kind", [("a", ArgumentTypeError), (1.5, ArgumentTypeError), ((1, 2, 3), ArgumentError)]
)
def test_axes_that_are_none(axes: Any, kind: Any) -> None:
    with pytest.raises(kind, match=r"axes (must be|is) an .*Received: axes="):
        Dot(axes)


def test_the_function_and_the_configuration() -> None:
    a, b = numbers(4, 3), numbers(4, 3)
    np.testing.assert_allclose(dot([a, b], 1).value, (a * b).sum(1, keepdims=True), rtol=1e-5)
    config = Dot((2, 1), normalize=True, name="mine").get_config()
    assert (config["axes"], config["normalize"]) == ((2, 1), True)
    assert Dot.from_config({**config, "axes": [2, 1]}).axes == (2, 1)


def test_arguments_that_are_changed() -> None:
    a, b = numbers(4, 3, 2), numbers(4, 3, 2)
    layer = Dot(2)
    layer.axes = 1
    assert layer([a, b]).shape == (4, 2, 2)
    layer.normalize = True
    np.testing.assert_array_equal(layer([a, b]).value, Dot(1, True)([a, b]).value)
    with pytest.raises(ArgumentError, match=r"axes cannot change once a layer is built\. Received: axes=2"):
        layer.axes = 2
