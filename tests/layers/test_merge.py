"""Merging layers compute and broadcast as those of TensorFlow 2.7, and name the shapes that do not join."""

from functools import reduce
from typing import Any

import numpy as np
import pytest

from minifit import Input, Model
from minifit.arrays import Array
from minifit.errors import ArgumentError, ArgumentTypeError, ShapeError
from minifit.layers import merge
from minifit.layers.merge import Add, Average, Elementwise, Maximum, Merge, Minimum, Multiply, Subtract
from minifit.tensor import Tensor
from minifit.utils import check_gradients

RNG = np.random.default_rng(3)
A, B, C = (RNG.standard_normal((4, 3)).astype(np.float32) for _ in range(3))
CUBE = RNG.standard_normal((4, 2, 3)).astype(np.float32)

FORMULAS: dict[type[Elementwise], Any] = {
    Add: lambda *xs: sum(xs),
    Subtract: lambda a, b: a - b,
    Multiply: lambda *xs: reduce(np.multiply, xs),
    Average: lambda *xs: sum(xs) / np.float32(len(xs)),
    Maximum: lambda *xs: reduce(np.maximum, xs),
    Minimum: lambda *xs: reduce(np.minimum, xs),
}


def call(layer: Merge, *inputs: Any) -> Tensor:
    result: Tensor = layer.call([Tensor(x) for x in inputs])
    return result


@pytest.mark.parametrize("kind", FORMULAS)
def test_two_inputs(kind: type[Elementwise]) -> None:
    y = call(kind(), A, B)
    assert y.dtype == np.float32
    np.testing.assert_allclose(y.value, FORMULAS[kind](A, B), rtol=1e-6)
    np.testing.assert_array_equal(kind()([A, B]).value, y.value)


@pytest.mark.parametrize("kind", [k for k in FORMULAS if k is not Subtract])
@pytest.mark.parametrize("inputs", [(A, B, C), (A, B, C, A * 3, B - 1)])
def test_more_inputs(kind: type[Elementwise], inputs: tuple[Array, ...]) -> None:
    np.testing.assert_allclose(call(kind(), *inputs).value, FORMULAS[kind](*inputs), rtol=1e-6)


@pytest.mark.parametrize("kind", FORMULAS)
@pytest.mark.parametrize(
    "a, b",
    [(A, B), (A, A[:, :1]), (A[:, :1], A), (CUBE, A), (A, CUBE), (CUBE, CUBE[:, :1]), (CUBE[..., :1], A)],
)
def test_the_rule_of_the_gradient(kind: type[Elementwise], a: Array, b: Array) -> None:
    check_gradients(lambda a, b: kind().call([a, b]), a, b + 0.05)
    if kind is not Subtract:
        check_gradients(lambda a, b, c: kind().call([a, b, c]), a, b + 0.05, 0.3 * a + 0.4)


@pytest.mark.parametrize("kind", FORMULAS)
def test_inputs_of_lower_rank_get_axes_behind_the_batch(kind: type[Elementwise]) -> None:
    np.testing.assert_allclose(call(kind(), CUBE, A).value, FORMULAS[kind](CUBE, A[:, None]), rtol=1e-6)
    np.testing.assert_allclose(
        call(kind(), A[:, 0], CUBE).value, FORMULAS[kind](A[:, :1, None], CUBE), rtol=1e-6
    )


# Shapes of inputs and of the output, as TensorFlow 2.7 computes them.
SHAPES: list[tuple[list[tuple[int | None, ...]], tuple[int | None, ...]]] = [
    ([(None, 3), (None, 3)], (None, 3)),
    ([(None, 3), (None, 1)], (None, 3)),
    ([(None, 1), (None, 3)], (None, 3)),
    ([(None, 2, 3), (None, 3)], (None, 2, 3)),
    ([(None, 3), (None, 2, 3)], (None, 2, 3)),
    ([(None, 2, 1), (None, 1, 3)], (None, 2, 3)),
    ([(None, 2, 3), (None, None, 3)], (None, None, 3)),
    ([(None, 3), (None, None)], (None, None)),
    ([(None, 1), (None, None)], (None, None)),
    ([(None,), (None, 3)], (None, 3)),
    ([(None,), (None,)], (None,)),
    ([(4, 3), (None, 3)], (4, 3)),
    ([(4, 3), (4, 1)], (4, 3)),
]


@pytest.mark.parametrize("shapes, expected", SHAPES)
@pytest.mark.parametrize("kind", FORMULAS)
def test_shapes(kind: type[Elementwise], shapes: Any, expected: Any) -> None:
    assert kind().compute_output_shape(shapes) == expected
    if kind is not Subtract:
        assert kind().compute_output_shape([*shapes, shapes[0]]) == expected


@pytest.mark.parametrize(
    "shapes, says",
    [
        ([(None, 3), (None, 2)], r"broadcasts.*Received: shapes \(None, 3\) and \(None, 2\)\. Reshape one"),
        ([(None, 2, 3), (None, 2)], r"Received: shapes \(None, 2, 3\) and \(None, 2\)"),
        ([(4, 3), (2, 3)], r"needs as many samples as the others\. Received: shapes \(4, 3\) and \(2, 3\)"),
    ],
)
@pytest.mark.parametrize("kind", FORMULAS)
def test_shapes_that_do_not_join(kind: type[Elementwise], shapes: Any, says: str) -> None:
    for ask in (kind(name="mine").compute_output_shape, kind(name="mine").build):
        with pytest.raises(ShapeError, match=rf"^Layer 'mine' merges inputs, each of which .*{says}"):
            ask(shapes)


@pytest.mark.parametrize("kind", FORMULAS)
def test_batches_of_different_lengths(kind: type[Elementwise]) -> None:
    with pytest.raises(
        ShapeError, match=r"as many samples as the others\. Received: shapes \(4, 3\) and \(1, 3\)\."
    ):
        call(kind(), A, B[:1])


@pytest.mark.parametrize("kind", FORMULAS)
def test_one_input(kind: type[Elementwise]) -> None:
    rule = "exactly 2" if kind is Subtract else "at least 2"
    for ask in (lambda: call(kind(), A), lambda: kind().compute_output_shape([(None, 3)])):
        with pytest.raises(ArgumentError, match=rf"merges a list of {rule} inputs\. Received: 1\. Call it"):
            ask()


def test_a_difference_of_three() -> None:
    with pytest.raises(ArgumentError, match=r"exactly 2 inputs\. Received: 3"):
        call(Subtract(), A, B, C)


@pytest.mark.parametrize("kind", FORMULAS)
def test_no_list(kind: type[Elementwise]) -> None:
    for ask in (lambda: kind().call(Tensor(A)), lambda: kind().compute_output_shape((None, 3))):
        with pytest.raises(
            ArgumentTypeError,
            match=r"merges a list of inputs\. Received: an input of shape .*such as \[a, b\]",
        ):
            ask()


@pytest.mark.parametrize("kind", FORMULAS)
def test_one_may_be_given_several_times(kind: type[Elementwise]) -> None:
    check_gradients(lambda a: kind().call([a * 2.0, a]), A)


def test_the_sum_of_whole_numbers() -> None:
    y = call(Add(), np.array([[1, 2]]), np.array([[3, 1]]))
    assert y.dtype == np.int64
    assert y.value.tolist() == [[4, 3]]
    assert call(Add(), np.array([[1, 2]]), np.array([[3.0, 1.0]], np.float32)).dtype == np.float32


def test_the_mean_of_whole_numbers() -> None:
    assert call(Average(), np.array([[1, 2]]), np.array([[2, 1]])).value.tolist() == [[1.5, 1.5]]


def test_many_inputs_are_one_op() -> None:
    xs = [Tensor(x, requires_grad=True) for x in (A, B, C, A)]
    for kind in (Add, Average):
        assert kind().call(xs).parents == tuple(xs)


@pytest.mark.parametrize("kind", FORMULAS)
def test_the_function(kind: type[Elementwise]) -> None:
    function = getattr(merge, kind.__name__.lower())
    np.testing.assert_array_equal(function([A, B], name="mine").value, call(kind(), A, B).value)
    with pytest.raises(ArgumentTypeError, match=f"{kind.__name__} takes no argument 'foo'"):
        function([A, B], foo=1)


def test_a_merge_of_ones_own() -> None:
    class Second(Elementwise):
        def merge(self, inputs: Any) -> Tensor:
            second: Tensor = inputs[1]
            return second

    np.testing.assert_array_equal(call(Second(), A, B).value, B)
    for ask in (lambda: Merge().call([Tensor(A), Tensor(B)]), lambda: Merge().merged_shape([(None, 3)])):
        with pytest.raises(NotImplementedError, match="Merge must define merge"):
            ask()


@pytest.mark.parametrize("kind", FORMULAS)
def test_in_a_graph(kind: type[Elementwise]) -> None:
    a, b = Input((3,)), Input((2, 3))
    y = kind()([a, b])
    assert y.shape == (None, 2, 3)
    model = Model([a, b], y)
    np.testing.assert_allclose(
        model.predict([A, CUBE], verbose=0), FORMULAS[kind](A[:, None], CUBE), rtol=1e-6
    )
    with pytest.raises(ShapeError, match=r"Received: shapes \(None, 3\) and \(None, 2\)"):
        kind()([a, Input((2,))])
